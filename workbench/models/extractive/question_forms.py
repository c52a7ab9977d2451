"""Recognises questions that one sentence cannot answer (summarise, list all, compare) and picks the quotes that do.

The reader does not reason: a summary is the opening of each part, a list is every line that names what was asked, and a
comparison quotes both sides.
"""

# ruff: noqa: E501 - a pattern is one line for a few languages

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from workbench.models.extractive.answer_ranking import Quote, Ranking
from workbench.models.extractive.features import Candidate, roots
from workbench.models.extractive.names import names
from workbench.models.extractive.periods import lies_in, period_of

_SUMMARY = re.compile(
    r"\bsummar(?:y|i[sz]e)\b|\boverview of\b|\bgist of\b|\bwhat (?:is|are) (?:this|the|these) (?:document|file|report|paper|text|book|article)s? about\b"
    r"|\bzusammenfass\w*|\bfass\w* .*\bzusammen\b|\bworum geht es\b|\brésum\w+|\bde quoi (?:parle|traite)\b|\bresum(?:e|en|ir)\b|\bde qué trata\b"
    r"|总结|概述|概括|摘要|主要内容|要約|概要|まとめて",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"^\W*(?:please )?(?:list|enumerate)\b|^\W*(?:please )?(?:name|give|show|find|tell) (?:me )?(?:all|every|each)\b|^\W*what are all\b"
    r"|^\W*(?:bitte )?(?:liste|zähle|nenne(?: mir)? alle|finde alle)\b|^\W*(?:listez?|énumère[zr]?|cite[zr]? (?:tous|toutes))\b"
    r"|^\W*(?:lista|enumera|menciona tod[oa]s|nombra tod[oa]s)\b|^(?:请)?(?:列出|列举)|所有的?.{0,12}有哪些|を(?:すべて|全て)|列挙|一覧",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"\bhow many\b(?! (?:of )?(?:people|persons|men|women|seconds|minutes|hours|days|weeks|months|years|times|euros|dollars|pounds|miles|percent)\b)"
    r"|\bwie ?viele\b|\bcombien d(?:e |['’])|\bcuánt[oa]s\b|多少[个次场起项]|几[个次场起项]|何[件回個]",
    re.IGNORECASE,
)
_OR = re.compile(r"\b(?:or|oder|ou|versus|vs\.?)\b| o |还是|或者?|か、?", re.IGNORECASE)
_AND = re.compile(r"\b(?:and|und|et|than|als|que|with|mit|avec|con)\b| y |和|与|と|より|比", re.IGNORECASE)
_COMPARES = re.compile(
    r"\b(?:compare[ds]?|comparison|differences?|differ|both|same|than)\b|\bvergleich\w*|\bunterschied\w*|\bcompar\w+|\bdifféren\w+|\bdiferencia\w*"
    r"|比较|区别|比較|違い|より",
    re.IGNORECASE,
)
LIST_QUOTES = 10
"""Lines of a list: more are read in a sweep."""

SUMMARY_QUOTES = 6
LIST_PAGES = 2
"""Pages of results a list is made from."""

_LINE_SHARE = 0.8
_COUNTED_SHARE, _LEAST_COUNTED = 0.9, 0.6


def form_of(question: str) -> str:
    """What a question asks for beside a fact: summary, list, compare, count, or "" for a fact."""
    if _SUMMARY.search(question):
        return "summary"
    if _LIST.search(question):
        return "list"
    if sides(question):
        return "compare"
    return "count" if _COUNT.search(question) else ""


def sides(question: str) -> tuple[str, str] | None:
    """The two names that a question sets against each other, None when it compares nothing."""
    named = [name for name in names(question) if not (_OR.search(name) or _AND.search(name)) and name in question]
    places = sorted((question.find(name), name) for name in named)
    for (start, first), (following, second) in itertools.pairwise(places):
        between = question[start + len(first) : following]
        joined = _OR.search(between) or (_AND.search(between) and _COMPARES.search(question))
        if joined and len(between) <= _BETWEEN_CHARS and first != second:
            return first, second
    return None


_BETWEEN_CHARS = 30


def compared(ranking: Ranking, two: tuple[str, str], least: float = 0.0) -> list[Quote]:
    """The best sentence about each side, none when one of them is spoken of nowhere or too little like the question."""
    quotes: list[Quote] = []
    code = ranking.asked.language.code
    for name in two:
        own = frozenset(roots(name, code))
        best = max(
            (at for at, one in enumerate(ranking.candidates) if own <= frozenset(roots(one.text, code))),
            key=lambda at: (_told(ranking, at), ranking.probabilities[at], -at),
            default=None,
        )
        if best is None or _told(ranking, best) < least:
            return []
        one = ranking.candidates[best]
        quote = Quote(one.handle, one.document, one.document_page, one.text, ranking.probabilities[best])
        if quote.text not in {known.text for known in quotes}:
            quotes.append(quote)
    return quotes


def _told(ranking: Ranking, at: int) -> float:
    """How much of the question a sentence says, by its words and by likeness where it uses others; 0 to 2."""
    return ranking.feature("like_own", at) + ranking.feature("cover_own", at)


def listed(ranking: Ranking, *, exactly: bool = False) -> list[Quote]:
    """Every line or opening of a paragraph that says of itself, or by its heading, what was asked; in the documents' order.

    What lies outside a period that is asked about is left out. `exactly`: only lines that say nearly everything, to be counted.
    """
    best = max((ranking.feature("cover_near", at) for at in range(len(ranking.candidates))), default=0.0)
    least = max(_COUNTED_SHARE * best, _LEAST_COUNTED) if exactly else max(_LINE_SHARE * best, 0.3)
    period = period_of(ranking.asked.text)
    chosen = [
        at
        for at, one in enumerate(ranking.candidates)
        if ranking.feature("cover_near", at) >= least
        and ranking.feature("cover_own", at) > 0
        and not (period and not lies_in(period, f"{one.section} {one.text}"))
    ]
    chosen += [at for at in _rows_below(chosen, ranking) if at not in chosen]
    return _in_order([ranking.candidates[at] for at in chosen], ranking)[:LIST_QUOTES]


def _rows_below(chosen: Sequence[int], ranking: Ranking) -> list[int]:
    """The rows under the lines that head a table ("Vessel, Kind, Built"): what such a line names, they are."""
    places = {(one.handle, one.position): at for at, one in enumerate(ranking.candidates)}
    rows: list[int] = []
    for at in chosen:
        head = ranking.candidates[at]
        if _ENDS.search(head.text) or any(map(str.isdigit, head.text)) or len(head.text.split()) < _LEAST_COLUMNS:
            continue
        position = head.position + 1
        while (below := places.get((head.handle, position))) is not None:
            row = ranking.candidates[below].text
            if _ENDS.search(row) or not (any(map(str.isdigit, row)) or row.startswith("|")):
                break
            rows.append(below)
            position += 1
    return rows


_ENDS = re.compile(r"[.!?。！？]\W*$")
_LEAST_COLUMNS = 2


def openings(ranking: Ranking) -> list[Quote]:
    """The first sentence of each part of the document that the question is about: the one that its title names best."""
    found, asked = ranking.candidates, ranking.asked
    if not found:
        return []

    def named(one: Candidate) -> int:
        return len(frozenset(roots(one.title, asked.language.code)) & asked.terms)

    most = max(named(one) for one in found)
    document = next(one.document for one in found if named(one) == most)
    parts: dict[tuple[str, str], Candidate] = {}
    for one in sorted((one for one in found if one.document == document), key=_place):
        parts.setdefault((one.handle, one.section), one)
    return _in_order(list(parts.values()), ranking)[:SUMMARY_QUOTES]


def _place(one: Candidate) -> tuple[str, int, int, int]:
    return one.document, one.document_page, one.rank, one.position


def _in_order(found: Sequence[Candidate], ranking: Ranking) -> list[Quote]:
    probabilities = dict(zip((one.key for one in ranking.candidates), ranking.probabilities, strict=True))
    return [
        Quote(one.handle, one.document, one.document_page, one.text, probabilities.get(one.key, 0.0))
        for one in sorted(found, key=_place)
    ]
