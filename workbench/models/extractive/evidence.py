"""Evidence: sentences in sight and in the notes, with their coverage of the question and their likeness to it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from workbench.api.results import Hit
from workbench.models.extractive.languages import ANAPHORS, FUNCTION_WORDS
from workbench.models.extractive.names import names
from workbench.models.extractive.prompt_parser import Note
from workbench.models.extractive.question import Question
from workbench.models.extractive.sentences import blocks, is_heading, rarity, stem, stems, words

Score = Callable[[str, Sequence[str]], Sequence[float]]
"""score(query, texts): the likeness in meaning of each text to the query, -1 to 1, the same every time."""

_FIGURE = re.compile(r"(?<![\d.,-])(?!1[5-9]\d\d\b|20\d\d\b)\d{3,}(?![\d.,%-])")
"""Numbers that may stand for a thing (bag 316), years left out."""

_ISO_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?")
_TINY_PASSAGES = 16
"""In an archive of so few passages a name that half of them share is still a name: it counts as one of this size."""

QUOTE_CHARS = 320
"""How long a quote may grow by taking a scrap of a sentence with it."""

NEAR = 0.6
"""What a word counts that stands beside the sentence (title, heading, the sentence before) and not in it."""


QUOTED = 0.85
"""What a line counts that a mail quotes ("> …"): it is older, and what stands above it may take it back."""

NEAR_NAME = 0.85
"""The same for a word of a name: prose goes on with "she" where a name has been said."""


@dataclass(frozen=True)
class Unit:
    """A sentence that may be quoted. `before` is the sentence before it, `title` its document and headings as words.

    `entry` is the date or number that its paragraph opens with: in a log or a list it belongs to every sentence.
    """

    handle: str
    document: str
    document_page: int
    text: str
    before: str
    title: str
    entry: str = ""

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes two quotes the same: the text on its page."""
        return self.document, self.document_page, self.text

    @cached_property
    def stems(self) -> frozenset[str]:
        return stems(self.text)

    @cached_property
    def dates(self) -> frozenset[str]:
        """Days and months in ISO form among the stems: two sentences of one month do not belong together for that."""
        return frozenset(stem for stem in self.stems | self.near if _ISO_DATE.fullmatch(stem))

    @cached_property
    def near(self) -> frozenset[str]:
        """Stems that surround the sentence: a pronoun's name is usually among them."""
        return stems(self.title) | stems(self.entry) | (stems(self.before) if self.leans else frozenset())

    @cached_property
    def leans(self) -> bool:
        """Whether the sentence needs the one before it: it opens with, or has early, a word that points back."""
        opening = words(self.text)[:9]
        if ANAPHORS & {word.lower() for word in opening}:
            return True
        return opening[:1] == ["The"] and any(stem(word) in stems(self.before) for word in opening[1:4])

    @cached_property
    def named(self) -> frozenset[str]:
        """Stems of the words of proper names in the sentence."""
        return name_stems(self.text)

    @cached_property
    def embedded(self) -> str:
        """The text whose meaning is compared: with the sentence before when it leans on it."""
        lead = self.before if self.leans and self.before else ""
        title = self.title if not lead or len(self.title) < 60 else ""
        return " ".join(part for part in (f"{title}:" if title else "", lead, self.text) if part)


def name_stems(text: str) -> frozenset[str]:
    """The stems of the words of the proper names in `text`."""
    return frozenset(
        stem(part)
        for name in names(text)
        for part in re.split(r"[\s\-/]+", name)
        if part and part.lower() not in FUNCTION_WORDS and len(part) > 1
    ) | frozenset(figures(text))


def figures(text: str) -> list[str]:
    """The numbers of `text` that may stand for a thing."""
    return list(dict.fromkeys(_FIGURE.findall(text)))


def title_words(document: str, heading: str) -> str:
    """A document's name and headings as words: `harbour-survey.pdf` reads "harbour survey"."""
    name = re.sub(r"\.[A-Za-z]{1,5}$", "", document.rsplit("/", 1)[-1])
    name = re.sub(r"[_\-]+", " ", name)
    return f"{name} > {heading}" if heading else name


def units(passages: Mapping[str, Hit], notes: Sequence[Note]) -> list[Unit]:
    """All sentences in sight, then the notes whose passage has been evicted."""
    found: dict[tuple[str, int, str], Unit] = {}
    for passage in passages.values():
        title = title_words(passage.document, passage.heading)
        before = ""
        for sentence, entry in _telling(blocks(passage.text)):
            unit = Unit(passage.handle, passage.document, passage.page, sentence, before, title, entry)
            found.setdefault(unit.key, unit)
            before = sentence
    for note in notes:
        unit = Unit(note.handle, note.document, note.document_page, note.quote, "", title_words(note.document, ""))
        found.setdefault(unit.key, unit)
    return list(found.values())


def _telling(paragraphs: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Sentences that can stand as quotes, with their paragraph's entry: headings go, scraps go with their neighbours."""
    telling: list[tuple[str, str]] = []
    label, joins = "", False
    for paragraph in paragraphs:
        opening = paragraph[0][:24] if paragraph else ""
        entry = opening if len(paragraph) > 1 and any(c.isdigit() for c in opening) else ""
        for sentence in paragraph:
            if sentence.startswith("#") or is_heading(sentence):
                label, joins = "", False
                continue
            if not any(c.islower() for c in sentence) and len(sentence) < 60 and not label and sentence[-1] in ".:":
                label = sentence
                continue
            whole, label = f"{label} {sentence}".strip(), ""
            if joins and len(stems(whole)) < 3 and whole[0] != "|" and len(telling[-1][0]) + len(whole) < QUOTE_CHARS:
                telling[-1] = (f"{telling[-1][0]} {whole}", telling[-1][1])
            else:
                telling.append((whole, entry))
                joins = True
    return telling


class Evidence:
    """The units of one request against one question: coverage of its terms, likeness to it, and links between units."""

    def __init__(self, question: Question, found: Sequence[Unit], score: Score, archive_passages: int = 0) -> None:
        self.question, self.units, self._score = question, list(found), score
        likeness = score(question.text, [u.embedded for u in self.units]) if self.units else []
        self.likeness = [like * _weight(u) for like, u in zip(likeness, self.units, strict=True)]
        passages = {(u.document, u.document_page, u.handle): set[str]() for u in self.units}
        for u in self.units:
            passages[u.document, u.document_page, u.handle] |= u.stems | u.near
        self._df = Counter(stem for seen in passages.values() for stem in seen)
        tiny = 0 < archive_passages <= _TINY_PASSAGES
        self._passages = max(_TINY_PASSAGES if tiny else 1, len(passages))
        self._rare: dict[str, float] = {}
        self._links: dict[tuple[int, int], float] = {}
        self.cover = [self._cover(u) for u in self.units]

    def _cover(self, unit: Unit) -> dict[str, float]:
        """How well the unit covers each term of the question, 0 to 1."""
        covered = {}
        for term in self.question.terms:
            if term.stem in unit.stems:
                covered[term.stem] = 1.0
            elif term.stem in unit.near:
                covered[term.stem] = NEAR_NAME if term.name else NEAR
            elif len(term.stem) >= 4 and (akin := kin(term.stem, unit.stems)):
                covered[term.stem] = akin
        weight = _weight(unit)
        return covered if weight == 1.0 else {term: share * weight for term, share in covered.items()}

    def rare(self, stem: str) -> float:
        """How much sharing this stem tells: rare in the language, and in few of the passages in sight."""
        known = self._rare.get(stem)
        if known is None:
            few = math.log((1 + self._passages) / (0.5 + self._df[stem])) / math.log(1 + self._passages)
            known = self._rare[stem] = rarity(stem) * min(1.0, max(0.15, few))
        return known

    def like(self, query: str) -> list[float]:
        """The likeness of every unit to another query."""
        return list(self._score(query, [u.embedded for u in self.units])) if query.strip() else [0.0] * len(self.units)

    def alike(self, word: str, others: Sequence[str]) -> Sequence[float]:
        """The likeness in meaning of each of the other words to a word."""
        return self._score(word, others)

    def linked(self, left: int, right: int) -> float:
        """The link of two units by their numbers, worked out once."""
        known = self._links.get((left, right))
        if known is None:
            known = self._links[left, right] = self.link(self.units[left], self.units[right])
        return known

    def link(self, left: Unit, right: Unit) -> float:
        """How strongly two units belong together, 0 to 1: by a name, or rare words, that the question does not hold."""
        asked = self.question.stems | left.dates | right.dates
        near = 0.4 if left.handle != right.handle else 0.3
        own = (left.named & right.stems) | (right.named & left.stems)
        around = ((left.named & right.near) | (right.named & left.near)) - own
        strength = sum(self.rare(s) ** 2 for s in own - asked) + near * sum(self.rare(s) ** 2 for s in around - asked)
        strength += 0.3 * sum(self.rare(s) ** 2 for s in (left.stems & right.stems) - own - asked if rarity(s) > 0.7)
        strength += 0.1 * sum(self.rare(s) ** 2 for s in (own | around) & asked)
        return min(1.0, 1.6 * strength)


def _weight(unit: Unit) -> float:
    """Of two lines of a mail that say the same, what its writer says now goes before what it quotes."""
    return QUOTED if unit.text.startswith(">") else 1.0


def kin(wanted: str, there: frozenset[str]) -> float:
    """0.8 when a word there begins like the wanted one for all but its ending (beacon, beaconless), else 0."""
    for other in there:
        common = 0
        for a, b in zip(wanted, other, strict=False):
            if a != b:
                break
            common += 1
        if common >= 4 and common >= 0.66 * max(len(wanted), len(other)):
            return 0.8
    return 0.0
