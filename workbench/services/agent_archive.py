"""Writes an agent into one file, and reads it back.

The file is a zip of JSON lines with a version. It may come from anyone, so what is read is bounded and checked. Its entries are
manifest.json (format, version, head, attachments, the other entries' numbers of lines), documents.jsonl, and TABLE.jsonl
for every table of the agent's past.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from workbench.core.errors import UsageError
from workbench.memory.transfer.export import AgentCopy
from workbench.storage.transfer import HISTORY

SUFFIX = ".agent"
FORMAT = "memgpt-workbench agent"
VERSION = 1
MOST_BYTES = 512 << 20
"""What all entries together may take when they are unpacked."""

_LONGEST_LINE_BYTES = 64 << 20
_ENTRIES = {"manifest.json", "documents.jsonl", "texts.jsonl", *(f"{table}.jsonl" for table in HISTORY)}
_MOMENT = (1980, 1, 1, 0, 0, 0)


def write(file: Path, copy: AgentCopy) -> int:
    """Write a copy, whole or not at all, readable by its owner only; returns its size in bytes. Raises UsageError."""
    near = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(near, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            _pack(raw, copy)
        near.replace(file)
        return file.stat().st_size
    except OSError as error:
        near.unlink(missing_ok=True)
        raise UsageError(f"{file} cannot be written: {error.strerror}.", "Choose another file.") from None


def _pack(raw: IO[bytes], copy: AgentCopy) -> None:
    lines = {f"{table}.jsonl": rows for table, rows in copy.tables.items()} | {"documents.jsonl": copy.documents}
    manifest = {
        "format": FORMAT, "version": VERSION, "head": copy.head, "attachments": copy.attachments,
        "lines": {name: len(rows) for name, rows in lines.items()},
    }  # fmt: skip
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_entry("manifest.json"), json.dumps(manifest, ensure_ascii=False, indent=1))
        for name, rows in lines.items():
            with archive.open(_entry(name), "w") as entry:
                for row in rows:
                    entry.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def read(file: Path) -> AgentCopy:
    """Read a copy. Raises UsageError for a file that is not there, no agent's, damaged, too large or of a later version."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _unpack(archive)
    except FileNotFoundError:
        raise UsageError(f"There is nothing at {file}.", "Name a file that `workbench export` wrote.") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Check the file and its permissions.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError,
            NotImplementedError, RuntimeError):  # fmt: skip
        raise damaged(file) from None


def damaged(file: Path) -> UsageError:
    """What is said of a file that no export wrote."""
    return UsageError(f"{file} is damaged, or no agent's file.", "Nothing was imported; export the agent again.")


def _unpack(archive: zipfile.ZipFile) -> AgentCopy:
    names = [entry.filename for entry in archive.infolist()]
    if sorted(names) != sorted(_ENTRIES):
        raise ValueError("entries")
    budget = [MOST_BYTES]
    manifest = json.loads(b"".join(_pieces(archive, "manifest.json", budget)))
    if manifest["format"] != FORMAT or type(manifest["version"]) is not int:
        raise ValueError("format")
    if manifest["version"] > VERSION:
        raise UsageError(
            f"The file is of version {manifest['version']}; this workbench reads up to {VERSION}.",
            "Upgrade: pip install --upgrade memgpt-workbench.",
        )
    rows = {name: _rows(archive, name, budget) for name in sorted(_ENTRIES - {"manifest.json"})}
    if {name: len(lines) for name, lines in rows.items()} != manifest["lines"]:
        raise ValueError("lines")
    tables = {name.removesuffix(".jsonl"): lines for name, lines in rows.items() if name != "documents.jsonl"}
    attachments = list(manifest["attachments"])
    if not isinstance(manifest["head"], dict) or not all(isinstance(item, dict) for item in attachments):
        raise ValueError("manifest")
    return AgentCopy(manifest["head"], tables, rows["documents.jsonl"], attachments)


def _pieces(archive: zipfile.ZipFile, name: str, budget: list[int]) -> Iterator[bytes]:
    """An entry in pieces. What its header says of its size is not believed."""
    with archive.open(name) as entry:
        while piece := entry.read(1 << 20):
            budget[0] -= len(piece)
            if budget[0] < 0:
                raise UsageError(f"The file unpacks to more than {MOST_BYTES >> 20} MB.", "That is no agent of ours.")
            yield piece


def _rows(archive: zipfile.ZipFile, name: str, budget: list[int]) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in _lines(_pieces(archive, name, budget))]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("rows")
    return rows


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > _LONGEST_LINE_BYTES:
            raise ValueError("line")
        yield from (line.decode("utf-8", "surrogatepass") for line in whole if line)
    if rest:
        yield rest.decode("utf-8", "surrogatepass")
