"""A command run in this process, and the HTTP server, as fixtures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.commands import Run
from workbench.cli.main import main

if TYPE_CHECKING:
    from tests.support.running_server import Running


@pytest.fixture
def run(home: Path, word_embedder: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command in this process, --json: exit code, its lines, and standard error."""
    monkeypatch.setenv("WORKBENCH_HOME", str(home))

    def call(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        code = main([*words, "--json"])
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err

    return call


@pytest.fixture
def make_server(make_session: Any) -> Iterator[Any]:
    from tests.support.running_server import Running
    from workbench.server.app import Limits

    running: list[Running] = []

    def make(**limits: int) -> Running:
        running.append(Running(make_session(model="reader"), Limits(**limits)))
        return running[-1]

    yield make
    for server in running:
        server.end()


@pytest.fixture
def served(make_server: Any, papers: Path) -> Running:
    """A server with an agent `notes` that is attached to the papers."""
    running: Running = make_server()
    with running.client("notes") as bench:
        bench.create_agent(model="reader")
        loaded = bench.load(*sorted(papers.iterdir()), source="papers")
        assert loaded.failed == ()
        bench.attach("papers")
    return running
