"""Views, report and protocol of the check of a text against its sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workbench.api.markdown_text import as_text

SUPPORTED, CONTRADICTED, PARTLY, NOT_FOUND, NO_CLAIM = "supported", "contradicted", "partly", "not found", "not a claim"
STATES = (CONTRADICTED, NOT_FOUND, PARTLY, SUPPORTED, NO_CLAIM)
"""What becomes of a sentence, what to look at first in front."""


@dataclass(frozen=True)
class Quote:
    """Words of a source and where they stand.

    `document` is a path, `page` counts from 1 and has the document's own label, `day` is the day that the document states
    (ISO 8601, "" for none).
    """

    text: str
    document: str
    page: int
    label: str | None = None
    passage: int = 0
    day: str = ""

    @property
    def where(self) -> str:
        """Document and page as people read them."""
        label = f" (label {self.label})" if self.label and self.label != str(self.page) else ""
        return f"{self.document} p. {self.page}{label}"


@dataclass(frozen=True)
class ValueDifference:
    """A value of the text and what a source states in its place; `kind` is number, date, name or code."""

    kind: str
    claimed: str
    stated: str


@dataclass(frozen=True)
class CheckedSentence:
    """A sentence of the text and what the sources say of it. `number` counts from 1, `line` is where it stands in the text.

    `quote` is the source's sentence that decided; `against` are sources that state another value of what one supports. `lacking`
    are words and values that the quote does not say; `why_not` says why a sentence claims nothing.
    """

    number: int
    text: str
    line: int
    state: str
    quote: Quote | None = None
    differences: tuple[ValueDifference, ...] = ()
    lacking: tuple[str, ...] = ()
    against: tuple[Quote, ...] = ()
    why_not: str = ""


@dataclass(frozen=True)
class ChangedFact:
    """A fact that two documents state differently: both sentences and the values that differ."""

    first: Quote
    second: Quote
    differences: tuple[ValueDifference, ...]


@dataclass(frozen=True)
class Comparison:
    """What differs between two documents.

    `same`, `only_first` and `only_second` count sentences; `first_day` and `second_day` are the days that the documents
    state, ISO 8601, "" for none.
    """

    first: str
    second: str
    first_day: str
    second_day: str
    changed: tuple[ChangedFact, ...]
    same: int
    only_first: int
    only_second: int


@dataclass(frozen=True)
class CheckProgress:
    """How far a check is; `again` sentences were known from a run before that was ended. `remaining_seconds` is None at first."""

    done: int
    total: int
    again: int
    seconds: float
    remaining_seconds: float | None = None


class CheckServiceProtocol(Protocol):
    """Checks texts against sources. It blocks: call it off the event loop."""

    def text_of(self, file: Path) -> str:
        """The text of a file of any kind that can be loaded. Raises UsageError with what is wrong."""
        ...

    def check(self, text: str, source: str = "", *, fresh: bool = False) -> Iterator[CheckProgress | CheckedSentence]:
        """Check a text: CheckProgress, then each sentence with a CheckProgress behind it.

        `source` "" is what the agent is attached to. What an earlier run knew is used, unless `fresh`. Raises UsageError,
        NotFound.
        """
        ...

    def compare(self, first: str, second: str, source: str = "") -> Comparison:
        """The facts that two documents, named by their paths, state differently. Raises NotFound, UsageError."""
        ...

    def stop(self) -> None:
        """End the check that runs after its present sentence; run again, it goes on there."""
        ...


def counts(sentences: Sequence[CheckedSentence]) -> dict[str, int]:
    """How many sentences are in each state."""
    by_state = Counter(item.state for item in sentences)
    return {state: by_state[state] for state in STATES}


def summary(sentences: Sequence[CheckedSentence]) -> str:
    """The counts as one line."""
    return ", ".join(f"{count} {state}" for state, count in counts(sentences).items() if count) or "no sentence"


def report(sentences: Sequence[CheckedSentence], title: str, source: str) -> str:
    """The check as Markdown: what was found of every sentence in their order, what needs a look first in its own list."""
    lines = [f"# Check of {as_text(title)}", "", f"Against {as_text(source)}: {summary(sentences)}.", ""]
    worth = [item for item in sentences if item.state in (CONTRADICTED, NOT_FOUND, PARTLY)]
    lines += ["## To look at", ""] if worth else []
    for item in worth:
        lines += [*_section(item), ""]
    lines += ["## All sentences", "", "| # | Line | Sentence | State | Source |", "| --- | --- | --- | --- | --- |"]
    for item in sentences:
        where = item.quote.where if item.quote else item.why_not
        lines.append(f"| {item.number} | {item.line} | {as_text(item.text)} | {item.state} | {as_text(where)} |")
    return "\n".join(lines) + "\n"


def _section(item: CheckedSentence) -> list[str]:
    lines = [f"### {item.number}. {item.state}, line {item.line}", "", f"Text: {as_text(item.text)}", ""]
    if item.quote is not None:
        lines += [f"> {as_text(item.quote.text)}", f"> — {as_text(item.quote.where)}", ""]
    lines += [
        f"- {one.kind}: the text says **{as_text(one.claimed)}**, the source **{as_text(one.stated)}**"
        for one in item.differences
    ]
    if item.lacking and item.state in (PARTLY, NOT_FOUND):
        lines.append(f"- not said there: {', '.join(as_text(word) for word in item.lacking)}")
    return lines


def comparison_report(comparison: Comparison) -> str:
    """A comparison as Markdown, both quotes of each changed fact below each other."""
    days = ((comparison.first, comparison.first_day), (comparison.second, comparison.second_day))
    names = [f"{as_text(name)}{f' ({day})' if day else ''}" for name, day in days]
    counts_line = (
        f"{len(comparison.changed)} changed, {comparison.same} the same, {comparison.only_first} only in the first, "
        f"{comparison.only_second} only in the second."
    )
    lines = [f"# {names[0]} and {names[1]}", "", counts_line]
    for number, fact in enumerate(comparison.changed, 1):
        changes = "; ".join(f"{one.kind} {as_text(one.claimed)} → {as_text(one.stated)}" for one in fact.differences)
        lines += ["", f"## {number}. {changes}", ""]
        for quote in (fact.first, fact.second):
            lines += [f"> {as_text(quote.text)}", f"> — {as_text(quote.where)}", ""]
    return "\n".join(lines).rstrip("\n") + "\n"
