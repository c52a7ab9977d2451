"""Reads the text of pictures with tesseract, where it is installed."""

from __future__ import annotations

import io
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from loaders import options, program
from loaders.document import LoadError, clean_text

if TYPE_CHECKING:
    from PIL.Image import Image

PAGE_SECONDS = 90.0
"""A page that takes tesseract longer is left without text."""

DOCUMENT_SECONDS = 3_600.0
"""Pages of one document that are reached later than this are left without text."""

PIXELS = 25_000_000
"""A picture with more is made smaller first: 300 dots an inch on A4 are 8.7 million."""

_SIDE_PIXELS = 30_000
INSTALL = "Install tesseract (for example: apt install tesseract-ocr) and load it again."
_SWITCHED_OFF = "Load it again without --ocr never."


def available() -> bool:
    """Whether tesseract is installed."""
    return program.find("tesseract") is not None


def wanted() -> bool:
    """Whether pictures are to be read, and can be. Raises LoadError when they must be (--ocr always) and cannot."""
    mode = options.current().ocr
    if mode == "always" and not available():
        raise LoadError("OCR was asked for, and tesseract is not installed", INSTALL)
    return mode != "never" and available()


def remedy() -> str:
    """What a person can do about a picture that is not read."""
    return _SWITCHED_OFF if options.current().ocr == "never" else INSTALL


class Reading:
    """The pictures of one document, each within a page's time, all of them within a document's."""

    def __init__(self) -> None:
        self._end = time.monotonic() + DOCUMENT_SECONDS
        self.left_out: list[str] = []
        """Why pictures were left without text, each reason once."""

    def text(self, picture: Image) -> str:
        """The text of a picture; "" when there is none or it could not be read, and then `left_out` says why."""
        options.alive()
        if time.monotonic() > self._end:
            self._leave(f"OCR of the document took more than {DOCUMENT_SECONDS:g} seconds")
            return ""
        try:
            return _recognised(picture)
        except LoadError as error:
            self._leave(error.reason)
            return ""

    def _leave(self, reason: str) -> None:
        if reason not in self.left_out:
            self.left_out.append(reason)


def _recognised(picture: Image) -> str:
    place = program.find("tesseract")
    if place is None:
        raise LoadError("tesseract is not installed", INSTALL)
    grey = picture.convert("L")
    darkest, lightest = grey.getextrema()
    if lightest - darkest < 16:
        return ""
    if grey.width > _SIDE_PIXELS or grey.height > _SIDE_PIXELS or grey.width * grey.height > PIXELS:
        share = min(_SIDE_PIXELS / max(grey.size), (PIXELS / (grey.width * grey.height)) ** 0.5)
        grey = grey.resize((max(1, int(grey.width * share)), max(1, int(grey.height * share))))
    data = io.BytesIO()
    grey.save(data, "PNG", compress_level=1)
    languages = options.current().ocr_languages
    command = [place, "stdin", "stdout", *(["-l", languages] if languages else [])]
    with tempfile.TemporaryDirectory() as folder:
        output = program.run(command, "tesseract", PAGE_SECONDS, folder=Path(folder), data=data.getvalue())
    return clean_text(output.decode("utf-8", "replace").replace("\f", "\n")).strip("\n")
