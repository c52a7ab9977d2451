"""Letters that TeX and BibTeX spell as commands (`\\"u`, `{\\ss}`, `\\v{s}`) as letters, so that names can be found.

The rest of the source stays as it is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_MARKS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł",
    "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "S": "§", "pounds": "£", "euro": "€",
    "textendash": "–", "textemdash": "—", "ldots": "…", "dots": "…",
}  # fmt: skip
_ACCENT = re.compile(
    r"""(?<!\\)\{?\\(?:([`'^~="."])\s?|([uvHcdkr])(?=[{\s]))\s*(?:\{\s*(\\?[A-Za-z])\s*\}|(\\[ij](?![A-Za-z])|[A-Za-z]))(\})?"""
)
_NAMED = re.compile(
    r"(\{)?\\(" + "|".join(sorted(_LETTERS, key=len, reverse=True)) + r")(?![A-Za-z])(?:\s*\{\}|(?(1)\}|\s?))"
)
_DIVISIONS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_DIVISION = re.compile(rf"^[^%\n]*?\\({'|'.join(_DIVISIONS)})\*?(?:\[[^\]\n]*\])?\s*{_GROUP}", re.MULTILINE)
_TITLE = re.compile(rf"^[^%\n]*?\\title\*?(?:\[[^\]\n]*\])?\s*{_GROUP}", re.MULTILINE)
_COMMAND = re.compile(r"\\(?:label|thanks|footnote|cite|index)\s*\{[^{}]*\}|\\[A-Za-z]+\*?|\\\\|[{}~]")
_PLAIN = re.compile(r"(?<!\\)\\([%&$#_{}])")


def with_letters(text: str) -> str:
    """`text` with accented and special letters, and without the backslash before signs that TeX has a use for."""
    text = _ACCENT.sub(_accented, text)
    text = _NAMED.sub(lambda match: _LETTERS[match[2]], text)
    return _PLAIN.sub(r"\1", text)


def _accented(match: re.Match[str]) -> str:
    mark = _MARKS[match[1] or match[2]]
    letter = (match[3] or match[4]).removeprefix("\\")
    shown = unicodedata.normalize("NFC", letter + mark)
    opened, closed = match[0].startswith("{"), match[5] is not None
    return ("{" if opened and not closed else "") + shown + ("}" if closed and not opened else "")


def divisions(text: str) -> Iterator[tuple[int, str, int]]:
    """The level, the title and the place of each chapter and section of a TeX source, the highest that it has at level 1."""
    found = [(_DIVISIONS.index(match[1]), _words(match[2]), match.start()) for match in _DIVISION.finditer(text)]
    ranks = sorted({rank for rank, _, _ in found})
    for rank, title, place in found:
        if title:
            yield ranks.index(rank) + 1, title, place


def title_of(text: str) -> str:
    """The title that a TeX source states, "" without one."""
    match = _TITLE.search(text)
    return _words(match[1]) if match else ""


def _words(source: str) -> str:
    return " ".join(_COMMAND.sub(" ", source).split())
