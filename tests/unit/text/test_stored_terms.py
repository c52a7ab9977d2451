"""Terms and names stored beside a passage: what the keyword index would make of its text, also after the rules changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loaders.document import Document, Page
from workbench.ingest.chunker import Chunker
from workbench.retrieval.service import ArchivalSearch
from workbench.storage import bulk_insert
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.text.analyzer import TERMS_VERSION, index_terms, packed, term_hash
from workbench.text.entities import names_in

TEXTS = ("Ada Marlow kept the light at Gannet Rock.", "The valve HX-204/7 opens at 10kV.", "数据库索引")


@pytest.fixture
def archive(tmp_path: Path) -> DuckDBArchive:
    archive = DuckDBArchive(Database(tmp_path / "a.duckdb"))
    source = archive.source_id("s")
    for number, text in enumerate(TEXTS):
        document = Document(f"note {number}", (Page(1, None, text),), "test", 1)
        passages = list(Chunker.for_local_model().passages(document))
        archive.add_document(
            source, str(number), str(number), document, passages, np.eye(len(passages), 384, dtype=np.float32), "e", 1
        )
    yield archive
    archive.database.close()


def stored(archive: DuckDBArchive) -> list[tuple[object, ...]]:
    sql = "SELECT text, terms, names, title_terms, called_by, called, terms_version FROM passages ORDER BY passage_id"
    return archive.database.rows(sql)


def test_terms_and_names_are_stored_with_the_passage(archive: DuckDBArchive) -> None:
    assert stored(archive) == [
        (text, packed(index_terms(text)), packed({*names_in(text), f"note_{number}"}), packed(["note", str(number)]),
         packed([f"note_{number}"]), f"note_{number}", TERMS_VERSION)
        for number, text in enumerate(TEXTS)
    ]  # fmt: skip


def test_a_term_is_stored_as_the_same_number_in_every_process() -> None:
    assert packed(["valve", "10kv", "valve"]) == sorted([term_hash("valve") << 8 | 2, term_hash("10kv") << 8 | 1])
    assert term_hash("valve") == 0x3512868B85
    assert packed(["a"] * 300) == [term_hash("a") << 8 | 255]


def test_terms_made_by_older_rules_are_made_anew_before_the_next_search(archive: DuckDBArchive) -> None:
    spoil = "UPDATE passages SET terms = [1], names = [2], called = 'old', terms_version = 0 WHERE passage_id > 1"
    archive.database.write(lambda connection: connection.execute(spoil) and None)
    search = ArchivalSearch(archive, None)
    found = search.ranking(archive.paths([1]), "10kV valve")
    assert [archive.passages([key])[key].text for key in found.ids] == [TEXTS[1]]
    test_terms_and_names_are_stored_with_the_passage(archive)
    assert bulk_insert.renew_terms(archive.database) == 0
