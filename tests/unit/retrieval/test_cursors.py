"""Cursors: paging to the end gives exactly the total, none twice, whatever happens to the archive meanwhile, also after a restart."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.document import Document, Page
from tests.support.clock import Ticking
from tests.support.embedding import WordEmbedder
from tests.support.properties import examples
from workbench.api.results import ResultPage
from workbench.ingest.chunker import Chunker
from workbench.retrieval.paging.cursors import Cursor, Cursors, Reader
from workbench.retrieval.paging.pager import Budget
from workbench.retrieval.query import Restriction
from workbench.retrieval.regex_search import ArchivalGrep
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.cursors import CursorRepository
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.write_ahead_log import Changes, Update

CHUNKER = Chunker.for_local_model()
EMBEDDER = WordEmbedder()
BUDGET = Budget(600, 3)


@dataclass
class Keeping:
    """Keeps what a reader saw, as an agent's commit does."""

    database: Database

    def later(self, update: Update) -> None:
        self.database.keep(Changes(updates=[update]))


class AttachedDocuments:
    """An archive with one source that changes while it is read."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "archive.duckdb"
        self.clock = Ticking()
        self.number = 0
        self.open()

    def open(self) -> None:
        self.database = Database(self.file)
        self.archive = DuckDBArchive(self.database, self.clock)
        self.search = ArchivalSearch(self.archive, lambda queries: EMBEDDER.embed(list(queries)), self.clock)
        self.source = self.archive.source_id("shelf")
        self.reader = Reader("model", 7, Keeping(self.database))

    def restart(self) -> None:
        self.database.close()
        self.open()

    def insert(self, text: str) -> None:
        self.number += 1
        name = f"paper-{self.number:03}.txt"
        document = Document(name, (Page(1, None, text), Page(2, None, f"The lamp of {name}.")), "test", 1)
        drafts = list(CHUNKER.passages(document))
        vectors = EMBEDDER.embed([draft.text for draft in drafts]).astype(np.float32)
        self.archive.add_document(self.source, name, name, document, drafts, vectors, "words", 1)

    def delete(self, draw: random.Random) -> None:
        papers = self.archive.documents(self.source)
        if len(papers) > 1:
            path, key, *_ = draw.choice(papers)

            def job(connection: Any) -> None:
                connection.execute("DELETE FROM source_documents WHERE document_id = ?", [key])
                connection.execute("DELETE FROM passages WHERE document_id = ?", [key])

            self.database.write(job)
            assert path not in [row[0] for row in self.archive.documents(self.source)]

    def page(self, kind: str, query: str, number: int) -> ResultPage:
        def handle_of(passage: int) -> str:
            return f"#a{passage}"

        if kind == "grep":
            grep = ArchivalGrep(self.search.pager)
            return grep.page([self.source], query, number, BUDGET, handle_of, reader=self.reader)
        if kind == "follow":
            first = self.archive.passages_of(1, 1)
            return self.search.follow(
                [self.source], first[0].id if first else 1, "#a1", number, BUDGET, handle_of, reader=self.reader
            )
        within = Restriction(words='document="x", ') if kind == "filtered" else Restriction()
        return self.search.page([self.source], query, number, BUDGET, handle_of, reader=self.reader, restriction=within)


CHANGES = st.lists(st.sampled_from(["insert", "delete", "restart", "other search", "nothing"]), max_size=12)


@examples(6, shrink=False)
@given(CHANGES, st.sampled_from(["meaning", "exact", "filtered", "grep", "follow"]), st.integers(0, 10**6))
def test_paging_to_the_end_gives_the_total_whatever_happens(changes: list[str], kind: str, seed: int) -> None:
    draw = random.Random(seed)
    query = {"exact": '"the lamp"', "grep": "lamp", "follow": "#a1"}.get(kind, "lamp of Alda Marner")
    with tempfile.TemporaryDirectory() as folder:
        shelf = AttachedDocuments(Path(folder))
        for number in range(9):
            shelf.insert(f"The lamp of Alda Marner burnt in night {number}. HX-20{number} was its part.")
        first = shelf.page(kind, query, 0)
        assert first.pages > 1
        seen = [hit.passage for hit in first.hits]
        todo = list(changes)
        for number in range(1, first.pages):
            for change in [todo.pop() for _ in range(min(2, len(todo)))]:
                if change == "insert":
                    shelf.insert(f"A new lamp of Alda Marner, brighter than the lamp of {seed}.")
                elif change == "delete":
                    shelf.delete(draw)
                elif change == "restart":
                    shelf.restart()
                elif change == "other search":
                    shelf.page("meaning", "the part HX-203", 0)
            page = shelf.page(kind, query, number)
            assert (page.total, page.pages, page.number) == (first.total, first.pages, number)
            if kind != "grep":
                assert page.first == len(seen)
            seen += [hit.passage for hit in page.hits]
        assert len(seen) == first.total
        assert kind == "grep" or len(set(seen)) == first.total
        assert not shelf.page(kind, query, first.pages).hits
        shelf.database.close()


def test_page_0_looks_again_and_other_readers_are_not_disturbed(tmp_path: Path) -> None:
    shelf = AttachedDocuments(tmp_path)
    for number in range(8):
        shelf.insert(f"The lamp of night {number}.")
    before = shelf.page("meaning", "lamp", 0)
    shelf.insert("The lamp of a ninth night.")
    other = Reader("user", 7, Keeping(shelf.database))
    anew = shelf.search.page([shelf.source], "lamp", 0, BUDGET, str, reader=other)
    assert anew.total == before.total + 2
    assert shelf.page("meaning", "lamp", 1).total == before.total
    assert shelf.page("meaning", "lamp", 0).total == anew.total
    shelf.database.close()


def test_what_a_person_saw_is_looked_up_anew_after_its_lifetime(tmp_path: Path) -> None:
    shelf = AttachedDocuments(tmp_path)
    for number in range(8):
        shelf.insert(f"The lamp of night {number}.")
    reader = Reader("people", 0, Keeping(shelf.database), timedelta(hours=1))
    first = shelf.search.page([shelf.source], "lamp", 0, BUDGET, str, reader=reader)
    shelf.insert("The lamp of a ninth night.")
    assert shelf.search.page([shelf.source], "lamp", 1, BUDGET, str, reader=reader).total == first.total
    shelf.clock.now += timedelta(hours=2)
    assert shelf.search.page([shelf.source], "lamp", 1, BUDGET, str, reader=reader).total == first.total + 2
    shelf.database.close()


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.floats(0, 1)), max_size=30),
    st.booleans(),
    st.text(max_size=20),
)
def test_a_cursor_comes_back_as_it_was(rows: list[tuple[int, float]], exact: bool, note: str) -> None:
    ids, scores = tuple(row[0] for row in rows), tuple(row[1] for row in rows)
    why = tuple((1, score, 0, 0.0, False, 0.25, 0.5, 0.0, 3, None, 0) for score in (0.5,) * len(rows))
    cursor = Cursor(ids, scores, (0,), exact, 99, why, tuple((0, key % 100) for key in ids), note)
    assert Cursor.load(cursor.dump()) == cursor


def test_an_agent_that_gets_the_number_of_one_that_is_gone_sees_nothing_of_it(tmp_path: Path) -> None:
    cursors = Cursors(Database(tmp_path / "a.duckdb"), Ticking())
    mine, other = Reader("model", 7), Reader("model", 8)
    for reader in (mine, other):
        cursors.put(reader, "lamp", Cursor((1, 2), (), (0, 1), True, 2))
    cursors.drop(7)
    assert cursors.get(mine, "lamp") is None
    assert cursors.get(other, "lamp") is not None
    cursors.drop()
    assert cursors.get(other, "lamp") is None


def test_what_is_kept_for_a_reader_is_bounded(tmp_path: Path) -> None:
    database = Database(tmp_path / "archive.duckdb")
    cursors, reader = Cursors(CursorRepository(database), Ticking()), Reader("model", 1, Keeping(database))
    for number in range(300):
        cursors.put(reader, f"query {number}", Cursor((1, 2), (1.0, 1.0), (0, 1), True, 2))
    assert database.rows("SELECT count(*) FROM cursors")[0][0] <= 64
    again = Cursors(CursorRepository(database), Ticking())
    assert again.get(reader, "query 299") == Cursor((1, 2), (1.0, 1.0), (0, 1), True, 2)
    assert again.get(Reader("model", 2, Keeping(database)), "query 299") is None
    database.close()


@pytest.mark.parametrize("filters", [{"source": "papers"}, {"document": "00-alda.md"}])
def test_a_filter_by_name_stays_the_same_result_when_the_source_grows(
    make_session: Any, papers: Path, filters: dict[str, str]
) -> None:
    session = make_session(window_tokens=2048)
    session.open_agent("tester")
    list(session.load([papers]))
    agent = session.current_agent
    call = next(item for item in agent.executor.functions if item.name == "archival_memory_search")
    first = call.run(agent.workspace, query="harbour light oil", **filters).archive
    (papers / "99-new.md").write_text("# New\n\nThe harbour light and its oil.\n", encoding="utf-8")
    list(session.load([papers]))
    seen = [hit.passage for hit in first.hits]
    for number in range(1, first.pages):
        page = call.run(agent.workspace, query="harbour light oil", page=number, **filters).archive
        assert page.total == first.total
        seen += [hit.passage for hit in page.hits]
    assert len(set(seen)) == len(seen) == first.total
