"""Loads ask for what waits again and again: where nothing does, that costs the database nothing."""

from __future__ import annotations

from pathlib import Path

from tests.support.archives import EMBEDDER, IMPLEMENTATIONS, arrival, unit_vectors
from workbench.storage.documents import DuckDBArchive


def _entries(archive: DuckDBArchive) -> int:
    """How many entries DuckDB has put into its eviction queues; each keeps 200 bytes until the queue is cleared, at 32,768."""
    rows = archive.database.archive_rows("SELECT sum(total_insertions) FROM duckdb_eviction_queues()")
    return int(rows[0][0])


def test_asking_where_nothing_waits_leaves_nothing_behind_in_the_database(tmp_path: Path) -> None:
    with IMPLEMENTATIONS["duckdb"](tmp_path) as archive:
        assert isinstance(archive, DuckDBArchive)
        source = archive.source_id("papers")
        archive.store(arrival(source, "a.txt", ["The lamp is lit."]), unit_vectors(1))
        assert archive.waiting.claim(0, 96, EMBEDDER) == []
        before = _entries(archive)
        for _ in range(50):
            assert archive.waiting.claim(0, 96, EMBEDDER) == []
            assert archive.waiting.count(EMBEDDER) == 0
        assert _entries(archive) == before
        archive.store(arrival(source, "b.txt", ["The rope is cut."]))
        assert archive.waiting.count(EMBEDDER) == 1
        (passage,) = archive.waiting.claim(0, 96, EMBEDDER)
        archive.waiting.store([passage.id], unit_vectors(2), EMBEDDER)
        archive.waiting.release([passage.id])
        assert archive.waiting.claim(0, 96, EMBEDDER) == []
        assert _entries(archive) > before
