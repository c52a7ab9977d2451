"""Reads the files attached to a mail or packed in an archive, each by the loader for its kind, as pages of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from loaders import limits
from loaders.document import Heading, LoadError, Page, Table
from loaders.embedded_files import read_embedded

_FILES = 200
_NAMED = 20
_REASON_CHARS = 80


class Attachments:
    """Collects the pages and tables of attached files, the names of all of them, and why some were not read."""

    def __init__(self, budget: limits.TextBudget, most: int = _FILES) -> None:
        self.budget, self.most = budget, most
        self.names: list[str] = []
        self.tables: list[Table] = []
        self.not_read: list[str] = []
        self._count = 0

    def pages(self, name: str, data: bytes, kind: str, first: int, label: str = "") -> list[Page]:
        """The pages of a file, numbered from `first`; none when no loader reads it, which is then noted.

        `name` is what the mail calls it, `kind` its content type; `label` stands before its name in the pages' labels.
        """
        shown = name or kind
        self.names.append(shown)
        self._count += 1
        try:
            if self._count > self.most:
                raise LoadError(f"more than {self.most} files are attached")
            document = read_embedded(name, data, kind)
        except LoadError as error:
            self.not_read.append(f"{shown} ({error.reason[:_REASON_CHARS]})")
            return []
        if note := document.metadata.get("left_out") or document.metadata.get("note"):
            self.not_read.append(f"of {shown}: {note}")
        pages = []
        for number, page in enumerate(document.pages, first):
            named = " ".join(part for part in (label, shown, f"p. {page.label or page.number}") if part)
            headings = tuple(replace(heading, level=heading.level + 2) for heading in page.headings)
            if page.number == 1:
                headings = (Heading(2, shown[: limits.HEADING_CHARS], 0), *headings)
            text = self.budget.add(page.text)
            pages.append(Page(number, named if len(document.pages) > 1 else f"{label} {shown}".strip(), text, headings))
        shift = first - 1
        for table in document.tables:
            called = " ".join(part for part in (Path(shown).stem, table.name) if part)
            self.tables.append(replace(table, name=called, page=table.page + shift))
        return pages

    @property
    def left_out(self) -> str:
        """What was not read, in words; "" when all was."""
        more = f"; and {len(self.not_read) - _NAMED:,} more" if len(self.not_read) > _NAMED else ""
        return "; ".join(self.not_read[:_NAMED]) + more
