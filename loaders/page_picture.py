"""Draws a page of a PDF, or a picture, for a person to look at, with a quote marked in its place.

The text of a page says nothing of its tables, stamps and figures; a reader who doubts a quote wants to see the page itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders.document import LoadError

if TYPE_CHECKING:
    import pypdfium2
    from PIL.Image import Image

MOST_PIXELS = 4_000_000
_MARK = (255, 196, 0)
_REMEDY = "Only PDFs and pictures can be drawn; its text is what the model reads."
_MOST_QUOTE_CHARS = 2_000

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the picture."""


@dataclass(frozen=True)
class Picture:
    """A page as it looks: `rgb` is width x height x 3 bytes, row by row; `boxes` are where the quote stands."""

    width: int
    height: int
    rgb: bytes
    boxes: tuple[Box, ...] = ()


def draw(path: Path, number: int, size: tuple[int, int], quote: str = "", passwords: Sequence[str] = ()) -> Picture:
    """Page `number` (from 1) of the file, as large as fits into `size` pixels, with a box around each line of `quote`.

    Raises LoadError for a file that cannot be drawn or has no such page.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if b"%PDF" in head:
        return _page(path, number, size, quote, passwords)
    return _image(path, number, size)


def _image(path: Path, number: int, size: tuple[int, int]) -> Picture:
    from PIL import Image, UnidentifiedImageError

    from loaders import image

    Image.MAX_IMAGE_PIXELS = image.PIXELS
    try:
        with Image.open(path) as opened:
            opened.seek(number - 1)
            return _fitted(opened.convert("RGB"), size)
    except UnidentifiedImageError:
        raise LoadError("it has no pages that could be drawn", _REMEDY) from None
    except (EOFError, Image.DecompressionBombError, OSError, ValueError) as error:
        raise LoadError(f"it cannot be drawn: {error}", _REMEDY) from None


def _fitted(image: Image, size: tuple[int, int]) -> Picture:
    image.thumbnail(size)
    return Picture(image.width, image.height, image.tobytes())


def _page(path: Path, number: int, size: tuple[int, int], quote: str, passwords: Sequence[str]) -> Picture:
    import pypdfium2

    pdf = _opened(path, passwords)
    try:
        if not 1 <= number <= len(pdf):
            raise LoadError(f"it has no page {number}: that is one of a file attached to it, or gone", "Load it again.")
        page = pdf[number - 1]
        try:
            width, height = page.get_size()
            scale = min(size[0] / max(width, 1.0), size[1] / max(height, 1.0))
            scale = min(scale, (MOST_PIXELS / max(1.0, width * height)) ** 0.5)
            drawn = page.render(scale=scale).to_pil().convert("RGB")
            boxes = tuple(_boxes(page, quote, drawn.size)) if quote else ()
            marked = _marked(drawn, boxes)
            return Picture(marked.width, marked.height, marked.tobytes(), boxes)
        finally:
            page.close()
    except pypdfium2.PdfiumError as error:
        raise LoadError(f"the page cannot be drawn: {error}", _REMEDY) from None
    finally:
        pdf.close()


def _opened(path: Path, passwords: Sequence[str]) -> pypdfium2.PdfDocument:
    import pypdfium2

    for password in (None, *passwords):
        try:
            return pypdfium2.PdfDocument(path, password=password)
        except pypdfium2.PdfiumError:
            continue
    raise LoadError("it cannot be opened to be drawn", "It may need a password, or be damaged.")


def _boxes(page: pypdfium2.PdfPage, quote: str, size: tuple[int, int]) -> list[Box]:
    """Where the quote stands, a box a line; compared by letters and digits alone, for a page's text breaks lines otherwise."""
    textpage = page.get_textpage()
    try:
        text = textpage.get_text_range()
        letters, places = _letters(text)
        wanted, _ = _letters(quote[:_MOST_QUOTE_CHARS])
        at = letters.find(wanted) if wanted else -1
        if at < 0:
            return []
        chars = [_pixels(page, textpage.get_charbox(places[n]), size) for n in range(at, at + len(wanted))]
    finally:
        textpage.close()
    return _lines(chars)


def _letters(text: str) -> tuple[str, list[int]]:
    """The letters and digits of a text in one case, and where each stands in it."""
    letters: list[str] = []
    places: list[int] = []
    for at, sign in enumerate(text):
        for letter in unicodedata.normalize("NFKD", sign).casefold():
            if letter.isalnum():
                letters.append(letter)
                places.append(at)
    return "".join(letters), places


def _pixels(page: pypdfium2.PdfPage, box: Any, size: tuple[int, int]) -> Box:
    """A box of the page, in points from its lower left, in pixels of its picture: pages may be turned and cut."""
    import ctypes

    import pypdfium2.raw as raw

    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, across, down)
        corners.append((float(across.value), float(down.value)))
    (x1, y1), (x2, y2) = corners
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _lines(chars: Sequence[Box]) -> list[Box]:
    """Boxes of characters joined to boxes of lines."""
    lines: list[Box] = []
    for box in chars:
        last = lines[-1] if lines else None
        overlap = min(last[3], box[3]) - max(last[1], box[1]) if last else -1.0
        if last and overlap * 2 >= min(last[3] - last[1], box[3] - box[1]) and box[0] >= last[0]:
            lines[-1] = (last[0], min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
        else:
            lines.append(box)
    return lines


def _marked(image: Image, boxes: Sequence[Box]) -> Image:
    """The picture with each box tinted and framed; the letters in it stay readable."""
    from PIL import ImageChops, ImageDraw

    if not boxes:
        return image
    room = max(1, round(image.width / 300))
    tint = image.copy()
    draw_on = ImageDraw.Draw(tint)
    frames = [(left - room, top - room, right + room, bottom + room) for left, top, right, bottom in boxes]
    white = image.copy()
    white.paste((255, 255, 255), (0, 0, *image.size))
    for frame in frames:
        ImageDraw.Draw(white).rectangle(frame, fill=(255, 236, 160))
    tint = ImageChops.multiply(image, white)
    draw_on = ImageDraw.Draw(tint)
    for frame in frames:
        draw_on.rectangle(frame, outline=_MARK, width=max(1, room))
    return tint
