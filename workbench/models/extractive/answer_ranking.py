"""Ranks the sentences in sight as answers to a question and joins the best into quotes, with one calibrated confidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.models.extractive.answer_scorer import AnswerScorer, signals
from workbench.models.extractive.evidence import Score
from workbench.models.extractive.features import NAMES, Array, Asked, Candidate, adds, candidates, matrix
from workbench.models.extractive.languages import negated
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
"""What it counts when a line says nothing beside the question's own words: a heading, or an entry of a table of contents."""

_HEADING_ASKED, _OPENS_ODDS = 0.85, 6.0
"""How much of a question a heading must say for the sentence below it to be its answer, and by how much that raises its odds.

Chosen by hand: the sets fitted on have no headings, so the weights know too little of them.
"""

_OTHER_DAY = 0.3
"""What it counts when it names a day, and the question asks about another one."""

_PERIOD = re.compile(
    r"\b(?:before|after|since|until|till|by|between|from|vor|nach|seit|bis|zwischen|ab|avant|après|depuis|jusqu|entre|antes|después|desde|hasta)\b"
    r"|之前|之后|以前|以后|以後|以来|から|まで|より",
    re.IGNORECASE,
)
"""A question about the time before or after a day is answered by other days."""

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
        for at in range(len(self.candidates)):
            if len(made) >= most or self.probabilities[at] < _ADDS * self.probabilities[0]:
                break
            if at not in used:
                made.append(self._quote(at, used))
        return made

    def feature(self, name: str, at: int = 0) -> float:
        """A feature of the candidate at this place."""
        return float(self.rows[at][NAMES.index(name)]) if self.candidates else 0.0

    def _quote(self, at: int, used: set[int]) -> Quote:
        one, probability = self.candidates[at], self.probabilities[at]
        used.add(at)
        text = one.text
        for step in (1, -1):
            neighbour = next(
                (
                    other
                    for other, candidate in enumerate(self.candidates)
                    if candidate.handle == one.handle and candidate.position == one.position + step
                ),
                None,
            )
            if neighbour is None or neighbour in used or self.probabilities[neighbour] < _JOINS * probability:
                continue
            beside = self.candidates[neighbour]
            first, second = (one, beside) if step > 0 else (beside, one)
            joined = f"{first.text}{'' if _runs_on(first.text) else ' '}{second.text}"
            if first.joins_next and len(joined) <= QUOTE_CHARS:
                used.add(neighbour)
                text = joined
                break
        return Quote(one.handle, one.document, one.document_page, text, probability)


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
        round(_headed(value * _worth(asked, one), one, row), 4)
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
    odds = _OPENS_ODDS * probability
    return odds / (odds + 1.0 - probability)


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
    if asked.kind != "yes_no" and not adds(asked, one.text):
        return _REPEATS
    wanted = {day for _, day in days(asked.text)}
    named = {day for _, day in days(one.text)} if wanted and not _PERIOD.search(asked.text) else set()
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
