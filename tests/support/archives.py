"""Every implementation of ArchivalStorage by name, for the suite that they all pass, and small documents to store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from loaders.document import Document, Page
from tests.support.postgres import postgres_archive
from workbench.ingest.passage import PassageDraft
from workbench.storage.archive import ArchivalStorage
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.rows import Arrival

EMBEDDER = "test-embedder"


@contextmanager
def duckdb_archive(folder: Path) -> Iterator[ArchivalStorage]:
    """The embedded default, in a file of its own."""
    database = Database(folder / "archive.duckdb", memory_limit_mb=256)
    try:
        yield DuckDBArchive(database)
    finally:
        database.close()


IMPLEMENTATIONS: dict[str, Callable[[Path], AbstractContextManager[ArchivalStorage]]] = {
    "duckdb": duckdb_archive,
    "postgres": postgres_archive,
}
"""Opened twice on one folder, one after the other, an implementation holds what was stored."""


def arrival(source: int, path: str, pages: Sequence[str], **given: Any) -> Arrival:
    """A document with one passage a page."""
    text = "\f".join(pages)
    metadata = given.pop("metadata", {})
    document = Document(
        title=given.pop("title", path),
        pages=tuple(Page(number, f"p-{number}", page) for number, page in enumerate(pages, 1)),
        metadata=metadata,
        loader=given.pop("loader", "test"),
        loader_version=1,
    )
    passages = [
        PassageDraft(number, 0, len(page), page, "Heading", path) for number, page in enumerate(pages, 1) if page
    ]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Arrival(source, path, digest, document, passages, EMBEDDER, len(text), **given)


def unit_vectors(*places: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(n, 384) float32 unit vectors, each along one axis."""
    vectors = np.zeros((len(places), 384), dtype=np.float32)
    vectors[np.arange(len(places)), list(places)] = 1
    return vectors
