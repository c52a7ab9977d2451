"""Writes the reader's messages: quotes with handles, the nearest passages when it is not sure, or that nothing was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from workbench.models.extractive.answer_ranking import QUOTES, Ranking
from workbench.models.extractive.evidence import Unit
from workbench.models.extractive.features import roots
from workbench.models.extractive.prompt_parser import Note, View
from workbench.text.dates import with_iso_days

NOT_FOUND = "Not found in the documents."
NOT_SURE = "Not sure. The nearest passages:"
CITATIONS = QUOTES
"""Quotes an answer may have: more would be a search result, not an answer."""

_MOST_TERMS = 8
_MOST_MISSING = 4
_WANTED = {
    "date": "when: they name no date or year for it",
    "number": "how many or how much: they give no number for it",
    "person": "who: they name nobody for it",
    "place": "where: they name no place for it",
    "reason": "why: they give no reason for it",
    "definition": "what it is",
}


class Quotable(Protocol):
    """Anything that can be quoted: a sentence with the handle of its passage."""

    @property
    def text(self) -> str: ...
    @property
    def handle(self) -> str: ...


def quoted(units: Sequence[Quotable], remark: str = "") -> str:
    """Sentences as quotes with their handles, and a remark of ours on them."""
    lead = "The documents say:" if len(units) > 1 else "The document says:"
    return "\n".join(
        [f"I quote and do not reason. {lead}", *(quote(unit) for unit in units), *([remark] if remark else [])]
    )


def unsure(units: Sequence[Quotable], lacks: str) -> str:
    """The nearest passages as quotes, and what they do not say."""
    return "\n".join([NOT_SURE, *(quote(unit) for unit in units), *([lacks] if lacks else [])])


def read_through(form: str, units: Sequence[Quotable], passages: int, total: int, swept: str = "") -> str:
    """A list, a count or a summary: its quotes, and how much was read for it. `swept` says what a sweep covered."""
    more = "; a sweep (/sweep WORDS) reads everything" if total > passages and not swept else ""
    read = f"Of {total:,} passages found I read {passages:,}{more}{f'; a sweep {swept}' if swept else ''}."
    if form == "list":
        lead = f"I quote and do not reason. {read} These lines name what is asked:"
    elif form == "count":
        lead = f"I quote and do not reason. {read} {len(units)} lines name what is asked:"
    else:
        lead = "I only quote and cannot summarise. Each part that I read opens like this:"
    return "\n".join([lead, *(quote(unit) for unit in units)])


def lacking(ranking: Ranking) -> str:
    """A sentence about what the nearest passages do not say: the kind of answer asked for, or words of the question."""
    wanted = _WANTED.get(ranking.asked.kind)
    if wanted and not any(ranking.feature("kind_met", at) > 0.5 for at in range(min(3, len(ranking.candidates)))):
        return f"They do not say {wanted}."
    code, dated = ranking.asked.language.code, ranking.asked.dated
    near = [with_iso_days(one.window) if dated else one.window for one in ranking.candidates[:3]]
    forms = {form for text in near for form in roots(text, code)}
    missing = [word for term, word in ranking.asked.surface.items() if term not in forms][:_MOST_MISSING]
    return f"These passages do not mention: {', '.join(missing)}." if missing else ""


def end_of_chain(record: str, handle: str) -> str:
    """The record that leads no further."""
    return f'I quote and do not reason. The chain ends here:\n"{record}" [{handle}]'


def quote(unit: Quotable) -> str:
    """A quote as the citation verifier reads it."""
    return f'"{unit.text}" [{unit.handle}]'


def not_found(words: Sequence[str], queries: Sequence[str]) -> str:
    """That the documents do not say, and what was looked for."""
    sought = ", ".join(words[:_MOST_TERMS])
    times = f"{len(queries)} times" if len(queries) > 1 else "once"
    return f"{NOT_FOUND} I searched {times}, for: {sought}." if sought else NOT_FOUND


TASK_CHARS = 1_900
"""What the task block is filled to at an 8k window; it shrinks with the window."""


def room(view: View) -> int:
    """How many characters the task block may hold."""
    return min(TASK_CHARS, view.window_tokens // 4)


def note_line(found: Unit | Note) -> str:
    """A finding as one line, which `view.parse_notes` reads again."""
    quote = found.text if isinstance(found, Unit) else found.quote
    return f'[{found.handle}] {found.document} p.{found.document_page}: "{quote}"'
