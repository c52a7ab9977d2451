"""Lines of Hebrew and Arabic on PDF pages as they are typed, told from where their letters stand.

pdfium gives a line from right to left word by word, which turns Latin names of several words round ("Otter Sea"), parts
addresses and puts signs on the wrong side of numbers. The rules are those of Unicode's bidirectional algorithm (UAX 9),
read backwards: from what is shown to what was typed.
"""

from __future__ import annotations

import bisect
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from loaders.pdf_lines import NOTHING, Box, Line, PageLines, side_by_side, united

_RIGHT_TO_LEFT = re.compile("[\u05d0-\u05ea\u0620-\u064a\u066e-\u06d3\ufb1d-\ufdff\ufe70-\ufefc]")
_SAME_PLACE = 0.01
_GAP, _WIDE_GAP = 0.12, 0.6
"""A gap is a blank where none is drawn: one of so many heights of a line where pdfium sees a blank, and a wide one."""

_OVERLAP = 0.1
"""Letters of Arabic stand over each other, those of two words hardly."""

_NEAR = 2.0
"""Parts of a line do not stand further apart, in heights of a line."""

_OPENING, _CLOSING = "([{«‹", ")]}»›"
_IN_NUMBERS, _IN_EUROPEAN_NUMBERS = ".,:/\u066b\u066c", ".,:/+-−"
_AT_EUROPEAN_NUMBERS = "%‰$€£¥₪°#"
"""Signs that are of a number: with Arabic letters before it none stand at its sides, and hyphens part it."""


class _Sign(NamedTuple):
    """What is drawn in one place, mostly a letter: its text, where it is drawn from, and its sides.

    `way` is how it is written: R, L, a figure (F) or none.
    """

    text: str
    origin: float
    left: float
    right: float
    height: float
    way: str


def reorder(page: PageLines) -> None:
    """Put the letters of lines that are written from right to left in order; parts of one line are put together."""
    if not _RIGHT_TO_LEFT.search(page.raw_text):
        return
    whole = list(_whole_lines(page))
    if len(whole) < len(page.lines):
        page.lines, page.changed = whole, True
        for name in ("cells", "boxes", "unit"):
            page.__dict__.pop(name, None)
    letters = sum(map(str.isalpha, page.raw_text))
    mostly = 2 * len(_RIGHT_TO_LEFT.findall(page.raw_text)) >= letters
    for line in page.lines:
        text = page.raw_text[line.start : line.end]
        found = len(_RIGHT_TO_LEFT.findall(text))
        if found and (mostly or 2 * found > sum(map(str.isalpha, text))):
            page.rewritten[line] = _typed(_signs(page, line))
            page.changed = True


def _whole_lines(page: PageLines) -> Iterator[Line]:
    """The lines of a page, those that pdfium parted into several on one height whole."""
    waiting: list[Line] = []
    around: Box | None = None
    for line, box in zip(page.lines, page.boxes):
        goes_on = (
            waiting and around is not None and box is not None and not waiting[-1].hyphen
            and side_by_side(around, box, 0.6)
            and max(box.left - around.right, around.left - box.right) < _NEAR * page.unit
            and _RIGHT_TO_LEFT.search(page.raw_text, waiting[0].start, line.end)
        )  # fmt: skip
        if not goes_on and waiting:
            yield Line(waiting[0].start, waiting[-1].end, waiting[-1].hyphen)
            waiting, around = [], None
        waiting.append(line)
        around = united((around, box)) if around is not None and box is not None else box
    if waiting:
        yield Line(waiting[0].start, waiting[-1].end, waiting[-1].hyphen)


def _signs(page: PageLines, line: Line) -> list[_Sign]:
    """What is drawn on a line, from the left, with its blanks."""
    signs: list[_Sign] = []
    marks: list[tuple[str, float]] = []
    blanks: list[tuple[float, bool]] = []
    last: tuple[float, float] | None = None
    part = 0
    for place in range(line.start, line.end):
        letter, box, origin = page.raw_text[place], page.char_box(place), page.origin(place)
        if letter == " ":
            blanks.append((origin[0], not page.is_made_up(place)))
        if letter == "\n" and len(signs) > part:
            blanks += [
                (min(sign.left for sign in signs[part:]), False),
                (max(sign.right for sign in signs[part:]), False),
            ]
            part = len(signs)
        if box is None or letter.isspace() or letter == NOTHING:
            continue
        same = last is not None and abs(last[0] - origin[0]) + abs(last[1] - origin[1]) < _SAME_PLACE
        last = origin
        if same and signs:
            # One glyph of several letters.
            sign = signs[-1]
            left, right = min(sign.left, box.left), max(sign.right, box.right)
            signs[-1] = sign._replace(text=sign.text + letter, left=left, right=right)
        elif unicodedata.combining(letter) and signs:
            marks.append((letter, (box.left + box.right) / 2))
        else:
            signs.append(_Sign(letter, origin[0], box.left, box.right, box.height, _way(letter)))
    for mark, middle in marks:
        nearest = min(range(len(signs)), key=lambda at: abs((signs[at].left + signs[at].right) / 2 - middle))
        signs[nearest] = signs[nearest]._replace(text=signs[nearest].text + mark)
    signs.sort(key=lambda sign: sign.origin)
    return list(_with_blanks(signs, blanks, page.unit))


def _with_blanks(signs: Sequence[_Sign], blanks: Sequence[tuple[float, bool]], height: float) -> Iterator[_Sign]:
    """The signs with their blanks; `blanks` are the places of pdfium's, and whether each is drawn.

    Of a blank pdfium gives the place of a letter beside it, on one side or the other: the wider gap of that letter is meant.
    """
    gaps = list(itertools.starmap(_gap, itertools.pairwise(signs)))
    drawn = dict[int, bool]()
    for x, is_drawn in blanks:
        at = bisect.bisect_right(signs, x, key=lambda sign: sign.origin) - 1
        near = [place for place in (at - 1, at) if 0 <= place < len(gaps)]
        for place in sorted(near, key=lambda place: -gaps[place])[:1]:
            drawn[place] = drawn.get(place, False) or is_drawn
    for place, sign in enumerate(signs):
        if place:
            known = drawn.get(place - 1)
            if _in_number(signs[place - 1], sign):
                least = 0.0
            elif known is None:
                least = _WIDE_GAP * height
            else:
                least = -_OVERLAP * height if known else _GAP * height
            if gaps[place - 1] > least:
                yield _Sign(" ", sign.origin, sign.left, sign.left, 0.0, "")
        yield sign


def _gap(before: _Sign, sign: _Sign) -> float:
    """How far two signs stand apart, and two of a number further than a figure is wide."""
    if _in_number(before, sign):
        return sign.origin - before.origin - max(before.height, sign.height)
    return sign.left - before.right


def _in_number(*signs: _Sign) -> bool:
    return all(sign.way == "F" or sign.text in _IN_NUMBERS + _IN_EUROPEAN_NUMBERS for sign in signs)


def _way(letter: str) -> str:
    kind = unicodedata.bidirectional(letter)
    return "R" if kind in ("R", "AL") else kind if kind == "L" else "F" if kind in ("EN", "AN") else ""


def _typed(written: Sequence[_Sign]) -> str:
    """The text of a line from what stands on it from the left to the right."""
    arabic = any(unicodedata.bidirectional(sign.text[0]) == "AL" for sign in written)
    inside, beside = (_IN_NUMBERS, "") if arabic else (_IN_EUROPEAN_NUMBERS, _AT_EUROPEAN_NUMBERS)
    runs: list[Sequence[_Sign]] = []
    place = 0
    while place < len(written):
        end = _run_end(written, place, inside, beside)
        runs.append(written[place:end])
        place = end
    text = "".join(sign.text for run in reversed(runs) for sign in run)
    return _with_brackets(" ".join(text.split()))


def _run_end(signs: Sequence[_Sign], start: int, inside: str, beside: str) -> int:
    """Where the run that begins at a sign ends: what is read from left to right, a number, or a single sign.

    `inside` and `beside` are the signs that stand in numbers and at their sides.
    """
    end = start + 1
    if signs[start].way == "L":
        # Numbers and signs between Latin words are theirs; those at their end are not.
        for place in range(start + 1, len(signs)):
            if signs[place].way == "R":
                break
            if signs[place].way == "L" or (signs[place].way == "F" and not _ends_sentence(signs, end, place)):
                end = place + 1
        return end
    if signs[start].way == "F" or signs[start].text in beside:
        for place in range(start + 1, len(signs)):
            sign = signs[place]
            parts = sign.text in inside and place + 1 < len(signs) and signs[place + 1].way == "F"
            if sign.way != "F" and not parts and sign.text not in beside:
                break
            end = place + 1
        return end if any(sign.way == "F" for sign in signs[start:end]) else start + 1
    return end


def _ends_sentence(signs: Sequence[_Sign], start: int, end: int) -> bool:
    """Whether a sentence ends between two places: what stands there is not of one name with what stands before."""
    return any(sign.text in "،؛؟" for sign in signs[start:end])


def _with_brackets(text: str) -> str:
    """`text` with brackets and quotation marks turned to the words that they enclose: which way one is drawn tells nothing."""
    shown = list(text)
    for place, sign in enumerate(text):
        pair = (_OPENING + _CLOSING).find(sign)
        if pair < 0:
            continue
        before = place > 0 and not text[place - 1].isspace()
        after = place + 1 < len(text) and not text[place + 1].isspace()
        letters = after and text[place + 1].isalnum()
        if letters and not (before and text[place - 1].isalnum()):
            shown[place] = _OPENING[pair % len(_OPENING)]
        elif before and not letters:
            shown[place] = _CLOSING[pair % len(_OPENING)]
    return "".join(shown)
