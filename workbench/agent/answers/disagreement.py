"""Finds documents that state another number, date or name of what an answer quotes, and says so with both quotes, newest first.

Two versions of a contract or a report disagree exactly there; who reads an answer must know that another document says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from workbench.agent.answers.claim_check import CONTRADICTED, Finding, find
from workbench.agent.answers.source_sentences import SourceSentence
from workbench.models.extractive.names import names

LEAST_SHARED = 0.8
"""How much of a quote, its other value apart, another document must say for the two to speak of the same thing."""

_MOST = 3


@dataclass(frozen=True)
class Statement:
    """What a document states: the sentence, the document's path and day, and the page from 1."""

    text: str
    document: str
    page: int
    day: date | None = None

    @property
    def told(self) -> str:
        """The statement with where it stands and from when its document is."""
        dated = f", {self.day.isoformat()}" if self.day else ""
        return f"“{' '.join(self.text.split())[:200]}” ({self.document} p. {self.page}{dated})"


def others_that_disagree(quote: str, sentences: Iterable[SourceSentence]) -> list[Finding]:
    """The sentences that say nearly all of a quote with another value in the same place, one a document, the nearest first.

    Nothing where another document states the quote's own value beside: then it speaks of several things.
    """
    found: dict[int, Finding] = {}
    for item in find(quote, list(sentences)):
        if item.sentence is None or item.sentence.document in found:
            continue
        found[item.sentence.document] = item
    return [item for item in found.values() if _contradicts(quote, item)][:_MOST]


def _contradicts(quote: str, item: Finding) -> bool:
    """Whether one value differs and all else is the same: other names beside it, or a second value, speak of something else."""
    if item.state != CONTRADICTED or item.sentence is None or item.share < LEAST_SHARED or len(item.differences) != 1:
        return False
    other = item.differences[0]
    return _names(quote, other.claimed) == _names(item.sentence.text, other.stated)


def _names(text: str, value: str) -> frozenset[str]:
    """The words of the names of a text, without the value that differs."""
    words = {word for name in names(text) for word in name.casefold().split()}
    return frozenset(words - set(value.casefold().split()))


def note(quoted: Statement, others: Sequence[Statement]) -> str:
    """One remark on an answer: all statements, those of the newest document first."""
    ordered = sorted((quoted, *others), key=lambda one: one.day or date.min, reverse=True)
    return "Documents disagree: " + " against ".join(one.told for one in ordered) + "."


def statements(findings: Sequence[Finding], paths: Mapping[int, str], days: Mapping[int, date]) -> list[Statement]:
    """What the sentences of findings state."""
    return [
        Statement(one.text, paths[one.document], one.page, days.get(one.document))
        for item in findings
        if (one := item.sentence) is not None and one.document in paths
    ]
