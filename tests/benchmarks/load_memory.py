"""Memory of a workbench that loads again and again: `python -m tests.benchmarks.load_memory [LOADS]` (2,000 by default).

Sessions of one process load a folder in which one file changed, as the process that owns the database does for the commands of
others; texts are embedded by their words, which takes no time. Prints, at each tenth, the resident memory, what is allocated, and the
dead entries of DuckDB's eviction queues: each query that joins leaves some, 200 bytes each, and DuckDB clears a queue of them at
32,768, so its seven queues take up to 45 MB before they stay as they are. Exit code 1 when memory beyond that grew by more than a
tenth after the first half.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.support.embedding import embedding_words
from tests.support.reading import reading_in_one_worker
from workbench.api.documents import LoadOptions
from workbench.core.malloc import give_memory_back
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.services.session import Session

_GROWTH = 1.1
_ENTRY_BYTES = 230
"""Of a dead entry: a block's handle of 192 bytes, and its place in the queue."""


class _Allocated(ctypes.Structure):
    """glibc's mallinfo2, of which `used` is what the program has asked for and not given back."""

    _fields_ = [(name, ctypes.c_size_t) for name in "arena a b c mapped d e used free f".split()]  # noqa: RUF012


def _allocated_mb() -> float:
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = _Allocated
    return float(libc.mallinfo2().used) / 1e6


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _write(docs: Path, draw: random.Random, number: int) -> None:
    line = f"Entry {number} of {draw.randrange(10**6)} tells of the lamp at pier {number % 9}.\n\n"
    (docs / f"{number % 40}.txt").write_text(line * draw.randrange(1, 60))


def _load(session: Session, docs: Path) -> None:
    with Session(session.settings, session.app.paths, app=session.app) as other:
        for _ in other.library.load([docs], "docs", False, LoadOptions(prune=True)):
            pass


def main() -> int:
    """Load, tell, judge."""
    loads = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    give_memory_back()
    draw, own = random.Random(1), []
    with (
        tempfile.TemporaryDirectory() as place, embedding_words(), reading_in_one_worker(),
        Session(Settings(model="reader"), locate(Path(place) / "home")) as session,
    ):  # fmt: skip
        docs = Path(place) / "docs"
        docs.mkdir()
        for number in range(20):
            _write(docs, draw, number)
        for done in range(loads + 1):
            if done % (loads // 10) == 0:
                gc.collect()
                counted = session.app.database.archive_rows("SELECT sum(dead_nodes) FROM duckdb_eviction_queues()")
                dead = int(counted[0][0])
                resident, allocated = _resident_mb(), _allocated_mb()
                own.append(resident - dead * _ENTRY_BYTES / 1e6)
                print(
                    f"{done:6} loads: {resident:5.0f} MB resident, {allocated:5.1f} MB allocated, {dead:7,} dead entries",
                    flush=True,
                )
            _write(docs, draw, draw.randrange(1_000))
            _load(session, docs)
    half = own[len(own) // 2]
    print(f"without the entries: {half:.0f} MB at the half, {own[-1]:.0f} MB at the end")
    return 1 if own[-1] > half * _GROWTH else 0


if __name__ == "__main__":
    raise SystemExit(main())
