"""The one repair of an answer: the text as it was and as it came back go in; whether nothing but citations was added comes out."""

from __future__ import annotations

import re
import unicodedata

_HANDLE = r"#[a-z]{1,3}\d{1,3}"
_MARK = rf"[\[(]\s*{_HANDLE}(?:\s*[,;]\s*{_HANDLE})*\s*[\])]"
_QUOTES = r'"[^"\n]{1,2000}?"|“[^”]{1,2000}?”|«[^»]{1,2000}?»|„[^“”]{1,2000}?[“”]|「[^」]{1,2000}?」'
_CITED = re.compile(rf"(?P<quote>{_QUOTES})[\s.,;:]*{_MARK}")
_ANY_MARK = re.compile(_MARK)
_WORD = re.compile(r"\w+")


def only_adds_citations(before: str, after: str) -> bool:
    """Whether `after` says what `before` says, word for word and in order, but for quotes with handles that were added.

    Words of the text may be put into quotation marks; punctuation, spacing and handles do not count.
    """
    wanted = _words(_ANY_MARK.sub(" ", before))
    reached = {0}
    at = 0
    for cited in _CITED.finditer(after):
        reached = _past(reached, wanted, _words(_ANY_MARK.sub(" ", after[at : cited.start()])))
        # A quote may be new, or the text's own words between new quotation marks.
        reached |= _past(reached, wanted, _words(cited["quote"]))
        at = cited.end()
    return len(wanted) in _past(reached, wanted, _words(_ANY_MARK.sub(" ", after[at:])))


def _past(reached: set[int], wanted: list[str], words: list[str]) -> set[int]:
    """Where the text can be once these words were read, from each place it can be at."""
    return {at + len(words) for at in reached if wanted[at : at + len(words)] == words}


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text))
