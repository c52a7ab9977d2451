"""Turns PDF pages that are shown turned (`/Rotate`), so that what is read of their geometry is as a reader sees it.

pdfium gives all places in the coordinates in which a page was drawn. The page is turned in memory once, its content, its
annotations and its boxes, and nothing else has to know of it; the file stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pypdfium2


def upright(pdf: pypdfium2.PdfDocument, index: int) -> pypdfium2.PdfPage:
    """The page at `index` (from 0), open, and upright: its `get_rotation` is 0 unless pdfium cannot turn it."""
    import pypdfium2.raw as raw

    page = pdf[index]
    if (degrees := page.get_rotation()) == 0:
        return page
    left, bottom, right, top = page.get_bbox()
    # A point (x, y) goes to (a x + c y + e, b x + d y + f).
    a, b, c, d, e, f, width, height = {
        90: (0, -1, 1, 0, -bottom, right, top - bottom, right - left),
        180: (-1, 0, 0, -1, right, top, right - left, top - bottom),
        270: (0, 1, -1, 0, top, -left, top - bottom, right - left),
    }[degrees]
    if not raw.FPDFPage_TransFormWithClip(page.raw, raw.FS_MATRIX(a, b, c, d, e, f), None):
        return page  # without content
    raw.FPDFPage_TransformAnnots(page.raw, a, b, c, d, e, f)
    page.set_rotation(0)
    for set_box in (page.set_mediabox, page.set_cropbox):
        set_box(0, 0, width, height)
    page.close()
    return pdf[index]
