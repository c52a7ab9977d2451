"""PassageDraft: a stretch of one page as it will be stored, and the text its vector is made from."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE_END_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[^\W\d_])")


@dataclass(frozen=True)
class PassageDraft:
    """A passage before it is stored: text == page.text[start_char:end_char]; `heading` is its path, "A > B".

    `context` says where the passage stands (title and headings); it is embedded with the text but not stored.
    """

    page_number: int
    start_char: int
    end_char: int
    text: str
    heading: str = ""
    context: str = ""

    @property
    def embedding_text(self) -> str:
        """What the embedder sees: the context line, then the text with words joined that a line end had cut."""
        return embedding_text(self.text, self.context)


def embedding_text(text: str, context: str) -> str:
    """`text` under its context line, as the embedder sees it."""
    joined = _LINE_END_HYPHEN.sub("", text)
    return f"{context}\n{joined}" if context else joined
