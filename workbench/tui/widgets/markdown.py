"""Draws the little Markdown that models write in their answers as plain styled lines.

Nothing here makes links, actions or widgets: headings, **bold**, *emphasis*, `code`, lists, quotes and fences only
choose a style, and whatever does not parse is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from textual.content import Content

from workbench.api.citation_marks import END, START, UNQUOTED, UNVERIFIED, unmarked
from workbench.tui.widgets import glyphs

_INLINE = re.compile(
    rf"(?P<mark>{START}[^{END}]*{END})|(?P<code>`[^`\n]+`)|(?P<bold>\*\*[^*\n]+\*\*)|(?P<italic>(?<![\w*])\*[^*\s][^*\n]*\*(?![\w*]))"
)
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_ITEM = re.compile(r"(\s*)([-*+•]|\d{1,3}[.)])\s+(.*)")


_MARKS = re.compile(rf"[{START}{END}`*\t]")
"""What may style a text, or move it: of a paragraph without them, every letter stands where it stood in the text."""


def prose(text: str, width: int) -> list[Content]:
    """`text` as lines of at most `width` cells; citations as `marked` put them in."""
    return _trimmed(_laid_out(text.split("\n"), width, False)[0])


class GrowingProse:
    """Lays out a text to which more and more is added, as `prose` would: the lines that stand already are kept.

    An answer of ten thousand words is laid out anew a dozen times a second while it streams: that takes longer than all
    the rest of a frame (50 ms against 15).
    """

    def __init__(self) -> None:
        self._width = 0
        self._text = ""
        self._lines: list[Content] = []
        self._fence = False
        self._within = False
        """Whether the text that is laid out already ends inside a paragraph."""

    def lines(self, text: str, width: int) -> list[Content]:
        """`text`, not yet cleaned, as lines of at most `width` cells; the same objects again for lines that did not change."""
        if width != self._width or not text.startswith(self._text):
            self._width, self._text, self._lines, self._fence, self._within = width, "", [], False, False
        rest = text[len(self._text) :]
        whole, last = rest[: (end := rest.rfind("\n") + 1)], rest[end:]
        if whole:
            paragraphs = unmarked(whole).split("\n")[:-1]
            laid, self._fence = _laid_out(paragraphs, width, self._fence, within=self._within)
            self._lines += laid
            self._text += whole
            self._within = False
        clean = unmarked(last)
        laid, _ = _laid_out(clean.split("\n"), width, self._fence, within=self._within)
        if last == clean and not self._fence and (kept := _settled(last, laid, within=self._within)):
            self._lines += laid[:-2]
            self._text += last[:kept]
            self._within = True
            laid = laid[-2:]
        return _trimmed([*self._lines, *laid])


def _settled(text: str, lines: list[Content], *, within: bool) -> int:
    """How many characters of a paragraph all its lines but the last two hold, if nothing can change these any more; else 0."""
    if len(lines) < 3 or _MARKS.search(text) or not (within or _is_plain(text)):
        return 0
    at = 0
    for line in lines[:-2]:
        words = line.plain.rstrip()
        if not text.startswith(words, at):
            return 0
        at += len(words)
        blank = len(text[at:]) - len(text[at:].lstrip())
        if not blank:  # a word that is wider than the screen goes on
            return 0
        at += blank
    return at


def _is_plain(raw: str) -> bool:
    """Whether a paragraph is neither a heading nor a quote nor an item of a list."""
    return not (raw.startswith((">", "#")) or _ITEM.match(raw))


def _trimmed(lines: list[Content]) -> list[Content]:
    """The lines without blank ones at the end."""
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return lines


def _laid_out(
    paragraphs: Sequence[str], width: int, fence: bool, *, within: bool = False
) -> tuple[list[Content], bool]:
    """Lines of paragraphs, and whether they end inside a fence; `within`: the first one goes on with one from before."""
    lines: list[Content] = []
    for at, raw in enumerate(paragraphs):
        if within and at == 0:
            lines += _wrapped(_inline(raw), width) if raw else []
        elif raw.lstrip().startswith("```"):
            fence = not fence
        elif fence:
            lines += _wrapped(Content.styled(raw, "$part-summary"), width, "  ", "  ")
        else:
            lines += _block(raw, width)
    return lines, fence


def _block(raw: str, width: int) -> list[Content]:
    if match := _HEADING.match(raw):
        return _wrapped(_inline(match[1], base="bold"), width)
    if raw.startswith(">"):
        return _wrapped(_inline(raw[1:].strip(), base="italic"), width, f"{glyphs.BAR} ", f"{glyphs.BAR} ")
    if match := _ITEM.match(raw):
        sign = "•" if match[2] in "-*+•" else match[2]
        indent = " " * min(len(match[1]), 8)
        return _wrapped(_inline(match[3]), width, f"{indent}{sign} ", indent + " " * (len(sign) + 1))
    return _wrapped(_inline(raw), width)


def _wrapped(content: Content, width: int, first: str = "", rest: str = "") -> list[Content]:
    room = max(width - len(first), 1)
    return [
        Content.assemble((first if at == 0 else rest, "$muted"), line) for at, line in enumerate(content.wrap(room))
    ]


def _inline(text: str, base: str = "") -> Content:
    pieces: list[tuple[str, str]] = []
    at = 0
    for match in _INLINE.finditer(text):
        pieces += [(text[at : match.start()], base), _span(match, base)]
        at = match.end()
    pieces.append((text[at:], base))
    return Content.assemble(*[piece for piece in pieces if piece[0]])


def _span(match: re.Match[str], base: str) -> tuple[str, str]:
    found = match.group()
    match match.lastgroup:
        case "code":
            return found[1:-1], f"{base} $part-summary".strip()
        case "bold":
            return found[2:-2], "bold"
        case "italic":
            return found[1:-1], "italic"
        case _:
            return found[1:-1], "$text-warning" if found[1:-1] in (UNVERIFIED, UNQUOTED) else "$accent"
