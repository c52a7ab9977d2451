"""Archives of files (zip, tar): every file that a loader reads is a page or more of one document, labelled with its name.

They are read within limits, in memory, and never unpacked by the names that stand in them.
"""

from __future__ import annotations

import contextlib
import posixpath
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from loaders import limits
from loaders.document import Document, LoadError, Page, PasswordNeededError
from loaders.mail_attachments import Attachments
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of
from loaders.text import decode

VERSION = 1

FILES = 500
"""An archive of more files is a folder, and better loaded as one: each file is then a document of its own."""

UNPACKED_BYTES = 256 * 1024 * 1024

_UNPACK = "Unpack it and load the folder."
_UTF_8_NAME = 0x800
_ENCRYPTED = 0x1
_NO_DOCUMENTS = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")
_ERRORS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    IndexError,
)


def load(path: Path) -> Document:
    """The files in the archive at `path`. Raises LoadError when none of them can be read, or there are too many."""
    return unlock(path, "")


def unlock(path: Path, password: str) -> Document:
    """The same for a zip with a password. Raises PasswordNeededError when it is another one."""
    with path.open("rb") as file:
        kind = kind_of(file.read(limits.SNIFF_BYTES), path)
    attachments = Attachments(limits.TextBudget(), FILES)
    pages: list[Page] = []
    try:
        for name, data in _from_tar(path) if kind is Kind.TAR else _from_zip(path, password):
            pages += attachments.pages(name, data, "", len(pages) + 1)
    except _ERRORS as error:
        if "password" in str(error).lower():
            raise PasswordNeededError from None
        raise LoadError(f"it is damaged ({type(error).__name__}: {error})"[:160], "Get the file again.") from None
    if not pages:
        why = f": {attachments.left_out}" if attachments.left_out else ""
        raise LoadError(f"none of the files in it can be read{why}"[:300], _UNPACK)
    notes = {"left_out": f"not read of the files in it: {attachments.left_out}"} if attachments.left_out else {}
    return Document(
        "", tuple(pages), LOADER.name, VERSION, notes,
        attachments=tuple(dict.fromkeys(attachments.names)), tables=tuple(attachments.tables),
    )  # fmt: skip


def _from_zip(path: Path, password: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir() and _is_document(entry.filename)]
        _check(len(entries), sum(entry.file_size for entry in entries))
        if any(entry.flag_bits & _ENCRYPTED for entry in entries) and not password:
            raise PasswordNeededError
        for entry in entries:
            with archive.open(entry, pwd=password.encode() or None) as file:
                yield _name(entry), file.read(entry.file_size)


def _from_tar(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path, "r:") as archive:
        members = [one for one in archive.getmembers() if one.isfile() and _is_document(one.name)]
        _check(len(members), sum(one.size for one in members))
        for member in members:
            file = archive.extractfile(member)
            if file is not None:
                yield member.name.removeprefix("./"), file.read()


def _check(files: int, unpacked_bytes: int) -> None:
    if files > FILES:
        raise LoadError(f"it is an archive of {files:,} files", _UNPACK)
    if unpacked_bytes > UNPACKED_BYTES:
        raise LoadError(f"it would unpack to {unpacked_bytes:,} bytes (a decompression bomb?)", limits.SPLIT_REMEDY)


def _is_document(name: str) -> bool:
    """Whether an entry is a file of somebody's, and not what a system keeps beside it."""
    parts = name.replace("\\", "/").lower().split("/")
    return not (parts[0] in _NO_DOCUMENTS or parts[-1] in _NO_DOCUMENTS or parts[-1].startswith("._") or not parts[-1])


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry. Older programs write it in the encoding of their system and do not say which."""
    name = entry.filename.replace("\\", "/")
    if not entry.flag_bits & _UTF_8_NAME and not name.isascii():
        with contextlib.suppress(UnicodeEncodeError, LoadError):
            name = decode(entry.filename.encode("cp437"))
    return posixpath.normpath(name).lstrip("/")


LOADER = Loader(
    name="archive", version=VERSION, suffixes=(".zip", ".tar"), kinds=(Kind.ZIP, Kind.TAR), load=load, unlock=unlock
)
