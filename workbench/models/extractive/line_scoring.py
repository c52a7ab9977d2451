"""Scores the lines in sight by how near they come to what is asked of a report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.models.extractive.evidence import Score, Unit, kin, units
from workbench.models.extractive.financial import (
    ASKED,
    Figures,
    has_figures,
    is_asked,
    line_match,
    speaks_of,
    statements_titled,
    telling,
)
from workbench.models.extractive.prompt_parser import Search, View
from workbench.models.extractive.question import Question
from workbench.models.extractive.sentences import stems

_NEAR = 0.5
_LOST_RANK = 3
"""Where a note stands whose result is out of sight: it was noted because it stood high."""

_WEIGHED = 6
"""Lines of a passage whose meaning is compared: the best by their words."""

_MEASURED = 1.5
"""The weight of the measures asked for, where a telling word weighs about 1."""

_IS_LINE = 0.8
_MORE_LINES = 2
"""A ratio needs two lines, often of one page: so many quotes may go to lines that no page's best place is."""

_REASON = 1.0
"""What it counts that a line gives a reason, where one is asked for: about as much as being the line of the statement."""

_CAUSE = re.compile(
    r"\bwhy\b|\bwhat (?:\w+ )?(?:drove|drives|caused|causes|led|explains)\b|\bdriv(?:en|ers?)\b|\breasons?\b",
    re.IGNORECASE,
)
_BECAUSE = re.compile(
    r"\b(?:due to|because|driven by|result(?:ed|ing)? (?:from|of|in)|attribut(?:ed|able) to|primarily|caused by|owing to"
    r"|reflect(?:s|ed|ing))\b",
    re.IGNORECASE,
)

_ANNOUNCES = re.compile(
    r":\s*$|\b(?:as follows|following tables?|tables? (?:below|that follows?)|summari[sz]ed (?:below|in the)|set forth (?:below|in the)"
    r"|(?:shown|presented|detailed) (?:below|in the (?:following )?table))\b",
    re.IGNORECASE,
)
"""A line that says that a table follows; the rows of that table are the answer."""

_ANNOUNCED, _BARE = 0.6, 1.0
"""What it costs a line that it announces a table and has no figure, or that it is nothing but names, dates and places."""

_DATE_OR_YEAR = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}(?:,?\s+\d{4})?|\b(?:19|20)\d\d\b|\bq[1-4]\b",
    re.IGNORECASE,
)
_SMALL_WORD = re.compile(r"(?<![\w'’-])[a-z]{3,}")

_SPANS = re.compile(
    r"\b(?:(?P<part>(?:three|six|nine) months|[1-3] months|[369] months|(?:first|second|third|fourth) quarter|quarters?|q[1-4]|[1-4]q)"
    r"|(?P<whole>twelve months|12 months|(?:fiscal )?years? ended|fiscal years?|fy ?\d{2,4}|annual))\b",
    re.IGNORECASE,
)
"""How a text names the span of time of its figures: a part of a year, or a whole one."""

_OTHER_SPAN = 0.5
"""What it costs a row that the heading above it gives quarters where a whole year is asked for, or years where a quarter is."""

_PAGE_HITS = 4
_LEAST_CHARS = 12


@dataclass(frozen=True)
class Place:
    """A quotable line with what speaks for it; `share` is how much of what is asked for its passage names, `line` how well it is
    the line `named` of a statement."""

    unit: Unit
    score: float
    share: float
    line: float
    named: str


def places(question: Question, asked: Figures | None, view: View, score: Score) -> list[Place]:
    """The lines in sight and the notes, best first."""
    found = units(view.passages, view.notes)
    meaning = _Meaning.of(question, asked, found)
    lines = asked.lines if asked else ()
    causes = asks_cause(question)
    ranks = _ranks(view.searches)
    around = {handle: stems(f"{passage.heading} {passage.text}") for handle, passage in view.passages.items()}
    stated = _stated(asked, view)
    weighed: dict[str, list[tuple[float, float, float, str, Unit]]] = {}
    for unit in found:
        if len(unit.text) < _LEAST_CHARS:
            continue
        own = meaning.held(unit.stems, unit.near)
        line, named = line_match(lines, unit.text)
        if asked and not causes and is_asked(question.stems, asked, unit.text):
            passage = view.passages.get(unit.handle)
            other = passage is not None and _of_other_span(
                question.text, f"{passage.heading}\n{passage.text}", unit.text
            )
            line, named = (line, named) if other else (1.0, ASKED)
        by_words = own + line * (0.6 + (0.3 if (unit.document, unit.document_page) in stated else 0.0))
        by_words += 0.15 if asked and has_figures(unit.text) else 0.0
        weighed.setdefault(unit.handle, []).append((by_words, own, line, named, unit))
    best = [
        item
        for items in weighed.values()
        for item in sorted(items, key=lambda item: (-item[0], item[4].text))[:_WEIGHED]
    ]
    likeness = score(question.text, [unit.text for *_, unit in best]) if best else []
    ranked = []
    for (by_words, own, line, named, unit), like in zip(best, likeness, strict=True):
        wide = around.get(unit.handle)
        share = max(own, meaning.held(wide, unit.near) if wide else 0.0)
        by_words += _REASON if causes and _BECAUSE.search(unit.text) else 0.0
        by_words -= _emptiness(unit.text)
        if has_figures(unit.text) and unit.handle in view.passages:
            passage = view.passages[unit.handle]
            by_words -= _of_other_span(question.text, f"{passage.heading}\n{passage.text}", unit.text)
        total = by_words + 0.8 * max(0.0, like) + 0.4 * share + 0.8 / (2 + ranks.get(unit.handle, _LOST_RANK))
        ranked.append(Place(unit, round(total, 6), share, line, named))
    return sorted(ranked, key=lambda place: (-place.score, place.unit.handle, place.unit.text))


def _of_other_span(question: str, passage: str, row: str) -> float:
    """What it costs a row that it stands in a table of another span of time than the question names."""
    asked = _spans(question)
    if len(asked) != 1 or not row or row not in passage:
        return 0.0
    above = [spans for line in passage[: passage.index(row)].splitlines() if (spans := _spans(line))]
    return _OTHER_SPAN if above and not asked & above[-1] else 0.0


def _spans(text: str) -> frozenset[str]:
    """The spans of time that a text names: "part" of a year, the "whole"."""
    return frozenset(str(match.lastgroup) for match in _SPANS.finditer(text))


def _emptiness(text: str) -> float:
    """What it costs a line that it says nothing itself: it announces a table, or it is a dateline or a title."""
    told = _DATE_OR_YEAR.sub(" ", text)
    if has_figures(told):
        return 0.0
    if _ANNOUNCES.search(text):
        return _ANNOUNCED
    return 0.0 if _SMALL_WORD.search(told) else _BARE


def _stated(asked: Figures | None, view: View) -> frozenset[tuple[str, int]]:
    """The pages in sight on which a statement that the question is about begins."""
    return frozenset(
        (passage.document, passage.page)
        for passage in view.passages.values()
        if asked and asked.statements & statements_titled(passage.text)
    )


@dataclass(frozen=True)
class _Meaning:
    """What is asked for: words by weight, and the measures that are `measured` in weight."""

    words: Mapping[str, float]
    asked: Figures | None
    measured: float

    @classmethod
    def of(cls, question: Question, asked: Figures | None, found: Sequence[Unit]) -> _Meaning:
        """What names the documents themselves, as a company does, tells no page, unless nothing else is asked."""
        titles = {re.sub(r"\W|_", "", unit.document).lower() for unit in found}
        words = telling(question, asked)
        held = {key: value for key, value in words.items() if not all(key in title for title in titles)}
        measured = _MEASURED if asked and asked.measured else 0.0
        return cls(held or ({} if measured else words), asked, measured)

    def held(self, own: frozenset[str], near: frozenset[str]) -> float:
        """The share of it that words hold, 0 to 1."""
        weight = sum(self.words.values()) + self.measured
        held = sum(value * _held(key, own, near) for key, value in self.words.items())
        if self.asked and self.measured:
            held += self.measured * speaks_of(self.asked, own)
        return held / weight if weight else 0.0


def _held(wanted: str, own: frozenset[str], near: frozenset[str]) -> float:
    if wanted in own:
        return 1.0
    if wanted in near:
        return _NEAR
    return kin(wanted, own) if len(wanted) >= 4 else 0.0


def _ranks(searches: Sequence[Search]) -> Mapping[str, int]:
    """The best place of each passage in the results in sight, from 0."""
    found: dict[str, int] = {}
    for search in searches:
        for position, handle in enumerate(search.handles or ()):
            found[handle] = min(found.get(handle, 99), position + _PAGE_HITS * search.page)
    return found


def asks_cause(question: Question) -> bool:
    """Whether a question wants to know why a figure moved: prose says that, a row of a statement does not."""
    return bool(_CAUSE.search(question.text))


def chosen(ranked: Sequence[Place], most: int, least_share: float = 0.6) -> list[Place]:
    """The best place of each page, while they are not far behind the best of all, and the lines that a measure still lacks."""
    pages: dict[tuple[str, int], Place] = {}
    for place in ranked:
        pages.setdefault((place.unit.document, place.unit.document_page), place)
    best = [place for place in pages.values() if place.score >= least_share * ranked[0].score]
    best.sort(key=lambda place: place.named != ASKED)
    lacking: dict[str, Place] = {}
    for place in ranked if not any(place.named == ASKED for place in best[:most]) else ():
        if place.line >= _IS_LINE and place.named not in {other.named for other in best[:most]}:
            lacking.setdefault(place.named, place)
    more = list(lacking.values())[:_MORE_LINES]
    return [*best[: most - len(more)], *more]
