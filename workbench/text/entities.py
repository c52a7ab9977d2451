"""Extracts the names that a passage uses: capitalised word groups, titles in book quotes, identifiers.

A key is the folded words of a name joined by `_`, so one name is one term of the keyword index. No model is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import regex

from workbench.core.text_cache import text_cache
from workbench.text.analyzer import fold, normalise
from workbench.text.stop_words import STOP_WORDS

NAME_WORDS = 4
"""The longest name, in words; longer ones are found by their parts."""

TABLE_HEAD = "columns: "
"""Begins the last part of a heading that only says what the columns of a table are: nothing is called by it."""

_CAPITAL = r"\p{Lu}[\p{L}\p{M}\p{N}'’]*\.?"
_JOINING = r"(?:(?:of|the|and|de|da|del|di|du|la|le|van|von|der|den|for|in|on|at|to|&) ){0,2}"
_SPAN = regex.compile(rf"{_CAPITAL}(?:[ \n-]{_JOINING}(?:{_CAPITAL}|\p{{N}}+))*")
_QUOTED = regex.compile(r"《([^《》]{1,40})》|『([^』]{1,40})』|「([^」]{1,40})」")
_KATAKANA = regex.compile(r"[\p{Katakana}ー・]{3,}")
_IDENTIFIER = regex.compile(r"(?=[^\s]*\p{N})(?=[^\s]*\p{L})[\p{L}\p{N}]+(?:[-_/.][\p{L}\p{N}]+)+")
_SEPARATORS = frozenset("-_/.")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_BRACKETED_END = regex.compile(r"\s*[(（][^)）]*[)）]\s*$")
_SUFFIX = regex.compile(r"\.[A-Za-z0-9]{1,5}$")


def names_in(text: str) -> list[str]:
    """The keys of every name in `text`, each once: whole names and their parts of up to four words."""
    names: dict[str, None] = {}
    for span in _SPAN.findall(text):
        names.update(dict.fromkeys(_parts(span)))
    for token in text.split():  # an identifier has no white space in it
        if not token.isalpha() and not _SEPARATORS.isdisjoint(token):
            names.update((key(match[0]), None) for match in _IDENTIFIER.finditer(token))
    if not text.isascii():
        names.update(dict.fromkeys(key("".join(groups)) for groups in _QUOTED.findall(text)))
        names.update(dict.fromkeys(key(run) for run in _KATAKANA.findall(text)))
    names.pop("", None)
    return list(names)


@text_cache(50_000)
def key(name: str) -> str:
    """The key of a name: its folded words joined by `_`."""
    return "_".join(words(name))


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    if text.isascii() and "\n" not in text:
        return _ASCII_WORD.findall(text.lower())
    normal = normalise(text)
    if normal.isascii():
        return _ASCII_WORD.findall(normal)
    return [fold(word) for word in _WORD.findall(normal)]


@text_cache(20_000)
def title_keys(title: str, heading: str = "") -> tuple[str, ...]:
    """The keys a passage can be called by: its document's title, the title without a bracketed end or a file's suffix,
    and the last part of its heading. The first is the title itself."""
    bare = _SUFFIX.sub("", title).replace("_", " ")
    parts = [part for part in heading.split(" > ") if not part.startswith(TABLE_HEAD)]
    last = parts[-1] if parts else ""
    keys = [key(part) for part in (bare, _BRACKETED_END.sub("", bare), last)]
    return tuple(dict.fromkeys(part for part in keys if len(part) > 1 and part not in STOP_WORDS))


@text_cache(200_000)
def _parts(span: str) -> tuple[str, ...]:
    return tuple(_groups(words(span)))


def _groups(parts: list[str]) -> Iterator[str]:
    for start, first in enumerate(parts):
        if first in STOP_WORDS:
            continue
        for end in range(start + 1, min(start + NAME_WORDS, len(parts)) + 1):
            if parts[end - 1] not in STOP_WORDS:
                yield "_".join(parts[start:end])
