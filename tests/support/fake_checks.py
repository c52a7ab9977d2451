"""Stand in for the check of texts and for tables of answers on the screen: they say what they were given."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench.api.check import ChangedFact, CheckedSentence, CheckProgress, Comparison
from workbench.api.question_table import OPEN, AnswerRow, AnswerTable, Cell, Column, TableProgress
from workbench.core.errors import WorkbenchError

WAIT_SECONDS = 60.0


def opened() -> threading.Event:
    """A gate that stands open; a test that closes it looks at what runs."""
    gate = threading.Event()
    gate.set()
    return gate


@dataclass
class FakeChecks:
    """Implements CheckServiceProtocol: what `found` says, the last sentence of it behind `gate`; `changed` between two documents."""

    found: Sequence[CheckedSentence] = ()
    changed: Sequence[ChangedFact] = ()
    text: str = "The rent is 900 euros."
    stops: int = 0
    gate: threading.Event = field(default_factory=opened)
    asked: list[tuple[str, str]] = field(default_factory=list)
    fault: WorkbenchError | None = None

    def text_of(self, file: Path) -> str:
        """The text, whatever the file."""
        return self.text

    def check(self, text: str, source: str = "", *, fresh: bool = False) -> Iterator[CheckProgress | CheckedSentence]:
        """What was given, one after the other."""
        self.asked.append((text, source))
        if self.fault is not None:
            raise self.fault
        stops = self.stops
        yield CheckProgress(0, len(self.found), 0, 0.0)
        for number, item in enumerate(self.found, 1):
            if number == len(self.found):
                self.gate.wait(WAIT_SECONDS)
            if self.stops > stops:
                return
            yield item
            yield CheckProgress(number, len(self.found), 0, float(number))

    def compare(self, first: str, second: str, source: str = "") -> Comparison:
        """What was given, of these two."""
        self.asked.append((f"{first} {second}", source))
        if self.fault is not None:
            raise self.fault
        return Comparison(first, second, "2019-01-01", "2021-05-01", tuple(self.changed), 41, 3, 5)

    def stop(self) -> None:
        """Counted; what waits behind the gate ends."""
        self.stops += 1
        self.gate.set()


@dataclass
class FakeQuestionTables:
    """Implements QuestionTableProtocol: `cells` are the answers, the last one behind `gate`; `again` answers one anew."""

    cells: Sequence[Cell] = ()
    heads: Sequence[Column] = ()
    again: Cell | WorkbenchError | None = None
    stops: int = 0
    gate: threading.Event = field(default_factory=opened)
    known: set[tuple[str, str]] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def columns(self, text: str) -> Sequence[Column]:
        """Those that were given, else a column a line."""
        self.asked.append(text)
        return tuple(self.heads) or tuple(Column(line, line) for line in text.splitlines() if line)

    def run(
        self, columns: Sequence[Column], source: str, *, model: str = "", fresh: bool = False
    ) -> Iterator[TableProgress | Cell]:
        """The cells that were given, one after the other."""
        stops, total = self.stops, len(self.cells)
        for number, cell in enumerate(self.cells):
            if (cell.document, cell.column) not in self.known:
                yield TableProgress(number, total, 0, float(number), None, 12.0, cell.document, cell.column)
                if number == total - 1:
                    self.gate.wait(WAIT_SECONDS)
            if self.stops > stops:
                return
            self.known.add((cell.document, cell.column))
            yield cell
        yield TableProgress(total, total, 0, float(total), None, None)

    def table(self, columns: Sequence[Column], source: str, *, model: str = "") -> AnswerTable:
        """The cells that are known, by document; the others are open."""
        documents = list(dict.fromkeys(cell.document for cell in self.cells))
        cells = [
            cell if (cell.document, cell.column) in self.known else Cell(cell.document, cell.column, OPEN)
            for cell in self.cells
        ]
        rows = tuple(AnswerRow(name, tuple(cell for cell in cells if cell.document == name)) for name in documents)
        return AnswerTable(source, "reader", tuple(columns), rows, len(self.known), len(cells), 1.0)

    def ask_again(self, columns: Sequence[Column], source: str, document: str, column: str, *, model: str = "") -> Cell:
        """The cell that was given for it."""
        self.asked.append(f"{document} {column}")
        if isinstance(self.again, WorkbenchError):
            raise self.again
        return replace(self.again, document=document, column=column) if self.again else Cell(document, column)

    def stop(self) -> None:
        """Counted; what waits behind the gate ends."""
        self.stops += 1
        self.gate.set()
