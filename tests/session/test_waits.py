"""A command that waits for an embedding model says so on standard error, and a load goes on when the model does."""

from __future__ import annotations

import time
from typing import Any

from workbench.cli.output import waits_told
from workbench.ipc.command_output import SINK


class Lines:
    """Keeps the lines of a command."""

    def __init__(self) -> None:
        self.results: list[str] = []
        self.remarks: list[str] = []

    def out(self, text: str) -> None:
        self.results.append(text)

    def err(self, text: str) -> None:
        self.remarks.append(text)


def test_what_a_command_waits_for_is_said_beside_its_result(make_session: Any) -> None:
    session, lines = make_session(), Lines()
    before = SINK.set(lines)
    try:
        with waits_told(session):
            until = time.monotonic() + 10
            while not lines.remarks and time.monotonic() < until:
                session.app.tell_wait("Waiting for the embedding process (7)\nworkbench: done.")
    finally:
        SINK.reset(before)
    assert lines.remarks[0] == "Waiting for the embedding process (7) workbench: done.", "on one line, whatever it says"
    assert lines.results == []
