"""Draws the little Markdown that models write in their answers as plain styled lines.

Nothing here makes links, actions or widgets: headings, **bold**, *emphasis*, `code`, lists, quotes and fences only
choose a style, and whatever does not parse is shown as it stands.
"""

from __future__ import annotations

import re

from textual.content import Content

from workbench.api.citation_marks import END, START, UNQUOTED, UNVERIFIED
from workbench.tui.widgets import glyphs

_INLINE = re.compile(
    rf"(?P<mark>{START}[^{END}]*{END})|(?P<code>`[^`\n]+`)|(?P<bold>\*\*[^*\n]+\*\*)|(?P<italic>(?<![\w*])\*[^*\s][^*\n]*\*(?![\w*]))"
)
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_ITEM = re.compile(r"(\s*)([-*+•]|\d{1,3}[.)])\s+(.*)")


def prose(text: str, width: int) -> list[Content]:
    """`text` as lines of at most `width` cells; citations as `marked` put them in."""
    lines: list[Content] = []
    fence = False
    for raw in text.split("\n"):
        if raw.lstrip().startswith("```"):
            fence = not fence
        elif fence:
            lines += _wrapped(Content.styled(raw, "$part-summary"), width, "  ", "  ")
        else:
            lines += _block(raw, width)
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return lines


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
