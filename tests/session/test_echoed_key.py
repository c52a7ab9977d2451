"""A model's server that echoes the Authorization header in every way: the key stands nowhere afterwards."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.model_replies import Reply, calls, refusal, says
from tests.support.model_server import ModelServer
from workbench.cli.text_output import event_line, json_line
from workbench.core.errors import ModelError, WorkbenchError

KEY = "sk-proj-Ab3+/dE5fGh7iJk9LmN1oPq3RsT5uVw7XyZ"
HIDDEN = (KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), KEY.replace("/", "\\/"))
PARTS = tuple(form[start : start + 12] for form in HIDDEN for start in range(len(form) - 11))

ECHOES: dict[str, Callable[[str], Reply]] = {
    "401": lambda sent: refusal(401, f"Incorrect API key provided: {sent}."),
    "401 masked": lambda sent: refusal(401, f"Incorrect API key provided: {sent[7:19]}…{sent[-4:]}."),
    "401 as text": lambda sent: Reply(status=401, error=f"Who are you? Authorization: {sent}"),
    "401 cut": lambda sent: refusal(401, "x" * 280 + sent),
    "403 as a page": lambda sent: Reply(status=403, error=f"<html><title>{sent}</title><body>{sent}</body></html>"),
    "422 list": lambda sent: Reply(status=422, error={"detail": [{"loc": ["header", sent], "msg": f"bad {sent}"}]}),
    "400 base64": lambda sent: refusal(400, "Headers: " + base64.b64encode(sent.encode()).decode()),
    "400 escaped": lambda sent: refusal(400, f"GET /?key={quote(sent[7:], safe='')} {json.dumps(sent)}"),
    "500": lambda sent: refusal(500, f"KeyError: {sent!r} is not valid"),
    "404 model": lambda sent: refusal(404, f"The model does not exist for {sent}", code=sent),
    "error in the stream": lambda sent: Reply(
        content="Good ", done=False, finish=None, tail=f"data: {json.dumps({'error': {'message': f'no {sent}'}})}\n\n"
    ),
    "no JSON in the stream": lambda sent: Reply(done=False, finish=None, tail=f"data: {{'headers': '{sent}'\n\n"),
    "pieces of an answer": lambda sent: Reply(content=f"You sent me {sent}, thank you.", chunk_chars=3),
    "a function's arguments": lambda sent: says(f"You sent me {sent}, thank you.", chunk_chars=5),
    "reasoning": lambda sent: Reply(reasoning=f"The header is {sent}. Hm.", content="Good day.", chunk_chars=4),
    "an unknown function": lambda sent: calls(sent.replace(" ", "_"), query=sent),
    "a finish reason": lambda sent: Reply(content="Good day.", finish=sent),
}  # fmt: skip


def leaked(text: str) -> set[str]:
    """The parts of the key that stand in a text."""
    return {part for part in PARTS if part in text}


def everything(session: Any) -> str:
    """All rows of all tables, as text: what DuckDB compresses on disk is read here."""
    connection = session.app.database.cursor()
    tables = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
    ).fetchall()
    assert len(tables) > 10
    return "\n".join(
        str(row) for schema, table in tables for row in connection.execute(f'FROM "{schema}"."{table}"').fetchall()
    )


def test_no_echo_of_the_key_is_kept_or_shown(make_session: Any, home: Path) -> None:
    replies = list(ECHOES.values())
    turn: list[Callable[[str], Reply]] = []
    sent: list[str] = []

    def script(body: Any) -> Reply:
        sent.append(server.headers[-1]["authorization"])
        return turn[0](sent[-1])

    lines: list[str] = []
    with ModelServer(script, models=["scripted"]) as server:
        session = make_session(
            model="scripted", base_url=server.url, api_key=KEY, read_ahead=False, steps=2, request_timeout_seconds=20
        )
        session.open_agent("echo")
        for number, reply in enumerate(replies):
            turn[:] = [reply]
            try:
                for event in session.submit(f"Question {number}: what did I send?"):
                    lines += [text for text in (json_line(event), event_line(event)) if text]
            except WorkbenchError as error:
                lines.append(error.one_line())
    assert set(sent) == {f"Bearer {KEY}"}
    shown = "\n".join(lines)
    assert shown.count("[API key]") > len(ECHOES), "the server's words are told, without the key"
    assert leaked(shown) == set()
    session.app.database.write(lambda connection: connection.execute("CHECKPOINT") and None)
    kept = everything(session)
    assert "You sent me" in kept
    assert leaked(kept) == set()
    exported = home / "echo.json"
    session.agent_service.export("echo", exported)
    session.close()
    files = [file for file in home.rglob("*") if file.is_file()]
    assert exported in files
    for file in files:
        data = file.read_bytes()
        assert not [part for part in PARTS if part.encode() in data], file
    with zipfile.ZipFile(exported) as archive:
        members = [archive.read(name).decode() for name in archive.namelist()]
    assert "You sent me" in "".join(members)
    assert leaked("".join(members)) == set()


def test_the_list_of_models_may_echo_it_too() -> None:
    from workbench.models.openai.listing import first_model

    with ModelServer([], models=[f"model-for-{KEY}"]) as server:
        assert first_model(server.url, KEY) == "model-for-[API key]"


def test_a_key_from_a_file_is_trimmed_and_one_that_cannot_be_sent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.core.errors import ConfigError
    from workbench.core.settings import read_settings
    from workbench.models.openai.client import OpenAIChat

    assert read_settings(None, environ={"OPENAI_API_KEY": f"{KEY}\n"}).api_key == KEY
    for variable in ("OPENAI_API_KEY", "WORKBENCH_API_KEY"):
        with pytest.raises(ConfigError, match=f"^{variable} has a line end in its middle") as told:
            read_settings(None, environ={variable: f"{KEY[:20]}\n{KEY[20:]}"})
        assert not leaked(told.value.one_line())
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY[:20]}\n{KEY[20:]}")
    with pytest.raises(ConfigError, match="^OPENAI_API_KEY has a line end") as told:
        OpenAIChat("m", base_url="http://127.0.0.1:1/v1")
    assert not leaked(told.value.one_line())


def test_a_settings_file_with_a_bad_key_is_named_without_the_key(tmp_path: Path) -> None:
    from workbench.core.errors import ConfigError
    from workbench.core.settings import from_file

    file = tmp_path / "config.toml"
    for written in ('api_key = "sk-12345\\u000067890"', "api_key = 123456789012", 'api_key = ["sk-1234567890"]'):
        file.write_text(written)
        with pytest.raises(ConfigError, match="config.toml: api_key") as told:
            from_file(file)
        assert not any(part in told.value.one_line() for part in ("12345", "67890"))


def test_workers_do_not_inherit_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real child process tells what is in its environment."""
    from workbench.core.worker_process import Worker

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("COPY_OF_IT", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://user:{KEY}@host/v1")
    monkeypatch.setenv("UNRELATED", "kept")
    worker = Worker("tests.support.says_environment")
    try:
        frame = worker.receive(30)
    finally:
        worker.close()
    assert frame is not None
    environment = frame[0]["environment"]
    assert environment["UNRELATED"] == "kept"
    assert not leaked(json.dumps(environment))


def test_errors_keep_their_kind() -> None:
    from threading import Event

    from workbench.core.errors import ModelOverflow
    from workbench.models.base import ModelRequest
    from workbench.models.openai.client import OpenAIChat

    with ModelServer(
        [refusal(400, f"maximum context length is 4096, {KEY}", code="context_length_exceeded")]
    ) as server:
        model = OpenAIChat("scripted", base_url=server.url, api_key=KEY)
        with pytest.raises(ModelOverflow, match=r"4096, \[API key\]") as told:
            list(model.stream(ModelRequest("scripted", [{"role": "user", "content": "?"}], [], 100), Event()))
    assert isinstance(told.value, ModelError)
    assert told.value.__cause__ is None
