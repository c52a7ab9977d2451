"""Lines from right to left: what was typed, told from what stands where on the page."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from loaders.pdf_bidi import reorder
from loaders.pdf_lines import Box, PageLines

STEP = 6.0


class Drawn(PageLines):
    """A page of one line on which pieces stand from left to right, each letter six points wide.

    pdfium gives its letters in the order of `given`, a list of the places of the letters.
    """

    def __init__(self, pieces: Sequence[str], given: Sequence[int] = ()) -> None:
        shown = "".join(pieces)
        self._order = list(given) or list(range(len(shown)))
        self.raw_text = "".join(shown[place] for place in self._order)
        self.rewritten, self.raised = {}, []
        self._boxes = [Box(0, 700, STEP * len(shown), 708)]
        self.__dict__.update(boxes=self._boxes, cells=[self._boxes], unit=8.0, _even=True)

    def origin(self, place: int) -> tuple[float, float]:
        return STEP * self._order[place], 700.0

    def char_box(self, place: int) -> Box:
        x, y = self.origin(place)
        return Box(x + 0.5, y, x + STEP - 0.5, y + 8)

    def is_made_up(self, place: int) -> bool:
        return False


def typed(*pieces: str, given: Sequence[int] = ()) -> str:
    page = Drawn(pieces, given)
    reorder(page)
    return page.text(page.lines[0])


def turned(text: str) -> str:
    """How a text from right to left stands on the page."""
    return text[::-1]


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ([turned("נמל")], "נמל"),
        # Latin words of one name, and a number behind them.
        ([turned("גדולה"), " ", "Sea Otter 2", " ", turned("הספינה")], "הספינה Sea Otter 2 גדולה"),
        # The hyphen is on the side of the letter, not of the day; the full stop ends the sentence.
        ([".", "7", " ", turned("בניין"), " ", "14.3.2033", "-", turned("ב")], "ב-14.3.2033 בניין 7."),
        (["12.5%", " ", turned("של"), " ", turned("רווח")], "רווח של 12.5%"),
        (["04-555-0100", " ", turned("טלפון")], "טלפון 04-555-0100"),
        ([".", "ilse@port.example", " ", turned("דואר אלקטרוני של הנמל")], "דואר אלקטרוני של הנמל ilse@port.example."),
        # Brackets are drawn turned; what they enclose tells which is which.
        ([".", "(", turned("אשתקד"), " ", "10", ")", " ", turned("רווח")], "רווח (10 אשתקד)."),
        # With Arabic letters a sign of percent and a telephone number's parts stand from right to left.
        (["%", "12.5", " ", turned("ربح")], "ربح 12.5%"),
        (["0100", " ", "555", " ", "20", "+", " ", turned("هاتف")], "هاتف +20 555 0100"),
    ],
)
def test_a_line_is_read_as_it_was_typed(shown: list[str], meant: str) -> None:
    letters = len("".join(shown))
    assert typed(*shown) == meant
    # The order in which pdfium gives the letters does not matter.
    assert typed(*shown, given=[*range(letters // 2, letters), *range(letters // 2)]) == meant


def test_other_lines_stay_as_pdfium_gives_them() -> None:
    page = Drawn(["The word ", turned("נמל"), " means harbour in their language."])
    reorder(page)
    assert page.rewritten == {}
