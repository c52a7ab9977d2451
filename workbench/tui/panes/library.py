"""The library: sources, their documents, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from workbench.foreign import one_line
from workbench.tui import glyphs
from workbench.tui.cells import crop, fit, number, plural, right
from workbench.tui.lines import Lines
from workbench.tui.panes.pane import Pane
from workbench.views import DocumentInfo, SourceInfo


class LibraryLines(Lines):
    """Sources, and under each its documents."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: Sequence[SourceInfo] = ()
        self.documents: Sequence[DocumentInfo] = ()

    def rows(self, width: int) -> list[Content]:
        rows: list[Content] = []
        for source in self.sources:
            sign = glyphs.RUNNING if source.attached else glyphs.READY
            counts = f"{plural(source.documents, 'doc')} · {plural(source.passages, 'passage')}"
            name = fit(one_line(source.name, 200), max(4, width - 3 - len(counts)))
            rows.append(Content.assemble((f"{sign} ", "$accent"), (name, "bold"), (f" {counts}", "$muted")))
            for document in self.documents:
                if document.source == source.name:
                    rows += self._document(document, width)
            rows.append(Content(""))
        return rows or [Content.styled("nothing is loaded yet: f2 adds documents", "$muted")]

    def _document(self, document: DocumentInfo, width: int) -> list[Content]:
        if document.status != "loaded":
            name = crop(one_line(document.path, 300), width - 4, keep_end=True)
            why = crop(f"{one_line(document.reason, 300)} {one_line(document.remedy, 300)}", width - 6)
            return [
                Content.assemble((f"  {glyphs.FAILED} ", "$text-error"), name),
                Content.assemble("      ", (why, "$muted")),
            ]
        counts = right(number(document.pages), 6) + " p." + right(number(document.passages), 7) + " passages"
        name = fit(one_line(document.path, 300), max(4, width - 4 - len(counts)), keep_end=True)
        return [Content.assemble("    ", name, (counts, "$muted"))]


class LibraryPane(VerticalScroll, Pane):
    """What can be asked about."""

    TITLE = "Library"
    JUMP = "l"
    HELP = (
        "Sources and their documents; a full dot marks a source the agent searches.\n"
        "/attach and /detach change that, f2 or /load adds documents. A file that could not be read\n"
        "stands here with the reason and what to do about it."
    )

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._drawn = LibraryLines()

    def compose(self) -> ComposeResult:
        yield self._drawn

    def show(self, sources: Sequence[SourceInfo], documents: Sequence[DocumentInfo]) -> None:
        """Draw these."""
        lines = self._drawn
        lines.sources, lines.documents = sources, documents
        lines.changed()
        self.frame(number=plural(sum(document.status == "loaded" for document in documents), "document"))
