"""Says what the columns of a quoted table row are, and in which unit its figures stand.

A row by itself ("Total revenue 1,234 1,111") does not tell its years; they stand in the table's heading, further up.
"""

# ruff: noqa: E501 - a pattern is one line

from __future__ import annotations

import re

from workbench.core.text_cache import text_cache

_RULE = re.compile(r"^\|?[\s:|-]+\|?$")
_TIME = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\b|\bq[1-4]\b|\bfy\s?\d*\b",
    re.IGNORECASE,
)
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_UNIT = re.compile(
    r"\(?\b((?:(?:all )?(?:dollars|amounts|figures|tabular amounts) |\$ |u\.s\. dollars )?in (?:thousands|millions|billions|thousand|million|billion)"
    r"(?: of (?:u\.s\. )?(?:dollars|euros|yen|pounds))?(?:,? except [\w\s,-]{3,60})?)",
    re.IGNORECASE,
)
_FIGURES = re.compile(r"\d[\d,.]*")
_HEADING_CHARS, _HEADING_WORDS = 160, 8


@text_cache(1_024)
def columns_of(row: str, passage: str) -> str:
    """A sentence about the columns and the unit of a row, from the table in its passage; "" where nothing says them."""
    lines = [line.strip() for line in passage.splitlines()]
    flat = " ".join(row.split())
    at = next((number for number, line in enumerate(lines) if line and (" ".join(line.split()) == flat)), None)
    if at is None:
        at = next(
            (
                number
                for number, line in enumerate(lines)
                if len(line) > _SHORTEST and flat.startswith(" ".join(line.split()))
            ),
            None,
        )
    if at is None:
        return ""
    if row.lstrip().startswith("|"):
        cells = _header_cells(lines, at)
        return f"Columns: {', '.join(cells)}." if cells else ""
    if len(_FIGURES.findall(row)) < _LEAST_FIGURES:
        return ""
    years = _years(lines[:at])
    unit = next((match.group(1) for line in reversed(lines[:at]) if (match := _UNIT.search(line))), "")
    if not years:
        return f"Figures {unit}." if unit else ""
    return f"Columns: {', '.join(years)}{f' ({unit})' if unit else ''}."


_SHORTEST, _LEAST_FIGURES = 12, 2


def _header_cells(lines: list[str], at: int) -> list[str]:
    """The cells of the first line of a table in Markdown; none where the row is that line."""
    top = at
    while top and lines[top - 1].startswith("|"):
        top -= 1
    if top == at or _RULE.match(lines[at]):
        return []
    return [cell.strip() for cell in lines[top].strip("|").split("|") if cell.strip()]


def _years(above: list[str]) -> list[str]:
    """The years, or the periods, that head the columns: the nearest line above that holds little else."""
    for line in reversed(above):
        years = YEAR.findall(line)
        if len(years) >= _LEAST_FIGURES and len(line) <= _HEADING_CHARS:
            rest = re.findall(r"[A-Za-z]{4,}", _TIME.sub(" ", line))
            if len(rest) <= _HEADING_WORDS and len(_FIGURES.findall(YEAR.sub(" ", line))) <= len(years):
                return years
    return []
