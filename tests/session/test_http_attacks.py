"""The server attacked with a token in hand and without one, and the client by a hostile server: each was a hole once, or could be."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.archives import arrival, unit_vectors
from tests.support.processes import wait_until
from tests.support.running_server import Running
from workbench.api.events import AnswerDone
from workbench.client import Client
from workbench.core.errors import WorkbenchError

BIG = 10**30
ODD_PATHS = (
    f"/api/agents/notes/messages?last={BIG}", f"/api/agents/notes/context?step={BIG}", f"/api/search?query=x&page={BIG}",
    f"/api/agents/notes/page?document=03-dora.md&number={BIG}", f"/api/loads/{BIG}", "/api/search?query=%00", "/api/search?query=%ff",
    "/api/search?query=x&document=%00", "/api/agents/%00/memory", "/api/agents/%ED%A0%80/memory", "/api/sources/%00/documents",
    "/api/search?query=x&source=%ED%A0%80", "/api/search?query=x&document=[", f"/api/search?query={'a%20' * 900}",
)  # fmt: skip
ODD_BODIES = (
    ("POST", "/api/agents", (b'{"name": "\\ud800"}', b'{"name": "\\u0000"}', b'{"name":"\xff"}', b"[" * 100_000, b"null")),
    ("POST", "/api/agents", (b'{"name":"x","window_tokens":1e400}', b'{"name":"new","persona":"../../x"}', b'{"name":"a\\u2028b"}')),
    ("POST", "/api/agents/notes/messages", (b'{"text": "\\ud800"}', b'{"text": "a\\u0000b"}', b'{"text":"/quit"}')),
    ("PATCH", "/api/agents/notes/memory/human", (b'{"old":"","new":"\\ud800"}', b'{"old":"zzz","new":""}', b'{"new":"a\\u0000"}')),
    ("PATCH", "/api/agents/notes", (b'{"preset":"../../x"}', b'{"functions":{"\\ud800":false}}', b'{"name":"\\ud800"}')),
    ("POST", "/api/users", (b'{"name":"\\ud800"}', b'{"name":"a:b"}', b'{"name":"../x"}')),
    ("PUT", "/api/sources/s/documents/a.db", (b"# x", b"SQLite format 3\0")),
    ("PUT", "/api/sources/%00/documents/a.md", (b"# x",)),
    ("POST", "/v1/chat/completions", (b'{"model":"notes","messages":[{"role":"user","content":[{"type":"text","text":null}]}]}',)),
)  # fmt: skip


@pytest.mark.nightly
def test_odd_values_are_refused_or_answered_and_never_unexpected(served: Running) -> None:
    asked = [("GET", path, b"") for path in ODD_PATHS]
    asked += [(method, path, body) for method, path, bodies in ODD_BODIES for body in bodies]
    for method, path, body in asked:
        response = served.raw(method, path, served.token, content=body)
        assert response.status_code < 500, (method, path, body[:60], response.text)
        assert "Unexpected" not in response.text


@pytest.fixture
def ann_and_bob(served: Running) -> tuple[str, str]:
    """Tokens of two users with an agent `n` each; ann's has kept a note of its own."""
    tokens = [
        served.raw("POST", "/api/users", served.token, json={"name": name}).json()["token"] for name in ("ann", "bob")
    ]
    for token in tokens:
        served.raw("POST", "/api/agents", token, json={"name": "n", "model": "reader"})
    archive = served.session.app.archive
    source = archive.source_id("notes of ann:n")
    archive.store(
        arrival(source, "note 1", ["The safe of ann opens with HX-999/1."], loader="note of 1"), unit_vectors(1)
    )
    return tokens[0], tokens[1]


def test_notes_of_another_users_agent_are_reached_by_no_request(served: Running, ann_and_bob: tuple[str, str]) -> None:
    _, bob = ann_and_bob
    notes = "notes%20of%20ann%3An"
    for token in (bob, served.token):
        for method, path in (
            ("GET", f"/api/sources/{notes}/documents"), ("POST", f"/api/agents/n/sources/{notes}"),
            ("DELETE", f"/api/agents/n/sources/{notes}"), ("GET", f"/api/search?query=safe&source={notes}"),
            ("GET", f"/api/search?query=safe&agent=n&source={notes}"), ("DELETE", f"/api/sources/{notes}"),
            ("PUT", f"/api/sources/{notes}/documents/a.md"),
        ):  # fmt: skip
            response = served.raw(method, path, token, content=b"# Forged" if method == "PUT" else b"")
            assert response.status_code in (400, 403, 404), (method, path, response.text)
            assert "HX-999" not in response.text
    for path in (
        "/api/search?query=HX-999/1",
        "/api/search?query=HX-999/1&agent=n",
        "/api/agents/n/page?document=note%201",
    ):
        assert "safe of ann" not in served.raw("GET", path, bob).text
    assert [
        row[0] for row in served.session.app.archive.documents(served.session.app.archive.find_source("notes of ann:n"))
    ] == ["note 1"]


def test_an_upload_that_breaks_off_leaves_nothing_and_is_no_error(
    make_server: Any, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    served: Running = make_server()
    host, port = served.url.removeprefix("http://").split(":")
    head = f"PUT /api/sources/s/documents/a.md HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {served.token}\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}Content-Length: 999\r\n\r\nbegun".encode())
        folder = home / "data" / "uploads"
        assert wait_until(lambda: any(folder.rglob("*.part")), 20)
    assert wait_until(lambda: not any(file.is_file() for file in folder.rglob("*")), 20)
    assert served.raw("GET", "/api/sources", served.token).json() == []
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("token", ["", "Authorization: Bearer wb_wrong\r\n"], ids=["no token", "a wrong one"])
def test_who_has_no_token_is_refused_before_a_byte_of_the_body(make_server: Any, method: str, token: str) -> None:
    served: Running = make_server()
    host, port = served.url.removeprefix("http://").split(":")
    for path in ("/api/agents", "/v1/chat/completions", "/api/sources/s/documents/a.md", "/nowhere", "/health"):
        with socket.create_connection((host, int(port)), 20) as connection:
            head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{token}Content-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: 1900000\r\n\r\n".encode())  # and nothing of it
            answer = connection.recv(4_096)
        assert answer.startswith(b"HTTP/1.1 401 "), (path, answer)


def test_a_user_is_not_told_where_files_of_the_home_lie(make_server: Any, home: Path) -> None:
    served: Running = make_server()
    folder = home / "config" / "functions"
    folder.mkdir(parents=True)
    head = "def tide(harbour: str) -> str:"
    (folder / "mine.py").write_text(
        f'{head}\n    """The tide.\n\n    Args:\n        harbour: which.\n    """\n    return harbour\n'
    )
    ann = served.raw("POST", "/api/users", served.token, json={"name": "ann"}).json()["token"]
    for token in (ann, served.token):
        served.raw("POST", "/api/agents", token, json={"name": "n", "model": "reader"})
    told = served.raw("GET", "/api/agents/n/functions", ann)
    assert "mine.py" in told.text
    assert str(home) not in told.text
    assert str(folder / "mine.py") in served.raw("GET", "/api/agents/n/functions", served.token).text


def _socket(served: Running, agent: str, token: str, **more: Any) -> Any:
    address = f"{served.url.replace('http', 'ws')}/api/agents/{agent}/socket"
    return connect(address, additional_headers={"Authorization": f"Bearer {token}"}, **more)


def test_a_socket_takes_what_a_request_takes_and_ends_with_its_token(make_server: Any) -> None:
    served: Running = make_server(per_minute=30)
    ann = served.raw("POST", "/api/users", served.token, json={"name": "ann"}).json()["token"]
    served.raw("POST", "/api/agents", ann, json={"name": "n", "model": "reader"})
    with pytest.raises(InvalidStatus):
        _socket(served, "n", "wb_wrong")
    with _socket(served, "n", ann) as socket_:
        for message in ({"text": "x" * 500_001}, {"text": 3}, {"text": " "}, [], {"stop": 1}):
            socket_.send(json.dumps(message))
            assert json.loads(socket_.recv(timeout=10))["event"] == "failed"
        served.raw("DELETE", "/api/users/ann", served.token)
        socket_.send(json.dumps({"text": "Am I still here?"}))
        assert json.loads(socket_.recv(timeout=10))["message"] == "This needs a token."
        with pytest.raises(ConnectionClosed):
            socket_.recv(timeout=10)


def test_a_socket_counts_its_messages_as_requests(make_server: Any) -> None:
    served: Running = make_server(per_minute=5)
    served.raw("POST", "/api/agents", served.token, json={"name": "n", "model": "reader"})
    with _socket(served, "n", served.token) as socket_:
        told = []
        for _ in range(5):
            socket_.send(json.dumps({"stop": True}))
        for _ in range(2):
            told.append(json.loads(socket_.recv(timeout=10))["message"])
    assert set(told) == {"Too many requests."}


def test_signs_that_end_a_line_elsewhere_are_letters_of_an_answer(served: Running, tmp_path: Path) -> None:
    (tmp_path / "u.md").write_text("The keeper Zed Quux painted the buoy\u2028red\x85 in 1911.\n", encoding="utf-8")
    with served.client("notes") as bench:
        bench.load(tmp_path / "u.md", source="papers")
        done = [event for event in bench.ask("Who painted\u2028 the buoy?") if isinstance(event, AnswerDone)]
    assert done[0].answered


@pytest.mark.parametrize(
    "body", [b"<html>", b"[" * 100_000, b"[]", b'"x"', b'{"error": []}', b'{"error": {"message": "\\u001b[2J\\nnote: fine"}}'], ids=str
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_server_that_is_none_gets_one_sentence(body: bytes, status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            status, content=b"data: " + body + b"\n\n" if request.url.path.endswith("messages") else body
        )

    told: list[str] = []
    with Client("http://127.0.0.1:1", "t", "n", transport=httpx.MockTransport(answer)) as bench:
        for call in (bench.agents, lambda: list(bench.ask("Who?")), lambda: bench.answer("Who?"), bench.context):
            try:
                call()
            except WorkbenchError as error:
                told.append(error.one_line())
    assert len(told) >= (4 if status > 200 else 2)
    assert all(line.isprintable() for line in told)
