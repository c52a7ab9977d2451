"""The citation verifier on real pages: `python -m tests.benchmarks.quotes DIR_OF_PDFS… [--quotes 10000] [--seed 1]`.

Stretches of pages are quoted as models quote (lines joined, quotation marks and dashes typed plainly, some words left out with
an ellipsis of any form) and must be found; the same with one thing altered must not be, unless the page says that too.
"""

from __future__ import annotations

import argparse
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from loaders import pdf
from workbench.text.quotes import is_on_page

_HYPHENS = "-\u00ad\ufffe"
_PLAIN = str.maketrans({"“": '"', "”": '"', "’": "'", "‘": "'", "–": "-", "—": "-"})
_RAISED = re.compile(r"[⁰-⁹₀-₉²³¹½¼¾™]")
_ELLIPSES = (" … ", "... ", " [...] ", "…", " [ ... ] ", " (...) ", " . . . ", ".... ")
_NEGATION = re.compile(
    r"\b(?:not|no|never|cannot|without|nor|none|neither|hardly|pas|ni|non|nunca)\b|n't", re.IGNORECASE
)
_PIECE_WORDS = 3


def pages_of(folders: list[Path]) -> list[str]:
    """Texts of pages, as they are loaded."""
    found = []
    for file in sorted(file for folder in folders for file in folder.glob("*.pdf")):
        try:
            found += [page.text for page in pdf.load(file).pages[:40] if len(page.text) > 300]
        except Exception as error:  # some of them are broken on purpose
            print(f"{file.name} is passed over: {type(error).__name__}")
    return found


def stretch(draw: random.Random, text: str) -> str:
    """Some whole words of a page, as they stand there; nothing where it begins or ends in a word cut at a line end."""
    words = list(re.finditer(r"\S+", text))
    if len(words) < 20:
        return ""
    first = draw.randrange(len(words) - 10)
    last = first + draw.randrange(5, min(40, len(words) - first))
    found = text[words[first].start() : words[last].end()]
    cut = found[-1] in f"{_HYPHENS}–" or text[: words[first].start()].rstrip()[-1:] in (*_HYPHENS, "–")
    return "" if cut or sum(map(str.isalpha, found)) < len(found) / 2 else found


def typed(draw: random.Random, found: str) -> str:
    """The stretch as a model writes it."""
    quote = re.sub(rf"(?<=[^\W\d_])[{_HYPHENS}]\s*\n\s*(?=[a-z])", "", found) if draw.random() < 0.7 else found
    quote = " ".join(quote.replace("\ufffe", "").replace("\u00ad", "").split())
    if draw.random() < 0.5:
        quote = quote.translate(_PLAIN)
    return unicodedata.normalize("NFKC", quote) if draw.random() < 0.4 and not _RAISED.search(quote) else quote


def _at(pattern: str, change: Callable[[random.Random, str], str]) -> Callable[[random.Random, str], str]:
    """One match of the pattern changed; nothing where there is none."""

    def altered(draw: random.Random, quote: str) -> str:
        matches = list(re.finditer(pattern, quote, re.IGNORECASE))
        if not matches:
            return ""
        match = draw.choice(matches)
        return quote[: match.start()] + change(draw, match[0]) + quote[match.end() :]

    return altered


def _swapped(draw: random.Random, quote: str) -> str:
    words = quote.split(" ")
    at = draw.randrange(len(words) - 1)
    words[at : at + 2] = words[at + 1], words[at]
    return " ".join(words)


def _other(letters: str) -> Callable[[random.Random, str], str]:
    return lambda draw, one: draw.choice([letter for letter in letters if letter != one])


ALTERED: dict[str, Callable[[random.Random, str], str]] = {
    "digit": _at(r"[0-9]", _other("0123456789")),
    "digit dropped": _at(r"(?<=\S)[0-9](?=\S)", lambda draw, one: ""),
    "point moved": _at(r"\d[.,]\d", lambda draw, one: one[0] + one[2] + one[1]),
    "comma for point": _at(r"(?<=\d)[.,](?=\d)", _other(",.")),
    "sign dropped": _at(r"(?<=\d)[.,%-](?=.)|(?<=.)[$€£(](?=\d)", lambda draw, one: ""),
    "negation dropped": _at(r"(?<= )(?:not|no|never|nor|without|לא|لم) ", lambda draw, one: ""),
    "negation added": _at(r"(?<=\w) (?=\w)", lambda draw, one: draw.choice([" not ", " never ", " no "])),
    "word dropped": _at(r"(?<= )[^\W\d_]+ ", lambda draw, one: ""),
    "words swapped": _swapped,
    "letter": _at(r"[a-z]", _other("abcdefghijklmnopqrstuvwxyz")),
    "case": _at(r"[a-z]", lambda draw, one: one.swapcase()),
    "words joined": _at(r"(?<=[a-z]) (?=[a-z])", lambda draw, one: ""),
    "space in a word": _at(r"(?<=[a-z]{2})(?=[a-z]{2})", lambda draw, one: " "),
    "unit": _at(r"\b(?:million|billion|thousand|years?|months?|percent)\b", lambda draw, one: "dozen"),
    "negation in an ellipsis": _at(r"(?<=\w) (?:not|never|no|cannot) (?=\w)", lambda draw, one: draw.choice(_ELLIPSES)),
}


def elided(draw: random.Random, quote: str) -> str:
    """The quote with up to three words left out; nothing where that leaves out a negation or ends a sentence."""
    words = quote.split(" ")
    if len(words) < 12:
        return ""
    at, count = draw.randrange(_PIECE_WORDS, 6), draw.randrange(1, 4)
    if _NEGATION.search(" ".join(words[at - 1 : at + count + 1])) or "." in " ".join(words[:12]):
        return ""
    return " ".join(words[:at]) + draw.choice(_ELLIPSES) + " ".join(words[at + count :])


def trials(draw: random.Random, pages: list[str], count: int) -> Iterator[tuple[str, bool, str, str]]:
    """(kind, whether the page says it, quote, page)."""
    while count > 0:
        page = draw.choice(pages)
        quote = typed(draw, found) if (found := stretch(draw, page)) else ""
        if not quote:
            continue
        count -= 1
        yield "verbatim", True, quote, page
        if left := elided(draw, quote):
            yield "with an ellipsis", True, left, page
        kind = draw.choice(list(ALTERED))
        altered = " ".join(ALTERED[kind](draw, quote).split())
        joined = re.sub(rf"[{_HYPHENS}]\s*\n\s*", "", page)
        said = [" ".join(unicodedata.normalize("NFKC", text).translate(_PLAIN).split()) for text in (page, joined)]
        plain = unicodedata.normalize("NFKC", altered).translate(_PLAIN)
        if altered and altered != quote and not any(plain in text for text in said):
            yield kind, False, altered, page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--quotes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    pages = pages_of(chosen.folders)
    tried: Counter[str] = Counter()
    wrong: dict[str, list[str]] = {}
    for kind, there, quote, page in trials(random.Random(chosen.seed), pages, chosen.quotes):
        tried[kind] += 1
        if is_on_page(quote, page) is not there:
            wrong.setdefault(kind, []).append(quote)
    print(f"{len(pages):,} pages")
    for kind, count in tried.items():
        what = "not found" if kind in ("verbatim", "with an ellipsis") else "accepted"
        print(f"{kind:24} {count:6,}   {what} {len(wrong.get(kind, []))}")
    for kind, quotes in wrong.items():
        print("\n".join(f"{kind}: {quote[:200]!r}" for quote in quotes[:4]))


if __name__ == "__main__":
    main()
