"""Office documents that are one XML file: Excel and Word of 2003, flat Word, PowerPoint and Excel packages, flat OpenDocument.

Programs export reports in them under the names of the usual formats (.xls, .doc). A package is put together from the file
and read by the loader for its kind; Excel's XML of 2003 has cells of its own.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from loaders import registry
from loaders.document import Document, LoadError
from loaders.embedded_files import deeper
from loaders.grid import COLUMNS, NO_STORED_VALUE
from loaders.left_out import FORMULA, HIDDEN, LeftOut
from loaders.number_format import general, number_format
from loaders.opc import DAMAGED, attribute, local
from loaders.sheet import STRUCK_OUT, Comment, Row, Sheet
from loaders.sniff import Kind
from loaders.workbook import document_of

VERSION = 1

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_NAMED_FORMATS = {
    "General Date": "yyyy-mm-dd h:mm", "Long Date": "d mmmm yyyy", "Medium Date": "d-mmm-yy", "Short Date": "yyyy-mm-dd",
    "Long Time": "h:mm:ss", "Medium Time": "h:mm AM/PM", "Short Time": "h:mm", "Currency": "#,##0.00", "Fixed": "0.00",
    "Standard": "#,##0.00", "Percent": "0.00%", "Scientific": "0.00E+00",
}  # fmt: skip
_REPEATED = 1_000


def load(path: Path) -> Document:
    """The document at `path`. Raises LoadError."""
    import lxml.etree

    data = path.read_bytes()
    parser = lxml.etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True, remove_pis=True, recover=True
    )
    try:
        root = lxml.etree.fromstring(data, parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise LoadError(f"it is damaged ({type(error).__name__})", DAMAGED) from None
    if root is None:
        raise LoadError("it is damaged", DAMAGED)
    if local(root) == "Workbook":
        omitted = LeftOut()
        document = document_of(list(_sheets(root, omitted)), omitted)
    else:
        with deeper(), tempfile.TemporaryDirectory() as folder:
            document = registry.read(_package(root, data, Path(folder)))
    # The loader is this one, so that the same bytes are known again.
    return replace(document, loader=LOADER.name, loader_version=VERSION)


def _package(root: Any, data: bytes, folder: Path) -> Path:
    """The parts of the file as the package that they would be."""
    name = local(root)
    if name == "package":
        entries = dict(_parts(root))
        file = folder / "a.docx"
    elif name == "wordDocument":
        entries = {
            "[Content_Types].xml": b"<Types/>",
            "_rels/.rels": _relations("officeDocument", "word/document.xml"),
            "word/document.xml": data,
            "word/_rels/document.xml.rels": _relations("styles", "styles.xml"),
            "word/styles.xml": _outer(next((one for one in root if local(one) == "styles"), None)),
        }
        file = folder / "a.docx"
    elif name == "document" and (mimetype := attribute(root, "mimetype")):
        entries = {"mimetype": mimetype.encode(), "content.xml": data, "styles.xml": data}
        file = (
            folder
            / f"a.{ {'text': 'odt', 'spreadsheet': 'ods', 'presentation': 'odp'}.get(mimetype.rpartition('.')[2], 'odt') }"
        )
    else:
        raise LoadError("Office documents of this kind are not yet supported", DAMAGED)
    with zipfile.ZipFile(file, "w") as archive:
        for part, content in entries.items():
            archive.writestr(part, content)
    return file


def _parts(root: Any) -> Iterator[tuple[str, bytes]]:
    yield "[Content_Types].xml", b"<Types/>"
    for part in root:
        name = (attribute(part, "name") or "").lstrip("/")
        for held in part:
            if local(held) == "xmlData":
                yield name, _outer(next(iter(held), None))
            elif local(held) == "binaryData":
                try:
                    yield name, base64.b64decode("".join(held.itertext()))
                except binascii.Error:
                    continue


def _outer(element: Any) -> bytes:
    import lxml.etree

    return b"<none/>" if element is None else bytes(lxml.etree.tostring(element))


def _relations(kind: str, target: str) -> bytes:
    return f'<Relationships><Relationship Id="a" Type="{_RELATION}/{kind}" Target="{target}"/></Relationships>'.encode()


# -- the XML of Excel 2003 (urn:schemas-microsoft-com:office:spreadsheet) -----------------------------


def _sheets(root: Any, omitted: LeftOut) -> Iterator[Sheet]:
    styles = {attribute(one, "ID") or "": _style(one) for one in root.iter() if local(one) == "Style"}
    for worksheet in (one for one in root if local(one) == "Worksheet"):
        state = next((one.text or "" for one in worksheet.iter() if local(one) == "Visible"), "")
        sheet = Sheet(attribute(worksheet, "Name") or "Sheet", state in ("SheetHidden", "SheetVeryHidden"), [])
        merges: list[tuple[int, int, int, int]] = []
        comments: list[Comment] = []
        hidden: set[int] = set()
        row_number = column_number = 0
        for one in (inner for table in worksheet if local(table) == "Table" for inner in table):
            if local(one) == "Column":
                column_number = _place(one, column_number)
                last = column_number + 1 + min(_number(one, "Span"), COLUMNS)
                hidden.update(range(column_number, last) if attribute(one, "Hidden") == "1" else ())
                column_number = last
            elif local(one) == "Row":
                row_number = _place(one, row_number)
                row = _row(one, row_number, styles, merges, comments, omitted)
                if any(row.texts):
                    sheet.rows.append(row)
                row_number += 1 + min(_number(one, "Span"), _REPEATED)
        sheet.merges, sheet.comments, sheet.hidden_columns = merges, comments, frozenset(hidden)
        yield sheet


def _row(
    element: Any, number: int, styles: dict[str, tuple[str, bool]], merges: list[tuple[int, int, int, int]],
    comments: list[Comment], omitted: LeftOut,
) -> Row:  # fmt: skip
    texts: list[str] = []
    values: list[Any] = []
    for cell in (one for one in element if local(one) == "Cell"):
        column = _place(cell, len(texts))
        if column >= COLUMNS:
            break
        pad = column - len(texts)
        across, down = min(_number(cell, "MergeAcross"), COLUMNS - column - 1), _number(cell, "MergeDown")
        text, value = _shown(cell, styles, omitted)
        if across or down:
            merges.append((number, column, number + down, column + across))
        for comment in (one for one in cell if local(one) == "Comment"):
            said = " ".join("".join(comment.itertext()).split())
            author = " ".join((attribute(comment, "Author") or "").split())
            comments.append(Comment(number, column, author, said.removeprefix(f"{author}:").strip()))
        if target := attribute(cell, "HRef"):
            comments.append(Comment(number, column, "", target[:500], "Link"))
        texts += [""] * pad + [text] + [""] * across
        values += [None] * pad + [value] + [None] * across
    return Row(number, texts, values, attribute(element, "Hidden") == "1")


def _shown(cell: Any, styles: dict[str, tuple[str, bool]], omitted: LeftOut) -> tuple[str, Any]:
    held = next((one for one in cell if local(one) == "Data"), None)
    text = "" if held is None else " ".join("".join(held.itertext()).split())
    formula = attribute(cell, "Formula")
    if formula and not text:
        omitted.add(FORMULA)
        return f"{formula} {NO_STORED_VALUE}", None
    if held is None or not text:
        return "", None
    code, struck = styles.get(attribute(cell, "StyleID") or "Default", ("General", False))
    shown, value = _typed(text, attribute(held, "Type") or "String", code)
    omitted.add(HIDDEN, not shown)
    return (f"{shown} {STRUCK_OUT}" if struck and shown else shown), value


def _typed(text: str, kind: str, code: str) -> tuple[str, Any]:
    form = number_format(code)
    try:
        if kind == "Number":
            number = float(text)
            value: Any = int(number) if number.is_integer() and abs(number) < 1e15 else number
            return (general(number) if form.is_general else form.show(number)), value
        if kind == "DateTime":
            day = datetime.datetime.fromisoformat(text)
            plain = day.date().isoformat() if day.time() == datetime.time() else day.isoformat(" ", "seconds")
            since = (day - datetime.datetime(1899, 12, 30)) / datetime.timedelta(days=1)
            return (form.show_day(day, since) if form.is_date else plain), day
        if kind == "Boolean":
            return ("TRUE", True) if text == "1" else ("FALSE", False)
    except (ValueError, OverflowError):
        return text, text
    return (text, None) if kind == "Error" else (form.show_text(text), text)


def _style(style: Any) -> tuple[str, bool]:
    """The number format of a style, and whether it strikes out."""
    code = next((attribute(one, "Format") or "General" for one in style if local(one) == "NumberFormat"), "General")
    struck = any(local(one) == "Font" and attribute(one, "StrikeThrough") == "1" for one in style)
    return _NAMED_FORMATS.get(code, code), struck


def _place(element: Any, usual: int) -> int:
    """The place of a row, column or cell from 0: what it says itself, else the one after the last."""
    said = _number(element, "Index")
    return said - 1 if said > 0 else usual


def _number(element: Any, name: str) -> int:
    text = attribute(element, name) or ""
    return int(text) if text.isdigit() and len(text) < 8 else 0


LOADER = registry.Loader(
    name="office_xml", version=VERSION, suffixes=(".fodt", ".fods", ".fodp"), kinds=(Kind.OFFICE_XML,), load=load
)
