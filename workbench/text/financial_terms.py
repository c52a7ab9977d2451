"""Maps financial measures in a question to the lines of the statements that they are computed from.

A ratio stands nowhere in a report: it is made of lines of its statements. So a question that names a measure (operating
margin) is also asked as the lines it is made of (operating income, total revenue) under the title of their statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.core.text_cache import text_cache

STATEMENTS = {
    "income": "consolidated statements of income operations earnings",
    "balance": "consolidated balance sheets",
    "cash": "consolidated statements of cash flows",
}
"""How the titles of the three statements read."""

NAMED = {
    "income": r"(?:statements? of (?:income|operations|earnings|profit)|(?:income|earnings) statements?|profit (?:and|&) loss|p ?& ?l)\b",
    "balance": r"(?:balance sheets?|statements? of financial position)\b",
    "cash": r"(?:cash[ -]?flows? statements?|statements? of cash[ -]?flows?)\b",
}

_MEASURES = """
operating margin; operating profit; operating income; income from operations; ebit | income | operating income; total revenue;
  income from operations
gross margin; gross profit | income | gross profit; cost of revenue; total revenue; cost of sales
profit margin; net margin; net income; net profit; net earnings; net loss; bottom line | income | net income; total revenue;
  net earnings; net loss
ebitda; ebitda margin | income | operating income; depreciation and amortization; ebitda; total revenue
ebitda; depreciation; amortization; d&a; depreciation and amortization | cash | depreciation and amortization
effective tax rate; tax rate; income tax; income taxes | income | provision for income taxes; income before income taxes;
  effective tax rate
eps; earnings per share | income | diluted earnings per share; net income per share; earnings per share
revenue; revenues; net sales; top line; ~sales; ~growth | income | total revenue; net sales; revenues
cogs; cost of goods sold; cost of sales; cost of revenue | income | cost of revenue; cost of sales; cost of goods sold
sg&a; selling, general and administrative | income | selling, general and administrative expenses; sg&a
r&d; research and development | income | research and development
interest expense; interest coverage | income | operating income; interest expense
operating expenses; opex; ~marketing | income | total operating expenses; marketing; sales and marketing
free cash flow; free cashflow; fcf | cash | net cash provided by operating activities; purchases of property and equipment;
  capital expenditures
operating cash flow; cash from operations; cash from operating activities; cash flow ratio; ~cash flow; ~financing; ~investing |
  cash | net cash provided by operating activities; net cash used in investing activities; net cash used in financing activities
capex; capital expenditure; capital expenditures; capital intensive; capital intensity | cash |
  purchases of property, plant and equipment; capital expenditures
capital intensive; capital intensity | balance | property, plant and equipment, net; total assets
dividend payout; dividends paid; cash dividends; ~dividend; ~dividends | cash | dividends paid; cash dividends
share repurchase; share repurchases; stock repurchase; stock repurchases; buyback; buybacks | cash | repurchases of common stock;
  purchase of treasury stock
cash and cash equivalents; cash & cash equivalents; cash equivalents | balance | cash and cash equivalents
working capital; current ratio; quick ratio; current assets; current liabilities; ~liquidity | balance | total current assets;
  total current liabilities
days payable outstanding; dpo; accounts payable; payables turnover | balance | accounts payable; inventories; trade payables
days sales outstanding; dso; receivables turnover; accounts receivable; receivables | balance | accounts receivable;
  trade receivables; receivables, net
inventory turnover; days inventory; dio; cash conversion cycle; merchandise inventories; ~inventory; ~inventories | balance |
  inventories; merchandise inventories
asset turnover; return on assets; roa; total assets | balance | total assets
return on equity; roe; stockholders' equity; shareholders' equity; book value; retained earnings | balance |
  total stockholders' equity; retained earnings
return on assets; roa; return on equity; roe | income | net income; net earnings
long-term debt; total debt; debt to equity; leverage ratio; net debt; ~debt; ~borrowings | balance | long-term debt; debt;
  current portion of long-term debt
pp&e; ppe; ppne; pp&ne; fixed asset; fixed assets; property, plant and equipment | balance | property, plant and equipment, net
goodwill; intangible assets; ~intangibles | balance | goodwill; intangible assets, net
total liabilities | balance | total liabilities
"""
"""What is asked for | the statement | its lines. With ~ the words are common ones: they count beside a reporting period."""

_PERIOD = re.compile(
    r"\bfy ?'?(\d{2}(?:\d{2})?)\b|\bfiscal (?:year )?'?(\d{4})\b|\b(?:q[1-4]|[1-4]q|h[12])\b|\b(?:first|second|third|fourth) quarter\b"
    r"|\b10-[kq]\b|\b8-k\b|\bannual report\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Measures:
    """What a question asks of a report: `lines` of its `statements`, the `phrases` that say so, and `queries` for them."""

    lines: tuple[str, ...]
    statements: frozenset[str]
    phrases: tuple[str, ...]
    queries: tuple[str, ...]


@dataclass(frozen=True)
class _Measure:
    pattern: re.Pattern[str]
    common: re.Pattern[str] | None
    statement: str
    lines: tuple[str, ...]


def _any_of(phrases: list[str]) -> re.Pattern[str] | None:
    if not phrases:
        return None
    parts = (re.escape(phrase).replace(r"\ ", r"[\s-]+").replace("'", "['’]") for phrase in phrases)
    return re.compile(r"(?<!\w)(?:" + "|".join(parts) + r")(?!\w)", re.IGNORECASE)


def _measures() -> tuple[_Measure, ...]:
    measures = []
    for row in re.sub(r"\n +", " ", _MEASURES).strip().splitlines():
        asked, statement, lines = (part.strip() for part in row.split("|"))
        phrases = [phrase.strip() for phrase in asked.split(";")]
        plain = _any_of([phrase for phrase in phrases if phrase[0] != "~"])
        assert plain is not None
        common = _any_of([phrase[1:] for phrase in phrases if phrase[0] == "~"])
        measures.append(_Measure(plain, common, statement, tuple(line.strip() for line in lines.split(";"))))
    return tuple(measures)


MEASURES = _measures()


@text_cache(256)
def measures(question: str, *, of_report: bool = False) -> Measures | None:
    """What a question asks of a report; None when it names neither a measure, a statement nor a reporting period.

    `of_report` says that it is asked of one document: then common words (debt, sales) count as well.
    """
    period = bool(_PERIOD.search(question))
    titles = [
        one
        for one in MEASURES
        if one.pattern.search(question) or ((period or of_report) and one.common and one.common.search(question))
    ]
    named = [key for key, pattern in NAMED.items() if re.search(pattern, question, re.IGNORECASE)]
    if not period and not titles and not named:
        return None
    phrases = [match.group() for one in titles for match in one.pattern.finditer(question)]
    phrases += [match.group() for key in named for match in re.finditer(NAMED[key], question, re.IGNORECASE)]
    return Measures(
        tuple(dict.fromkeys(line for one in titles for line in one.lines)),
        frozenset([*(one.statement for one in titles), *named]),
        tuple(phrases),
        _queries(titles, named),
    )


def _queries(measures: list[_Measure], named: list[str]) -> tuple[str, ...]:
    """A search for each statement concerned: its title and the lines wanted."""
    queries = []
    for key in STATEMENTS:
        lines = list(dict.fromkeys(line for one in measures if one.statement == key for line in one.lines))
        if lines or key in named:
            queries.append(" ".join([STATEMENTS[key], *lines[:4]]))
    return tuple(queries[:2])
