"""Commands on a home whose database another workbench has open: they work through it, over its socket, with the same results.

The owner lives in this process, which saves starting one for every command; tests/process/test_server.py has it in another.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Run
from tests.support.conversations import SECRET, keeps, talks
from tests.support.model_server import ModelServer
from workbench.cli import main as cli_main
from workbench.cli.main import LocalCommands
from workbench.core.errors import ArchiveBusy
from workbench.core.settings import Settings
from workbench.ipc.server import CommandServer

Own = Callable[[ModelServer], None]


@pytest.fixture
def own(run: Run, make_session: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Own]:
    """From the call on, a workbench that shows the agent `host` owns the database, and answers with the server's model."""
    owners: list[CommandServer] = []

    def busy(chosen: object, complain: object) -> None:
        raise ArchiveBusy("Another workbench owns the database.", "Quit it, then try again.")

    def start(server: ModelServer) -> None:
        session = make_session(model="scripted", base_url=server.url)
        session.open_agent("host")
        owners.append(CommandServer(session.app, LocalCommands()))
        # In one process DuckDB would open the file twice; in another one this is what it says.
        monkeypatch.setattr(cli_main, "own_session", busy)

    yield start
    for owner in owners:
        owner.close()
        owner.release()


def last(said: tuple[int, list[dict[str, Any]], str]) -> dict[str, Any]:
    """The last line of a command that went well."""
    code, lines, error = said
    assert code == 0, error
    return lines[-1]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Callable[[ModelServer], None]:
    """Commands ask this server's model."""

    def use(server: ModelServer) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("WORKBENCH_MODEL", "scripted")

    return use


def test_agents_are_made_renamed_exported_and_deleted(
    run: Run, own: Own, model: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.agent"
    with ModelServer(lambda body: "Good day.") as server:
        model(server)
        own(server)
        last(run("agents", "create", "a"))
        last(run("ask", "First?", "--agent", "a"))
        last(run("agents", "preset", "a", "lookup"))
        assert last(run("agents", "rename", "a", "b"))["agent"] == "b"
        last(run("ask", "Second?", "--agent", "b"))
        assert "nested look-ups" in server.requests[-1]["messages"][0]["content"]
        assert "First?" in json.dumps(server.requests[-1])
        assert last(run("configure"))["event"] == "settings"
        assert cli_main.main(["export", "b", str(file)]) == 0
        capsys.readouterr()  # it knows no --json
        assert last(run("import", str(file), "--name", "c"))["steps"] == 2
        assert last(run("agents", "delete", "b", "-y"))["agents"] == ["b"]
        code, _, error = run("agents", "delete", "host", "-y")
        assert code == 2
        assert "open in a workbench" in error


def test_agents_are_forked_and_compared(run: Run, own: Own, model: Any) -> None:
    with ModelServer(talks) as server:
        model(server)
        last(run("ask", "one", "--agent", "tester"))
        last(run("ask", "two", "--agent", "tester"))
        own(server)
        forked = last(run("fork", "tester", "--step", "2", "--as", "twin"))
        assert forked == {"event": "forked", "step": 2, "agent": "tester", "fork": "twin"}
        last(run("ask", "three", "--agent", "twin"))
        diff = last(run("context", "tester", "--diff", "3", "4"))
        # What the server's own count adds may change from step to step, whatever the prompts hold.
        changes = [change for change in diff["changes"] if change["name"] != "overhead"]
        assert [change["change"] for change in changes] == ["added", "added", "added", "changed"]
        assert [line for line in changes[-1]["lines"] if line.startswith("+") and "said: two" in line]
        assert diff["used_after"] - diff["used_before"] == sum(change["tokens"] for change in diff["changes"])
        sent = json.dumps(server.requests[-1])
        assert "said: one" in sent
        assert "said: three" in sent
        assert "said: two" not in sent
        for agent in ("tester", "twin"):
            assert last(run("replay", agent, "--verify"))["different"] == 0


def test_what_is_forgotten_is_shown_asked_for_and_gone(run: Run, own: Own, model: Any, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "a.md").write_text("# Letter\n\nThe ferry of the east pier was painted green by Tove Lund in May.\n")
    with ModelServer(keeps) as server:
        model(server)
        last(run("ask", SECRET, "--agent", "tester"))
        last(run("load", str(folder)))
        code, _, error = run("forget", "brass key", "--agent", "tester")
        assert code == 2
        assert "--yes" in error
        plan = last(run("forget", "brass key", "--agent", "tester", "--dry-run"))
        assert plan["event"] == "erasure_plan"
        assert len(plan["messages"]) == 3
        own(server)
        assert last(run("forget", "brass key", "--agent", "tester", "--yes"))["event"] == "forgotten"
        assert last(run("replay", "tester", "--verify"))["forgotten"] == 2
        last(run("forget", "--document", "a.md", "--yes"))
        assert last(run("sources"))["sources"][0]["documents"] == 0
        code, verified, error = run("replay", "tester", "--verify")
        assert code == 0, error
        assert [row.get("forgotten") for row in verified[:-1]] == [True, True]
        assert verified[-1]["different"] == 0
        code, _, error = run("forget", "--document", "a.md", "--yes")
        assert code == 2
        assert "There is no document" in error


NEWER: Any = dataclasses.make_dataclass("Newer", [("of_tomorrow", int, 1)], bases=(Settings,), frozen=True)


def test_an_owner_of_another_version_says_so(run: Run, own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.ipc import command_client

    asked = command_client.run

    def newer(socket: Path, command: str, arguments: Any, settings: Any, **more: Any) -> int:
        made = NEWER(**dataclasses.asdict(settings))
        return asked(socket, command, arguments, made, **more)

    with ModelServer(talks) as server:
        own(server)
        monkeypatch.setattr(command_client, "run", newer)
        code, _, error = run("sources")
    assert code == 2
    assert "is of another version than this one" in error
    assert "Unexpected" not in error
