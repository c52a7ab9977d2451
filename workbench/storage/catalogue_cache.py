"""Keeps what the catalogue says of single documents, passages or pages, for as long as the catalogue is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class CatalogueCache(Generic[K, V]):
    """Values by key; only keys that are new are read. Thread-safe: what is kept is replaced as a whole.

    The steps of an agent ask for nearly the same few again and again, and planning a query takes DuckDB a millisecond.
    """

    def __init__(self, catalogue: Callable[[], int], read: Callable[[Sequence[K]], Mapping[K, V]], most: int) -> None:
        """`catalogue` rises when anything may have changed; a request for more than `most` keys is read and not kept."""
        self._catalogue, self._read, self._most = catalogue, read, most
        self._kept: tuple[int, Mapping[K, V | None]] = -1, {}

    def get(self, keys: Iterable[K]) -> dict[K, V]:
        """The values of keys, in the order of the keys; those without one are missing."""
        wanted = list(dict.fromkeys(keys))
        if len(wanted) > self._most:
            return dict(self._read(wanted))
        now = self._catalogue()
        seen, kept = self._kept
        known = kept if seen == now else {}
        if missing := [key for key in wanted if key not in known]:
            if len(known) + len(missing) > self._most:
                known = {key: known[key] for key in wanted if key in known}
            values = self._read(missing)
            known = {**known, **{key: values.get(key) for key in missing}}
            self._kept = now, known
        return {key: value for key in wanted if (value := known[key]) is not None}

    def clear(self) -> None:
        """Keep nothing."""
        self._kept = -1, {}
