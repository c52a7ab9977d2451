"""Analyses a question: weighted terms, names, identifiers and the kind of answer wanted."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cached_property

from workbench.core.text_cache import text_cache
from workbench.models.extractive.languages import FUNCTION_WORDS, QUESTION_WORDS, language_of
from workbench.models.extractive.names import names
from workbench.models.extractive.sentences import identifiers, rarity, stem, words
from workbench.text.dates import days

_WANTED = (
    (
        "date",
        r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:year|date|day|month|century|decade)\b|\bhow (?:early|late|recently)\b",
    ),
    (
        "number",
        r"\bhow (?:many|much|long|far|tall|high|deep|wide|old|large|big|heavy|fast|often|few|great)\b"
        r"|\bwhat (?:\w+ )?(?:number|percentage|percent|proportion|amount|population|price|cost|height|depth|length|weight|age|distance)\b",
    ),
    ("person", r"\bwho(?:m|se)?\b(?! (?:is|are|was|were|had|has|have)? ?\w+(?:ed|es|s)\b.*\bwh(?:at|ich|en|ere)\b)"),
    ("name", r"\bwhere\b|\bwhich\b|\bwhat (?:is|was) the name\b"),
)


_ASKED_FOR = re.compile(r"(?:\bwhat|^(?:\w+ )?which) ([^\W_]+)", re.IGNORECASE)
"""The noun that the answer is one of ("by what animal"): its kind is often unsaid where the answer stands."""


@dataclass(frozen=True)
class Term:
    """A content word of the question. `weight` is how much covering it tells; `name` when it belongs to a proper name, `told`
    when it only says what the name that follows it is (the diver Roper): it is not what is asked."""

    word: str
    stem: str
    weight: float
    name: bool
    told: bool = False


@dataclass(frozen=True)
class Question:
    """A question taken apart. `wanted` is date, number, person, name or any; `compared` are names set against each other."""

    text: str
    terms: tuple[Term, ...]
    names: tuple[str, ...]
    identifiers: tuple[str, ...]
    wanted: str
    compared: tuple[str, ...] = ()

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all terms."""
        return frozenset(term.stem for term in self.terms)

    @cached_property
    def weight(self) -> float:
        """What covering everything would weigh."""
        return sum(term.weight for term in self.terms) or 1.0


_DAY_WEIGHT = 1.4
"""A day tells as much as a name."""


@text_cache(256)
def analyse(text: str) -> Question:
    """Take a question apart."""
    own_names = names(text)
    name_words = {stem(word) for name in own_names for word in _parts(name)}
    told = {stem(part) for name in own_names for word in _descriptors(text, name) for part in _parts(word)}
    asked_for = {match.group(1).lower() for match in _ASKED_FOR.finditer(text)}
    terms: dict[str, Term] = {}
    undated = text
    for written, day in days(text):
        # A day is one term in whatever form a document writes it: the stems of a sentence hold its days in ISO form.
        terms[day] = Term(written, day, _DAY_WEIGHT, name=False)
        undated = undated.replace(written, " ")
    for word in (part for whole in words(undated) for part in _parts(whole)):
        base = stem(word)
        if word.lower() in FUNCTION_WORDS or base in terms or not base:
            continue
        is_name = base in name_words
        weight = max(rarity(word), 0.7) * 1.4 if is_name else rarity(word)
        if not is_name and (word.lower() in QUESTION_WORDS or word.lower() in asked_for):
            weight *= 0.3
        terms[base] = Term(word, base, weight, is_name, base in told and not is_name)
    compared = _compared(text, own_names)
    return Question(text, tuple(terms.values()), own_names, tuple(identifiers(text)), _wanted(text), compared)


def is_nested(text: str) -> bool:
    """Whether a question describes what it asks about by something else that must be found first ("the ship that …").

    Worded like that were, counted over whole sets, 88 % of the questions of MuSiQue and 73 % of HotpotQA, which need several
    passages, 16 % of nq-open and 30 % of XQuAD, which need one.
    """
    longest = _LONG_QUESTION if language_of(text).code == "en" else _LONG_ELSEWHERE
    return bool(_RELATIVE.match(text)) or len(_POSSESSIVE.findall(text)) > 1 or len(text.split()) >= longest


_RELATIVE = re.compile(
    r"\S+ .*?\b(?:who|whom|whose|which|that|where|when|dessen|deren|(?:der|die|das),? (?:die|der|das)|dont|cuy[ao]s?)\b",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"\b(?:of|by)\b|['’]s\b", re.IGNORECASE)
_LONG_QUESTION, _LONG_ELSEWHERE = 14, 20
"""A question of so many words in English, and in a language that takes more words to say the same."""


def _descriptors(text: str, name: str) -> list[str]:
    """The words between an article and a name: what the name is, not what is asked of it."""
    match = re.search(rf"\b(?:the|an?)\s+((?:[a-z][\w'’-]*\s+){{1,3}}){re.escape(name)}", text)
    found = match.group(1).split() if match else []
    return [] if any(word in FUNCTION_WORDS for word in found) else found


def _compared(text: str, own_names: tuple[str, ...]) -> tuple[str, ...]:
    """The names that a question sets against each other: joined by "or", or by "and" where it compares."""
    places = sorted((text.find(name), name) for name in own_names if not re.search(r" (?:and|or|&) ", name))
    for (start, first), (second_start, second) in itertools.pairwise(places):
        joined = _JOINED.fullmatch(text[start + len(first) : second_start])
        if joined and (joined.group(1) == "or" or _COMPARES.search(text)):
            return first, second
    return ()


_JOINED = re.compile(r"[,\s]*(or|and)\s+(?:(?:the|an?|his|her)\s+)?(?:[a-z][\w'’-]*\s+){0,3}")
_COMPARES = re.compile(
    r"\b(?:both|same|common|similar|alike|share|than|more|most|fewer|(?:earli|lat|old|young|larg|small|bigg|long|short|tall|high|low|fast|slow"
    r"|heavi|deep|near|clos|great)(?:er|est)|first|last)\b",
    re.IGNORECASE,
)


def _parts(word: str) -> list[str]:
    return [part for part in re.split(r"[\s\-/]+", word) if part]


def _wanted(text: str) -> str:
    """The kind of answer, from the first question word that says it."""
    lowered = text.lower()
    best, position = "any", len(lowered) + 1
    for kind, pattern in _WANTED:
        match = re.search(pattern, lowered)
        if match and match.start() < position:
            best, position = kind, match.start()
    return best


@text_cache(16_384)
def supplies(wanted: str, text: str, asked: frozenset[str]) -> bool:
    """Whether `text` holds a candidate answer of the wanted kind that the question did not already name."""
    if wanted == "date":
        return bool(re.search(r"\b1\d{3}\b|\b20\d\d\b|\b\d{1,2}(?:st|nd|rd|th)?\b", text)) or _has_month(text)
    if wanted == "number":
        return bool(re.search(r"\d", text)) or bool(_NUMBER_WORDS & set(text.lower().replace("-", " ").split()))
    if wanted in ("person", "name"):
        return any(not {stem(part) for part in _parts(name)} <= asked for name in names(text))
    return True


_NUMBER_WORDS = frozenset(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen half twice once pair""".split()
)
_MONTHS = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|christmas|easter|candlemas"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.IGNORECASE,
)


def _has_month(text: str) -> bool:
    return bool(_MONTHS.search(text))
