"""An archive in memory and small files of every kind, for the tests of loading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


class MemorySink:
    """The archive as a load sees it, in dictionaries; `stored` keeps the order of the transactions."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, str, int], int] = {}
        self.links: dict[tuple[int, str], int] = {}
        self.sources: dict[str, int] = {}
        self.stored: list[tuple[str, Any, Any, np.ndarray]] = []

    def source_id(self, name: str) -> int:
        return self.sources.setdefault(name, len(self.sources) + 1)

    def find_document(self, content_hash: str, loader: str, loader_version: int) -> int | None:
        return self.documents.get((content_hash, loader, loader_version))

    def link_document(self, source: int, path: str, document: int) -> bool:
        new = self.links.get((source, path)) != document
        self.links[source, path] = document
        return new

    def add_document(self, source, path, content_hash, document, passages, vectors, embedder, size_bytes) -> int:
        assert vectors.shape[0] == len(passages)
        number = len(self.documents) + 1
        self.documents[content_hash, document.loader, document.loader_version] = number
        self.links[source, path] = number
        self.stored.append((path, document, tuple(passages), vectors))
        return number


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
