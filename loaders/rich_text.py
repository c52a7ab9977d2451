"""Rich Text files (rtf), through pandoc as a web page.

pandoc passes over comments, headers, footers and merged cells. They are rewritten before it reads the file: comments as
notes, headers and footers as paragraphs, cells that go on as marks; the page it makes is put right again afterwards.
"""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loaders import left_out, limits, program
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.field_codes import FieldCodes
from loaders.left_out import LeftOut
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of
from loaders.tables import TableKeeper
from loaders.web_page import add_html

VERSION = 4

SECONDS = 60.0

_UNREAD = {b"pict": left_out.PICTURE, b"object": left_out.OBJECT}
_TOKEN = re.compile(rb"\\([a-zA-Z]+)(-?\d{1,10})? ?|\\'[0-9a-fA-F]{2}|\\[^a-zA-Z]|[{}]|[^\\{}]+", re.DOTALL)
_BREAKS = (b"page", b"sect", b"column")
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DROPPED = (b"chatn", b"chftn", b"chpgn")
_FILE_ENCODINGS = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}
_FONT_ENCODINGS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 134: "cp936", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp437",
}  # fmt: skip
"""Encodings by the numbers of character sets of fonts; of others the file's own counts."""

_OF_TWO_BYTES = frozenset(("cp932", "cp936", "cp949", "cp950"))
_MARGINS = (b"header", b"headerl", b"headerr", b"headerf", b"footer", b"footerl", b"footerr", b"footerf")

GOES_ON_BELOW, GOES_ON_BESIDE, COMMENT, MARGIN = "\ue000", "\ue001", "\ue002", "\ue003"
"""Marks in the text that pandoc reads: a cell that belongs to the one above or at its left, a comment, a page's margin."""


def load(path: Path) -> Document:
    """The document at `path` as one page with its headings. Raises LoadError."""
    data = path.read_bytes()
    if kind_of(data[:64], path) is not Kind.RTF:
        # pandoc takes anything for Rich Text, and makes a document of its bytes.
        raise LoadError("it is not a Rich Text file", "Open it in the program that made it and save it again.")
    builder, keeper, omitted = PageBuilder(1, None, limits.TextBudget()), TableKeeper(), LeftOut()
    rewriter = _Rewriter()
    html = _html(rewriter.whole(data))
    notes_read = html.count('role="doc-noteref"')
    add_html(put_right(html), builder, keeper, omitted)
    for word, kind in _UNREAD.items():
        omitted.add(kind, len(re.findall(rb"\\" + word + rb"\b", data)))
    notes = len(re.findall(rb"\\(?:footnote|annotation)\b", data))
    omitted.add(left_out.HIDDEN, rewriter.hidden)
    omitted.add(left_out.NOTE, max(0, notes - notes_read))
    if builder.empty:
        raise LoadError("it has no text", "Nothing to load; export it as PDF if it holds pictures of text.")
    page = builder.page()
    title = next((heading.title for heading in page.headings if heading.level == 1), "")
    return Document(
        title, (page,), LOADER.name, VERSION, {**keeper.notes, **omitted.notes}, tables=tuple(keeper.tables)
    )


# Before pandoc: what it passes over, written so that it reads it.


@dataclass
class _Group:
    """A group under way: how it ends in what is written, and whether its text is the name of a comment's author."""

    end: bytes = b"}"
    author: bool = False
    encoding: str = ""
    """That of the font in use, "" for that of the file."""
    skipped: int = 1
    """How many characters after an escaped one only stand in for it (`\\uc`)."""
    instruction: bool = False
    """In the code of a field, which is kept for those that have no result."""
    label_at: int = -1
    """Where the number of a list item begins in what is written, -1 outside of one."""
    result_at: int = -1
    """Where the result of a field begins in what is written, -1 outside of one."""
    one_text: bool = False
    """In a comment or a margin, where a new paragraph format would tear off what stands before it."""


@dataclass
class _Row:
    """A row of a table under way: which of its cells go on, by the definition before it, and how many have ended."""

    marks: list[bytes] = field(default_factory=list)
    mark: bytes = b""
    cell: int = 0


class _Rewriter:
    """One pass over the pieces of a file: comments as notes, headers and footers as paragraphs, marks in cells that go on."""

    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.groups: list[_Group] = []
        self.row = _Row()
        self.author = b""
        self.field_codes, self.code, self.tick = FieldCodes(), b"", ""
        self.rows_unmarked = False
        self.list_at, self.hidden = -1, 0
        self.listed = self.labelled = False
        """Whether paragraphs are those of a list to pandoc; whether the number of one is written out already."""
        self.encoding, self.fonts, self.font = "cp1252", dict[int, str](), 0
        self.letters = b""
        self.high = self.skip = 0

    def whole(self, data: bytes) -> bytes:
        """The file as it is to be read."""
        self.rows_unmarked = b"\\trowd" in data and b"\\intbl" not in data
        for word, number, token in rtf_pieces(data):
            self._piece(word, number, token)
        self._flush()
        return b"".join(self.out)

    def _piece(self, word: bytes, number: int, token: bytes) -> None:
        if self.skip and token not in (b"{", b"}"):
            self.skip, token = after_letter(token, word, self.skip)
            if not token:
                return
        self.skip = 0
        if token.startswith(b"\\'"):
            if len(token) < 4:
                return  # an escape without its figures
            self.letters += bytes([int(token[2:], 16)])
            return
        if not word and token not in (b"{", b"}") and (token[:1] != b"\\" or self._half_a_letter()):
            self._text(token)
            return
        self._flush()
        group = self.groups[-1] if self.groups else _Group()
        if token == b"{":
            self.groups.append(
                _Group(b"}", False, group.encoding, group.skipped, group.instruction, one_text=group.one_text)
            )
        elif token == b"}":
            self._end_field(group)
            self._end_label(group)
            token = self.groups.pop().end if self.groups else token
        elif word in _BREAKS:
            token = b"\\line "
        elif word == b"u":
            # pandoc takes a letter too many with what stands in for an escaped one, so that is dropped here.
            self._letter(number % 65536)
            self.skip, token = group.skipped, b""
        elif word == b"annotation" and self.groups:
            self._open_note()
            group.one_text, token = True, b""
        elif word in _MARGINS and self.out and self.out[-1] == b"{":
            where = b"Page header: " if word.startswith(b"header") else b"Page footer: "
            self.out[-1:] = [b"{\\pard\\plain ", _mark(MARGIN), where]
            group.end, group.one_text, token = b"\\par}", True, b""
        elif word in _DROPPED or (word == b"pard" and group.one_text):
            token = b""
        elif not word and group.instruction:
            self.code += token[1:]
        elif token.strip() == b"\\v":
            self.hidden += 1
        elif word:
            self._keep(word, number, group)
            if word == b"uc" or (word == b"ls" and self.labelled):
                token = b""
        self.out.append(token)

    def _keep(self, word: bytes, number: int, group: _Group) -> None:
        """Keep what a control word says of what follows it."""
        if word == b"uc":
            group.skipped = max(0, number)
        elif word == b"ansicpg" and is_encoding(f"cp{number}"):
            self.encoding = f"cp{number}"
        elif word in _FILE_ENCODINGS:
            self.encoding = _FILE_ENCODINGS[word]
        elif word == b"f":
            self.font = number
            group.encoding = self.fonts.get(number, "")
        elif word == b"fcharset":
            self.fonts[self.font] = _FONT_ENCODINGS.get(number, "")
        elif word == b"plain":
            group.encoding = ""
        elif word == b"atnauthor":
            group.author, self.author = True, b""
        elif word == b"fldinst":
            group.instruction, self.code, self.tick = True, b"", ""
        elif word in (b"ffres", b"ffdefres") and b"FORMCHECKBOX" in self.code and number in (0, 1):
            self.tick = self.tick or ("[x]" if number else "[ ]")
        elif word == b"listtext":
            group.label_at = len(self.out) + 1
        elif word == b"ls" and not self.labelled:
            self.list_at, self.listed = len(self.out), True
        elif word == b"par":
            self.labelled = False
        elif word == b"pard":
            self.listed = False
        elif word == b"fldrslt":
            group.result_at = len(self.out) + 1
        elif word == b"trowd":
            self.row = _Row()
        elif word in _ROW_WORDS:
            self.row.mark = _ROW_WORDS[word]
        elif word == b"cellx":
            self.row.marks.append(self.row.mark)
            self.row.mark = b""
        elif word == b"cell":
            self.out.append(self.row.marks[self.row.cell] if self.row.cell < len(self.row.marks) else b"")
            self.row.cell += 1
            self.labelled = False
        elif word == b"row":
            self.row.cell = 0
        if self.rows_unmarked and word in (b"cellx", b"row"):
            # Some programs leave it to the reader which paragraphs are those of a row; pandoc wants to be told.
            self.out.append(b"\\pard\\intbl " if word == b"cellx" else b"")

    def _end_field(self, group: _Group) -> None:
        """What a field without a result shows: a tick, or what its code says."""
        if group.result_at < 0 or any(map(_is_text, self.out[group.result_at :])):
            return
        shown = self.tick or self.field_codes.shown(self.code.decode("latin-1"))
        self.code, self.tick = b"", ""
        for char in shown:
            if char.isascii():
                self.out.append(b"\\" + char.encode() if char in "{}\\" else char.encode())
            else:
                self._letter(ord(char))

    def _end_label(self, group: _Group) -> None:
        """The number of a list item as Word wrote it for readers without lists: pandoc would make a bullet of it."""
        if group.label_at < 0:
            return
        label = b"".join(piece for piece in self.out[group.label_at :] if _is_text(piece)).strip()
        numbered = any(map(str.isalnum, label.decode("ascii", "replace").split("\\u")[0]))
        if self.list_at >= 0 and numbered:
            # The paragraph is none of a list then.
            self.out[self.list_at], self.listed = b"", False
            self.out[group.label_at - 1 :] = [label + b" "]
        elif self.list_at < 0 and not self.listed:
            # No list is named, or its name comes behind the number.
            self.out[group.label_at - 1 :] = [(label if numbered else b"-") + b" "]
            self.labelled = True
        self.list_at = -1

    def _text(self, token: bytes) -> None:
        if self._half_a_letter():
            # The second byte of a letter may be one that needs no escape.
            token = token[1:] if token[:1] == b"\\" else token
            self.letters, token = self.letters + token[:1], token[1:]
        self._flush()
        if self.groups and self.groups[-1].author:
            self.author += token
        if self.groups and self.groups[-1].instruction:
            self.code += token
        if token.isascii():
            self.out.append(token)
            return
        self.letters = token
        self._flush()

    def _half_a_letter(self) -> bool:
        encoding = (self.groups[-1].encoding if self.groups else "") or self.encoding
        return len(self.letters) % 2 == 1 and encoding in _OF_TWO_BYTES

    def _flush(self) -> None:
        """Write the letters that are waiting, in the encoding of their font."""
        if not self.letters:
            return
        encoding = (self.groups[-1].encoding if self.groups else "") or self.encoding
        letters, self.letters = self.letters, b""
        for char in letters.decode(encoding, "replace"):
            if char.isascii():
                self.out.append(b"\\" + char.encode() if char in "{}\\" else char.encode())
            else:
                self._letter(ord(char))

    def _letter(self, code: int) -> None:
        """Write a letter; the first half of one beyond 16 bits waits for its second."""
        if 0xD800 <= code < 0xDC00:
            self.high = code
            return
        if 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((self.high - 0xD800) << 10) + code - 0xDC00 if self.high else 0xFFFD
        self.high = 0
        # pandoc forgets with each new format how many characters stand in for a letter, and knows none beyond 16 bits.
        self.out.append(b"{\\uc0\\u%d }" % code if code < 0x10000 else chr(code).encode())

    def _open_note(self) -> None:
        """Begin a note in place of `{\\*\\annotation`."""
        while self.out and self.out[-1] != b"{":
            self.out.pop()
        name = self.author.strip()
        said = b"Comment by " + name + b": " if name else b"Comment: "
        self.out += [b"\\footnote\\plain ", _mark(COMMENT), said]


def _is_text(piece: bytes) -> bool:
    """Whether a piece that was written is text, not a control word or the bounds of a group."""
    return piece.startswith(b"{\\uc0") or (piece[:1] not in (b"\\", b"{", b"}") and bool(piece.strip()))


def _mark(sign: str) -> bytes:
    return b"{\\uc0\\u%d }" % ord(sign)


_ROW_WORDS = {b"clvmrg": _mark(GOES_ON_BELOW), b"clmrg": _mark(GOES_ON_BESIDE)}


def after_letter(token: bytes, word: bytes, skip: int) -> tuple[int, bytes]:
    """How many characters are still to be dropped, and what is left of a piece."""
    if word or token[:1] == b"\\":
        return skip - 1, b""
    text = token.lstrip(b"\r\n")
    return max(0, skip - len(text)), text[skip:]


def is_encoding(name: str) -> bool:
    """Whether Python knows an encoding by that name."""
    try:
        return bool(codecs.lookup(name))
    except LookupError:
        return False


def rtf_pieces(data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """The control words and other pieces of a file, each with its word and number; binary data is passed over."""
    place = 0
    while match := _TOKEN.match(data, place):
        place = match.end()
        if match[1] == b"bin":
            place += max(0, int(match[2] or 0))
            continue
        yield match[1] or b"", int(match[2] or 0), match[0]


# After pandoc: notes below their paragraphs, merged cells with their spans, margins once.


def put_right(html: str) -> str:
    """pandoc's page with notes and comments below the paragraphs they belong to, spans in tables, margins once."""
    import lxml.etree
    import lxml.html

    try:
        root = lxml.html.document_fromstring(_NO_TEXT.sub("", html))
    except (lxml.etree.LxmlError, ValueError):
        return html
    _place_notes(root)
    for table in root.iter("table"):
        _merge_cells(table)
    said: set[str] = set()
    for paragraph in [one for one in root.iter("p") if MARGIN in (one.text_content()[:1])]:
        text = paragraph.text_content().strip(MARGIN + " ")
        if text in said or not any(char.isalpha() for char in text.partition(":")[2]):
            paragraph.drop_tree()
        said.add(text)
    whole = str(lxml.html.tostring(root, encoding="unicode"))
    return re.sub("[\ue000-\ue003]", "", whole)


def _place_notes(root: Any) -> None:
    import lxml.html

    notes = {one.get("id"): one for one in root.iter("li") if (one.get("id") or "").startswith("fn")}
    number = 0
    last: dict[Any, Any] = {}
    for reference in [one for one in root.iter("a") if one.get("role") == "doc-noteref"]:
        note = notes.get((reference.get("href") or "").removeprefix("#"))
        if note is None:
            continue
        text = " ".join(
            " ".join("".join(block.itertext()) for block in note).replace("↩", "").replace("\ufe0e", "").split()
        )
        if text.startswith(COMMENT):
            said, shown = text.removeprefix(COMMENT), ""
        else:
            number += 1
            said, shown = f"Footnote {number}: {text}", f" [{number}]"
        block = reference
        while block.getparent() is not None and block.getparent().tag not in ("body", "section", "div", "blockquote"):
            block = block.getparent()
        paragraph = lxml.html.Element("p")
        paragraph.text = said
        last.get(block, block).addnext(paragraph)
        last[block] = paragraph
        mark = lxml.html.Element("span")
        mark.text, mark.tail = shown, reference.tail
        reference.getparent().replace(reference, mark)
    for section in [one for one in root.iter("section") if one.get("role") == "doc-endnotes"]:
        section.drop_tree()


def _merge_cells(table: Any) -> None:
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    owners: list[list[Any]] = []
    for number, row in enumerate(rows):
        line: list[Any] = []
        for column, cell in enumerate(row):
            text = cell.text_content().strip()
            above = owners[-1][column] if number and column < len(owners[-1]) else None
            if text == GOES_ON_BELOW and above is not None:
                line.append(above)
                above.set("rowspan", str(int(above.get("rowspan") or 1) + 1))
                cell.drop_tree()
            elif text == GOES_ON_BESIDE and line:
                line.append(line[-1])
                line[-1].set("colspan", str(int(line[-1].get("colspan") or 1) + 1))
                cell.drop_tree()
            else:
                line.append(cell)
        owners.append(line)


def _html(data: bytes) -> str:
    import pypandoc

    with tempfile.TemporaryDirectory() as folder:
        # In its sandbox pandoc reads nothing but its input.
        command = [pypandoc.get_pandoc_path(), "--sandbox", "--from=rtf", "--to=html", "--wrap=none"]
        html = program.run(command, "pandoc", SECONDS, folder=Path(folder), data=data)
    return f"<html><body>{html.decode('utf-8', 'replace')}</body></html>"


LOADER = Loader(name="rich_text", version=VERSION, suffixes=(".rtf",), kinds=(Kind.RTF,), load=load)
