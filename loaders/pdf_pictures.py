"""Adds the text that OCR finds on pages of a PDF that are pictures."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loaders import ocr, options
from loaders.document import Document, Page

if TYPE_CHECKING:
    import pypdfium2

    from loaders.limits import TextBudget

UNREAD = "pdf without its pictures"
BY_OCR = "pdf with ocr"
ALL_BY_OCR = "pdf by ocr"

_DOTS_AN_INCH = 300
_SPARSE_CHARS = 40
"""A page with an image and less text than this is taken for a scan with a stamp or a number on it."""

log = logging.getLogger(__name__)


def known_as(chosen: options.ReadOptions) -> tuple[str, ...]:
    """As what a PDF may be stored already, so that it need not be read again."""
    if chosen.ocr == "always":
        return (ALL_BY_OCR,)
    if chosen.ocr == "auto" and ocr.available():
        return ("pdf", BY_OCR, ALL_BY_OCR)
    return ("pdf", UNREAD, BY_OCR, ALL_BY_OCR)


def recognised(pdf: pypdfium2.PdfDocument, document: Document, budget: TextBudget) -> Document:
    """`document` with the text of its pictures, where OCR is wanted and possible; else its pictures are noted.

    Raises LoadError when OCR must be and cannot.
    """
    everything = options.current().ocr == "always"
    pictures = [page for page in document.pages if everything or _is_picture(pdf, page)]
    if not pictures:
        return document
    if not ocr.wanted():
        noted = {
            **document.metadata,
            "pages_not_read": _ranges([page.number for page in pictures]),
            "why": ocr.remedy(),
        }
        return replace(document, loader=UNREAD, metadata=noted)
    reading = ocr.Reading()
    texts = {}
    for page in pictures:
        options.at_page(page.number, len(document.pages))
        texts[page.number] = _text(pdf, page, reading)
    pages = tuple(_read(page, texts.get(page.number, ""), budget) for page in document.pages)
    found = [number for number, text in texts.items() if text]
    metadata = {**document.metadata, "pages_by_ocr": _ranges(found)} if found else dict(document.metadata)
    if reading.left_out:
        metadata["left_out"] = "; ".join(filter(None, [metadata.get("left_out"), *reading.left_out]))
    return replace(document, pages=pages, loader=ALL_BY_OCR if everything else BY_OCR, metadata=metadata)


def _read(page: Page, text: str, budget: TextBudget) -> Page:
    """The page with the recognised text in place of its own, unless OCR found less than that."""
    return replace(page, text=budget.add(text), headings=()) if len(text) > len(page.text.strip()) / 2 else page


def _is_picture(pdf: pypdfium2.PdfDocument, page: Page) -> bool:
    """Whether a page has drawings but no text, or an image and hardly any text."""
    import pypdfium2
    import pypdfium2.raw as raw

    chars = len(page.text.strip())
    if chars >= _SPARSE_CHARS:
        return False
    kinds = [raw.FPDF_PAGEOBJ_IMAGE] + ([] if chars else [raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING])
    try:
        opened = pdf[page.number - 1]
        try:
            return next(iter(opened.get_objects(filter=kinds, max_depth=4)), None) is not None
        finally:
            opened.close()
    except pypdfium2.PdfiumError:
        return False


def _text(pdf: pypdfium2.PdfDocument, page: Page, reading: ocr.Reading) -> str:
    import pypdfium2

    try:
        opened = pdf[page.number - 1]
        try:
            return reading.text(_picture(opened))
        finally:
            opened.close()
    except (pypdfium2.PdfiumError, ValueError) as error:
        log.warning("page %d cannot be drawn: %s", page.number, error)
        return ""


def _picture(page: Any) -> Any:
    """The page drawn in grey; one of an odd size in fewer dots, so that it stays within OCR's limit."""
    width, height = page.get_size()
    scale = _DOTS_AN_INCH / 72
    dots = max(1.0, width * scale) * max(1.0, height * scale)
    if dots > ocr.PIXELS:
        scale *= (ocr.PIXELS / dots) ** 0.5
    return page.render(scale=scale, grayscale=True).to_pil()


def _ranges(numbers: Sequence[int]) -> str:
    """Page numbers as people write them: "1, 3-5"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
