"""Text of the binary formats of Office 97 to 2003 (doc, ppt), where LibreOffice is not installed to convert them.

After Microsoft's open specifications MS-DOC (piece table, properties of paragraphs and characters) and MS-PPT (records).
What they hold beside text (pictures, boxes' places, numbers of lists) is not read, and a remark says so.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loaders import left_out, limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError, clean_text, join_surrogates
from loaders.grid import Grid
from loaders.left_out import LeftOut
from loaders.tables import TableKeeper

REMARK = "read without LibreOffice: numbers of lists, charts and the like may be missing"

_DAMAGED = "Install LibreOffice, or open it in the program that made it and save it as {}."
_HEADINGS = range(1, 10)
_RECORDS = 500_000
_DEPTH = 40

# Places in the header of a document: how many characters each part of its text has, and where its tables stand.
_TEXT_COUNT, _CHARACTER_RUNS, _PARAGRAPH_RUNS, _PIECES = 76, 250, 258, 418
_IN_TABLE, _ROW_END, _DELETED, _VANISHED = 0x2416, 0x2417, 0x0800, 0x083C
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}


@dataclass(frozen=True)
class _Run:
    """Characters of a file from `start` to `end`, in bytes, and what is said of them."""

    start: int
    end: int
    style: int
    properties: dict[int, int]


@dataclass
class _Parts:
    """The text of a document in its parts, with the place of every character in the file."""

    text: str = ""
    places: list[int] = field(default_factory=list)


def read_doc(path: Path, loader: str, version: int) -> Document:
    """The Word document at `path`. Raises LoadError."""
    streams = _streams(path, "WordDocument", "0Table", "1Table")
    return word_document(streams["WordDocument"], streams["0Table"], streams["1Table"], loader, version)


def word_document(main: bytes, table0: bytes, table1: bytes, loader: str, version: int) -> Document:
    """The document of the streams of a doc file. Raises LoadError."""
    try:
        identity, written_by, flags = struct.unpack_from("<HH6xH", main)
        if identity != 0xA5EC or written_by < 193:
            raise LoadError("it was written by a program older than Word 97", _DAMAGED.format(".docx"))
        return _Word(main, table1 if flags & 0x200 else table0).document(loader, version)
    except (struct.error, IndexError, ValueError, KeyError) as error:
        raise LoadError(f"it is damaged ({type(error).__name__})", _DAMAGED.format(".docx")) from None


def read_ppt(path: Path, loader: str, version: int) -> Document:
    """The presentation at `path`, a page a slide. Raises LoadError."""
    streams = _streams(path, "PowerPoint Document", "Current User")
    return presentation(streams["PowerPoint Document"], streams["Current User"], loader, version)


def presentation(data: bytes, user: bytes, loader: str, version: int) -> Document:
    """The document of the streams of a ppt file. Raises LoadError."""
    try:
        return _PowerPoint(data, user).document(loader, version)
    except (struct.error, IndexError, ValueError, KeyError, RecursionError) as error:
        raise LoadError(f"it is damaged ({type(error).__name__})", _DAMAGED.format(".pptx")) from None


def _streams(path: Path, *names: str) -> dict[str, bytes]:
    import olefile

    try:
        with olefile.OleFileIO(path) as compound:
            return {name: compound.openstream(name).read() if compound.exists(name) else b"" for name in names}
    except (OSError, ValueError, IndexError, AttributeError, TypeError) as error:
        raise LoadError(f"it is damaged ({type(error).__name__})", _DAMAGED.format(path.suffix + "x")) from None


def _finished(
    builders: Sequence[PageBuilder], keeper: TableKeeper, omitted: LeftOut, loader: str, version: int
) -> Document:
    pages = tuple(builder.page() for builder in builders)
    if not any(page.text.strip() for page in pages):
        raise LoadError("it has no text", "Nothing to load; export it as PDF if it holds pictures of text.")
    title = next((heading.title for page in pages for heading in page.headings if heading.level == 1), "")
    said = omitted.notes.get("left_out", "")
    notes = {**keeper.notes, "left_out": "; ".join(filter(None, (said, REMARK)))}
    return Document(title, pages, loader, version, notes, tables=tuple(keeper.tables))


# -- Word ------------------------------------------------------------------------------------------


class _Word:
    def __init__(self, main: bytes, table: bytes) -> None:
        self.main, self.table = main, table
        self.omitted, self.keeper = LeftOut(), TableKeeper()
        self.budget = limits.TextBudget()
        self.builders = [PageBuilder(1, None, self.budget)]
        self.rows: list[list[str]] = []
        self.cells: list[str] = []

    def document(self, loader: str, version: int) -> Document:
        """The document."""
        whole = self._whole()
        counts = struct.unpack_from("<7i", self.main, _TEXT_COUNT)
        parts, start = [], 0
        for count in counts:
            end = start + max(0, count)
            parts.append(_Parts(whole.text[start:end], whole.places[start:end]))
            start = end
        body, footnotes, margins, _, comments, endnotes, boxes = parts
        self.runs = list(self._paragraph_runs())
        self.starts = [run.start for run in self.runs]
        self.dropped = sorted(self._dropped())
        self.below = {"\x02": self._notes(footnotes, "\x02"), "\x05": self._notes(comments, "\x05")}
        self.numbers = {"\x02": 0, "\x05": 0}
        for margin in dict.fromkeys(map(_plain, re.split(r"[\r\x07\x0c]", self._seen(margins)))):
            if any(char.isalpha() for char in margin):
                self.builders[0].paragraph(f"Page header or footer: {margin}")
        self._body(body)
        for number, note in enumerate(self._notes(endnotes, "\x02"), 1):
            self.builders[-1].paragraph(f"Endnote {number}: {note}")
        for text in map(_plain, re.split(r"[\r\x07\x0c]", self._seen(boxes))):
            self.builders[-1].paragraph(text)
        return _finished(self.builders, self.keeper, self.omitted, loader, version)

    def _whole(self) -> _Parts:
        """All text, piece by piece."""
        place, size = struct.unpack_from("<II", self.main, _PIECES)
        data = self.table[place : place + size]
        at = 0
        while data[at : at + 1] == b"\x01":
            at += 3 + struct.unpack_from("<H", data, at + 1)[0]
        if data[at : at + 1] != b"\x02":
            raise ValueError
        (length,) = struct.unpack_from("<I", data, at + 1)
        data = data[at + 5 : at + 5 + length]
        count = (len(data) - 4) // 12
        ends = struct.unpack_from(f"<{count + 1}I", data)
        texts: list[str] = []
        places: list[int] = []
        for number in range(count):
            (offset,) = struct.unpack_from("<I", data, 4 * (count + 1) + 8 * number + 2)
            chars = min(ends[number + 1] - ends[number], limits.TEXT_CHARS)
            if offset & 0x40000000:
                begin = (offset & 0x3FFFFFFF) // 2
                texts.append(self.main[begin : begin + chars].decode("cp1252", "replace").ljust(chars))
                places += range(begin, begin + chars)
            else:
                # Halves of letters beyond 16 bits stay two characters, so that places are counted right.
                units = struct.unpack_from(f"<{chars}H", self.main, offset)
                texts.append("".join(map(chr, units)))
                places += range(offset, offset + 2 * chars, 2)
        return _Parts("".join(texts), places)

    def _runs_of(self, where: int) -> Iterator[bytes]:
        place, size = struct.unpack_from("<II", self.main, where)
        count = (size - 4) // 8
        for number in struct.unpack_from(f"<{count}I", self.table, place + 4 * (count + 1)) if count > 0 else ():
            page = self.main[(number & 0x3FFFFF) * 512 :][:512]
            if len(page) == 512:
                yield page

    def _paragraph_runs(self) -> Iterator[_Run]:
        for page in self._runs_of(_PARAGRAPH_RUNS):
            count = page[511]
            bounds = struct.unpack_from(f"<{count + 1}I", page)
            for number in range(count):
                at = page[4 * (count + 1) + 13 * number] * 2
                size = 2 * page[at] - 1 if page[at] else 2 * page[at + 1]
                begin = at + 1 if page[at] else at + 2
                held = page[begin : begin + max(0, size)] if at else b""
                style = struct.unpack_from("<H", held)[0] if len(held) >= 2 else 0
                yield _Run(bounds[number], bounds[number + 1], style, dict(_properties(held[2:])))

    def _dropped(self) -> Iterator[tuple[int, int]]:
        """Characters that were deleted under tracking, or are hidden."""
        for page in self._runs_of(_CHARACTER_RUNS):
            count = page[511]
            bounds = struct.unpack_from(f"<{count + 1}I", page)
            for number in range(count):
                at = page[4 * (count + 1) + number] * 2
                held = dict(_properties(page[at + 1 : at + 1 + page[at]])) if at else {}
                if held.get(_DELETED) == 1 or held.get(_VANISHED) == 1:
                    self.omitted.add(left_out.DELETED if held.get(_DELETED) == 1 else left_out.HIDDEN)
                    yield bounds[number], bounds[number + 1]

    def _run_at(self, place: int) -> _Run | None:
        number = bisect_right(self.starts, place) - 1
        return self.runs[number] if number >= 0 and place < self.runs[number].end else None

    def _seen(self, part: _Parts) -> str:
        """The text of a part without what is dropped and without the codes of fields."""
        return "".join(char for char, _ in self._characters(part))

    def _characters(self, part: _Parts) -> Iterator[tuple[str, int]]:
        starts = [start for start, _ in self.dropped]
        fields: list[bool] = []
        for char, place in zip(part.text, part.places):
            number = bisect_right(starts, place) - 1
            if number >= 0 and place < self.dropped[number][1] and char != "\r":
                continue
            if char == "\x13":
                fields.append(False)
            elif char == "\x14" and fields:
                fields[-1] = True
            elif char == "\x15" and fields:
                fields.pop()
            elif all(fields):
                yield char, place

    def _notes(self, part: _Parts, mark: str) -> list[str]:
        return [_plain(text.replace("\r", " ")) for text in self._seen(part).split(mark)[1:]]

    def _body(self, part: _Parts) -> None:
        text: list[str] = []
        for char, place in self._characters(part):
            if char in "\r\x07":
                self._paragraph("".join(text), self._run_at(place), char == "\x07")
                text = []
            elif char == "\x0c":
                self._paragraph("".join(text), self._run_at(place), False)
                text = []
                self._next_page()
            else:
                text.append(char)
        self._paragraph("".join(text), None, False)
        self._end_table()

    def _next_page(self) -> None:
        self._end_table()
        if len(self.builders) < limits.PAGES:
            self.builders.append(PageBuilder(len(self.builders) + 1, None, self.budget))

    def _paragraph(self, raw: str, run: _Run | None, cell: bool) -> None:
        below: list[str] = []
        for mark, word in (("\x02", "Footnote"), ("\x05", "Comment")):
            for _ in range(raw.count(mark)):
                number, notes = self.numbers[mark], self.below[mark]
                self.numbers[mark] += 1
                if number < len(notes):
                    below.append(f"{word} {number + 1}: {notes[number]}")
                raw = raw.replace(mark, f" [{number + 1}]" if mark == "\x02" and number < len(notes) else "", 1)
        self.omitted.add(left_out.PICTURE, raw.count("\x01") + raw.count("\x08"))
        text = _plain(raw)
        held = run.properties if run is not None else {}
        if cell and held.get(_ROW_END):
            self.rows.append([*self.cells])
            self.cells = []
        elif cell:
            self.cells.append(text)
        elif held.get(_IN_TABLE) and text:
            # A paragraph of a cell that has more of them.
            self.cells.append(f"{text} \x00")
        else:
            self._end_table()
            if run is not None and run.style in _HEADINGS and text and len(text) <= limits.HEADING_CHARS:
                self.builders[-1].heading(run.style, text)
            else:
                self.builders[-1].paragraph(text)
        for note in below:
            self.builders[-1].paragraph(note)

    def _end_table(self) -> None:
        if self.cells:
            self.rows.append(self.cells)
            self.cells = []
        if not self.rows:
            return
        grid = Grid([_whole_cells(row) for row in self.rows])
        self.rows = []
        self.keeper.offer("", self.builders[-1].number, self.builders[-1].table(grid))


def _whole_cells(row: Sequence[str]) -> list[str]:
    """The cells of a row; paragraphs that another of their cell follows are one text with it."""
    return [
        " ".join(cell.split()) for cell in "\x01".join(row).replace("\x00\x01", " ").replace("\x00", "").split("\x01")
    ]


def _properties(data: bytes) -> Iterator[tuple[int, int]]:
    """The properties in a list of them, each with its first byte."""
    at = 0
    while at + 2 < len(data):
        (code,) = struct.unpack_from("<H", data, at)
        width = _WIDTHS.get(code >> 13)
        if width is None:
            width = struct.unpack_from("<H", data, at + 2)[0] + 1 if code == 0xD608 else data[at + 2] + 1
        yield code, data[at + 2]
        at += 2 + width


def _plain(text: str) -> str:
    text = text.replace("\x1e", "-").replace("\x0b", " ").replace("\x1f", "").replace("\xa0", " ")
    return " ".join(clean_text(join_surrogates(text)).split())


# -- PowerPoint ------------------------------------------------------------------------------------

_SLIDES, _PERSIST, _TEXT16, _TEXT8, _REFERENCE, _KIND, _SLIDE_ATOM = (
    0x0FF0,
    0x03F3,
    0x0FA0,
    0x0FA8,
    0x0F9E,
    0x0F9F,
    0x03EF,
)
_EDIT, _DIRECTORY, _DRAWN = 0x0FF5, 0x1772, 0xF01F
_TITLES = (0, 6)


@dataclass(frozen=True)
class _Record:
    """A record: its type, its instance, and where its content stands."""

    kind: int
    instance: int
    start: int
    end: int
    container: bool


class _PowerPoint:
    def __init__(self, data: bytes, user: bytes) -> None:
        self.data = data
        self.omitted, self.keeper = LeftOut(), TableKeeper()
        self.places: dict[int, int] = {}
        self.count = 0
        (edit,) = struct.unpack_from("<I", user, 16)
        self.main = 0
        while edit and len(self.places) < _RECORDS:
            record = self._at(edit)
            before, directory, main = struct.unpack_from("<III", data, record.start + 8)
            self.main = self.main or main
            self._read_directory(self._at(directory))
            if before >= edit:
                break
            edit = before

    def document(self, loader: str, version: int) -> Document:
        """The slides in their order."""
        budget = limits.TextBudget()
        lists = {0: dict[int, list[tuple[int, str]]](), 2: dict[int, list[tuple[int, str]]]()}
        persists: dict[int, dict[int, int]] = {0: {}, 2: {}}
        for record in self._inside(self._at(self.places[self.main])):
            if record.kind == _SLIDES and record.instance in lists:
                self._read_list(record, lists[record.instance], persists[record.instance])
        builders: list[PageBuilder] = []
        for persist in lists[0]:
            builder = PageBuilder(len(builders) + 1, None, budget)
            builders.append(builder)
            slide = self._at(self.places[persist])
            texts = list(self._texts(slide, lists[0][persist], 0)) or lists[0][persist]
            titles = [text for kind, text in texts if kind in _TITLES]
            builder.heading(1, " ".join(titles))
            for kind, text in texts:
                if kind not in _TITLES:
                    builder.paragraph(text)
            notes = self._notes_of(slide)
            persist_of_notes = persists[2].get(notes)
            if persist_of_notes in self.places:
                said = [text for _, text in self._texts(self._at(self.places[persist_of_notes]), [], 0)]
                said = [text for text in said if any(map(str.isalpha, text))]
                builder.paragraph(f"Notes: {' '.join(' '.join(said).split())}" if said else "")
        return _finished(builders, self.keeper, self.omitted, loader, version)

    def _at(self, place: int) -> _Record:
        version, kind, length = struct.unpack_from("<HHI", self.data, place)
        return _Record(kind, version >> 4, place + 8, min(len(self.data), place + 8 + length), version & 15 == 15)

    def _inside(self, record: _Record) -> Iterator[_Record]:
        place = record.start
        while place + 8 <= record.end and self.count < _RECORDS:
            self.count += 1
            one = self._at(place)
            yield one
            place = one.end

    def _read_directory(self, record: _Record) -> None:
        place = record.start
        while place + 4 <= record.end:
            (head,) = struct.unpack_from("<I", self.data, place)
            first, count = head & 0xFFFFF, head >> 20
            for number, offset in enumerate(struct.unpack_from(f"<{count}I", self.data, place + 4)):
                self.places.setdefault(first + number, offset)
            place += 4 + 4 * count

    def _read_list(self, record: _Record, texts: dict[int, list[tuple[int, str]]], persists: dict[int, int]) -> None:
        """The texts of a list of slides, by the number of each slide; and these numbers by the slides' own ids."""
        current: list[tuple[int, str]] = []
        kind = 4
        for one in self._inside(record):
            if one.kind == _PERSIST:
                persist, _, _, identity = struct.unpack_from("<IIiI", self.data, one.start)
                current = texts.setdefault(persist, [])
                persists[identity] = persist
            elif one.kind == _KIND:
                (kind,) = struct.unpack_from("<I", self.data, one.start)
            elif one.kind in (_TEXT16, _TEXT8):
                current.append((kind, self._text(one)))

    def _texts(self, record: _Record, listed: Sequence[tuple[int, str]], depth: int) -> Iterator[tuple[int, str]]:
        """The texts in a slide, each with its kind; those that stand in the list of slides are taken from there."""
        kind = 4
        for one in self._inside(record):
            if one.kind == _KIND:
                (kind,) = struct.unpack_from("<I", self.data, one.start)
            elif one.kind in (_TEXT16, _TEXT8):
                yield kind, self._text(one)
            elif one.kind == _REFERENCE:
                (number,) = struct.unpack_from("<i", self.data, one.start)
                if 0 <= number < len(listed):
                    yield listed[number]
            elif one.container and depth < _DEPTH:
                yield from self._texts(one, listed, depth + 1)
            elif one.kind == _DRAWN:
                self.omitted.add(left_out.PICTURE)

    def _text(self, record: _Record) -> str:
        data = self.data[record.start : record.end]
        text = data.decode("utf-16-le" if record.kind == _TEXT16 else "latin-1", "replace")
        return clean_text(text.replace("\r", "\n").replace("\x0b", " ").replace("\xa0", " ")).strip()

    def _notes_of(self, slide: _Record) -> int:
        for one in self._inside(slide):
            if one.kind == _SLIDE_ATOM:
                return int(struct.unpack_from("<I", self.data, one.start + 16)[0])
        return 0
