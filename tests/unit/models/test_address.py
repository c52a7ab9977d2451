"""Addresses as people paste them, and the sentences about what lies on the way: proxies, certificates, redirects."""

from __future__ import annotations

import datetime
import json
import re
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support import json_server
from tests.support.model_replies import Reply
from tests.support.model_server import ModelServer
from workbench.core.errors import ModelError
from workbench.models.base import Completion, ModelRequest
from workbench.models.openai import discovery, listing
from workbench.models.openai.address import proxy_for, read_address
from workbench.models.openai.client import OpenAIChat

REQUEST = ModelRequest("some-model", [{"role": "user", "content": "hello"}], [], 64)
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "url", "query"),
    [
        ("http://h:1/v1", "http://h:1/v1", ()),
        (' "http://h:1/v1/" \n', "http://h:1/v1", ()),
        ("'http://h:1/v1'", "http://h:1/v1", ()),
        ("\u201chttp://h:1/v1\u201d", "http://h:1/v1", ()),
        ("http://h:1/v1/chat/completions", "http://h:1/v1", ()),
        ("http://h:1/v1/chat/completions/", "http://h:1/v1", ()),
        ("http://h:1//v1//completions", "http://h:1/v1", ()),
        ("http://h:1/v1/models", "http://h:1/v1", ()),
        ("https://x.services.ai.azure.com/models", "https://x.services.ai.azure.com/models", ()),
        (
            "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-06-01",
            "https://x.openai.azure.com/openai/deployments/d",
            (("api-version", "2024-06-01"),),
        ),
        ("localhost:11434/v1", "http://localhost:11434/v1", ()),
        ("192.168.1.7:8000/v1", "http://192.168.1.7:8000/v1", ()),
        ("api.example.com/v1", "https://api.example.com/v1", ()),
        ("10.example.com/v1", "https://10.example.com/v1", ()),
        ("gpubox.local:8000", "http://gpubox.local:8000", ()),
        ("(http://h:1/v1).", "http://h:1/v1", ()),
        ("http://h:1/v1;", "http://h:1/v1", ()),
        ("OPENAI_BASE_URL=http://h:1/v1", "http://h:1/v1", ()),
        ('export OPENAI_BASE_URL="http://h:1/v1"', "http://h:1/v1", ()),
        ("base_url: https://h:1/v1", "https://h:1/v1", ()),
        ("curl http://h:1/v1/chat/completions", "http://h:1/v1", ()),
        ("http:/h:1/v1", "http://h:1/v1", ()),
        ("http//h:1/v1", "http://h:1/v1", ()),
        ("http:\\\\h:1\\v1", "http://h:1/v1", ()),
        ("http\uff1a//h\uff1a1/v1", "http://h:1/v1", ()),
        ("http://u:p\\w@h:1/v1?key=a!", "http://u:p\\w@h:1/v1", (("key", "a!"),)),
    ],
)
def test_an_address_is_read_as_it_was_meant(given: str, url: str, query: Any) -> None:
    address = read_address(given)
    assert (address.url, address.query) == (url, query)


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("http://localhost:1/v1", True),
        ("http://172.20.0.3/v1", True),
        ("http://[fd12::7]:8000/v1", True),
        ("http://box:8000/v1", True),
        ("http://box.local/v1", True),
        ("http://172.32.0.3/v1", False),
        ("http://[2606:4700:4700::1111]/v1", False),
        ("https://api.example.com/v1", False),
    ],
)
def test_a_server_of_this_network_is_told_from_one_on_the_internet(given: str, near: bool) -> None:
    assert read_address(given).near is near


@pytest.mark.parametrize("given", ["http://[::1/v1", "http://localhost:99999/v1", "http://localhost:abc/v1"])
def test_an_address_that_cannot_be_read_is_a_server_that_is_not_there(given: str) -> None:
    assert not discovery.ask(given).reachable
    assert listing.first_model(given) == listing.ANY_MODEL


def test_a_query_goes_with_every_request_and_no_key_into_a_sentence() -> None:
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            seen.append(self.path)
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1/chat/completions?api-version=7&key=planted-secret"
    with pytest.raises(ModelError) as caught:
        ask(url)
    server.shutdown()
    query = "?api-version=7&key=planted-secret"
    assert seen == [f"/v1/chat/completions{query}", f"/v1/responses{query}"]
    assert "planted-secret" not in caught.value.one_line()


def ask(url: str) -> Completion:
    *_, reply = OpenAIChat("m", url, "sk-planted-0123456789", timeout_seconds=10, backoff_seconds=0.01).stream(
        REQUEST, threading.Event()
    )
    assert isinstance(reply, Completion)
    return reply


def sentence(url: str) -> str:
    with pytest.raises(ModelError) as caught:
        ask(url)
    assert "sk-planted" not in caught.value.one_line()
    return caught.value.one_line()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "ALL_PROXY",
            "socks://127.0.0.1:7897/",
            "ALL_PROXY names a proxy that cannot be used: socks://127.0.0.1:7897/.*Unset ALL_PROXY",
        ),
        (
            "http_proxy",
            "http://user:hunter2@127.0.0.1:9/",
            "The proxy http://127.0.0.1:9/ that http_proxy names does not.*NO_PROXY",
        ),
    ],
)
def test_a_proxy_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    told = sentence("http://192.0.2.1/v1")
    assert re.search(said, told), told
    assert "hunter2" not in told
    assert "server's own log" not in told


def test_no_proxy_stands_before_what_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:7897/")
    assert proxy_for(read_address("http://localhost:1/v1")) is None
    assert proxy_for(read_address("https://api.example.com/v1")) is not None
    monkeypatch.setenv("NO_PROXY", "example.com")
    assert proxy_for(read_address("https://api.example.com/v1")) is None
    with ModelServer(["hello"]) as server:
        assert ask(server.url).content == "hello"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of localhost with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


def test_a_certificate_of_ones_own_is_named_and_trusted_by_its_variable(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ModelServer(["hello"], tls=context) as server:
        url = server.url
        told = sentence(url)
        assert re.search("certificate of https://localhost.*not trusted.*self-signed.*SSL_CERT_FILE", told), told
        assert "Nothing answers" not in told
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert ask(url).content == "hello"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.parent / "missing.pem"))
        assert re.search("SSL_CERT_FILE names cannot be read.*missing.pem", sentence(url))
        bad = certificate.parent / "bad.pem"
        bad.write_text("no certificate", encoding="utf-8")
        monkeypatch.setenv("SSL_CERT_FILE", str(bad))
        assert re.search("SSL_CERT_FILE", sentence(url))


def test_tls_where_there_is_none_says_so() -> None:
    with ModelServer([]) as server:
        told = sentence(server.url.replace("http://", "https://"))
    assert "does not speak TLS" in told
    assert "http://" in told


def test_nothing_listens_there_is_told_without_a_proxy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert "Nothing answers" in sentence(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")


def test_a_redirect_to_the_same_call_is_followed_and_any_other_is_told() -> None:
    with ModelServer(["hello", "again"]) as server:
        moved = Reply(status=308, error="", headers={"location": f"http://127.0.0.1:{server.port}/v1/chat/completions"})
        with ModelServer([moved]) as old:
            model = OpenAIChat("m", old.url, "k", timeout_seconds=10)
            for _ in range(2):
                *_, reply = model.stream(REQUEST, threading.Event())
            assert isinstance(reply, Completion)
            assert reply.content == "again"
            assert len(old.requests) == 1, "the new address is kept"
    elsewhere = Reply(status=302, error="", headers={"location": "https://elsewhere.example/v1/chat/completions"})
    with ModelServer([elsewhere]) as server:
        assert "https://elsewhere.example" in sentence(server.url)


def test_a_server_that_wants_a_slash_behind_each_call_gets_it() -> None:
    seen: list[str] = []

    class Strict(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.path)
            choice = {"index": 0, "message": {"content": "hello"}, "finish_reason": "stop"}
            raw = json.dumps({"choices": [choice]}).encode() if self.path.endswith("/") else b""
            self.send_response(200 if raw else 307)
            self.send_header("Location", f"{self.path}/")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Strict)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    assert ask(f"http://127.0.0.1:{server.server_port}/v1").content == "hello"
    server.shutdown()
    assert seen == ["/v1/chat/completions", "/v1/chat/completions/"]


@pytest.mark.parametrize(
    "answer",
    [
        {"candidates": [{"content": {"parts": [{"text": "hello"}]}, "finishReason": "STOP"}]},
        {"result": "hello", "is_end": True},
        {"promptFeedback": {"blockReason": "SAFETY"}},
    ],
)
def test_an_answer_in_the_form_of_another_api_is_named_as_that(answer: dict[str, Any]) -> None:
    with json_server.server(lambda path, body: (200, answer)) as (url, _):
        assert re.search(f"in the form of another API .with .*{next(iter(answer))}.*OPENAI_BASE_URL", sentence(url))
