"""Measures of reports widen a search where reports are, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from workbench.retrieval.index.snapshot import Words
from workbench.retrieval.ranking.financial_reports import holds_reports, query_terms
from workbench.text import analyzer

ASKED = "What was the operating margin in FY2031?"


class Passages:
    """Rows by their words, as an index knows them."""

    def __init__(self, *texts: str) -> None:
        self._terms = [set(analyzer.index_terms(text)) for text in texts]

    def containing(self, terms: Sequence[str]) -> list[int]:
        return [row for row, held in enumerate(self._terms) if held.issuperset(terms)]


def words(*texts: str) -> tuple[Words, Any]:
    return cast("Words", Passages(*texts)), np.ones(len(texts), dtype=bool)


REPORT = (
    "CONSOLIDATED BALANCE SHEETS\nTotal assets 4,210",
    "Consolidated Statements of Operations\nOperating income 310",
    "The harbour's keeper wrote letters.",
)


def test_reports_are_known_by_the_titles_of_their_statements() -> None:
    assert holds_reports(*words(*REPORT))
    assert not holds_reports(*words("The balance sheet of the parish was short.", "The keeper wrote letters."))


def test_a_measure_is_also_looked_for_as_its_lines_in_reports() -> None:
    keywords, allowed = words(*REPORT)
    plain, wide = analyzer.query_terms(ASKED), query_terms(ASKED, keywords, allowed)
    assert wide["revenu"] > 0
    assert "revenu" not in plain
    assert query_terms("Who wrote letters?", keywords, allowed) == analyzer.query_terms("Who wrote letters?")


def test_elsewhere_a_question_is_searched_by_its_own_words() -> None:
    keywords, allowed = words("The operating margin of the ferry was thin.", "Revenue of the mill, 1891.")
    assert query_terms(ASKED, keywords, allowed) == analyzer.query_terms(ASKED)


def test_reports_outside_the_search_do_not_count() -> None:
    keywords, allowed = words(*REPORT)
    allowed[:2] = False
    assert query_terms(ASKED, keywords, allowed) == analyzer.query_terms(ASKED)
