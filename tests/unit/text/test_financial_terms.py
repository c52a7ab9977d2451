"""Measures of a report: what counts as one, and that a search for a ratio finds the statement it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.retrieval.index.builder import IndexedPassage, SearchIndex
from workbench.text.financial_terms import MEASURES, STATEMENTS, measures

PAGES = [
    "We improved the margin of our brochure. The operating theatre next door was improved as well.",
    "An improving outlook for puddings: the cook is operating on a profile of custard.",
    "CONSOLIDATED STATEMENTS OF INCOME\nTotal revenue 9,031 7,854\nOperating income 1,204 1,377",
    "CONSOLIDATED STATEMENTS OF CASH FLOWS\nPurchases of property and equipment (1,950) (610)",
    "CONSOLIDATED BALANCE SHEETS\nTotal current assets 1,560 1,702\nTotal current liabilities 870 790",
    *(f"Note {number}. Nothing of interest happened in the pantry, nor in its margin." for number in range(1, 30)),
]


def first(question: str, most: int = 1) -> tuple[int, ...]:
    passages = [IndexedPassage(n, 1, n + 1, 0, "report", "", text) for n, text in enumerate(PAGES)]
    index = SearchIndex.build(passages, np.eye(len(PAGES), 16, dtype=np.float32))
    return index.search(question, None).ids[:most]


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("Does the inn have an improving operating margin profile?", 2),
        ("How large was capex?", 3),
        ("Is the quick ratio of the inn healthy?", 4),
    ],
)
def test_a_ratio_is_found_by_the_lines_it_is_made_of(question: str, page: int) -> None:
    assert page in first(question, 2)


def test_other_questions_are_searched_as_they_stand() -> None:
    assert measures("Who abolished the Sunday lecture on fog?") is None
    assert measures("How much debt did the purser have?") is None
    assert first("custard puddings of the cook") == (1,)


def test_every_measure_names_a_statement_and_its_lines() -> None:
    for one in MEASURES:
        assert one.statement in STATEMENTS
        assert one.lines
        assert all(line == line.strip().lower() and line for line in one.lines)


def test_a_period_alone_asks_for_no_line() -> None:
    asked = measures("Who were the directors in FY2031?")
    assert asked is not None
    assert not asked.queries
