"""OpenDocument texts and presentations (LibreOffice and others) in their final state, with notes, comments, boxes and equations.

Our own reader (OASIS OpenDocument 1.3): pandoc, which unstructured uses, loses comments, spans, boxes and page ends.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loaders import left_out, limits, second_reader
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.equations import linear, lowered, raised
from loaders.grid import COLUMNS, Cell, Grid
from loaders.left_out import LeftOut
from loaders.list_numbers import counted
from loaders.opc import DAMAGED, Package, attribute, local
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of
from loaders.tables import TableKeeper

VERSION = 5

_PAGE_END = "\f"
_DEPTH = 60
_ITEM_CHARS = 300
_REPEATED = 200
"""A cell or row that is repeated more often than this is filling."""

_LOCKED = "Save a copy without a password from LibreOffice and load that."
_PASSED = frozenset(
    "tracked-changes sequence-decls variable-decls user-field-decls forms bookmark bookmark-start bookmark-end change "
    "change-start change-end reference-mark reference-mark-start reference-mark-end toc-mark toc-mark-start toc-mark-end "
    "alphabetical-index-mark annotation-end page-number page-count table-of-content-source alphabetical-index-source "
    "illustration-index-source table-index-source bibliography-source user-index-source object-index-source script".split()
)
_BODIES = ("text", "presentation")
_FURNITURE = ("page-number", "date-time")
_SHAPES = frozenset(
    "frame custom-shape rect text-box control ellipse circle line connector polygon polyline path regular-polygon caption".split()
)
_LENGTH = re.compile(r"^(-?[\d.]+)(cm|mm|in|pt|pc)?$")
_POINTS = {"cm": 28.35, "mm": 2.835, "in": 72.0, "pt": 1.0, "pc": 12.0}
_SAME_ROW_POINTS = 18.0
_NUMBERS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


def load(path: Path) -> Document:
    """The document at `path`, on pages where the file tells them. Raises LoadError."""
    with path.open("rb") as file:
        if kind_of(file.read(64), path) is Kind.ODP:
            return read_odt(path)
    return second_reader.read(path, read_odt, "odt", LOADER.name, VERSION)


def read_odt(path: Path) -> Document:
    """The OpenDocument file at `path`, by our own reader alone. Raises LoadError."""
    keeper, omitted = TableKeeper(), LeftOut()
    with Package(path) as package:
        if b"encryption-data" in package.read("META-INF/manifest.xml"):
            raise LoadError("it is encrypted", _LOCKED)
        root = package.xml("content.xml")
        if root is None:
            raise LoadError("it is damaged or not what its name says (it has no content)", DAMAGED)
        reader = _Reader(package, keeper, omitted)
        try:
            reader.read(root)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise LoadError(f"it is damaged ({type(error).__name__}: {error})", DAMAGED) from None
        omitted.add(left_out.MACRO, any(package.names("Basic/")))
        omitted.add(left_out.PART, len(package.mended))
    pages = tuple(builder.page() for builder in reader.builders)
    if not any(page.text.strip() for page in pages):
        raise LoadError("it has no text", "Nothing to load; export it as PDF if it holds pictures of text.")
    title = next((heading.title for page in pages for heading in page.headings if heading.level == 1), "")
    notes = {**keeper.notes, **omitted.notes}
    return Document(title, pages, LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


@dataclass
class _Inline:
    """The text of a paragraph, and what belongs below it."""

    parts: list[str] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    below: list[str] = field(default_factory=list)

    def take(self, other: _Inline) -> None:
        self.boxes += other.boxes
        self.grids += other.grids
        self.below += other.below


@dataclass(frozen=True)
class _Numbering:
    """How one level of a list is numbered; `form` is "" for a mark."""

    form: str
    before: str
    after: str
    start: int
    levels: int


class _Reader:
    def __init__(self, package: Package, keeper: TableKeeper, omitted: LeftOut) -> None:
        self.package, self.keeper, self.omitted = package, keeper, omitted
        self.budget = limits.TextBudget()
        self.builders = [PageBuilder(1, None, self.budget)]
        self.struck: set[str] = set()
        self.hidden: set[str] = set()
        self.moved: dict[str, Callable[[str, str], str]] = {}
        """How the raised or lowered text of a style is written on a line."""
        self.hidden_pages: set[str] = set()
        self.titles = {"Title"}
        self.lists: dict[str, dict[int, _Numbering]] = {}
        self.endnotes: list[str] = []
        self.links: set[tuple[str, str]] = set()
        self.depth = 0

    @property
    def builder(self) -> PageBuilder:
        return self.builders[-1]

    def read(self, root: Any) -> None:
        styles = self.package.xml("styles.xml")
        for part in (styles, root):
            self._read_styles(part)
        body = next(
            (one for one in root.iter() if local(one) in _BODIES and local(one.getparent()) == "body"), None
        )  # fmt: skip
        if body is None:
            return
        if local(body) == "presentation":
            self._slides(body)
            return
        for one in body.iter():
            if local(one) == "deletion":
                self.omitted.add(left_out.DELETED, bool("".join(one.itertext()).strip()))
        margins = {"header": "Page header", "footer": "Page footer"}
        said = [(name, text) for name, text in self._margins(styles) if any(char.isalpha() for char in text)]
        for text in dict.fromkeys(text for name, text in said if name == "header"):
            self.builder.paragraph(f"{margins['header']}: {text}")
        self.blocks(body)
        for text in self.endnotes:
            self.builder.paragraph(text)
        for text in dict.fromkeys(text for name, text in said if name == "footer"):
            self.builder.paragraph(f"{margins['footer']}: {text}")

    def _slides(self, body: Any) -> None:
        """Every slide on a page: its title, its shapes from top to bottom, its notes."""
        pages = [one for one in body if local(one) == "page"]
        for number, page in enumerate(pages):
            if number:
                self._next_page()
            hidden = (attribute(page, "style-name") or "") in self.hidden_pages
            shapes = sorted((one for one in page if local(one) not in ("notes", "forms")), key=_place)
            titles = [one for one in shapes if attribute(one, "class") == "title"]
            said = " ".join(" ".join(self._texts(one, _Inline())) for one in titles).strip()
            if said or hidden:
                self.builder.heading(1, f"{said} (hidden slide)".strip() if hidden else said)
            for one in shapes:
                if one not in titles and attribute(one, "class") not in _FURNITURE:
                    self.blocks([one])
            for one in page:
                if local(one) == "notes":
                    inline = _Inline()
                    notes = " ".join(
                        text for part in one if local(part) != "page-thumbnail" for text in self._texts(part, inline)
                    )
                    self.builder.paragraph(f"Notes: {notes}" if notes else "")

    def _read_styles(self, root: Any) -> None:
        for style in root.iter() if root is not None else ():
            name = attribute(style, "name") or ""
            if local(style) == "style":
                if attribute(style, "parent-style-name") == "Title":
                    self.titles.add(name)
                for one in style:
                    if local(one) == "drawing-page-properties" and attribute(one, "visibility") == "hidden":
                        self.hidden_pages.add(name)
                    if local(one) == "text-properties":
                        if attribute(one, "text-line-through-style") not in (None, "none"):
                            self.struck.add(name)
                        position = ((attribute(one, "text-position") or "").split() or ["0%"])[0]
                        if position != "0%" and (position == "super" or position[:1].isdigit()):
                            self.moved[name] = raised
                        elif position.startswith(("sub", "-")):
                            self.moved[name] = lowered
                        if attribute(one, "display") == "none":
                            self.hidden.add(name)
            elif local(style) == "list-style":
                self.lists[name] = {}
                for one in style:
                    form = _NUMBERS.get(attribute(one, "num-format") or "", "")
                    self.lists[name][_whole(attribute(one, "level"))] = _Numbering(
                        form if local(one) == "list-level-style-number" else "",
                        attribute(one, "num-prefix") or "",
                        attribute(one, "num-suffix") or "",
                        _whole(attribute(one, "start-value")),
                        _whole(attribute(one, "display-levels")),
                    )

    def _margins(self, styles: Any) -> Iterator[tuple[str, str]]:
        for page in styles.iter() if styles is not None else ():
            if local(page) == "master-page":
                for one in page:
                    name = local(one).partition("-")[0]
                    if name in ("header", "footer"):
                        yield name, " | ".join(self._texts(one, _Inline()))

    # Blocks

    def blocks(self, container: Any) -> None:
        """Write the paragraphs, lists and tables inside an element, whatever they are wrapped in."""
        self.depth += 1
        if self.depth > _DEPTH:
            self.omitted.add(left_out.DEEP)
        for one in container if self.depth <= _DEPTH else ():
            name = local(one)
            if name in ("p", "h"):
                self._paragraph(one, name)
            elif name == "list":
                self._list(one, "", [])
            elif name == "table":
                self._table(one)
            elif name == "soft-page-break":
                self._next_page()
            elif name == "section" and _is_hidden(one):
                self.omitted.add(left_out.HIDDEN, bool("".join(one.itertext()).strip()))
            elif (
                name == "frame" and (table := next((part for part in one if local(part) == "table"), None)) is not None
            ):
                self._table(table)
            elif name == "g":
                self.blocks(one)
            elif name in _SHAPES:
                inline = _Inline()
                self._drawing(one, inline)
                self._below(inline)
            elif name not in _PASSED:
                self.blocks(one)
        self.depth -= 1

    def _paragraph(self, paragraph: Any, name: str) -> None:
        inline = self._inline(paragraph)
        style = attribute(paragraph, "style-name") or ""
        level = _whole(attribute(paragraph, "outline-level")) if name == "h" else 1 if style in self.titles else None
        for number, piece in enumerate("".join(inline.parts).split(_PAGE_END)):
            if number:
                self._next_page()
            if level is not None and piece.strip():
                self.builder.heading(level, piece)
                level = None
            else:
                self.builder.paragraph(piece)
        self._below(inline)

    def _list(self, element: Any, style: str, above: list[int]) -> None:
        """The items of a list, each with its number or mark; `above` are the numbers of the items it stands in."""
        if len(above) > _DEPTH:
            self.omitted.add(left_out.DEEP)
            return
        style = attribute(element, "style-name") or style
        numbering = self.lists.get(style, {}).get(len(above) + 1)
        count = (numbering.start if numbering else 1) - 1
        for item in element:
            if local(item) not in ("list-item", "list-header"):
                continue
            if local(item) == "list-item":
                said = attribute(item, "start-value")
                count = _whole(said) if said else count + 1
            label = self._label(style, numbering, [*above, count])
            for one in item:
                if local(one) == "list":
                    self._list(one, style, [*above, count])
                elif local(one) in ("p", "h"):
                    inline = self._inline(one)
                    text = "".join(inline.parts)
                    for _ in range(text.count(_PAGE_END)):
                        self._next_page()
                    text = " ".join(text.replace(_PAGE_END, " ").split())
                    if local(one) == "h":
                        self.builder.heading(_whole(attribute(one, "outline-level")), f"{label.strip('- ')} {text}")
                    elif text:
                        written = "  " * len(above) + (f"{label} " if label else "  ") + text
                        (self.builder.paragraph if len(written) > _ITEM_CHARS else self.builder.line)(written)
                    label = ""
                    self._below(inline)

    def _label(self, style: str, numbering: _Numbering | None, counts: list[int]) -> str:
        if numbering is None or not numbering.form:
            return "-"
        levels = self.lists.get(style, {})
        first = max(0, len(counts) - numbering.levels)
        shown = [
            counted(count, levels[place + 1].form or "decimal") for place, count in enumerate(counts) if place >= first
        ]
        return f"{numbering.before}{'.'.join(shown)}{numbering.after}".strip()

    def _table(self, table: Any) -> None:
        inline = _Inline()
        rows, header = self._rows(table, inline)
        grid = Grid.of_cells(rows, header or None)
        if max(map(len, rows), default=0) <= 1:
            # It only lays out the page.
            for one in table.iter():
                if local(one) == "table-cell":
                    self.blocks(one)
            return
        self.keeper.offer("", self.builder.number, self.builder.table(grid))
        self._below(inline)

    def _rows(self, table: Any, inline: _Inline) -> tuple[list[list[Cell]], int]:
        """The rows of a table and how many of them it says are names."""
        rows: list[list[Cell]] = []
        header = 0
        for row, named in _table_rows(table, False):
            cells: list[Cell] = []
            for one in row:
                if local(one) == "covered-table-cell" or local(one) != "table-cell":
                    continue
                text = "; ".join(self._texts(one, inline)).replace(_PAGE_END, " ")
                repeated = _whole(attribute(one, "number-columns-repeated"))
                width, height = (
                    _whole(attribute(one, "number-columns-spanned")),
                    _whole(attribute(one, "number-rows-spanned")),
                )
                cells += [Cell(text, height, width)] * (repeated if repeated <= _REPEATED else 1)
            times = _whole(attribute(row, "number-rows-repeated"))
            rows += [cells[:COLUMNS]] * (times if times <= _REPEATED else 1)
            header += named
        return rows, header

    def _texts(self, container: Any, inline: _Inline) -> list[str]:
        """The texts of the blocks in a cell, note or margin; those of items and tables inside stay apart."""
        texts: list[str] = []
        joined = False
        self.depth += 1
        for one in container if self.depth < _DEPTH else ():
            name = local(one)
            if name in ("p", "h"):
                found = self._inline(one)
                inline.take(found)
                text = "".join(found.parts).strip()
                if text and joined:
                    texts[-1] += f" {text}"
                elif text:
                    texts.append(text)
                    joined = True
                continue
            joined = False
            if name == "table":
                rows, _ = self._rows(one, inline)
                texts += [", ".join(cell.text for cell in row if cell.text) for row in rows]
            elif name not in _PASSED:
                texts += self._texts(one, inline)
        self.depth -= 1
        return [text for text in texts if text]

    def _next_page(self) -> None:
        if len(self.builders) < limits.PAGES:
            self.builders.append(PageBuilder(len(self.builders) + 1, None, self.budget))

    def _below(self, inline: _Inline) -> None:
        for text in inline.below:
            self.builder.paragraph(text)
        for grid in inline.grids:
            self.keeper.offer(grid.caption, self.builder.number, self.builder.table(grid))
        for box in inline.boxes:
            self.blocks(box)

    # Inside a paragraph

    def _inline(self, paragraph: Any) -> _Inline:
        inline = _Inline()
        inline.parts.append(paragraph.text or "")
        self._runs(paragraph, inline, 0)
        return inline

    def _runs(self, element: Any, inline: _Inline, depth: int) -> None:
        for one in element:
            if depth < _DEPTH:
                self._piece(one, inline, depth)
            inline.parts.append(one.tail or "")

    def _piece(self, one: Any, inline: _Inline, depth: int) -> None:
        name = local(one)
        style = attribute(one, "style-name") or ""
        if name == "s":
            inline.parts.append(" " * min(_whole(attribute(one, "c")), 100))
        elif name == "tab":
            inline.parts.append("\t")
        elif name == "line-break":
            inline.parts.append("\n")
        elif name == "soft-page-break":
            inline.parts.append(_PAGE_END)
        elif name == "note":
            self._note(one, inline)
        elif name == "annotation":
            self._comment(one, inline)
        elif name in ("frame", "custom-shape", "rect", "g", "control"):
            self._drawing(one, inline)
        elif name == "ruby":
            self.omitted.add(left_out.READING_AID)
            for base in (part for part in one if local(part) == "ruby-base"):
                inline.parts.append(base.text or "")
                self._runs(base, inline, depth + 1)
        elif style in self.struck or style in self.hidden or attribute(one, "is-hidden") == "true":
            self.omitted.add(
                left_out.STRUCK if style in self.struck else left_out.HIDDEN, bool("".join(one.itertext()).strip())
            )
        elif style in self.moved and len(one) == 0:
            inline.parts.append(self.moved[style]("".join(inline.parts[-4:]), one.text or ""))
        elif name == "drop-down":
            inline.parts.append("".join(part.tail or "" for part in one) or one.text or "")
        elif name not in _PASSED:
            start = len(inline.parts)
            inline.parts.append(one.text or "")
            self._runs(one, inline, depth + 1)
            target = attribute(one, "href") or ""
            if (name == "a" and "://" in target[:12]) or target.startswith("mailto:"):
                self._link(" ".join("".join(inline.parts[start:]).split()), target, inline)

    def _link(self, text: str, target: str, inline: _Inline) -> None:
        plain = target.removeprefix("mailto:").rstrip("/")
        if text and plain not in text and text not in target and (text, target) not in self.links:
            self.links.add((text, target))
            inline.below.append(f"Link “{text[:80]}”: {target[:500]}")

    def _note(self, note: Any, inline: _Inline) -> None:
        number = next(("".join(one.itertext()) for one in note if local(one) == "note-citation"), "")
        inside = _Inline()
        text = " ".join(
            " ".join(text for one in note if local(one) == "note-body" for text in self._texts(one, inside)).split()
        )
        inline.parts.append(f" [{number}]")
        if attribute(note, "note-class") == "endnote":
            self.endnotes.append(f"Endnote {number}: {text}")
        else:
            inline.below.append(f"Footnote {number}: {text}")
        inline.take(inside)

    def _comment(self, comment: Any, inline: _Inline) -> None:
        author = next(("".join(one.itertext()).strip() for one in comment if local(one) == "creator"), "")
        inside = _Inline()
        body = [text for one in comment if local(one) in ("p", "list") for text in self._texts_of(one, inside)]
        inline.below.append(f"Comment{f' by {author}' if author else ''}: {' '.join(' '.join(body).split())}")

    def _texts_of(self, block: Any, inline: _Inline) -> list[str]:
        if local(block) == "p":
            found = self._inline(block)
            inline.take(found)
            return ["".join(found.parts)]
        return self._texts(block, inline)

    def _drawing(self, element: Any, inline: _Inline) -> None:
        """Text boxes, pictures, equations and charts."""
        names = {local(one) for one in element.iter()}
        said = next(("".join(one.itertext()) for one in element.iter() if local(one) == "desc" and one.text), "")
        if "object" in names:
            self._object(next(one for one in element.iter() if local(one) == "object"), inline)
        elif "text-box" in names:
            inline.boxes += [
                one for one in element.iter() if local(one) == "text-box" and not _inside_box(one, element)
            ]
            said = ""
        elif names & {"image", "object-ole", "plugin"}:
            self.omitted.add(left_out.PICTURE if "image" in names and "object-ole" not in names else left_out.OBJECT)
        elif local(element) == "control":
            self.omitted.add(left_out.OBJECT)
        elif any(local(one) == "p" for one in element.iter()):
            inline.boxes.append(element)
        if said:
            inline.parts.append(f" [Picture: {' '.join(said.split())}]")

    def _object(self, element: Any, inline: _Inline) -> None:
        """An object inside the document: an equation in words, a chart as its table; others are counted."""
        math = next((one for one in element if local(one) == "math"), None)
        if math is None:
            place = posixpath.normpath((attribute(element, "href") or "").removeprefix("./"))
            root = self.package.xml(f"{place}/content.xml") if self.package.has(f"{place}/content.xml") else None
            if root is None:
                self.omitted.add(left_out.OBJECT)
                return
            tables = [one for one in root.iter() if local(one) == "table"]
            if local(root) != "math":
                title = next((one for one in root.iter() if local(one) == "title"), None)
                rows = self._rows(tables[0], _Inline())[0] if tables else []
                self.omitted.add(left_out.CHART if tables or title is not None else left_out.OBJECT, not rows)
                if rows:
                    said = " ".join("".join(title.itertext()).split()) if title is not None else ""
                    inline.grids.append(Grid.of_cells(rows, 1, ": ".join(filter(None, ("Chart", said)))))
                return
            math = root
        text = linear(math)
        self.omitted.add(left_out.EQUATION, not text)
        inline.parts.append(f" {text} ")


def _table_rows(table: Any, named: bool) -> Iterator[tuple[Any, bool]]:
    """The rows of a table, not of those inside it, each with whether it is one of names."""
    for one in table:
        name = local(one)
        if name == "table-row":
            yield one, named
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _table_rows(one, named or name == "table-header-rows")


def _place(shape: Any) -> tuple[int, float]:
    """Where a shape begins on its slide: its row, and how far from the left, in points."""
    top, left = (_points(attribute(shape, name) or "") for name in ("y", "x"))
    return round(top / _SAME_ROW_POINTS), left


def _points(length: str) -> float:
    match = _LENGTH.match(length)
    return float(match[1]) * _POINTS.get(match[2] or "pt", 1.0) if match else 0.0


def _inside_box(element: Any, outer: Any) -> bool:
    parent = element.getparent()
    while parent is not None and parent is not outer:
        if local(parent) == "text-box":
            return True
        parent = parent.getparent()
    return False


def _whole(text: str | None) -> int:
    return max(1, int(text)) if text and text.isdigit() and len(text) < 9 else 1


def _is_hidden(section: Any) -> bool:
    """Whether a section is not shown: never, or not while its condition holds, as it did when the file was saved."""
    display = attribute(section, "display")
    return display == "none" or (display == "condition" and attribute(section, "is-hidden") == "true")


LOADER = Loader(name="open_document", version=VERSION, suffixes=(".odt", ".odp"), kinds=(Kind.ODT, Kind.ODP), load=load)
