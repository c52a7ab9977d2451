"""How much one file may be before it is refused: every bound of the loaders, each with its unit in its name."""

from __future__ import annotations

from loaders.document import LoadError

FILE_BYTES = 512 * 1024 * 1024
"""A larger file is refused before it is opened."""

TEXT_CHARS = 64 * 1024 * 1024
"""A document with more text than this is refused: about 20,000 printed pages."""

PAGES = 50_000
"""A document that claims more pages than this is refused."""

OUTLINE_ENTRIES = 10_000
"""Entries of a table of contents beyond this are left out; a looping one ends here."""

OUTLINE_DEPTH = 12
"""Levels of a table of contents beyond this are left out."""

HEADING_CHARS = 200
"""A heading is cut to this length; longer ones are not headings but text."""

SNIFF_BYTES = 4096
"""What is looked at to tell the type of a file."""

SPLIT_REMEDY = "Split the file into smaller ones and load those."


class TextBudget:
    """Counts the characters of a document as its pages are read, and refuses it at the limit."""

    def __init__(self, limit_chars: int = TEXT_CHARS) -> None:
        self.limit_chars = limit_chars
        self.used_chars = 0

    def add(self, text: str) -> str:
        """Count `text` and return it. Raises LoadError once the document has more text than the limit."""
        self.used_chars += len(text)
        if self.used_chars > self.limit_chars:
            raise LoadError(f"it has more than {self.limit_chars:,} characters of text", SPLIT_REMEDY)
        return text
