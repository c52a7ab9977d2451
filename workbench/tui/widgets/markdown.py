"""Draws the little Markdown that models write in their answers as plain styled lines.

Nothing here makes links, actions or widgets: headings, **bold**, *emphasis*, `code`, lists, quotes and fences only
choose a style, and whatever does not parse is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from workbench.core.sanitize import sanitize
from workbench.tui.widgets import glyphs

if TYPE_CHECKING:
    from workbench.api.events import Citation

_START, _END = "\ue000", "\ue001"
"""Private signs around a citation's mark while a text is laid out; foreign text is stripped of them first."""

_INLINE = re.compile(
    rf"(?P<mark>{_START}[^{_END}]*{_END})|(?P<code>`[^`\n]+`)|(?P<bold>\*\*[^*\n]+\*\*)|(?P<italic>(?<![\w*])\*[^*\s][^*\n]*\*(?![\w*]))"
)
_MENTION = re.compile(r"[\[(]\s*#[a-z]{1,3}\d{1,4}(?:\s*[,;]\s*#[a-z]{1,3}\d{1,4})*\s*[\])]")
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


def marked(text: str, citations: Sequence[Citation], unquoted: Collection[int] = ()) -> str:
    """`text`, cleaned, with every mention of a handle as the number of the citation its quote became.

    A mention whose quote was found on no page is said to be unverified; one without a quote, and the lines (from 1)
    whose claims rest on none, to be unquoted.
    """
    text = sanitize(text).replace(_START, "").replace(_END, "")
    lines = text.split("\n")
    for number in unquoted:
        if 0 < number <= len(lines) and not _MENTION.search(lines[number - 1]):
            lines[number - 1] = f"{lines[number - 1].rstrip()} {_START}{UNQUOTED}{_END}"
    text = "\n".join(lines)
    pieces: list[str] = []
    at = 0
    for match in _MENTION.finditer(text):
        before = text[at : match.start()]
        pieces += [before, _START, _mark(before, citations), _END]
        at = match.end()
    return "".join([*pieces, text[at:]])


def unmarked(text: str) -> str:
    """`text`, cleaned, its handles as they stand: what is shown while an answer streams."""
    return sanitize(text).replace(_START, "").replace(_END, "")


def _mark(before: str, citations: Sequence[Citation]) -> str:
    quoting = " ".join(before.split())
    found = [
        (quoting.rfind(" ".join(sanitize(item.quote).split())), item.number)
        for item in citations
        if item.shown and item.quote
    ]
    place, number = max(found, default=(-1, 0))
    if place >= 0:
        return f"[{number}]"
    return UNVERIFIED if quoting.rstrip(".,;: ").endswith(('"', "”", "“", "»", "」")) else UNQUOTED


UNVERIFIED = "[not verified]"
"""Shown where a quote could not be found on the page it cites; such a quote has no number."""

UNQUOTED = "[no quote]"
"""Shown where a claim has no quote, or a handle stands behind a claim and not behind a quote: there was nothing to check."""


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
