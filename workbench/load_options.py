"""How a load reads what it is given: the person's choices, one frozen value from the command line down to the loaders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OcrMode = Literal["auto", "never", "always"]


@dataclass(frozen=True)
class LoadOptions:
    """Choices of one load. Patterns are written as in .gitignore and apply to folders only."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    """Files and folders whose name begins with a dot are loaded too (never a version control's own folder)."""
    ocr: OcrMode = "auto"
    """auto: pictures and pages without text, where tesseract is installed; always: every page of a PDF; never."""
    ocr_languages: str = ""
    """Languages of tesseract, as "deu+eng"; "" is its own default."""
    private: bool = False
    """Web addresses inside the local network may be fetched."""
    query: str = ""
    """SQL whose rows are the documents, where a database is loaded."""
