"""What the author of a tagged PDF wrote of its pictures for those who cannot see them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from loaders.document import clean_text
from loaders.pdf_objects import PageObjects

if TYPE_CHECKING:
    import pypdfium2

NAME = b"/Alt"
"""Stands in every file with descriptions."""

_OBJECTS = 400
"""A page has its pictures among its first objects mostly; a drawing of thousands of lines is none."""

_ELEMENTS = 5_000
_CHARS = 2_000
_WORDS = 2
"""A description of one word ("logo") says nothing that is worth a line."""


def is_tagged(pdf: pypdfium2.PdfDocument) -> bool:
    """Whether a document says what its parts are; only then has it descriptions."""
    import pypdfium2.raw as raw

    return bool(raw.FPDFCatalog_IsTagged(pdf.raw))


def descriptions(page: pypdfium2.PdfPage, objects: PageObjects) -> list[str]:
    """The descriptions of the pictures of a page; none is asked for on a page without pictures, which are most."""
    import pypdfium2.raw as raw

    pictures = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM)
    if not any(kind in pictures for _, kind in objects.first(_OBJECTS)):
        return []
    tree = raw.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return []
    try:
        return list(dict.fromkeys(_said(raw, tree)))
    finally:
        raw.FPDF_StructTree_Close(tree)


def _said(raw: Any, tree: Any) -> Iterator[str]:
    count = max(0, raw.FPDF_StructTree_CountChildren(tree))
    waiting = [raw.FPDF_StructTree_GetChildAtIndex(tree, index) for index in reversed(range(min(count, _ELEMENTS)))]
    seen = 0
    while waiting and seen < _ELEMENTS:
        element, seen = waiting.pop(), seen + 1
        if not element:
            continue
        size = raw.FPDF_StructElement_GetAltText(element, None, 0)
        if size > 2:
            buffer = ctypes.create_string_buffer(size)
            raw.FPDF_StructElement_GetAltText(element, buffer, size)
            text = " ".join(clean_text(buffer.raw.decode("utf-16-le", "replace").partition("\x00")[0]).split())
            if len(text.split()) >= _WORDS:
                yield text[:_CHARS]
        inner = max(0, raw.FPDF_StructElement_CountChildren(element))
        waiting += [
            raw.FPDF_StructElement_GetChildAtIndex(element, index) for index in reversed(range(min(inner, _ELEMENTS)))
        ]
