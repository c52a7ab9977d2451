"""Whatever is loaded, linked, unlinked, embedded and forgotten, and in whatever order: a search that starts after a change sees it,
and the index gives the list of the exact scan down to the last of 200, filters, phrases and exclusions included."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
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
from workbench.memory.erasure.forgetting import Forgetting, Targets
from workbench.retrieval.candidate_set import evidence
from workbench.retrieval.index import cache, vectors
from workbench.retrieval.index.table_scan import ArchiveScan
from workbench.retrieval.query import Restriction
from workbench.retrieval.ranking.searcher import Searcher
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.text import phrases

CHUNKER = Chunker.for_local_model()
QUERIES = [
    "Who kept the light at Gannet Rock?", "Ada Marlow -bell", "HX-204/7", '"was surveyed by"', 'harbour "12 km"',
    '"Tern Island" -"Salt Office"', "灯塔", '"灯塔" island', "bell of the Salt Office -HX-204/7", "zebra crossing",
]  # fmt: skip


def vectors_of(texts: Sequence[str]) -> np.ndarray:
    """Vectors of a few directions with a little of each text's own; every fifth has nothing of its own, so that some are equal."""
    found = np.zeros((len(texts), 384), dtype=np.float32)
    for row, text in enumerate(texts):
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        own = 0.0 if seed % 5 == 0 else 0.4
        found[row] = np.random.default_rng(seed % 7).normal(size=384) + own * np.random.default_rng(seed).normal(
            size=384
        )
        found[row] /= np.linalg.norm(found[row])
    return found


class AttachedDocuments:
    """An archive that changes, and beside it what should be in it."""

    def __init__(self, folder: Path) -> None:
        self.archive = DuckDBArchive(Database(folder / "a.duckdb"))
        self.search = ArchivalSearch(self.archive, vectors_of)
        self.links: dict[tuple[str, str], tuple[int, list[str]]] = {}

    def store(self, source: str, path: str, seed: int, pages: int, *, embed: bool) -> None:
        draw = random.Random(seed)
        texts = [
            " ".join(
                f"{draw.choice(NAMES)} {draw.choice(VERBS)} {draw.choice(NAMES)}." for _ in range(draw.randrange(1, 4))
            )
            for _ in range(pages)
        ]
        document = Document(
            draw.choice(NAMES), tuple(Page(n, None, text) for n, text in enumerate(texts, 1)), "test", 1
        )
        drafts = list(CHUNKER.passages(document))
        key = self.archive.add_document(
            self.archive.source_id(source), path, f"{seed} {pages}", document, drafts,
            vectors_of([item.text for item in drafts]) if embed else None, "e", 1,
        )  # fmt: skip
        self.links[source, path] = (key, [item.text for item in drafts])

    def link(self, source: str, path: str, other: str) -> None:
        """The same document in another source too."""
        if (source, path) in self.links:
            key, texts = self.links[source, path]
            row = [self.archive.source_id(other), path, key]
            sql = "INSERT OR REPLACE INTO source_documents (source_id, path, document_id, location, linked_at) VALUES (?, ?, ?, '', now())"
            self.archive.database.write(lambda connection: connection.execute(sql, row) and None)
            self.links[other, path] = (key, texts)

    def unlink(self, source: str, path: str) -> None:
        row = [self.archive.source_id(source), path]
        sql = "DELETE FROM source_documents WHERE source_id = ? AND path = ?"
        self.archive.database.write(lambda connection: connection.execute(sql, row) and None)
        self.links.pop((source, path), None)

    def forget(self, source: str, path: str) -> None:
        if (source, path) in self.links:
            gone = self.links[source, path][0]
            Forgetting(self.archive.database, lambda _: {}).erase(Targets(documents=(gone,)))
            self.search.erase([gone])
            self.links = {place: held for place, held in self.links.items() if held[0] != gone}

    def embed_waiting(self, count: int) -> None:
        waiting = self.archive.waiting.claim(0, count, "e")
        self.archive.waiting.store([item.id for item in waiting], vectors_of([item.text for item in waiting]), "e")
        self.archive.waiting.release([item.id for item in waiting])

    def check(self, sources: str, seed: int) -> None:
        """Some queries have the answers of the exact scan, and exact ones those that what was stored gives."""
        draw = random.Random(seed)
        paths = self.archive.paths([self.archive.source_id(name) for name in sources])
        held = {key: texts for (source, _), (key, texts) in self.links.items() if source in sources}
        assert set(paths) == set(held)
        for query in draw.sample(QUERIES, 3):
            documents = (
                frozenset(draw.sample(sorted(held), draw.randrange(len(held) + 1))) if draw.random() < 0.4 else None
            )
            pages = (draw.randrange(1, 5), draw.randrange(5, 90)) if draw.random() < 0.3 else None
            within = Restriction(documents, pages)
            vector = vectors_of([query])[0]
            view = ArchiveScan(self.archive.bulk, frozenset(paths))
            found = self.search.ranking(paths, query, restriction=within)
            same(found, Searcher(view).search(query, vector, documents=documents, pages=pages))
            assert evidence(self.search.view(paths), query, vector, within) == evidence(view, query, vector, within)
            for passage in found.ids[:2]:
                same(Searcher(self.search.view(paths)).linked(passage), Searcher(view).linked(passage))
            there = {key: texts for key, texts in held.items() if documents is None or key in documents}
            if pages is None:
                assert found.num_searched == sum(map(len, there.values()))
                if query == '"was surveyed by"':
                    wanted = sum(phrases.contains(text, query.strip('"')) for texts in there.values() for text in texts)
                    assert len(found.ids) == wanted

    def close(self) -> None:
        self.search.index.close()
        self.archive.database.close()


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Codes from forty rows on, and an index that is built in the background from sixty."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "EXACT_ROWS", 40)
        patch.setattr(vectors, "_TAIL_ROWS", 15)
        patch.setattr(vectors, "_MASKED_SHARE", 4)
        patch.setattr(vectors, "_OVERSAMPLING", 1)
        patch.setattr(vectors, "_MORE", 0)
        patch.setattr(vectors, "_ASKED_AGAIN", 2)
        patch.setattr(cache, "AT_ONCE", 60)
        yield


PLACES = st.tuples(st.sampled_from("abc"), st.integers(0, 4))
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["store", "store", "words"]), PLACES, st.integers(0, 400)),
        st.tuples(
            st.sampled_from(["link", "unlink", "forget", "release", "embed", "wait"]), PLACES, st.integers(0, 400)
        ),
        st.tuples(st.sampled_from(["search", "search"]), PLACES, st.integers(0, 400)),
    ),
    min_size=3,
    max_size=14,
)


@examples(2, shrink=False)
@given(CHANGES, st.integers(0, 10**6))
def test_the_index_gives_the_list_of_the_scan_after_every_change(
    tmp_path_factory: Any, changes: list[Any], seed: int
) -> None:
    shelf = AttachedDocuments(tmp_path_factory.mktemp("shelf"))
    sources = ["a", "b", "c", "ab", "abc"]
    try:
        shelf.store("a", "0", seed, 120, embed=True)
        shelf.store("b", "1", seed + 1, 150, embed=True)
        for kind, (source, number), value in changes:
            path = str(number)
            if kind in ("store", "words"):
                shelf.store(source, path, value, 1 + value % 97, embed=kind == "store")
            elif kind == "link":
                shelf.link(source, path, "abc"[value % 3])
            elif kind in ("unlink", "forget"):
                getattr(shelf, kind)(source, path)
            elif kind == "release":
                shelf.search.index.release(frozenset(shelf.archive.paths([shelf.archive.source_id(source)])))
            elif kind == "embed":
                shelf.embed_waiting(value)
            elif kind == "wait":
                shelf.search.warm([shelf.archive.source_id(name) for name in "abc"])
            else:
                shelf.check(sources[value % 5], value)
        for waits in (False, True):
            if waits:
                shelf.search.warm([shelf.archive.source_id(name) for name in "abc"])
            for chosen in sources[2:]:
                shelf.check(chosen, seed)
    finally:
        shelf.close()
