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


LIST = """Records
- Most bells in a day
  - 13 by Ada Holm in 2031 and 2032
  - 12 by Ole Berg
- Most bells in a year
  - 402 by Ada Holm
Years: 2031 | Bells: none
Rain 3 4
Links
12. Rain of 2031 3 4
"""


def test_an_item_under_another_one_is_headed_by_it() -> None:
    heads = TableHeads(LIST, is_row)

    def item(line: str) -> str:
        return heads.item_above(LIST.rindex("\n", 0, LIST.index(line)) + 1)

    assert item("12 by Ole") == item("13 by Ada") == "Most bells in a day"
    assert item("402 by") == "Most bells in a year"
    assert item("Most bells in a year") == item("Rain 3") == ""


def test_no_head_goes_past_a_heading_nor_is_one_made_of_an_item_or_a_row_with_names() -> None:
    heads = TableHeads(LIST, is_row, [LIST.index("Links")])
    assert (
        heads.above(LIST.index("402 by"))
        == heads.above(LIST.index("Rain 3"))
        == heads.above(LIST.index("12. Rain"))
        == ""
    )


def test_the_second_line_of_two_alike_is_a_row_not_the_names() -> None:
    table = "Genre | Drama\nLanguage | Welsh\nSeasons | 3\nEpisodes | 10\n"
    assert "Language" not in head(table, "Episodes")
