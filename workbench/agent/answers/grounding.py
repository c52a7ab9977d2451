"""Decides how far an answer rests on verified quotes, and names the sentences that do not.

A quote supports a sentence of its paragraph only when the sentence says something that stands near the quote on its page: a
true quote beside a false sentence would else make it look checked. The test compares words and numbers, so it finds a claim
about something else, not a claim that twists what the page says; people see the quote beside the claim for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.agent.answers.citations import Support
from workbench.text.analyzer import content_words
from workbench.text.stemming import stem

GROUNDED, PARTLY, NOT_GROUNDED = "grounded", "partly", "not grounded"

_ITEM = re.compile(r"\s*(?:[-*+•–]|\(?\d{1,3}[.)]|[a-z][.)])\s+|\s*\|")
_QUOTE_BLOCK = re.compile(r"\s*>")
_HEADING = re.compile(r"\s*#{1,6}\s|\s*(?:\*\*[^*]+\*\*|__[^_]+__)\s*:?\s*$")
_WORD = re.compile(r"[^\W\d_]{2,}|[^\W\d_]")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_LEAST_WORDS = 2

_SENTENCE_END = re.compile(
    r"(?<=[^\W\d_]{3})[.!?]+[\"'”’»)\]*_]*\s+(?=[\W_]*[^\Wa-z])|(?<=[\d)\]\"”»])[.!?]+\s+|(?<=\x00)\s+(?=[^\Wa-z])|[。！？]+"
)
"""Where a sentence ends: behind a stop, or behind a quote (\\x00) before a capital; not behind "Mr." or "p."."""

_HANDLE = re.compile(r"[\[(]\s*#?[a-z]{0,3}\d{1,3}(?:\s*[,;]\s*#?[a-z]{0,3}\d{1,3})*\s*[\])]", re.IGNORECASE)
_PLACE = re.compile(r"\b(?:pages?|pp?\.|document_page|line|section|§)\s*\d+(?:\s*[-–]\s*\d+)?", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d+)*")
_AROUND = ' \n\t"“”„«»「」'
_NEAR_SHARE = 0.4
"""More than this share of a sentence's words must stand near its quotes: a paraphrase keeps names, numbers and most nouns,
and two names alone in a sentence of five words are too little."""
_PREFIX, _LEAST_LETTERS = 5, 4

_NUMBER_WORDS = {
    word: str(number)
    for number, words in enumerate(
        "zero null cero|one eins ein eine un une uno una|two zwei deux dos|three drei trois tres|four vier quatre cuatro|"
        "five fünf cinq cinco|six sechs seis|seven sieben sept siete|eight acht huit ocho|nine neun neuf nueve|"
        "ten zehn dix diez|eleven elf onze once|twelve zwölf douze doce".split("|")
    )
    for word in words.split()
}
_OF_ANSWERS = frozenset(
    "answer answers yes no document documents text page pages passage says said say states stated according therefore thus "
    "hence quote quotes found find source sources follows following means mentioned shown shows gives given see here also "
    "antwort dokument seite laut réponse document page selon respuesta documento página según".split()
)
"""Words that answers use to speak of what they quote; they claim nothing of their own."""


@dataclass(frozen=True)
class Grounding:
    """`state` is grounded, partly or not grounded; `unquoted` are lines, from 1, with a claim that rests on no quote.

    `sentences` are those claims word for word. `claims` is how many lines claim something, `bare` how many of them stand in
    a paragraph without any verified quote. A line is a claim unless it is a heading, a lead-in that ends with a colon, a
    question, or code; a quote supports the paragraph or the item of a list that it stands in.
    """

    state: str
    unquoted: tuple[int, ...]
    claims: int
    sentences: tuple[str, ...] = ()
    bare: int = 0


def grounding(
    text: str, supports: Sequence[Support], false_quotes: int, *, abstains: bool, question: str = ""
) -> Grounding:
    """The state of an answer. `supports` are its verified quotes; an answer that says that the documents do not say claims
    nothing. Words of the `question` do not count as what a sentence says, unless it says nothing else.
    """
    claims: list[int] = []
    unquoted: list[int] = []
    sentences: list[str] = []
    bare = 0
    asked = _terms(question)
    for unit in _units(text):
        start, end = unit[0][1], unit[-1][1] + len(unit[-1][2])
        held = [item for item in supports if item.start < end and start < item.end]
        lines = [number for number, _, line in unit if _claims(line)]
        claims += lines
        if not held:
            bare += len(lines)
            unquoted += lines
            sentences += [line.strip() for _, _, line in unit if _claims(line)]
            continue
        lacking = list(_unsupported(text, unit, held, asked))
        sentences += [" ".join(text[first:last].split()) for first, last in lacking]
        unquoted += [
            number
            for number, at, line in unit
            if number in lines and any(first < at + len(line) and at < last for first, last in lacking)
        ]
    if not supports:
        if abstains:
            return Grounding(NOT_GROUNDED, (), len(claims))
        return Grounding(NOT_GROUNDED, tuple(unquoted), len(claims), tuple(sentences), bare)
    state = PARTLY if unquoted or false_quotes else GROUNDED
    return Grounding(state, tuple(unquoted), len(claims), tuple(sentences), bare)


def _unsupported(
    text: str, unit: Sequence[tuple[int, int, str]], held: Sequence[Support], asked: frozenset[str]
) -> Iterator[tuple[int, int]]:
    """Where the sentences of a paragraph stand that say something which is not near its quotes."""
    start, end = unit[0][1], unit[-1][1] + len(unit[-1][2])
    masked = list(text)
    for item in held:
        for at in range(item.start, min(item.end, len(masked))):
            # One letter for what is quoted: a full stop inside a quote ends no sentence.
            masked[at] = "\x00" if text[at] != "\n" else "\n"
    for _, at, line in unit:
        skipped = len(line) if not _claims(line) else (match.end() if (match := _ITEM.match(line)) else 0)
        masked[at : at + skipped] = " " * skipped
    whole = "".join(masked)
    near = frozenset[str]().union(*(_terms(item.near) for item in held))
    for first, last in _sentences(whole, start, end):
        said = whole[first:last].replace("\x00", " ").strip(_AROUND)
        if _claims(said) and not _is_near(said, near, asked):
            yield first, last


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for match in _SENTENCE_END.finditer(text, start, end):
        yield at, match.end()
        at = match.end()
    if text[at:end].strip():
        yield at, end


def _is_near(said: str, near: frozenset[str], asked: frozenset[str]) -> bool:
    plain = _PLACE.sub(" ", _HANDLE.sub(" ", said))
    words = _terms(plain)
    new = words - asked
    stated = _numbers(plain)
    if stated - near - (asked if new else frozenset()):
        return False  # a figure that does not stand there
    weighed = new or words
    if not weighed:
        return True
    prefixes = {word[:_PREFIX] for word in near if len(word) >= _PREFIX}
    held = sum(word in near or (len(word) >= _PREFIX and word[:_PREFIX] in prefixes) for word in weighed)
    return held > _NEAR_SHARE * len(weighed)


def _terms(text: str) -> frozenset[str]:
    """What a text says, word by word: stems, numbers in digits, pairs of characters where words have no spaces."""
    terms = set(_numbers(text))
    for word in content_words(text):
        if word in _OF_ANSWERS or any(map(str.isdigit, word)):
            continue
        if word in _NUMBER_WORDS:
            terms.add(_NUMBER_WORDS[word])
        elif len(word) >= _LEAST_LETTERS or any(ord(letter) > 0x2E80 for letter in word):
            terms.add(stem(word))
    return frozenset(terms)


def _numbers(text: str) -> frozenset[str]:
    return frozenset(re.sub(r"[^\d]", "", match) for match in _NUMBER.findall(text))


def _units(text: str) -> Iterator[list[tuple[int, int, str]]]:
    """Paragraphs and items of lists as lines (number, start, text); a block of quotation belongs to what stands before it."""
    unit: list[tuple[int, int, str]] = []
    at, gap, code = 0, False, False
    for number, line in enumerate(text.split("\n"), 1):
        start, at = at, at + len(line) + 1
        if _FENCE.match(line):
            code = not code
        elif code or not line.strip():
            gap = True
        else:
            joined = unit and (
                _QUOTE_BLOCK.match(line) or not (gap or _ITEM.match(line) or _HEADING.match(unit[-1][2]))
            )
            if not joined and unit:
                yield unit
                unit = []
            unit.append((number, start, line))
            gap = False
    if unit:
        yield unit


def _claims(line: str) -> bool:
    plain = line.strip().rstrip("*_ ")
    if _HEADING.match(line) or plain.endswith((":", "?", "：", "？")):
        return False
    # A word is a word in any script; where words have no spaces, a few characters are enough.
    return len(_WORD.findall(plain)) >= _LEAST_WORDS or any(ord(letter) > 0x2E80 for letter in plain)
