"""Whoever reads our output may go away at any line: what was under way ends, what was done is kept, and nothing else is said."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from workbench.cli.commands.load import load_paths
from workbench.cli.commands.questions import _ask
from workbench.ipc.command_output import SINK, Standard


class Gone(Standard):
    """Takes some lines and then is a closed pipe."""

    def __init__(self, lines: int) -> None:
        self.lines = lines

    def out(self, text: str) -> None:
        self.lines -= 1
        if self.lines < 0:
            raise BrokenPipeError


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Python would print of errors that nobody can catch."""
    found: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", found.append)
    monkeypatch.setattr("threading.excepthook", found.append)
    return found


@pytest.mark.parametrize("lines", [1, *(pytest.param(lines, marks=pytest.mark.nightly) for lines in (0, 2))])
def test_a_load_ends_before_its_session(make_session: Any, papers: Path, said: list[Any], lines: int) -> None:
    session = make_session()
    token = SINK.set(Gone(lines))
    try:
        with pytest.raises(BrokenPipeError) as caught:
            load_paths(session, [papers], None, attach=True, as_json=True)
    finally:
        SINK.reset(token)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vectors")]
    session.close()
    assert caught.value  # the traceback, which holds every frame, outlives the session
    del caught
    assert not said
    again = make_session()
    (loaded,) = load_paths(again, [papers], None, attach=False, as_json=True)
    assert loaded.documents + loaded.unchanged == len(list(papers.iterdir()))


@pytest.mark.parametrize("lines", [4, *(pytest.param(lines, marks=pytest.mark.nightly) for lines in (1, 7))])
def test_a_question_ends_before_its_session(make_session: Any, papers: Path, said: list[Any], lines: int) -> None:
    session = make_session()
    session.open_agent("reader")
    list(session.load([papers]))
    token = SINK.set(Gone(lines))
    try:
        with pytest.raises(BrokenPipeError) as caught:
            _ask(session, "Who kept the harbour light?", as_json=True)
    finally:
        SINK.reset(token)
    assert not session.busy
    steps = session.steps()
    session.close()
    assert caught.value
    del caught
    assert not said
    again = make_session()
    again.open_agent("reader")
    assert again.steps() == steps
    assert _ask(again, "Who kept the harbour light?", as_json=True) == 0
