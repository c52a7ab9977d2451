"""The contract of the commands, as a table: what is typed, the exit code, the events on the lines and the keys of the last one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Run
from tests.support.embedding import embedding_words
from tests.support.papers import write_papers
from tests.support.reading import reading_in_one_worker
from workbench.cli.main import main

ANSWER = {"text", "answered", "citations", "agent", "steps", "stopped", "usage", "notes"}
LOADED = {"documents", "pages", "passages", "unchanged", "failed"}
SEARCH = {"query", "total", "page", "pages", "hits", "next"}
CONTEXT = {"window", "reserve", "used", "exact", "segments"}

Row = tuple[str, int, str, set[str]]
"""What is typed, the exit code, the event of the last line, and keys that it has."""

TABLE: list[Row] = [
    ("load {papers} --source again", 0, "loaded", LOADED),
    ("load {papers} --source papers", 0, "loaded", LOADED),
    ("load {broken}", 1, "loaded", LOADED),
    ("load {nowhere}", 2, "", set()),
    ("sources", 0, "sources", {"sources"}),
    ("agents", 0, "agents", {"agents"}),
    ("attach papers --agent attached", 0, "attached", {"source", "documents", "passages", "agent"}),
    ("attach nosuch --agent a", 2, "", set()),
    ("search light", 0, "search", SEARCH),
    ("search light --source papers --page 2", 0, "search", SEARCH),
    ("search light --page 999", 2, "", set()),
    ("search light --source nosuch", 2, "", set()),
    ("ask Who? --agent a", 0, "answer", ANSWER),
    ("ask Light? --attach papers --window 4096 --model reader", 0, "answer", ANSWER),
    ("ask Light? --attach {papers} --steps 1 --no-read-ahead", 0, "answer", ANSWER),
    ("ask Light? --attach nosuch", 2, "", set()),
    ("ask Light? --window 100", 2, "", set()),
    ("context a", 0, "context", CONTEXT),
    ("context a --step 1", 0, "context", CONTEXT),
    ("context a --step 999", 2, "", set()),
    ("context a --raw", 0, "", {"messages", "tools"}),
    ("replay a", 0, "replayed", {"agent", "steps"}),
    ("replay a --verify", 0, "result", {"agent", "steps", "different"}),
    ("replay nosuch", 2, "", set()),
    ("detach papers --agent detaching", 0, "detached", {"source", "agent"}),
    ("detach papers --agent bare", 2, "", set()),
    ("doctor --quick", 0, "doctor", {"ok", "checks", "servers"}),
    ("eval nosuch --data {papers}", 2, "", set()),
    ("nosuch", 2, "", set()),
]

BEFORE = (
    "load {papers} --source papers",
    "attach papers --agent a",
    "ask Who? --agent a",
    "attach papers --agent detaching",
    "agents create bare",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one source and some agents, and what is loaded. No row of the table needs another one to come before."""
    folder = tmp_path_factory.mktemp("contract")
    write_papers(folder / "papers")
    (folder / "broken").mkdir()
    (folder / "broken" / "a.pdf").write_bytes(b"%PDF-1.4 nothing")
    with embedding_words(), reading_in_one_worker(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(folder / "home"))
        for typed in BEFORE:
            assert main(words(typed, folder)) == 0, typed
    return folder


@pytest.fixture
def home(folder: Path) -> Path:
    return folder / "home"


def words(typed: str, folder: Path) -> list[str]:
    places = {name: str(folder / name) for name in ("papers", "broken", "nowhere")}
    return [word.format(**places) for word in typed.split(" ")]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_every_command_keeps_its_contract(run: Run, folder: Path, row: Row) -> None:
    typed, code, event, keys = row
    got, lines, error = run(*words(typed, folder))
    assert got == code, error
    if keys:
        last = lines[-1]
        assert last.get("event", "") == event
        assert keys <= set(last), keys - set(last)
    if code == 2:
        assert error.startswith("workbench: ")
        assert error.count("\n") == 1
    assert "Traceback" not in error
    for line in lines:
        assert "--raw" in typed or {"event", "step"} <= set(line)
    _check(typed, lines)


def _check(typed: str, lines: list[dict[str, Any]]) -> None:
    """What the values of some last lines must be."""
    last = lines[-1] if lines else {}
    if last.get("event") == "answer":
        assert [line["event"] for line in lines].count("answer") == 1
        assert all({"document", "page", "label", "quote", "verified"} <= set(item) for item in last["citations"])
        assert last["answered"] or not last["citations"]
        assert last["stopped"] == ("steps" if "--steps" in typed else None)
        assert last["text"]
    if last.get("event") == "search":
        assert {"document", "page", "passage", "score", "text", "in_context"} <= set(last["hits"][0])
        assert (last["next"] is None) == (last["page"] == last["pages"])
        assert last["page"] == (2 if "--page 2" in typed else 1)
    if last.get("event") == "context":
        assert sum(item["tokens"] for item in last["segments"]) == last["used"]
        assert all({"name", "tokens", "text"} <= set(item) for item in last["segments"])
    if last.get("event") == "loaded":
        assert all({"path", "reason", "remedy"} <= set(item) for item in last["failed"])
    json.dumps(last)
