"""Loading again: what changed is embedded in part, what moved or is gone is told, what nothing refers to is collected."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from loaders.document import LoadError
from tests.support.ingest_fakes import CountingEmbedder, InProcessReader, archive_in, passages, pdf, run
from workbench.ingest.pipeline import LoadRules
from workbench.ingest.reader_client import BrokeLimitsError, Reading
from workbench.storage.documents import DuckDBArchive
from workbench.storage.embedding_queue import EmbeddingQueue


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBArchive]:
    made = archive_in(tmp_path_factory.mktemp("home"))
    yield made
    made.database.close()


def chapters(*numbers: int) -> str:
    return "# The log\n\n" + "\n\n".join(
        f"## Chapter {number}\n\n"
        + " ".join(f"Watch {at} of chapter {number} was kept by the lamp." for at in range(14))
        for number in numbers
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "sub").mkdir(parents=True)
    (root / "log.md").write_text(chapters(1, 2, 3, 4), encoding="utf-8")
    (root / "sub" / "bell.txt").write_text("The bell rang twice.", encoding="utf-8")
    (root / "lamp.txt").write_text("The lamp burned oil.", encoding="utf-8")
    return root


def documents(archive: DuckDBArchive) -> list[int]:
    return [row[0] for row in archive.database.rows("SELECT document_id FROM documents ORDER BY 1")]


def paths(archive: DuckDBArchive) -> list[str]:
    return [link.path for link in archive.holdings.links(archive.find_source("docs"))]


def test_a_changed_file_embeds_its_changed_passages_only(folder: Path, archive: DuckDBArchive) -> None:
    run([folder], archive)
    before = {row[12]: row[-1] for row in passages(archive) if row[0] == "log.md"}
    (folder / "log.md").write_text(chapters(1, 2, 3, 5), encoding="utf-8")
    embedder = CountingEmbedder()
    _, loaded = run([folder], archive, embedder=embedder)
    after = {row[12]: row[-1] for row in passages(archive) if row[0] == "log.md"}
    assert loaded.changed == loaded.documents == 1
    assert loaded.unchanged == 2
    assert embedder.texts
    assert all("hapter 5" in text for text in embedder.texts)
    assert loaded.reused == len(after) - len(embedder.texts) > 0
    assert {text: vector for text, vector in after.items() if text in before} == {
        text: vector for text, vector in before.items() if text in after
    }
    assert documents(archive) == [1, 3, 4], "the old state was collected"


def test_another_embedder_reuses_nothing(folder: Path, archive: DuckDBArchive) -> None:
    run([folder], archive)
    (folder / "log.md").write_text(chapters(1, 2, 3, 5), encoding="utf-8")
    other = CountingEmbedder()
    other.model_id = "another"
    _, loaded = run([folder], archive, embedder=other)
    assert loaded.reused == 0
    assert len(other.texts) == loaded.passages


def test_numbers_of_what_was_collected_are_never_given_again(folder: Path, archive: DuckDBArchive) -> None:
    run([folder], archive)
    last = archive.database.row("SELECT max(passage_id) FROM passages")
    (folder / "sub" / "bell.txt").write_text("The bell rang three times.", encoding="utf-8")
    run([folder], archive)
    (folder / "sub" / "bell.txt").write_text("The bell rang four times.", encoding="utf-8")
    run([folder], archive)
    assert documents(archive) == [1, 2, 5]
    assert archive.database.rows("SELECT passage_id FROM passages WHERE document_id = 5") == [(last[0] + 2,)]


@dataclass
class InUse:
    """Agents at work that have handles for these passages."""

    passages: list[int]

    def handled_passages(self) -> list[int]:
        return self.passages


def test_what_a_handle_shows_is_not_collected(folder: Path, archive: DuckDBArchive) -> None:
    run([folder], archive)
    passage = archive.database.row("SELECT passage_id FROM passages WHERE text LIKE '%twice%'")[0]
    archive.database.write(lambda connection: connection.execute("INSERT INTO handles VALUES (1, '#a1', ?)", [passage]))
    for count in ("three", "four"):
        (folder / "sub" / "bell.txt").write_text(f"The bell rang {count} times.", encoding="utf-8")
        (folder / "lamp.txt").write_text(f"The lamp burned {count} times.", encoding="utf-8")
        run([folder], archive)
    assert archive.passages([passage])[passage].text == "The bell rang twice."
    assert len(documents(archive)) == 4
    _, held = run([folder], archive, in_use=InUse([passage]))
    assert held.unchanged == 3


def test_a_moved_file_is_told_and_keeps_its_note(folder: Path, archive: DuckDBArchive) -> None:
    run([folder], archive)
    source = archive.find_source("docs")
    archive.notes.set(source, "lamp.txt", "the old lamp")
    (folder / "lamp.txt").rename(folder / "sub" / "lantern.txt")
    reader = InProcessReader()
    _, loaded = run([folder], archive, reader=reader)
    assert reader.asked == []
    assert loaded.moved == (("lamp.txt", "sub/lantern.txt"),)
    assert not loaded.gone
    assert paths(archive) == ["log.md", "sub/bell.txt", "sub/lantern.txt"]
    assert [(note.path, note.text) for note in archive.notes.all()] == [("sub/lantern.txt", "the old lamp")]


def test_a_copy_is_not_a_move(folder: Path, archive: DuckDBArchive) -> None:
    run([folder], archive)
    (folder / "again.txt").write_bytes((folder / "lamp.txt").read_bytes())
    _, loaded = run([folder], archive)
    assert not loaded.moved
    assert loaded.alike == (("again.txt", "lamp.txt"),)
    assert "lamp.txt" in paths(archive)


def test_what_is_gone_is_told_and_dropped_only_when_asked(folder: Path, archive: DuckDBArchive) -> None:
    run([folder], archive)
    (folder / "sub" / "bell.txt").unlink()
    _, told = run([folder], archive)
    assert (told.gone, told.dropped) == (("sub/bell.txt",), ())
    assert "sub/bell.txt" in paths(archive)
    _, pruned = run([folder], archive, rules=LoadRules(prune=True))
    assert (pruned.gone, pruned.dropped) == ((), ("sub/bell.txt",))
    assert paths(archive) == ["lamp.txt", "log.md"]
    assert documents(archive) == [1, 2]


def test_files_of_another_folder_are_not_called_gone(folder: Path, archive: DuckDBArchive, tmp_path: Path) -> None:
    run([folder], archive)
    other = tmp_path / "docs-2"
    other.mkdir()
    (other / "x.txt").write_text("Something else.", encoding="utf-8")
    _, loaded = run([other], archive, rules=LoadRules(prune=True))
    assert not loaded.gone
    assert not loaded.dropped
    assert len(paths(archive)) == 4


class Limited(InProcessReader):
    """Breaks a limit on every file called big."""

    def read(self, path: Path, cancel: threading.Event | None = None, passwords: Sequence[str] = ()) -> Reading:
        if path.name.startswith("big"):
            self.asked.append(path.name)
            raise BrokeLimitsError("reading it took more than 1 second", "Split it.")
        return super().read(path, cancel, passwords)


def test_a_file_that_broke_a_limit_is_set_aside_until_it_changes_or_someone_asks(
    folder: Path, archive: DuckDBArchive
) -> None:
    (folder / "big.txt").write_text("Too much.", encoding="utf-8")
    reader = Limited()
    _, first = run([folder], archive, reader=reader)
    assert first.documents == 3
    assert [(item.path, item.state) for item in archive.queue.files()] == [("big.txt", "quarantined")]
    _, again = run([folder], archive, reader=reader)
    assert reader.asked.count("big.txt") == 1
    assert [failed.reason for failed in again.failed] == [failed.reason for failed in first.failed]
    run([folder], archive, reader=reader, rules=LoadRules(retry=True))
    assert reader.asked.count("big.txt") == 2
    (folder / "big.txt").write_text("Still too much.", encoding="utf-8")
    run([folder], archive, reader=reader)
    assert reader.asked.count("big.txt") == 3
    run([folder], archive, rules=LoadRules(retry=True))
    assert archive.queue.files() == []


def test_a_skipped_file_is_left_out_from_then_on(folder: Path, archive: DuckDBArchive) -> None:
    (folder / "empty.txt").write_bytes(b"")
    _, first = run([folder], archive)
    assert len(first.failed) == 1
    assert archive.queue.change(archive.find_source("docs"), "empty.txt", "skipped")
    _, again = run([folder], archive)
    assert (len(again.failed), again.excluded) == (0, 1)


def test_a_password_is_never_shown(folder: Path, archive: DuckDBArchive) -> None:
    pdf(folder / "vault.pdf", ["seventeen coins"], password="sesame")
    rules = LoadRules(passwords=("sesame",))
    assert "sesame" not in repr(rules)
    _, loaded = run([folder], archive, rules=rules)
    assert loaded.documents == 4
    archive.database.write(lambda connection: None)
    archive.database.close()
    for file in archive.database.file.parent.iterdir():
        assert b"sesame" not in file.read_bytes()


def test_near_duplicates_are_told(folder: Path, archive: DuckDBArchive) -> None:
    (folder / "log-copy.md").write_text(chapters(1, 2, 3, 4) + "\n\nOne line more.", encoding="utf-8")
    _, loaded = run([folder], archive)
    assert loaded.alike == (("log-copy.md", "log.md"),)


def test_a_failed_file_leaves_the_queue_when_it_is_gone(folder: Path, archive: DuckDBArchive) -> None:
    (folder / "empty.txt").write_bytes(b"")
    run([folder], archive)
    assert len(archive.queue.files()) == 1
    (folder / "empty.txt").unlink()
    run([folder], archive)
    assert archive.queue.files() == []


def test_two_loads_at_once_embed_nothing_twice(archive: DuckDBArchive, folder: Path) -> None:
    hold = threading.Event()
    first, second = CountingEmbedder(hold=hold), CountingEmbedder()
    held = threading.Thread(target=run, args=([folder], archive), kwargs={"embedder": first})
    held.start()
    while not archive.waiting._claimed:
        held.join(0.01)
    (folder / "late.txt").write_text("A late arrival.", encoding="utf-8")
    run([folder], archive, embedder=second)
    hold.set()
    held.join()
    assert isinstance(archive.waiting, EmbeddingQueue)
    assert archive.waiting.count("counting") == 0
    assert len(first.texts) + len(second.texts) == len(passages(archive))


def test_errors_of_a_loader_are_rows(folder: Path, archive: DuckDBArchive) -> None:
    class Failing(InProcessReader):
        def read(self, path: Path, cancel: threading.Event | None = None, passwords: Sequence[str] = ()) -> Reading:
            raise LoadError("it is damaged", "Save it again.")

    _, loaded = run([folder], archive, reader=Failing())
    assert (loaded.documents, len(loaded.failed)) == (0, 3)
    assert {item.state for item in archive.queue.files()} == {"failed"}
    _, healed = run([folder], archive)
    assert healed.documents == 3
    assert archive.queue.files() == []
