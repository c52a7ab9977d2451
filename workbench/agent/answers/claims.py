"""Takes a text of a person's own apart into sentences, and says which of them claim something that sources could bear out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.models.extractive.languages import ANAPHORS, FUNCTION_WORDS
from workbench.models.extractive.sentences import blocks, is_heading
from workbench.text.values import values

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_MARKS = re.compile(r"^\s*(?:#{1,6}\s+|[-*+•]\s+|\d{1,3}[.)]\s+|>\s*)+|\*\*|__|`")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_EMPHASIS = re.compile(r"(?<![\w*])[*_]([^*_\n]+)[*_](?![\w*])")
_FOOTNOTE = re.compile(r"\[\^?\d{1,3}\]|\[@[^\]]*\]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPACED = 0x2E80
_WISHES = re.compile(
    r"^(?:please|let us|let's|see|note that you|thanks?|thank you|dear|kind regards|best regards|yours|hello|hi)\b",
    re.IGNORECASE,
)
_OPINION = re.compile(
    r"^(?:i|we) (?:think|believe|feel|hope|suggest|recommend|wish|propose|would|should|wonder|suppose|guess)\b",
    re.IGNORECASE,
)
_LEAST_WORDS = 2


@dataclass(frozen=True)
class Claim:
    """A sentence of the text; `line` counts from 1; `why_not` says why it claims nothing, "" where it does."""

    text: str
    line: int
    why_not: str = ""


def claims(text: str) -> list[Claim]:
    """Every sentence of a text in order. Markdown's marks are left out; code is passed over as one piece."""
    return list(_claims(text))


def opens_with_pronoun(sentence: str) -> bool:
    """Whether a sentence is understood only with the one before it."""
    word = _WORD.search(sentence)
    return word is not None and word[0].lower() in ANAPHORS


def _claims(text: str) -> Iterator[Claim]:
    lines = text.split("\n")
    start, held, code = 0, list[str](), False
    for at, line in enumerate([*lines, ""]):
        fence = bool(_FENCE.match(line))
        if fence or code:
            yield from _of_paragraph(held, start)
            held = []
            if fence and not code and at < len(lines):
                yield Claim(line.strip(), at + 1, "code")
            code = code != fence
        elif not line.strip():
            yield from _of_paragraph(held, start)
            held = []
        else:
            start = at if not held else start
            held.append(line)


def _of_paragraph(lines: list[str], start: int) -> Iterator[Claim]:
    if not lines:
        return
    offset = 0
    flat = [" ".join(_plain(line).split()) for line in lines]
    for block in blocks("\n".join(lines)):
        for sentence in block:
            shown = " ".join(_plain(sentence).split())
            if not shown:
                continue
            opening = shown[:24]
            offset = next(
                (at for at in range(offset, len(flat)) if opening[: len(flat[at])] in flat[at] and flat[at]), offset
            )
            yield Claim(shown, start + offset + 1, _why_not(sentence, shown))


def _plain(sentence: str) -> str:
    return _FOOTNOTE.sub("", _EMPHASIS.sub(r"\1", _LINK.sub(r"\1", _MARKS.sub("", sentence)))).strip()


def _why_not(written: str, shown: str) -> str:
    """Why a sentence claims nothing; "" where it claims something."""
    if written.lstrip().startswith("#"):
        return "a heading"
    if shown.endswith(("?", "？")):
        return "a question"
    if not set(shown) - set("|-: "):
        return "the line of a table"
    if any(ord(letter) >= _UNSPACED for letter in shown):
        return ""
    telling = [word for word in _WORD.findall(shown) if word.lower() not in FUNCTION_WORDS]
    if len(telling) + len(values(shown)) < _LEAST_WORDS:
        return "too short"
    if _WISHES.match(shown) or _OPINION.match(shown):
        return "an opinion or a wish"
    if not shown.startswith("|") and shown[-1] not in ".!。！" and (shown.endswith(":") or is_heading(shown)):
        return "a heading"
    return ""
