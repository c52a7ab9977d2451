"""Recognises what a file is by its first bytes."""

from __future__ import annotations

import enum
import re
import zipfile
from pathlib import Path


class Kind(enum.Enum):
    """Contents that can be told without a suffix. The value is how a person would call such files, in the plural."""

    PDF = "PDF files"
    DOCX = "Word documents (docx)"
    PPTX = "PowerPoint presentations (pptx)"
    XLSX = "Excel workbooks (xlsx)"
    ODT = "OpenDocument texts (odt)"
    ODS = "OpenDocument spreadsheets (ods)"
    ODP = "OpenDocument presentations (odp)"
    EPUB = "e-books (epub)"
    OPEN_DOCUMENT = "other OpenDocument files"
    ZIP = "ZIP archives"
    TAR = "tar archives"
    DOC = "older Word documents (doc)"
    PPT = "older PowerPoint presentations (ppt)"
    XLS = "older Excel workbooks (xls)"
    MSG = "Outlook messages (msg)"
    LOCKED_OFFICE = "Office files with a password"
    OLE = "other compound files of older programs"
    RTF = "Rich Text files"
    OFFICE_XML = "Office documents in one XML file"
    HTML = "web pages"
    MAIL = "e-mail messages"
    MAIL_FOLDER = "mail folders (mbox)"
    IMAGE = "images"
    AUDIO_VIDEO = "audio and video files"
    COMPRESSED = "compressed files"
    ARCHIVE = "compressed archives"
    PARQUET = "Parquet tables"
    SQLITE = "SQLite databases"
    PROGRAM = "programs"


_PREFIXES = (
    (b"{\\rtf", Kind.RTF),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF87a", Kind.IMAGE),
    (b"GIF89a", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"ID3\x02", Kind.AUDIO_VIDEO),
    (b"ID3\x03", Kind.AUDIO_VIDEO),
    (b"ID3\x04", Kind.AUDIO_VIDEO),
    (b"OggS\x00", Kind.AUDIO_VIDEO),
    (b"fLaC\x00", Kind.AUDIO_VIDEO),
    (b"\x1a\x45\xdf\xa3", Kind.AUDIO_VIDEO),
    (b"\x1f\x8b", Kind.COMPRESSED),
    (b"\xfd7zXZ\x00", Kind.COMPRESSED),
    (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE),
    (b"Rar!\x1a\x07", Kind.ARCHIVE),
    (b"(\xb5/\xfd", Kind.ARCHIVE),
    (b"PAR1", Kind.PARQUET),
    (b"SQLite format 3\x00", Kind.SQLITE),
    (b"\x7fELF", Kind.PROGRAM),
    (b"MZ\x90\x00", Kind.PROGRAM),
)
_RIFF = {b"WEBP": Kind.IMAGE, b"WAVE": Kind.AUDIO_VIDEO, b"AVI ": Kind.AUDIO_VIDEO}
_MIMETYPES = {
    b"application/epub+zip": Kind.EPUB,
    b"application/vnd.oasis.opendocument.text": Kind.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": Kind.ODS,
    b"application/vnd.oasis.opendocument.presentation": Kind.ODP,
}
_OFFICE_FOLDERS = (("word/", Kind.DOCX), ("ppt/", Kind.PPTX), ("xl/", Kind.XLSX))
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("EncryptedPackage", Kind.LOCKED_OFFICE),
    ("WordDocument", Kind.DOC),
    ("PowerPoint Document", Kind.PPT),
    ("Workbook", Kind.XLS),
    ("Book", Kind.XLS),
    ("__properties_version1.0", Kind.MSG),
)
_CONTENTS_BYTES = 8 << 20
_ZIP_TAIL_BYTES = (1 << 16) + 22
_MAIL_HEADER = re.compile(
    rb"^(?:From|To|Cc|Subject|Date|Message-ID|MIME-Version|Return-Path|Received|Content-Type|Delivered-To):",
    re.MULTILINE | re.IGNORECASE,
)
_MESSAGE = re.compile(rb"From [^\n]*\d:\d\d[^\n]*\n(?:>From [^\n]*\n)?[!-9;-~]+:")
_ONE_XML_FILE = re.compile(rb"<(?:\?xml\b|(?:\w+:)?(?:Workbook|package|wordDocument|document)\b)")
_OFFICE_NAMESPACES = (
    b'="urn:schemas-microsoft-com:office:spreadsheet"', b'="http://schemas.microsoft.com/office/2006/xmlPackage"',
    b'="http://schemas.microsoft.com/office/word/2003/wordml"', b"office:mimetype=",
)  # fmt: skip
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"\xef\xbb\xbf")


def kind_of(head: bytes, path: Path) -> Kind | None:
    """The kind of the file at `path` whose first bytes are `head`; None when it may be any text or is not known."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        # Excel writes its web pages so.
        head = head.decode("utf-16", "ignore").encode("ascii", "replace")
    start = head[:1024].lstrip(b"\xef\xbb\xbf\x00 \t\r\n")
    if start.startswith(b"%PDF-"):
        return Kind.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _inside_zip(path)
    if head.startswith(_OLE_MAGIC):
        return _inside_ole(path)
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp" and head[0] == 0:
        return Kind.AUDIO_VIDEO
    for prefix, kind in _PREFIXES:
        if head.startswith(prefix):
            return kind
    if head[257:262] == b"ustar":
        return Kind.TAR
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        return Kind.COMPRESSED
    if begins_message(start):
        return Kind.MAIL_FOLDER
    if len(_MAIL_HEADER.findall(head.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0])) >= 2:
        return Kind.MAIL
    if _ONE_XML_FILE.match(start) and any(mark in head for mark in _OFFICE_NAMESPACES):
        return Kind.OFFICE_XML
    return Kind.HTML if start[:20].lower().startswith((b"<!doctype html", b"<html")) else None


def begins_message(lines: bytes) -> bool:
    """Whether these lines are those that a message in a mail folder begins with: sender and date, then a header."""
    return _MESSAGE.match(lines) is not None


def _inside_zip(path: Path) -> Kind:
    """What a ZIP file is, by its table of contents; one with an absurd table is not opened (this runs in the interface)."""
    try:
        if _contents_bytes(path) > _CONTENTS_BYTES:
            return Kind.ZIP
        with zipfile.ZipFile(path) as archive:
            names = [name.replace("\\", "/") for name in archive.namelist()]
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                mimetype = archive.read("mimetype").strip()
                return _MIMETYPES.get(mimetype, Kind.OPEN_DOCUMENT if b"opendocument" in mimetype else Kind.ZIP)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError, EOFError):
        return Kind.ZIP
    if "[Content_Types].xml" in names:
        for folder, kind in _OFFICE_FOLDERS:
            if any(name.startswith(folder) for name in names):
                return kind
    return Kind.ZIP


def _contents_bytes(path: Path) -> int:
    """How long a ZIP file says its table of contents is; 0 when it has none."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _ZIP_TAIL_BYTES))
        tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[place + 12 : place + 16], "little") if place >= 0 else 0


def _inside_ole(path: Path) -> Kind:
    import olefile

    try:
        with olefile.OleFileIO(path) as compound:
            for stream, kind in _OLE_STREAMS:
                if compound.exists(stream):
                    return kind
    except (OSError, ValueError, IndexError, AttributeError, TypeError):
        # olefile raises these for damaged files; what it is then shows when a loader tries.
        return Kind.OLE
    return Kind.OLE


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file look like text in any encoding: a byte order mark, or hardly a control byte."""
    if head.startswith(_BYTE_ORDER_MARKS):
        return True
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in head)
    return controls == 0 or (head.count(0) == 0 and controls * 100 < len(head))
