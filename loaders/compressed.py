"""One compressed file (gz, bz2, xz): it is unpacked within limits, and what is inside is read by the loader for that."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from loaders import limits, registry
from loaders.document import Document, LoadError
from loaders.sniff import Kind

VERSION = 2

UNPACKED_BYTES = 256 * 1024 * 1024
"""What would be larger is refused: no file that a person reads packs so well."""

_BLOCK_BYTES = 1 << 20
_OPENERS: tuple[tuple[bytes, Any], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
)
_SUFFIXES = {".gz", ".bz2", ".xz"}
_SHORT = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".svgz": ".svg"}
_UNPACK = "Unpack it and load the folder."


def load(path: Path) -> Document:
    """What is inside the file at `path`. Raises LoadError for archives of a kind that is not supported and for bombs."""
    with path.open("rb") as file:
        head = file.read(16)
    opener = next((opener for mark, opener in _OPENERS if head.startswith(mark)), None)
    if opener is None:
        raise LoadError("compressed archives of this kind are not yet supported", _UNPACK)
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / _inner_name(path.name)
        _unpack(opener, path, inner)
        with inner.open("rb") as file:
            start = file.read(16)
        if any(start.startswith(mark) for mark, _ in _OPENERS):
            raise LoadError("it is compressed more than once", _UNPACK)
        document = registry.read(inner)
    # The loader is this one, so that the same bytes are known again without being unpacked.
    return replace(document, loader=LOADER.name, loader_version=VERSION)


def _unpack(opener: Callable[[Path], IO[bytes]], path: Path, inner: Path) -> None:
    written = 0
    try:
        with opener(path) as packed, inner.open("wb") as plain:
            while block := packed.read(_BLOCK_BYTES):
                written += len(block)
                if written > UNPACKED_BYTES:
                    reason = f"it would unpack to more than {UNPACKED_BYTES:,} bytes (a decompression bomb?)"
                    raise LoadError(reason, limits.SPLIT_REMEDY)
                plain.write(block)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise LoadError(f"it is damaged ({type(error).__name__}: {error})"[:160], "Get the file again.") from None


def _inner_name(name: str) -> str:
    stem, suffix = Path(name).stem, Path(name).suffix.lower()
    return (stem + _SHORT.get(suffix, "") if suffix in _SUFFIXES or suffix in _SHORT else name)[-200:] or "file"


LOADER = registry.Loader(
    name="compressed", version=VERSION, suffixes=(".gz", ".bz2", ".xz"), kinds=(Kind.COMPRESSED,), load=load
)
