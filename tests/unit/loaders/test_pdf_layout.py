"""Reading order of PDF pages: a small corpus of columns, forms and tables, each drawn in several orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from loaders import registry
from loaders.pdf_lines import Box, PageLines, printed
from loaders.pdf_scripts import arabic, columns_of
from loaders.running_lines import told_apart

Word = tuple[float, float, str]
"""x and y in points, and what is drawn there."""

LEFT = [
    "The committee for the lower", "lock met in autumn and it", "found that the motor of the", "gate had been running dry for",
    "a year. Nobody had oiled it", "since the old keeper left the", "service of the canal company.",
]  # fmt: skip
RIGHT = [
    "The upper lock was checked", "a month later. Its sluice", "had silted up, and so the new", "keeper asked for a dredger of",
    "the smaller kind. It came in", "November and stayed until the", "ice closed the canal for ships.",
]  # fmt: skip
THIRD = [
    "The weir between the locks", "was repaired by two masons", "from the town below, who took", "nine days over it and were",
    "paid by the day. Their bill", "is kept with the other ones", "in the office of the clerk.",
]  # fmt: skip


def drawn(file: Path, words: Sequence[Word], size: float = 10) -> str:
    """The text that is read from a page on which these words are drawn in this order."""
    from reportlab.pdfgen import canvas

    sheet = canvas.Canvas(str(file), pagesize=(595, 842), invariant=True)
    sheet.setFont("Helvetica", size)
    for x, y, text in words:
        sheet.drawString(x, y, text)
    sheet.save()
    return registry.read(file).pages[0].text


def row_by_row(
    columns: Sequence[Sequence[str]], lefts: Sequence[float], top: float = 700, step: float = 13
) -> list[Word]:
    longest = max(map(len, columns))
    return [
        (left, top - step * row, column[row])
        for row in range(longest)
        for left, column in zip(lefts, columns)
        if row < len(column) and column[row]
    ]


def column_by_column(
    columns: Sequence[Sequence[str]], lefts: Sequence[float], top: float = 700, step: float = 13
) -> list[Word]:
    return [
        (left, top - step * row, text)
        for left, column in zip(lefts, columns)
        for row, text in enumerate(column)
        if text
    ]


# -- columns of prose -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "lefts"), [([LEFT, RIGHT], (60, 300)), ([LEFT, RIGHT, THIRD], (40, 220, 400))], ids=["two", "three"]
)
@pytest.mark.parametrize("order", [row_by_row, column_by_column])
def test_columns_of_prose_are_read_one_after_the_other(
    tmp_path: Path, columns: list[list[str]], lefts: tuple[float, ...], order: Callable[..., list[Word]]
) -> None:
    heading, foot = (
        (60, 740, "Report on the locks of the canal in the year of the great frost, by the company's clerk"),
        (60, 40, "5"),
    )
    text = drawn(tmp_path / "a.pdf", [heading, *order(columns, lefts), foot])
    assert text.split("\n") == [heading[2], *(line for column in columns for line in column), "5"]


def test_a_longer_column_goes_on_below_the_shorter_one(tmp_path: Path) -> None:
    text = drawn(tmp_path / "a.pdf", row_by_row([LEFT, RIGHT[:4]], (60, 300)))
    assert text.split("\n") == [*LEFT, *RIGHT[:4]]


def test_columns_on_different_heights_drawn_in_turn(tmp_path: Path) -> None:
    words = []
    for row, (left, right) in enumerate(zip(LEFT, RIGHT)):
        words += [(60, 700 - 13 * row, left), (300, 694 - 13 * row, right)]
    assert drawn(tmp_path / "a.pdf", words).split("\n") == [*LEFT, *RIGHT]


def test_a_word_parted_at_the_end_of_a_columns_line(tmp_path: Path) -> None:
    left = [*LEFT[:2], "found that the motor of the lower lock-", *LEFT[3:]]
    lines = drawn(tmp_path / "a.pdf", row_by_row([left, RIGHT], (60, 300))).split("\n")
    assert lines[2:4] == ["found that the motor of the lower lockgate", left[3].removeprefix("gate ")]


# -- rows that belong together --------------------------------------------------------------------

FORM = [
    ["Name of the tenant", "Date of birth", "Monthly rent", "Deposit", "Begin of the lease"],
    ["Ragna Myhre", "9 Feb 1971", "1,350", "4,050", "1 July 2034"],
]
STATEMENT = [
    ["", "Revenue", "Cost of sales", "Gross profit", "Taxes", "Net income"],
    ["2032", "1,204", "(803)", "401", "(92)", "309"],
    ["2031", "1,100", "(770)", "330", "(80)", "250"],
]
PEOPLE = [["Keeper", "Clerk", "Mason", "Pilot"], ["Aron Fjell", "Lotte Kragh", "Per Lund", "Ida Holm"]]
RISKS = [
    [
        "The pump may fail because",
        "its seal is worn out.",
        "The gate may stick when",
        "the hinges are not oiled",
        "before winter.",
    ],
    ["A new seal is ordered from", "the works at Malmo.", "The keeper oils it in the", "last week of October.", ""],
]


@pytest.mark.parametrize("columns", [FORM, PEOPLE, RISKS], ids=["form", "people", "table of sentences"])
def test_rows_drawn_row_by_row_are_not_torn(tmp_path: Path, columns: list[list[str]]) -> None:
    # The cells of the table of sentences begin together behind a gap, as cells do.
    words = [(x, y - (8 if columns is RISKS and y < 680 else 0), text) for x, y, text in row_by_row(columns, (60, 300))]
    lines = drawn(tmp_path / "a.pdf", words).split("\n")
    assert lines == [" ".join(text for text in row if text) for row in zip(*columns)]


def test_a_statement_keeps_its_rows(tmp_path: Path) -> None:
    lines = drawn(tmp_path / "a.pdf", row_by_row(STATEMENT, (60, 300, 400))).split("\n")
    assert lines == ["2032 2031", *(" ".join(row) for row in list(zip(*STATEMENT))[1:])]


def test_labels_drawn_before_their_values_get_them_back(tmp_path: Path) -> None:
    text = drawn(
        tmp_path / "a.pdf", [(60, 740, "Lease"), *column_by_column(FORM, (60, 300)), (60, 500, "Signed in Bergen.")]
    )
    assert text.split("\n") == [
        "Lease", "Name of the tenant: Ragna Myhre", "Date of birth: 9 Feb 1971", "Monthly rent: 1,350", "Deposit: 4,050",
        "Begin of the lease: 1 July 2034", "Signed in Bergen.",
    ]  # fmt: skip


def test_labels_with_colons_get_values_without_figures(tmp_path: Path) -> None:
    labels = [f"{label}:" for label in PEOPLE[0]]
    lines = drawn(tmp_path / "a.pdf", column_by_column([labels, PEOPLE[1]], (60, 200))).split("\n")
    assert lines == ["Keeper: Aron Fjell", "Clerk: Lotte Kragh", "Mason: Per Lund", "Pilot: Ida Holm"]


def test_a_label_without_a_value_stays_alone(tmp_path: Path) -> None:
    values = [*FORM[1][:2], "", *FORM[1][3:]]
    lines = drawn(tmp_path / "a.pdf", column_by_column([FORM[0], values], (60, 300))).split("\n")
    assert lines[2:4] == ["Monthly rent", "Deposit: 4,050"]


def test_a_table_drawn_column_by_column_is_read_in_rows(tmp_path: Path) -> None:
    lines = drawn(tmp_path / "a.pdf", column_by_column(STATEMENT, (60, 300, 400))).split("\n")
    assert lines == ["2032 | 2031", *(" | ".join(row) for row in list(zip(*STATEMENT))[1:])]


def test_lists_side_by_side_stay_lists(tmp_path: Path) -> None:
    """Nothing says that these belong together: who is present and who is absent."""
    lists = [["Aron Fjell", "Lotte Kragh", "Per Lund"], ["Ida Holm", "Nils Roth", "Signe Dahl"]]
    assert drawn(tmp_path / "a.pdf", column_by_column(lists, (60, 300))).split("\n") == [*lists[0], *lists[1]]


def test_a_table_drawn_upwards_is_read_downwards(tmp_path: Path) -> None:
    rows = [(f"{day:02}/09/2031", f"Ship number {day}", f"{day * 11} tons") for day in range(1, 15)]
    words = [(x, 700 - 20 * at, row[column]) for at, row in enumerate(rows) for column, x in enumerate((60, 200, 400))]
    words.sort(key=lambda word: (word[0] > 60, word[1], word[0]))
    assert drawn(tmp_path / "a.pdf", words).split("\n") == [" ".join(row) for row in rows]


def test_the_heads_of_columns_stand_on_one_line_above_their_figures(tmp_path: Path) -> None:
    heads = [
        (300, 726, "June 30,"),
        (306, 714, "2032"),
        (400, 726, "June 30,"),
        (406, 714, "2031"),
        (500, 726, "Change"),
    ]
    rows = row_by_row(
        [["Rents", "Tolls"], ["1,204", "880"], ["1,100", "905"], ["9 %", "(3) %"]], (60, 300, 400, 500), top=695
    )
    text = drawn(tmp_path / "a.pdf", [(60, 745, "(in thousands)"), *heads, *rows])
    assert text.split("\n") == [
        "(in thousands)", "June 30, 2032 | June 30, 2031 | Change", "Rents 1,204 1,100 9 %", "Tolls 880 905 (3) %"
    ]  # fmt: skip


def test_figures_a_little_below_their_labels_stand_behind_them(tmp_path: Path) -> None:
    rows = [
        ("Litigation", "12 (4) 8"),
        ("Restructuring", "130 2 132"),
        ("Impairment of goodwill", "44 0 44"),
        ("Taxes", "9 1 10"),
    ]
    words = [
        (x, 700 - 26 * at - 11 * column, row[column])
        for at, row in enumerate(rows)
        for column, x in enumerate((60, 300))
    ]
    assert drawn(tmp_path / "a.pdf", words).split("\n") == [" ".join(row) for row in rows]


def test_short_lines_beside_each_other_are_no_heads_without_a_row_below(tmp_path: Path) -> None:
    words = [
        (60, 700, "Harbour office"),
        (60, 688, "Hull"),
        (300, 700, "Lock office"),
        (300, 688, "Goole"),
        (60, 600, "Both moved."),
    ]
    assert drawn(tmp_path / "a.pdf", words).split("\n") == [text for _, _, text in words]


def test_the_parts_of_a_row_are_put_together(tmp_path: Path) -> None:
    from reportlab.pdfgen import canvas

    sheet = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    for x, y, size, text in (
        (60, 700, 11, "The area is 12 km"),
        (146.5, 703.6, 8, "2"),
        (151, 700, 11, ", most of it wood."),
    ):
        sheet.setFont("Helvetica", size)
        sheet.drawString(x, y, text)
    sheet.setFont("Helvetica", 11)
    sheet.drawString(60, 680, "Total")
    sheet.setFont("Helvetica-Bold", 9)
    sheet.drawString(400, 682.5, "1,204.50")
    sheet.save()
    assert registry.read(tmp_path / "a.pdf").pages[0].text == "The area is 12 km2, most of it wood.\nTotal 1,204.50"


def test_a_sheet_that_was_turned_is_left_as_it_is(tmp_path: Path) -> None:
    from reportlab.pdfgen import canvas

    sheet = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    sheet.translate(595, 842)
    sheet.rotate(180)
    for row, text in enumerate([*LEFT, *RIGHT]):
        sheet.drawString(60, 700 - 13 * row, text)
    sheet.save()
    assert registry.read(tmp_path / "a.pdf").pages[0].text.split() == " ".join([*LEFT, *RIGHT]).split()


# -- scripts --------------------------------------------------------------------------------------


def test_japanese_columns_are_read_from_right_to_left(tmp_path: Path) -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen import canvas

    font = UnicodeCIDFont("HeiseiMin-W3", isVertical=True)
    font.fontName = font.name = "HeiseiMin-W3-V"
    pdfmetrics.registerFont(font)
    sheet = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 300))
    columns = ["灯台は一八九一年に建てられた。", "番人の名は田中である。", "油は船で運ばれた。"]
    sheet.setFont("HeiseiMin-W3-V", 12)
    for number, column in enumerate(columns):
        sheet.drawString(350 - 20 * number, 250, column)
    sheet.save()
    assert registry.read(tmp_path / "a.pdf").pages[0].text.split("\n") == columns


def test_letters_set_one_by_one_make_columns() -> None:
    letters = [
        (letter, 100.0 - 15 * column, 200.0 - 12 * row) for row in range(3) for column, letter in enumerate("灯油船")
    ]
    assert columns_of(letters, 12) == ["灯灯灯", "油油油", "船船船"]


def test_a_glyph_of_two_arabic_letters_says_them_in_order() -> None:
    text = "خالل السالم"
    one_glyph = {1: (10.0, 0.0), 2: (10.0, 0.0), 8: (50.0, 0.0), 9: (50.0, 0.0)}
    assert arabic(text, lambda place: one_glyph.get(place, (float(place) * 7, 0.0))) == "خلال السلام"
    assert arabic(text, lambda place: (float(place), 0.0)) == text


# -- running lines --------------------------------------------------------------------------------


def test_running_titles_and_page_numbers_stand_apart() -> None:
    pages = [
        f"The Annals, vol. {n}\nBody of page {name}\nand of {name * 2}.\nPrinted in Hull\n{n + 10}"
        for n, name in enumerate("abcdef")
    ]
    assert told_apart(pages)[2] == "The Annals, vol. 2\n\nBody of page c\nand of cc.\n\nPrinted in Hull\n12"


def test_what_only_looks_alike_at_the_edges_is_left_alone() -> None:
    tables = [f"0{n}/02/2031 4{n}\n05/0{n}/2031 47\nrow {'abcdef'[n]}\n{n * 7} {n * 11}" for n in range(6)]
    assert told_apart(tables) == tables
    letters = [f"Chapter {name}\n{name} text\n{name} end" for name in ("one", "two", "three", "four")]
    assert told_apart(letters) == letters
    assert told_apart(["Same\nSame"] * 5) == ["Same\nSame"] * 5


# -- small orders ---------------------------------------------------------------------------------


def test_words_that_a_column_cut_are_whole(tmp_path: Path) -> None:
    left = [*LEFT[:-1], "service of the canal com-", "pany in the town."]
    text = drawn(tmp_path / "a.pdf", row_by_row([left, [*RIGHT, "And so it was."]], (60, 300)))
    assert "service of the canal company\nin the town." in text


def test_rows_that_begin_with_one_figure_are_rows(tmp_path: Path) -> None:
    rows = [["Clause", "4", "5"], ["Duty", "Keep the lamp lit", "Oil the gate"], ["Who", "Keeper", "Warden"]]
    text = drawn(tmp_path / "a.pdf", row_by_row(rows, (60, 160, 360)))
    assert text.split("\n") == ["Clause Duty Who", "4 Keep the lamp lit Keeper", "5 Oil the gate Warden"]


def test_a_few_rows_drawn_upwards(tmp_path: Path) -> None:
    rows = row_by_row([["Item", "Rent", "Heat"], ["2033", "1,350", "870"]], (60, 260))
    text = drawn(tmp_path / "a.pdf", [rows[4], rows[5], rows[2], rows[3], rows[0], rows[1]])
    assert text.split("\n") == ["Item 2033", "Rent 1,350", "Heat 870"]


def test_a_footer_drawn_first_and_a_title_drawn_last(tmp_path: Path) -> None:
    body = [(60.0, 700.0 - 13 * row, line) for row, line in enumerate(LEFT)]
    text = drawn(tmp_path / "a.pdf", [(60, 40, "Canal company"), *body, (60, 780, "Report on the locks")])
    assert text.split("\n") == ["Report on the locks", *LEFT, "Canal company"]


def test_columns_of_prose_drawn_from_right_to_left(tmp_path: Path) -> None:
    columns = column_by_column([LEFT, RIGHT], (60, 300))
    text = drawn(tmp_path / "a.pdf", [*columns[len(LEFT) :], *columns[: len(LEFT)]])
    assert text.split("\n") == [*LEFT, *RIGHT]


def test_columns_of_prose_drawn_in_any_order(tmp_path: Path) -> None:
    columns = column_by_column([LEFT, RIGHT], (60, 300))
    shuffled = [columns[place] for place in (13, 10, 0, 12, 6, 5, 3, 8, 7, 11, 4, 1, 9, 2)]
    assert drawn(tmp_path / "a.pdf", [(60, 740, "Of locks"), *shuffled]).split("\n") == ["Of locks", *LEFT, *RIGHT]


def test_two_labels_with_colons_have_their_values(tmp_path: Path) -> None:
    text = drawn(tmp_path / "a.pdf", column_by_column([["Name:", "Born in:"], ["Ragna Myhre", "Hull"]], (60, 160)))
    assert text.split("\n") == ["Name: Ragna Myhre", "Born in: Hull"]


def test_what_is_raised_at_a_figure_stays_apart_from_it(tmp_path: Path) -> None:
    from reportlab.pdfgen import canvas

    sheet = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842), invariant=True)
    x = 60.0
    for text, size, up in (
        ("It holds 10", 10, 0),
        ("6", 7, 5),
        (" grams and lifts 12", 10, 0),
        ("a", 7, 5),
        (" tons.", 10, 0),
    ):
        for letter in text:  # as browsers draw them: letter by letter
            sheet.setFont("Helvetica", size)
            sheet.drawString(x, 700 + up, letter)
            x += sheet.stringWidth(letter, "Helvetica", size) + 0.3
    sheet.save()
    assert registry.read(tmp_path / "a.pdf").pages[0].text == "It holds 10^6 grams and lifts 12^a tons."


def test_a_blank_behind_what_is_raised_stays(tmp_path: Path) -> None:
    from reportlab.pdfgen import canvas

    sheet = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842), invariant=True)
    x = 60.0
    for text, size, up in (("It holds 10", 10, 0), ("6", 7, 5), (" grams, 12", 10, 0), ("a", 7, 5), (" tons.", 10, 0)):
        sheet.setFont("Helvetica", size)  # as LibreOffice draws them: part by part
        sheet.drawString(x, 700 + up, text)
        x += sheet.stringWidth(text, "Helvetica", size)
    sheet.save()
    assert registry.read(tmp_path / "a.pdf").pages[0].text == "It holds 10^6 grams, 12^a tons."


def test_figures_side_by_side_in_a_vertical_column_are_read_from_left_to_right() -> None:
    letters = [("月", 100.0, 80.0), ("2", 106.0, 92.0), ("1", 100.0, 92.0), ("は", 100.0, 104.0)]
    assert columns_of(letters, 12.0) == ["は12月"]


def test_a_line_end_of_pdfium_in_a_number_is_none() -> None:
    """Stands for a font of a browser in which pdfium reads "1\r\n1" for 11; two lines of one figure each stay two."""
    page = _Figures(
        "Owner 1\r\n1 ft\r\n2\r\n3", {6: (241.8, 700.0), 9: (247.4, 700.0), 15: (60.0, 680.0), 18: (60.0, 660.0)}
    )
    page.mend_numbers()
    assert printed(page.raw_text) == "Owner 11 ft\n2\n3"
    assert len(page.raw_text) == len("Owner 1\r\n1 ft\r\n2\r\n3")


class _Figures(PageLines):
    """A page of which only the places of its figures are known."""

    def __init__(self, raw_text: str, origins: dict[int, tuple[float, float]]) -> None:
        self.raw_text, self._origins = raw_text, origins
        self.__dict__["_even"] = True

    def origin(self, place: int) -> tuple[float, float]:
        return self._origins[place]

    def char_box(self, place: int) -> Box:
        x, y = self._origins[place]
        return Box(x + 1, y, x + 5, y + 8)
