"""Workers of a shared archive as processes that can be killed: over an endpoint that takes its time, or with the embedding model itself.

Run as `python -m tests.support.shared_workers URL SECONDS [watch]` it is one worker; SECONDS is what the endpoint takes for a passage,
and below 0 the built-in model embeds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.ingest_fakes import CountingEmbedder, InProcessReader
from tests.support.killing import ROOT
from workbench.embedding.client import LocalEmbedder
from workbench.embedding.machine_slot import MachineSlot
from workbench.services.load_worker import LoadWorker
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.server import PostgresServer

BUILT_IN = -1.0
"""In place of seconds: the built-in model embeds."""


class DistantEmbedder(CountingEmbedder):
    """Answers after a while, as an endpoint elsewhere does; it takes any number of requests at once."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def embed(self, texts: Sequence[str], **more: Any) -> Any:
        time.sleep(self._seconds * len(texts))
        return super().embed(texts, **more)


def offer(archive: PostgresArchive, folder: Path) -> int:
    """Put all files of a folder into the queue, as `workbench load --queue` does; how many."""
    files = [(str(path.relative_to(folder)), str(path), path.stat().st_size) for path in sorted(folder.rglob("*.txt"))]
    return archive.jobs.offer(archive.source_id("docs"), files)


def worker(url: str, seconds: float = 0.01, *, watch: bool = False) -> subprocess.Popen[bytes]:
    """A worker in a process of its own, which works until nothing waits, or until it is killed."""
    command = [sys.executable, "-m", "tests.support.shared_workers", url, str(seconds), *(["watch"] if watch else [])]
    return subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), start_new_session=True)


def time_with(archive: PostgresArchive, folder: Path, workers: int, seconds: float) -> float:
    """How long so many workers take for all files of a folder, from when they are all there; `seconds` is the endpoint's, a passage."""
    running = [worker(archive.server.url, seconds, watch=True) for _ in range(workers)]
    try:
        while len(archive.jobs.backlog().workers) < workers:
            time.sleep(0.05)
        started = time.monotonic()
        offer(archive, folder)
        while (left := archive.jobs.backlog()).files or left.passages:
            time.sleep(0.05)
        return time.monotonic() - started
    finally:
        for process in running:
            process.kill()
            process.wait()


def contents(archive: PostgresArchive) -> list[list[tuple[Any, ...]]]:
    """Everything that a load stores, but times, places and numbers."""
    return [
        archive.server.rows(query)
        for query in (
            "SELECT s.name, l.path, d.content_hash, d.title, d.page_count, d.passage_count FROM source_documents l "
            "JOIN sources s USING (source_id) JOIN documents d USING (document_id) ORDER BY 1, 2",
            "SELECT d.content_hash, p.number, p.text FROM pages p JOIN documents d USING (document_id) ORDER BY 1, 2",
            "SELECT d.content_hash, p.page_number, p.start_char, p.text, e.embedding::text FROM passages p JOIN documents d "
            "USING (document_id) LEFT JOIN embeddings e USING (passage_id) ORDER BY 1, 2, 3",
            "SELECT d.content_hash, k.keys FROM passage_keys k JOIN documents d USING (document_id) "
            "JOIN passages p USING (passage_id) ORDER BY 1, p.page_number, p.start_char",
            "SELECT path, state, reason FROM file_queue ORDER BY 1",
            "SELECT passage_id FROM waiting",
        )
    ]


def _work(url: str, seconds: float, watch: bool) -> None:
    archive = PostgresArchive(PostgresServer(url), f"home {os.getpid()}")
    model: Any = LocalEmbedder() if seconds < 0 else DistantEmbedder(seconds)
    slot = MachineSlot(url) if seconds < 0 else None
    if slot is not None and slot.held():
        model.embed(["is the model there?"])
    for _ in LoadWorker(archive, model, lambda options: InProcessReader(), slot).run(watch=watch):
        pass
    archive.close()


if __name__ == "__main__":
    _work(sys.argv[1], float(sys.argv[2]), "watch" in sys.argv)
