"""A model's answer, in the little Markdown models write, comes in; lines of plain content go out.

Nothing here makes links, actions or widgets: headings, **bold**, *emphasis*, `code`, lists, quotes and fences only
choose a style, and whatever does not parse is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from textual.content import Content

from workbench.events import Citation
from workbench.foreign import clean
from workbench.tui import glyphs

_INLINE = re.compile(
    r"(?P<code>`[^`\n]+`)|(?P<bold>\*\*[^*\n]+\*\*)|(?P<italic>(?<![\w*])\*[^*\s][^*\n]*\*(?![\w*]))|(?P<handle>\[#\w+(?:[,;]\s*#\w+)*\])"
)
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_ITEM = re.compile(r"(\s*)([-*+•]|\d{1,3}[.)])\s+(.*)")


def prose(text: str, width: int, marks: Mapping[str, Sequence[str]] | None = None) -> list[Content]:
    """`text` as lines of at most `width` cells. `marks` gives, for a handle, what each mention is shown as in turn."""
    lines: list[Content] = []
    fence = False
    mentions: dict[str, int] = {}
    for raw in clean(text).split("\n"):
        if raw.lstrip().startswith("```"):
            fence = not fence
            continue
        if fence:
            lines += _wrapped(Content.styled(raw, "$part-summary"), width, "  ", "  ")
            continue
        lines += _block(raw, width, marks or {}, mentions)
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return lines


def _block(raw: str, width: int, marks: Mapping[str, Sequence[str]], mentions: dict[str, int]) -> list[Content]:
    if match := _HEADING.match(raw):
        return _wrapped(_inline(match[1], marks, mentions, base="bold"), width)
    if raw.startswith(">"):
        return _wrapped(_inline(raw[1:].strip(), marks, mentions, base="italic"), width, f"{glyphs.BAR} ", f"{glyphs.BAR} ")
    if match := _ITEM.match(raw):
        sign = "•" if match[2] in "-*+•" else match[2]
        indent = " " * min(len(match[1]), 8)
        return _wrapped(_inline(match[3], marks, mentions), width, f"{indent}{sign} ", indent + " " * (len(sign) + 1))
    return _wrapped(_inline(raw, marks, mentions), width)


def _wrapped(content: Content, width: int, first: str = "", rest: str = "") -> list[Content]:
    room = max(width - len(first), 1)
    return [Content.assemble((first if at == 0 else rest, "$muted"), line) for at, line in enumerate(content.wrap(room))]


def _inline(text: str, marks: Mapping[str, Sequence[str]], mentions: dict[str, int], base: str = "") -> Content:
    pieces: list[tuple[str, str]] = []
    at = 0
    for match in _INLINE.finditer(text):
        pieces.append((text[at : match.start()], base))
        pieces.append(_span(match, marks, mentions, base))
        at = match.end()
    pieces.append((text[at:], base))
    return Content.assemble(*[piece for piece in pieces if piece[0]])


def _span(match: re.Match[str], marks: Mapping[str, Sequence[str]], mentions: dict[str, int], base: str) -> tuple[str, str]:
    found = match.group()
    match match.lastgroup:
        case "code":
            return found[1:-1], f"{base} $part-summary".strip()
        case "bold":
            return found[2:-2], "bold"
        case "italic":
            return found[1:-1], "italic"
    shown = [_mention(handle.strip(), marks, mentions) for handle in re.split("[,;]", found[1:-1])]
    return "".join(shown), "$text-warning" if UNVERIFIED in shown else "$accent"


def _mention(handle: str, marks: Mapping[str, Sequence[str]], mentions: dict[str, int]) -> str:
    shown = marks.get(handle, ())
    if not shown:
        return f"[{handle}]"
    turn = mentions[handle] = mentions.get(handle, -1) + 1
    return shown[min(turn, len(shown) - 1)]


UNVERIFIED = "[not verified]"
"""Shown where a quote could not be found on the page it cites; such a quote has no number."""


def marks_for(citations: Sequence[Citation], shown: Sequence[Citation]) -> dict[str, list[str]]:
    """What each handle's mentions are shown as, given all checked quotes in order and the numbered ones."""
    numbers = {(citation.document, citation.page): at for at, citation in enumerate(shown, 1)}
    marks: dict[str, list[str]] = {}
    for citation in citations:
        number = numbers.get((citation.document, citation.page)) if citation.verified else None
        marks.setdefault(citation.handle, []).append(f"[{number}]" if number else UNVERIFIED)
    return marks
