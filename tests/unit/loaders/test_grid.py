"""Tables as grids: spans resolved, stacked names joined, units and titles told apart, rows under their true names."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from loaders.blocks import PageBuilder
from loaders.grid import Cell, Grid, arranged, collapsed, line_of
from loaders.limits import TextBudget


def text_of(grid: Grid | Sequence[Sequence[str]]) -> str:
    builder = PageBuilder(1, None, TextBudget())
    builder.table(grid)
    return builder.page().text


def cells(*rows: Sequence[str | Cell]) -> Grid:
    return Grid.of_cells([[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows])


def test_a_merged_label_stands_on_each_of_its_rows() -> None:
    grid = cells(["Port", "Berth", "Ship"], [Cell("Amity", rows=2), "1", "Ada"], ["2", "Eve"], ["Fog", "3", "Ida"])
    assert text_of(grid).split("\n")[1:] == [
        "Port: Amity | Berth: 1 | Ship: Ada",
        "Port: Amity | Berth: 2 | Ship: Eve",
        "Port: Fog | Berth: 3 | Ship: Ida",
    ]


def test_a_cell_over_two_columns_stands_under_both_names_and_shifts_nothing() -> None:
    grid = cells(["Day", "Early", "Late", "Night"], ["Monday", Cell("Jens", columns=2), "Lise"])
    assert text_of(grid).endswith("Day: Monday | Early: Jens | Late: Jens | Night: Lise")


def test_stacked_names_are_joined() -> None:
    grid = cells(
        [Cell("Product", rows=2), Cell("2029", columns=2), Cell("2030", columns=2)],
        ["Plan", "Actual", "Plan", "Actual"],
        ["Rope", "1", "2", "3", "4"],
    )
    assert arranged(grid).names == ("Product", "2029 Plan", "2029 Actual", "2030 Plan", "2030 Actual")


def test_labels_that_go_on_below_a_divided_name_are_no_names() -> None:
    rows = [Cell("Climate", rows=2), "min", "-89.2 °C"], ["max", "56.7 °C"]
    for grid in (cells([Cell("Property", columns=2), "Earth"], *rows), Grid.of_cells([[Cell("Property", columns=2), Cell("Earth")],
                 [Cell("Climate", rows=2), Cell("low"), Cell("cold")], [Cell("high"), Cell("hot")]], 1)):  # fmt: skip
        assert arranged(grid).names == ("Property", "Property", "Earth")
        assert len(arranged(grid).body) == 2


def test_stacked_names_that_are_not_merged_are_carried_over_empty_cells() -> None:
    rows = [["", "North", "", "South", ""], ["Ship", "In", "Out", "In", "Out"], ["Ada", "1", "2", "3", "4"]]
    assert arranged(Grid(rows)).names == ("Ship", "North In", "North Out", "South In", "South Out")
    rows[0].pop()
    assert arranged(Grid(rows)).names == ("Ship", "North In", "North Out", "South In", "South Out")


def test_years_are_names_above_other_numbers_and_data_above_years() -> None:
    assert arranged(Grid([["Item", "2029", "2030"], ["Rent", "500", "620"]])).names == ("Item", "2029", "2030")
    assert not arranged(Grid([["Ada", "1815", "1852"], ["Grace", "1906", "1992"]])).header


def test_units_below_the_names_are_part_of_them() -> None:
    grid = Grid([["Grade", "Strength", "Stretch"], ["-", "N/mm²", "%"], ["SNB", "890", "12"]])
    assert arranged(grid).names == ("Grade", "Strength (N/mm²)", "Stretch (%)")


def test_a_unit_that_is_said_above_stands_on_every_row_of_numbers() -> None:
    rows = [["Revenue in millions of CHF", "", ""], ["Zone", "Sales", "Profit"], ["North", "12", "3"]]
    assert text_of(Grid(rows)) == (
        "Revenue in millions of CHF\n\nZone (in millions of CHF) | Sales | Profit\n"
        "Zone (in millions of CHF): North | Sales: 12 | Profit: 3"
    )
    words = [["Members in thousands of years", "", ""], ["Zone", "Chief", "Deputy"], ["North", "Ada", "Eve"]]
    assert "in thousands" not in text_of(Grid(words)).partition("\n\n")[2]


def test_a_row_across_the_table_is_said_once_and_keeps_number_columns_numbers() -> None:
    grid = cells(["Item", "Plan", "Actual"], [Cell("Harbour", columns=3)], ["Rope", "1", "2"])
    assert text_of(grid).split("\n")[1] == "Harbour"
    assert grid.as_row(1) == ("Harbour", "", "")


@pytest.mark.parametrize("first", [["Ada", "chief"], ["Ada", "n/a"]])
def test_the_first_row_names_the_columns_though_the_first_number_comes_late(first: list[str]) -> None:
    rows = [["Name", "Value", "Place"], [*first, "Oslo"], ["Eve", "5", "Moss"]]
    assert arranged(Grid(rows)).names == ("Name", "Value", "Place")


@pytest.mark.parametrize("values", [["Vestby", "2033-02-03", "2,940 kr"], ["12", "Ada", "7"]])
def test_labels_with_their_values_are_no_names_of_columns(values: list[str]) -> None:
    rows = [[label, value] for label, value in zip(["Customer", "Date", "Amount"], values)]
    assert not arranged(Grid(rows)).header
    assert not arranged(Grid([["Customer:", "Vestby"], ["Town:", "Oslo"]])).header
    assert arranged(Grid([["Item", "Amount"], ["Rope", "5"], ["Sail", "n/a"], ["Oar", "7"]])).header


def test_columns_that_only_lay_out_numbers_are_one_with_theirs() -> None:
    grid = cells(
        ["", Cell("2021", columns=2), "", Cell("2020", columns=2)],
        ["Revenue", "$", "1,234", "", "$", "1,100"],
        ["Loss", "", "(5)", "", "", "(7)"],
    )
    assert (
        text_of(collapsed(grid)) == "2021 | 2020\nRevenue | 2021: $1,234 | 2020: $1,100\nLoss | 2021: (5) | 2020: (7)"
    )


def test_columns_with_values_of_their_own_stay_apart() -> None:
    grid = cells([Cell("Name", columns=2), "Age"], ["Ada", "Byron", "36"], ["Grace", "Hopper", "85"])
    assert text_of(collapsed(grid)).split("\n")[1] == "Name: Ada | Name: Byron | Age: 36"


def test_hostile_spans_end() -> None:
    grid = cells(*[[Cell("x", rows=60_000, columns=60_000), "y"]] * 300)
    assert sum(map(len, grid.texts)) < 3_000_000
    assert text_of(Grid([["a", "b"], []])) == "a | b"


def test_rows_that_divide_a_table_leave_its_names() -> None:
    grid = Grid([["Item", "Qty"], ["Fruit", ""], ["Plum", "5"], ["Fish", ""], ["Cod", "7"]])
    for row in (1, 3):
        grid.merge(row, 0, 1, 2)
    plan = arranged(grid)
    assert (plan.names, [line_of(grid, row, plan.names) for row in plan.body]) == (
        ("Item", "Qty"), ["Fruit", "Item: Plum | Qty: 5", "Fish", "Item: Cod | Qty: 7"],
    )  # fmt: skip


def test_years_over_quarters_without_merged_cells() -> None:
    rows = [["Region", "2032", "2032", "2033", "2033"], ["", "Q1", "Q2", "Q1", "Q2"], ["North", "1", "2", "3", "4"]]
    assert arranged(Grid([*rows, ["South", "5", "6", "7", "8"]])).names == (
        "Region",
        "2032 Q1",
        "2032 Q2",
        "2033 Q1",
        "2033 Q2",
    )


def test_notes_below_a_table_are_no_rows_of_it() -> None:
    rows = [["Port", "Toll"], ["Hull", "12"], ["York", ""], ["Source: harbour office", ""], ["* with duty", ""]]
    plan = arranged(Grid(rows))
    assert (plan.body, plan.below) == ((1, 2), (3, 4))


def test_names_that_come_again_are_left_out() -> None:
    plan = arranged(Grid([["Port", "Toll"], ["Hull", "12"], ["Port", "Toll"], ["York", "9"]]))
    assert plan.body == (1, 3)
