"""One bound admits a question and judges it later, also when the server's usage teaches in between that it counts more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted import Scripted, using
from workbench.api.events import AnswerDone, Failed
from workbench.core.tokens import count_prompt
from workbench.models.base import ModelRequest

QUESTION = "Which keeper of the harbour light ordered the most barrels of oil? " * 30


class Dear(Scripted):
    """A server that counts `factor` times what we count; it searches, then answers."""

    def __init__(self, factor: float) -> None:
        super().__init__(self._answer, usage=self._count)
        self.factor = factor

    def _count(self, request: ModelRequest) -> int:
        return int(count_prompt(request.messages, request.tools) * self.factor)

    def _answer(self, request: ModelRequest, number: int) -> Any:
        queries = ("oil", "light", "keys", "Marner")
        if number <= len(queries):
            return ("archival_memory_search", {"query": queries[number - 1]})
        return ("send_message", {"message": "Lutz did."})


def questions(body: str) -> list[str]:
    """What the user said, as the model was sent it."""
    contents = [json.loads(m["content"]) for m in json.loads(body)["messages"][1:] if m["role"] == "user"]
    return [content["message"] for content in contents if content["type"] == "user_message"]


@pytest.mark.parametrize("factor", [1.0, 1.2, 1.5, 1.8])
def test_a_question_stays_answerable_whatever_the_server_counts(make_session: Any, papers: Path, factor: float) -> None:
    model = Dear(factor)
    settings = {"window_tokens": 3_000, "model": "local-7b", "fixed_share": 0.3, "summary_share": 0.2, "steps": 8}
    session = make_session(**settings, read_ahead=False, verify=False)
    with using(model):
        session.open_agent("asker")
        list(session.load([papers], source="papers"))
        session.attach("papers")
        events = list(session.submit(QUESTION))
    assert not [event for event in events if isinstance(event, Failed)]
    assert [event.text for event in events if isinstance(event, AnswerDone)] == ["Lutz did."]
    usable = session.settings.usable_tokens
    assert all(
        model.factor * count_prompt(json.loads(b)["messages"], json.loads(b)["tools"]) <= usable
        for b in model.bodies[1:]
    )
    assert questions(model.bodies[0]) == [QUESTION], "admitted whole"
    (last,) = questions(model.bodies[-1])
    if factor <= 1.2:
        # A tokenizer that is not known is taken to need so much more from the start.
        assert last == QUESTION
        return
    # Its ends are sent, the whole text is found by a search, and every request comes out of the record as it was sent.
    assert last.startswith("Which keeper of the harbour light")
    assert "The whole text is in archival storage now" in last
    assert [json.dumps(session.recorded(s).body(), ensure_ascii=False) for s in session.steps()] == model.bodies
    stored = session.app.database.rows("SELECT body FROM messages WHERE kind = 'user_message'")
    assert [json.loads(body)["message"] for (body,) in stored] == [QUESTION]
    session.close()
    again = make_session(**settings, read_ahead=False, verify=False)
    again.open_agent("asker")
    said = [segment.text for segment in again.context().segments if '"user_message"' in segment.text]
    assert len(said) == 1
    assert "no longer fits here" in said[0]
    assert again.timeline.undo().operation == "undo"
