"""Copies of a source between archives: resumed where they were cut off, and proved document by document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.archives import EMBEDDER, arrival, duckdb_archive, postgres_archive, unit_vectors
from workbench.core.errors import NotFound, WorkError
from workbench.services.archive_copy import Copied, copy_source
from workbench.storage.archive import ArchivalStorage
from workbench.storage.sources import Root

Pair = tuple[ArchivalStorage, ArchivalStorage]


@pytest.fixture(params=["to the shared one", "from the shared one"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """The archive that is copied from, and the one that is copied to."""
    with duckdb_archive(tmp_path / "own") as own, postgres_archive(tmp_path / "shared") as shared:
        yield (own, shared) if request.param.startswith("to") else (shared, own)


def fill(archive: ArchivalStorage) -> int:
    """Documents with vectors, with some, and without; one under two paths; a zero character; a note."""
    source = archive.source_id("papers")
    archive.store(arrival(source, "a.txt", ["one", "two"], metadata={"date": "2021-03-04"}), unit_vectors(1, 2))
    half = archive.store(arrival(source, "b.txt", ["three", "four"], location="/d/b.txt"))
    archive.waiting.store([archive.passages_of(half.document, 2)[0].id], unit_vectors(5), EMBEDDER)
    archive.store(arrival(source, "c.txt", ["five\0zero"], sketch=b"\x01" * 16))
    archive.store(arrival(source, "d/copy of a.txt", ["one", "two"]))
    archive.holdings.add_root(source, Root("/d", "{}"))
    archive.notes.set(source, "b.txt", "Torn.")
    return source


def last(events: Iterator[Copied]) -> Copied:
    *_, told = events
    return told


def test_a_copy_holds_all_of_a_source(pair: Pair) -> None:
    origin, target = pair
    fill(origin)
    told = last(copy_source(origin, target, "papers"))
    assert (told.documents, told.copied, told.present, told.verified, told.differing) == (4, 4, 0, 4, [])
    there = target.find_source("papers")
    links = {link.path: link for link in target.holdings.links(there)}
    assert set(links) == {"a.txt", "b.txt", "c.txt", "d/copy of a.txt"}
    assert links["a.txt"].document == links["d/copy of a.txt"].document
    assert links["b.txt"].location == "/d/b.txt"
    assert target.waiting.count(EMBEDDER) == 2
    ids = target.bulk.passages_of([links["b.txt"].document])
    assert np.array_equal(target.bulk.vectors_of(ids), np.vstack([np.zeros((1, 384)), unit_vectors(5)]))
    assert [(note.path, note.text) for note in target.notes.all()] == [("b.txt", "Torn.")]
    assert target.holdings.roots(there) == [Root("/d", "{}")]


def test_a_copy_that_was_cut_off_goes_on(pair: Pair) -> None:
    origin, target = pair
    source = fill(origin)
    begun = copy_source(origin, target, "papers")
    next(begun)
    next(begun)
    begun.close()
    told = last(copy_source(origin, target, "papers"))
    assert (told.copied, told.present, told.verified) == (2, 2, 4)
    origin.store(arrival(source, "a.txt", ["one", "changed"]), unit_vectors(1, 9))
    again = last(copy_source(origin, target, "papers"))
    assert (again.copied, again.present, again.verified) == (1, 3, 4)


def test_a_copy_that_differs_is_told(pair: Pair) -> None:
    origin, target = pair
    fill(origin)
    last(copy_source(origin, target, "papers"))
    half = next(link for link in origin.holdings.links(origin.find_source("papers")) if link.path == "b.txt")
    origin.waiting.store([origin.passages_of(half.document, 1)[0].id], unit_vectors(7), EMBEDDER)
    with pytest.raises(WorkError, match=r"1 of 4 documents differ in the copy, the first is 'b\.txt'"):
        last(copy_source(origin, target, "papers"))


def test_what_is_not_there_is_not_copied(pair: Pair) -> None:
    with pytest.raises(NotFound, match="no source named 'papers'"):
        last(copy_source(*pair, "papers"))
    assert pair[1].sources() == []
