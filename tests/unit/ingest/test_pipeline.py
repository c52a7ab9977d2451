"""A load: every file ends as stored, linked, excluded or failed, in order; stopping leaves nothing half."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from loaders import registry
from loaders.origins import PathOrigin
from tests.support.ingest_fakes import CountingEmbedder, InProcessReader, archive_in, passages, pdf, run
from workbench.core.errors import EmbedderError
from workbench.ingest.passage import embedding_text
from workbench.ingest.pipeline import load
from workbench.ingest.progress import Meter
from workbench.storage.documents import DuckDBArchive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "sub").mkdir(parents=True)
    pdf(root / "b.pdf", ["Page one of the survey.", "Page two of the survey."], title="Survey")
    (root / "a.md").write_text("# Notes\n\nThe lamp burned oil.\n", encoding="utf-8")
    (root / "c.txt").write_text("The bell rang twice.", encoding="utf-8")
    (root / "sub" / "same.txt").write_text("The bell rang twice.", encoding="utf-8")
    (root / "empty.txt").write_bytes(b"")
    (root / "z.xyz").write_text("what", encoding="utf-8")
    (root / "secret.txt").write_text("no", encoding="utf-8")
    (root / ".workbenchignore").write_text("secret.txt\n", encoding="utf-8")
    return root


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBArchive]:
    made = archive_in(tmp_path_factory.mktemp("home"))
    yield made
    made.database.close()


def links(archive: DuckDBArchive, source: str = "docs") -> dict[str, int]:
    return {link.path: link.document for link in archive.holdings.links(archive.find_source(source))}


def test_every_file_of_a_folder_has_its_end(folder: Path, archive: DuckDBArchive) -> None:
    progress, loaded = run([folder], archive)
    assert links(archive) == {"a.md": 1, "b.pdf": 2, "c.txt": 3, "sub/same.txt": 3}
    assert (loaded.documents, loaded.pages, loaded.passages, loaded.unchanged, loaded.excluded) == (3, 4, 4, 1, 2)
    assert [(failed.path, bool(failed.reason and failed.remedy)) for failed in loaded.failed] == [
        ("z.xyz", True),
        ("empty.txt", True),
    ]
    assert [(item.path, item.state) for item in archive.queue.files()] == [("empty.txt", "failed"), ("z.xyz", "failed")]
    assert not loaded.stopped
    assert progress[-1].files_done == progress[-1].files_total == 6
    assert progress[-1].passages_done == 4


def test_vectors_belong_to_their_passages(folder: Path, archive: DuckDBArchive) -> None:
    run([folder], archive)
    rows = archive.database.rows(
        "SELECT g.text, p.start_char, p.end_char, p.text, p.context, e.embedding FROM passages p JOIN embeddings e USING (passage_id) "
        "JOIN pages g ON g.document_id = p.document_id AND g.number = p.page_number"
    )
    assert len(rows) == 4
    for page, start, end, text, context, vector in rows:
        assert page[start:end] == text
        assert vector[CountingEmbedder.place(embedding_text(text, context))] == 1


def test_what_is_known_is_linked_and_neither_read_nor_embedded(folder: Path, archive: DuckDBArchive) -> None:
    reader, embedder = InProcessReader(), CountingEmbedder()
    run([folder], archive)
    (folder / "c.txt").write_text("The bell rang three times.", encoding="utf-8")
    _, again = run([folder], archive, reader=reader, embedder=embedder)
    assert (again.documents, again.unchanged) == (1, 3)
    assert reader.asked == ["c.txt", "empty.txt"]
    assert len(embedder.texts) == 1
    _, moved = run([folder / "b.pdf"], archive, source="other")
    assert (moved.documents, moved.unchanged) == (0, 1)
    assert links(archive, "other")["b.pdf"] == links(archive)["b.pdf"]


def test_a_newer_loader_reads_known_bytes_again(
    folder: Path, archive: DuckDBArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    run([folder / "c.txt"], archive)
    newer = [dataclasses.replace(loader, version=99) for loader in registry.all_loaders()]
    monkeypatch.setattr(registry, "all_loaders", lambda: newer)
    _, again = run([folder / "c.txt"], archive)
    assert (again.documents, again.unchanged) == (1, 0)


def test_two_files_of_one_name_stay_apart(tmp_path: Path, archive: DuckDBArchive) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"This is {name}.", encoding="utf-8")
    run([tmp_path / "one" / "a.txt", tmp_path / "two"], archive)
    assert set(links(archive)) == {"a.txt", "two/a.txt"}


def test_a_folder_named_beside_a_file_in_it_is_loaded_once(folder: Path, archive: DuckDBArchive) -> None:
    _, loaded = run([folder / "a.md", folder, folder], archive)
    assert links(archive) == {"a.md": 1, "b.pdf": 2, "c.txt": 3, "sub/same.txt": 3}
    assert loaded.documents == 3
    assert [failed.path for failed in loaded.failed] == ["z.xyz", "empty.txt"]


def test_the_same_bytes_that_cannot_be_read_fail_twice(tmp_path: Path, archive: DuckDBArchive) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-1.4 nothing more")
    _, loaded = run([tmp_path], archive)
    assert [failed.path for failed in loaded.failed] == ["a.pdf", "b.pdf"]


def test_a_missing_path_is_a_row(tmp_path: Path, archive: DuckDBArchive) -> None:
    _, loaded = run([tmp_path / "nothing"], archive)
    assert len(loaded.failed) == 1


def test_a_password_opens_what_needs_it(tmp_path: Path, archive: DuckDBArchive) -> None:
    pdf(tmp_path / "a.pdf", ["the vault"], password="sesame")
    _, closed = run([tmp_path], archive)
    assert "password" in closed.failed[0].reason
    _, opened = run([tmp_path], archive, passwords=["wrong", "sesame"])
    assert opened.documents == 1


def test_stopping_keeps_what_is_stored_and_a_second_load_does_the_rest(folder: Path, archive: DuckDBArchive) -> None:
    cancel, hold = threading.Event(), threading.Event()
    threading.Timer(0.5, cancel.set).start()
    _, loaded = run([folder], archive, cancel=cancel, embedder=CountingEmbedder(hold=hold))
    assert loaded.stopped
    assert all(row[-1] is None for row in passages(archive))
    _, rest = run([folder], archive)
    assert loaded.documents + rest.documents == 3
    assert rest.unchanged == 4 - rest.documents
    assert len(passages(archive)) == 5
    assert all(row[-1] is not None for row in passages(archive))


def test_stored_passages_are_found_by_their_words_before_they_are_embedded(
    folder: Path, archive: DuckDBArchive
) -> None:
    from workbench.retrieval.service import ArchivalSearch, Budget

    embedder, cancel = CountingEmbedder(hold=threading.Event()), threading.Event()
    search = ArchivalSearch(archive, lambda queries: CountingEmbedder().embed(queries))

    def found(query: str) -> list[str]:
        page = search.page([archive.find_source("docs")], query, 0, Budget(2_000), lambda passage: "")
        return [hit.document for hit in page.hits]

    settings = {"source": "docs", "archive": archive, "reader": InProcessReader(), "clock": iter(range(10**6)).__next__}
    events = load([PathOrigin(folder)], embedder=embedder, cancel=cancel, **settings)
    for event in events:
        if event.stage == "embed":
            break
    assert archive.waiting.count("counting") == 4
    assert found("bell twice") == ["c.txt"]
    assert found("survey") == ["b.pdf", "b.pdf"]
    embedder.hold.set()
    assert next(iter(list(events)[-1:])).passages == 4
    assert archive.waiting.count("counting") == 0
    assert found("bell twice") == ["c.txt"]
    [text] = [embedding_text(row[12], row[13]) for row in passages(archive) if row[0] == "a.md"]
    assert found(text)[0] == "a.md"


def test_leaving_the_events_ends_the_work(folder: Path, archive: DuckDBArchive) -> None:
    threads = threading.active_count()
    ticks = iter(range(10**6))
    events = load(
        [PathOrigin(folder)],
        source="docs",
        archive=archive,
        embedder=CountingEmbedder(hold=threading.Event()),
        reader=InProcessReader(),
        clock=ticks.__next__,
        cancel=threading.Event(),
    )
    for _ in range(4):
        next(events)
    events.close()
    assert threading.active_count() == threads


def test_a_failing_embedder_ends_the_load_and_everything_is_stored(folder: Path, archive: DuckDBArchive) -> None:
    with pytest.raises(EmbedderError):
        run([folder], archive, embedder=CountingEmbedder(fail_on="bell"))
    assert set(links(archive)) == {"a.md", "b.pdf", "c.txt", "sub/same.txt"}
    _, again = run([folder], archive)
    assert (again.documents, again.unchanged) == (0, 4)
    assert archive.waiting.count("counting") == 0


def test_rate_and_remaining_time_follow_the_last_moments() -> None:
    now = [0.0]
    meter = Meter(lambda: now[0])
    meter.found(1_000)
    meter.found(3_000)
    meter.read(pages=2, passages=100, size_bytes=1_000)
    assert meter.remaining_seconds() is None
    for second in range(5):
        now[0] = float(second)
        meter.embedded(10)
    now[0] = 5.0
    assert meter.rate() == pytest.approx(10.0)
    assert meter.remaining_seconds() == pytest.approx((400 - 50) / 10)
    now[0] = 60.0
    assert meter.rate() == 0.0
    assert meter.remaining_seconds() is None
