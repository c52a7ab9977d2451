"""Reading in a worker: whatever a file does, the next one is read; a killed parent leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loaders.document import LoadError
from tests.support.ingest_fakes import pdf
from tests.support.processes import alive, wait_until
from workbench.core.worker_process import CancelledError, Worker, WorkerGoneError
from workbench.ingest.reader_client import Reader

BAD_LOADERS = """
import os, signal, sys, time
from loaders.document import Document, Page
from loaders.registry import Loader
def one(text): return Document("", (Page(1, None, text),), "bad", 1)
def hang(path): time.sleep(600)
def crash(path): os.kill(os.getpid(), signal.SIGSEGV)
def hog(path): return one(str(len(bytearray(8 << 30))))
def fail(path): raise KeyError("what a library raises")
def talk(path):
    print("noise on standard output"); sys.stdout.flush(); os.write(1, b"more noise")
    return one("read " + repr(sys.stdin.read()))
HANG, CRASH, HOG, FAIL, TALK = (Loader(n, 1, (f".{n}",), f) for n, f in
    dict(hang=hang, crash=crash, hog=hog, fail=fail, talk=talk).items())
"""


@pytest.fixture
def bad_loaders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in which every loader misbehaves; the workers find it, this process does not."""
    site = tmp_path / "site"
    (site / "bad-1.0.dist-info").mkdir(parents=True)
    (site / "bad-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    names = ("hang", "crash", "hog", "fail", "talk")
    points = "".join(f"{name} = bad_loaders:{name.upper()}\n" for name in names)
    (site / "bad-1.0.dist-info" / "entry_points.txt").write_text("[workbench.loaders]\n" + points)
    (site / "bad_loaders.py").write_text(BAD_LOADERS)
    for name in names:
        (tmp_path / f"a.{name}").write_text("x")
    (tmp_path / "good.txt").write_text("A good file.")
    monkeypatch.setenv("PYTHONPATH", str(site))
    return tmp_path


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(log_file=tmp_path / "log" / "reader.log", limit_seconds=20.0)
    yield reader
    reader.stop()


def test_a_document_and_its_passages_come_back(tmp_path: Path, reader: Reader) -> None:
    reading = reader.read(
        pdf(tmp_path / "a.pdf", ["Öland light.\nBuilt in 1845.", "Second page."], labels="ROMAN_LOWER")
    )
    assert [page.label for page in reading.document.pages] == ["i", "ii"]
    assert [(passage.page_number, passage.text) for passage in reading.passages] == [
        (1, "Öland light.\nBuilt in 1845."),
        (2, "Second page."),
    ]


@pytest.mark.parametrize(
    ("name", "reason"), [("crash", "SIGSEGV"), ("hog", "more than 2,048 MB of memory"), ("fail", "KeyError")]
)
def test_what_a_file_does_to_its_reader_is_said_and_the_next_is_read(
    bad_loaders: Path, reader: Reader, name: str, reason: str
) -> None:
    with pytest.raises(LoadError) as caught:
        reader.read(bad_loaders / f"a.{name}")
    assert reason in caught.value.reason
    assert caught.value.remedy
    assert reader.read(bad_loaders / "good.txt").passages[0].text == "A good file."


@pytest.mark.nightly
def test_a_file_that_takes_too_long_is_given_up(bad_loaders: Path) -> None:
    reader = Reader(limit_seconds=8.0)
    try:
        with pytest.raises(LoadError, match="more than 8 seconds"):
            reader.read(bad_loaders / "a.hang")
        assert reader.read(bad_loaders / "good.txt").document.pages
    finally:
        reader.stop()


def test_the_worker_has_no_input_and_its_output_goes_to_the_log(
    bad_loaders: Path, reader: Reader, tmp_path: Path
) -> None:
    assert reader.read(bad_loaders / "a.talk").document.pages[0].text == "read ''"
    assert "noise on standard output" in (tmp_path / "log" / "reader.log").read_text()


def test_cancel_stops_at_once(bad_loaders: Path, reader: Reader) -> None:
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        reader.read(bad_loaders / "a.hang", cancel)
    assert time.monotonic() - started < 60


def test_a_module_in_the_current_folder_is_never_imported(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')")
    (tmp_path / "a.txt").write_text("fine")
    monkeypatch.chdir(tmp_path)
    assert reader.read(Path("a.txt")).passages[0].text == "fine"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_killed_parent_leaves_no_worker_behind(bad_loaders: Path) -> None:
    script = textwrap.dedent("""
        import sys, threading
        from pathlib import Path
        from workbench.embedding.client import LocalEmbedder
        from workbench.ingest.reader_client import Reader
        reader, embedder = Reader(), LocalEmbedder()
        reader.start(); embedder.embed(["warm"])
        print(reader._worker.pid, embedder._connection._worker.pid, flush=True)
        threading.Thread(target=embedder.embed, args=(["a long text of words"] * 20000,)).start()
        reader.read(Path(sys.argv[1]))
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(bad_loaders / "a.hang")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{Path.cwd()}{os.pathsep}{os.environ['PYTHONPATH']}"},
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert all(alive(pid) for pid in pids)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not any(alive(pid) for pid in pids))


def test_a_worker_that_cannot_start_says_so() -> None:
    worker = Worker("workbench.ingest.no_such_module")
    with pytest.raises(WorkerGoneError, match="exit code 1"):
        worker.receive(20.0)
    worker.close()


@pytest.mark.nightly
def test_a_long_document_says_which_page_is_read(tmp_path: Path, reader: Reader) -> None:
    """A PDF of a thousand pages takes seconds, one that is scanned minutes: until its end nothing else is known of it."""
    texts = [f"Page {number} of a long report.\n" + "Words follow here.\n" * 30 for number in range(400)]
    file = pdf(tmp_path / "long.pdf", texts)
    seen: set[tuple[int, int]] = set()
    done = threading.Event()

    def read() -> None:
        try:
            reader.read(file)
        finally:
            done.set()

    thread = threading.Thread(target=read)
    thread.start()
    while not done.wait(0.002):
        seen.add(reader.page)
    thread.join(20)
    assert {pages for _, pages in seen} == {0, 400}
    assert reader.page == (0, 0)
