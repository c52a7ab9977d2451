"""Stands in for the check of texts on the screen: it says what it was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.api.check import CheckedSentence, CheckProgress


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

    def stop(self) -> None:
        """Counted."""
        self.stops += 1
