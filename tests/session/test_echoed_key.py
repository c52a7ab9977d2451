"""A model's server that echoes the Authorization header in every way: the key stands nowhere afterwards."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.echoes import ECHOES, KEY, PARTS, leaked
from tests.support.model_replies import Reply, refusal
from tests.support.model_server import ModelServer
from workbench.cli.commands.setup import server_lines
from workbench.cli.text_output import event_line, json_line
from workbench.core.errors import ModelError, WorkbenchError
from workbench.core.settings import Settings
from workbench.models.openai import client
from workbench.models.openai.retry import Patience
from workbench.services.server_survey import survey

IN_THE_GATE = (
    "401 cut", "307 to an address with it", "comments and fields of a stream", "a call as text", "reasoning inside the text",
    "a finish reason", "usage", "the model's name",
)  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is asked again is asked at once."""
    monkeypatch.setattr(client, "Patience", lambda backoff_seconds: Patience(0.01))


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


@pytest.mark.parametrize(
    "place", [place if place in IN_THE_GATE else pytest.param(place, marks=pytest.mark.nightly) for place in ECHOES]
)
def test_what_doctor_finds_out_holds_no_echo_of_the_key(place: str) -> None:
    tried: list[str] = []
    with ModelServer(
        lambda body: ECHOES[place](server.headers[-1]["authorization"]), models=[f"model-for-{KEY}"]
    ) as server:
        settings = Settings(base_url=server.url, model="scripted", window_tokens=2_048)
        (profile,) = survey(settings, KEY, ports=(), measure=False, tell=tried.append)
        assert server.requests
    assert profile.findings
    kept = json.dumps(profile.dump(), ensure_ascii=False)
    assert "model-for-[API key]" in kept
    assert leaked("\n".join([kept, *server_lines(profile, ()), *tried])) == set()


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
