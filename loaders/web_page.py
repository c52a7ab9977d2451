"""HTML files: headings, paragraphs, lists and tables of the page as text; scripts and styles are left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError, clean_text
from loaders.registry import Loader
from loaders.sniff import Kind
from loaders.text import decode

VERSION = 1

_DROPPED = "script style noscript template svg math iframe object head link meta select button".split()
_HEADING = re.compile(r"^h([1-6])$")
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form "
    "header hr html li main nav ol p pre section summary ul h1 h2 h3 h4 h5 h6 table tbody thead tfoot tr td th caption".split()
)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DEPTH = 400


def load(path: Path) -> Document:
    """The page at `path` as one page of text. Raises LoadError when it has none."""
    html = decoded(path.read_bytes())
    builder = PageBuilder(1, None, limits.TextBudget())
    title = add_html(html, builder)
    if builder.empty:
        raise LoadError("the page has no text", "It may be filled in by a script: save it as PDF from a browser.")
    return Document(title, (builder.page(),), LOADER.name, VERSION)


def decoded(data: bytes) -> str:
    """The text of a page: by byte order mark, else as the page itself says, else guessed."""
    declared = _CHARSET.search(data[:2048])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) and b"\x00" not in data[:200]:
        name = declared[1].decode("ascii", "replace").lower()
        try:
            return data.decode("cp1252" if name in ("iso-8859-1", "latin1", "latin-1") else name)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def add_html(html: str, builder: PageBuilder) -> str:
    """Add the text of `html` to a page; returns its title, "" without one. Raises LoadError for what is no HTML."""
    import lxml.etree
    import lxml.html

    parser = lxml.html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = lxml.html.document_fromstring(clean_text(html).encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        if not clean_text(html).strip():
            return ""
        raise LoadError(f"it is not HTML that can be read ({error})", "Save it as PDF from a browser.") from None
    title = " ".join((root.findtext(".//title") or "").split())[: limits.HEADING_CHARS]
    lxml.etree.strip_elements(root, *_DROPPED, with_tail=False)
    body = root.find("body")
    _Walk(builder).element(root if body is None else body, 0)
    return title


class _Walk:
    """Goes through the elements once; text between blocks is collected and becomes a paragraph."""

    def __init__(self, builder: PageBuilder) -> None:
        self.builder = builder
        self.inline: list[str] = []
        self.lists = 0

    def element(self, element: Any, depth: int) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if depth > _DEPTH:
            self.inline.append(" ".join(element.itertext()))
        elif heading := _HEADING.match(tag):
            self.flush()
            self.builder.heading(int(heading[1]), element.text_content())
        elif tag == "table" and not element.xpath(".//table|.//h1|.//h2|.//h3"):
            self.flush()
            self.builder.table(
                [[cell.text_content() for cell in row if cell.tag in ("td", "th")] for row in element.iter("tr")]
            )
        elif tag == "pre":
            self.flush()
            self.builder.paragraph(element.text_content())
        elif tag == "br":
            self.inline.append("\n")
        else:
            self.children(element, tag, depth)

    def children(self, element: Any, tag: str, depth: int) -> None:
        block = tag in _BLOCKS
        if block:
            self.flush()
        self.lists += tag == "li"
        self.inline.append(element.text or "")
        for child in element:
            self.element(child, depth + 1)
            self.inline.append(child.tail or "")
        if block:
            self.flush()
        self.lists -= tag == "li"

    def flush(self) -> None:
        """What was collected becomes a paragraph, or an item inside a list."""
        lines = [" ".join(line.split()) for line in "".join(self.inline).split("\n")]
        text = _joined(lines) if "\n" in "".join(self.inline).strip() else " ".join(lines).strip()
        self.inline = []
        if not text:
            return
        if self.lists:
            self.builder.line("  " * (self.lists - 1) + "- " + text.replace("\n", " "))
        else:
            self.builder.paragraph(text)


def _joined(lines: list[str]) -> str:
    return " ".join(line for line in lines if line)


LOADER = Loader(name="web_page", version=VERSION, suffixes=(".html", ".htm", ".xhtml"), kinds=(Kind.HTML,), load=load)
