"""The extractive reader in a conversation: the same answer whatever was asked before, follow-ups, and what a step records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.api.events import AnswerDone
from workbench.models.extractive.answer_scorer import fitted

TEXTS = {
    "bridge.txt": "The Crane Bridge spans the river Aun at Holm. The Crane Bridge was built by Ida Varga in 1911.\n",
    "mill.txt": "The mill at Lund burned down in 1902. Nobody was hurt. The miller Jon Aske rebuilt it in brick.\n",
    "bees.txt": "Ruth Palmer keeps bees behind the school. Each of her hives holds forty thousand bees.\n",
}


@pytest.fixture
def asked(make_session: Any, tmp_path: Path) -> Any:
    folder = tmp_path / "town"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    session = make_session()
    session.open_agent("first")
    list(session.load([folder], source="town"))

    def ask(question: str) -> AnswerDone:
        return next(event for event in session.submit(question) if isinstance(event, AnswerDone))

    ask.session = session  # type: ignore[attr-defined]
    return ask


def test_a_conversation_does_not_change_an_answer(asked: Any) -> None:
    question = "When did the mill at Lund burn down?"
    first = asked(question)
    assert first.answered
    assert "1902" in first.citations[0].quote
    for other in (
        "Who keeps bees behind the school?",
        "Who built the Crane Bridge?",
        "What colour is the moon of Jupiter?",
    ):
        asked(other)
    again = asked(question)
    assert [one.quote for one in again.citations] == [one.quote for one in first.citations]
    assert again.confidence == first.confidence


def test_a_follow_up_is_about_the_last_exchange(asked: Any) -> None:
    asked("Which river does the Crane Bridge span?")
    found = asked("And who built it?")
    assert any("Ida Varga" in one.quote for one in (found.citations or found.nearest))


def test_confidence_is_a_share_and_the_scorer_is_recorded(asked: Any) -> None:
    found = asked("Who built the Crane Bridge?")
    assert found.confidence is not None
    assert 0.0 <= found.confidence <= 1.0
    session = asked.session
    last = session.recorded(session.steps()[-1])
    assert last.reply["scorer"] == fitted().version


def test_what_is_not_there_is_refused_and_quotes_nothing_as_an_answer(asked: Any) -> None:
    found = asked("What salary did the bishop of Trondheim draw?")
    assert not found.answered
    assert found.citations == ()
    assert all(one.verified for one in found.nearest)
