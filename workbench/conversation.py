"""A conversation as Markdown: events come in, lines go out: questions, answers, and their checked citations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workbench.events import AnswerDone, Event, Loaded, QuestionAsked, Stopped
from workbench.foreign import clean


def markdown_lines(agent: str, events: Iterable[Event]) -> Iterator[str]:
    """A conversation as Markdown: questions, answers, and their checked citations."""
    yield f"# {clean(agent)}"
    for event in events:
        if isinstance(event, QuestionAsked):
            yield from ("", f"## {' '.join(clean(event.text).split())}", "")
        elif isinstance(event, AnswerDone):
            yield clean(event.text)
            yield ""
            for citation in event.citations:
                quote = " ".join(citation.quote.split())
                yield clean(f"{citation.number}. {citation.where}: “{quote}”")
            yield from _standing(event)
            yield from (f"> {clean(note)}" for note in event.notes)
        elif isinstance(event, Stopped):
            yield f"*Stopped: {clean(event.detail or event.reason)}*"
        elif isinstance(event, Loaded):
            yield f"*Loaded {clean(event.source)}: {event.documents:,} documents, {event.passages:,} passages*"


def _standing(answer: AnswerDone) -> Iterator[str]:
    """How far an answer rests on quotes, and its lines that rest on none, word for word."""
    if answer.standing:
        yield f"> {answer.standing}"
    lines = answer.text.split("\n")
    for number in answer.unquoted:
        if 0 < number <= len(lines):
            yield f"> Not quoted, line {number}: “{' '.join(clean(lines[number - 1]).split())}”"
    for quote in answer.false_quotes:
        yield f"> Not found on any page that was read: “{' '.join(clean(quote).split())}”"
