"""PowerPoint presentations: every slide is a page; ppt through LibreOffice, or its text alone.

Our own reader of PresentationML (ECMA-376 part 1, 19): charts, diagrams, equations and alternatives are lost by
python-pptx's view of a slide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loaders import left_out, libreoffice, limits, locked_office, older_office, second_reader
from loaders.blocks import PageBuilder
from loaders.charts import chart_grid
from loaders.document import Document, LoadError, Page
from loaders.drawing import chosen, decorative, description, diagram_lines, paragraphs
from loaders.grid import Cell, Grid
from loaders.left_out import LeftOut
from loaders.opc import DAMAGED, Package, Relation, attribute, local
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of
from loaders.tables import TableKeeper

VERSION = 4

_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum",)
_SAME_ROW = 228_600
"""Shapes whose tops differ by less than this (a quarter of an inch, in EMU) stand side by side."""

_DEPTH = 40
_NUMBER = re.compile(r"(\d+)\.xml$")

Box = tuple[float, float]
"""Where a shape begins: top and left, in EMU."""


def load(path: Path) -> Document:
    """The presentation at `path`, with its notes and comments. Raises LoadError."""
    with path.open("rb") as file:
        kind = kind_of(file.read(4096), path)
    if kind is Kind.PPT:
        locked_office.need_none(path)
        if not libreoffice.installed():
            return older_office.read_ppt(path, LOADER.name, VERSION)
        return libreoffice.converted(path, "pptx", read_pptx)
    return second_reader.read(path, read_pptx, "pptx", LOADER.name, VERSION)


def read_pptx(path: Path) -> Document:
    """The pptx file at `path`. Raises LoadError."""
    with Package(path) as package:
        try:
            reader = _Presentation(package)
            pages = tuple(reader.pages())
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise LoadError(f"it is damaged ({type(error).__name__}: {error})", DAMAGED) from None
    if not any(page.text.strip() for page in pages):
        raise LoadError("it has no text", "Nothing to load; export it as PDF if it holds pictures of text.")
    title = next((heading.title for page in pages for heading in page.headings if heading.level == 1), "")
    notes = {**reader.keeper.notes, **reader.omitted.notes}
    return Document(title, pages, LOADER.name, VERSION, notes, tables=tuple(reader.keeper.tables))


@dataclass(frozen=True)
class _Shape:
    """A shape of a slide; `kind` is that of its placeholder, None when it is none."""

    element: Any
    kind: str | None
    place: Box


class _Presentation:
    def __init__(self, package: Package) -> None:
        self.package, self.keeper, self.omitted = package, TableKeeper(), LeftOut()
        self.main = package.main("ppt/presentation.xml")
        self.footers: set[str] = set()
        self.places: dict[str, dict[tuple[str, str], Box]] = {}
        self.authors: dict[str, str] = {}
        for part in [*package.related(self.main, "commentauthors"), *package.related(self.main, "authors")]:
            for one in self._elements(part, "cmAuthor", "author"):
                self.authors[one.get("id") or ""] = one.get("name") or ""

    def pages(self) -> Iterator[Page]:
        """The slides in their order, each as a page."""
        budget = limits.TextBudget()
        for number, part in enumerate(self._slides(), 1):
            builder = PageBuilder(number, None, budget)
            self._slide(part, builder)
            yield builder.page()
        if any(one.kind == "vbaproject" for one in self.package.relations(self.main).values()):
            self.omitted.add(left_out.MACRO)
        self.omitted.add(left_out.PART, len(self.package.mended))

    def _slides(self) -> list[str]:
        relations = self.package.relations(self.main)
        listed = [relations.get(attribute_r(one)) for one in self._elements(self.main, "sldId")]
        slides = [one.target for one in listed if one is not None and self.package.has(one.target)]
        if slides:
            return slides
        numbered = [
            (int(match[1]), name) for name in self.package.names("ppt/slides/slide") if (match := _NUMBER.search(name))
        ]
        return [name for _, name in sorted(numbered)]

    def _elements(self, part: str, *names: str) -> Iterator[Any]:
        root = self.package.xml(part)
        return iter(()) if root is None else (one for one in root.iter() if local(one) in names)

    def _slide(self, part: str, builder: PageBuilder) -> None:
        root = self.package.xml(part)
        if root is None:
            return
        relations = self.package.relations(part)
        hidden = root.get("show") in ("0", "false")
        tree = next((one for one in root.iter() if local(one) == "spTree"), None)
        shapes = [] if tree is None else list(self._shapes(tree, self._layout_places(part), (0.0, 0.0, 1.0, 1.0), 0))
        titles = [shape for shape in shapes if shape.kind in _TITLES]
        for shape in titles:
            said = " ".join(paragraph.text for paragraph in self._paragraphs(shape.element))
            builder.heading(1, f"{said} (hidden slide)" if hidden and said else said)
        if hidden and not titles:
            builder.paragraph("(hidden slide)")
        for shape in _in_reading_order([shape for shape in shapes if shape.kind not in _TITLES]):
            self._add(shape, relations, builder)
        for text, target in self._links(root, relations):
            builder.paragraph(f"Link “{text}”: {target}")
        for note in self.package.related(part, "notesslide"):
            if said := "\n".join(self._notes(note)):
                builder.paragraph(f"Speaker notes: {said}")
        for comments in [*self.package.related(part, "comments"), *self.package.related(part, "comment")]:
            for comment in self._elements(comments, "cm", "reply"):
                self._comment(comment, builder)

    # Shapes

    def _shapes(
        self, tree: Any, inherited: Mapping[tuple[str, str], Box], frame: tuple[float, float, float, float], depth: int
    ) -> Iterator[_Shape]:
        for one in chosen(tree):
            name = local(one)
            if name == "grpSp":
                if depth < _DEPTH:
                    yield from self._shapes(one, inherited, _inner_frame(one, frame), depth + 1)
                else:
                    self.omitted.add(left_out.DEEP)
            elif name in ("sp", "pic", "graphicFrame", "contentPart", "cxnSp") and _is_hidden(one):
                self.omitted.add(left_out.HIDDEN, any(local(inner) == "t" and inner.text for inner in one.iter()))
            elif name in ("sp", "pic", "graphicFrame", "contentPart"):
                holder = next((inner for inner in one.iter() if local(inner) == "ph"), None)
                kind = None if holder is None else holder.get("type") or "body"
                place = _offset(one)
                if place is None and holder is not None:
                    place = inherited.get(("idx", holder.get("idx") or "")) or inherited.get(("type", kind or ""))
                top, left, high, wide = frame
                found = (0.0, 0.0) if place is None else (top + place[0] * high, left + place[1] * wide)
                yield _Shape(one, kind, found)

    def _layout_places(self, part: str) -> dict[tuple[str, str], Box]:
        """Where the placeholders of a slide's layout and master stand, by number and by kind."""
        places: dict[tuple[str, str], Box] = {}
        for layout in self.package.related(part, "slidelayout"):
            if layout not in self.places:
                known: dict[tuple[str, str], Box] = {}
                for above in [*self.package.related(layout, "slidemaster"), layout]:
                    for one in self._elements(above, "sp"):
                        holder = next((inner for inner in one.iter() if local(inner) == "ph"), None)
                        place = _offset(one)
                        if holder is not None and place is not None:
                            known["type", holder.get("type") or "body"] = place
                            if above == layout:
                                known["idx", holder.get("idx") or ""] = place
                self.places[layout] = known
            places |= self.places[layout]
        return places

    def _add(self, shape: _Shape, relations: Mapping[str, Relation], builder: PageBuilder) -> None:
        name, element = local(shape.element), shape.element
        if shape.kind in _FURNITURE:
            return
        if name == "pic":
            self._picture(element, builder)
        elif name == "graphicFrame":
            self._frame(element, relations, builder)
        elif name == "contentPart":
            self.omitted.add(left_out.PICTURE)
        elif shape.kind in ("ftr", "dt", "hdr"):
            said = " ".join(paragraph.text for paragraph in self._paragraphs(element))
            if said and said not in self.footers:
                self.footers.add(said)
                builder.paragraph(f"Page footer: {said}")
        else:
            self._text(shape, builder)

    def _text(self, shape: _Shape, builder: PageBuilder) -> None:
        counted: dict[int, int] = {}
        for paragraph in self._paragraphs(shape.element):
            bullet = paragraph.bullet
            if bullet is None:
                bullet = "-" if shape.kind in ("body", "obj") else ""
            for deeper in [level for level in counted if level > paragraph.level]:
                del counted[deeper]
            if paragraph.numbered is not None:
                counted[paragraph.level] = counted.get(paragraph.level, paragraph.numbered.start - 1) + 1
                bullet = paragraph.numbered.label(counted[paragraph.level])
            text = " ".join(paragraph.text.split()) if bullet else paragraph.text
            if bullet:
                builder.line("  " * paragraph.level + f"{bullet} {text}")
            else:
                builder.paragraph(text)

    def _paragraphs(self, shape: Any) -> Iterator[Any]:
        for body in (one for one in shape if local(one) == "txBody"):
            yield from paragraphs(body, self.omitted)

    def _picture(self, element: Any, builder: PageBuilder) -> None:
        moving = any(
            local(one) in ("videoFile", "audioFile", "wavAudioFile", "quickTimeFile", "media") for one in element.iter()
        )
        if moving or not decorative(element):
            self.omitted.add(left_out.SOUND if moving else left_out.PICTURE)
        if said := description(element):
            builder.paragraph(f"[Picture: {said}]")

    def _frame(self, element: Any, relations: Mapping[str, Relation], builder: PageBuilder) -> None:
        """A table, a chart, a diagram or an object."""
        said = description(element)
        for one in element.iter():
            name = local(one)
            if name == "tbl":
                self.keeper.offer("", builder.number, builder.table(self._grid(one)))
            elif name == "chart":
                relation = relations.get(attribute_r(one))
                grid = None if relation is None else chart_grid(self.package.xml(relation.target))
                self.omitted.add(left_out.CHART, grid is None)
                if grid is not None:
                    self.keeper.offer(grid.caption, builder.number, builder.table(grid))
            elif name == "relIds":
                relation = relations.get(attribute(one, "dm") or "")
                texts = [] if relation is None else diagram_lines(self.package.xml(relation.target))
                self.omitted.add(left_out.DIAGRAM, not texts)
                for text in texts:
                    builder.line(f"- {text}")
            elif name == "oleObj":
                self.omitted.add(left_out.OBJECT)
        if said:
            builder.paragraph(f"[Picture: {said}]")

    def _grid(self, table: Any) -> Grid:
        rows = []
        for row in table:
            if local(row) != "tr":
                continue
            cells = []
            for cell in row:
                if local(cell) != "tc" or cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
                    continue
                text = " ".join(paragraph.text for paragraph in self._paragraphs(cell))
                cells.append(Cell(text, _whole(cell.get("rowSpan")), _whole(cell.get("gridSpan"))))
            rows.append(cells)
        return Grid.of_cells(rows)

    # Beside the slide

    def _links(self, root: Any, relations: Mapping[str, Relation]) -> Iterator[tuple[str, str]]:
        seen = set()
        for link in (one for one in root.iter() if local(one) == "hlinkClick"):
            relation, run = relations.get(attribute_r(link)), link.getparent().getparent()
            if local(run) == "r":
                text = " ".join("".join(one.text or "" for one in run if local(one) == "t").split())
            else:
                # The link of a whole shape: what stands in it, else what describes it.
                shape = run.getparent() if local(link.getparent()) == "cNvPr" else None
                said = [] if shape is None else [one.text or "" for one in shape.iter() if local(one) == "t"]
                text = " ".join(" ".join(said).split()) or ("" if shape is None else description(shape))
            if relation is None or not relation.external or not text:
                continue
            target = relation.target[:500]
            if (
                target.removeprefix("mailto:").rstrip("/") not in text
                and text not in target
                and (text, target) not in seen
            ):
                seen.add((text, target))
                yield text, target

    def _notes(self, part: str) -> Iterator[str]:
        for shape in self._elements(part, "sp"):
            holder = next((one for one in shape.iter() if local(one) == "ph"), None)
            if holder is None or (holder.get("type") or "body") == "body":
                yield from (paragraph.text for paragraph in self._paragraphs(shape))

    def _comment(self, comment: Any, builder: PageBuilder) -> None:
        author = self.authors.get(comment.get("authorId") or "", "")
        plain = next((one.text or "" for one in comment if local(one) == "text"), "")
        rich = " ".join(paragraph.text for paragraph in self._paragraphs(comment))
        if said := " ".join(f"{plain} {rich}".split()):
            builder.paragraph(f"Comment{f' by {author}' if author else ''}: {said}")


def _is_hidden(shape: Any) -> bool:
    """Whether the author has hidden a shape: nobody sees it on the slide."""
    return any(local(inner) == "cNvPr" and inner.get("hidden") in ("1", "true") for one in shape for inner in one)


def attribute_r(element: Any) -> str:
    """The id of the relation that an element names, "" without one."""
    return next((str(text) for key, text in element.attrib.items() if key.endswith("relationships}id")), "")


def _whole(text: str | None) -> int:
    return max(1, int(text)) if text and text.isdigit() and len(text) < 6 else 1


def _transform(element: Any) -> Any:
    """The position of a shape, a picture, a frame or a group: its own, not that of something inside it."""
    for one in element:
        if local(one) == "xfrm":
            return one
        if local(one) in ("spPr", "grpSpPr"):
            return next((inner for inner in one if local(inner) == "xfrm"), None)
    return None


def _point(element: Any, name: str, first: str, second: str) -> Box | None:
    point = None if element is None else next((one for one in element if local(one) == name), None)
    if point is None:
        return None
    try:
        return float(point.get(first)), float(point.get(second))
    except (TypeError, ValueError):
        return None


def _offset(element: Any) -> Box | None:
    return _point(_transform(element), "off", "y", "x")


def _inner_frame(group: Any, frame: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """How the places inside a group become places on the slide."""
    transform = _transform(group)
    place, size = _point(transform, "off", "y", "x"), _point(transform, "ext", "cy", "cx")
    inner, inner_size = _point(transform, "chOff", "y", "x"), _point(transform, "chExt", "cy", "cx")
    if place is None or size is None or inner is None or inner_size is None:
        return frame
    top, left, high, wide = frame
    higher = size[0] / inner_size[0] if inner_size[0] else 1.0
    wider = size[1] / inner_size[1] if inner_size[1] else 1.0
    return (
        top + (place[0] - inner[0] * higher) * high, left + (place[1] - inner[1] * wider) * wide, high * higher, wide * wider,
    )  # fmt: skip


def _in_reading_order(shapes: Sequence[_Shape]) -> list[_Shape]:
    """From top to bottom, those side by side from left to right."""
    ordered: list[_Shape] = []
    row: list[_Shape] = []
    for shape in sorted(shapes, key=lambda shape: shape.place[0]):
        if row and shape.place[0] - row[0].place[0] >= _SAME_ROW:
            ordered += sorted(row, key=lambda one: one.place[1])
            row = []
        row.append(shape)
    return ordered + sorted(row, key=lambda one: one.place[1])


LOADER = Loader(
    name="slides",
    version=VERSION,
    suffixes=(".pptx", ".pptm", ".ppt"),
    kinds=(Kind.PPTX, Kind.PPT),
    load=load,
    unlock=locked_office.unlock,
)
