"""Pictures of text (png, jpg, tiff and others), by OCR: every picture in the file is a page."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from loaders import limits, ocr
from loaders.document import Document, LoadError, Page
from loaders.registry import Loader
from loaders.sniff import Kind

if TYPE_CHECKING:
    from PIL.Image import Image

VERSION = 1

_PICTURES = 2_000
PIXELS = 200_000_000
_REMEDY = "Open it in a picture viewer and save it again as PNG."


def load(path: Path) -> Document:
    """The text on the pictures at `path`. Raises LoadError when tesseract is missing, or there is no text."""
    if not ocr.wanted():
        raise LoadError("it is a picture: its text has to be recognised (OCR)", ocr.remedy())
    reading, budget = ocr.Reading(), limits.TextBudget()
    pages = [Page(number, None, budget.add(reading.text(picture))) for number, picture in enumerate(_pictures(path), 1)]
    if not any(page.text.strip() for page in pages):
        why = f" ({'; '.join(reading.left_out)})" if reading.left_out else ""
        raise LoadError(f"no text can be recognised on it{why}", "Nothing to load; exclude it, or scan it larger.")
    metadata = {"read_with": "tesseract"} | ({"left_out": "; ".join(reading.left_out)} if reading.left_out else {})
    return Document("", tuple(pages), LOADER.name, VERSION, metadata)


def _pictures(path: Path) -> Iterator[Image]:
    """Every picture of a file (a TIFF may have many). Raises LoadError for what is damaged or too large."""
    from PIL import Image, ImageSequence, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                moving = file.format in ("GIF", "WEBP", "PNG")
                for number, frame in enumerate(ImageSequence.Iterator(file)):
                    if number >= _PICTURES or (moving and number):
                        # The pictures of a moving one are nearly the same: its first is enough.
                        return
                    yield _upright(frame)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LoadError(f"it has more than {PIXELS:,} dots (a decompression bomb?)", "Make it smaller.") from None
    except UnidentifiedImageError:
        raise LoadError("it is damaged, or a picture of an unknown kind", _REMEDY) from None
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError) as error:
        raise LoadError(f"it is damaged ({type(error).__name__}: {error})"[:160], _REMEDY) from None


def _upright(frame: Image) -> Image:
    """The picture as a viewer shows it: turned as the camera noted, on white where it is transparent."""
    from PIL import Image, ImageOps

    turned = ImageOps.exif_transpose(frame) or frame
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        clear = turned.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        white.alpha_composite(clear)
        return white.convert("L")
    return turned


LOADER = Loader(
    name="image",
    version=VERSION,
    suffixes=(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".jp2", ".ppm", ".pgm", ".pbm"),
    kinds=(Kind.IMAGE,),
    load=load,
)
