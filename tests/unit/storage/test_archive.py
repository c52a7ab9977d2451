"""What every implementation of ArchivalStorage promises (`workbench.storage.archive`): one suite over all of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.support.archives import EMBEDDER, IMPLEMENTATIONS, arrival, unit_vectors
from workbench.core.errors import NotFound, UsageError
from workbench.storage.archive import ArchivalStorage
from workbench.storage.load_queue import Refused
from workbench.storage.sources import Root

OIL = "The keeper filled the lamp with colza oil."
ROPE = "Forty fathoms of rope were bought in March."


@pytest.fixture(params=sorted(IMPLEMENTATIONS))
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ArchivalStorage]:
    with IMPLEMENTATIONS[request.param](tmp_path) as opened:
        yield opened


def test_a_document_is_stored_whole_and_read_back(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    stored = archive.store(arrival(source, "log.txt", [OIL, ROPE], title="Log"), unit_vectors(1, 2))
    assert archive.documents(source) == [("log.txt", stored.document, "Log", 2, 2, len(OIL) + len(ROPE) + 1)]
    page = archive.page(stored.document, 2)
    assert page is not None
    assert (page.text, page.pages, page.label) == (ROPE, 2, "p-2")
    assert archive.page(stored.document, 3) is None
    assert archive.page_texts(stored.document, 1, 2) == [(1, OIL)]
    (passage,) = archive.passages_of(stored.document, 1)
    assert (passage.text, passage.start_char, passage.end_char) == (OIL, 0, len(OIL))
    assert archive.passages([passage.id, 10**6]) == {passage.id: passage}
    assert archive.labels([(stored.document, 2)]) == {(stored.document, 2): "p-2"}
    assert (archive.page_count(stored.document), archive.page_count(10**6)) == (2, 0)
    assert archive.passage_count(stored.document) == 2
    assert archive.path_of(stored.document) == "log.txt"


def test_the_same_bytes_are_stored_once(archive: ArchivalStorage) -> None:
    first, second = archive.source_id("first"), archive.source_id("second")
    one = archive.store(arrival(first, "a.txt", [OIL]), unit_vectors(1))
    other = archive.store(arrival(second, "b.txt", [OIL]))
    assert other.document == one.document
    assert dict(archive.paths([first, second])) == {one.document: ("a.txt", "first")}
    assert dict(archive.paths([second])) == {one.document: ("b.txt", "second")}
    given = arrival(first, "a.txt", [OIL])
    assert archive.find_document(given.content_hash, "test", 1) == one.document
    assert archive.find_document(given.content_hash, "test", 2) is None
    assert archive.content_hashes([one.document]) == {one.document: given.content_hash}
    assert [row.documents for row in archive.sources()] == [1, 1]


def test_sources_are_made_once_whoever_asks(archive: ArchivalStorage) -> None:
    ids = []
    threads = [threading.Thread(target=lambda: ids.append(archive.source_id("one"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 1
    assert archive.source_for_path("/data/a", "a") == archive.source_for_path("/data/a", "other") == "a"
    assert archive.source_for_path("/elsewhere/a", "a") == "a-2"
    assert (archive.root_of("a-2"), archive.source_made_for("/data/a")) == ("/elsewhere/a", "a")
    assert archive.find_source("one") == ids[0]
    with pytest.raises(NotFound, match="no source named 'none'"):
        archive.find_source("none")


def test_agents_notes_are_no_sources_of_the_users(archive: ArchivalStorage) -> None:
    note = archive.source_id("notes of tester")
    archive.store(arrival(note, "note 1", [OIL], loader="note of 1"))
    pasted = archive.store(arrival(note, "note 2", [ROPE], loader="note of 1", metadata={"pasted": True}))
    assert archive.sources() == []
    assert [row.name for row in archive.sources(notes=True)] == ["notes of tester"]
    assert archive.self_made([pasted.document]) == {pasted.document: "pasted"}


def test_what_changes_is_seen_in_the_catalogue(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    before, known = archive.catalogue, archive.paths([source])
    assert archive.paths([source]) is known
    stored = archive.store(arrival(source, "a.txt", [OIL]))
    assert archive.catalogue > before
    assert dict(archive.paths([source])) == {stored.document: ("a.txt", "papers")}


def test_links_move_and_the_queue_follows(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    archive.queue.wait(source, [("a.txt", "/d/a.txt", 5), ("b.txt", "/d/b.txt", 6)])
    archive.queue.note(source, [Refused("b.txt", "/d/b.txt", "it is broken", "Mend it.", "failed", "", 6)])
    assert [(item.path, item.state) for item in archive.queue.files(source)] == [
        ("a.txt", "waiting"),
        ("b.txt", "failed"),
    ]
    old = archive.store(arrival(source, "a.txt", [OIL], location="/d/a.txt"))
    assert [item.path for item in archive.queue.files(source)] == ["b.txt"]
    new = archive.store(arrival(source, "a.txt", [ROPE], location="/d/a.txt"))
    assert new.before == old.document
    assert not archive.link_document(source, "a.txt", new.document, "/d/a.txt")
    assert archive.link_document(source, "a.txt", old.document, "/d/a.txt")
    assert [(link.path, link.document, link.location) for link in archive.holdings.links(source)] == [
        ("a.txt", old.document, "/d/a.txt")
    ]
    assert archive.queue.change(source, "b.txt", "skipped")
    assert not archive.queue.change(source, "c.txt", "skipped")
    archive.queue.drop(source, ["b.txt"])
    assert archive.queue.files() == []


def test_sources_are_renamed_and_removed(archive: ArchivalStorage) -> None:
    one, other = archive.source_id("one"), archive.source_id("other")
    stored = archive.store(arrival(one, "a.txt", [OIL], location="/d/a.txt"))
    archive.holdings.add_root(one, Root("/d", "{}"))
    assert archive.holdings.roots(one) == [Root("/d", "{}")]
    assert archive.holdings.loaded_from(["/d"], "{}") == "one"
    assert archive.holdings.linked("a.txt") == [(stored.document, "one")]
    assert archive.holdings.linked("a.txt", "other") == []
    assert archive.holdings.places([stored.document]) == [("a.txt", "/d/a.txt")]
    assert archive.holdings.named_places() == {"/d", "/d/a.txt"}
    with pytest.raises(UsageError, match="already"):
        archive.holdings.rename(other, "one")
    archive.holdings.rename(one, "first")
    assert archive.source_names([one, other]) == {one: "first", other: "other"}
    archive.holdings.drop_root(one, "/d")
    assert archive.holdings.unlink(one, ["a.txt", "none.txt"]) == 1
    archive.holdings.remove(one)
    assert [row.name for row in archive.sources()] == ["other"]


def test_what_nothing_refers_to_is_collected_and_its_numbers_stay_unused(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    gone = archive.store(arrival(source, "a.txt", [OIL]), unit_vectors(1))
    (passage,) = archive.passages_of(gone.document, 1)
    archive.holdings.unlink(source, ["a.txt"])
    assert archive.collect([passage.id]) == 0
    assert archive.collect() == 1
    assert archive.passages([passage.id]) == {}
    new = archive.store(arrival(source, "b.txt", [ROPE]))
    assert new.document > gone.document
    assert archive.passages_of(new.document, 1)[0].id > passage.id


def test_what_was_read_once_is_not_remembered_beyond_a_change(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    stored = archive.store(arrival(source, "log.txt", [OIL], title="Log", loader="note of 1"), unit_vectors(1))
    (passage,) = archive.passages_of(stored.document, 1)

    def known() -> tuple[object, ...]:
        return (archive.passages([passage.id]), archive.sizes([source]), archive.source_names([source]),
                archive.content_hashes([stored.document]), archive.self_made([stored.document]))  # fmt: skip

    assert all(known())
    archive.holdings.rename(source, "letters")
    assert known()[2] == {source: "letters"}
    archive.holdings.unlink(source, ["log.txt"])
    archive.holdings.remove(source)
    archive.collect()
    assert known() == ({}, {}, {}, {}, {})


def test_passages_wait_for_their_vectors_and_get_them_once(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    stored = archive.store(arrival(source, "a.txt", [OIL, ROPE]))
    assert archive.waiting.count(EMBEDDER) == 2
    assert archive.waiting.count("another") == 0
    assert archive.waiting.by_source() == {source: 2}
    first = archive.waiting.claim(0, 1, EMBEDDER)
    rest = archive.waiting.claim(0, 10, EMBEDDER)
    assert [len(first), len(rest)] == [1, 1]
    assert first[0].id < rest[0].id
    assert first[0].document == stored.document
    archive.waiting.release([first[0].id])
    assert archive.waiting.claim(0, 10, EMBEDDER) == first
    ids = [first[0].id, rest[0].id, 10**6]
    archive.waiting.store(ids, unit_vectors(3, 4, 5), EMBEDDER)
    archive.waiting.store(ids[:1], unit_vectors(9), EMBEDDER)
    assert archive.waiting.count(EMBEDDER) == 0
    assert np.array_equal(archive.bulk.vectors_of(np.array(ids)), np.vstack([unit_vectors(3, 4), np.zeros((1, 384))]))


def test_a_changed_document_keeps_the_vectors_of_what_stayed(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    archive.store(arrival(source, "a.txt", [OIL, ROPE]), unit_vectors(1, 2))
    changed = archive.store(arrival(source, "a.txt", [OIL, "Another page."]))
    assert changed.reused == 1
    assert archive.waiting.count(EMBEDDER) == 1


def test_passages_are_read_in_bulk(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    one = archive.store(arrival(source, "a.txt", [OIL, ROPE]), unit_vectors(1, 2))
    other = archive.store(arrival(source, "b.txt", ["A third page about gulls."]))
    ids = archive.bulk.passages_of([one.document, other.document])
    assert ids.dtype == np.int64
    assert (np.diff(ids) > 0).all()
    assert archive.bulk.embedded(ids.tolist()).tolist() == ids[:2].tolist()
    assert archive.bulk.sizes_of([one.document]) == {one.document: (2, len(OIL) + len(ROPE))}
    (block,) = archive.bulk.read_blocks(ids)
    assert block.table.column("text").to_pylist() == [OIL, ROPE, "A third page about gulls."]
    assert block.bare.tolist() == [ids[2]]
    assert np.array_equal(block.vectors[:2], unit_vectors(1, 2))
    rows, documents, pages = archive.bulk.places_of([one.document])
    assert (rows.tolist(), documents.tolist(), pages.tolist()) == (ids[:2].tolist(), [one.document] * 2, [1, 2])
    assert {key: text for key, (text, _) in archive.bulk.texts_of(ids[:1].tolist()).items()} == {int(ids[0]): OIL}
    terms = [
        len(item) for _, lists in archive.bulk.term_lists([one.document], "terms", 100) for item in lists.to_pylist()
    ]
    assert len(terms) == 2
    assert min(terms) >= 5
    with pytest.raises(ValueError, match="embedding"):
        next(archive.bulk.term_lists([one.document], "embedding", 100))


def test_inner_products_are_exact(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    stored = archive.store(arrival(source, "a.txt", [OIL, ROPE]), unit_vectors(1, 2))
    query = (unit_vectors(1)[0] * 0.6 + unit_vectors(2)[0] * 0.8).astype(np.float32)
    keys, scores = archive.bulk.inner_products(query)
    expected = dict(zip(archive.bulk.passages_of([stored.document]).tolist(), (0.6, 0.8), strict=True))
    assert dict(zip(keys.tolist(), scores.tolist(), strict=True)) == pytest.approx(expected)


def test_notes_of_the_user_stand_with_what_they_are_on(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    stored = archive.store(arrival(source, "logs/a.txt", [OIL]))
    archive.notes.set(source, "", "All of 1891.")
    archive.notes.set(source, "logs/", "By the keeper.")
    archive.notes.set(source, "logs/a.txt", "Torn.")
    assert archive.notes.of_documents([stored.document]) == {stored.document: "Torn.; By the keeper.; All of 1891."}
    archive.notes.carry(source, "logs/a.txt", "logs/b.txt")
    archive.notes.set(source, "logs/", "")
    assert [(note.path, note.text) for note in archive.notes.all()] == [("", "All of 1891."), ("logs/b.txt", "Torn.")]


def test_days_and_remarks_come_from_the_documents_metadata(archive: ArchivalStorage) -> None:
    source = archive.source_id("papers")
    dated = archive.store(arrival(source, "a.txt", [OIL], metadata={"date": "2021-03-04", "note": "page 9 is torn"}))
    plain = archive.store(arrival(source, "b.txt", [ROPE]))
    days = archive.days([dated.document, plain.document])
    assert days[dated.document] == date(2021, 3, 4)
    assert days[plain.document] >= date(2024, 1, 1)
    assert archive.remarks(source) == {dated.document: "page 9 is torn"}
    title, metadata = archive.stated([dated.document, plain.document])[dated.document]
    assert title == archive.documents(source)[0][2]
    assert metadata == {"date": "2021-03-04", "note": "page 9 is torn"}


def test_near_duplicates_are_grouped(archive: ArchivalStorage) -> None:
    from workbench.ingest.minhash import sketch

    source = archive.source_id("papers")
    text = " ".join(f"word{number}" for number in range(300))
    for path, body in (("a.txt", text), ("b.txt", f"{text} end"), ("c.txt", "Nothing of the kind. " * 20)):
        archive.store(arrival(source, path, [body], sketch=sketch(body)))
    assert archive.likeness.paths([source]) == [(("papers", "a.txt"), ("papers", "b.txt"))]


@pytest.mark.parametrize("name", sorted(IMPLEMENTATIONS))
def test_an_archive_is_the_same_when_it_is_opened_again(name: str, tmp_path: Path) -> None:
    with IMPLEMENTATIONS[name](tmp_path) as archive:
        stored = archive.store(arrival(archive.source_id("papers"), "a.txt", [OIL]), unit_vectors(7))
    with IMPLEMENTATIONS[name](tmp_path) as archive:
        assert dict(archive.paths([archive.find_source("papers")])) == {stored.document: ("a.txt", "papers")}
        ids = archive.bulk.passages_of([stored.document])
        assert np.array_equal(archive.bulk.vectors_of(ids), unit_vectors(7))
