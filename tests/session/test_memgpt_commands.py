"""The commands that MemGPT's users know, and agents as a whole, at the command line: alone, and through another workbench."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import model_scripts
from tests.support.model_replies import calls
from tests.support.model_server import ModelServer
from workbench.agent import prompts
from workbench.cli import main
from workbench.core import settings_file
from workbench.core.errors import UsageError

Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(home: Path, word_embedder: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process on a home of its own; the code, the lines, and what went wrong."""
    monkeypatch.setenv("WORKBENCH_HOME", str(home))

    def call(*words: str) -> tuple[int, list[str], str]:
        code = main.main(words)
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    return call


def result(found: tuple[int, list[str], str]) -> dict[str, Any]:
    """The last JSON line of a command that went well."""
    code, lines, errors = found
    assert code == 0, errors
    return dict(json.loads(lines[-1]))


def names(run: Run) -> list[str]:
    return [agent["name"] for agent in result(run("agents", "--json"))["agents"]]


def test_agents_are_made_renamed_and_deleted(run: Run) -> None:
    assert result(run("agents", "create", "a", "--preset", "chat", "--window", "4096", "--json"))["agent"] == "a"
    assert run("agents", "create", "a")[0] == 2
    assert run("agents", "create", "b", "--persona", "nobody")[0] == 2
    assert result(run("agents", "rename", "a", "lease audit", "--json"))["agent"] == "lease audit"
    assert names(run) == ["lease audit"]
    assert result(run("list", "--json"))["agents"][0]["window"] == 4096
    assert run("agents", "rename", "lease audit", "x\x1b[2J")[0] == 2
    code, _, error = run("agents", "delete", "lease audit")
    assert (code, "--yes" in error) == (2, True)
    assert run("agents", "delete", "nobody", "lease audit", "--yes")[0] == 2
    assert names(run) == ["lease audit"]
    assert run("agents", "delete", "lease audit", "--yes")[0] == 0
    assert names(run) == []


def test_what_is_deleted_is_asked_for_first(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("agents", "create", "a")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, left in (("n\n", ["a"]), ("\n", ["a"]), ("y\n", [])):
        monkeypatch.setattr("sys.stdin.readline", lambda answer=answer: answer, raising=False)
        run("delete", "agent", "a")
        assert names(run) == left


def test_nothing_of_a_deleted_agent_is_left(run: Run, home: Path, papers: Path) -> None:
    with ModelServer(model_scripts.reads_pages("harbour light keys", 2)) as server:
        run(
            "ask",
            "Who kept it?",
            "--attach",
            str(papers),
            "--agent",
            "a",
            "--model",
            "m",
            "--model-endpoint",
            server.url,
        )
    with ModelServer([calls("archival_memory_insert", content="A note of its own."), "Done."]) as server:
        run("ask", "Keep a note", "--agent", "a", "--model", "m", "--model-endpoint", server.url)
    assert run("delete", "agent", "a", "-y")[0] == 0
    import duckdb

    with duckdb.connect(str(home / "data" / "workbench.duckdb")) as connection:
        for table in (
            "messages",
            "summaries",
            "context_versions",
            "steps",
            "journal",
            "handles",
            "attachments",
            "agents",
        ):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchall() == [(0,)], table
        assert connection.execute("SELECT count(*) FROM documents").fetchall() == [(12,)]
        assert connection.execute("SELECT count(*) FROM passages WHERE text LIKE '%note of its own%'").fetchall() == [
            (0,)
        ]
        assert connection.execute("SELECT name FROM sources").fetchall() == [("papers",)]


def test_an_agent_goes_through_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.agent"
    with ModelServer(["The light was green."]) as server:
        run("ask", "Which light?", "--agent", "a", "--model", "m", "--model-endpoint", server.url)
        before = run("context", "a", "--step", "1", "--raw")[1]
        assert json.loads(before[0]) == server.requests[0]
    assert run("export", "a", str(file))[0] == 0
    assert run("export", "nobody", str(file))[0] == 2
    assert result(run("import", str(file), "--name", "b", "--json"))["steps"] == 1
    assert run("import", str(file), "--name", "b")[0] == 2
    assert run("context", "b", "--step", "1", "--raw")[1] == before
    assert result(run("replay", "b", "--verify", "--json"))["different"] == 0
    assert run("export", "a")[1][0] == "# a"


def test_the_preset_of_a_live_agent_changes_its_instructions_and_no_old_step(make_session: Any) -> None:
    with ModelServer(["One.", "Two.", "Three."]) as server:
        session = make_session(model="m", base_url=server.url)
        session.open_agent("a")
        list(session.submit("First?"))
        session.agent_service.preset("a", "lookup")
        list(session.submit("Second?"))
        session.close()
        session = make_session(model="m", base_url=server.url)
        session.open_agent("a")
        list(session.submit("Third?"))
        assert [session.recorded(step).body() for step in session.steps()] == list(server.requests)
    first, second, third = (request["messages"][0]["content"] for request in server.requests)
    assert "nested look-ups" not in first
    assert "nested look-ups" in second
    assert second == third
    diff = session.timeline.compare(1, 2)
    (change,) = [change for change in diff.changes if change.segment.name == "system"]
    assert change.kind == "changed"
    assert any(line.startswith("+") and "nested look-ups" in line for line in change.lines)
    assert any(line.startswith("-") for line in change.lines)
    assert not [change for change in session.timeline.compare(2, 3).changes if change.segment.name == "system"]
    with pytest.raises(UsageError, match="no preset"):
        session.agent_service.preset("a", "nowhere")


CAPS = {
    "steps": ("--steps", "2"),
    "time": ("--seconds", "0.0001"),
    "tokens": ("--tokens", "6000"),
    "cost": ("--cost", "1.2", "--price-in", "200"),
}


@pytest.mark.parametrize("reason", list(CAPS))
def test_a_question_ends_at_its_caps_with_what_was_found(run: Run, papers: Path, reason: str) -> None:
    def script(body: Any) -> Any:
        note = calls("core_memory_append", name="task", content="Alda kept it.", request_heartbeat=True)
        return calls("archival_memory_search", query=f"light {len(server.requests)}", request_heartbeat=True) if len(
            server.requests
        ) > 1 else note  # fmt: skip

    with ModelServer(script) as server:
        code, lines, _ = run(
            "ask", "Who?", "--attach", str(papers), "--model", "m", "--model-endpoint", server.url, *CAPS[reason], "--json"
        )  # fmt: skip
        answer = json.loads(lines[-1])
        assert answer["stopped"] == reason
        assert len(server.requests) <= 3
        if reason != "time":
            assert code == 0
            assert answer["text"].startswith("Alda kept it.")
            assert answer["notes"]


def test_own_texts_are_added_listed_used_and_deleted(run: Run, home: Path, tmp_path: Path) -> None:
    (tmp_path / "me.txt").write_text("Works at the harbour office.\n", encoding="utf-8")
    assert run("add", "human", "--name", "me", "-f", str(tmp_path / "me.txt"))[0] == 0
    assert run("add", "preset", "short", "--text", "Task: be brief")[0] == 0
    for bad in (
        ("human", "me", "--text", "x"),
        ("human", "../x", "--text", "x"),
        ("human", "y"),
        ("human", "y", "--text", " "),
    ):
        assert run("add", *bad)[0] == 2
    rows = result(run("list", "humans", "--json"))["humans"]
    assert rows == [{"name": "basic", "own": False}, {"name": "me", "own": True}]
    with ModelServer(["Yes."]) as server:
        words = ("--model", "m", "--model-endpoint", server.url, "--human", "me", "--preset", "short")
        run("ask", "Are you there?", *words)
        sent = json.dumps(server.requests[0], ensure_ascii=False)
        assert "Works at the harbour office." in sent
        assert "Task: be brief" in sent
    assert run("delete", "human", "basic", "-y")[0] == 2
    assert run("delete", "human", "me", "-y")[0] == 0
    assert not prompts.is_own("humans", "me", home / "config")


def test_a_text_of_ones_own_is_used_in_a_small_window_too(tmp_path: Path) -> None:
    prompts.add("presets", "documents", "Only poems.", tmp_path)
    assert "Only poems." in prompts.system_instructions("documents", small=True, folder=tmp_path)
    prompts.add("presets", "documents_small", "Short poems.", tmp_path)
    assert "Short poems." in prompts.system_instructions("documents", small=True, folder=tmp_path)
    assert "documents_small" not in prompts.names("presets", tmp_path)


def test_a_source_is_deleted_and_what_a_step_showed_of_it_stays(run: Run, papers: Path) -> None:
    with ModelServer(model_scripts.reads_pages("harbour light keys", 2)) as server:
        run(
            "ask",
            "Who kept it?",
            "--attach",
            str(papers),
            "--agent",
            "a",
            "--model",
            "m",
            "--model-endpoint",
            server.url,
        )
    assert run("delete", "source", "nowhere", "-y")[0] == 2
    assert run("delete", "source", "papers", "-y")[0] == 0
    assert result(run("list", "sources", "--json"))["sources"] == []
    assert result(run("replay", "a", "--verify", "--json"))["different"] == 0


def test_settings_are_shown_and_written(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('# mine\nwindow_tokens = 8192 # large\napi_key = "secret"\n', encoding="utf-8")
    shown = result(run("configure", "window_tokens=4,096", 'model=say "hi"', "--json"))
    assert (
        file.read_text(encoding="utf-8")
        == '# mine\nwindow_tokens = 4096 # large\napi_key = "secret"\nmodel = "say \\"hi\\""\n'
    )
    assert file.stat().st_mode & 0o77 == 0
    rows = {row["key"]: (row["value"], row["from"]) for row in shown["settings"]}
    assert rows["window_tokens"] == (4096, "file")
    assert rows["steps"] == (50, "default")
    assert "secret" not in json.dumps(shown)
    monkeypatch.setenv("WORKBENCH_STEPS", "7")
    assert {"key": "steps", "value": 7, "from": "environment"} in result(run("configure", "--json"))["settings"]
    for bad in ("window_tokens=7", "nothing=1", "steps=many", "steps"):
        assert run("configure", bad)[0] == 2
    assert run("configure", "model=")[0] == 0
    assert "model" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"steps" = 3\n', '"steps" = 4\nmodel = "m"\n'),
        ("steps = 3 # few", 'steps = 4 # few\nmodel = "m"\n'),
        ('model = """\nlong"""\nsteps = 3\n', 'model = "m"\nsteps = 4\n'),
    ],
    ids=["key in quotes", "no line end", "text of several lines"],
)
def test_a_file_written_by_hand_keeps_its_form(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(before.encode())
    settings_file.write(file, {"steps": 4, "model": "m"})
    assert file.read_bytes().decode() == after


def test_a_file_is_left_alone_when_what_was_written_does_not_read_as_it_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("steps = 3\n", encoding="utf-8")
    monkeypatch.setattr(settings_file, "_changed", lambda text, wanted: text)
    with pytest.raises(UsageError, match="cannot be changed here"):
        settings_file.write(file, {"steps": 4})
    assert file.read_text(encoding="utf-8") == "steps = 3\n"
    assert list(tmp_path.iterdir()) == [file]


def test_quickstart_writes_settings_and_checks(run: Run, home: Path) -> None:
    lines = run("quickstart", "--backend", "reader")[1]
    assert any(line.startswith("ok   model: the embedded") for line in lines)
    assert lines[-2].startswith("Next: ")
    assert 'model = "reader"' in (home / "config" / "config.toml").read_text(encoding="utf-8")
    assert run("quickstart", "--backend", "memgpt")[0] == 2
    with ModelServer([]) as server:
        assert result(run("quickstart", "--backend", server.url, "--json"))["ok"]
    assert run("run", "--agent", "x")[0] == 2
