"""The embedded reader gets results as data: what a prompt shows and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workbench.api.results import RenderedPage
from workbench.models.base import Completion, ModelRequest
from workbench.models.extractive.model import ExtractiveReader
from workbench.models.extractive.prompt_parser import parse_hits
from workbench.services import replay
from workbench.services.session import Session

Messages = Sequence[Mapping[str, Any]]
Results = Sequence[RenderedPage | None]


@pytest.fixture
def answered(make_session: Any, tmp_path: Path) -> Session:
    """A session whose reader has just answered from a document."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "lamp.md").write_text("# Lamp\n\nThe Brass Aunt must be oiled with colza oil.\n", encoding="utf-8")
    (folder / "rope.md").write_text("# Rope\n\nForty fathoms of rope were bought in March.\n", encoding="utf-8")
    session: Session = make_session()
    session.open_agent("tester")
    list(session.load([folder]))
    list(session.submit("With what oil must the Brass Aunt be oiled?"))
    return session


def call_of(session: Session, messages: Messages, results: Results) -> str:
    prompt = session.recorded(session.steps()[-1]).prompt
    request = ModelRequest("reader", messages, prompt.tools, 1_000, results=results)
    reader = ExtractiveReader(session.app.queries.score)
    done = [item for item in reader.stream(request, threading.Event()) if isinstance(item, Completion)]
    return f"{done[-1].calls[0].name} {done[-1].calls[0].arguments}"


def without(message: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    """The message without the lines that hold a text."""
    if message["role"] != "tool":
        return message
    content = json.loads(message["content"])
    lines = [line for line in content["message"].splitlines() if text not in line]
    return {**message, "content": json.dumps({**content, "message": "\n".join(lines)}, ensure_ascii=False)}


def test_results_say_what_their_text_says(answered: Session) -> None:
    shown = [result for step in answered.steps() for result in answered.recorded(step).prompt.results if result]
    assert shown
    for result in shown:
        # What the text alone does not say is the number of a passage.
        assert parse_hits(result.text) == {hit.handle: replace(hit, passage=0) for hit in result.hits}


def test_a_passage_taken_out_of_the_prompt_is_not_answered_from(answered: Session) -> None:
    prompt = answered.recorded(answered.steps()[-1]).prompt
    assert len(prompt.results) == len(prompt.messages)
    assert "colza oil" in call_of(answered, prompt.messages, prompt.results)
    left = [without(message, "colza oil") for message in prompt.messages]
    assert "colza" not in call_of(answered, left, prompt.results)
    gone = [number for number, result in enumerate(prompt.results) if result is None]
    fewer = [prompt.messages[number] for number in gone], [prompt.results[number] for number in gone]
    assert "colza" not in call_of(answered, *fewer)


def test_a_request_without_results_is_read_from_its_text(answered: Session) -> None:
    prompt = answered.recorded(answered.steps()[-1]).prompt
    assert call_of(answered, prompt.messages, ()) == call_of(answered, prompt.messages, prompt.results)


def test_recorded_steps_are_verified_with_the_results_that_they_showed(answered: Session) -> None:
    verdicts = list(replay.verify(answered))
    assert [verdict.prompt for verdict in verdicts] == [True] * len(verdicts)
    assert [verdict.call for verdict in verdicts if verdict.call is not None] == [True] * len(verdicts)
