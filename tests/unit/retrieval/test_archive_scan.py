"""The index in memory against the exact scan of the database: the same answers, and no change is ever missed."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.document import Document, Page
from tests.support.properties import examples
from tests.support.rankings import NAMES, VERBS, same
from workbench.ingest.chunker import Chunker
from workbench.retrieval.index import cache, vectors
from workbench.retrieval.index.table_scan import ArchiveScan
from workbench.retrieval.ranking.searcher import Searcher
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.passage_reader import PassageReader

QUERIES = ["Who kept the light at Gannet Rock?", "Ada Marlow", "HX-204/7", '"was surveyed by"', "island -bell",
           "harbour 12 km", "灯塔", "Where is the bell that the Salt Office borrowed?"]  # fmt: skip


def sentences(seed: int, count: int) -> str:
    rng = random.Random(seed)
    return " ".join(f"{rng.choice(NAMES)} {rng.choice(VERBS)} {rng.choice(NAMES)}." for _ in range(count))


def vectors_of(texts: list[str]) -> np.ndarray:
    """Vectors that depend on the text alone, a few to a direction, so that some are equal and some near."""
    found = np.zeros((len(texts), 384), dtype=np.float32)
    for row, text in enumerate(texts):
        noise = np.random.default_rng(len(text) % 7).normal(size=384)
        found[row] = noise / np.linalg.norm(noise)
    return found


class AttachedDocuments:
    """An archive to load, link, unlink and search in both ways."""

    def __init__(self, folder: Path) -> None:
        self.archive = DuckDBArchive(Database(folder / "a.duckdb"))
        self.search = ArchivalSearch(self.archive, vectors_of)
        self.chunker = Chunker.for_local_model()

    def store(self, source: str, path: str, text: str, *, title: str, embed: bool = True) -> int:
        document = Document(title, (Page(1, None, text), Page(2, None, text[::2] or "x")), "test", 1)
        passages = list(self.chunker.passages(document))
        texts = [item.text for item in passages]
        return self.archive.add_document(
            self.archive.source_id(source), path, f"{source}/{path}/{title}/{text}", document, passages,
            vectors_of(texts) if embed else None, "e", 1,
        )  # fmt: skip

    def embed_waiting(self) -> None:
        waiting = self.archive.waiting.claim(0, 100, "e")
        self.archive.waiting.store([item.id for item in waiting], vectors_of([item.text for item in waiting]), "e")
        self.archive.waiting.release([item.id for item in waiting])

    def unlink(self, source: str, path: str) -> None:
        sql = "DELETE FROM source_documents WHERE source_id = ? AND path = ?"
        key = self.archive.source_id(source)
        self.archive.database.write(lambda connection: connection.execute(sql, [key, path]) and None)

    def check(self, sources: list[str]) -> None:
        """Every query has the same answer from the index as from the scan, over these sources."""
        paths = self.archive.paths([self.archive.source_id(name) for name in sources])
        for query in QUERIES:
            found = self.search.ranking(paths, query)
            scan = Searcher(ArchiveScan(self.archive.bulk, frozenset(paths)))
            same(found, scan.search(query, vectors_of([query])[0]))

    def close(self) -> None:
        self.search.index.close()
        self.archive.database.close()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[AttachedDocuments]:
    made = AttachedDocuments(tmp_path)
    yield made
    made.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("store"), st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 30)),
        st.tuples(st.just("words"), st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 30)),
        st.tuples(st.just("unlink"), st.sampled_from("ab"), st.integers(0, 4), st.just(0)),
        st.tuples(st.just("embed"), st.just("a"), st.just(0), st.just(0)),
        st.tuples(st.just("release"), st.sampled_from("ab"), st.just(0), st.just(0)),
        st.tuples(st.just("search"), st.sampled_from(["a", "b", "ab"]), st.just(0), st.just(0)),
    ),
    min_size=2,
    max_size=9,
)


@examples(4, shrink=False)
@given(steps)
def test_no_change_is_missed_by_a_search_that_starts_after_it(tmp_path_factory: Any, ops: Any) -> None:
    shelf = AttachedDocuments(tmp_path_factory.mktemp("shelf"))
    try:
        for kind, source, number, seed in ops:
            if kind in ("store", "words"):
                text = sentences(seed, 1 + seed % 9)
                shelf.store(source, f"{number}.txt", text, title=NAMES[seed % len(NAMES)], embed=kind == "store")
            elif kind == "unlink":
                shelf.unlink(source, f"{number}.txt")
            elif kind == "embed":
                shelf.embed_waiting()
            elif kind == "release":
                shelf.search.index.release(frozenset(shelf.archive.paths([shelf.archive.source_id(source)])))
            else:
                shelf.check(list(source))
        shelf.check(["a", "b"])
    finally:
        shelf.close()


def test_many_passages_are_indexed_in_the_background_and_the_scan_answers_meanwhile(
    shelf: AttachedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "AT_ONCE", 5)
    monkeypatch.setattr(vectors, "EXACT_ROWS", 20)
    monkeypatch.setattr(vectors, "_TAIL_ROWS", 10)
    for number in range(30):
        shelf.store("a", f"{number}.txt", sentences(number, 12), title=NAMES[number % len(NAMES)])
    paths = shelf.archive.paths([1])
    before = shelf.search.ranking(paths, QUERIES[0])
    shelf.search.warm([1])
    assert shelf.search.index.status().passages >= 60
    same(shelf.search.ranking(paths, QUERIES[0]), before)
    shelf.check(["a"])


def test_what_is_larger_than_the_budget_is_answered_by_the_scan(tmp_path: Path) -> None:
    shelf = AttachedDocuments(tmp_path)
    small = ArchivalSearch(shelf.archive, vectors_of, index_bytes=10_000)
    for number in range(12):
        shelf.store("a", f"{number}.txt", sentences(number, 8), title="notes")
    paths = shelf.archive.paths([1])
    for query in QUERIES:
        same(small.ranking(paths, query), shelf.search.ranking(paths, query))
    status = small.index.status()
    assert (status.passages, status.fits) == (0, False)
    found = small.ranking(paths, QUERIES[0]).ids[0]
    assert Searcher(ArchiveScan(shelf.archive.bulk, frozenset(paths))).linked(found).ids
    shelf.close()


def test_what_is_detached_is_let_go(shelf: AttachedDocuments) -> None:
    for source in "ab":
        for number in range(6):
            shelf.store(source, f"{number}.txt", sentences(number, 5), title=f"{source} {number}")
    shelf.check(["a", "b"])
    whole = shelf.search.index.status()
    shelf.search.index.release(frozenset(shelf.archive.paths([1])))
    left = shelf.search.index.status()
    assert left.passages == whole.passages // 2
    assert left.bytes < whole.bytes
    shelf.check(["a"])
    shelf.search.index.release(frozenset())
    assert shelf.search.index.status().passages == 0
    shelf.check(["a", "b"])


def test_rows_that_were_replaced_are_let_go_in_the_background(
    shelf: AttachedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "AT_ONCE", 15)
    for number in range(20):
        shelf.store("a", f"{number}.txt", sentences(number, 2), title=f"note {number}", embed=False)
        shelf.search.ranking(shelf.archive.paths([1]), QUERIES[0])  # each note becomes a segment of its own
    shelf.embed_waiting()
    shelf.search.warm([1])
    shelf.check(["a"])
    assert shelf.search.index.wait()
    passages = shelf.search.index.status().passages
    shelf.check(["a"])
    view = shelf.search.index.view(frozenset(shelf.archive.paths([1])))
    assert view is not None
    assert len(view.ids) == passages == 40


def test_what_is_erased_while_it_is_added_leaves_memory_too(
    shelf: AttachedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = shelf.store("a", "1.txt", sentences(1, 9), title="One")
    gone = shelf.store("a", "2.txt", "The quixotic ledger of Zebulon.", title="Zebulon")
    monkeypatch.setattr(cache, "AT_ONCE", 0)
    index, read = shelf.search.index, PassageReader.read_blocks
    reached, go = threading.Event(), threading.Event()

    def slowly(*given: Any) -> Iterator[Any]:
        for block in read(*given):
            reached.set()
            assert go.wait(10)
            yield block

    monkeypatch.setattr(PassageReader, "read_blocks", slowly)
    assert index.view(frozenset({keep, gone})) is None
    assert reached.wait(10)
    shelf.search.erase([gone])
    go.set()
    assert index.wait(10)
    texts = [text for block in index._index.snapshot.blocks for text in block.columns["text"].to_pylist()]
    assert any(texts)
    assert not any("quixotic" in text for text in texts)
    view = index.view(frozenset({keep}))
    assert view is not None
    assert set(view.documents[view.alive].tolist()) == {keep}
