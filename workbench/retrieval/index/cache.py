"""Keeps the index in memory in step with the archive, and gives each search a view of its documents.

Few new passages are added at once; many in the background, and what does not fit the budget of memory is never added:
in both cases there is no view, and the search goes to the database itself.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.storage.archive import ArchivalStorage
from workbench.storage.bulk_insert import DIMENSIONS

if TYPE_CHECKING:
    import numpy as np

    from workbench.retrieval.index.builder import SearchIndex
    from workbench.retrieval.index.snapshot import Snapshot

AT_ONCE = 3_000
"""Passages that a search adds itself: about a tenth of a second. More are added in the background."""

_BYTES_OF_A_NUMBER = 5
"""Of a vector: four, and one in its code."""
_BYTES_OF_A_PASSAGE = _BYTES_OF_A_NUMBER * DIMENSIONS + 56
_BYTES_OF_A_CHARACTER = 1.8
_DEAD_SHARE = 0.25
_PATIENCE_SECONDS = 0.2


@dataclass(frozen=True)
class IndexStatus:
    """What the index holds and takes; `wanted_bytes` is what something asked for would take, about, and `seconds` is how
    long the last passages took that were added in the background."""

    passages: int
    bytes: int
    budget_bytes: int
    wanted_bytes: int
    building: bool
    seconds: float

    @property
    def fits(self) -> bool:
        """Whether what was asked for may be held in memory."""
        return self.wanted_bytes <= self.budget_bytes


class LiveIndex:
    """One index for all agents of a process. Thread-safe; nothing of it is ever stored."""

    def __init__(self, archive: ArchivalStorage, budget_bytes: int) -> None:
        self._archive = archive
        self._budget_bytes = budget_bytes
        self._lock = threading.RLock()
        self._index: SearchIndex | None = None
        self._held: frozenset[int] = frozenset()
        self._bare: frozenset[int] = frozenset()
        self._known: tuple[frozenset[int], frozenset[int]] = frozenset(), frozenset()
        self._sizes: dict[int, tuple[int, int]] = {}
        self._seen = -1
        self._wanted_bytes = 0
        self._worker: threading.Thread | None = None
        self._failed: frozenset[int] | None = None
        self._erased: frozenset[int] = frozenset()
        self._closing = threading.Event()
        self._seconds = 0.0

    def view(self, documents: frozenset[int]) -> Snapshot | None:
        """Everything that is committed now of these documents; None when the index is not, or never, ready for that:

        then what is missing is being added in the background for later searches, if it may be.
        """
        with self._lock:
            now = self._archive.catalogue
            missing = documents - self._held if not self._has(documents) else frozenset()
            stale = self._newly_embedded() if self._bare and now != self._seen else frozenset()
            if missing or stale:
                if self._building or documents == self._failed or not self._fits(documents):
                    return None
                if len(stale) + self._passages(missing) > AT_ONCE:
                    self._run(lambda: self._build(documents))
                    return None
                self._add(missing, stale)
            self._seen, self._known = now, (documents, self._held)
            index = self._empty()
            if not self._building and index.dead > max(AT_ONCE, _DEAD_SHARE * len(index.snapshot.ids)):
                self._run(self._rebuild)
            return index.view(documents)

    def prepare(self, look: Callable[[], frozenset[int]]) -> None:
        """Have the documents that `look` gives ready for later searches, without waiting, when they are many."""
        with self._lock:
            if not self._building and not self._closing.is_set():
                self._run(lambda: self._prepare(look))

    def wait(self, seconds: float = 600.0) -> bool:
        """Wait for what is being built; whether it is done."""
        worker = self._worker
        if worker is not None:
            worker.join(seconds)
        return not self._building

    def release(self, documents: frozenset[int]) -> None:
        """Let go of everything but these documents, once that is worth it."""
        with self._lock:
            self._held &= documents
            if self._index is None or self._building:
                return
            if not self._held:
                self._index, self._bare = None, frozenset()
                return
            rows = len(self._index.snapshot.ids)
            if rows - self._passages(self._held) > _DEAD_SHARE * rows:
                self._index = None
                held, self._held, self._bare = self._held, frozenset(), frozenset()
                self.view(held)

    def erase(self, documents: Iterable[int]) -> None:
        """Keep nothing of these documents; what is being built of them lets go of them as soon as it is ready."""
        with self._lock:
            self._erased |= frozenset(documents)  # for good: no number is given again
            self._drop_erased()

    def renew(self, documents: Iterable[int]) -> None:
        """The vectors of these documents are others now: what is held of them is added anew by the next search."""
        with self._lock:
            self._held -= frozenset(documents)

    def status(self, documents: frozenset[int] | None = None) -> IndexStatus:
        """What it holds and takes now; with `documents`, what these would take, in place of what was last searched."""
        index = self._index
        wanted = self._wanted_bytes if documents is None else self._estimate(documents)
        held = index.snapshot.bytes if index is not None else 0
        passages = len(index) if index is not None else 0
        return IndexStatus(passages, held, self._budget_bytes, wanted, self._building, self._seconds)

    def close(self) -> None:
        """Stop what is being built."""
        self._closing.set()
        self.wait(30.0)

    # -- inside ---------------------------------------------------------------------------------------------------

    @property
    def _building(self) -> bool:
        return self._worker is not None and self._worker.is_alive()

    def _has(self, documents: frozenset[int]) -> bool:
        """Whether the very same set was found to be held: to compare a hundred thousand takes longer than a search."""
        return documents is self._known[0] and self._held is self._known[1]

    def _empty(self, rows: int = 0) -> SearchIndex:
        from workbench.retrieval.index.builder import SearchIndex

        if self._index is None:
            self._index = SearchIndex(DIMENSIONS, rows)
        return self._index

    def _passages(self, documents: Iterable[int]) -> int:
        return sum(self._sizes[document][0] for document in self._measured(documents))

    def _measured(self, documents: Iterable[int]) -> list[int]:
        """The documents that are stored, their passages and characters now known."""
        new = [document for document in documents if document not in self._sizes]
        if new:
            self._sizes.update(self._archive.bulk.sizes_of(new))
        return [document for document in documents if document in self._sizes]

    def _fits(self, documents: frozenset[int]) -> bool:
        """Whether these documents may be in memory, alone if they must."""
        self._wanted_bytes = self._estimate(documents)
        if self._wanted_bytes > self._budget_bytes:
            return False
        if self._estimate(documents | self._held) > self._budget_bytes:
            self._index, self._held, self._bare = None, frozenset(), frozenset()
        return True

    def _estimate(self, documents: Iterable[int]) -> int:
        known = self._measured(documents)
        characters = sum(self._sizes[document][1] for document in known)
        passages = self._passages(known)
        vectors = passages * self._others_bytes(known)
        return passages * _BYTES_OF_A_PASSAGE + int(vectors + characters * _BYTES_OF_A_CHARACTER)

    def _others_bytes(self, documents: Sequence[int]) -> float:
        """What vectors of registered models take for each passage, about: as if documents had equally many passages."""
        models = self._archive.models.all()
        if not models or not documents:
            return 0.0
        counts = self._archive.models.among(documents)
        numbers = sum(models[name].dimensions * count for name, count in counts.items() if name in models)
        return _BYTES_OF_A_NUMBER * numbers / len(documents)

    def _newly_embedded(self) -> frozenset[int]:
        return frozenset(self._archive.bulk.embedded(self._bare).tolist())

    def _run(self, job: Callable[[], None]) -> None:
        self._worker = threading.Thread(target=job, name="index", daemon=True)
        self._worker.start()

    def _prepare(self, look: Callable[[], frozenset[int]]) -> None:
        if self._closing.wait(_PATIENCE_SECONDS):  # a command that attaches and ends needs no index
            return
        documents = look()
        with self._lock:
            wanted = self._passages(documents - self._held) > AT_ONCE and self._fits(documents)
        if wanted:
            self._build(documents)

    def _drop_erased(self) -> None:
        if self._index is not None and self._erased:
            self._index.erase(self._erased)
        self._held -= self._erased

    def _build(self, documents: frozenset[int]) -> None:
        import pyarrow

        started = time.monotonic()
        try:
            stale = self._newly_embedded() if self._bare else frozenset()
            self._add(documents - self._held, stale)
            self._seconds = time.monotonic() - started
            pyarrow.default_memory_pool().release_unused()
            self._archive.bulk.shrink()
        except Exception:
            if not self._closing.is_set():  # searched in the database from now on
                self._failed = documents
                logging.getLogger(__name__).exception("The search index could not be built.")
        finally:
            with self._lock:
                self._drop_erased()

    def _rebuild(self) -> None:
        """Make the index anew, without the rows that are kept and cannot be found; the old one serves meanwhile."""
        from workbench.retrieval.index.builder import SearchIndex

        with contextlib.suppress(Exception):  # the old one goes on
            ids = self._archive.bulk.passages_of(self._held)
            index = SearchIndex(DIMENSIONS, len(ids))
            bare = self._fill(index, ids)
            with self._lock:
                if bare is not None:
                    self._index, self._bare = index, bare
                self._drop_erased()

    def _add(self, documents: frozenset[int], passages: Iterable[int]) -> None:
        """Add these documents, and these passages anew."""
        import numpy as np

        self._archive.bulk.renew_terms()
        ids = self._archive.bulk.passages_of(documents)
        ids = np.union1d(ids, np.fromiter(passages, dtype=np.int64))
        bare = self._fill(self._empty(len(ids)), ids)
        if bare is not None:
            with self._lock:
                self._held |= documents
                self._bare = (self._bare - frozenset(passages)) | bare

    def _fill(self, index: SearchIndex, ids: np.ndarray) -> frozenset[int] | None:
        """Add passages to an index; those that have no vector yet, or None when there was no time to finish."""
        bare: set[int] = set()
        for block in self._archive.bulk.read_blocks(ids):
            if self._closing.is_set():
                return None
            index.add_table(block.table, block.vectors, block.others)
            bare.update(block.bare.tolist())
        return frozenset(bare)
