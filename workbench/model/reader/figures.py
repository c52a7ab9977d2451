"""Questions about the figures of a report: a question goes in; the lines of its accounts that answer it, and searches for them, come out.

A ratio stands nowhere in a report: it is made of lines of its statements. So a question that names a measure (operating
margin) is also asked as the lines it is made of (operating income, total revenue) under the title of their statement.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from workbench.model.reader.question import Question
from workbench.model.reader.text import stem

STATEMENTS = {
    "income": "consolidated statements of income operations earnings",
    "balance": "consolidated balance sheets",
    "cash": "consolidated statements of cash flows",
}
"""How the titles of the three statements read."""

_NAMED = {
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
_TIME_WORD = re.compile(r"^(?:fy\d*|q[1-4]|[1-4]q|h[12]|\d{1,4}|fiscal|quarter|year|years|vs|versus)$", re.IGNORECASE)
_FIGURES = re.compile(r"\d")


@dataclass(frozen=True)
class Figures:
    """What a question asks of a report: `lines` of its `statements`, `queries` that look for them, and the words of the

    measures it names: a report that has the lines need not have those.
    """

    lines: tuple[str, ...]
    queries: tuple[str, ...]
    measured: frozenset[str]
    statements: frozenset[str]


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
    found = []
    for row in re.sub(r"\n +", " ", _MEASURES).strip().splitlines():
        asked, statement, lines = (part.strip() for part in row.split("|"))
        phrases = [phrase.strip() for phrase in asked.split(";")]
        plain = _any_of([phrase for phrase in phrases if phrase[0] != "~"])
        assert plain is not None
        common = _any_of([phrase[1:] for phrase in phrases if phrase[0] == "~"])
        found.append(_Measure(plain, common, statement, tuple(line.strip() for line in lines.split(";"))))
    return tuple(found)


MEASURES = _measures()


@functools.lru_cache(maxsize=256)
def figures(question: str, one_document: bool = False) -> Figures | None:
    """What a question asks of a report; None when it names neither a measure nor a reporting period."""
    period = bool(_PERIOD.search(question))
    reports = period or one_document
    measures = [
        one
        for one in MEASURES
        if one.pattern.search(question) or (reports and one.common and one.common.search(question))
    ]
    named = [key for key, pattern in _NAMED.items() if re.search(pattern, question, re.IGNORECASE)]
    if not period and not measures and not named:
        return None
    phrases = [match.group() for one in measures for match in one.pattern.finditer(question)]
    phrases += [match.group() for key in named for match in re.finditer(_NAMED[key], question, re.IGNORECASE)]
    return Figures(
        tuple(dict.fromkeys(line for one in measures for line in one.lines)),
        _queries(measures, named),
        frozenset(stem(word) for phrase in phrases for word in re.findall(r"\w+", phrase)),
        frozenset([*(one.statement for one in measures), *named]),
    )


def _queries(measures: list[_Measure], named: list[str]) -> tuple[str, ...]:
    """A search for each statement concerned: its title and the lines wanted."""
    found = []
    for key in STATEMENTS:
        lines = list(dict.fromkeys(line for one in measures if one.statement == key for line in one.lines))
        if lines or key in named:
            found.append(" ".join([STATEMENTS[key], *lines[:4]]))
    return tuple(found[:2])


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


@functools.lru_cache(maxsize=8_192)
def _label(text: str) -> tuple[str, ...]:
    """The words of a row before its first figure; none when the text is no row."""
    head = re.split(r"[($€£]*\s*-?\d", text, maxsplit=1)
    return _words(head[0]) if len(head) > 1 and len(head[0]) <= _LABEL_CHARS else ()


@functools.lru_cache(maxsize=8_192)
def _words(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in re.findall(r"[A-Za-z]+", text) if word.lower() not in ("and", "of", "the"))


_LABEL_CHARS = 90


@functools.lru_cache(maxsize=4_096)
def statements_titled(text: str) -> frozenset[str]:
    """The statements that a passage begins: a line of it is a statement's title, not an entry of a table of contents."""
    lines = [line.strip() for line in text.splitlines() if len(line) <= _TITLE_CHARS]
    return frozenset(
        key
        for key, pattern in _NAMED.items()
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
