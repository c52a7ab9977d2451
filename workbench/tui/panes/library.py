"""The library pane: sources, their documents, what became of each and which of its pages were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

from workbench.core.sanitize import one_line
from workbench.tui.panes.pane import Pane
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, fit, number, plural, right
from workbench.tui.widgets.exchange_rows import CURSOR
from workbench.tui.widgets.lines import Lines, Row, Target

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from workbench.api.paging import Coverage
    from workbench.api.session import DocumentInfo, SourceInfo

KEYS = "r load again · d remove · n rename · p password · s skip · o ocr · t note"
MOST_SHOWN = 300
"""Documents of one source that are drawn; those with a problem come first."""

Item: TypeAlias = "SourceInfo | DocumentInfo"


class LibraryLines(Lines, can_focus=True):
    """Sources, and under each its documents, with a cursor."""

    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Ten up", show=False),
        Binding("pagedown", "move(10)", "Ten down", show=False),
        Binding("r", "want('reload')", "Load again", show=False),
        Binding("d,delete", "want('remove')", "Remove", show=False),
        Binding("n", "want('rename')", "Rename", show=False),
        Binding("p", "want('password')", "Password", show=False),
        Binding("s", "want('skip')", "Skip", show=False),
        Binding("o", "want('ocr')", "Read as pictures", show=False),
        Binding("t", "want('note')", "Note", show=False),
        Binding("enter", "want('open')", "Open", show=False),
    ]

    @dataclass
    class Wanted(Message):
        """Something is to be done with the item under the cursor."""

        action: str
        item: Item

    @dataclass
    class Moved(Message):
        """The cursor stands on this row."""

        row: int

    def __init__(self) -> None:
        super().__init__()
        self.sources: Sequence[SourceInfo] = ()
        self.documents: Sequence[DocumentInfo] = ()
        self._items: list[Item] = []
        self._cursor = 0
        self.coverage: Mapping[str, Coverage] = {}

    def put(self, sources: Sequence[SourceInfo], documents: Sequence[DocumentInfo]) -> None:
        """Draw these; the cursor stays on what it was on."""
        before = _key(self._items[self._cursor]) if self._cursor < len(self._items) else None
        self.sources, self.documents = sources, documents
        found: dict[str, list[DocumentInfo]] = {}
        for document in documents:
            found.setdefault(document.source, []).append(document)
        self._items = []
        for source in sources:
            own = sorted(found.get(source.name, ()), key=lambda item: (item.status == "loaded", item.path))
            self._items += [source, *own[:MOST_SHOWN]]
        at = next((at for at, item in enumerate(self._items) if _key(item) == before), self._cursor)
        self._cursor = max(0, min(at, len(self._items) - 1))
        self.changed()

    def rows(self, width: int) -> list[Row | Content]:
        rows: list[Row | Content] = []
        for at, item in enumerate(self._items):
            here = self.has_focus and at == self._cursor
            drawn = (
                self._source(item, width, here)
                if _is_source(item)
                else _document(item, width, here, self.coverage.get(item.path))
            )
            if _is_source(item) and rows:
                rows.append(Content(""))
            rows += [Row(content, (Target(0, width, at),)) for content in drawn]
        return rows or [Content.styled("nothing is loaded yet: f2 adds documents", "$muted")]

    def _source(self, source: SourceInfo, width: int, here: bool) -> list[Content]:
        sign = glyphs.RUNNING if source.attached else glyphs.READY
        counts = f"{plural(source.documents, 'doc')} · {plural(source.passages, 'passage')}"
        name = fit(one_line(source.name, 200), max(4, width - 3 - len(counts)))
        rows = [Content.assemble((f"{sign} ", "$accent"), (name, CURSOR if here else "bold"), (f" {counts}", "$muted"))]
        said = [f"{plural(source.pages, 'page')} · {_bytes(source.bytes)}"]
        said += [one_line(source.embedding, 60)] if source.embedding else []
        said += [f"{number(source.unembedded)} found by words only so far"] if source.unembedded else []
        said += [f"{number(source.queued)} not loaded"] if source.queued else []
        drawn = sum(document.source == source.name for document in self.documents)
        said += [f"{number(drawn - MOST_SHOWN)} more than are drawn"] if drawn > MOST_SHOWN else []
        rows.append(Content.styled(crop("  " + " · ".join(said), width), "$muted"))
        return rows + _note(source.note, width, 2)

    def action_move(self, by: int) -> None:
        """Move the cursor, and what can be seen with it."""
        self._go(max(0, min(self._cursor + by, len(self._items) - 1)))

    def action_want(self, action: str) -> None:
        """Ask for something to be done."""
        if self._cursor < len(self._items):
            self.post_message(self.Wanted(action, self._items[self._cursor]))

    def on_click(self, event: Click) -> None:
        """The first click moves the cursor, the second opens."""
        laid = self.laid_out(self.content_size.width)
        targets = laid[event.y].targets if 0 <= event.y < len(laid) else ()
        for target in targets:
            if target.item == self._cursor:
                self.action_want("open")
            else:
                self._go(target.item)

    def _go(self, at: int) -> None:
        self._cursor = at
        self.changed(layout=False)
        laid = self.laid_out(self.content_size.width)
        row = next((row for row, entry in enumerate(laid) if any(t.item == at for t in entry.targets)), 0)
        self.post_message(self.Moved(row))

    def on_focus(self) -> None:
        """Show the cursor."""
        self.changed(layout=False)

    def on_blur(self) -> None:
        """Hide it."""
        self.changed(layout=False)


def _is_source(item: Item) -> TypeIs[SourceInfo]:
    return not hasattr(item, "path")


def _key(item: Item) -> tuple[str, str]:
    return (item.name, "") if _is_source(item) else (item.source, item.path)


def _document(document: DocumentInfo, width: int, here: bool, covered: Coverage | None) -> list[Content]:
    # Imported at its first use: the first frame of the screen has no document.
    from workbench.api.rendering import why

    marked = CURSOR if here else ""
    if document.status != "loaded":
        sign = (
            (glyphs.FAILED, "$text-error") if document.status in ("failed", "quarantined") else (glyphs.READY, "$muted")
        )
        state = f" {document.status}"
        name = fit(one_line(document.path, 300), max(4, width - 4 - len(state)), keep_end=True)
        said = crop(why(one_line(document.reason, 300), one_line(document.remedy, 300)), width - 6)
        rows = [Content.assemble((f"  {sign[0]} ", sign[1]), (name, marked), (state, "$muted"))]
        return rows + ([Content.assemble("      ", (said, "$muted"))] if said else [])
    noun = "passage " if document.passages == 1 else "passages"
    counts = f"{right(number(document.pages), 6)} p.{right(number(document.passages), 7)} {noun}"
    name = fit(one_line(document.path, 300), max(4, width - 4 - len(counts)), keep_end=True)
    rows = [Content.assemble("    ", (name, marked), (counts, "$muted"))]
    if covered is not None and document.pages:
        rows.append(_covered(covered, document.pages, width))
    if document.alike:
        same = ", ".join(one_line(path, 80) for path in document.alike[:3])
        rows.append(Content.styled(crop(f"      nearly the same: {same}", width), "$muted"))
    if document.remark:
        rows.append(Content.styled("      " + crop(one_line(document.remark, 300), width - 6), "$muted"))
    return rows + _note(document.note, width, 6)


def _covered(covered: Coverage, pages: int, width: int) -> Content:
    """Which pages of a document were read and which answers quote, as a strip of its pages, and in numbers."""
    from workbench.api.paging import strip

    said = f"  {glyphs.PAGE_READ} read {number(len(covered.read))} of {plural(pages, 'page')}"
    said += f" · {glyphs.PAGE_QUOTED} quoted {number(len(covered.quoted))}" if covered.quoted else ""
    signs = [(covered.quoted.__contains__, glyphs.PAGE_QUOTED), (covered.read.__contains__, glyphs.PAGE_READ)]
    drawn = strip(pages, signs, max(4, width - 6 - len(said)), glyphs.FREE)
    return Content.assemble("      ", (drawn, "$in-context"), (said, "$muted")).truncate(width)


def _note(text: str, width: int, indent: int) -> list[Content]:
    said = crop(f"note: {one_line(text, 300)}", width - indent)
    return [Content.styled(" " * indent + said, "italic $muted")] if text else []


def _bytes(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1_000:
            return f"{count:,} {unit}"
        count = round(count / 1_000)
    return f"{count:,} GB"


class LibraryPane(VerticalScroll, Pane):
    """What can be asked about."""

    TITLE = "Library"
    JUMP = "l"
    HELP = (
        "Sources and their documents; a full dot marks a source the agent searches.\n"
        "Under a document that was read: a strip of its pages, dotted where unread, full where an answer quotes.\n"
        "/attach and /detach change that, f2 or /load adds documents. A file that could not be read\n"
        "stands here with the reason and what to do about it.\n"
        f"{KEYS}; enter opens a document."
    )

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.can_focus = False
        self._drawn = LibraryLines()

    def compose(self) -> ComposeResult:
        yield self._drawn

    def goal(self) -> Widget:
        """The list has the cursor."""
        return self._drawn

    def show(self, sources: Sequence[SourceInfo], documents: Sequence[DocumentInfo]) -> None:
        """Draw these."""
        self._drawn.put(sources, documents)
        self.frame(number=plural(sum(document.status == "loaded" for document in documents), "document"))

    def cover(self, coverage: Mapping[str, Coverage]) -> None:
        """What was read of each document."""
        self._drawn.coverage = coverage
        self._drawn.changed()

    def on_library_lines_moved(self, event: LibraryLines.Moved) -> None:
        """Keep the cursor in sight."""
        event.stop()
        self.scroll_to_region(Region(0, event.row, 1, 2), animate=False, force=True)
