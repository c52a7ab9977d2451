"""Keeps the texts of rows that a search of the database comes upon, each read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

TextAndKeys = tuple[str, tuple[str, ...]]
"""The text of a passage, and the keys that it is called by."""


class FetchedTexts:
    """The texts of snapshot.View, for views without an index."""

    def __init__(self) -> None:
        self._texts: dict[int, TextAndKeys] = {}

    def _passages_of(self, rows: Sequence[int]) -> list[int]:
        """The ids of the passages in these rows."""
        raise NotImplementedError

    def _read(self, passages: Sequence[int]) -> Mapping[int, TextAndKeys]:
        """The texts of passages by their ids; one that is not there any more is missing."""
        raise NotImplementedError

    def text_of(self, row: int) -> str:
        """The text of a row."""
        return self.texts_of([row])[0]

    def called_of(self, row: int) -> tuple[str, ...]:
        """The keys that a row is called by, its document's title first."""
        return self.calls_of([row])[0]

    def texts_of(self, rows: Sequence[int]) -> list[str]:
        """The text of each row."""
        self.fetch(rows)
        return [self._texts[row][0] for row in rows]

    def calls_of(self, rows: Sequence[int]) -> list[tuple[str, ...]]:
        """What each row is called by."""
        self.fetch(rows)
        return [self._texts[row][1] for row in rows]

    def fetch(self, rows: Iterable[int]) -> None:
        """Read these rows at once: one by one takes longer."""
        missing = [row for row in dict.fromkeys(rows) if row not in self._texts]
        if missing:
            ids = self._passages_of(missing)
            texts = self._read(ids)
            self._texts.update((row, texts.get(key, ("", ()))) for row, key in zip(missing, ids, strict=True))
