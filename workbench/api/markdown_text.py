"""Makes a text harmless inside Markdown: documents and models write it, so it must not become markup, a table cell or a link."""

from __future__ import annotations

import re

from workbench.core.sanitize import sanitize

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~])")


def as_text(text: str) -> str:
    """The text on one line, its marks escaped."""
    return _MARKUP.sub(r"\\\1", " ".join(sanitize(text).split()))
