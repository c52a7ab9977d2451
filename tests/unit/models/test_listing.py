"""Which model a server lists first, asked without any proxy where the server is on this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.model_server import ModelServer
from workbench.models.openai import discovery, listing
from workbench.models.openai.address import read_address
from workbench.models.openai.listing import ANY_MODEL, first_model


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
    assert read_address(url).local is here


def test_a_server_that_sends_for_ever_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not ended.wait(0.05):
                    self.wfile.write(b" ")

    monkeypatch.setattr(listing, "_PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(discovery, "_WHOLE_SECONDS", 0.3)
    with ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        began = time.monotonic()
        assert listing.first_model(f"http://127.0.0.1:{server.server_port}/v1") == listing.ANY_MODEL
        found = discovery.ask(f"http://127.0.0.1:{server.server_port}/v1")
        assert (found.reachable, found.reason) == (False, "its answer does not come to an end")
        assert time.monotonic() - began < 5
        ended.set()
        server.shutdown()


@pytest.mark.parametrize(
    ("listing", "name"),
    [
        ({"data": [{"id": "text-embedding-nomic-embed-text-v1.5"}, {"id": "qwen3-8b"}]}, "qwen3-8b"),
        ({"data": [{"id": "BAAI/bge-m3"}, {"id": "whisper-1"}, {"id": "tts-1"}, {"id": "llama3"}]}, "llama3"),
        ({"data": [{"id": "a", "type": "embeddings"}, {"id": "b", "type": "llm"}]}, "b"),
        ({"data": [{"id": "a", "capabilities": {"completion_chat": False}}, {"id": "b"}]}, "b"),
        ({"models": [{"name": "nomic-embed-text:latest"}, {"name": "gemma3:4b"}]}, "gemma3:4b"),
        (["all-minilm", "mistral-7b"], "mistral-7b"),
        ({"data": [{"id": "my-embedder"}]}, "my-embedder"),
    ],
)
def test_the_first_model_that_can_chat_is_chosen(listing: object, name: str) -> None:
    from workbench.models.openai.listing import choose

    assert choose(listing) == name


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A socket that sends `answer` to whoever connects, and what it was sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        heard.append(connection.recv(65_536))
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1], heard


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", ""),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/v1/models\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "the gateway before it answers 502"),
        (b"", "remote end closed connection without response"),
        (b"220 mail.example.org ESMTP\r\n", "it does not speak HTTP (BadStatusLine)"),
    ],
)
def test_whether_a_server_is_there_is_asked_without_key_password_and_query(answer: bytes, reason: str) -> None:
    with answering(answer) as (port, heard):
        assert discovery.absence(f"http://user:s3cret@127.0.0.1:{port}/v1?key=s3cret") == reason
    assert heard[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"s3cret" not in heard[0]
    assert b"uthorization" not in heard[0]


def test_where_nobody_listens_no_server_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert discovery.absence(f"http://127.0.0.1:{port}/v1") == "connection refused"
    assert discovery.absence("http://") == "no host given"
    assert discovery.absence("") == "that is no address of a server"


def test_a_server_that_is_connected_and_silent_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_PATIENCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert discovery.absence(f"http://127.0.0.1:{listening.getsockname()[1]}/v1") == ""


@pytest.mark.parametrize(("elsewhere", "along"), [(True, False), (False, True)])
def test_the_key_follows_no_redirect_to_another_server(elsewhere: bool, along: bool) -> None:
    seen: list[str | None] = []

    class Listing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/v1/models":
                port = other.server_port if elsewhere else self.server.server_port  # type: ignore[attr-defined]
                self.send_response(302)
                self.send_header("Location", f"http://127.0.0.1:{port}/moved")
                self.end_headers()
                return
            seen.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"data": [{"id": "m"}]}')

        def log_message(self, *rest: object) -> None:
            pass

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Listing) as first,
        ThreadingHTTPServer(("127.0.0.1", 0), Listing) as other,
    ):
        for server in (first, other):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            status, _ = discovery.fetch(
                read_address(f"http://127.0.0.1:{first.server_port}/v1"), "/models", "sk-secret"
            )
        finally:
            for server in (first, other):
                server.shutdown()
    assert status == 200
    assert seen == ["Bearer sk-secret" if along else None]
