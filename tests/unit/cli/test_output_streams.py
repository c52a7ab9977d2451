"""Answers go to standard output, steps and errors to standard error; with --json every event is a line of standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from workbench.api.events import AnswerDone, Event, Failed, QuestionAsked, Stopped
from workbench.cli.output import show
from workbench.ipc.command_output import SINK


class Lines:
    """A Sink that keeps what it is given."""

    def __init__(self) -> None:
        self.outs: list[str] = []
        self.errs: list[str] = []

    def out(self, text: str) -> None:
        self.outs.append(text)

    def err(self, text: str) -> None:
        self.errs.append(text)


@pytest.fixture
def lines() -> Iterator[Lines]:
    kept = Lines()
    token = SINK.set(kept)
    yield kept
    SINK.reset(token)


EVENTS: list[Event] = [
    QuestionAsked(text="Who kept the light?"), AnswerDone(text="Alda did.", answered=True), Stopped(reason="user"),
]  # fmt: skip


def test_only_the_answer_is_the_result(lines: Lines) -> None:
    assert list(show(EVENTS, as_json=False)) == EVENTS
    assert [line.split("\n")[0] for line in lines.outs] == ["Alda did."]
    assert lines.errs == ["> Who kept the light?", "stopped: by you"]


def test_a_failure_is_one_line_with_its_hint(lines: Lines) -> None:
    list(show([Failed(message="The server is away.", hint="Start it.")], as_json=False))
    assert (lines.outs, lines.errs) == ([], ["workbench: The server is away. Start it."])


def test_with_json_every_event_is_a_line_of_the_result(lines: Lines) -> None:
    list(show(EVENTS, as_json=True))
    assert [json.loads(line)["event"] for line in lines.outs] == [event.name for event in EVENTS]
    assert lines.errs == []
