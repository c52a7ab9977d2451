"""Loads without worker processes, over a real archive, and small files of every kind."""

from __future__ import annotations

import itertools
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from loaders import registry
from loaders.origins import PathOrigin
from workbench.api.events import Loaded, LoadProgress
from workbench.core.errors import EmbedderError
from workbench.core.worker_process import CancelledError
from workbench.embedding.client import Kind
from workbench.ingest.chunker import Chunker
from workbench.ingest.pipeline import LoadRules, load
from workbench.ingest.prepare import Reading, prepare
from workbench.ingest.reader_client import Reader
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive


def archive_in(home: Path) -> DuckDBArchive:
    """An archive in a database of its own; close its database."""
    return DuckDBArchive(Database(home / "workbench.duckdb"))


class InProcessReader(Reader):
    """Reads without a worker, and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.chunker = Chunker.for_local_model()
        self.asked: list[str] = []

    def read(self, path: Path, cancel: threading.Event | None = None, passwords: Sequence[str] = ()) -> Reading:
        self.asked.append(path.name)
        document = registry.read(path, passwords)
        return prepare(document, self.chunker, path.name)


class CountingEmbedder:
    """Vectors that tell their texts apart; can wait, fail, or be stopped after some texts."""

    model_id, dimensions = "counting", 384

    def __init__(self, *, fail_on: str = "", hold: threading.Event | None = None) -> None:
        self.fail_on, self.hold = fail_on, hold
        self.texts: list[str] = []

    @staticmethod
    def place(text: str) -> int:
        """The direction of a text."""
        return zlib.crc32(text.encode()) % 384

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Kind = "passage",
        exact: bool | None = None,
        cancel: threading.Event | None = None,
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray[Any, Any]:
        rows = np.zeros((len(texts), 384), np.float32)
        for number, text in enumerate(texts):
            while self.hold is not None and not self.hold.wait(0.01):
                if cancel is not None and cancel.is_set():
                    raise CancelledError
            if self.fail_on and self.fail_on in text:
                raise EmbedderError("The embedding model failed.", "Try again.")
            rows[number, self.place(text)] = 1
            self.texts.append(text)
            if on_done is not None:
                on_done(1)
        return rows


def run(paths: list[Path], archive: DuckDBArchive, **changes: Any) -> tuple[list[LoadProgress], Loaded]:
    ticks = itertools.count()
    settings: dict[str, Any] = {
        "source": "docs",
        "archive": archive,
        "embedder": CountingEmbedder(),
        "reader": InProcessReader(),
        "clock": lambda: next(ticks) * 1.0,
        "cancel": threading.Event(),
        **changes,
    }
    if "passwords" in changes:
        settings["rules"] = LoadRules(passwords=tuple(settings.pop("passwords")))
    *events, last = load([PathOrigin(path) for path in paths], **settings)
    assert isinstance(last, Loaded)
    progress = [event for event in events if isinstance(event, LoadProgress)]
    assert progress == events
    return progress, last


def passages(archive: DuckDBArchive, source: str = "docs") -> list[tuple[Any, ...]]:
    """Everything a load makes, in order, with vectors: what two databases must agree on."""
    return archive.database.rows(
        """SELECT l.path, d.document_id, d.content_hash, d.title, d.page_count, d.passage_count, d.sketch, p.passage_id, p.page_number,
                  p.start_char, p.end_char, p.heading, p.text, p.context, p.tokens, p.terms, p.names, e.embedding
           FROM sources s JOIN source_documents l USING (source_id) JOIN documents d USING (document_id)
           LEFT JOIN passages p USING (document_id) LEFT JOIN embeddings e USING (passage_id)
           WHERE s.name = ? ORDER BY l.path, p.passage_id""",
        [source],
    )


def pdf(
    path: Path,
    pages: list[str],
    *,
    title: str = "",
    labels: str = "",
    outline: list[str] | None = None,
    password: str = "",
) -> Path:
    """A PDF with these texts, line by line; `labels` is a reportlab numbering style such as ROMAN_LOWER."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen import canvas

    sheet = canvas.Canvas(str(path), pagesize=A4, encrypt=password or None, invariant=True)
    sheet.setTitle(title)
    for number, text in enumerate(pages):
        if labels:
            sheet.addPageLabel(number, style=labels, start=number + 1)
        if outline is not None and outline[number]:
            sheet.bookmarkPage(f"p{number}")
            sheet.addOutlineEntry(outline[number], f"p{number}", level=0)
        lines = sheet.beginText(60, 780)
        for line in text.split("\n"):
            lines.textLine(line)
        sheet.drawText(lines)
        sheet.showPage()
    sheet.save()
    return path
