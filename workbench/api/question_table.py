"""Views and protocol of a table of answers: the same questions asked of every document of a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workbench.core.errors import UsageError

FOUND, UNSURE, NOT_FOUND, FAILED, OPEN = "found", "not sure", "not found", "failed", "open"
"""What becomes of a cell; an open one was not asked yet."""


@dataclass(frozen=True)
class Column:
    """A column: its name, the question, and the kind of value wanted: text, number, date or yes/no."""

    name: str
    question: str
    kind: str = "text"


@dataclass(frozen=True)
class Evidence:
    """A quote and where it stands: page from 1, with the document's own label, and the passage."""

    quote: str
    page: int
    label: str | None = None
    passage: int = 0


@dataclass(frozen=True)
class Cell:
    """The answer of one document to one question.

    `value` is what people read, `typed` the normalised value of a typed column (plain digits, an ISO date, yes or no), `unit` what a
    number counts. `verified` is True where the value stands in a quote that was found on its page. Of a cell that is not sure,
    `evidence` are the nearest quotes and `note` says why it is not. `cost` is None where there are no prices.
    """

    document: str
    column: str
    state: str = OPEN
    value: str = ""
    typed: str = ""
    unit: str = ""
    verified: bool = False
    evidence: tuple[Evidence, ...] = ()
    confidence: float | None = None
    note: str = ""
    seconds: float = 0.0
    cost: float | None = None

    @property
    def shown(self) -> str:
        """The cell as one line: its value, or honestly that there is none."""
        if self.state == FOUND:
            return self.value if self.verified else f"{self.value} (not verified)"
        if self.state == UNSURE and self.evidence:
            return f"not sure: nearest p. {self.evidence[0].page}"
        return "" if self.state == OPEN else self.state


@dataclass(frozen=True)
class AnswerRow:
    """A document and its cells in the order of the columns."""

    document: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class AnswerTable:
    """The whole table as far as it is known. `done` cells of `total` were asked; seconds and cost are those of all of them."""

    source: str
    model: str
    columns: tuple[Column, ...]
    rows: tuple[AnswerRow, ...]
    done: int
    total: int
    seconds: float
    cost: float | None = None


@dataclass(frozen=True)
class TableProgress:
    """How far a run is; `again` cells were known from a run before. The cell that is asked now is named, "" at the end."""

    done: int
    total: int
    again: int
    seconds: float
    cost: float | None
    remaining_seconds: float | None
    document: str = ""
    column: str = ""


_MOST_BYTES = 1_000_000


def question_lines(file: Path) -> str:
    """The text of a question file, read where the person is. Raises UsageError when it cannot be read or is no text."""
    try:
        with file.expanduser().open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}.", "Name a text file with a question a line."
        ) from None
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{file} is longer than {_MOST_BYTES:,} bytes.", "Ask its questions in several files.")
    if b"\0" in data:
        raise UsageError(f"{file} is no text file.", "Write one question a line into a text file.")
    return data.decode("utf-8-sig", "replace")


class QuestionTableProtocol(Protocol):
    """Tables of answers. It blocks: call it off the event loop."""

    def columns(self, text: str) -> Sequence[Column]:
        """The columns that the lines of a question file ask for. Raises UsageError when there is none, or one is wrong."""
        ...

    def run(
        self, columns: Sequence[Column], source: str, *, model: str = "", fresh: bool = False
    ) -> Iterator[TableProgress | Cell]:
        """Ask every document every question: TableProgress before each cell, then the Cell.

        Cells that are known from a run before come at once, unless `fresh`. Raises UsageError, NotFound.
        """
        ...

    def table(self, columns: Sequence[Column], source: str, *, model: str = "") -> AnswerTable:
        """What is known of a table. Raises NotFound."""
        ...

    def ask_again(self, columns: Sequence[Column], source: str, document: str, column: str, *, model: str = "") -> Cell:
        """Ask one cell anew. Raises UsageError, NotFound."""
        ...

    def stop(self) -> None:
        """End the run after its present cell; run again, it goes on there."""
        ...
