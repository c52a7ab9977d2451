"""Decides what stands in a cell of a table: a value, that it is not sure, or that the document does not say.

An answer says what a model, or the reader, takes for the best quote. A table is read without the reader's doubts beside each cell, so
here a typed value must fit the question better than any other value of its kind in the document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.agent.answers.claim_check import states_values_of
from workbench.agent.answers.typed_answer import (
    DATES,
    NUMBERS,
    TEXT,
    YES_NO,
    Typed,
    all_values,
    asked_mention,
    asked_year,
    asks_any_date,
    asks_for_name,
    covers,
    disagrees,
    names_thing,
    read_column,
    read_name,
    read_value,
    says_action,
    stated_dates,
)
from workbench.api.events import AnswerDone, Citation
from workbench.api.question_table import FOUND, NOT_FOUND, UNSURE, Cell, Column, Evidence
from workbench.models.extractive.tables import YEAR
from workbench.text.quotes import is_on_page
from workbench.text.values import SAME, relation, values


@dataclass(frozen=True)
class Candidate:
    """A sentence of the document that may answer, what stands around it, its place and its likeness to the question (-1 to 1)."""

    text: str
    before: str
    heading: str
    evidence: Evidence
    likeness: float
    columns: str = ""
    """The columns of the table whose row it is, as `columns_of` says them."""


@dataclass(frozen=True)
class Answer:
    """What came back for a cell: the answer's own words and its verified quotes, or the nearest ones where it is not sure."""

    answered: bool
    text: str
    quotes: tuple[Evidence, ...]
    confidence: float | None
    grounded: bool
    by_reader: bool
    lacks: str = ""


LEAST, LEAD = 0.56, 0.1
"""How well a sentence must fit a typed question for its value to be given, and by how much better than one with another value."""

LEAST_COVERED = 0.45
"""How much of what is asked a sentence, with what stands around it, must say: likeness alone finds any figure of a report."""

_QUOTED_FIRST = 0.12
"""What it counts that the answer quotes a sentence."""

LEAST_TEXT = 0.6
"""The confidence from which on a quote of the reader's stands as a text."""

_QUOTE_MARKS = re.compile(r"\s*[\[(]#[a-z]{1,3}\d{1,3}(?:\s*[,;]\s*#[a-z]{1,3}\d{1,3})*[\])]")
_MOST_CHARS = 600


NO_ANSWER = Answer(False, "", (), None, False, True)
"""Where only the sentences of the document decide."""


def answer_of(done: AnswerDone) -> Answer:
    """The answer of a model's agent; only quotes that were verified on a page of the document count."""
    shown = done.citations if done.answered else done.nearest
    quotes = tuple(_evidence(item) for item in shown if item.verified)
    return Answer(
        done.answered,
        _QUOTE_MARKS.sub("", done.text).strip(),
        quotes,
        done.confidence,
        done.state == "grounded",
        False,
        done.lacks,
    )


def _evidence(item: Citation) -> Evidence:
    return Evidence(item.quote, item.page, item.label, item.passage or 0)


def settle(document: str, column: Column, answer: Answer, candidates: Sequence[Candidate]) -> Cell:
    """The cell of an answer; `candidates` are the sentences of the document that come nearest to the question."""
    if column.kind == TEXT and not (answer.by_reader and asks_for_name(column.question)):
        return _text(document, column, answer)
    return _typed(document, column, answer, candidates)


def _text(document: str, column: Column, answer: Answer) -> Cell:
    cell = Cell(document, column.name, NOT_FOUND, evidence=answer.quotes, confidence=answer.confidence)
    if not answer.answered:
        return _unsure(cell, answer.lacks) if answer.quotes else cell
    if not answer.by_reader:
        value = " ".join(answer.text.split())[:_MOST_CHARS]
        quoted = "\n".join(one.quote for one in answer.quotes)
        borne_out = bool(quoted) and answer.grounded and states_values_of(value, quoted, column.question)
        return replace(cell, state=FOUND, value=value, verified=borne_out)
    if not answer.quotes:
        return cell
    quote = answer.quotes[0].quote
    if (answer.confidence or 0.0) < LEAST_TEXT:
        return _unsure(cell, "the quote is not sure to answer")
    return replace(cell, state=FOUND, value=quote, verified=True)


def _typed(document: str, column: Column, answer: Answer, candidates: Sequence[Candidate]) -> Cell:
    cell = Cell(document, column.name, NOT_FOUND, evidence=answer.quotes, confidence=answer.confidence)
    if not answer.by_reader and answer.answered:
        return _of_model(cell, column, answer)
    if column.kind == YES_NO and (thing := asked_mention(column.question)):
        return _mentioned(cell, thing, candidates)
    if column.kind == DATES and asks_any_date(column.question):
        return _only_date(cell, candidates)
    year = asked_year(column.question) if column.kind == NUMBERS else ""
    fits, several = [], []
    for item in candidates:
        covered = covers(column.question, item.text, f"{item.heading}\n{item.before}")
        if covered < LEAST_COVERED:
            continue
        if column.kind == DATES and not says_action(column.question, f"{item.text}\n{item.before}\n{item.heading}"):
            continue
        if year and year not in item.text and year not in item.columns:
            continue
        quoted = any(is_on_page(item.text, one.quote) or is_on_page(one.quote, item.text) for one in answer.quotes)
        how_well, value = fit(column.question, item) + _QUOTED_FIRST * quoted, _value(column, item)
        if value is not None:
            fits.append(_Fit(how_well, covered, item.evidence, value))
        elif keys := all_values(column.kind, column.question, item.text):
            several.append(_Fit(how_well, covered, item.evidence, None, keys))
    best = max(fits, key=lambda one: one.how_well, default=None)
    nearest = replace(cell, evidence=answer.quotes or _nearest(column, candidates))
    if best is None or best.value is None or best.how_well < LEAST:
        return _unsure(nearest, answer.lacks or "no single value could be read") if nearest.evidence else cell
    value = best.value
    rivals = [one for one in (*fits, *several) if _rivals(column.kind, best, one)]
    if rivals:
        other = max(rivals, key=lambda one: one.how_well)
        both = replace(cell, evidence=(best.evidence, other.evidence))
        said = other.value.shown[:80] if other.value else "one of several values in another sentence"
        return _unsure(both, f"{value.shown[:80]} or {said}")
    shown, typed = _shown(column, value), value.value if column.kind != TEXT else ""
    return replace(
        cell, state=FOUND, value=shown, typed=typed, unit=value.unit, verified=True, evidence=(best.evidence,)
    )


def _mentioned(cell: Cell, thing: str, candidates: Sequence[Candidate]) -> Cell:
    """Yes where a line names the thing; that none of those that were looked through does, is no "no"."""
    line = next((item for item in candidates if names_thing(thing, item.text)), None)
    if line is None:
        return cell
    return replace(cell, state=FOUND, value="yes", typed="yes", verified=True, evidence=(line.evidence,))


def _only_date(cell: Cell, candidates: Sequence[Candidate]) -> Cell:
    """The one date of a document: a day, or else a month; not sure where there are several, or a year alone."""
    dates = [(date, typed, item) for item in candidates for date, typed in stated_dates(item.text)]
    for unknown in (lambda key: "?" in key, lambda key: key.endswith("-??-??")):
        dates = [one for one in dates if not unknown(one[0].key)] or dates
    if not dates:
        return cell
    first, typed, line = dates[0]
    other = next((one for one in dates if relation(one[0], first) != SAME), None)
    if other is not None:
        both = replace(cell, evidence=(line.evidence, other[2].evidence))
        return _unsure(both, f"{first.text[:80]} or {other[0].text[:80]}")
    quoted = replace(cell, evidence=(line.evidence,))
    if typed is None or first.key.endswith("-??-??"):
        return _unsure(quoted, f"{first.text[:80]} is no whole date")
    return replace(quoted, state=FOUND, value=typed.value, typed=typed.value, verified=True)


@dataclass(frozen=True)
class _Fit:
    """A sentence and how well it fits: the value it states, or all of them where it leaves more than one."""

    how_well: float
    covered: float
    evidence: Evidence
    value: Typed | None
    keys: frozenset[str] = frozenset()


def _rivals(kind: str, best: _Fit, other: _Fit) -> bool:
    """Whether a sentence says something else than the best and speaks of what is asked as well as it does."""
    as_well = other.how_well > best.how_well - LEAD
    if kind in (NUMBERS, DATES):
        as_well = as_well or other.covered >= best.covered - 0.05
    if not as_well or best.value is None:
        return False
    return disagrees(kind, best.value, other.value) if other.value else best.value.value not in other.keys


def _value(column: Column, item: Candidate) -> Typed | None:
    if column.kind == TEXT:
        return read_name(column.question, item.text)
    if column.kind == NUMBERS and item.columns and asked_year(column.question) not in ("", *YEAR.findall(item.text)):
        return read_column(column.question, item.text, item.columns)
    return read_value(column.kind, column.question, item.text)


NEAREST = 0.4
"""How well a sentence must fit a question to be shown as the nearest."""


def _nearest(column: Column, candidates: Sequence[Candidate]) -> tuple[Evidence, ...]:
    ranked = sorted(((fit(column.question, item), at) for at, item in enumerate(candidates)), reverse=True)[:2]
    return tuple(candidates[at].evidence for share, at in ranked if share >= NEAREST)


def _of_model(cell: Cell, column: Column, answer: Answer) -> Cell:
    """A model's typed answer: its value counts as verified when a verified quote states it."""
    stated = [
        value for one in answer.quotes if (value := read_value(column.kind, column.question, one.quote)) is not None
    ]
    own = read_value(column.kind, column.question, answer.text)
    value = own or (stated[0] if len({item.value for item in stated}) == 1 else None)
    if value is None:
        return _unsure(cell, "no single value could be read" if answer.quotes else answer.text[:_MOST_CHARS])
    verified = any(not disagrees(column.kind, value, item) for item in stated)
    shown = _shown(column, value)
    return replace(cell, state=FOUND, value=shown, typed=value.value, unit=value.unit, verified=verified)


def fit(question: str, item: Candidate) -> float:
    """How well a sentence fits a question, 0 to 1: its words, those around it, and its likeness in meaning."""
    return 0.65 * covers(question, item.text, f"{item.heading}\n{item.before}") + 0.35 * min(
        1.0, max(0.0, item.likeness / 0.65)
    )


def _shown(column: Column, value: Typed) -> str:
    if column.kind == NUMBERS:
        has_unit = value.unit in value.shown.lower() or any(item.unit == value.unit for item in values(value.shown))
        return value.shown if has_unit else f"{value.shown} {value.unit}"
    return value.value


def _unsure(cell: Cell, note: str) -> Cell:
    return replace(cell, state=UNSURE, note=note)
