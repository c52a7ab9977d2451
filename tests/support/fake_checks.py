"""Stand in for the check of texts and for tables of answers on the screen: they say what they were given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.api.check import CheckedSentence, CheckProgress, Comparison
from workbench.api.question_table import AnswerRow, AnswerTable, Cell, Column, TableProgress


@dataclass
class FakeChecks:
    """Implements CheckServiceProtocol."""

    found: Sequence[CheckedSentence] = ()
    text: str = "The rent is 900 euros."
    stops: int = 0

    def text_of(self, file: Path) -> str:
        """The text, whatever the file."""
        return self.text

    def check(self, text: str, source: str = "", *, fresh: bool = False) -> Iterator[CheckProgress | CheckedSentence]:
        """What was given, one after the other."""
        for number, item in enumerate(self.found, 1):
            yield item
            yield CheckProgress(number, len(self.found), 0, float(number))

    def compare(self, first: str, second: str, source: str = "") -> Comparison:
        """Nothing changed."""
        return Comparison(first, second, "", "", (), 0, 0, 0)

    def stop(self) -> None:
        """Counted."""
        self.stops += 1


@dataclass
class FakeQuestionTables:
    """Implements QuestionTableProtocol."""

    cells: Sequence[Cell] = ()
    again: Cell | None = None
    stops: int = 0

    def columns(self, text: str) -> Sequence[Column]:
        """A column a line."""
        return tuple(Column(line, line) for line in text.splitlines() if line)

    def run(
        self, columns: Sequence[Column], source: str, *, model: str = "", fresh: bool = False
    ) -> Iterator[TableProgress | Cell]:
        """The cells that were given, one after the other."""
        for number, cell in enumerate(self.cells, 1):
            yield cell
            yield TableProgress(number, len(self.cells), 0, float(number), None, None)

    def table(self, columns: Sequence[Column], source: str, *, model: str = "") -> AnswerTable:
        """The cells that were given, by document."""
        documents = list(dict.fromkeys(cell.document for cell in self.cells))
        rows = tuple(AnswerRow(name, tuple(cell for cell in self.cells if cell.document == name)) for name in documents)
        return AnswerTable(source, "reader", tuple(columns), rows, len(self.cells), len(self.cells), 1.0)

    def ask_again(self, columns: Sequence[Column], source: str, document: str, column: str, *, model: str = "") -> Cell:
        """The cell that was given for it."""
        return self.again or Cell(document, column)

    def stop(self) -> None:
        """Counted."""
        self.stops += 1
