"""Cursors keep a whole result from its first page on, so that later pages continue it whatever changes underneath."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from workbench.storage import archive
from workbench.storage.database import Clock
from workbench.storage.write_ahead_log import Update

KEPT = 64
"""Results that are kept for one reader."""

_IN_MEMORY = 256


class UpdateLog(Protocol):
    """Takes what is to be written for a reader: with an agent's next commit, or at once."""

    def later(self, update: Update) -> None:
        """Write an update, now or with the next commit."""
        ...


@dataclass(frozen=True)
class Reader:
    """Who pages through results: each reader continues what it saw itself. `agent` is the id of an agent, 0 for none.

    `log` writes what outlives the process; None keeps results in memory only.
    Results older than `lifetime` are looked up anew.
    """

    name: str = ""
    agent: int = 0
    log: UpdateLog | None = None
    lifetime: timedelta | None = None


NOBODY = Reader()


@dataclass(frozen=True)
class Cursor:
    """A whole result by reference: passages best first, scores (none where nothing was scored), and where its pages start.

    `spans` are the characters shown of each passage, empty for all of it; `why` is how each score came about, as numbers.
    """

    ids: tuple[int, ...]
    scores: tuple[float, ...]
    starts: tuple[int, ...]
    exact: bool
    searched: int
    why: tuple[tuple[Any, ...], ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    note: str = ""

    def bounds(self, number: int) -> slice:
        """Which of the results stand on page `number`, from 0."""
        ends = (*self.starts, len(self.ids))
        return slice(ends[number], ends[number + 1])

    def dump(self) -> str:
        """As it is stored: JSON, packed."""
        same = len(set(self.scores)) == 1
        value = [
            self.ids, self.scores[:1] if same else self.scores, self.starts, self.exact, self.searched,
            [[round(part, 6) if isinstance(part, float) else part for part in row] for row in self.why[:KEPT * 4]],
            self.spans, self.note,
        ]  # fmt: skip
        return base64.b64encode(zlib.compress(json.dumps(value).encode(), 1)).decode()

    @classmethod
    def load(cls, text: str) -> Cursor:
        """The inverse of `dump`."""
        ids, scores, starts, exact, searched, why, spans, note = json.loads(zlib.decompress(base64.b64decode(text)))
        scores = scores * len(ids) if len(scores) == 1 else scores
        return cls(
            tuple(ids), tuple(scores), tuple(starts), bool(exact), int(searched), tuple(tuple(row) for row in why),
            tuple((int(start), int(end)) for start, end in spans), str(note),
        )  # fmt: skip


class Cursors:
    """The results that readers page through. Thread-safe."""

    def __init__(self, stored: archive.Cursors, clock: Clock) -> None:
        self._repository = stored
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, str, str], tuple[Cursor, datetime]] = OrderedDict()

    def get(self, reader: Reader, query: str, beside: Reader | None = None) -> Cursor | None:
        """What this reader saw of this query (its whole call, page apart), or None; what `beside` saw, if that is newer."""
        readers = (reader, beside) if beside else (reader,)
        dated_cursors = [dated for item in readers if (dated := self._dated(item, query))]
        return max(dated_cursors, key=lambda dated: dated[1])[0] if dated_cursors else None

    def _dated(self, reader: Reader, query: str) -> tuple[Cursor, datetime] | None:
        key = (reader.agent, reader.name, query)
        with self._lock:
            cursor = self._known.get(key)
        if cursor is None and reader.log is not None:
            cursor = self._stored(reader, query)
            if cursor is not None:
                self._remember(key, cursor)
        if cursor is None or (reader.lifetime is not None and self._clock() - cursor[1] > reader.lifetime):
            return None
        return cursor

    def put(self, reader: Reader, query: str, cursor: Cursor) -> None:
        """This reader has read the first page of a result. What fits one page needs no keeping after a restart."""
        now = self._clock()
        self._remember((reader.agent, reader.name, query), (cursor, now))
        if reader.log is not None:
            row = [reader.agent, reader.name, _slot(query), query, cursor.dump() if len(cursor.starts) > 1 else "", now]
            reader.log.later(("cursor", row))

    def drop(self, agent: int | None = None) -> None:
        """Keep nothing in memory of an agent that is gone, whose number another may get; of any reader without a number."""
        with self._lock:
            for key in [key for key in self._known if agent is None or key[0] == agent]:
                del self._known[key]

    def _remember(self, key: tuple[int, str, str], value: tuple[Cursor, datetime]) -> None:
        with self._lock:
            self._known[key] = value
            self._known.move_to_end(key)
            while len(self._known) > _IN_MEMORY:
                self._known.popitem(last=False)

    def _stored(self, reader: Reader, query: str) -> tuple[Cursor, datetime] | None:
        row = self._repository.get(reader.agent, reader.name, _slot(query))
        if row is None or row.query != query or not row.body:
            return None
        return Cursor.load(row.body), row.created


def _slot(query: str) -> int:
    """One of `KEPT` places: what is kept for a reader is bounded, and nothing is ever searched for to be deleted."""
    return int.from_bytes(hashlib.sha256(query.encode("utf-8", "surrogatepass")).digest()[:4], "big") % KEPT
