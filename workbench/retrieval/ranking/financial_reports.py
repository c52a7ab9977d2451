"""The analyzer of questions about financial reports: it also looks for the lines that a named measure is made of.

It is on only where reports are: some passage that may be found must hold the title of a statement, for two of the three
statements at least (balance sheet, income, cash flows). Elsewhere a question is searched by its own words alone.
"""

from __future__ import annotations

from workbench.retrieval.index.snapshot import Allowed, Words
from workbench.text import analyzer
from workbench.text.financial_terms import measures
from workbench.text.stemming import stem

_MEASURE_SHARE = 0.6
"""What a word of a measure's lines counts against a word of the query itself."""

_TITLES = (
    ("balance sheet",),
    ("statements of cash flows",),
    ("statements of operations", "statements of income", "statements of earnings"),
)
_LEAST_STATEMENTS = 2


def holds_reports(keywords: Words, allowed: Allowed) -> bool:
    """Whether passages among the rows `allowed` hold the titles of financial statements."""

    def held(title: str) -> bool:
        terms = [stem(word) for word in title.split() if word != "of"]
        return any(allowed[row] for row in keywords.containing(terms))

    return sum(any(map(held, titles)) for titles in _TITLES) >= _LEAST_STATEMENTS


def query_terms(query: str, keywords: Words, allowed: Allowed) -> dict[str, float]:
    """The terms of a query and their weights, those of a measure's lines among them where reports are searched."""
    weights = analyzer.query_terms(query)
    asked = measures(query)
    if asked is None or not asked.queries or not holds_reports(keywords, allowed):
        return weights
    for text in asked.queries:
        for term, weight in analyzer.query_terms(text).items():
            weights[term] = weights.get(term, 0.0) + _MEASURE_SHARE * weight
    return weights
