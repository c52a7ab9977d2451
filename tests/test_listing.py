"""Which model a server lists first, asked without any proxy where the server is on this machine."""

from __future__ import annotations

import pytest

from tests.model_server import ModelServer
from workbench.model.listing import ANY_MODEL, first_model
from workbench.model.wire_line import on_this_machine


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose proxies lead nowhere."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("proxies")
def test_a_server_on_this_machine_is_asked_without_a_proxy() -> None:
    with ModelServer([], models=["first", "second"]) as server:
        assert first_model(server.url) == "first"
        assert first_model(server.url.replace("127.0.0.1", "LOCALHOST")) == "first"


@pytest.mark.usefixtures("proxies")
def test_another_server_is_asked_through_the_proxy_and_never_raises() -> None:
    assert first_model("http://192.0.2.1/v1") == ANY_MODEL
    assert first_model("nonsense") == ANY_MODEL


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://example.org/localhost", False),
        ("", False),
    ],
)
def test_what_is_on_this_machine(url: str, here: bool) -> None:
    assert on_this_machine(url) is here
