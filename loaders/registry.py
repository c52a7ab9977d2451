"""Chooses the loader of a file by its suffix and its first bytes, or says why there is none.

A loader is one file with a module-level LOADER and one line in BUILT_IN; third parties add theirs by the entry point
group `workbench.loaders`, whose entries name a Loader. Nothing heavy is imported before a file is read.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loaders import limits
from loaders.document import Document, LoadError, PasswordNeededError, clean_text
from loaders.options import ReadOptions
from loaders.sniff import Kind, is_text, kind_of
from loaders.unread import UNREAD, WRITTEN_AS_TEXT

BUILT_IN = (
    "loaders.pdf",
    "loaders.word",
    "loaders.slides",
    "loaders.open_document",
    "loaders.rich_text",
    "loaders.outlook",
    "loaders.mail",
    "loaders.mail_folder",
    "loaders.workbook",
    "loaders.locked_office",
    "loaders.office_xml",
    "loaders.web_page",
    "loaders.ebook",
    "loaders.image",
    "loaders.delimited",
    "loaders.parquet",
    "loaders.notebook",
    "loaders.json_records",
    "loaders.xml_records",
    "loaders.subtitles",
    "loaders.calendars",
    "loaders.contacts",
    "loaders.compressed",
    "loaders.archive",
    "loaders.fetched",
    "loaders.markup",
    "loaders.markdown",
    "loaders.text",
)
_OFFICE = frozenset((Kind.DOCX, Kind.PPTX, Kind.XLSX, Kind.ODT, Kind.ODS, Kind.ODP, Kind.RTF, Kind.EPUB, Kind.MSG))
_ARCHIVES = (".zip", "")
_ESCAPE = "\x1b"
_REPLACEMENT = "\ufffd"
ENTRY_POINT_GROUP = "workbench.loaders"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loader:
    """One way to read files. `suffixes` are lower case with their dot; `names` are whole file names, lower case.

    `kinds` are the sniffed contents it reads, whatever the suffix says. `load` raises LoadError and nothing else for a
    file it cannot read; `unlock` does the same with a password. Raise `version` whenever the same bytes give another
    Document: they are then read again.
    """

    name: str
    version: int
    suffixes: tuple[str, ...]
    load: Callable[[Path], Document]
    unlock: Callable[[Path, str], Document] | None = None
    kinds: tuple[Kind, ...] = ()
    names: tuple[str, ...] = ()
    known_as: Callable[[ReadOptions], tuple[str, ...]] | None = None
    """Names of Document.loader that need not be read again with these options; by default the loader's own."""

    def stored_as(self, options: ReadOptions) -> tuple[str, ...]:
        """As what a document may be stored that this loader would make with `options`."""
        return (self.name,) if self.known_as is None else self.known_as(options)


@dataclass(frozen=True)
class Choice:
    """The loader for a file, or None with the reason and the remedy."""

    loader: Loader | None
    reason: str = ""
    remedy: str = ""


@functools.cache
def all_loaders() -> tuple[Loader, ...]:
    """Third parties' loaders first (they may replace ours), then the built-in ones."""
    return (*_third_party(), *(importlib.import_module(name).LOADER for name in BUILT_IN))


def _third_party() -> list[Loader]:
    found = []
    for entry in sorted(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        try:
            loader = entry.load()
        except Exception:
            log.exception("the loader %s of another package cannot be imported", entry.name)
            continue
        if isinstance(loader, Loader):
            found.append(loader)
        else:
            log.error("the entry point %s is not a loaders.registry.Loader", entry.name)
    return found


def choose(path: Path) -> Choice:
    """The loader for the file at `path`. Raises LoadError when its first bytes cannot be read."""
    suffix = path.suffix.lower()
    head = _head(path)
    kind = kind_of(head, path)
    by_name = _by_name(path.name.lower(), suffix)
    if by_name is not None and not _OFFICE.isdisjoint(by_name.kinds):
        by_name = _truly(by_name, kind, head)
    if by_name is not None and (kind is None or kind in (Kind.HTML, Kind.MAIL)):
        # Both are text: a Markdown file that begins with a tag stays Markdown.
        return Choice(by_name)
    if kind is Kind.ZIP and suffix not in _ARCHIVES:
        # A damaged document, or one of another program.
        return _unread(suffix, by_name, head) or _not_yet(kind, suffix, by_name)
    for loader in all_loaders() if kind is not None else ():
        if kind in loader.kinds:
            return Choice(loader)
    if (known := _unread(suffix, by_name, head)) is not None:
        return known
    if kind is not None:
        return _not_yet(kind, suffix, by_name)
    if not suffix and is_text(head):
        return Choice(_by_name("", ".txt"))
    what = f"files of type {suffix}" if suffix else "files without a suffix that are not plain text"
    return Choice(None, f"{what} are not yet supported", _remedy(head))


def read(path: Path, passwords: Sequence[str] = ()) -> Document:
    """The file at `path` as a Document; each password is tried where one is needed. Raises LoadError."""
    size_bytes = _size(path)
    if size_bytes == 0:
        raise LoadError("the file is empty (0 bytes)", "Nothing to load; delete it, or save it again from its program.")
    if size_bytes > limits.FILE_BYTES:
        raise LoadError(f"the file has {size_bytes:,} bytes, more than {limits.FILE_BYTES:,}", limits.SPLIT_REMEDY)
    choice = choose(path)
    if choice.loader is None:
        raise LoadError(choice.reason, choice.remedy)
    try:
        return _finished(choice.loader.load(path))
    except PasswordNeededError:
        return _unlocked(path, choice.loader, passwords)


def _finished(document: Document) -> Document:
    """`document` without anything that a terminal would act on, and with a note on the characters that were not decoded.

    Loaders clean what they read; this holds for titles, labels and names too, and for loaders of other packages.
    """
    lost = sum(page.text.count(_REPLACEMENT) for page in document.pages)
    metadata = {key: _clean(str(value)) for key, value in document.metadata.items()}
    if lost:
        many = f"{lost:,} characters" if lost > 1 else "1 character"
        said = f"{many} of its text cannot be read in its encoding: {_REPLACEMENT} stands for each"
        metadata["note"] = "; ".join([metadata["note"], said] if metadata.get("note") else [said])
    pages = tuple(
        replace(
            page,
            label=None if page.label is None else _clean(page.label),
            text=_clean(page.text),
            headings=tuple(replace(heading, title=_clean(heading.title)) for heading in page.headings),
        )
        if _is_marred(page.text, page.label, *(heading.title for heading in page.headings))
        else page
        for page in document.pages
    )
    return replace(
        document,
        title=_clean(document.title),
        pages=pages,
        metadata=metadata,
        outline=tuple(replace(entry, title=_clean(entry.title)) for entry in document.outline),
        attachments=tuple(_clean(name) for name in document.attachments),
        tables=tuple(
            replace(table, name=_clean(table.name), labels=tuple(_clean(label) for label in table.labels))
            for table in document.tables
        ),
    )


def _is_marred(*texts: str | None) -> bool:
    return any(text and _ESCAPE in text for text in texts)


def _clean(text: str) -> str:
    return clean_text(text) if _ESCAPE in text else text


def _unlocked(path: Path, loader: Loader, passwords: Sequence[str]) -> Document:
    if loader.unlock is not None:
        for password in passwords:
            with contextlib.suppress(PasswordNeededError):
                return _finished(loader.unlock(path, password))
    raise PasswordNeededError


def _by_name(name: str, suffix: str) -> Loader | None:
    for loader in all_loaders():
        if name in loader.names or (suffix and suffix in loader.suffixes):
            return loader
    return None


def _truly(loader: Loader, kind: Kind | None, head: bytes) -> Loader | None:
    """The loader that an office suffix names, or another: a web page or a table as text often stands under ".xls"."""
    if kind is Kind.HTML:
        return _by_name("", ".html")
    if kind is None and head and is_text(head):
        return _by_name("", ".csv" if Kind.XLSX in loader.kinds else ".txt")
    return loader


def _unread(suffix: str, by_name: Loader | None, head: bytes) -> Choice | None:
    """What to say of a file whose suffix names a format that is not read; None of any other suffix."""
    if by_name is not None or suffix not in UNREAD or (is_text(head) and suffix not in WRITTEN_AS_TEXT):
        return None  # a key of ssh is no presentation of Keynote
    what, remedy = UNREAD[suffix]
    return Choice(None, f"{what} are not yet supported", remedy)


def _not_yet(kind: Kind, suffix: str, by_name: Loader | None) -> Choice:
    reason = f"{kind.value} are not yet supported"
    if by_name is not None:
        reason = f"its content does not match its suffix {suffix}: {reason}"
    if kind in (Kind.ZIP, Kind.ARCHIVE):
        return Choice(None, reason, "Unpack it and load the folder.")
    return Choice(None, reason, "Convert it to PDF or plain text and load that.")


def _remedy(head: bytes) -> str:
    if is_text(head):
        return "It looks like plain text: rename it to .txt, or install a loader for it."
    return "Convert it to PDF or plain text, or install a loader for it."


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limits.SNIFF_BYTES)
    except OSError as error:
        reason = f"it cannot be opened: {error.strerror or error}"
        raise LoadError(reason, "Check its permissions and try again.") from None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise LoadError(f"it cannot be opened: {error.strerror or error}", "Check that it is still there.") from None
