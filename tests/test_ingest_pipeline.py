"""A load: every file ends as stored, linked, excluded or failed, in order; stopping leaves nothing half."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loaders import registry
from loaders.origins import PathOrigin
from tests.ingest_fakes import MemorySink, pdf
from workbench.errors import EmbedderError
from workbench.events import Loaded, LoadProgress
from workbench.ingest.chunker import Chunker
from workbench.ingest.pipeline import load
from workbench.ingest.progress import Meter
from workbench.ingest.reader import Reader, Reading
from workbench.ingest.worker import CancelledError


class InProcessReader(Reader):
    """Reads without a worker, and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.chunker = Chunker.for_local_model()
        self.asked: list[str] = []

    def read(self, path: Path, cancel: threading.Event | None = None, passwords: Sequence[str] = ()) -> Reading:
        self.asked.append(path.name)
        document = registry.read(path, passwords)
        return Reading(document, tuple(self.chunker.passages(document, path.name)))


class CountingEmbedder:
    """Vectors that tell their texts apart; can wait, fail, or be stopped after some texts."""

    model_id, dimensions = "counting", 384

    def __init__(self, *, fail_on: str = "", hold: threading.Event | None = None) -> None:
        self.fail_on, self.hold = fail_on, hold
        self.texts: list[str] = []

    def embed(
        self, texts: Sequence[str], *, kind="passage", exact=None, cancel=None, on_done=None
    ) -> np.ndarray[Any, Any]:
        rows = np.zeros((len(texts), 384), np.float32)
        for number, text in enumerate(texts):
            while self.hold is not None and not self.hold.wait(0.01):
                if cancel is not None and cancel.is_set():
                    raise CancelledError
            if self.fail_on and self.fail_on in text:
                raise EmbedderError("The embedding model failed.", "Try again.")
            rows[number, hash(text) % 384] = 1
            self.texts.append(text)
            on_done(1)
        return rows


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


def run(paths: list[Path], sink: MemorySink, **changes: Any) -> tuple[list[LoadProgress], Loaded]:
    ticks = itertools.count()
    settings: dict[str, Any] = {
        "source": "docs",
        "archive": sink,
        "embedder": CountingEmbedder(),
        "reader": InProcessReader(),
        "clock": lambda: next(ticks) * 0.01,
        "cancel": threading.Event(),
        **changes,
    }
    *progress, last = load([PathOrigin(path) for path in paths], **settings)
    assert isinstance(last, Loaded)
    assert all(isinstance(event, LoadProgress) for event in progress)
    return progress, last


def test_every_file_of_a_folder_has_its_end(folder: Path) -> None:
    sink = MemorySink()
    progress, loaded = run([folder], sink)
    assert [path for path, *_ in sink.stored] == ["a.md", "b.pdf", "c.txt"]
    assert sink.links[1, "sub/same.txt"] == sink.links[1, "c.txt"]
    assert (loaded.documents, loaded.pages, loaded.passages, loaded.unchanged, loaded.excluded) == (3, 4, 4, 1, 2)
    assert [(failed.path, bool(failed.reason and failed.remedy)) for failed in loaded.failed] == [
        ("z.xyz", True),
        ("empty.txt", True),
    ]
    assert not loaded.stopped
    assert progress[-1].files_done == progress[-1].files_total == 6
    assert progress[-1].passages_done == 4


def test_vectors_belong_to_their_passages(folder: Path) -> None:
    sink = MemorySink()
    run([folder], sink)
    for _, document, passages, vectors in sink.stored:
        for passage, vector in zip(passages, vectors, strict=True):
            assert document.pages[passage.page_number - 1].text[passage.start_char : passage.end_char] == passage.text
            assert vector[hash(passage.embedding_text) % 384] == 1


def test_what_is_known_is_linked_and_neither_read_nor_embedded(folder: Path) -> None:
    sink, reader, embedder = MemorySink(), InProcessReader(), CountingEmbedder()
    run([folder], sink)
    (folder / "c.txt").write_text("The bell rang three times.", encoding="utf-8")
    _, again = run([folder], sink, reader=reader, embedder=embedder)
    assert (again.documents, again.unchanged) == (1, 3)
    assert reader.asked == ["c.txt", "empty.txt"]
    assert len(embedder.texts) == 1
    _, moved = run([folder / "b.pdf"], sink, source="other")
    assert (moved.documents, moved.unchanged) == (0, 1)
    assert sink.links[2, "b.pdf"] == sink.links[1, "b.pdf"]


def test_a_newer_loader_reads_known_bytes_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    sink = MemorySink()
    run([folder / "c.txt"], sink)
    newer = [dataclasses.replace(loader, version=99) for loader in registry.all_loaders()]
    monkeypatch.setattr(registry, "all_loaders", lambda: newer)
    _, again = run([folder / "c.txt"], sink)
    assert (again.documents, again.unchanged) == (1, 0)


def test_two_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"This is {name}.", encoding="utf-8")
    sink = MemorySink()
    run([tmp_path / "one" / "a.txt", tmp_path / "two"], sink)
    assert {path for _, path in sink.links} == {"a.txt", "two/a.txt"}


def test_the_same_bytes_that_cannot_be_read_fail_twice(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-1.4 nothing more")
    _, loaded = run([tmp_path], MemorySink())
    assert [failed.path for failed in loaded.failed] == ["a.pdf", "b.pdf"]


def test_a_missing_path_is_a_row(tmp_path: Path) -> None:
    _, loaded = run([tmp_path / "nothing"], MemorySink())
    assert len(loaded.failed) == 1


def test_a_password_opens_what_needs_it(tmp_path: Path) -> None:
    pdf(tmp_path / "a.pdf", ["the vault"], password="sesame")
    _, closed = run([tmp_path], MemorySink())
    assert "password" in closed.failed[0].reason
    _, opened = run([tmp_path], MemorySink(), passwords=["wrong", "sesame"])
    assert opened.documents == 1


def test_stopping_keeps_whole_documents_and_a_second_load_does_the_rest(folder: Path) -> None:
    sink, cancel, hold = MemorySink(), threading.Event(), threading.Event()
    threading.Timer(0.3, cancel.set).start()
    _, loaded = run([folder], sink, cancel=cancel, embedder=CountingEmbedder(hold=hold))
    assert loaded.stopped
    assert sink.stored == []
    _, rest = run([folder], sink)
    assert rest.documents == 3


def test_leaving_the_events_ends_the_work(folder: Path) -> None:
    threads = threading.active_count()
    events = load(
        [PathOrigin(folder)],
        source="docs",
        archive=MemorySink(),
        embedder=CountingEmbedder(hold=threading.Event()),
        reader=InProcessReader(),
        clock=lambda: 0.0,
        cancel=threading.Event(),
    )
    for _ in range(4):
        next(events)
    events.close()
    assert threading.active_count() == threads


def test_a_failing_embedder_ends_the_load_and_what_was_stored_is_whole(folder: Path) -> None:
    sink = MemorySink()
    with pytest.raises(EmbedderError):
        run([folder], sink, embedder=CountingEmbedder(fail_on="bell"))
    assert [path for path, *_ in sink.stored] == ["a.md", "b.pdf"]


def clock(times: Iterator[float]) -> Any:
    return lambda: next(times)


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
