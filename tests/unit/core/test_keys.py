"""The key of a server comes out of the keyring of the system where the settings say so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

keyring = pytest.importorskip("keyring")

from workbench.core import keys  # noqa: E402
from workbench.core.errors import ConfigError  # noqa: E402
from workbench.core.settings import Settings  # noqa: E402


class Ring(keyring.backend.KeyringBackend):  # type: ignore[name-defined,misc]
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if password == "sk-refused":
            raise RuntimeError(f"cannot store {password}")
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture(autouse=True)
def ring() -> Iterator[Ring]:
    before, made = keyring.get_keyring(), Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_a_key_is_kept_by_the_host_of_its_server() -> None:
    keys.keep("http://box.example:8000/v1", " sk-one\n")
    keys.keep("", "sk-openai")
    assert keys.key_of(Settings(api_key="keyring", base_url="http://box.example:8000/v1")) == "sk-one"
    assert keys.key_of(Settings(api_key="keyring", model="gpt-4o")) == "sk-openai"
    assert keys.key_of(Settings(api_key="sk-own")) == "sk-own"


def test_a_key_that_is_not_there_is_told_with_the_way_to_put_it_there() -> None:
    with pytest.raises(ConfigError, match="no key for box.example") as caught:
        keys.key_of(Settings(api_key="keyring", base_url="http://box.example/v1"))
    assert "configure --key" in caught.value.hint


def test_what_a_keyring_says_when_it_fails_is_not_told_for_it_may_hold_the_key() -> None:
    with pytest.raises(ConfigError) as caught:
        keys.keep("", "sk-refused")
    assert "sk-refused" not in caught.value.one_line()
    assert caught.value.__cause__ is None


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: Any = None
    monkeypatch.setitem(sys.modules, "keyring", hidden)
    with pytest.raises(ConfigError) as caught:
        keys.key_of(Settings(api_key="keyring"))
    assert "memgpt-workbench[keyring]" in caught.value.hint
