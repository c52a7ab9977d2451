"""Ranks the sentences in sight as answers to a question and joins the best into quotes, with one calibrated confidence."""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.api.results import Hit
from workbench.models.extractive.answer_priors import adjusted, raised
from workbench.models.extractive.answer_scorer import AnswerScorer, signals
from workbench.models.extractive.evidence import Score
from workbench.models.extractive.features import (
    NAMES,
    Array,
    Asked,
    Candidate,
    candidates,
    holds_answer,
    matrix,
    points_back,
)
from workbench.models.extractive.measures import counts, gives
from workbench.models.extractive.prompt_parser import Note, View
from workbench.text.acronyms import written_short
from workbench.text.dates import written_as
from workbench.text.list_items import is_item

QUOTES = 3
"""Quotes an answer may have at most."""

QUOTE_CHARS = 420
"""How long a quote of two neighbouring sentences may be: more is not read at a glance, and fits no note."""

_ADDS = 0.25
"""A further quote is shown when it is at least this likely, measured by the best one."""

_JOINS = 0.3
"""A neighbouring sentence is quoted together with one when it is at least this likely, measured by it."""

_COMPLETE, _COMPLETE_COVER, _BESIDE = 0.7, 0.9, 0.8
"""A quote that is so likely, says so much of the question and holds what is asked for stands alone, unless another is nearly as
likely: readers take what stands beside an answer for a part of it."""

_ALL_COVER = 0.97
"""How much of the question another sentence must say in its own words to be shown even so."""

_FAR_BEHIND = 0.5
"""How likely the next sentence may be, measured by one that says all of the question, for that one to stand alone. On documents
that the weights never saw one answer of 1,467 is lost by it."""

_SUBJECT_BACK = 2
"""So many sentences are quoted in front of one that says "she" for it to be told who that is."""

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
    """The candidates of one request, best first, with their probabilities and features.

    `confidence` is that of the quotes, by which the next call is decided; `stated` is what is told of it when they answer.
    """

    asked: Asked
    candidates: tuple[Candidate, ...]
    probabilities: tuple[float, ...]
    rows: Array
    confidence: float
    stated: float = 0.0

    def quotes(self, most: int = QUOTES) -> list[Quote]:
        """The best sentences as quotes, neighbours joined; a sentence far behind the best adds nothing and is left out."""
        used: set[int] = set()
        made: list[Quote] = []
        least = (_BESIDE if self._is_complete() else _ADDS) * (self.probabilities[0] if self.probabilities else 0.0)
        for at in range(len(self.candidates)):
            if len(made) >= most or self.probabilities[at] < _ADDS * self.probabilities[0]:
                break
            if at in used or ((self.asked.measures or self.asked.counted) and self._tells(at) < self._tells(0)):
                continue
            if self.probabilities[at] >= least or self._says_as_much(at):
                made.append(self._quote(at, used))
        return made

    def complete(self, quotes: Sequence[Quote]) -> list[Quote]:
        """The quotes, each that ends with a colon with what it introduces: the items of a list, or the sentence that follows.

        What stands right behind it is one quote with it; items between which something is left out are quotes of their own.
        """
        made: list[Quote] = []
        for quote in quotes:
            introduced = self._introduced(quote) if quote.text.endswith(_COLONS) else []
            whole = " ".join((quote.text, *(one.text for one in introduced)))
            if introduced and whole in self._closed_up(quote.handle):
                made.append(replace(quote, text=whole))
                continue
            shown = "\n".join(one.text for one in (*quotes, *made))
            made.extend((quote, *(one for one in introduced if one.text not in shown)))
        return made

    def _closed_up(self, handle: str) -> str:
        """The text of a passage on one line."""
        passage = next((one.passage for one in self.candidates if one.handle == handle), "")
        return " ".join(passage.split())

    def _introduced(self, quote: Quote) -> list[Quote]:
        """What follows a quote in its passage: the first sentences of the items of a list, or the one next sentence."""
        passage = {one.position: one for one in self.candidates if one.handle == quote.handle}
        at = next((at for at, one in passage.items() if quote.text.endswith(one.text)), None)
        if at is None:
            return []
        following = [passage[place] for place in itertools.takewhile(passage.__contains__, itertools.count(at + 1))]
        opening = following[:1] + [one for before, one in itertools.pairwise(following) if not before.joins_next]
        items = list(itertools.takewhile(lambda one: _is_listed(one.text), opening))[:_ITEMS] or opening[:1]
        sizes = itertools.accumulate(len(one.text) for one in items)
        return [replace(quote, text=one.text) for one, size in zip(items, sizes, strict=True) if size <= _ITEMS_CHARS]

    def _tells(self, at: int) -> bool:
        """Whether a candidate gives the measure or the count that is asked for: beside one that does, one that does not adds nothing."""
        text = self.candidates[at].text
        return gives(self.asked.measures, text) if self.asked.measures else counts(self.asked.counted, text)

    def _says_as_much(self, at: int) -> bool:
        """Whether another sentence says all that is asked and is likely too: which of the two is meant cannot be told apart."""
        return self.feature("cover_own", at) >= _ALL_COVER and self._holds_answer(at)

    def _is_complete(self) -> bool:
        """Whether the best sentence says what is asked by itself: it is likely, or says it all and is far ahead of the next."""
        if not self.probabilities or not self._holds_answer(0):
            return False
        if self.probabilities[0] >= _COMPLETE and self.feature("cover_near") >= _COMPLETE_COVER:
            return True
        ahead = len(self.probabilities) < 2 or self.probabilities[1] <= _FAR_BEHIND * self.probabilities[0]
        return ahead and self.feature("cover_own") >= _ALL_COVER

    def _holds_answer(self, at: int) -> bool:
        """Whether a candidate holds something of the kind, and the measure, that is asked for."""
        return holds_answer(self.asked, self.candidates[at].text)

    def feature(self, name: str, at: int = 0) -> float:
        """A feature of the candidate at this place."""
        return float(self.rows[at][NAMES.index(name)]) if self.candidates else 0.0

    def _quote(self, at: int, used: set[int]) -> Quote:
        one, probability = self.candidates[at], self.probabilities[at]
        used.add(at)
        places = {(other.handle, other.position): place for place, other in enumerate(self.candidates)}
        text = self._with_its_subject(one, places, used)
        for step in (1, -1):
            neighbour = places.get((one.handle, one.position + step))
            if neighbour is None or neighbour in used or not self._belongs(at, neighbour, step):
                continue
            beside = self.candidates[neighbour]
            first, joined = (one, _joined(text, beside.text)) if step > 0 else (beside, _joined(beside.text, text))
            if first.joins_next and len(joined) <= QUOTE_CHARS:
                used.add(neighbour)
                text = joined
                break
        if self.asked.dated and not self._holds_more_than_a_day(one):
            text = self._entry(one, text, places, used)
        return Quote(one.handle, one.document, one.document_page, text, probability)

    def _with_its_subject(self, one: Candidate, places: Mapping[tuple[str, int], int], used: set[int]) -> str:
        """A sentence that tells of "her" or "them", after those of its paragraph from the one on that says who is meant."""
        text, at = one.text, one.position
        back: list[int] = []
        while points_back(self.candidates[places[one.handle, at]].text) and len(back) < _SUBJECT_BACK:
            before = places.get((one.handle, at - 1))
            if before is None or before in used or not self.candidates[before].joins_next:
                return one.text
            text, at = _joined(self.candidates[before].text, text), at - 1
            back.append(before)
        if points_back(self.candidates[places[one.handle, at]].text) or len(text) > QUOTE_CHARS:
            return one.text
        used.update(back)
        return text

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
            text = _joined(text, following)
        return text


_TOLD_LATER = ("date", "number", "person", "place", "reason")
"""Kinds of answer that a sentence is known to hold or not to hold."""

_ENTRY_WORDS = 12
"""An entry that opens with so few words tells what happened in the sentences after them."""


_COLONS = (":", "：")

_ITEMS, _ITEMS_CHARS = 6, 900
"""How much of a list is quoted with the sentence that introduces it, an item by its first sentence."""

_LABELLED = re.compile(r"[^:.!?]{2,60}: \S")
_LINE_WORDS = 12


def _is_listed(text: str) -> bool:
    """Whether a paragraph that opens so is an item: marked, labelled ("Second: …"), or a line that is no sentence."""
    return (
        is_item(text)
        or _LABELLED.match(text) is not None
        or (text[-1:] not in tuple(".!?。！？") and len(text.split()) <= _LINE_WORDS)
    )


def _joined(first: str, second: str) -> str:
    """Two neighbouring sentences as they stand on the page: Chinese and Japanese write no space after a stop."""
    return f"{first}{'' if first[-1:] in '。！？；' else ' '}{second}"


def rank(
    question: str, view: View, score: Score, scorer: AnswerScorer, *, widely: bool = False, named: str = ""
) -> Ranking:
    """Rank what this question's own results show; `widely`, also everything else in sight and what was noted.

    Its own results come first, so that a question is answered the same way whatever was talked about before. `named` is the same
    question with a name that all in sight is about: a sentence is as likely as under both of them, by the mean of its log-odds.
    """
    shown = list(dict.fromkeys(handle for handles in view.results for handle in handles))
    passages = {handle: view.passages[handle] for handle in shown if handle in view.passages}
    if widely:
        passages = {**passages, **view.passages, **_noted(view.notes, view)}
    asked = Asked(question)
    ranks = _ranks(view)
    if widely:
        noted = dict.fromkeys(note.handle for note in view.notes)
        for place, handle in enumerate(noted, _NOTED):
            ranks[handle] = min(ranks.get(handle, place), place)
    found = candidates(passages, ranks)
    rows = matrix(asked, [_read(question, one) for one in found], score)
    probabilities = _likely(asked, found, rows, scorer)
    if named and named != question:
        other = Asked(named)
        also = _likely(other, found, matrix(other, [_read(named, one) for one in found], score), scorer)
        probabilities = [_between(one, two) for one, two in zip(probabilities, also, strict=True)]
    order = sorted(range(len(found)), key=lambda at: (-probabilities[at], found[at].rank, at))
    ordered = tuple(probabilities[at] for at in order)
    made = tuple(found[at] for at in order)
    if not order:
        return Ranking(asked, made, ordered, rows[order], 0.0)
    told = signals(ordered, [float(value) for value in rows[order[0]]])
    confidences = scorer.confidence(told), scorer.stated_confidence(told)
    if asked.kind == "yes_no":
        confidences = round(raised(confidences[0], _YES_NO_ODDS), 4), round(raised(confidences[1], _YES_NO_ODDS), 4)
    return Ranking(asked, made, ordered, rows[order], *confidences)


_YES_NO_ODDS = 2.0
"""By how much higher the odds are that the answer to a yes or no question is right than the weights say, which know hardly one.

Counted over 320 questions of nq-open and XQuAD, turned by rule into questions that name their answer ("Was … founded in 1869?"): of
their answers 93 and 99 % were right at a mean confidence of .67 and .74, 3 and 0 % of those without their document were answered.
The odds that fit best are 7 times as high; taken much milder, because the words of people are other ones.
"""


def _likely(asked: Asked, found: Sequence[Candidate], rows: Array, scorer: AnswerScorer) -> list[float]:
    """How likely each candidate is; of the rows of a table, those that say less of the question than another one are less so."""
    own, is_row = rows[:, NAMES.index("cover_own")], rows[:, NAMES.index("is_row")] > 0
    said: dict[str, float] = {}
    for one, cover, row in zip(found, own, is_row, strict=True):
        if row:
            said[one.handle] = max(said.get(one.handle, 0.0), float(cover))
    return [
        round(adjusted(asked, one, features, value) * (_OTHER_ROW if row and cover < said[one.handle] else 1.0), 4)
        for one, features, value, cover, row in zip(found, rows, scorer.probabilities(rows), own, is_row, strict=True)
    ]


_OTHER_ROW = 0.2
"""What the likelihood of a row counts when another row of its passage says more of the question. Chosen by hand: the sets fitted on
have no tables."""


def _between(one: float, two: float) -> float:
    """The probability whose log-odds lie in the middle between two."""
    mean = statistics.fmean(map(_log_odds, (one, two)))
    return round(1.0 / (1.0 + math.exp(-mean)), 4)


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


def _read(question: str, one: Candidate) -> Candidate:
    """A candidate as it is compared with the question: days and acronyms that the question names are written as it writes them."""
    text, before, after, passage = (
        written_short(question, written_as(question, part)) for part in (one.text, one.before, one.after, one.passage)
    )
    if (text, before, after, passage) == (one.text, one.before, one.after, one.passage):
        return one
    return replace(one, text=text, before=before, after=after, passage=passage)


def _ranks(view: View) -> dict[str, int]:
    """The best place of each passage in this question's results, from 0."""
    ranks: dict[str, int] = {}
    for search in view.searches:
        for position, handle in enumerate(search.handles or ()):
            ranks[handle] = min(ranks.get(handle, 99), position + _HITS_A_PAGE * search.page)
    return ranks


_NOTED = 2
"""The place in the results, from 0, that the first noted passage has at least, and so on: a note is what was likeliest when it was
written, and the results that said so may have left the window. Of 42 questions over five real files 27 came out right and 6 wrong
so; with 0 for all of them 28 and 10 (too sure), and where such places were forgotten 24 and 6."""


def _noted(notes: Sequence[Note], view: View) -> dict[str, Hit]:
    """What was noted of passages that have left the window, each passage's notes as one text."""
    noted: dict[str, Hit] = {}
    for note in notes:
        if note.handle not in view.passages:
            before = noted[note.handle].text + "\n" if note.handle in noted else ""
            noted[note.handle] = Hit(0, note.handle, note.document, note.document_page, text=before + note.quote)
    return noted
