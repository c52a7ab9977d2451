"""Where the lines of a PDF page stand: pdfium's text in lines, with the boxes of their parts and words.

pdfium gives the boxes of text objects, of which a line has a few, for a tenth of what the boxes of its letters cost; those
are asked for only where they decide something.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from loaders.document import clean_text
from loaders.line_hyphens import MARK
from loaders.pdf_calls import address, unchecked

if TYPE_CHECKING:
    import pypdfium2

LINE_END_HYPHEN = "\ufffe"
"""What pdfium puts where a line ended in a hyphen, in place of both; `line_hyphens` decides about the hyphen."""

_LINE_END = re.compile(f"(\r\n|\r|\n|{LINE_END_HYPHEN})")
_SHAPE = re.compile("[\ufb50-\ufdcf\ufdf0-\ufdfb\ufdfd\ufe70-\ufefc]")
_SHAPES = re.compile(f"{_SHAPE.pattern}+")
"""Initial, medial, final and joined shapes of Arabic letters."""

RAISED = 0.12
"""Of the height of a line; figures of old style have one base line."""

SMALLER = 0.9
"""What is raised is not so high as this, in heights of what it stands at."""

_CUT_NUMBER = re.compile(r"\d\r\n(?=\d)")
NOTHING = "\ufeff"
"""Stands for what is taken out of pdfium's text, so that places in it stay those of its characters; `clean_text` drops it."""

_FIGURES_IN_A_ROW = re.compile(r"\d+(?: ?\d+|[a-z](?!\w))")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_FROM_AFAR = re.compile("[\u0590-\u1fff\u2e80-\ufdcf\ufdd1-\uffef]")
_WORD = re.compile(r"\S+")
_UNEVEN = 3
_OBJECTS = 400
"""A line of more text objects than this is drawn letter by letter, or is none: its parts are not looked at."""


class Box(NamedTuple):
    """A rectangle in points; y grows upwards."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom


class Word(NamedTuple):
    """A word of a line: where it begins and ends in pdfium's text, and its box."""

    start: int
    end: int
    box: Box


class Line(NamedTuple):
    """A line of pdfium's text from `start` to `end`. `hyphen`: a hyphen ends it that stands in no text."""

    start: int
    end: int
    hyphen: bool


def printed(text: str) -> str:
    """pdfium's text as the page shows it: hyphens at line ends as MARK and `\\n`, Arabic in letters, not in shapes."""
    text = text.replace(LINE_END_HYPHEN, f"{MARK}\n")
    if _SHAPE.search(text):
        text = _SHAPES.sub(_letters, text)
    # In PDF files these are glyphs without a meaning, and no line ends.
    return clean_text(text.replace("\x0b", "").replace("\x0c", ""))


def _letters(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0]).replace(" ", "")


def spans(raw_text: str) -> list[Line]:
    """The lines of pdfium's text."""
    lines, start = [], 0
    parts = _LINE_END.split(raw_text)
    for text, line_end in zip(parts[::2], [*parts[1::2], ""]):
        end = start + len(text)
        lines.append(Line(start, end, line_end == LINE_END_HYPHEN))
        start = end + len(line_end)
    return lines


class _Calls(NamedTuple):
    """Functions of pdfium that are called hundreds of times a page, without the checks of their arguments.

    They take numbers and what `address` made: such a call takes 0.45 microseconds, one that converts addresses each time
    0.8, and one with the checked pointers of the binding 1.6.
    """

    count_rects: Callable[..., int]
    get_rect: Callable[..., int]
    char_box: Callable[..., int]
    char_origin: Callable[..., int]


@functools.cache
def _calls() -> _Calls:
    import pypdfium2.raw as raw

    return _Calls(
        unchecked(raw.FPDFText_CountRects, ctypes.c_int),
        unchecked(raw.FPDFText_GetRect, ctypes.c_int),
        unchecked(raw.FPDFText_GetCharBox, ctypes.c_int),
        unchecked(raw.FPDFText_GetCharOrigin, ctypes.c_int),
    )


class PageLines:
    """The lines of one page whose text page is open; boxes are fetched when they are asked for."""

    def __init__(self, textpage: pypdfium2.PdfTextPage, raw_text: str) -> None:
        import pypdfium2.raw as raw

        self._raw, self._handle = raw, textpage.raw
        self._calls, self._address = _calls(), address(ctypes.cast(textpage.raw, ctypes.c_void_p).value)
        self.raw_text = raw_text
        self._textpage = textpage
        doubles = (ctypes.c_double * 4)()
        self._sides = memoryview(doubles).cast("B").cast("d")
        first, size = ctypes.addressof(doubles), ctypes.sizeof(ctypes.c_double)
        self.raised: list[int] = []
        """Places in the text before which a figure is raised."""
        self.rewritten: dict[Line, str] = {}
        """What stands on lines whose letters pdfium gives in another order."""
        self._uneven_lines: set[int] = set()
        self._words: dict[Line, list[Word]] = {}
        self._pointers = tuple(address(first + place * size) for place in range(4))
        """Where pdfium writes left, bottom, right and top."""

    @cached_property
    def from_afar(self) -> bool:
        """Whether a letter of the page is in another script than Latin, Greek and Cyrillic, or in none of Unicode's."""
        return not self.raw_text.isascii() and _FROM_AFAR.search(self.raw_text) is not None

    changed = False
    """Whether lines are no longer those of pdfium's text."""

    def cut_to(self, visible: Box) -> int:
        """Take out the lines that stand outside of a box altogether; how many that were. A box without any is none."""
        kept = [
            place
            for place, box in enumerate(self.boxes)
            if box is None
            or (box[0] < visible[2] and box[2] > visible[0] and box[1] < visible[3] and box[3] > visible[1])
        ]
        if len(kept) < len(self.boxes) and any(self.boxes[place] is not None for place in kept):
            left = set(range(len(self.boxes))).difference(kept)
            count = sum(not self.raw_text[self.lines[at].start : self.lines[at].end].isspace() for at in left)
            for name in ("lines", "cells", "boxes"):
                found = getattr(self, name)
                self.__dict__[name] = [found[place] for place in kept]
            self.changed = True
            return count
        return 0

    @cached_property
    def lines(self) -> list[Line]:
        """The lines of the text, in the order in which they were drawn."""
        return spans(self.raw_text)

    @cached_property
    def _even(self) -> bool:
        # Where pdfium leaves a character out of its text, places in the text are not places among its characters.
        return bool(self._textpage.count_chars() == len(self.raw_text))

    def text(self, line: Line) -> str:
        """The text of a line with its hyphen; `printed` is for all lines of a page at once, which takes a tenth of the time."""
        if line in self.rewritten:
            return self.rewritten[line] + (MARK if line.hyphen else "")
        text = self.raw_text[line.start : line.end] + (MARK if line.hyphen else "")
        for place in reversed(self.raised):
            if line.start < place < line.end:
                before = text[: place - line.start].rstrip(" ")
                text = f"{before}^{text[place - line.start :]}"
        return text

    def mend_numbers(self) -> None:
        """Take out line ends that pdfium puts between two figures of one number, as it does with 11 in some fonts."""
        for match in _CUT_NUMBER.finditer(self.raw_text) if self._even else ():
            left, right = match.start(), match.end()
            one, other = self.char_box(left), self.char_box(right)
            (x, y), (next_x, next_y) = self.origin(left), self.origin(right)
            # A figure is not so wide as it is high; with a blank behind it, it is wider.
            if one and other and abs(y - next_y) < 0.1 and 0 < next_x - x < min(one.height, other.height):
                self.raw_text = f"{self.raw_text[: left + 1]}{NOTHING * 2}{self.raw_text[right:]}"

    def mark_raised(self) -> None:
        """Note where a raised figure follows one on the line: 10 and a raised 6 are not 106, nor 106 and its note 2 1062."""
        for line in self.lines if self._uneven_lines else ():
            if line.start not in self._uneven_lines:
                continue
            for match in _FIGURES_IN_A_ROW.finditer(self.raw_text, line.start, line.end):
                places = [at for at in range(match.start(), match.end()) if self.raw_text[at] != " "]
                for place, following in itertools.pairwise(places[:12]):
                    if following > place + 1 and not (
                        self.is_made_up(place + 1) and self._is_smaller(following, place)
                    ):
                        continue
                    if self.origin(following)[1] > self.origin(place)[1] + RAISED * self.unit:
                        self.raised.append(following)
        self.changed = self.changed or bool(self.raised)

    @cached_property
    def cells(self) -> list[list[Box]]:
        """For each line the boxes of its parts that stand apart: further than the height of a line from each other."""
        count_rects, get_rect, sides = self._calls.count_rects, self._calls.get_rect, self._sides
        p_left, p_bottom, p_right, p_top = self._pointers
        handle, even, found = self._address, self._even, list[list[Box]]()
        for line in self.lines:
            cells: list[Box] = []
            found.append(cells)
            start, end, _ = line
            if end <= start:
                continue
            if not even:
                start, end = self._char(start), self._char(end - 1) + 1
            count = count_rects(handle, start, end - start)
            if count <= 0 or not get_rect(handle, 0, p_left, p_top, p_right, p_bottom):
                continue
            if count == 1:  # as of three lines in four
                cells.append(Box(*sides))
                continue
            left, bottom, right, top = sides
            last_bottom, last_right, last_top = bottom, right, top
            for number in range(1, min(_OBJECTS, count)):
                get_rect(handle, number, p_left, p_top, p_right, p_bottom)
                next_left, next_bottom, next_right, next_top = sides
                if next_bottom > last_bottom + 0.2 * (last_top - last_bottom) and next_left < last_right + 2:
                    self._uneven_lines.add(line.start)
                last_bottom, last_right, last_top = next_bottom, next_right, next_top
                # Written out: min and max took a fifth of the time that all of this takes.
                low = bottom if bottom < next_bottom else next_bottom
                high = top if top > next_top else next_top
                if next_left - right >= high - low or left - next_right >= high - low:
                    cells.append(Box(left, bottom, right, top))
                    left, bottom, right, top = next_left, next_bottom, next_right, next_top
                    continue
                bottom, top = low, high
                if next_right > right:
                    right = next_right
                if next_left < left:
                    left = next_left
            cells.append(Box(left, bottom, right, top))
        return found

    def part_uneven_lines(self) -> None:
        """Part the lines that pdfium made of parts on different heights: columns drawn in turn, one a little lower."""
        parted: list[Line] = []
        for line, cells in zip(self.lines, self.cells):
            if len(cells) < 2:
                parted.append(line)
                continue
            steps = [(one, other) for one, other in itertools.pairwise(cells) if not side_by_side(one, other)]
            # What goes back to the left and down is another line, of a few letters mostly.
            back = any(other.right < one.left and other.top < one.bottom + 1 for one, other in steps)
            self.changed = self.changed or back
            parted += self._parted(line) if len(steps) >= _UNEVEN or back else [line]
        if len(parted) > len(self.lines):
            for name in ("cells", "boxes", "unit"):
                self.__dict__.pop(name, None)
            self.lines = parted

    def _parted(self, line: Line) -> list[Line]:
        words = self.words(line)
        starts = [line.start]
        for before, word in itertools.pairwise(words):
            if not side_by_side(before.box, word.box):
                starts.append(word.start)
        ends = [*starts[1:], line.end]
        ends = [start + len(self.raw_text[start:end].rstrip()) for start, end in zip(starts, ends)]
        return [Line(start, end, line.hyphen and start == starts[-1]) for start, end in zip(starts, ends)]

    @cached_property
    def boxes(self) -> list[Box | None]:
        """The box of each line, None for one without any mark."""
        return [(cells[0] if len(cells) == 1 else united(cells)) if cells else None for cells in self.cells]

    @cached_property
    def unit(self) -> float:
        """The usual height of a line of the page, in points."""
        heights = sorted([high for box in self.boxes if box is not None and (high := box[3] - box[1]) > 0.5])
        return heights[len(heights) // 2] if heights else 10.0

    def is_latin(self, places: Sequence[int]) -> bool:
        """Whether some lines are in a script that is written from left to right."""
        text = "".join(self.raw_text[self.lines[place].start : self.lines[place].end] for place in places[:5])
        return _RIGHT_TO_LEFT.search(text) is None

    def words(self, line: Line) -> list[Word]:
        """The words of a line with their boxes, those that have one."""
        if (known := self._words.get(line)) is not None:
            return known
        words: list[Word] = []
        char_box, handle, sides, even = self._calls.char_box, self._address, self._sides, self._even
        p_left, p_bottom, p_right, p_top = self._pointers
        for match in _WORD.finditer(self.raw_text, line.start, line.end):
            start, end = match.span()
            if not char_box(handle, start if even else self._char(start), p_left, p_right, p_bottom, p_top):
                continue
            left, bottom, right, top = sides
            if end - start > 1:
                if not char_box(handle, end - 1 if even else self._char(end - 1), p_left, p_right, p_bottom, p_top):
                    continue
                # Written out, as in `cells`.
                last_left, last_bottom, last_right, last_top = sides
                left = left if left < last_left else last_left
                bottom = bottom if bottom < last_bottom else last_bottom
                right = right if right > last_right else last_right
                top = top if top > last_top else last_top
            words.append(Word(start, end, Box(left, bottom, right, top)))
        self._words[line] = words
        return words

    def longest_word(self, line: Line) -> Word | None:
        """The longest word of a line that has a box, the first of several; the boxes of the others are not asked for."""
        spans_of = (match.span() for match in _WORD.finditer(self.raw_text, line.start, line.end))
        for start, end in sorted(spans_of, key=lambda span: span[0] - span[1]):
            if words := self.words(Line(start, end, hyphen=False)):
                return words[0]
        return None

    def origin(self, place: int) -> tuple[float, float]:
        """Where the character at a place of the text is drawn from."""
        self._calls.char_origin(self._address, self._char(place), self._pointers[0], self._pointers[1])
        return self._sides[0], self._sides[1]

    def _is_smaller(self, place: int, than: int) -> bool:
        one, other = self.char_box(place), self.char_box(than)
        return one is not None and other is not None and one.height < SMALLER * other.height

    def is_made_up(self, place: int) -> bool:
        """Whether the character at a place is pdfium's own: a blank where a gap is."""
        return bool(self._raw.FPDFText_IsGenerated(self._handle, self._char(place)) == 1)

    def char_box(self, place: int) -> Box | None:
        """The box of the character at a place of the text, None of one without any mark."""
        p_left, p_bottom, p_right, p_top = self._pointers
        found = self._calls.char_box(self._address, self._char(place), p_left, p_right, p_bottom, p_top)
        return Box(*self._sides) if found else None

    def font(self, place: int) -> str:
        """The name of the font of the character at a place of the text, without the mark of a subset."""
        buffer, flags = ctypes.create_string_buffer(128), ctypes.c_int()
        self._raw.FPDFText_GetFontInfo(self._handle, self._char(place), buffer, 128, flags)
        return buffer.value.decode("utf-8", "replace").rpartition("+")[2]

    def within(self, box: Box) -> str:
        """The page's words inside a box."""
        size = self._raw.FPDFText_GetBoundedText(self._handle, box.left, box.top, box.right, box.bottom, None, 0)
        if size <= 0:
            return ""
        buffer = (ctypes.c_ushort * size)()
        self._raw.FPDFText_GetBoundedText(self._handle, box.left, box.top, box.right, box.bottom, buffer, size)
        return clean_text(bytes(buffer).decode("utf-16-le", "replace").replace(LINE_END_HYPHEN, "").replace("\x00", ""))

    def _char(self, place: int) -> int:
        return place if self._even else max(0, self._raw.FPDFText_GetCharIndexFromTextIndex(self._handle, place))


def united(boxes: Sequence[Box]) -> Box:
    """The smallest box around boxes."""
    if len(boxes) == 2:  # most calls, in a third of the time
        (left, bottom, right, top), (other_left, other_bottom, other_right, other_top) = boxes
        return Box(
            left if left < other_left else other_left,
            bottom if bottom < other_bottom else other_bottom,
            right if right > other_right else other_right,
            top if top > other_top else other_top,
        )
    lefts, bottoms, rights, tops = zip(*boxes)
    return Box(min(lefts), min(bottoms), max(rights), max(tops))


def side_by_side(one: Box, other: Box, share: float = 0.5) -> bool:
    """Whether two boxes stand on one row: what they have in common in height is that share of the lower one."""
    # By number and not by name: this is asked of thousands of pairs.
    low = one[1] if one[1] > other[1] else other[1]
    common = (one[3] if one[3] < other[3] else other[3]) - low
    return common > 0 and common > share * min(one[3] - one[1], other[3] - other[1])
