"""Reads the sheets of an xlsx workbook: shown and stored values, merged and hidden cells, comments, charts.

Our own reader of the parts: openpyxl gives either formulas or values, knows number formats but does not apply them, and
in its fast mode has neither merged cells nor comments nor what is hidden.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

from loaders import left_out
from loaders.charts import chart_grid
from loaders.days import moment
from loaders.drawing import chosen, description, paragraphs
from loaders.grid import COLUMNS, NO_STORED_VALUE, Grid
from loaders.left_out import LeftOut
from loaders.number_format import BUILT_IN, NumberFormat, general, number_format
from loaders.opc import Package, Relation, attribute, is_on, local, unescaped
from loaders.sheet import STRUCK_OUT, Comment, NamedRange, Row, Sheet

Shown = tuple[str, Any]
"""A cell as it is shown, and the value that is stored where it is no text."""

OLD_NOTE = "[Threaded comment]"
"""How the copy of a comment begins that is kept for older programs."""

_REFERENCE = re.compile(r"^\$?([A-Za-z]{1,3})\$?(\d{1,7})$")
_LINKS = 500


def xlsx_sheets(package: Package, omitted: LeftOut) -> Iterator[Sheet]:
    """The sheets of a workbook in their order. Raises LoadError for damaged parts."""
    main = package.main("xl/workbook.xml")
    root = package.xml(main)
    if root is None:
        raise KeyError(main)
    properties = next((one for one in root if local(one) == "workbookPr"), None)
    since_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    reader = SheetReader(package, main, omitted, since_1904=since_1904)
    relations = package.relations(main)
    for entry in (one for one in root.iter() if local(one) == "sheet"):
        relation = relations.get(attribute(entry, "id") or "")
        if relation is None or not package.has(relation.target):
            continue
        state = entry.get("state") or "visible"
        yield reader.sheet(relation.target, entry.get("name") or "", state != "visible", relation.kind)
    if any(relation.kind == "vbaproject" for relation in relations.values()):
        omitted.add(left_out.MACRO)


class SheetReader:
    """Reads the sheets of one workbook; `XlsbReader` reads those whose cells are in binary parts."""

    STRINGS, STYLES = "xl/sharedStrings.xml", "xl/styles.xml"

    def __init__(self, package: Package, main: str, omitted: LeftOut, *, since_1904: bool) -> None:
        self.package, self.omitted, self.since_1904 = package, omitted, since_1904
        self.centred: set[str] = set()
        self.struck: set[str] = set()
        self.strings = self._strings(next(iter(package.related(main, "sharedstrings")), self.STRINGS))
        self.formats = self._formats(next(iter(package.related(main, "styles")), self.STYLES))
        self.columns: dict[str, int] = {}
        self.hyperlinks: list[tuple[str, str]] = []
        self.people = self._people(main)

    def sheet(self, part: str, name: str, hidden: bool, kind: str) -> Sheet:
        """The sheet in a part of the package; `kind` is that of the relation that leads there."""
        sheet = Sheet(name, hidden, [])
        if kind != "chartsheet":
            self._read(part, sheet)
        related = self.package.relations(part).values()
        sheet.comments = [
            *self._links(self.package.relations(part)),
            *self._comments([one.target for one in related if one.kind in ("comments", "threadedcomment")]),
        ]
        sheet.ranges = [named for one in related if one.kind == "table" for named in self._range(one.target)]
        sheet.extras = [extra for one in related if one.kind == "drawing" for extra in self._drawing(one.target)]
        for one in related:
            if one.kind in ("oleobject", "package") and not one.external:
                self.omitted.add(left_out.OBJECT)
        return sheet

    # Cells

    def _read(self, part: str, sheet: Sheet) -> None:
        import lxml.etree

        merges: list[tuple[int, int, int, int]] = []
        self.hyperlinks = []
        hidden_columns: set[int] = set()
        number = -1
        with self.package.open(part) as stream:
            tags = ("{*}row", "{*}mergeCell", "{*}col", "{*}hyperlink")
            events = lxml.etree.iterparse(
                stream,
                events=("end",),
                tag=tags,
                resolve_entities=False,
                no_network=True,
                huge_tree=True,
                remove_comments=True,
            )
            for _, element in events:
                name = local(element)
                if name == "row":
                    said = element.get("r")
                    number = int(said) - 1 if said and said.isdigit() else number + 1
                    texts, values = self._row(element)
                    if any(texts):
                        merges += self._centred(element, number) if self.centred else ()
                        sheet.rows.append(Row(number, texts, values, element.get("hidden") in ("1", "true")))
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
                elif name == "hyperlink":
                    self.hyperlinks.append((element.get("ref") or "", attribute(element, "id") or ""))
                elif name == "mergeCell":
                    merges += _area(element.get("ref") or "")
                elif element.get("hidden") in ("1", "true"):
                    first, last = int(element.get("min") or 1), int(element.get("max") or 1)
                    hidden_columns.update(range(first - 1, min(last, COLUMNS)))
        sheet.merges, sheet.hidden_columns = merges, frozenset(hidden_columns)

    def _centred(self, row: Any, number: int) -> Iterator[tuple[int, int, int, int]]:
        start, end = -1, -1
        for cell in row:
            column = self._column(cell.get("r"), end + 1)
            across = cell.get("s") in self.centred
            if across and not len(cell) and start >= 0 and column == end + 1:
                end = column
                continue
            if end > start >= 0:
                yield number, start, number, end
            start = end = column if across and len(cell) else -1
        if end > start >= 0:
            yield number, start, number, end

    def _row(self, row: Any) -> tuple[list[str], list[Any]]:
        texts: list[str] = []
        values: list[Any] = []
        for cell in row:
            column = self._column(cell.get("r"), len(texts))
            if column >= COLUMNS:
                break
            text, value = self._cell(cell)
            if text and self.struck and cell.get("s") in self.struck:
                text = f"{text} {STRUCK_OUT}"
            if column < len(texts):
                texts[column], values[column] = text, value
                continue
            while len(texts) < column:
                texts.append("")
                values.append(None)
            texts.append(text)
            values.append(value)
        while texts and not texts[-1]:
            texts.pop()
            values.pop()
        return texts, values

    def _column(self, reference: str | None, usual: int) -> int:
        if not reference:
            return usual
        letters = reference.rstrip("0123456789")
        column = self.columns.get(letters)
        if column is None:
            column = self.columns[letters] = (
                _column_number(letters) if letters.isalpha() and len(letters) <= 3 else usual
            )
        return column

    def _cell(self, cell: Any) -> Shown:
        kind, stored, formula, inline = cell.get("t"), None, None, None
        for child in cell:
            tag = child.tag
            name = tag[tag.rfind("}") + 1 :]
            if name == "v":
                stored = child.text or ""
            elif name == "f":
                formula = child
            elif name == "is":
                inline = child
        if kind == "s":
            place = int(stored) if stored and stored.isdigit() else -1
            text = self.strings[place] if 0 <= place < len(self.strings) else ""
            return self._text(cell.get("s"), text)
        if inline is not None:
            return self._text(cell.get("s"), self._seen(inline))
        if formula is not None and (stored is None or (not stored and kind != "str")):
            self.omitted.add(left_out.FORMULA)
            code = " ".join("".join(formula.itertext()).split())
            return (f"={code} {NO_STORED_VALUE}" if code else NO_STORED_VALUE), None
        if not stored:
            return "", None
        if kind == "str":
            return self._text(cell.get("s"), unescaped(stored))
        if kind == "b":
            return ("TRUE", True) if stored not in ("0", "false") else ("FALSE", False)
        if kind == "e":
            return stored, None
        if kind == "d":
            return _iso_day(stored)
        try:
            number = float(stored)
        except ValueError:
            return stored, None
        return self._number(cell.get("s"), number)

    def _text(self, style: str | None, text: str) -> Shown:
        text = " ".join(text.split())
        shown = text if not style or not text else self._format(style).show_text(text)
        return shown, text if text else None

    def _number(self, style: str | None, number: float) -> Shown:
        value: Any = int(number) if number.is_integer() and abs(number) < 1e15 else number
        if not style:
            return general(number), value
        form = self._format(style)
        if form.is_general:
            return general(number), value
        if form.is_date:
            day = moment(number, self.since_1904)
            if day is None:
                return general(number), value
            # A time of day or a duration is no date.
            return form.show_day(day, number), day if number >= 1 and form.has_days else None
        shown = form.show(number)
        if not shown:
            self.omitted.add(left_out.HIDDEN)
        return shown, value

    def _format(self, style: str) -> NumberFormat:
        place = int(style) if style.isdigit() else 0
        return self.formats[place] if place < len(self.formats) else number_format("General")

    # Other parts

    def _strings(self, part: str) -> list[str]:
        import lxml.etree

        if not self.package.has(part):
            return []
        strings = []
        with self.package.open(part) as stream:
            for _, item in lxml.etree.iterparse(
                stream, events=("end",), tag="{*}si", resolve_entities=False, no_network=True, huge_tree=True
            ):
                strings.append(self._seen(item))
                item.clear()
                while item.getprevious() is not None:
                    del item.getparent()[0]
        return strings

    def _seen(self, item: Any) -> str:
        """A string without the runs that are struck out, which are counted; one of nothing else is marked."""
        if len(item) < 2 or not any(_is_struck(run) for run in item):
            return _rich_text(item)
        text = "".join(_rich_text([run]) for run in item if not _is_struck(run))
        if not text.strip():
            return f"{_rich_text(item)} {STRUCK_OUT}"
        self.omitted.add(left_out.STRUCK)
        return text

    def _links(self, relations: Mapping[str, Relation]) -> Iterator[Comment]:
        """Where the links of a sheet lead; those beyond what a person would read are counted."""
        for number, (reference, key) in enumerate(self.hyperlinks):
            relation, place = relations.get(key), _cell_place(reference.partition(":")[0])
            if relation is None or not relation.external or place is None:
                continue
            if number >= _LINKS:
                self.omitted.add(left_out.LINK)
            else:
                yield Comment(*place, "", relation.target[:500], "Link")

    def _formats(self, part: str) -> list[NumberFormat]:
        root = self.package.xml(part)
        if root is None:
            return []
        codes = dict(BUILT_IN)
        for one in root.iter():
            if local(one) == "numFmt" and (one.get("numFmtId") or "").isdigit():
                codes[int(one.get("numFmtId"))] = one.get("formatCode") or "General"
        styles = next((one for one in root if local(one) == "cellXfs"), ())
        numbers = [one.get("numFmtId") or "0" for one in styles if local(one) == "xf"]
        fonts = next((one for one in root if local(one) == "fonts"), ())
        struck = {str(number) for number, font in enumerate(fonts) if _is_struck(font)}
        self.struck = {
            str(number)
            for number, style in enumerate(one for one in styles if local(one) == "xf")
            if style.get("fontId") in struck
        }
        # A text centred across the empty cells after it stands over them like a merged one.
        self.centred = {
            str(number)
            for number, style in enumerate(one for one in styles if local(one) == "xf")
            if any(local(one) == "alignment" and one.get("horizontal") == "centerContinuous" for one in style)
        }
        return [number_format(codes.get(int(number) if number.isdigit() else 0, "General")) for number in numbers]

    def _people(self, main: str) -> dict[str, str]:
        people: dict[str, str] = {}
        for part in self.package.related(main, "person"):
            for one in self._elements(part, "person"):
                people[one.get("id") or ""] = one.get("displayName") or ""
        return people

    def _comments(self, parts: list[str]) -> Iterator[Comment]:
        for part in parts:
            authors = ["".join(one.itertext()).strip() for one in self._elements(part, "author")]
            for one in self._elements(part, "comment", "threadedComment"):
                text = _rich_text(one)
                place = _cell_place(one.get("ref") or "")
                if place is None or not text.strip() or text.startswith(OLD_NOTE):
                    continue
                number = one.get("authorId") or ""
                known = authors[int(number)] if number.isdigit() and int(number) < len(authors) else ""
                author = self.people.get(one.get("personId") or "", known)
                text = " ".join(text.split()).removeprefix(f"{author}:").strip()
                yield Comment(*place, author, text)

    def _elements(self, part: str, *names: str) -> Iterator[Any]:
        root = self.package.xml(part)
        return iter(()) if root is None else (one for one in root.iter() if local(one) in names)

    def _range(self, part: str) -> Iterator[NamedRange]:
        root = self.package.xml(part)
        if root is not None:
            for area in _area(root.get("ref") or ""):
                yield NamedRange(root.get("displayName") or "", *area, (root.get("headerRowCount") or "1") != "0")

    def _drawing(self, part: str) -> Iterator[str | Grid]:
        root = self.package.xml(part)
        if root is None:
            return
        relations = self.package.relations(part)
        for shape in _shapes(root):
            name = local(shape)
            if name == "pic":
                self.omitted.add(left_out.PICTURE)
                if said := description(shape):
                    yield f"[Picture: {said}]"
            elif name == "graphicFrame":
                for one in shape.iter():
                    relation = relations.get(attribute(one, "id") or "") if local(one) == "chart" else None
                    if relation is not None:
                        grid = chart_grid(self.package.xml(relation.target))
                        self.omitted.add(left_out.CHART, grid is None)
                        if grid is not None:
                            yield grid
            else:
                body = next((one for one in shape if local(one) == "txBody"), None)
                if body is not None:
                    lines = [paragraph.text for paragraph in paragraphs(body, self.omitted)]
                    if lines:
                        yield "\n".join(lines)


def _shapes(element: Any, depth: int = 0) -> Iterator[Any]:
    for child in chosen(element):
        name = local(child)
        if name in ("sp", "pic", "graphicFrame"):
            yield child
        elif depth < 40 and name in ("twoCellAnchor", "oneCellAnchor", "absoluteAnchor", "grpSp"):
            yield from _shapes(child, depth + 1)


def _rich_text(element: Any) -> str:
    """The text of a string or comment, all its runs, without the reading aids of Japanese."""
    parts: list[str] = []
    for child in element:
        name = local(child)
        if name == "t":
            parts.append(unescaped(child.text or ""))
        elif name in ("r", "text", "is"):
            parts.append(_rich_text(child))
    return "".join(parts)


def _is_struck(font: Any) -> bool:
    """Whether a font, or that of a run, strikes its text out."""
    return any(local(one) == "strike" and is_on(one) for part in (font, *font) for one in part)


def _iso_day(stored: str) -> Shown:
    try:
        day = datetime.datetime.fromisoformat(stored.rstrip("Z"))
    except ValueError:
        return stored, None
    midnight = day.time() == datetime.time()
    return (day.date().isoformat() if midnight else day.isoformat(" ", "seconds")), day.replace(tzinfo=None)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell_place(reference: str) -> tuple[int, int] | None:
    match = _REFERENCE.match(reference)
    return (int(match[2]) - 1, _column_number(match[1])) if match else None


def _area(reference: str) -> list[tuple[int, int, int, int]]:
    first, _, last = reference.partition(":")
    begin, end = _cell_place(first), _cell_place(last or first)
    if begin is None or end is None or end[0] < begin[0] or end[1] < begin[1]:
        return []
    return [(begin[0], begin[1], end[0], min(end[1], COLUMNS - 1))]


def cell_name(row: int, column: int) -> str:
    """The name of a cell: 0, 0 is A1."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"
