"""Decides whether sentences of sources support a claim, contradict it by a number, date or name, or do not speak of it.

No language model is asked. A claim is supported where one sentence, with what stands around it, says its words and its values;
it is contradicted where a sentence says the rest of it with another value in the same place. The rules compare words, so they
name what differs and never what follows from what.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.agent.answers.source_sentences import SourceSentence
from workbench.core.text_cache import text_cache
from workbench.models.extractive.evidence import Score, kin
from workbench.models.extractive.languages import FUNCTION_WORDS
from workbench.models.extractive.names import names
from workbench.models.extractive.sentences import rarity, stem
from workbench.text.quotes import negates
from workbench.text.stemming import fold_accents
from workbench.text.values import CODE, DATE, NAME, NUMBER, OTHER, SAME, Value, name_words, relation, values

SUPPORTED, CONTRADICTED, PARTLY, NOT_FOUND, NO_CLAIM = "supported", "contradicted", "partly", "not found", "not a claim"

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SHORT_FORM = re.compile(r"['’](?:s|t|re|ve|ll|d|m)$", re.IGNORECASE)
_AROUND = 0.75
"""What a word counts that stands around a sentence and not in it."""

SUPPORTS = 0.78
"""How much of a claim, by weight, a sentence and what stands around it must say to support it."""

CONTRADICTS, CONTRADICTS_APART = 0.62, 0.78
"""How much of the rest of a claim a sentence must say that has another value in the very same place, or elsewhere in it."""

HALF = 0.6
"""From this share on a claim is called partly supported."""


@dataclass(frozen=True)
class Difference:
    """A value of the claim and the value that a source states in its place, both as they are written."""

    kind: str
    claimed: str
    stated: str


@dataclass(frozen=True)
class Finding:
    """What one sentence of a source says of a claim.

    `share` is how much of the claim it says, 0 to 1; `lacking` are the claim's words and values that it does not say.
    """

    state: str
    sentence: SourceSentence | None = None
    share: float = 0.0
    differences: tuple[Difference, ...] = ()
    lacking: tuple[str, ...] = ()
    own_share: float = 0.0
    """How much of the claim's words the sentence says itself, without what stands around it."""
    in_place: bool = False
    """Whether every value that differs stands in the very same place."""


@dataclass(frozen=True)
class _Text:
    """A text as it is compared: content words (stem -> weight), values, names, and all of it as a row of tokens with their places."""

    stems: dict[str, float]
    shown: dict[str, str]
    values: tuple[Value, ...]
    words: frozenset[str]
    tokens: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    negated: bool


@text_cache(4_096)
def _read(text: str) -> _Text:
    stated = [*values(text)]
    named = _names(text, stated)
    spans = sorted([*stated, *named], key=lambda item: (item.start, -item.end))
    stems: dict[str, float] = {}
    shown: dict[str, str] = {}
    tokens: list[str] = []
    places: list[tuple[int, int]] = []
    for word in _WORD.finditer(text):
        value = next((item for item in spans if item.start <= word.start() < item.end), None)
        bare = _SHORT_FORM.sub("", word[0])
        root = stem(fold_accents(bare))
        tokens.append(root)
        places.append(word.span())
        if value is None and bare.lower() not in FUNCTION_WORDS and len(root) > 1:
            stems[root] = max(0.25, rarity(word[0]))
            shown.setdefault(root, word[0])
    words = frozenset(fold_accents(word.casefold()) for word in _WORD.findall(re.sub(r"['’]s\b", "", text)))
    return _Text(stems, shown, (*stated, *named), words, tuple(tokens), tuple(places), negates(text))


def stated_values(text: str) -> tuple[Value, ...]:
    """The numbers, dates, codes and names that a text states."""
    return _read(text).values


def subject_of(claim: str) -> Value | None:
    """The name that a claim speaks of first; None where it names nobody. "The Harbour light" is no name."""
    named = min(
        (value for value in stated_values(claim) if value.kind == NAME), key=lambda item: item.start, default=None
    )
    if named is None or (" " not in named.key and _ARTICLE.search(claim[: named.start])):
        return None
    return named


_ARTICLE = re.compile(r"\b(?:the|an?)\s*$", re.IGNORECASE)


def names_subject(sentence: SourceSentence, subject: Value) -> bool:
    """Whether a sentence, or what stands around it, names a subject."""
    return _states(subject, _read(sentence.text)) or _states(subject, _read(sentence.around))


def is_titled(title: str, subject: Value) -> bool:
    """Whether a document's title or path names a subject, as "HARBOURBANK_2022_10K.pdf" names Harbour Bank."""
    words = {fold_accents(word.casefold()) for word in _TITLE_WORD.findall(title)}
    parts = [part for part in subject.key.split() if part not in _LEGAL_FORMS]
    return bool(parts) and ("".join(parts) in words or words.issuperset(parts))


_TITLE_WORD = re.compile(r"[^\W\d_]+|\d+")
_LEGAL_FORMS = frozenset("inc corp corporation co company ltd limited plc llc ag gmbh sa nv".split())


def states_values_of(claim: str, text: str, given: str = "") -> bool:
    """Whether a text states every number, date, code and name of a claim; those of what is `given`, a question, need not be stated."""
    own, known = _read(text), _read(given)
    return all(_states(value, own) or _states(value, known) for value in stated_values(claim))


def _names(text: str, stated: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for name in sorted(names(text), key=len, reverse=True):
        at = text.find(name)
        if at < 0 or any(item.start < at + len(name) and at < item.end for item in (*found, *stated)):
            continue
        found.append(Value(NAME, name, at, at + len(name), " ".join(name_words(name))))
    return found


def find(
    claim: str, sentences: Sequence[SourceSentence], score: Score | None = None, context: str = ""
) -> list[Finding]:
    """What each of the sentences says of the claim, support first, then contradiction; of each those that say most first.

    Support goes first because two versions may disagree and one be quoted rightly. `score` gives the likeness in meaning, by which
    the nearest sentences may support a claim in other words. `context` is the sentence before a claim that opens with a pronoun.
    """
    found = _found(claim, sentences, score, context)
    if found and found[0].state == SUPPORTED:
        said_whole = next((item for item in found if _outweighs(item, found[0])), None)
        if said_whole is not None:
            return [said_whole, *(item for item in found if item is not said_whole and item.state != SUPPORTED)]
    return found


def _outweighs(other: Finding, support: Finding) -> bool:
    """Whether a sentence that says all of a claim but one value beats support that is gathered from several sentences."""
    if other.state != CONTRADICTED or not other.in_place or other.own_share < _WHOLE:
        return False
    if other.sentence is None or support.sentence is None or other.sentence.document != support.sentence.document:
        return False
    return support.own_share < other.own_share - 0.1


_WHOLE = 0.9


def _found(claim: str, sentences: Sequence[SourceSentence], score: Score | None, context: str) -> list[Finding]:
    asked, before = _read(claim), frozenset(_read(context).stems) if context else frozenset[str]()
    found = [_compared(claim, asked, sentence, 0.0, before) for sentence in sentences]
    found.sort(key=_order, reverse=True)
    if score is not None and found and found[0].state in (PARTLY, NOT_FOUND):
        near = [item.sentence for item in found[:_LIKENED] if item.sentence is not None]
        likeness = score(claim, [item.text for item in near])
        found[: len(near)] = [
            _compared(claim, asked, item, like, before) for item, like in zip(near, likeness, strict=True)
        ]
        found.sort(key=_order, reverse=True)
    return found


_LIKENED = 8


def _order(finding: Finding) -> tuple[int, float]:
    return _STATES.index(finding.state), finding.share


_STATES = (NO_CLAIM, NOT_FOUND, PARTLY, CONTRADICTED, SUPPORTED)


def _compared(claim: str, asked: _Text, sentence: SourceSentence, like: float, before: frozenset[str]) -> Finding:
    own, near = _read(sentence.text), _read(sentence.around)
    held, total, lacking, alone = 0.0, 0.0, [], 0.0
    for root, weight in asked.stems.items():
        part = _said(root, own, near)
        held, total, alone = held + weight * part, total + weight, alone + weight * (root in own.tokens)
        if part < 0.5:
            lacking.append(asked.shown[root])
    plain, own_share = (held / total, alone / total) if total else (1.0, 1.0)
    missing = []
    for value in asked.values:
        if _is_exchanged(value, asked, own) or (
            own_share >= _WHOLE and not _states(value, own) and _is_replaced(value, asked, own)
        ):
            total += 1.0
            missing.append(value)
            continue
        part = 1.0 if _states(value, own) else _AROUND if _states(value, near, own) else 0.0
        held, total = held + part, total + 1.0
        if not part:
            missing.append(value)
    share = held / total if total else 0.0
    share = share + 0.25 * max(0.0, like - 0.6) * (1 - share)
    rest_total = total - len(missing)
    rest = held / rest_total if rest_total else 0.0
    differences = _differences(asked, missing, own, near)
    names_of_missing = tuple(value.text for value in missing)
    says_other = own.negated != asked.negated and _denies(sentence.text, asked) != asked.negated
    if not missing and share >= SUPPORTS and plain >= 0.6:
        if says_other and not _quotes_whole(claim, sentence.text):
            return Finding(PARTLY, sentence, share, (), ("not" if own.negated else "",))
        return Finding(SUPPORTED, sentence, share, (), tuple(lacking), own_share)
    others = len(asked.stems) + len(asked.values) - len(missing) + bool(before & (own.stems.keys() | near.stems.keys()))
    if len(differences) == len(missing) > 0 and others > 1 and _enough(rest, plain, differences):
        in_place = all(same for _, same in differences)
        shown = tuple(item for item, _ in differences)
        return Finding(CONTRADICTED, sentence, rest, shown, tuple(lacking), own_share, in_place)
    if share >= HALF and plain >= HALF:
        return Finding(PARTLY, sentence, share, (), (*names_of_missing, *lacking))
    return Finding(NOT_FOUND, sentence, share, (), (*names_of_missing, *lacking))


def _denies(text: str, asked: _Text) -> bool:
    """Whether the clauses of a sentence that speak of a claim deny something: "married in 1912, and nobody was there" does not."""
    spoken_of = [part for part in _CLAUSES.split(text) if any(root in asked.tokens for root in _read(part).stems)]
    return any(_read(part).negated for part in spoken_of)


_CLAUSES = re.compile(r"[,;:]\s+(?=(?:and|but|because|since|for|so|while|when|where|as)\b)|;\s+", re.IGNORECASE)


def _enough(rest: float, plain: float, differences: Sequence[tuple[Difference, bool]]) -> bool:
    """Whether a sentence says enough of a claim, its other values apart, for these to contradict it."""
    aligned = all(same_place for _, same_place in differences)
    least = (CONTRADICTS if aligned else CONTRADICTS_APART) + 0.1 * (len(differences) - 1)
    if not aligned and any(item.kind == NAME for item, _ in differences) and plain < _NAME_APART:
        return False
    return rest >= least and plain >= CONTRADICTS - 0.05


_NAME_APART = 0.75
"""How much of a claim's words a sentence must say for another name somewhere in it to contradict: most sentences name somebody."""


def _quotes_whole(claim: str, text: str) -> bool:
    return " ".join(claim.split()).strip(" .") in " ".join(text.split())


def _said(root: str, own: _Text, near: _Text) -> float:
    """How much a word of the claim is said by the sentence, or around it."""
    if root in own.stems or root in own.tokens:
        return 1.0
    if len(root) >= 4 and (akin := kin(root, frozenset(own.stems))):
        return akin
    if root in near.stems or root in near.tokens:
        return _AROUND
    if len(root) >= 4 and (akin := kin(root, frozenset(near.stems))):
        return akin * _AROUND
    return 0.0


def _states(value: Value, text: _Text, own: _Text | None = None) -> bool:
    """Whether a text, together with the sentence `own` that it stands around, states a value.

    A name is stated by its last word where no other first name stands before it.
    """
    if value.kind == NAME:
        return _names_it(value, text)
    if value.kind == DATE:
        return _dates_it(value, (*text.values, *(own.values if own else ())))
    if value.kind == CODE and value.key in text.words:
        return True
    return any(relation(value, other) == SAME for other in text.values)


def _dates_it(value: Value, stated: Sequence[Value]) -> bool:
    """Whether dates state all that a date says: its day may stand in a sentence and its year in the heading, but "2016" is no day."""
    alike = [other.key for other in stated if relation(value, other) == SAME]
    if not _ISO.fullmatch(value.key) or any(not _ISO.fullmatch(key) for key in alike):
        return bool(alike)
    parts = value.key.split("-")
    return all(
        part == "??" or part == "????" or any(key.split("-")[at] == part for key in alike)
        for at, part in enumerate(parts)
    )


_ISO = re.compile(r"[\d?]{4}-[\d?]{2}-[\d?]{2}")


def _names_it(value: Value, text: _Text) -> bool:
    parts = value.key.split()
    if all(part in text.words for part in parts):
        return True
    roots = {stem(part) for part in parts}
    if roots <= set(text.tokens):
        return True
    if len(parts) == 1 and any(_of_one_country(parts[0], word) for word in text.words):
        return True
    if len(parts) < 2 or parts[-1] not in text.words:
        return False
    # "Gideon Farthingale" is "Farthingale", and is not "Martha Farthingale".
    others = [other.key.split() for other in text.values if other.kind == NAME and parts[-1] in other.key.split()]
    return any(set(other) <= set(parts) for other in others)


def _of_one_country(one: str, two: str) -> bool:
    """Whether two words are a country and what comes from it: Canada and Canadian, Poland and Polish."""
    return any(
        land.endswith(end)
        and people.endswith(adjective)
        and land[: len(land) - len(end)] == people[: len(people) - len(adjective)]
        for land, people in ((one, two), (two, one))
        for end, adjective in _COUNTRY_ENDS
        if len(land) - len(end) >= _LEAST_ROOT
    )


_LEAST_ROOT = 3
_COUNTRY_ENDS = (
    ("a", "an"), ("a", "ian"), ("", "ian"), ("y", "ian"), ("", "ese"), ("a", "ese"), ("al", "uese"), ("land", "ish"), ("and", "ish"),
    ("en", "ish"), ("ain", "ish"), ("ey", "ish"), ("", "i"), ("y", ""), ("land", ""), ("land", "ic"),
)  # fmt: skip


def _differences(asked: _Text, missing: Sequence[Value], own: _Text, near: _Text) -> list[tuple[Difference, bool]]:
    """For each value that is not stated the one that stands in its place, and whether that is the very same place."""
    found = []
    free = [value for value in own.values if not any(relation(value, other) == SAME for other in asked.values)]
    free = [value for value in free if value.kind != NAME or not _names_it(value, asked)]
    for value in missing:
        same_kind = [other for other in free if relation(value, other) == OTHER]
        placed = next((other for other in same_kind if _in_place(asked, value, own, other)), None)
        if placed is not None:
            found.append((Difference(value.kind, value.text, placed.text), True))
            free.remove(placed)
            continue
        other = _elsewhere(value, same_kind, near)
        if other is not None:
            found.append((Difference(value.kind, value.text, other.text), False))
    return found


def _is_exchanged(value: Value, asked: _Text, own: _Text) -> bool:
    """Whether exactly another value stands where the claim has this one, the words on both sides being the same.

    It does not matter then that the claim's value stands elsewhere in the sentence: "incorporated in 1844 … later moved in 1854".
    """
    for low_a, high_a, low_b, high_b in _replaced(asked, own):
        ends_alike = low_a > 0 and low_b > 0 and (high_a < len(asked.tokens) or high_b == len(own.tokens))
        if not ends_alike or not _covers(asked.places[low_a:high_a], value):
            continue
        for other in own.values:
            if _covers(own.places[low_b:high_b], other) and relation(value, other) == OTHER:
                return True
    return False


def _covers(places: Sequence[tuple[int, int]], value: Value) -> bool:
    return bool(places) and all(value.start <= start and end <= value.end for start, end in places)


def _is_replaced(value: Value, asked: _Text, own: _Text) -> bool:
    """Whether a sentence states another value in the place of a claim's: that the right one stands nearby does not matter then."""
    return any(
        relation(value, other) == OTHER
        and not any(relation(other, said) == SAME for said in asked.values)
        and _in_place(asked, value, own, other)
        for other in own.values
    )


def _elsewhere(value: Value, same_kind: Sequence[Value], near: _Text) -> Value | None:
    """The one other value of the kind that a sentence states though not in the same place; None where there are several."""
    if value.kind == NUMBER:
        counted = [other for other in same_kind if value.unit and other.unit == value.unit]
        return counted[0] if len(counted) == 1 else None
    if value.kind == DATE:
        around = [other for other in near.values if relation(value, other) == OTHER and other.kind == DATE]
        days = [other for other in same_kind if _as_exact(value, other)]
        days = days or [other for other in around if _as_exact(value, other)]
        return days[0] if days and len({other.key for other in days}) == 1 else None
    if value.kind == NAME:
        parts = value.key.split()
        shared = [other for other in same_kind if set(other.key.split()) & set(parts) and len(parts) > 1]
        if len(shared) == 1:
            return shared[0]
        # The only name that the claim does not have, of as many words: "X was bitten by" for "by which X was bitten".
        alike = [other for other in same_kind if len(other.key.split()) == len(parts) > 1]
        return alike[0] if len(alike) == len(same_kind) == 1 and parts[-1] not in near.words else None
    return None


def _as_exact(one: Value, two: Value) -> bool:
    return one.key.count("?") == two.key.count("?")


def _in_place(asked: _Text, value: Value, own: _Text, other: Value) -> bool:
    """Whether two values stand between the same words: in a comparison of both texts word by word one replaces the other."""
    for low_a, high_a, low_b, high_b in _replaced(asked, own):
        if high_a - low_a - len(_WORD.findall(value.text)) > _MOST_BESIDE:
            continue
        if _overlaps(asked.places[low_a:high_a], value) and _overlaps(own.places[low_b:high_b], other):
            return True
    return False


def _overlaps(places: Sequence[tuple[int, int]], value: Value) -> bool:
    return any(start < value.end and value.start < end for start, end in places)


def _replaced(asked: _Text, own: _Text) -> list[tuple[int, int, int, int]]:
    matcher = difflib.SequenceMatcher(None, asked.tokens, own.tokens, autojunk=False)
    return [
        (a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes()
        if tag == "replace" and b - a <= _LONGEST_PLACE and d - c <= _LONGEST_PLACE
    ]  # fmt: skip


_MOST_BESIDE = 3
"""Where more words of a claim than these differ beside a value, another fact stands in the place."""

_LONGEST_PLACE = 8
"""A stretch of more words that differ is no value in the place of another."""
