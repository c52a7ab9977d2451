"""Searches and sweeps work while another workbench owns the database: the owner runs them and sends their lines."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from workbench.cli import main
from workbench.cli.main import LocalCommands
from workbench.ipc.server import CommandServer


def lines_of(*words: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    with redirect_stdout(out):
        assert main.main([*words, "--json"]) == 0
    return [json.loads(text) for text in out.getvalue().splitlines()]


def test_the_owner_searches_and_sweeps_for_others(
    make_session: Any, papers: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    session = make_session()
    session.open_agent("tester")
    list(session.load([papers]))
    owner = CommandServer(session.app, LocalCommands())
    try:
        own = session.search_service.search("harbour light", 2)
        found = lines_of("search", "harbour light", "--agent", "tester", "--page", "2", "--explain")[-1]
        assert [hit["passage"] for hit in found["hits"]] == [hit.passage for hit in own.hits]
        assert all(hit["explain"]["mode"] == "meaning" for hit in found["hits"])
        only = lines_of("search", "harbour light", "--document", "03-dora")[-1]
        assert {hit["document"] for hit in only["hits"]} == {"03-dora.md"}
        swept = lines_of("sweep", "barrels of oil")
        assert swept[0]["event"] == "sweep_progress"
        assert swept[-1]["total"] == 12
        assert swept[-1]["ended"] == "all"
    finally:
        owner.close()


def test_ask_says_the_state_of_its_answer(
    make_session: Any, papers: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    session = make_session()
    list(session.load([papers]))
    owner = CommandServer(session.app, LocalCommands())
    try:
        result = lines_of("ask", "How long did Alda Marner keep the harbour light?", "--attach", "papers")[-1]
        assert result["event"] == "answer"
        assert result["state"] == "grounded"
        assert result["unquoted"] == result["false_quotes"] == []
        assert result["citations"]
    finally:
        owner.close()
