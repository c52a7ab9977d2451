"""Ranks the sentences in sight as answers to a question and joins the best into quotes, with one calibrated confidence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.models.extractive.answer_scorer import AnswerScorer, signals
from workbench.models.extractive.evidence import Score
from workbench.models.extractive.features import NAMES, Array, Asked, Candidate, adds, candidates, holds_answer, matrix
from workbench.models.extractive.languages import negated
from workbench.models.extractive.periods import lies_in, period_of
from workbench.models.extractive.prompt_parser import Note, Passage, View
from workbench.text.dates import days, written_as

QUOTES = 3
"""Quotes an answer may have at most."""

QUOTE_CHARS = 420
"""How long a quote of two neighbouring sentences may be: more is not read at a glance, and fits no note."""

_ADDS = 0.25
"""A further quote is shown when it is at least this likely, measured by the best one."""

_JOINS = 0.3
"""A neighbouring sentence is quoted together with one when it is at least this likely, measured by it."""

_DENIED = 0.15
"""What the likelihood of a sentence counts that affirms where the question denies: it would say the opposite."""

_REPEATS = 0.02
"""What it counts when a line says nothing beside the question's own words: a heading, or an entry of a table of contents; or

when it is the label of a field that is empty.
"""

_HEADING_ASKED, _OPENS_ODDS = 0.85, 6.0
"""How much of a question a heading must say for the sentence below it to be its answer, and by how much that raises its odds.

Chosen by hand: the sets fitted on have no headings, so the weights know too little of them.
"""

_OTHER_DAY = 0.3
"""What it counts when it names a day, and the question asks about another one."""

_OUTSIDE, _UNDATED = 0.05, 0.5
"""The same when the question asks about a period, and the sentence names a time outside it, or none."""

_COMPLETE, _COMPLETE_COVER, _BESIDE = 0.7, 0.9, 0.8
"""A quote that is so likely, says so much of the question and holds what is asked for stands alone, unless another is nearly as

likely: readers take what stands beside an answer for a part of it.
"""

_HITS_A_PAGE = 5


@dataclass(frozen=True)
class Quote:
    """Neighbouring sentences of a passage as they are quoted; `probability` is that of the likeliest of them."""

    handle: str
    document: str
    document_page: int
    text: str
    probability: float


@dataclass(frozen=True)
class Ranking:
    """The candidates of one request, best first, with their probabilities and features; `confidence` is that of the quotes."""

    asked: Asked
    candidates: tuple[Candidate, ...]
    probabilities: tuple[float, ...]
    rows: Array
    confidence: float

    def quotes(self, most: int = QUOTES) -> list[Quote]:
        """The best sentences as quotes, neighbours joined; a sentence far behind the best adds nothing and is left out."""
        used: set[int] = set()
        made: list[Quote] = []
        least = (_BESIDE if self._is_complete() else _ADDS) * (self.probabilities[0] if self.probabilities else 0.0)
        for at in range(len(self.candidates)):
            if len(made) >= most or self.probabilities[at] < least:
                break
            if at not in used:
                made.append(self._quote(at, used))
        return made

    def _is_complete(self) -> bool:
        """Whether the best sentence says what is asked by itself."""
        return (
            (self.probabilities[0] >= _COMPLETE if self.probabilities else False)
            and self.feature("cover_near") >= _COMPLETE_COVER
            and self._holds_answer(0)
        )

    def _holds_answer(self, at: int) -> bool:
        """Whether a candidate holds something of the kind, and the measure, that is asked for."""
        return holds_answer(self.asked, self.candidates[at].text)

    def feature(self, name: str, at: int = 0) -> float:
        """A feature of the candidate at this place."""
        return float(self.rows[at][NAMES.index(name)]) if self.candidates else 0.0

    def _quote(self, at: int, used: set[int]) -> Quote:
        one, probability = self.candidates[at], self.probabilities[at]
        used.add(at)
        text = one.text
        places = {(other.handle, other.position): place for place, other in enumerate(self.candidates)}
        for step in (1, -1):
            neighbour = places.get((one.handle, one.position + step))
            if neighbour is None or neighbour in used or not self._belongs(at, neighbour, step):
                continue
            beside = self.candidates[neighbour]
            first, second = (one, beside) if step > 0 else (beside, one)
            joined = f"{first.text}{'' if _runs_on(first.text) else ' '}{second.text}"
            if first.joins_next and len(joined) <= QUOTE_CHARS:
                used.add(neighbour)
                text = joined
                break
        if self.asked.dated and not self._holds_more_than_a_day(one):
            text = self._entry(one, text, places, used)
        return Quote(one.handle, one.document, one.document_page, text, probability)

    def _belongs(self, at: int, neighbour: int, step: int) -> bool:
        """Whether a neighbouring sentence is quoted with one: it is likely as well, or gives what that one leaves open."""
        if self.probabilities[neighbour] >= _JOINS * self.probabilities[at]:
            return True
        return (
            step > 0 and not self._holds_answer(at) and self._holds_answer(neighbour) and self.asked.kind in _TOLD_LATER
        )

    def _holds_more_than_a_day(self, one: Candidate) -> bool:
        return len(one.text.split()) > _ENTRY_WORDS

    def _entry(self, one: Candidate, text: str, places: Mapping[tuple[str, int], int], used: set[int]) -> str:
        """A dated entry of a log, with what follows it in its paragraph."""
        at = one.position
        while self.candidates[places[one.handle, at]].joins_next and (one.handle, at + 1) in places:
            at += 1
            place = places[one.handle, at]
            following = self.candidates[place].text
            if following in text:
                continue
            if len(text) + len(following) >= QUOTE_CHARS:
                break
            used.add(place)
            text = f"{text}{'' if _runs_on(text) else ' '}{following}"
        return text


_TOLD_LATER = ("date", "number", "person", "place", "reason")
"""Kinds of answer that a sentence is known to hold or not to hold."""

_ENTRY_WORDS = 12
"""An entry that opens with so few words tells what happened in the sentences after them."""


def _runs_on(text: str) -> bool:
    """Whether a text ends with a mark after which Chinese and Japanese write no space."""
    return text[-1:] in "。！？；"


def rank(question: str, view: View, score: Score, scorer: AnswerScorer, *, widely: bool = False) -> Ranking:
    """Rank what this question's own results show; `widely`, also everything else in sight and what was noted.

    Its own results come first, so that a question is answered the same way whatever was talked about before.
    """
    shown = list(dict.fromkeys(handle for handles in view.results for handle in handles))
    passages = {handle: view.passages[handle] for handle in shown if handle in view.passages}
    if widely:
        passages = {**passages, **view.passages, **_noted(view.notes, view)}
    asked = Asked(question)
    found = candidates(passages, _ranks(view))
    rows = matrix(asked, [_read(question, one) for one in found], score)
    probabilities = [
        round(_by_author(asked, one, _headed(value * _worth(asked, one), one, row)), 4)
        for one, row, value in zip(found, rows, scorer.probabilities(rows), strict=True)
    ]
    order = sorted(range(len(found)), key=lambda at: (-probabilities[at], found[at].rank, at))
    ordered = tuple(probabilities[at] for at in order)
    confidence = 0.0
    if order:
        confidence = scorer.confidence(signals(ordered, [float(value) for value in rows[order[0]]]))
    return Ranking(asked, tuple(found[at] for at in order), ordered, rows[order], confidence)


def _headed(probability: float, one: Candidate, row: Array) -> float:
    """The probability of a sentence, more when it opens the section whose heading is what the question asks."""
    if not one.opens_section or row[NAMES.index("cover_section")] < _HEADING_ASKED:
        return probability
    return _raised(probability, _OPENS_ODDS)


def _raised(probability: float, odds: float) -> float:
    """A probability whose odds are so many times as high."""
    return odds * probability / (odds * probability + 1.0 - probability)


def _by_author(asked: Asked, one: Candidate, probability: float) -> float:
    """The probability of a sentence, more when an author is asked for and it is the line of names on the first page."""
    if one.document_page == 1 and _ASKS_AUTHOR.search(asked.text) and _is_byline(one.text):
        return _raised(max(probability, _LEAST_BYLINE), _BYLINE_ODDS)
    return probability


def _is_byline(text: str) -> bool:
    """Whether a line is made of names: most of its words are capitals, and there are at least two."""
    words = [word for word in re.findall(r"[^\W\d_][\w'’.-]*", text) if word.lower() not in _OF_A_BYLINE]
    named = sum(word[0].isupper() and not word.isupper() for word in words)
    return 2 <= len(words) <= _BYLINE_WORDS and named >= 0.8 * len(words)


_ASKS_AUTHOR = re.compile(
    r"\bauthors?\b|\bwho (?:wrote|compiled|edited|kept)\b|\bwritten by\b|\bverfasser\w*|\bautor(?:en|in|es|as?)?\b|\bauteurs?\b|作者|著者",
    re.IGNORECASE,
)
_OF_A_BYLINE = frozenset("by and von und par et por y kept written compiled edited".split())
_BYLINE_WORDS, _BYLINE_ODDS, _LEAST_BYLINE = 40, 12.0, 0.05
"""A title page names its author in a line that says nothing else; the sets fitted on have no title pages."""


def _read(question: str, one: Candidate) -> Candidate:
    """A candidate as it is compared with the question: days that the question names are written as it writes them."""
    text, before, after, passage = (
        written_as(question, part) for part in (one.text, one.before, one.after, one.passage)
    )
    if (text, before, after, passage) == (one.text, one.before, one.after, one.passage):
        return one
    return replace(one, text=text, before=before, after=after, passage=passage)


def _worth(asked: Asked, one: Candidate) -> float:
    """What the likelihood of a sentence counts, by what no fitted weight should outweigh."""
    if asked.denies and not negated(one.text, asked.language):
        return _DENIED
    if one.text.rstrip("*_ ").endswith((":", "：")) or (asked.kind != "yes_no" and not adds(asked, one.text)):
        return _REPEATS
    if period := period_of(asked.text):
        inside = lies_in(period, one.text)
        inside = lies_in(period, f"{one.section} {one.before}") if inside is None else inside
        return 1.0 if inside else _UNDATED if inside is None else _OUTSIDE
    if not asked.dated:
        return 1.0
    wanted = {day for _, day in days(asked.text)}
    named = {day for _, day in days(f"{one.section} {one.text}")}
    return _OTHER_DAY if named and not wanted & named else 1.0


def _ranks(view: View) -> dict[str, int]:
    """The best place of each passage in this question's results, from 0."""
    ranks: dict[str, int] = {}
    for search in view.searches:
        for position, handle in enumerate(search.handles or ()):
            ranks[handle] = min(ranks.get(handle, 99), position + _HITS_A_PAGE * search.page)
    return ranks


def _noted(notes: Sequence[Note], view: View) -> dict[str, Passage]:
    """What was noted of passages that have left the window, each passage's notes as one text."""
    noted: dict[str, Passage] = {}
    for note in notes:
        if note.handle not in view.passages:
            before = noted[note.handle].text + "\n" if note.handle in noted else ""
            noted[note.handle] = Passage(note.handle, note.document, note.document_page, "", before + note.quote)
    return noted
