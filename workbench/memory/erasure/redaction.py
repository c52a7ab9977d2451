"""Replaces every verbatim stretch of what was forgotten by a tombstone, in any text or JSON."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from workbench.api.results import TOMBSTONE

STRETCH_WORDS = 5
"""So many words in a row that are the same are a stretch of a text, wherever they stand."""

_LEAST_LETTERS = 6
"""A text of fewer words is looked for as a whole, if it has so many letters and digits: "yes" says nothing of anybody."""

_WORD = re.compile(r"\w+")
_OUTSIDE = ("call", "id", "name", "function", "status", "role", "kind", "key", "origin", "by", "block")
"""Fields of messages and events that name things of ours."""


class Redaction:
    """What is forgotten: texts (whatever case, spaces and punctuation), names as they are written, and passages by id."""

    def __init__(self, texts: Iterable[str], names: Iterable[str] = (), passages: Collection[int] = ()) -> None:
        self._stretches: dict[int, set[int]] = {}
        self._heads: dict[int, set[str]] = {}
        self._tails: dict[int, set[str]] = {}
        self._short: list[list[str]] = []
        self.add(texts)
        named = sorted((name for name in set(names) if len(name) >= _LEAST_LETTERS), key=len, reverse=True)
        self._names = re.compile("|".join(re.escape(name) for name in named)) if named else None
        self._passages = frozenset(passages)

    def add(self, texts: Iterable[str], spared: Iterable[str] = ()) -> None:
        """More texts. A stretch that stands in one of the `spared` texts too is nobody's own, and stays."""
        kept = {hash(stretch) for text in spared for stretch in _stretches(text)}
        for text in texts:
            self._add([word.casefold() for word in _WORD.findall(text)], kept)

    def _add(self, words: list[str], spared: Collection[int]) -> None:
        size = min(len(words), STRETCH_WORDS)
        if size and (size == STRETCH_WORDS or sum(map(len, words)) >= _LEAST_LETTERS):
            known = self._stretches.setdefault(size, set())
            if size < STRETCH_WORDS:
                self._short.append(words)
                known.add(hash(tuple(words)))
                return
            for at in range(len(words) - size + 1):
                stretch = tuple(words[at : at + size])
                if hash(stretch) not in spared:
                    known.add(hash(stretch))
                    self._heads.setdefault(hash(stretch[:-1]), set()).add(stretch[-1])
                    self._tails.setdefault(hash(stretch[1:]), set()).add(stretch[0])

    def text(self, text: str) -> str:
        """The text without what is forgotten; the very same string when it holds nothing of it."""
        # Whole stretches first: a name inside one would break it.
        cleaned = self._without_stretches(text)
        return self._names.sub(TOMBSTONE, cleaned) if self._names is not None else cleaned

    def _without_stretches(self, text: str) -> str:
        found = list(_WORD.finditer(text))
        words = [match[0].casefold() for match in found]
        hit = [False] * len(words)
        self._mark_cut(text, found, words, hit)
        for size, known in self._stretches.items():
            for at in range(len(words) - size + 1):
                if hash(tuple(words[at : at + size])) in known:
                    hit[at : at + size] = [True] * size
        if not any(hit):
            return text
        parts, end, at = [], 0, 0
        while at < len(words):
            if not hit[at]:
                at += 1
                continue
            start = found[at].start()
            while at < len(words) and hit[at]:
                at += 1
            parts += [text[end:start], TOMBSTONE]
            end = found[at - 1].end()
        return "".join([*parts, text[end:]])

    def _mark_cut(self, text: str, found: list[re.Match[str]], words: list[str], hit: list[bool]) -> None:
        """Texts are cut where they get too long, also inside a word: a stretch whose first or last word is cut counts too."""
        gaps = [0, *(k for k in range(1, len(found)) if "…" in text[found[k - 1].end() : found[k].start()]), len(found)]
        for start, end in itertools.pairwise(gaps):
            size = STRETCH_WORDS
            if end - start >= size:
                follows = self._heads.get(hash(tuple(words[end - size : end - 1])), ())
                if any(word.startswith(words[end - 1]) for word in follows):
                    hit[end - size : end] = [True] * size
                before = self._tails.get(hash(tuple(words[start + 1 : start + size])), ())
                if any(word.endswith(words[start]) for word in before):
                    hit[start : start + size] = [True] * size
            for short in self._short:
                size = len(short)
                last = words[end - size : end]
                same = end - start >= size and last[:-1] == short[:-1] and short[-1].startswith(last[-1])
                if same and sum(map(len, last)) >= _LEAST_LETTERS:
                    hit[end - size : end] = [True] * size

    def value(self, value: Any) -> Any:
        """The same for JSON: every text in it, also JSON inside a text; what showed a forgotten passage shows the tombstone."""
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            cleaned = {key: item if key in _OUTSIDE else self.value(item) for key, item in value.items()}
            return without_passage(cleaned) if cleaned.get("passage") in self._passages else cleaned
        return value

    def _string(self, text: str) -> str:
        if text[:1] in "{[":
            try:
                inner = json.loads(text)
            except ValueError:
                return self.text(text)
            cleaned = self.value(inner)
            return text if cleaned == inner else json.dumps(cleaned, ensure_ascii=False)
        return self.text(text)


def _stretches(text: str) -> Iterator[tuple[str, ...]]:
    words = [word.casefold() for word in _WORD.findall(text)]
    return (tuple(words[at : at + STRETCH_WORDS]) for at in range(len(words) - STRETCH_WORDS + 1))


def without_passage(item: Mapping[str, Any]) -> dict[str, Any]:
    """A hit or a citation of a forgotten passage: that there was one stays, what it said does not."""
    empty = dict.fromkeys(("heading", "note", "via", "source"), "")
    gone = {"document": TOMBSTONE, "quote": TOMBSTONE, "label": None, **empty}
    return {key: gone.get(key, value) for key, value in item.items() if key not in ("span", "cut_chars")}


def tombstone(value: Any) -> Any:
    """A message's body with every text in it erased, its calls and their names apart."""
    if isinstance(value, str):
        if value[:1] == "{":
            try:
                return json.dumps(tombstone(json.loads(value)), ensure_ascii=False)
            except ValueError:
                return TOMBSTONE
        return TOMBSTONE if value else value
    if isinstance(value, list):
        return [tombstone(item) for item in value]
    if isinstance(value, dict):
        return {key: item if key in _OUTSIDE else tombstone(item) for key, item in value.items()}
    return value


def texts_of(value: Any) -> list[str]:
    """Every text that a message's body says, its calls' arguments taken apart."""
    if isinstance(value, str):
        if value[:1] == "{":
            try:
                return texts_of(json.loads(value))
            except ValueError:
                return [value]
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    if isinstance(value, dict):
        return [text for key, item in value.items() if key not in _OUTSIDE for text in texts_of(item)]
    return []
