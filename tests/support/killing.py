"""Loads that are killed at random moments, again and again, until one comes to its end: what both its test and its benchmark do.

Run as `python -m tests.support.killing HOME FOLDER` it is a load without the embedding model, slowed down so that it can be hit.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loaders.origins import PathOrigin

ROOT = Path(__file__).resolve().parents[2]


def corpus(folder: Path, files: int) -> None:
    """Text files of a few passages each, two of them alike, one empty, one of no known type."""
    rolled = random.Random(7)
    nouns = ["lamp", "pier", "ledger", "keeper", "barrel", "storm", "ferry", "chart", "bell", "harbour"]
    for number in range(files):
        lines = [
            f"In the year {1800 + number} entry {at} of book {number} tells of the {rolled.choice(nouns)} "
            f"and the {rolled.choice(nouns)}, of which {rolled.randrange(10**6)} were counted."
            for at in range(rolled.randrange(8, 40))
        ]
        place = folder / f"shelf {number % 3}" / f"{number:03}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n\n".join(lines), encoding="utf-8")
    (folder / "copy.txt").write_bytes((folder / "shelf 0" / "000.txt").read_bytes())
    (folder / "empty.txt").write_bytes(b"")
    (folder / "what.xyz").write_bytes(b"\x00\x01\x02")


def alter(folder: Path) -> None:
    """Some files change in one line, one moves, one goes, one is new."""
    names = sorted(folder.glob("shelf */*.txt"))
    for path in names[::4]:
        path.write_text(path.read_text(encoding="utf-8") + "\n\nA line was added at the end of the book.", "utf-8")
    names[1].rename(folder / "moved.txt")
    names[2].unlink()
    (folder / "new.txt").write_text("A book that nobody had seen before lay on the table.", encoding="utf-8")


def contents(home: Path) -> list[list[tuple[Any, ...]]]:
    """Everything that a load stores but times and places on the disk, numbers of documents and passages included."""
    import duckdb

    with duckdb.connect(str(home / "data" / "workbench.duckdb"), read_only=True) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                "SELECT source_id, path, document_id FROM source_documents ORDER BY ALL",
                "SELECT * EXCLUDE (created_at) FROM documents ORDER BY document_id",
                "SELECT * FROM pages ORDER BY ALL",
                "SELECT * FROM passages ORDER BY passage_id",
                "SELECT * FROM embeddings ORDER BY passage_id",
                "SELECT source_id, path, state, reason, remedy FROM file_queue ORDER BY ALL",
                "SELECT * FROM collected ORDER BY ALL",
            )
        ]


def killed_after(command: Sequence[str], seconds: float, environment: dict[str, str]) -> bool:
    """Run a command and kill it, and nothing else, after so long; False when it came to its end before."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment, start_new_session=True
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def loads(folder: Path) -> None:
    """A load in this process, over an embedder that takes its time."""
    from tests.support.ingest_fakes import CountingEmbedder, InProcessReader
    from workbench.ingest.pipeline import LoadRules, load
    from workbench.storage.database import Database
    from workbench.storage.documents import DuckDBArchive

    class Slow(CountingEmbedder):
        def embed(self, texts: Sequence[str], **more: Any) -> Any:
            time.sleep(0.002 * len(texts))
            return super().embed(texts, **more)

    class SlowReader(InProcessReader):
        def read(self, *given: Any) -> Any:
            time.sleep(0.01)
            return super().read(*given)

    archive = DuckDBArchive(Database(Path(sys.argv[1]) / "data" / "workbench.duckdb"))
    settings: dict[str, Any] = {"clock": time.monotonic, "cancel": threading.Event(), "rules": LoadRules(prune=True)}
    for _ in load(
        [PathOrigin(folder)], source="docs", archive=archive, embedder=Slow(), reader=SlowReader(), **settings
    ):
        pass
    archive.database.close()


if __name__ == "__main__":
    loads(Path(sys.argv[2]))
