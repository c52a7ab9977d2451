"""Scripts that PDF files store in another way than they are read: Arabic ligatures and shapes, vertical Japanese and Chinese."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence

from loaders.pdf_lines import Box, PageLines
from loaders.symbol_fonts import sign

Letter = tuple[str, float, float]
"""A letter and where it is drawn from: x and y in points."""

_ARABIC = re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")
_UPRIGHT = re.compile("[\u2e80-\u303f\u3041-\u30ff\u31f0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
_EAST_ASIAN = re.compile("[\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]")

_PRIVATE = re.compile("[\uf021-\uf0ff]")
_BOXES = frozenset(b"\x6f\x78\xa7\xa8\xd8\xfb\xfc\xfd\xfe")
"""Where Wingdings has boxes, ticks and bullets."""

_SINGLE_LETTERS = 6
"""So many letters by themselves below each other make a column."""

_TIER_GAP = 1.8
_DASH_LETTERS = 20
_SAME_PLACE = 0.01
"""Points between the origins of two characters that one glyph gives."""


def arabic(raw_text: str, origin: Callable[[int], tuple[float, float]]) -> str:
    """A page's text with its Arabic letters as they are typed, of the same length for every glyph of more letters than one.

    The glyph of lam-alef often says "lam, alef" of itself. pdfium turns the letters of a line round, those of such a glyph
    too; that both stand in one place tells it from the article, which is alef-lam in two. `origin` gives that place.
    """
    if raw_text.isascii() or not _ARABIC.search(raw_text):
        return raw_text
    turned, pattern = _ligatures()
    letters = list(raw_text)
    start = 0
    while match := pattern.search(raw_text, start):
        x, y = origin(match.start())
        places = [origin(place) for place in range(match.start() + 1, match.end())]
        if all(abs(other_x - x) < _SAME_PLACE and abs(other_y - y) < _SAME_PLACE for other_x, other_y in places):
            letters[match.start() : match.end()] = turned[match[0]]
            start = match.end()
        else:
            start = match.start() + 1
    return "".join(letters)


@functools.cache
def _ligatures() -> tuple[dict[str, str], re.Pattern[str]]:
    """The ligatures of Unicode by their letters the wrong way round, where those are no ligature themselves."""
    known = set()
    for code in (*range(0xFBEA, 0xFDFD), *range(0xFEF5, 0xFEFD)):
        letters = unicodedata.normalize("NFKC", chr(code))
        if 2 <= len(letters) <= 4 and all(unicodedata.category(letter) == "Lo" for letter in letters):
            known.add(letters)
    turned = {letters[::-1]: letters for letters in known if letters[::-1] not in known}
    longest_first = sorted(turned, key=len, reverse=True)
    return turned, re.compile("|".join(longest_first))


def signs(raw_text: str, font: Callable[[int], str]) -> str:
    """A page's text, of the same length, with signs in place of the private characters that fonts without letters give.

    `font` names that of the character at a place; of those that give none away the usual boxes, ticks and bullets are read
    as those of Wingdings, the others as Symbol's.
    """
    if raw_text.isascii() or not _PRIVATE.search(raw_text):
        return raw_text
    return _PRIVATE.sub(lambda match: _sign(match[0], font(match.start())), raw_text)


def _sign(letter: str, font: str) -> str:
    name = font.lower().replace("-", " ").replace("regular", "").replace("mt", "").strip()
    if name not in ("wingdings", "wingdings 2", "symbol"):
        name = "wingdings" if ord(letter) & 0xFF in _BOXES else "symbol"
    return sign(name, ord(letter))


def vertical(page: PageLines) -> list[str] | None:
    """The lines of a page that is written in columns from top to bottom, those from right to left; None of any other page.

    Lines that go across (a running title, a page number) stand before the columns or behind them, as they do on the page.
    """
    if page.raw_text.isascii() or not _EAST_ASIAN.search(page.raw_text):
        return None
    upright = _upright_lines(page)
    if not upright:
        return None
    places = [
        place
        for number in upright
        for place in range(page.lines[number].start, page.lines[number].end)
        if not page.raw_text[place].isspace()
    ]
    letters = [(page.raw_text[place], *page.origin(place)) for place in places]
    size = _letter_size(letters)
    for place, (letter, x, y) in zip(places, list(letters)):
        # A dash that lies on its side goes on below the point from which it is drawn: no gap follows it.
        if not _UPRIGHT.match(letter) and (box := page.char_box(place)) is not None:
            steps = max(0, min(_DASH_LETTERS, int((y - box.bottom) / size)))
            letters += [("", x, max(box.bottom, y - step * size)) for step in range(1, steps + 2)]
    top = max(y for _, _, y in letters)
    before, behind = list[str](), list[str]()
    for number, line in enumerate(page.lines):
        box = page.boxes[number]
        if box is not None and number not in upright:
            (before if box.bottom > top else behind).append(page.text(line))
    columns = [column for tier in _tiers(letters, size) for column in columns_of(tier, size)]
    return [*before, *columns, *behind]


def upright(text: str, letters: Callable[[], Sequence[Letter]]) -> str | None:
    """The text of a page of which a reader without geometry gives one letter a line; None of any other page.

    `letters` gives the letters with their places: those of a page that is written in columns from top to bottom.
    """
    lines = text.split()
    single = sum(len(line) == 1 and _UPRIGHT.match(line) is not None for line in lines)
    if single < _SINGLE_LETTERS or single * 2 < len(lines):
        return None
    placed = [letter for letter in letters() if letter[0].strip()]
    if len(placed) < _SINGLE_LETTERS:
        return None
    size = _letter_size(placed)
    return "\n".join(column for tier in _tiers(placed, size) for column in columns_of(tier, size))


def is_east_asian(text: str) -> bool:
    """Whether most of a text is Chinese, Japanese or Korean."""
    return sum(map(len, _EAST_ASIAN.findall(text))) * 2 > len("".join(text.split()))


def _upright_lines(page: PageLines) -> set[int]:
    """The lines that are columns or letters of columns, where most of the page is; else none.

    A font for vertical writing gives a line a column; letters set one by one give lines of one letter below each other.
    """
    tall, flat, single = set[int](), set[int](), list[tuple[int, Box]]()
    for number, (line, box) in enumerate(zip(page.lines, page.boxes)):
        text = page.raw_text[line.start : line.end].strip()
        if box is None or not text or len(_UPRIGHT.findall(text)) * 2 < len(text):
            continue
        if len(text) == 1:
            single.append((number, box))
        else:
            (tall if box.height > 1.5 * box.width else flat).add(number)
    below = sum(
        abs(one.left - other.left) < max(one.width, 2.0) and other.top < one.top + 0.1
        for (_, one), (_, other) in itertools.pairwise(single)
    )
    if below >= _SINGLE_LETTERS and below * 2 > len(single):
        tall.update(number for number, _ in single)
    return tall if _letters(page, tall) > _letters(page, flat) else set()


def _letters(page: PageLines, numbers: set[int]) -> int:
    return sum(page.lines[number].end - page.lines[number].start for number in numbers)


def _letter_size(letters: Sequence[Letter]) -> float:
    """The usual step from a letter to the one below it, in points."""
    steps = sorted(
        above[2] - below[2]
        for above, below in itertools.pairwise(letters)
        if abs(above[1] - below[1]) < 0.5 and above[2] > below[2]
    )
    return steps[len(steps) // 2] if steps else 10.0


def _tiers(letters: Sequence[Letter], size: float) -> list[list[Letter]]:
    """The letters of each tier of a page, from the top: tiers are parted by a gap that goes across the page."""
    tiers: list[list[Letter]] = []
    for letter in sorted(letters, key=lambda letter: -letter[2]):
        if not tiers or tiers[-1][-1][2] - letter[2] > _TIER_GAP * size:
            tiers.append([])
        tiers[-1].append(letter)
    return tiers


def columns_of(letters: Sequence[Letter], size: float) -> list[str]:
    """The columns of letters from right to left, each read from top to bottom; `size` is the height of a letter in points."""
    columns: list[list[Letter]] = []
    for letter in sorted(letters, key=lambda letter: -letter[1]):
        if columns and abs(columns[-1][0][1] - letter[1]) < 0.6 * size:
            columns[-1].append(letter)
        else:
            columns.append([letter])
    # Figures side by side in the column, as of a day, are read from left to right.
    in_order = (sorted(column, key=lambda letter: (-round(letter[2], 1), letter[1])) for column in columns)
    return ["".join(letter for letter, _, _ in column) for column in in_order]
