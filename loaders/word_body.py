"""Reads the body of a Word document as a reader sees it in its final state, with its notes, comments, boxes and equations.

Our own reader of WordprocessingML (ECMA-376 part 1, 17): python-docx and unstructured leave out what stands in a wrapper
(insertions, content controls, fields, smart tags) and what does not stand in the body (notes, comments, text boxes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from loaders import left_out, limits
from loaders.blocks import PageBuilder
from loaders.charts import chart_grid
from loaders.document import LoadError, Page
from loaders.drawing import chosen, decorative, description, diagram_lines
from loaders.embedded_files import read_embedded
from loaders.equations import linear, lowered, raised
from loaders.field_codes import FieldCodes
from loaders.grid import COLUMNS, Grid, arranged, labelled
from loaders.left_out import LeftOut
from loaders.list_numbers import counted
from loaders.opc import Package, attribute, is_on, local
from loaders.symbol_fonts import has_no_letters, in_signs, sign
from loaders.tables import PlacedRows, TableKeeper
from loaders.web_page import add_html, decoded
from loaders.word_styles import Styles, child, value

_PAGE_END = "\f"
_DEPTH = 60
_HEADING_CHARS = 300
"""A longer paragraph in the style of a heading is text."""

_ITEM_CHARS = 300
"""A longer item of a list is a paragraph of its own."""

_ANCHOR_CHARS = 80
_BULLET = re.compile(r"^\s*[•◦▪‣●○■]\s*")
_RULE = re.compile(r"_{5,}")
_LINK = re.compile(r'\bHYPERLINK\s+(?!\\)"?([^"\s]+)"?', re.IGNORECASE)
_PAGE_FIELD = re.compile(r"^\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_PRIVATE = re.compile("[\uf020-\uf0ff]")
_DELETED = ("del", "moveFrom")
_MOVED = {"superscript": raised, "subscript": lowered}
_HALF_POINTS = 4
"""What is moved up or down by less than this stands on the line."""
_UNSEEN = {"hidden": left_out.HIDDEN, "struck": left_out.STRUCK}
_PASSED = frozenset(
    "pPr rPr tblPr tblGrid trPr tcPr sectPr sdtPr sdtEndPr smartTagPr customXmlPr instrText delText delInstrText rt rubyPr "
    "fldData ffData proofErr bookmarkStart bookmarkEnd permStart permEnd tblPrEx rPrChange pPrChange sectPrChange".split()
)


@dataclass
class _Inline:
    """The text of a paragraph, and what belongs below it."""

    parts: list[str] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    below: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def take(self, other: _Inline) -> None:
        """Everything but the text of another one."""
        self.boxes += other.boxes
        self.grids += other.grids
        self.below += other.below


@dataclass
class _Field:
    """A complex field under way: its code, and whether its result has begun."""

    code: str = ""
    result: bool = False
    begins: int = 0


class Body:
    """Writes a document's text on pages; they end where Word last ended them."""

    def __init__(
        self, package: Package, main: str, keeper: TableKeeper, omitted: LeftOut, budget: limits.TextBudget
    ) -> None:
        self.package, self.main, self.keeper, self.omitted, self.budget = package, main, keeper, omitted, budget
        self.relations = package.relations(main)
        self.builders = [PageBuilder(1, None, budget)]
        self.styles = Styles(self._part("styles"), self._part("numbering"))
        self.notes = {kind: self._by_id(kind, kind[:-1]) for kind in ("footnotes", "endnotes")}
        self.comments = self._by_id("comments", "comment")
        self.commented: dict[str, list[str]] = {}
        self.open_ranges: set[str] = set()
        self.settings = self._part("settings")
        self.section: Any = None
        self.numbers = {"footnotes": 0, "endnotes": 0}
        self.field_codes = FieldCodes()
        self.paragraph_style: str | None = None
        self.marked_runs: list[Any] = []
        self.endnotes: list[str] = []
        self.fields: list[_Field] = []
        self.links: set[tuple[str, str]] = set()
        self.page_lines: set[str] = set()
        self.in_margin = False
        self.last_text = ""
        self.depth = 0

    @property
    def builder(self) -> PageBuilder:
        """The page under way."""
        return self.builders[-1]

    def read(self, root: Any) -> None:
        """Read the body of a document part."""
        body = child(root, "body")
        if body is None:
            return
        sections = [one for one in body.iter() if local(one) == "sectPr" and local(one.getparent()) in ("pPr", "body")]
        self.sections: Iterator[Any] = iter(sections)
        self.section = next(self.sections, None)
        self._margins("headerReference", "Page header")
        self.blocks(body)
        self._margins("footerReference", "Page footer")
        for text in self.endnotes:
            self.builder.paragraph(text)
        for comment in list(self.comments.values()):
            self.builder.paragraph(self._comment(comment))

    def pages(self) -> tuple[Page, ...]:
        """The pages that were written."""
        return tuple(builder.page() for builder in self.builders)

    # Parts

    def _part(self, kind: str) -> Any:
        target = next((one.target for one in self.relations.values() if one.kind == kind and not one.external), None)
        return None if target is None else self.package.xml(target)

    def _by_id(self, kind: str, name: str) -> dict[str, Any]:
        root = self._part(kind)
        found = {}
        for one in root if root is not None else ():
            if local(one) == name and attribute(one, "type") not in (
                "separator",
                "continuationSeparator",
                "continuationNotice",
            ):
                found[attribute(one, "id") or ""] = one
        return found

    def _margins(self, reference: str, what: str) -> None:
        """Headers or footers of the section under way, each text once in the document."""
        if self.section is None:
            return
        for one in self.section:
            kind = attribute(one, "type") or "default"
            if local(one) != reference or (kind == "first" and not is_on(child(self.section, "titlePg"))):
                continue
            if kind == "even" and not is_on(child(self.settings, "evenAndOddHeaders")):
                continue
            relation = self.relations.get(attribute(one, "id") or "")
            root = None if relation is None else self.package.xml(relation.target)
            if root is None or relation is None:
                continue
            outer, self.relations = self.relations, self.package.relations(relation.target)
            self.in_margin, inline = True, _Inline()
            text = " | ".join(self._texts(root, inline))
            text = _RULE.sub("", text).strip()
            text = " | ".join(filter(None, [text, *(" ".join(self._texts(box, inline)) for box in inline.boxes)]))
            self.in_margin, self.relations = False, outer
            if any(char.isalpha() for char in text) and text not in self.page_lines:
                self.page_lines.add(text)
                self.builder.paragraph(f"{what}: {text}")

    # Blocks

    def blocks(self, container: Any) -> None:
        """Write the paragraphs and tables inside an element, whatever they are wrapped in."""
        self.depth += 1
        carried: _Inline | None = None
        for block in self._unwrapped(container):
            name = local(block)
            if name == "p":
                inline = self._inline(block)
                if carried is not None:
                    inline.parts[:0] = carried.parts
                    inline.take(carried)
                    carried = None
                if self._goes_on(block):
                    carried = inline
                else:
                    self._paragraph(block, inline)
            elif name == "tbl":
                self._table(block)
            elif name == "altChunk":
                self._other_document(block)
            elif name in ("oMath", "oMathPara"):
                self.builder.paragraph(self._equation(block))
        if carried is not None:
            self._write(carried.text, None, None)
            self._below(carried)
        self.depth -= 1

    def _unwrapped(self, container: Any, depth: int = 0) -> Iterator[Any]:
        """The blocks (or rows, or cells) inside an element and the wrappers in it; deleted ones are counted."""
        for one in chosen(container):
            name = local(one)
            if depth > _DEPTH:
                self.omitted.add(left_out.DEEP)
            elif name in _DELETED:
                self._deleted(one)
            elif name == "sdt":
                content = child(one, "sdtContent")
                if content is not None and not is_on(child(child(one, "sdtPr"), "showingPlcHdr")):
                    yield from self._unwrapped(content, depth + 1)
            elif name in ("p", "tbl", "tr", "tc", "altChunk", "oMath", "oMathPara"):
                yield one
            elif name not in _PASSED:
                yield from self._unwrapped(one, depth + 1)

    def _paragraph(self, paragraph: Any, inline: _Inline) -> None:
        properties = child(paragraph, "pPr")
        text = inline.text
        # A paragraph without text counts in its list too.
        label = self.styles.label(properties)
        if label is None and (typed := _BULLET.match(text)) and not text[typed.end() :].startswith(_PAGE_END):
            text, label = text[typed.end() :], (0, "-")
        level = self.styles.heading_level(properties)
        self._write(text, level, label)
        self._below(inline)
        if child(properties, "sectPr") is not None:
            self._margins("footerReference", "Page footer")
            self.section = next(self.sections, None)
            self._begin_numbers("eachSect")
            self._blank_page()
            self._margins("headerReference", "Page header")

    def _blank_page(self) -> None:
        """A section that begins on an odd or an even page leaves one blank where it must."""
        begins = value(self.section, "type") if self.section is not None else None
        following = self.builder.number + 1
        if (begins == "oddPage" and following % 2 == 0) or (begins == "evenPage" and following % 2 == 1):
            self._next_page()

    def _write(self, text: str, level: int | None, label: tuple[int, str] | None) -> None:
        """Write a paragraph; where a page ends inside it, what follows stands on the next one."""
        for number, piece in enumerate(text.split(_PAGE_END)):
            if number:
                self._next_page()
            if not piece.strip():
                continue
            self.last_text = " ".join(piece.split())
            if level is not None and len(piece) <= _HEADING_CHARS:
                shown = label[1] if label and label[1] != "-" else ""
                self.builder.heading(level, f"{shown} {piece}")
                level = None
            elif label is not None:
                item = "  " * min(label[0], 9) + f"{label[1]} ".lstrip() + " ".join(piece.split())
                if len(item) > _ITEM_CHARS:
                    self.builder.paragraph(item)
                else:
                    self.builder.line(item)
                label = None
            else:
                self.builder.paragraph(piece)

    def _next_page(self) -> None:
        if len(self.builders) < limits.PAGES:
            self.builders.append(PageBuilder(len(self.builders) + 1, None, self.budget))

    def _below(self, inline: _Inline) -> None:
        """What belongs below a paragraph or table: notes, comments, boxes, charts."""
        for text in inline.below:
            self.builder.paragraph(text)
        for grid in inline.grids:
            self.keeper.offer(grid.caption, self.builder.number, self.builder.table(grid))
        for box in inline.boxes if self.depth < _DEPTH else ():
            self.blocks(box)

    def _goes_on(self, paragraph: Any) -> bool:
        """Whether a paragraph goes on with the next one: its end is deleted, or it is that one's large first letter."""
        properties = child(paragraph, "pPr")
        frame = child(properties, "framePr")
        if frame is not None and attribute(frame, "dropCap") in ("drop", "margin"):
            return True
        return any(child(child(properties, "rPr"), name) is not None for name in _DELETED)

    def _deleted(self, element: Any) -> None:
        if any(local(one) in ("delText", "t") and (one.text or "").strip() for one in element.iter()):
            self.omitted.add(left_out.DELETED)

    def _other_document(self, element: Any) -> None:
        """A document of another kind that Word would take in when it opens this one."""
        relation = self.relations.get(attribute(element, "id") or "")
        data = b"" if relation is None or relation.external else self.package.read(relation.target)
        if data.lstrip()[:64].lower().startswith((b"<!doctype html", b"<html", b"\xef\xbb\xbf<html", b"<?xml")):
            add_html(decoded(data), self.builder, self.keeper, self.omitted)
        elif data and relation is not None and relation.target.lower().endswith(".txt"):
            self.builder.paragraph(decoded(data))
        elif not data or relation is None or not self._inner_file(relation.target, data):
            self.omitted.add(left_out.OBJECT)

    def _inner_file(self, name: str, data: bytes) -> bool:
        """Write the text of a file inside (docx, rtf), if a loader reads it."""
        try:
            document = read_embedded(name, data)
        except LoadError:
            return False
        for page in document.pages:
            self.builder.paragraph(page.text)
        return True

    # Tables

    def _table(self, table: Any) -> None:
        rows = [
            row for row in self._unwrapped(table) if local(row) == "tr" and not self._is_deleted(row, "trPr", "del")
        ]
        cells = self._cells(rows)
        nested = any(local(one) == "tbl" for row in cells for cell in row for one in self._unwrapped(cell))
        if all(len(row) <= 1 for row in cells) or (nested and len(cells) == 1):
            # It only lays out the page: a frame, or blocks side by side.
            for cell in (cell for row in cells for cell in row):
                if self.depth < _DEPTH:
                    self.blocks(cell)
            return
        inline = _Inline()
        grid, page_ends = self._grid(rows, cells, inline)
        caption = " ".join((value(child(table, "tblPr"), "tblCaption") or "").split())
        grid.caption = "" if caption == self.last_text else caption
        header = [is_on(child(child(row, "trPr"), "tblHeader")) for row in rows]
        grid.header_rows = (header.index(False) if False in header else len(header)) or None
        self.keeper.offer(grid.caption, self.builder.number, self._write_table(grid, page_ends))
        self._below(inline)

    def _write_table(self, grid: Grid, page_ends: Sequence[int]) -> PlacedRows:
        """Write a table, its rows on the pages where they stand. `page_ends`: pages that have ended before each row."""
        last = page_ends[-1] if page_ends else 0
        first_rows = [row for row, ends in enumerate(page_ends) if ends == 0]
        if last == 0 or not first_rows:
            for _ in range(last):
                self._next_page()
            return self.builder.table(grid)
        names = arranged(grid).names
        placed = self.builder.table(_cut(grid, 0, len(first_rows)))
        later: list[tuple[int | None, tuple[str, ...]]] = []
        row = len(first_rows)
        while row < len(page_ends):
            end = row
            while end < len(page_ends) and page_ends[end] == page_ends[row]:
                end += 1
            for _ in range(page_ends[row] - page_ends[row - 1]):
                self._next_page()
            part = _cut(grid, row, end)
            part.header_rows, part.caption = 0, ""
            later += [(None, cells) for _, cells in self.builder.table(part, names).rows]
            row = end
        return PlacedRows(names, (*placed.rows, *later))

    def _grid(self, rows: Sequence[Any], cells: Sequence[Sequence[Any]], inline: _Inline) -> tuple[Grid, list[int]]:
        """The grid of a table, and how many pages have ended inside it before each row."""
        grid = Grid([])
        areas: dict[int, list[int]] = {}
        spans: list[list[int]] = []
        page_ends, ended = [], 0
        for number, (row, line) in enumerate(zip(rows, cells)):
            before = int(value(child(row, "trPr"), "gridBefore") or 0)
            texts = [""] * min(before, COLUMNS)
            breaks = 0
            for cell in line:
                properties = child(cell, "tcPr")
                width = max(1, min(int(value(properties, "gridSpan") or 1), COLUMNS))
                merge, across = child(properties, "vMerge"), child(properties, "hMerge")
                column = len(texts)
                if column >= COLUMNS:
                    break
                text = "; ".join(self._texts(cell, inline))
                breaks += text.count(_PAGE_END)
                text = " ".join(text.replace(_PAGE_END, " ").split())
                texts += [text] * width
                if across is not None and attribute(across, "val") != "restart" and spans and spans[-1][0] == number:
                    spans[-1][3] += width
                    continue
                goes_on = merge is not None and attribute(merge, "val") != "restart" and not text
                if goes_on and column in areas and areas[column][0] + areas[column][2] == number:
                    areas[column][2] += 1
                    continue
                area = [number, column, 1, width]
                spans.append(area)
                areas[column] = area
            grid.texts.append(texts)
            # What ends a page at the beginning of a row puts the row on the next one; else the row stays whole.
            ended += breaks
            page_ends.append(ended)
        for top, left, height, width in spans:
            if height > 1 or width > 1:
                grid.merge(top, left, height, width)
        return grid, page_ends

    def _cells(self, rows: Sequence[Any]) -> list[list[Any]]:
        """The cells of each row; those that a tracked change deletes are counted, and the others close up."""
        return [
            [one for one in self._unwrapped(row) if local(one) == "tc" and not self._is_deleted(one, "tcPr", "cellDel")]
            for row in rows
        ]

    def _is_deleted(self, element: Any, properties: str, mark: str) -> bool:
        """Whether a tracked change deletes a row or a cell."""
        deleted = child(child(element, properties), mark) is not None
        if deleted:
            self.omitted.add(left_out.DELETED)
        return deleted

    def _texts(self, container: Any, inline: _Inline) -> list[str]:
        """The texts of the blocks in a cell, note or margin, one a block; what belongs below goes to `inline`."""
        texts: list[str] = []
        plain = True
        for block in self._unwrapped(container):
            if local(block) == "p":
                found = self._inline(block)
                inline.take(found)
                text = found.text.strip(" \t\n")
                label = self.styles.label(child(block, "pPr"))
                if not text:
                    continue
                if label and label[1] not in ("-", ""):
                    text = f"{label[1]} {text}"
                if texts and label is None and plain and texts[-1][-1:] not in ".!?;:":
                    # Paragraphs of one text; items of a list stay apart.
                    texts[-1] += f" {text}"
                elif texts and label is None and plain:
                    texts[-1] += f" {text}"
                else:
                    texts.append(text)
                plain = label is None
            elif local(block) == "tbl":
                texts.append(self._flat_table(block, inline))
                plain = False
            elif local(block) in ("oMath", "oMathPara"):
                texts.append(self._equation(block))
        return [text for text in texts if text]

    def _flat_table(self, table: Any, inline: _Inline) -> str:
        """A table inside a cell, as one text."""
        if self.depth > _DEPTH:
            return ""
        self.depth += 1
        rows = [
            row for row in self._unwrapped(table) if local(row) == "tr" and not self._is_deleted(row, "trPr", "del")
        ]
        cells = self._cells(rows)
        grid, _ = self._grid(rows, cells, inline)
        plan = arranged(grid)
        lines = [labelled(plan.shown, grid.texts[row]).replace(" | ", ", ") for row in plan.body]
        self.depth -= 1
        return "; ".join([*plan.titles, *lines])

    # Inside a paragraph

    def _inline(self, paragraph: Any) -> _Inline:
        inline = _Inline()
        outer, self.paragraph_style = self.paragraph_style, value(child(paragraph, "pPr"), "pStyle")
        self._runs(paragraph, inline, 0)
        self.paragraph_style = outer
        # A field whose code does not end with its paragraph is broken, and must not swallow the rest of the document.
        self.fields = [one for one in self.fields if one.result]
        for one in self.fields:
            one.begins = 0
        return inline

    def _runs(self, element: Any, inline: _Inline, depth: int) -> None:
        if depth > _DEPTH:
            self.omitted.add(left_out.DEEP)
            return
        for one in chosen(element):
            name = local(one)
            if name == "r":
                self._run(one, inline)
            elif name in _DELETED:
                self._deleted(one)
            elif name in ("oMath", "oMathPara"):
                self._add(inline, self._equation(one), apart=True)
            elif name == "hyperlink":
                start = len(inline.parts)
                self._runs(one, inline, depth + 1)
                relation = self.relations.get(attribute(one, "id") or "")
                if relation is not None and relation.external:
                    self._link(inline, "".join(inline.parts[start:]), relation.target)
            elif name == "fldSimple":
                if not (self.in_margin and _PAGE_FIELD.match(attribute(one, "instr") or "")):
                    begins = len(inline.parts)
                    self._runs(one, inline, depth + 1)
                    if not any(inline.parts[begins:]):
                        self._add(inline, self.field_codes.shown(attribute(one, "instr") or ""))
            elif name == "sdt":
                if not is_on(child(child(one, "sdtPr"), "showingPlcHdr")):
                    self._runs(one, inline, depth + 1)
            elif name == "commentRangeStart":
                self.commented[attribute(one, "id") or ""] = []
                self.open_ranges.add(attribute(one, "id") or "")
            elif name == "commentRangeEnd":
                self.open_ranges.discard(attribute(one, "id") or "")
            elif name == "subDoc":
                self.omitted.add(left_out.OBJECT)
            elif name in ("r", "t") or name not in _PASSED:
                self._runs(one, inline, depth + 1)

    def _run(self, run: Any, inline: _Inline) -> None:
        properties = child(run, "rPr")
        unseen = self.styles.unseen(properties, self.paragraph_style)
        if unseen is not None and child(run, "fldChar") is None:
            if self._shown() and any(local(one) == "t" and (one.text or "").strip() for one in run):
                self.omitted.add(_UNSEEN[unseen])
            return
        if (moved := _moved_by(properties)) and self._moved(run, inline, moved):
            return
        font = _font(properties)
        signs = font if font and has_no_letters(font) else ""
        for one in chosen(run):
            self._piece(one, inline, signs)
        if self.marked_runs and self.marked_runs[-1] is run:
            self.marked_runs.pop()

    def _moved(self, run: Any, inline: _Inline, as_shown: Callable[[str, str], str]) -> bool:
        """Add a raised or lowered number as a power or a note (10 with a raised 6 is not 106); whether the run was one."""
        text = "".join(one.text or "" for one in run if local(one) == "t")
        shown = as_shown("".join(inline.parts[-2:]), text)
        if shown == text or any(local(one) not in ("t", "rPr") for one in run):
            return False
        self._add(inline, shown)
        return True

    def _piece(self, one: Any, inline: _Inline, signs: str = "") -> None:
        """A piece of a run; `signs` is its font when that has no letters."""
        name = local(one)
        if name in ("t", "sym") and self.marked_runs and self.marked_runs[-1] is one.getparent():
            return  # the author's own mark of a note, which stands there already
        if name == "t":
            text = one.text or ""
            if signs or _PRIVATE.search(text):
                text = in_signs(text, signs or "Symbol")
            self._add(inline, text)
        elif name in ("tab", "ptab"):
            self._add(inline, "\t")
        elif name == "br" or name == "cr":
            self._add(inline, "\n")
        elif name == "noBreakHyphen":
            self._add(inline, "-")
        elif name == "lastRenderedPageBreak":
            inline.parts.append(_PAGE_END)
            self._begin_numbers("eachPage")
        elif name == "sym":
            self._add(inline, _symbol(one))
        elif name == "fldChar":
            self._field(one, inline)
        elif name == "instrText":
            if self.fields and not self.fields[-1].result:
                self.fields[-1].code += one.text or ""
        elif name in ("footnoteReference", "endnoteReference"):
            self._note(name.removesuffix("Reference") + "s", one, inline)
        elif name == "commentReference":
            comment = self.comments.pop(attribute(one, "id") or "", None)
            if comment is not None:
                inline.below.append(self._comment(comment))
        elif name in ("drawing", "pict", "object"):
            self._drawing(one, inline)
        elif name == "ruby":
            self.omitted.add(left_out.READING_AID)
            base = child(one, "rubyBase")
            if base is not None:
                self._runs(base, inline, 1)
        elif name == "r":
            self._run(one, inline)

    def _shown(self) -> bool:
        """Whether text is seen where we are: not inside the code of a field."""
        return all(one.result and not (self.in_margin and _PAGE_FIELD.match(one.code)) for one in self.fields)

    def _add(self, inline: _Inline, text: str, apart: bool = False) -> None:
        if not text or not self._shown():
            return
        before = next((part for part in reversed(inline.parts) if part), "")
        if apart and before and not before[-1].isspace() and before[-1] not in "([":
            text = f" {text}"
        inline.parts.append(text)
        for key in self.open_ranges:
            if sum(map(len, self.commented[key])) < _ANCHOR_CHARS * 2:
                self.commented[key].append(text)

    def _equation(self, element: Any) -> str:
        text = linear(element)
        if not text:
            self.omitted.add(left_out.EQUATION)
        return text

    def _field(self, mark: Any, inline: _Inline) -> None:
        kind = attribute(mark, "fldCharType")
        if kind == "begin":
            self._add(inline, _form_field(child(mark, "ffData")))
            self.fields.append(_Field(begins=len(inline.parts)))
        elif kind == "separate" and self.fields:
            self.fields[-1].result, self.fields[-1].begins = True, len(inline.parts)
        elif kind == "end" and self.fields:
            ended = self.fields.pop()
            if not any(part for part in inline.parts[ended.begins :]):
                self._add(inline, self.field_codes.shown(ended.code))
            link = _LINK.search(ended.code)
            if link and ended.result and "\\l" not in ended.code.split(link[1])[0]:
                self._link(inline, "".join(inline.parts[ended.begins :]), link[1])

    def _link(self, inline: _Inline, text: str, target: str) -> None:
        """Keep the address behind a link, unless the text says it."""
        text = " ".join(text.replace(_PAGE_END, " ").split())
        plain = target.removeprefix("mailto:").rstrip("/")
        if not text or not self._shown() or plain in text or text in target or (text, target) in self.links:
            return
        self.links.add((text, target))
        inline.below.append(f"Link “{text[:_ANCHOR_CHARS]}”: {target[:500]}")

    def _note(self, kind: str, reference: Any, inline: _Inline) -> None:
        note = self.notes[kind].get(attribute(reference, "id") or "")
        if note is None or not self._shown():
            return
        number = self._own_mark(reference)
        if not number:
            self.numbers[kind] += 1
            number = self._note_number(kind)
        self._add(inline, f"[{number}]", apart=True)
        target = next((one.target for one in self.package.relations(self.main).values() if one.kind == kind), "")
        outer, fields, ranges = self.relations, self.fields, self.open_ranges
        self.relations, self.fields, self.open_ranges, inside = self.package.relations(target), [], set(), _Inline()
        text = " ".join(" ".join(self._texts(note, inside)).replace(_PAGE_END, " ").split())
        self.relations, self.fields, self.open_ranges = outer, fields, ranges
        text = text.removeprefix(number).lstrip() if not number.isalnum() else text
        if kind == "footnotes":
            inline.below.append(f"Footnote {number}: {text}")
        else:
            self.endnotes.append(f"Endnote {number}: {text}")
        inline.take(inside)

    def _own_mark(self, reference: Any) -> str:
        """The mark that the author gave a note in place of a number ("*"), "" when it is numbered."""
        if attribute(reference, "customMarkFollows") not in ("1", "true", "on"):
            return ""
        run = reference.getparent()
        pieces = (_symbol(one) if local(one) == "sym" else one.text or "" for one in run if local(one) in ("t", "sym"))
        mark = " ".join("".join(pieces).split())
        if mark:
            self.marked_runs.append(run)
        return mark

    def _note_properties(self, kind: str, name: str) -> str | None:
        """How notes are numbered: by the section's own word, else by the document's."""
        holder = f"{kind[:-1]}Pr"
        said = value(child(self.section, holder), name)
        return said if said is not None else value(child(self.settings, holder), name)

    def _note_number(self, kind: str) -> str:
        start = self._note_properties(kind, "numStart") or "1"
        number = self.numbers[kind] + (int(start) - 1 if start.isdigit() and len(start) < 5 else 0)
        usual = "decimal" if kind == "footnotes" else "lowerRoman"
        return counted(number, self._note_properties(kind, "numFmt") or usual)

    def _begin_numbers(self, when: str) -> None:
        """Notes are numbered anew where a page or a section begins, if the document says so."""
        for kind in self.numbers:
            if self._note_properties(kind, "numRestart") == when:
                self.numbers[kind] = 0

    def _comment(self, comment: Any) -> str:
        key = attribute(comment, "id") or ""
        author = " ".join((attribute(comment, "author") or "").split())
        fields, ranges, inside = self.fields, self.open_ranges, _Inline()
        self.fields, self.open_ranges = [], set()
        text = " ".join(" ".join(self._texts(comment, inside)).split())
        self.fields, self.open_ranges = fields, ranges
        anchor = " ".join("".join(self.commented.pop(key, [])).split())
        if len(anchor) > _ANCHOR_CHARS:
            anchor = anchor[:_ANCHOR_CHARS].rsplit(" ", 1)[0] + " …"
        by, on = f" by {author}" if author else "", f" on “{anchor}”" if anchor else ""
        return f"Comment{by}{on}: {text}"

    def _drawing(self, element: Any, inline: _Inline) -> None:
        """Text boxes, charts, diagrams and pictures; of alternatives only the first."""
        if not self._shown():
            return
        seen: list[str] = []
        boxes = len(inline.boxes)
        self._shapes(element, inline, seen, 0)
        if "picture" in seen and "object" not in seen and not decorative(element):
            self.omitted.add(left_out.PICTURE, seen.count("picture"))
        if "object" in seen:
            self.omitted.add(left_out.OBJECT)
        if child(element, "inline") is not None and len(inline.boxes) == boxes + 1:
            # A box that stands in the line like a letter.
            texts = self._texts(inline.boxes[-1], inline)
            if len(texts) == 1:
                inline.boxes.pop()
                self._add(inline, texts[0])
        said = description(element) or next((one.get("alt") for one in element.iter() if one.get("alt")), "")
        if said and "box" not in seen:
            self._add(inline, f"[Picture: {' '.join(said.split())}]", apart=True)

    def _shapes(self, element: Any, inline: _Inline, seen: list[str], depth: int) -> None:
        for one in chosen(element):
            name = local(one)
            if name == "txbxContent":
                seen.append("box")
                inline.boxes.append(one)
            elif name == "chart":
                relation = self.relations.get(attribute(one, "id") or "")
                grid = None if relation is None else chart_grid(self.package.xml(relation.target))
                seen.append("chart")
                self.omitted.add(left_out.CHART, grid is None)
                if grid is not None:
                    inline.grids.append(grid)
            elif name == "relIds":
                relation = self.relations.get(attribute(one, "dm") or "")
                texts = [] if relation is None else diagram_lines(self.package.xml(relation.target))
                seen.append("diagram")
                self.omitted.add(left_out.DIAGRAM, not texts)
                inline.below += [f"Diagram: {'; '.join(texts)}"] if texts else []
            elif name in ("pic", "imagedata"):
                seen.append("picture")
            elif name in ("OLEObject", "control"):
                seen.append("object")
            elif name == "textpath":
                seen.append("box")
                self._add(inline, one.get("string") or "", apart=True)
            elif depth < _DEPTH:
                self._shapes(one, inline, seen, depth + 1)


def _cut(grid: Grid, start: int, end: int) -> Grid:
    """Some rows of a grid."""
    merged = {
        (row - start, column): (top - start, left)
        for (row, column), (top, left) in grid.merged.items()
        if start <= row < end
    }
    return Grid(grid.texts[start:end], merged, grid.header_rows, grid.caption)


def _symbol(element: Any) -> str:
    """The sign of a `w:sym`: a code in a font without letters, or a letter."""
    try:
        return sign(attribute(element, "font") or "", int(attribute(element, "char") or "", 16))
    except ValueError:
        return ""


def _font(properties: Any) -> str:
    """The font that a run names for its letters, "" when it names none."""
    fonts = child(properties, "rFonts")
    return "" if fonts is None else attribute(fonts, "ascii") or attribute(fonts, "hAnsi") or ""


def _form_field(data: Any) -> str:
    """What a form field of older Word shows that has no text of its own: a tick, or the chosen line of a list."""
    box, drop = child(data, "checkBox"), child(data, "ddList")
    if box is not None:
        ticked = child(box, "checked") if child(box, "checked") is not None else child(box, "default")
        return "[x]" if is_on(ticked) else "[ ]"
    if drop is not None:
        entries: list[str] = [attribute(one, "val") or "" for one in drop if local(one) == "listEntry"]
        place = str(value(drop, "result") or value(drop, "default") or "0")
        return entries[int(place)] if place.isdigit() and int(place) < len(entries) else ""
    return ""


def _moved_by(properties: Any) -> Callable[[str, str], str] | None:
    """How the text of a run that is raised or lowered is written on a line, by its kind or by so many half points."""
    if (moved := _MOVED.get(value(properties, "vertAlign") or "")) is not None:
        return moved
    position = value(properties, "position") or ""
    if not position.lstrip("-").isdigit() or abs(int(position)) < _HALF_POINTS:
        return None
    return lowered if position.startswith("-") else raised
