"""Opens Office Open XML packages (docx, pptx, xlsx): parts by name, their relations, and their XML read safely."""

from __future__ import annotations

import posixpath
import re
import urllib.parse
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from loaders import limits
from loaders.document import LoadError

DAMAGED = "Open it in the program that made it, save it again, or export it as PDF."

_UNPACKED_BYTES = 2 << 30
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_STRICT_PLACE_BYTES = 8_192
_ERRORS = (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError, EOFError, ValueError)
"""What zipfile raises for damaged and for encrypted entries."""


@dataclass(frozen=True)
class Relation:
    """Where a part points: `kind` is the last word of the relation's type ("footnotes"), in small letters."""

    kind: str
    target: str
    external: bool


def check_unpacked_size(path: Path) -> None:
    """Raises LoadError for a ZIP-based file that would unpack to more than the limit."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked_bytes = sum(entry.file_size for entry in archive.infolist())
    except _ERRORS:
        return
    if unpacked_bytes > _UNPACKED_BYTES:
        raise LoadError(f"it would unpack to {unpacked_bytes:,} bytes (a decompression bomb?)", limits.SPLIT_REMEDY)


class Package:
    """A package that is open for reading; close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        check_unpacked_size(path)
        try:
            self._archive = zipfile.ZipFile(path)
        except _ERRORS as error:
            raise LoadError(f"it is damaged or not what its name says ({type(error).__name__})", DAMAGED) from None
        # Names are compared without case, and some programs write them with backslashes.
        self._entries = {name.replace("\\", "/").lower(): name for name in self._archive.namelist()}
        self._relations: dict[str, dict[str, Relation]] = {}
        self.mended: list[str] = []
        """Parts that are not well-formed and were read as far as they go."""

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def has(self, part: str) -> bool:
        """Whether there is a part of this name."""
        return part.lower() in self._entries

    def names(self, folder: str) -> list[str]:
        """The names of the parts below a folder."""
        return [name for name in self._entries if name.startswith(folder.lower())]

    def read(self, part: str) -> bytes:
        """The bytes of a part, b"" when it is not there. Raises LoadError when it is damaged."""
        name = self._entries.get(part.lower())
        if name is None:
            return b""
        try:
            return self._archive.read(name)
        except Exception as error:
            # zlib.error is none of zipfile's.
            raise _damaged(part, error) from None

    def open(self, part: str) -> IO[bytes]:
        """A part as a stream. Raises LoadError when it cannot be opened."""
        try:
            return self._archive.open(self._entries[part.lower()])
        except _ERRORS as error:
            raise _damaged(part, error) from None

    def xml(self, part: str) -> Any:
        """The root element of a part, None when it is not there. Entities are never expanded. Raises LoadError."""
        import lxml.etree

        data = self.read(part)
        if not data.strip():
            return None
        if b"purl.oclc.org" in data[:_STRICT_PLACE_BYTES]:
            data = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", data)
        for mending in (False, True):
            parser = lxml.etree.XMLParser(
                resolve_entities=False,
                no_network=True,
                huge_tree=True,
                remove_comments=True,
                remove_pis=True,
                recover=mending,
            )
            try:
                root = lxml.etree.fromstring(data, parser)
            except lxml.etree.XMLSyntaxError as error:
                if mending:
                    raise _damaged(part, error) from None
                continue
            if mending:
                self.mended.append(part)
            if root is not None:
                return root
        raise LoadError(f"its part {part} is not XML", DAMAGED)

    def relations(self, part: str) -> dict[str, Relation]:
        """Where a part ("" for the package itself) points, by the id of the relation."""
        if part not in self._relations:
            folder, name = posixpath.split(part)
            root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
            self._relations[part] = {}
            for one in root if root is not None else ():
                target, outside = one.get("Target") or "", one.get("TargetMode") == "External"
                if not outside:
                    path = urllib.parse.unquote(target.partition("#")[0]).replace("\\", "/")
                    target = (
                        path.lstrip("/") if path.startswith("/") else posixpath.normpath(posixpath.join(folder, path))
                    )
                kind = (one.get("Type") or "").rstrip("/").rpartition("/")[2].lower()
                self._relations[part][one.get("Id") or ""] = Relation(kind, target, outside)
        return self._relations[part]

    def related(self, part: str, kind: str) -> list[str]:
        """The parts that a part points to by relations of this kind."""
        return [one.target for one in self.relations(part).values() if one.kind == kind and not one.external]

    def main(self, usual: str) -> str:
        """The part that is the document itself; `usual` is where it mostly is."""
        return next((name for name in self.related("", "officedocument") if self.has(name)), usual)


def _damaged(part: str, error: Exception) -> LoadError:
    said = " ".join(str(error).split())[:80]
    return LoadError(f"it is damaged (its part {part}: {type(error).__name__}: {said})", DAMAGED)


def local(element: Any) -> str:
    """The name of an element without its namespace, "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str) -> str | None:
    """An attribute by its name without namespace."""
    value = element.get(name)
    if value is not None:
        return str(value)
    return next((str(text) for key, text in element.attrib.items() if key.rpartition("}")[2] == name), None)


def unescaped(text: str) -> str:
    """A string of Office with the characters that it writes as `_x000D_`: control characters, which XML cannot hold."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def is_on(element: Any) -> bool:
    """Whether an on/off property is set: it is there and does not say no."""
    return element is not None and attribute(element, "val") not in ("0", "false", "off", "none")
