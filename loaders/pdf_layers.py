"""Layers of a PDF that are switched off (optional content groups): nobody sees their text on the page.

pdfium reads the text of all layers. Which are off stands in the document's catalog, which pypdf is asked for.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pypdfium2

NAMES = (b"/OCProperties", b"/OFF")
"""Stand in every file with layers of which some are off."""

_OBJECTS = 20_000
_DEPTH = 5

log = logging.getLogger(__name__)


def switched_off(path: Path, password: str) -> frozenset[str]:
    """The names of the layers of the file at `path` that are off when it is opened."""
    try:
        return _names(path, password)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        # pypdf raises whatever a broken file provokes; without the layers the text of all of them is read.
        log.info("the layers cannot be read: %s: %s", type(error).__name__, error)
        return frozenset()


def _names(path: Path, password: str) -> frozenset[str]:
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    with path.open("rb") as file:
        reader = pypdf.PdfReader(file, strict=False)
        if reader.is_encrypted and not reader.decrypt(password):
            return frozenset()
        layers: Any = reader.root_object.get("/OCProperties")
        layers = layers.get_object() if layers is not None else {}
        usual: Any = layers.get("/D", {})
        usual = usual.get_object()
        keys = {name: {_key(one) for one in usual.get(name, ())} for name in ("/ON", "/OFF")}
        states: dict[str, set[bool]] = {}
        for one in layers.get("/OCGs", ()):
            off = _key(one) in keys["/OFF"] or (usual.get("/BaseState") == "/OFF" and _key(one) not in keys["/ON"])
            states.setdefault(str(one.get_object().get("/Name", "")), set()).add(off)
    # Of layers of one name a mark on the page does not say which is meant.
    return frozenset(name for name, found in states.items() if found == {True})


def _key(reference: Any) -> Any:
    return getattr(reference, "idnum", id(reference))


def hide(page: pypdfium2.PdfPage, names: frozenset[str]) -> int:
    """Take the text of these layers out of a page whose text is not read yet; how many pieces of text that were."""
    import pypdfium2.raw as raw

    hidden = 0
    for number, item in enumerate(_objects(raw, page.raw, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject, 0)):
        if number >= _OBJECTS:
            break
        if _layer(raw, item) in names and raw.FPDFPageObj_SetIsActive(item, False):
            hidden += raw.FPDFPageObj_GetType(item) == raw.FPDF_PAGEOBJ_TEXT
    return hidden


def _objects(raw: Any, holder: Any, count: Any, get: Any, depth: int) -> Iterator[Any]:
    for index in range(min(_OBJECTS, max(0, count(holder)))):
        item = get(holder, index)
        yield item
        if depth < _DEPTH and raw.FPDFPageObj_GetType(item) == raw.FPDF_PAGEOBJ_FORM:
            yield from _objects(raw, item, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject, depth + 1)


def _layer(raw: Any, item: Any) -> str | None:
    """The name of the layer that an object of a page belongs to, None for none."""
    for index in range(min(20, max(0, raw.FPDFPageObj_CountMarks(item)))):
        mark = raw.FPDFPageObj_GetMark(item, index)
        if _said(raw.FPDFPageObjMark_GetName, mark) == "OC":
            return _said(raw.FPDFPageObjMark_GetParamStringValue, mark, b"Name")
    return None


def _said(ask: Any, *about: Any) -> str:
    length, buffer = ctypes.c_ulong(), (ctypes.c_ushort * 256)()
    if not ask(*about, buffer, 512, length):
        return ""
    return bytes(buffer)[: length.value].decode("utf-16-le", "replace").rstrip("\x00")
