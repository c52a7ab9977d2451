"""Tables that are drawn with signs: their rows carry the names of their columns, as those of other formats do."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders import registry

GRID = """+------+-------------+
|      | Fare        |
| Zone +------+------+
|      | Ad   | Ch   |
+======+======+======+
| A    | 10   | 5    |
|      +------+------+
|      | 12   | 6 in |
|      |      | all  |
+------+------+------+
"""


def read(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return registry.read(folder / name).pages[0].text


@pytest.mark.parametrize("name", ["a.rst", "a.md"])
def test_cells_of_a_grid_table_may_span(tmp_path: Path, name: str) -> None:
    assert "Zone: A | Fare Ad: 12 | Fare Ch: 6 in all" in read(tmp_path, name, GRID)


def test_the_other_tables_of_restructuredtext(tmp_path: Path) -> None:
    text = read(
        tmp_path,
        "a.rst",
        "====== ===== =====\n  Ship     Crew\n------ -----------\nName   Men   Boys\n====== ===== =====\nAda    5     1\nBo     6     2\n"
        "====== ===== =====\n\n.. list-table:: Ports\n   :header-rows: 1\n\n   * - Port\n     - Depth\n"
        "   * - *Hull*\n     - 9 m\n       at low tide\n\n"
        '.. csv-table:: Tolls\n   :header: "Gate", "Toll"\n\n   "East, upper", 4\n   "West", 5\n\nEnd.\n',
    )
    assert "Crew Boys: 1" in text
    assert "Ports\nPort | Depth\nPort: Hull | Depth: 9 m at low tide" in text
    assert "Tolls\nGate | Toll\nGate: East, upper | Toll: 4" in text
    assert text.endswith("End.\n")


def test_a_frame_that_is_no_table_stays_as_it_is_written(tmp_path: Path) -> None:
    drawing = "+---+\n| a  b\n+-x-+\n"
    assert read(tmp_path, "a.rst", drawing) == drawing


def test_tables_of_asciidoc(tmp_path: Path) -> None:
    text = read(
        tmp_path,
        "a.adoc",
        '= Locks\n\n.Tolls of 2033\n[cols="1,2*",options="header"]\n|===\n|Gate|Cart|Coach\n|East\n|4\n|7\n'
        ".2+|West |5 |8\n|6 |9\n|===\n\n----\n|===\n----\n\n== Rules\n",
    )
    assert "Tolls of 2033\nGate | Cart | Coach\nGate: East | Cart: 4 | Coach: 7" in text
    assert "Gate: West | Cart: 5 | Coach: 8\nGate: West | Cart: 6 | Coach: 9" in text
    assert [heading.title for heading in registry.read(tmp_path / "a.adoc").pages[0].headings] == ["Locks", "Rules"]


def test_several_cells_of_a_row_may_go_on_below(tmp_path: Path) -> None:
    text = read(tmp_path, "a.adoc", "|===\n|Gate |Kind |Toll\n\n.2+|East .2+|Cart |4\n|7\n|West |Coach |8\n|===\n")
    assert text == (
        "Gate | Kind | Toll\nGate: East | Kind: Cart | Toll: 4\nGate: East | Kind: Cart | Toll: 7\n"
        "Gate: West | Kind: Coach | Toll: 8\n"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.adoc", "----\n.Tolls\n|===\n|Gate |Toll\n\n|East |4\n|===\n----\n"),
        ("a.adoc", ',===\na,"' + "never closed " * 12_000 + "\n,===\n"),
        ("a.adoc", ',===\na,"b" ,c\nd,"never closed\n,===\n'),
        ("a.adoc", "|===\n" + ".9999+|a\n" * 10 + "|===\n"),
        ("a.rst", "= =\n" * 8_000 + "x\n"),
    ],
    ids=["listing", "unclosed quotation mark", "unclosed and short", "absurd spans", "edges without end"],
)
def test_what_is_no_table_stays_as_it_is_written(tmp_path: Path, name: str, text: str) -> None:
    assert read(tmp_path, name, text) == text


def test_absurd_numbers_are_no_obstacle(tmp_path: Path) -> None:
    assert "a" in read(tmp_path, "a.adoc", f"|===\n.{'9' * 5_000}+|a|b\n|===\n")
    assert (
        read(tmp_path, "a.rst", ".. list-table::\n   :header-rows: \u00b2\n\n   * - a\n   * - c\n   * - d\n")
        == "a\nc\nd"
    )


def test_html_tables_stand_in_markdown_too(tmp_path: Path) -> None:
    head = "<table><tr><th rowspan=2>Zone</th><th colspan=2>Fare</th></tr><tr><th>Ad</th><th>Ch</th></tr>"
    html = f"{head}<tr><td>A</td><td>10</td><td>5</td></tr></table>"
    assert "Zone: A | Fare Ad: 10 | Fare Ch: 5" in read(tmp_path, "a.md", f"# T\n\n{html}\n\nTail")


def test_what_stands_around_and_inside_an_html_table_in_markdown_is_kept(tmp_path: Path) -> None:
    inner = "<table><tr><td>Ad</td><td>10</td></tr>\n</table>"
    html = f"<table><tr><th>Zone</th><th>Fare</th></tr><tr><td>A</td><td>{inner}</td></tr><tr><td>B</td><td>9</td></tr></table>"
    text = read(tmp_path, "a.md", f"{html} in pence\nTail")
    assert text.endswith("Zone: B | Fare: 9\n in pence\nTail")
    assert "Ad" in text
    layout = "<table><tr><td>\n\n## Gates\n\nThey open at six.\n\n</td></tr></table>\n"
    assert read(tmp_path, "b.md", layout) == layout


def test_a_table_of_bars_is_one_in_a_text_file(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", "Tolls\n\n| Gate | Toll |\n|------|-----:|\n| East | 4 |\n").endswith(
        "Gate: East | Toll: 4\n"
    )
