"""Writes the partial answer at a limit, from what the agent noted and read for the question.

Nothing is made up: the text is the model's own notes, and lines of pages that it read, word for word with their handles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.agent.answers.delivery import AnswerValidator
from workbench.agent.tools.context import ToolContext
from workbench.api.events import AnswerDone, Event, QuoteChecked
from workbench.memory.messages import StoredMessage
from workbench.models.extractive.sentences import is_heading, rarity, sentences, stems
from workbench.text.quotes import is_on_page

_QUOTES = 3
_READ = "The quotes are lines of what was read that share most with the question."


class PartialAnswer:
    """Ends a question at a cap with what there is by then, its quotes checked."""

    def __init__(self, space: ToolContext, validator: AnswerValidator) -> None:
        self._space = space
        self._validator = validator

    def events(self, detail: str, begun: str = "") -> list[Event]:
        """An answer of what was found, put into the queue: what had `begun` to stream, the model's notes, or else lines that it
        read. Nothing where nothing was noted or read."""
        notes, quotes = _notes(self._space), _quotes(self._space)
        events: list[Event] = []
        for text, what in (
            (begun, "The answer had begun."),
            (notes, "These are the findings noted so far."),
            (
                "\n".join(filter(None, [notes, *quotes])),
                _READ if not notes else f"These are the findings noted. {_READ}",
            ),
        ):
            if text.strip():
                events = self._validator.partial(text, f"Partial: {detail} {what}")
            if text.strip() and (text == begun or any(isinstance(one, QuoteChecked) for one in events)):
                break
        told = next((event.text for event in events if isinstance(event, AnswerDone)), "")
        if told and told != begun:
            body = {"content": told, "calls": [], "interrupted": True}
            self._space.memory.add("assistant", "assistant", body, step=self._space.step)
        return events


def _notes(space: ToolContext) -> str:
    """What the model noted in its task block."""
    return "\n".join(line.text for line in space.memory.working.block("task").lines if line.origin == "model")


def _quotes(space: ToolContext) -> list[str]:
    """The best line of each of the best passages of this question's results, evicted ones too."""
    messages = list(_of_question(space))
    passages = list(dict.fromkeys(passage for message in messages for passage in _shown(message)))
    if not passages:
        return []
    asked = stems(next((message.spoken for message in messages if message.kind == "user_message"), ""))
    texts = space.memory.texts(passages)
    best: list[tuple[float, int, str]] = []
    for at, passage in enumerate(passages):
        text = texts.get(passage, "")
        telling = [one for one in sentences(text) if is_on_page(one, text)]
        ranked = sorted((_shared(one, asked), -place, one) for place, one in enumerate(telling))
        if ranked:
            best.append((ranked[-1][0], -at, f'"{ranked[-1][2]}" [{space.memory.handle_of(passage)}]'))
    return list(dict.fromkeys(line for _, _, line in sorted(best, reverse=True)))[:_QUOTES]


def _shared(sentence: str, asked: frozenset[str]) -> float:
    """How much of the question a sentence says, rare words more; a heading says nothing."""
    return -1.0 if is_heading(sentence) else sum(rarity(word) for word in stems(sentence) & asked)


def _of_question(space: ToolContext) -> Iterator[StoredMessage]:
    """The messages of the branch since the question, the question first."""
    memory = space.memory
    first = memory.queue.question or 0
    since: Sequence[int] = [message for message in memory.branch if message >= first]
    here = {message.id: message for message in memory.queue.messages}
    gone = space.recorder.messages(memory.agent.id, [message for message in since if message not in here])
    stored = {message.id: message for message in gone}
    yield from (found for message in since if (found := here.get(message) or stored.get(message)))


def _shown(message: StoredMessage) -> tuple[int, ...]:
    page = message.body.get("archive")
    return tuple(hit["passage"] for hit in page["hits"]) if page else ()
