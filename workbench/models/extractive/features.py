"""Describes each sentence in sight by numbers that say how likely it answers the question: the input of the answer scorer.

Features that hold in any language come first (likeness in meaning, shared words and characters, position); those that
need word classes (the kind of answer asked for) fall back to "other" where a language has none here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from workbench.api.results import Hit
from workbench.core.text_cache import text_cache
from workbench.models.extractive.evidence import Score, title_words
from workbench.models.extractive.languages import KINDS, Language, kind_of, language_of, negated
from workbench.models.extractive.measures import counted, counts, gives, measure_of
from workbench.models.extractive.sentences import blocks, is_heading, opens_entry, rarity, stem
from workbench.text.dates import days, with_iso_days
from workbench.text.list_items import bare_item, items_above
from workbench.text.stemming import snowball

Array = np.ndarray[Any, Any]

FEATURES_VERSION = 2
"""Changes whenever a feature is computed otherwise: a scorer is only valid for the version it was fitted with."""

_WORD = re.compile(r"[^\W_]+(?:['’.,\-/][^\W_]+)*")
_CJK_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_YEAR = re.compile(r"(?<!\d)(?:1\d{3}|20\d\d)(?!\d)")
_DIGIT = re.compile(r"\d")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CJK_NUMERAL = re.compile(
    r"[一二三四五六七八九十百千万亿億两兩]+(?=[个個人年月日天岁歳名次种種条家元円米公里分时時间間%％倍本台小])"
)
_MONTH = re.compile(
    r"\b(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|février|mar(?:ch|zo|s)|märz|apr(?:il)?|avril|abril|may|mai|mayo|june?|juni|juin|junio|july?|juli|"
    r"juillet|julio|aug(?:ust)?|août|agosto|sep(?:t(?:ember|embre)?|tiembre)|o[ck]t(?:ober|obre|ubre)?|nov(?:ember|embre|iembre)?|de[czs](?:ember|embre|iembre)?|"
    r"enero|febrero|monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|"
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo|christmas|easter)\b|[年月日]",
    re.IGNORECASE,
)
_NUMBER_WORDS = frozenset(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen half twice once
    zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig vierzig fünfzig hundert tausend million millionen
    milliarde milliarden deux trois quatre cinq sept huit neuf dix onze douze vingt trente cent mille millions milliard
    dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta cien ciento mil millón millones""".split()
)
_BECAUSE = re.compile(
    r"\b(?:because|since|due to|so that|in order to|as a result|caused|reason|therefore|weil|da|wegen|damit|deshalb|aufgrund|"
    r"parce que|car|afin|à cause|porque|debido|para que|por eso|ya que)\b|因为|由于|所以|因此|ため|から|ので",
    re.IGNORECASE,
)
_IS = re.compile(
    r"\b(?:is|are|was|were|means|ist|sind|war|bedeutet|est|sont|était|es|son|era)\b|是|とは|である", re.IGNORECASE
)
_LEADS_NOWHERE = re.compile(r"(?:(?:\.\s?){4,}|…{2,}|·{4,})$")
_SOFT = 0.75
"""What a word counts that shares all but its ending, or most of its characters, with a word of the question."""

NAMES: tuple[str, ...] = (
    "like_context", "like_own", "like_window", "like_passage", "like_context_gap", "like_own_gap", "like_passage_gap",
    "like_rank", "cover_own", "cover_near", "cover_passage", "cover_title", "cover_section", "cover_next", "cover_own_gap",
    "cover_near_gap", "cover_local", "missing_most", "missing_passage", "pairs", "characters", "span", "density", "words",
    "fresh_words", "names_own", "names_near", "names_asked", "kind_met", "kind_near", "fresh_number", "fresh_year", "month",
    "fresh_names", "because", "is", "negation", "first", "position", "passage_rank", "passage_sentences", "is_question",
    "is_row", "colon", "upper", "spaced", "nouns", "english", "terms", "candidates",
    *(f"asks_{kind}" for kind in KINDS),
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A sentence, or a row of a table, with what stands around it; `rank` is its passage's place in the results, from 0.

    `section` is the heading it stands under inside its passage; `title` its document's name and path of headings.
    """

    handle: str
    document: str
    document_page: int
    text: str
    before: str
    after: str
    section: str
    title: str
    position: int
    sentences: int
    rank: int
    passage: str
    joins_next: bool = False
    """Whether the next sentence follows in the same paragraph, with nothing between them."""

    opens_section: bool = False
    """Whether it is a whole sentence right below a heading."""

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes two quotes the same: the text on its page."""
        return self.document, self.document_page, self.text

    @property
    def in_context(self) -> str:
        """The sentence with its title and the sentence before it."""
        head = " ".join(part for part in (self.title[-80:], self.section) if part)
        return f"{head}: {self.before[-240:]} {self.text}".strip()

    @property
    def window(self) -> str:
        """The sentence between its neighbours."""
        return " ".join(part for part in (self.before, self.text, self.after) if part)


def candidates(passages: Mapping[str, Hit], ranks: Mapping[str, int]) -> list[Candidate]:
    """Every sentence of the passages that may be quoted; headings go with what stands under them."""
    found: dict[tuple[str, int, str], Candidate] = {}
    for handle, passage in passages.items():
        title = title_words(passage.document, passage.heading)
        pieces = _pieces(passage.text)
        for at, (text, section, joins) in enumerate(pieces):
            opens = bool(section) and (not at or pieces[at - 1][1] != section) and _is_said(text, section)
            one = Candidate(
                handle, passage.document, passage.page, text,
                _said_before(pieces, at), pieces[at + 1][0] if at + 1 < len(pieces) else "",
                section, title, at, len(pieces), ranks.get(handle, 9), passage.text, joins, opens,
            )  # fmt: skip
            found.setdefault(one.key, one)
    return list(found.values())


def _said_before(pieces: Sequence[tuple[str, str, bool]], at: int) -> str:
    """The sentence before; where a sentence opens with a pronoun, back to the one that says who is meant, within its paragraph."""
    if not at:
        return ""
    first = at - 1
    while (
        first
        and at - first < _BACK
        and pieces[first - 1][2]
        and pieces[first][2]
        and _POINTS_BACK.match(pieces[first][0])
    ):
        first -= 1
    return " ".join(text for text, _, _ in pieces[first:at]) if _POINTS_BACK.match(pieces[at][0]) else pieces[at - 1][0]


_BACK = 5
_POINTS_BACK = re.compile(
    r"\W*(?:(?:he|she|it|they|his|her|its|their|hers|theirs|this|these|er|sie|es|sein(?:e[nrms]?)?|ihr(?:e[nrms]?)?|diese[rnms]?|il|elle|ils|elles"
    r"|son|sa|ses|leurs?|él|ella|ellos|ellas|su|sus|este|esta)\b|[他她它其该彼]|それ|その)",
    re.IGNORECASE,
)
"""A sentence that opens so tells of someone or something named before it."""


def points_back(text: str) -> bool:
    """Whether a sentence tells of someone or something that only a sentence before it names: "Since 2009, he has been the coach"."""
    if _POINTS_BACK.match(text):
        return True
    for word in text.split()[:_OPENING_WORDS]:
        if word.strip(",;").lower() in _PERSONAL:
            return True
        if word[:1].isupper() and not text.startswith(word) and not _MONTH.match(word):
            return False
    return False


_OPENING_WORDS = 7
_PERSONAL = frozenset("he she they er il elle ils elles".split())
"""Pronouns that follow an opening of a few words. "It" is left out: it mostly stands for what comes after it ("In 2009 it was said …")."""

_SAID_WORDS = 5


def _is_said(text: str, section: str) -> bool:
    """Whether a text is a sentence and what it stands under a heading, not the label of an empty field."""
    return text[-1:] in tuple(".!?。！？") and len(text.split()) >= _SAID_WORDS and not section.endswith(":")


def _pieces(text: str) -> list[tuple[str, str, bool]]:
    """The sentences and rows of a passage, each with the heading right above its paragraph, and whether the next piece belongs to
    the same paragraph. A label that ends with a colon belongs to the next line only: in a form left blank it names nothing
    else."""
    pieces: list[tuple[str, str, bool]] = []
    section, held = "", ""
    given = text.splitlines()
    under = {
        " ".join(line.split()): item[-_ITEM_CHARS:]
        for line, item in zip(given, items_above(given), strict=True)
        if item
    }
    paragraphs = blocks(text)
    lines = [" ".join(paragraph) for paragraph in paragraphs]
    for number, paragraph in enumerate(paragraphs):
        above = lines[number - 1] if number else ""
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if heading := _numbered_heading(lines[number], above, below) or _plain_heading(lines[number], above, below):
            held = section = heading
            continue
        entry, sentences = _with_entry(paragraph)
        if item := under.get(lines[number], ""):
            if (
                pieces
                and pieces[-1][0] == above
                and bare_item(above)[-_ITEM_CHARS:] == item
                and not _is_said(above, "")
            ):
                # Right under the item above it: the two say something together, that one nothing by itself.
                pieces.pop()
                sentences = [f"{above} {sentences[0]}", *sentences[1:]]
            pieces.extend((sentence, item, at + 1 < len(sentences)) for at, sentence in enumerate(sentences))
            continue
        for at, sentence in enumerate(sentences):
            bare = sentence.strip("#*_ ")
            if not at and len(paragraph) == 1 and (sentence.startswith("#") or is_heading(sentence)):
                held = bare if bare.endswith(":") else f"{held} {bare}".strip() if not held.endswith(":") else bare
                section = held[-120:]
                if len(bare.split()) >= _TELLING_WORDS and not sentence.startswith("#") and not bare.isupper():
                    # A line of a title page ("Kept by Magnus Eider, Principal Keeper") heads what follows and says something.
                    pieces.append((sentence, "", False))
                continue
            if len(bare) < 2 or _LEADS_NOWHERE.search(bare):
                continue
            dated = f"{section} {entry}".strip() if entry and at else section
            pieces.append((sentence, dated, at + 1 < len(sentences)))
            held = ""
            if section.endswith(":"):
                section = ""
    return pieces


_ITEM_CHARS = 120
"""So much of an item stands over those under it, from its end."""


_NUMBERED = re.compile(r"(?:§\s?)?\d{1,2}(?:\.\d{1,2}){0,3}[.)]?\s+(?=[^\W\d_])")
_HEADING_WORDS = 9


def _numbered_heading(line: str, before: str, following: str) -> str:
    """What a numbered heading ("4. Loss of the card") says; "" where a line is none.

    A line like it right below, or one numbered as deep right above, makes it an item of a list, or of a table of contents. (The
    sets fitted on hold no such line.)
    """
    match, above = _NUMBERED.match(line), _NUMBERED.match(before)
    if not match or not following or _NUMBERED.match(following):
        return ""
    if above and above.group().strip(" .)").count(".") == match.group().strip(" .)").count("."):
        return ""
    title = line[match.end() :]
    telling = title[:1].isupper() and title[-1:].isalpha() and len(title.split()) <= _HEADING_WORDS
    return title if telling and not any(map(str.isdigit, title)) else ""


def _plain_heading(line: str, above: str, below: str) -> str:
    """A short line in small letters ("Cancelling a booking") between paragraphs, above a sentence; "" where a line is none."""
    words = line.split()
    short = 1 < len(words) <= _PLAIN_HEADING_WORDS and line[0].isupper() and line[-1].isalpha()
    if not short or any(map(str.isdigit, line)) or "|" in line or ": " in line or not _is_said(below, ""):
        return ""
    return line if not above or above[-1] in ".!?。！？" or above[-1].isdigit() else ""


_PLAIN_HEADING_WORDS = 6


_TELLING_WORDS = 4
"""A heading of so many words may itself be an answer."""


def _with_entry(paragraph: Sequence[str]) -> tuple[str, list[str]]:
    """The date that opens a paragraph, as in a log, "" where none does, and its sentences.

    A bare date goes with what stands behind it, scraps ("Fog. Oil 30.") included, up to the first sentence that says something.
    """
    first = paragraph[0]
    entry = opens_entry(first)
    bare = re.sub(r"[\W\d_]+|(?<=\d)(?:st|nd|rd|th)\b", " ", _MONTH.sub(" ", first)).split()
    alone = (
        len(first) < _ENTRY_CHARS
        and bool(_DIGIT.search(first))
        and len(bare) <= 1
        and all(len(one) <= 3 for one in bare)
    )
    if len(paragraph) == 1 or not (entry or alone):
        return "", list(paragraph)
    entry = entry or first.strip("*_ ")
    joined, rest = first, list(paragraph[1:])
    while (
        rest and len(joined.replace(entry, "").split()) < _TELLING_WORDS and len(joined) + len(rest[0]) < _LONGEST_ENTRY
    ):
        joined = f"{joined} {rest.pop(0)}"
    return entry, [joined, *rest]


_LONGEST_ENTRY = 300
_ENTRY_CHARS = 40


@text_cache(32_768)
def grams(text: str) -> frozenset[str]:
    """The three-character runs of a text's words, two-character ones where words are not set apart."""
    found: set[str] = set()
    for word in _WORD.findall(text.lower()):
        if _CJK_RUN.search(word):
            found.update(word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif len(word) >= 3:
            padded = f" {word} "
            found.update(padded[at : at + 3] for at in range(len(padded) - 2))
    return frozenset(found)


@text_cache(65_536)
def root(word: str, stemmer: str) -> str:
    """The stem of a word by its language's Snowball algorithm; the word in small letters where there is none."""
    if stemmer == "english":
        return stem(word)
    lowered = word.lower().replace("’", "'")
    if not stemmer or not lowered.isalpha():
        return lowered
    return snowball(stemmer, lowered)


@text_cache(32_768)
def roots(text: str, code: str) -> tuple[str, ...]:
    """The stems of a text's content words in order; of a run of Chinese or Japanese its pairs of characters."""
    from workbench.models.extractive.languages import LANGUAGES

    language = LANGUAGES.get(code)
    stemmer = language.stemmer if language else ""
    skipped = language.function_words if language else frozenset()
    found: list[str] = []
    for whole in _WORD.findall(text):
        if _CJK_RUN.search(whole):
            for run in re.split(_function_pattern(code), whole) if skipped else [whole]:
                found.extend(run[at : at + 2] for at in range(len(run) - 1)) if len(run) > 1 else found.append(run)
            continue
        if _ISO_DAY.fullmatch(whole):
            found.append(whole)
            continue
        word = re.sub(r"['’]s$", "", whole).strip(".,")
        for part in re.split(r"[-/]|(?<=[lLdDnNsSqQ])['’](?=\w)|(?<=\d)\.(?=\d{4}$)", word):
            if part and part.lower() not in skipped:
                found.append(root(part, stemmer))
    return tuple(one for one in found if one)


@text_cache(16)
def _function_pattern(code: str) -> re.Pattern[str]:
    from workbench.models.extractive.languages import LANGUAGES

    longest_first = sorted(LANGUAGES[code].function_words, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, longest_first)))


class Asked:
    """A question as the features need it: its language, its weighted terms, its names and the kind of answer it asks for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.language: Language = language_of(text)
        self.kind = kind_of(text)
        self.dated = bool(days(text))
        """Whether it names a day: a day is one term, in whatever form it is written."""

        self.measures = measure_of(text)
        self.counted = root(counted(text), self.language.stemmer)
        plain = with_iso_days(text) if self.dated else text
        self.ordered = roots(plain, self.language.code)
        surface = {root(word.strip(".,"), self.language.stemmer): word for word in _WORD.findall(plain)}
        written = {day: form for form, day in days(text)} if self.dated else {}
        self.surface = {
            term: written.get(term, surface[term]) for term in dict.fromkeys(self.ordered) if term in surface
        }
        self.weights = {term: _weight(term, surface.get(term, term)) for term in dict.fromkeys(self.ordered)}
        self.total = sum(self.weights.values()) or 1.0
        self.characters = frozenset().union(*(grams(surface.get(term, term)) for term in self.weights))
        self.names = frozenset(
            root(word, self.language.stemmer)
            for word in _capitals(text, self.language)
            if root(word, self.language.stemmer) in self.weights
        )
        self.numbers = frozenset(re.findall(r"\d+", text))
        self.denies = negated(text, self.language)

    @cached_property
    def terms(self) -> frozenset[str]:
        """All terms."""
        return frozenset(self.weights)


def _weight(term: str, surface: str) -> float:
    if _ISO_DAY.fullmatch(term):
        return _DAY_WEIGHT
    if surface.lower() in _HAPPENS:
        return _HAPPENS_WEIGHT
    if surface.lower() in _RULES:
        return _RULES_WEIGHT
    return 0.8 if _CJK_RUN.search(term) else rarity(surface)


_DAY_WEIGHT = 2.0
"""A day tells more than a name: what happened on another one is another thing."""

_HAPPENS = frozenset(
    """happen happens happened occur occurs occurred geschah geschieht geschehen passiert passierte ereignete arriva arrivé passé
    pasó pasa sucedió sucede ocurrió ocurre""".split()
)
_HAPPENS_WEIGHT = 0.1
"""Words that ask for an event and that no account of one holds."""

_RULES = frozenset(
    """rules rule conditions terms regulations regulation provisions details information regeln bedingungen bestimmungen vorschriften
    regelung regelungen
    said say says stated mentioned written told gesagt steht règles
    conditions dispositions reglas condiciones normas disposiciones""".split()
)
_RULES_WEIGHT = 0.25
"""Words that ask what a text says about a thing, and that the text itself seldom uses."""


def _capitals(text: str, language: Language) -> list[str]:
    """The words of a text that begin with a capital and do not open a sentence; any where only names have one."""
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group()
        opens = not text[: match.start()].rstrip() or text[: match.start()].rstrip()[-1] in '.!?:¿¡"“'
        if word[0].isupper() and not (opens and word.lower() in language.function_words) and len(word) > 1:
            found.extend(part for part in re.split(r"[-/]", word) if part)
    return found


@text_cache(32_768)
def _held(terms: frozenset[str], text: str, code: str) -> Mapping[str, float]:
    """How well a text holds each term: 1 as a word, less when a word shares its beginning or most of its characters."""
    there = frozenset(roots(text, code))
    there |= {day[:4] for day in there if _ISO_DAY.fullmatch(day)}
    held: dict[str, float] = {}
    for term in terms:
        if term in there:
            held[term] = 1.0
        elif len(term) >= 4 and any(_akin(term, other) for other in there):
            held[term] = _SOFT
    return held


@text_cache(131_072)
def _akin(term: str, other: str) -> bool:
    if len(other) < 4:
        return False
    if len(term) >= 5 and len(other) >= 5 and (term in other or other in term):
        return True
    if term.startswith("ge") and len(core := term[2:].rstrip("t").rstrip("e")) >= 4 and other.startswith(core):
        return True  # a German participle and a compound of its verb: geöffnet, Öffnungszeiten
    common = 0
    for one, two in zip(term, other, strict=False):
        if one != two:
            break
        common += 1
    return common >= 4 and common >= 0.66 * max(len(term), len(other))


def _share(asked: Asked, held: Mapping[str, float]) -> float:
    return sum(weight * held.get(term, 0.0) for term, weight in asked.weights.items()) / asked.total


def _joined(*parts: Mapping[str, float]) -> dict[str, float]:
    held: dict[str, float] = {}
    for part in parts:
        for term, value in part.items():
            held[term] = max(held.get(term, 0.0), value)
    return held


def meets(kind: str, text: str, asked: Asked) -> float:
    """How far a text holds something of the kind asked for that the question did not name, 0 to 1."""
    if kind == "date":
        if _YEAR.search(text) and set(_YEAR.findall(text)) - asked.numbers:
            return 1.0
        return 0.6 if _MONTH.search(text) else 0.0
    if kind == "number":
        return 1.0 if fresh_number(text, asked) else 0.0
    if kind in ("person", "place"):
        return 1.0 if _fresh_names(text, asked) else 0.0
    if kind == "reason":
        return 1.0 if _BECAUSE.search(text) else 0.0
    if kind == "definition":
        return 1.0 if _IS.search(text) else 0.0
    return 0.5


def fresh_number(text: str, asked: Asked) -> bool:
    """Whether a text holds a number that the question does not."""
    if set(re.findall(r"\d+", text)) - asked.numbers:
        return True
    return bool(_NUMBER_WORDS & set(re.findall(r"[^\W\d_]+", text.lower()))) or bool(_CJK_NUMERAL.search(text))


def adds(asked: Asked, text: str) -> bool:
    """Whether a text says more than the question does; a number alone is more only where a number or a date is asked for."""
    fresh = [word for word in roots(text, asked.language.code) if word not in asked.terms]
    if asked.kind in ("number", "date"):
        return bool(fresh)
    return any(not word.isdigit() or len(word) > _PAGE_DIGITS for word in fresh) or (bool(fresh) and ":" in text)


_PAGE_DIGITS = 3


@text_cache(32_768)
def _capital_roots(text: str, code: str) -> frozenset[str]:
    from workbench.models.extractive.languages import LANGUAGES

    language = LANGUAGES.get(code, LANGUAGES["en"])
    return frozenset(
        root(word, language.stemmer) for word in _capitals(text, language) if not any(map(str.isdigit, word))
    )


def _fresh_names(text: str, asked: Asked) -> int:
    return len(_capital_roots(text, asked.language.code) - asked.terms)


def matrix(asked: Asked, found: Sequence[Candidate], score: Score) -> Array:
    """The features of every candidate, one row each in the order of NAMES."""
    if not found:
        return np.zeros((0, len(NAMES)))
    code, terms = asked.language.code, asked.terms
    count = len(found)
    texts = [one.in_context for one in found] + [one.text for one in found] + [one.window for one in found]
    passages = list(dict.fromkeys(one.passage for one in found))
    values = list(score(asked.text, [*texts, *passages]))
    context, own, window = (np.array(values[at * count : (at + 1) * count]) for at in range(3))
    by_passage = dict(zip(passages, values[3 * count :], strict=True))
    wide = np.array([by_passage[one.passage] for one in found])
    order = np.empty(count)
    order[np.argsort(-context, kind="stable")] = np.arange(count)
    if asked.dated:
        found = [_with_iso_days(one) for one in found]
    held_own = [_held(terms, one.text, code) for one in found]
    held_title = {one.title: _held(terms, one.title, code) for one in found}
    held_section = {one.section: _held(terms, one.section, code) for one in found}
    held_passage = {one.passage: _held(terms, one.passage, code) for one in found}
    held_near, held_wide = [], []
    for one, mine in zip(found, held_own, strict=True):
        around = _joined(mine, _held(terms, one.before, code), held_title[one.title], held_section[one.section])
        held_near.append(around)
        held_wide.append(_joined(around, held_passage[one.passage]))
    frequency = {term: sum(term in held for held in held_own) for term in terms}
    local = {term: math.log((1 + count) / (0.5 + frequency[term])) * asked.weights[term] for term in terms}
    local_total = sum(local.values()) or 1.0
    rows = []
    for at, one in enumerate(found):
        mine, near = held_own[at], held_near[at]
        words = roots(one.text, code)
        fresh = [word for word in dict.fromkeys(words) if word not in terms]
        missing = [weight for term, weight in asked.weights.items() if near.get(term, 0.0) < 0.5]
        lost = [weight for term, weight in asked.weights.items() if held_wide[at].get(term, 0.0) < 0.5]
        letters = [letter for letter in one.text if letter.isalpha()]
        own_names = sum(mine.get(term, 0.0) for term in asked.names) / max(1, len(asked.names))
        near_names = sum(near.get(term, 0.0) for term in asked.names) / max(1, len(asked.names))
        rows.append([
            context[at], own[at], window[at], wide[at], context[at] - context.max(), own[at] - own.max(), wide[at] - wide.max(),
            1.0 / (1.0 + order[at]), _share(asked, mine), _share(asked, near), _share(asked, held_wide[at]),
            _share(asked, held_title[one.title]), _share(asked, held_section[one.section]),
            _share(asked, _held(terms, one.after, code)), 0.0, 0.0,
            sum(local[term] * mine.get(term, 0.0) for term in terms) / local_total,
            max(missing, default=0.0), sum(lost) / asked.total, _pairs(asked, words),
            len(asked.characters & grams(one.text)) / max(1, len(asked.characters)), _span(asked, words),
            sum(term in terms for term in words) / max(1, len(words)), math.log1p(len(words)),
            math.log1p(len(fresh)), own_names, near_names, min(3.0, float(len(asked.names))),
            meets(asked.kind, one.text, asked), meets(asked.kind, f"{one.before} {one.after}", asked),
            float(fresh_number(one.text, asked)), float(bool(set(_YEAR.findall(one.text)) - asked.numbers)),
            float(bool(_MONTH.search(one.text))), min(5.0, float(_fresh_names(one.text, asked))),
            float(bool(_BECAUSE.search(one.text))), float(bool(_IS.search(one.text))),
            float(negated(one.text, asked.language) != asked.denies), float(one.position == 0), min(6.0, float(one.position)),
            min(15.0, float(one.rank)), min(12.0, float(one.sentences)), float(one.text.rstrip()[-1:] in "?？"),
            float("|" in one.text or "\t" in one.text), float(":" in one.text or "：" in one.text),
            sum(map(str.isupper, letters)) / max(1, len(letters)), float(asked.language.spaced),
            float(asked.language.capitalised_nouns), float(code == "en"), min(12.0, float(len(terms))), math.log(count),
            *(float(asked.kind == kind) for kind in KINDS),
        ])  # fmt: skip
    made = np.array(rows, dtype=np.float64)
    for column, gap in (("cover_own", "cover_own_gap"), ("cover_near", "cover_near_gap")):
        values_of = made[:, NAMES.index(column)]
        made[:, NAMES.index(gap)] = values_of - values_of.max()
    return np.round(made, 5)


def _with_iso_days(one: Candidate) -> Candidate:
    return replace(
        one, text=with_iso_days(one.text), before=with_iso_days(one.before), after=with_iso_days(one.after),
        section=with_iso_days(one.section), passage=with_iso_days(one.passage),
    )  # fmt: skip


def holds_answer(asked: Asked, text: str) -> bool:
    """Whether a text holds something of the kind, the measure and the count that is asked for; true where that is not known."""
    if asked.measures:
        return gives(asked.measures, text)
    if asked.counted and counts(asked.counted, text):
        return True
    return meets(asked.kind, text, asked) > 0.0


def _pairs(asked: Asked, words: Sequence[str]) -> float:
    """The share of the question's neighbouring terms that stand near each other, in the same order, in the sentence."""
    pairs = list(zip(asked.ordered, asked.ordered[1:], strict=False))
    if not pairs:
        return 0.0
    places: dict[str, list[int]] = {}
    for at, word in enumerate(words):
        places.setdefault(word, []).append(at)
    near = sum(any(0 < two - one <= 3 for one in places.get(a, ()) for two in places.get(b, ())) for a, b in pairs)
    return near / len(pairs)


def _span(asked: Asked, words: Sequence[str]) -> float:
    """How close together the question's terms stand in the sentence: terms found over the words they span."""
    places = [at for at, word in enumerate(words) if word in asked.terms]
    return len(places) / (places[-1] - places[0] + 1) if len(places) > 1 else 0.0
