"""Finds proper names: capitalised runs that are not merely the opening of a sentence."""

from __future__ import annotations

import re

from workbench.core.text_cache import text_cache
from workbench.models.extractive.languages import FUNCTION_WORDS
from workbench.models.extractive.sentences import identifiers, rarity

_TOKEN = re.compile(r"[^\W_]+(?:[.'’\-&][^\W_]+)*\.?|[\"“”‘(),;:!?—–\[\]|]|\s+")
_JOINERS = frozenset("of the de la le van von der den del di da du el al and for ap ibn bin y e &".split())
_QUOTED = re.compile(r"[\"“]([^\"“”]{3,60}?)[,.]?[\"”]|(?<![\w*])[*_]{1,2}([^*_\n]{3,60}?)[*_]{1,2}(?![\w*])")
_MONTHS = frozenset(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday""".split()
)


@text_cache(16_384)
def names(text: str) -> tuple[str, ...]:
    """The proper names, titles in quotes and identifiers of `text`, each once, in order."""
    found: dict[str, None] = {}
    for match in _QUOTED.finditer(text):
        title = (match.group(1) or match.group(2)).strip()
        if title[:1].isupper() and len(title.split()) <= 8:
            found.setdefault(title)
    for run in _runs(text):
        found.setdefault(run)
        for part in re.split(r" and | & ", run):
            part = re.sub(r"^(?:the|a|an) ", "", part)
            if part != run and len(part) > 2:
                found.setdefault(part)
    for identifier in identifiers(text):
        found.setdefault(identifier)
    return tuple(found)


def _runs(text: str) -> list[str]:
    """Capitalised runs; a joiner ("of the") is kept between two capitalised words only."""
    runs: list[str] = []
    held: list[str] = []
    joiners: list[str] = []
    opening = True
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.isspace():
            continue
        bare = token.rstrip(".")
        if not bare or not (bare[0].isalnum()):
            _close(runs, held)
            joiners, opening = [], token not in ",;:)—–" or (opening and not held)
            continue
        if _is_capital(bare) and not (opening and _plain_opening(bare, text[match.end() :])):
            if held:
                held.extend(joiners)
            held.append(bare)
            joiners = []
        elif held and bare.lower() in _JOINERS and len(joiners) < 2:
            joiners.append(bare)
        elif held and bare.isdigit() and not joiners and len(bare) <= 4:
            held.append(bare)
        else:
            _close(runs, held)
            joiners = []
        opening = False
        if token.endswith(".") and len(bare) > 1 and bare.lower() not in ("mr", "mrs", "dr", "st", "capt", "prof"):
            _close(runs, held)
            joiners, opening = [], True
    _close(runs, held)
    return runs


def _is_capital(word: str) -> bool:
    """Whether a word begins with a capital, or with a joiner that is written together with one (al-Khwarizmi, d'Arc)."""
    head, _, rest = word.replace("’", "'").replace("'", "-", 1).partition("-")
    return word[0].isupper() or (rest[:1].isupper() and head in _PREFIXES)


_PREFIXES = frozenset("al el ad ar as ash at az an d l o van von de del der ibn bint abu bin ben".split())


def _plain_opening(word: str, rest: str) -> bool:
    """Whether a capital at the start of a sentence says nothing: a function word, or a common one before no other capital."""
    if word.lower() in FUNCTION_WORDS:
        return True
    if rest[:1] == " " and rest[1:2].isupper() and rest[1:].split()[0].lower() not in FUNCTION_WORDS:
        return False
    return rarity(word) < 0.72 and word.isalpha() and not word.isupper()


def _close(runs: list[str], held: list[str]) -> None:
    """End a run: leading function words go, months and lone years are dates, not names."""
    while held and held[0].lower() in FUNCTION_WORDS:
        held.pop(0)
    while held and (held[-1].lower() in FUNCTION_WORDS or held[-1].lower() in _JOINERS):
        held.pop()
    if held and not all(part.lower() in _MONTHS or part.isdigit() for part in held):
        name = " ".join(held)
        if len(name) > 1 and re.sub(r"['’]s$", "", name).lower() not in _MONTHS:
            runs.append(re.sub(r"['’]s$", "", name))
    held.clear()
