"""The database's own search against the index in memory: the same passages, scores and links, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loaders.document import Document, Page
from tests.support.postgres import new_database
from tests.support.rankings import NAMES, same
from tests.unit.retrieval.test_archive_scan import QUERIES, sentences, vectors_of
from workbench.ingest.chunker import Chunker
from workbench.retrieval.candidate_set import evidence
from workbench.retrieval.query import Restriction
from workbench.retrieval.ranking.searcher import Searcher
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.archive import ArchivalStorage
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.postgres import search as shared_search
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.server import PostgresServer

SOURCES = ("a", "b")
Both = tuple[ArchivalSearch, ArchivalSearch]


def fill(archive: ArchivalStorage) -> ArchivalSearch:
    """Two sources of many short documents; the numbers of documents and passages are the same in every new archive."""
    chunker = Chunker.for_local_model()
    for number in range(36):
        text = sentences(number, 3 + number % 17) + (" HX-204/7 is kept here." if number % 20 == 3 else "")
        document = Document(NAMES[number % len(NAMES)], (Page(1, None, text), Page(2, None, text[::2])), "test", 1)
        passages = list(chunker.passages(document))
        archive.add_document(
            archive.source_id(SOURCES[number % 2]), f"{number}.txt", f"{number}", document, passages,
            vectors_of([item.text for item in passages]), "e", 1,
        )  # fmt: skip
    return ArchivalSearch(archive, vectors_of)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The embedded search and the database's, over the same documents."""
    database = Database(tmp_path_factory.mktemp("embedded") / "a.duckdb")
    shared = PostgresArchive(PostgresServer(new_database()), "test")
    yield fill(DuckDBArchive(database)), fill(shared)
    database.close()
    shared.close()


@pytest.mark.parametrize("sources", [("a",), ("a", "b")])
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_has_the_same_answer(both: Both, query: str, sources: tuple[str, ...]) -> None:
    embedded, shared = (
        search.ranking(search.archive.paths(map(search.archive.find_source, sources)), query) for search in both
    )
    same(embedded, shared)


@pytest.mark.parametrize("query", QUERIES)
def test_filters_come_before_the_limit(both: Both, query: str) -> None:
    restriction = Restriction(documents=frozenset({1, 3, 5, 34}), pages=(2, 2))
    embedded, shared = (
        search.ranking(search.archive.paths(map(search.archive.find_source, SOURCES)), query, restriction=restriction)
        for search in both
    )
    same(embedded, shared)


def test_a_sweep_weighs_the_same_candidates(both: Both) -> None:
    def candidates(search: ArchivalSearch) -> set[tuple[int, float]]:
        paths = search.archive.paths(map(search.archive.find_source, SOURCES))
        query = "Who borrowed the bell of the Salt Office?"
        found = evidence(search.view(paths), query, vectors_of([query])[0], Restriction())
        return set(zip(found.ids, found.covered, strict=True))

    embedded, shared = map(candidates, both)
    assert embedded == shared
    assert len(embedded) > 50


def test_links_by_name_are_the_same(both: Both) -> None:
    embedded, shared = (
        Searcher(search.view(search.archive.paths(map(search.archive.find_source, SOURCES)))) for search in both
    )
    for passage in (1, 17, 40, 61):
        one, other = embedded.linked(passage), shared.linked(passage)
        same(one, other)
        assert len(one.ids) > 3
        assert embedded.names_between(passage, one.ids[:3]) == shared.names_between(passage, one.ids[:3])
    assert (
        embedded.linked_counts([1, 17])
        == shared.linked_counts([1, 17])
        == {key: len(embedded.linked(key).ids) for key in (1, 17)}
    )


def test_a_graph_of_vectors_finds_what_comparing_all_finds(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = both[1]
    paths = shared.archive.paths([shared.archive.find_source("b")])
    exactly = shared.ranking(paths, "Who kept the light at Gannet Rock?")
    monkeypatch.setattr(shared_search, "EXACT_PASSAGES", 0)
    assert shared.ranking(paths, "Who kept the light at Gannet Rock?").ids == exactly.ids


def test_what_came_into_a_source_meanwhile_is_passed_over(both: Both) -> None:
    shared = both[1]
    paths = shared.archive.paths(map(shared.archive.find_source, SOURCES))
    fewer = {key: place for key, place in paths.items() if key % 3}
    ranking = shared.ranking(fewer, "Who kept the light at Gannet Rock?")
    rows = shared.archive.passages(ranking.ids)
    assert {row.document for row in rows.values()} <= set(fewer)
    assert ranking.num_searched < len(shared.archive.bulk.passages_of(paths))


def test_common_terms_of_a_large_archive_are_counted_by_the_planners_statistics(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = both[1].archive
    assert isinstance(archive, PostgresArchive)
    assert archive.search is not None
    paths = archive.paths(map(archive.find_source, SOURCES))
    terms = ["is", "light", "bell", "island", "gannet", "nowhere"]
    exactly = archive.search.among(paths).frequencies(terms, "text")
    with archive.server.connection() as connection:
        connection.execute("ANALYZE passage_keys")
    assert shared_search.CommonKeys(archive.server).shares()
    monkeypatch.setattr(shared_search, "EXACT_PASSAGES", 0)
    assert archive.search.among(paths).frequencies(terms, "text") == exactly
    assert max(exactly) > 10 > min(exactly) == 0
