"""A passage in the middle of a table knows what its columns are."""

from __future__ import annotations

from workbench.ingest.chunker import is_row
from workbench.ingest.table_head import TableHeads
from workbench.text.entities import title_keys

STATEMENT = """Consolidated statements of income
Years ended December 31,
(in thousands, except per share data)
2033 2032 2031
Revenues $ 6,779,511 $ 5,504,656 $ 4,374,562
Cost of revenues 4,591,476 3,752,760 3,083,256
Marketing
824,092 607,186 503,889
Operating income 305,826 402,648 228,347

The figures of the first year were corrected in spring, because the auditors of the company had asked for it.
Interest and other income (31,225) (3,060) (3,002)
"""


def head(text: str, line: str) -> str:
    return TableHeads(text, is_row).above(text.index(line))


def test_the_years_and_the_unit_of_a_statement_go_with_its_later_rows() -> None:
    expected = "columns: Years ended December 31, (in thousands, except per share data) 2033 2032 2031"
    assert head(STATEMENT, "Operating income") == expected
    assert head(STATEMENT, "Marketing\n") == expected
    assert head(STATEMENT, "Consolidated") == head(STATEMENT, "2033 2032") == ""


def test_prose_between_ends_a_table() -> None:
    assert head(STATEMENT, "Interest and other") == ""
    assert head("In 2031 and 2032 it rained.\nIt rained on 3 days and then 4 days.", "It rained on") == ""


def test_rows_with_names_need_their_caption_only() -> None:
    table = "Tolls of the eastern gate\nCart | Toll\nCart: small | Toll: 4\nCart: large | Toll: 5"
    assert head(table, "Cart: large") == "columns: Tolls of the eastern gate"


def test_nothing_is_called_by_the_columns_of_a_table() -> None:
    assert title_keys("a.pdf", "Income > columns: 2033 2032") == title_keys("a.pdf", "Income")
