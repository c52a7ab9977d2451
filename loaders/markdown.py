"""Markdown: the text as it was written, and its headings, so that every passage knows the section it stands in."""

from __future__ import annotations

import re
from pathlib import Path

from loaders import limits
from loaders.document import Document, Heading, Page
from loaders.registry import Loader
from loaders.text import read_text

VERSION = 1

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_NOT_A_TITLE = re.compile(r"^ {0,3}([-*+>|]|\d+[.)]\s)|^\s*$|^ {4}")
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}")


def load(path: Path) -> Document:
    """The Markdown file at `path` as one page with its headings. Raises LoadError."""
    text = limits.TextBudget().add(read_text(path))
    headings = markdown_headings(text)
    title = next((heading.title for heading in headings if heading.level == 1), "")
    page = Page(1, None, text, headings)
    return Document(title=title, pages=(page,), loader=LOADER.name, loader_version=VERSION)


def markdown_headings(text: str) -> tuple[Heading, ...]:
    """ATX (`# Title`) and Setext (underlined) headings of `text`, in order, none from code fences or front matter."""
    headings: list[Heading] = []
    fence = ""
    previous, previous_start = "", 0
    position = _after_front_matter(text)
    for line in text[position:].split("\n"):
        start, position = position, position + len(line) + 1
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        elif not fence:
            if atx := _ATX.match(line):
                _add(headings, len(atx[1]), atx[2], start)
                line = ""
            elif (rule := _SETEXT.match(line)) and not _NOT_A_TITLE.match(previous):
                _add(headings, 1 if rule[1][0] == "=" else 2, previous, previous_start)
                line = ""
        previous, previous_start = line if not fence else "", start
    return tuple(headings)


def _after_front_matter(text: str) -> int:
    if not text.startswith("---\n"):
        return 0
    end = text.find("\n---\n", 3)
    return end + 5 if end > 0 else 0


def _add(headings: list[Heading], level: int, title: str, start_char: int) -> None:
    plain = " ".join(_MARKUP.sub(lambda match: match[1] or match[2] or "", title).split())
    if plain:
        headings.append(Heading(level, plain[: limits.HEADING_CHARS], start_char))


LOADER = Loader(name="markdown", version=VERSION, suffixes=(".md", ".markdown", ".mdown", ".mkd"), load=load)
