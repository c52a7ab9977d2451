"""Answers questions about the figures of a report from the lines of its accounts, and searches for them.

A ratio stands nowhere in a report: it is made of lines of its statements. So a question that names a measure (operating
margin) is also asked as the lines it is made of (operating income, total revenue) under the title of their statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.core.text_cache import text_cache
from workbench.models.extractive.question import Question
from workbench.models.extractive.sentences import stem
from workbench.text.financial_terms import NAMED, measures

_TIME_WORD = re.compile(r"^(?:fy\d*|q[1-4]|[1-4]q|h[12]|\d{1,4}|fiscal|quarter|year|years|vs|versus)$", re.IGNORECASE)
_FIGURES = re.compile(r"\d")


@dataclass(frozen=True)
class Figures:
    """What a question asks of a report: `lines` of its `statements`, `queries` that look for them, and the words of the measures
    it names: a report that has the lines need not have those."""

    lines: tuple[str, ...]
    queries: tuple[str, ...]
    measured: frozenset[str]
    statements: frozenset[str]


@text_cache(256)
def figures(question: str, one_document: bool = False) -> Figures | None:
    """What a question asks of a report; None when it names neither a measure nor a reporting period."""
    found = measures(question, of_report=one_document)
    if found is None:
        return None
    measured = frozenset(stem(word) for phrase in found.phrases for word in re.findall(r"\w+", phrase))
    return Figures(found.lines, found.queries, measured, found.statements)


def line_match(lines: tuple[str, ...], text: str) -> tuple[float, str]:
    """How well a row is one of the lines, 0 to 1, and which: the line's words over the words of the row's label."""
    best, label = (0.0, ""), _label(text)
    for line in lines if label else ():
        wanted = _words(line)
        there = frozenset(label)
        if f" {' '.join(wanted)} " in f" {' '.join(label)} ":
            best = max(best, (len(wanted) / len(label), line))
        elif (alike := len(there & set(wanted)) / len(there | set(wanted))) > 0.5:
            best = max(best, (0.8 * alike, line))
    return best


ASKED = "the figure that is asked for"
"""The line that a row is whose label is what the question names."""


def is_asked(question: frozenset[str], asked: Figures, text: str) -> bool:
    """Whether a row is the figure that is asked for: its label names the measure, and nothing that the question does not."""
    label = frozenset(_label(text))
    return bool(label & asked.measured) and label <= question


@text_cache(8_192)
def _label(text: str) -> tuple[str, ...]:
    """The words of a row before its first figure; none when the text is no row."""
    head = re.split(r"[($€£]*\s*-?\d", text, maxsplit=1)
    return _words(head[0]) if len(head) > 1 and len(head[0]) <= _LABEL_CHARS else ()


@text_cache(8_192)
def _words(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in re.findall(r"[A-Za-z]+", text) if word.lower() not in ("and", "of", "the"))


_LABEL_CHARS = 90


@text_cache(4_096)
def statements_titled(text: str) -> frozenset[str]:
    """The statements that a passage begins: a line of it is a statement's title, not an entry of a table of contents."""
    lines = [line.strip() for line in text.splitlines() if len(line) <= _TITLE_CHARS]
    return frozenset(
        key
        for key, pattern in NAMED.items()
        for line in lines
        if re.search(rf"{pattern}(?: \(.*\))?$", line, re.IGNORECASE)
    )


_TITLE_CHARS = 80


def is_time(word: str) -> bool:
    """Whether a word of a question only says which period."""
    return bool(_TIME_WORD.match(word))


def has_figures(text: str) -> bool:
    """Whether a text holds figures."""
    return bool(_FIGURES.search(text))


ASKING_WORDS = frozenset(
    stem(word)
    for word in """calculate compute computed want please help metric question based basing answer answers give response relying
    rely details shown using use used address assume according explain state useful company company's companies reasonable
    according define defined usd unit units millions million thousands billion billions round rounded decimal place places
    percent percentage ratio show improving improve improved increase increased increasing decrease decreased decreasing drop
    decline declined change changed changes growth grew grow reduction reduce reduced performed perform best worst highest
    lowest largest total amount number much many between relative compared profile drove driven drive drivers main""".split()
)
"""Words of a question about a report that say how to answer or which way a figure moved, not which figure."""


def telling(question: Question, asked: Figures | None) -> dict[str, float]:
    """The stems of a question that say which figure is meant, by weight; not those of the measures it names."""
    measured = asked.measured if asked else frozenset()
    return {
        term.stem: term.weight
        for term in question.terms
        if not is_time(term.word) and term.stem not in ASKING_WORDS | measured and len(term.stem) > 1
    }


def speaks_of(asked: Figures, own: frozenset[str]) -> float:
    """How far words are about the measures asked for, 0 to 1: by their names, or by the lines they are made of."""
    names = [asked.measured, *(frozenset(_words(line)) for line in asked.lines)]
    return max(((len(name & own) / len(name)) ** 2 for name in names if name), default=0.0)
