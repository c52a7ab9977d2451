"""HTML files as a reader sees the page: headings, paragraphs, lists, tables, values of forms, equations.

Scripts, styles, what the page itself hides or strikes out, and its navigation are left out; `loaders.left_out` counts what was text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from loaders import left_out, limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError, clean_text
from loaders.equations import linear, lowered, raised
from loaders.grid import Cell, Grid, arranged, collapsed
from loaders.left_out import LeftOut
from loaders.list_numbers import counted
from loaders.registry import Loader
from loaders.sniff import Kind
from loaders.tables import TableKeeper
from loaders.text import decode, decoded_as
from loaders.web_navigation import strip_navigation

VERSION = 5

_DROPPED = "script style noscript template head link meta button datalist rp".split()
_OBJECTS = {"iframe": left_out.OBJECT, "object": left_out.OBJECT, "embed": left_out.OBJECT, "canvas": left_out.PICTURE,
            "video": left_out.SOUND, "audio": left_out.SOUND, "rt": left_out.READING_AID}  # fmt: skip
_STRUCK = ("del", "s", "strike")
_HEADING = re.compile(r"^h([1-6])$")
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form "
    "header hr html legend li main nav ol optgroup p pre section summary ul h1 h2 h3 h4 h5 h6 table tbody thead tfoot tr td "
    "th caption".split()
)
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HIDING = re.compile(r"(?:^|[;{\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)
_STRIKING = re.compile(r"text-decoration(?:-line)?\s*:[^;]*\bline-through\b", re.IGNORECASE)
_SHOWN_TWICE = re.compile(r"(?:^|\s)(?:katex-html|MathJax_Preview|mwe-math-fallback-image\S*)(?:\s|$)")
"""Classes of what draws an equation that stands beside it in MathML."""

_BLOCK_STYLE = re.compile(r"(?:^|[;{\s])display\s*:\s*(?:block|flex|grid|list-item|table)\b", re.IGNORECASE)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIMPLE_SELECTOR = re.compile(r"^(?:(\w+)?([.#])([\w-]+))$")
_LISTS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_DEPTH = 400
_STOP = re.compile(r"\s?[.,;:!?)\]]")
_MARKUP = re.compile(r"</(?:p|div|b|i|em|strong|a|ul|ol|li|span|table|h[1-6]|blockquote)>|<br\s*/?>|<p>", re.IGNORECASE)
_TWICE = "shown twice"
_CELL_CHARS = 1_500
"""A cell with more text than this, in a table that names no columns, shows that the table only lays out the page."""

_ALT_WORDS = 3
"""A picture's description of fewer words ("logo", "photo") says nothing that is worth a line."""


def load(path: Path) -> Document:
    """The page at `path` as one page of text. Raises LoadError when it has none."""
    html = decoded(path.read_bytes())
    builder, keeper, omitted = PageBuilder(1, None, limits.TextBudget()), TableKeeper(), LeftOut()
    title = add_html(html, builder, keeper, omitted)
    if builder.empty:
        raise LoadError("the page has no text", "It may be filled in by a script: save it as PDF from a browser.")
    notes = {**keeper.notes, **omitted.notes}
    return Document(title, (builder.page(),), LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


def decoded(data: bytes) -> str:
    """The text of a page: by byte order mark, else as the page itself says, else guessed."""
    declared = _CHARSET.search(data[:2048])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) and b"\x00" not in data[:200]:
        text = decoded_as(data, declared[1].decode("ascii", "replace"))
        if text is not None:
            return text
    return decode(data)


def add_html(html: str, builder: PageBuilder, keeper: TableKeeper | None = None, omitted: LeftOut | None = None) -> str:
    """Add the text of `html` to a page; returns its title, "" without one. Raises LoadError for what is no HTML.

    Tables of data are offered to `keeper`, and what is not text is counted in `omitted`.
    """
    root = _parsed(html)
    if root is None:
        return ""
    title = " ".join((root.findtext(".//title") or "").split())[: limits.HEADING_CHARS]
    counted = LeftOut()
    _strip_unseen(root, counted)
    body = root.find("body")
    body = root if body is None else body
    if not "".join(body.itertext()).strip() and (whole := _parsed(html)) is not None:
        # A page that a script uncovers: better its text than nothing.
        root, counted = whole, LeftOut()
        _strip_unseen(root, counted, keep_hidden=True)
        body = root.find("body")
        body = root if body is None else body
    _Walk(builder, keeper, counted).whole(body)
    if omitted is not None:
        omitted.include(counted)
    return title


def with_plain_tables(html: str) -> str:
    """`html` without what a reader does not see, its tables of data with plain cells only: no spans, one row of names.

    For programs that find the main text of a page and lose spans, captions and hidden parts on the way.
    """
    import lxml.etree
    import lxml.html

    root = _parsed(html)
    if root is None:
        return html
    _strip_unseen(root, LeftOut())
    for table in list(root.iter("table")):
        rows = list(_own_rows(table))
        if not rows or _lays_out(table, rows):
            continue
        caption, cells = _title_and_cells(table, rows, LeftOut())
        grid = collapsed(Grid.of_cells(cells, _header_rows(rows)))
        plan = arranged(grid)
        texts = [("td", [title]) for title in (caption, *plan.titles) if title]
        texts += [("td", grid.texts[row]) for row in plan.above] + ([("th", list(plan.names))] if plan.header else [])
        texts += [("td", list(grid.as_row(row))) for row in plan.body]
        tail = table.tail
        table.clear()
        table.tail = tail
        for tag, line in texts:
            row = lxml.etree.SubElement(table, "tr")
            for text in line:
                lxml.etree.SubElement(row, tag).text = text
    plain: str = lxml.html.tostring(root, encoding="unicode")
    return plain


def _parsed(html: str) -> Any:
    import lxml.etree
    import lxml.html

    parser = lxml.html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        return lxml.html.document_fromstring(clean_text(html).encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        if not clean_text(html).strip():
            return None
        raise LoadError(f"it is not HTML that can be read ({error})", "Save it as PDF from a browser.") from None


def _strip_unseen(root: Any, omitted: LeftOut, keep_hidden: bool = False) -> None:
    """Take out of the tree what a reader of the page does not see."""
    import lxml.etree

    hidden_names = set() if keep_hidden or root.find(".//script") is not None else set(_hidden_names(root))
    for shadow in [one for one in root.iter("template") if (one.get("shadowrootmode") or "") in ("open", "closed")]:
        shadow.tag = "div"  # the browser puts it on the page without a script
    lxml.etree.strip_elements(root, *_DROPPED, with_tail=False)
    for element in list(root.iter()):
        kind = _unseen(element, hidden_names, keep_hidden)
        if kind is None or element.getparent() is None:
            continue
        counts = kind in (left_out.OBJECT, left_out.SOUND, left_out.PICTURE) or "".join(element.itertext()).strip()
        if counts and kind != _TWICE:
            omitted.add(kind)
        element.drop_tree()
    for quote in root.iter("q"):
        # The browser draws the marks.
        quote.text = f"“{quote.text or ''}"
        if len(quote):
            quote[-1].tail = f"{quote[-1].tail or ''}”"
        else:
            quote.text += "”"
    if not keep_hidden and (body := root.find("body")) is not None:
        strip_navigation(body, omitted)


def _unseen(element: Any, hidden_names: set[tuple[str, str]], keep_hidden: bool) -> str | None:
    """As what an element is left out, None when it is seen."""
    tag = element.tag
    if tag in _OBJECTS:
        return _OBJECTS[tag]
    if (named := element.get("class")) and _SHOWN_TWICE.search(named) and _has_mathml(element):
        return _TWICE
    style = element.get("style")
    if tag in _STRUCK or (style and _STRIKING.search(style)):
        return left_out.DELETED if tag == "del" else left_out.STRUCK
    if keep_hidden or tag in ("html", "body"):
        return None
    if element.get("hidden") is not None or (style and _HIDING.search(style)):
        return left_out.HIDDEN
    if element.get("popover") is not None or (tag == "dialog" and element.get("open") is None):
        return left_out.HIDDEN
    if hidden_names:
        names = [(".", name) for name in (element.get("class") or "").split()] + [("#", element.get("id") or "")]
        if any(name in hidden_names for name in names):
            return left_out.HIDDEN
    return None


def _has_mathml(element: Any) -> bool:
    parent = element.getparent()
    return parent is not None and any(
        other is not element and next(other.iter("math"), None) is not None for other in parent
    )


def _is_block(element: Any, tag: str) -> bool:
    return tag in _BLOCKS or bool((style := element.get("style")) and _BLOCK_STYLE.search(style))


def _hidden_names(root: Any) -> Iterator[tuple[str, str]]:
    """Classes and ids that the page's own styles hide, and that no other rule of them shows.

    Only of use on pages without scripts: a script may show anything later, the panels of its tabs for instance.
    """
    text = re.sub(r"/\*.*?\*/", "", "\n".join(style.text or "" for style in root.iter("style")), flags=re.DOTALL)
    rules = _RULE.findall(re.sub(r"@[^{};]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text))
    for selectors, style in rules:
        for selector in selectors.split(",") if _HIDING.search(style) else ():
            simple = _SIMPLE_SELECTOR.match(selector.strip())
            if simple and not any(simple[2] + simple[3] in other for other, kept in rules if kept != style):
                yield simple[2], simple[3]


def seen_text(element: Any, omitted: LeftOut | None = None) -> str:
    """The text of an element on one line, with a space where a block or a line ends."""
    parts: list[str] = []
    _collect(element, parts, omitted or LeftOut(), 0)
    text = " ".join("".join(parts).split())
    return re.sub(r"(?:; )+(?=[;.,]|$)", "", re.sub(r"\s+([;,])", r"\1", text)).removeprefix("; ")


def _collect(element: Any, parts: list[str], omitted: LeftOut, depth: int) -> None:
    tag = element.tag if isinstance(element.tag, str) else ""
    if (replaced := _replaced(element, tag, omitted)) is not None:
        parts.append(replaced)
        return
    if depth > _DEPTH:
        parts.append(" ".join(element.itertext()))
        return
    block = tag == "br" or _is_block(element, tag)
    if block:
        parts.append("; " if tag == "li" and (element.getprevious() is not None or _is_inner_list(element)) else " ")
    if element.text:
        parts.append(element.text)
    for child in element:
        _collect(child, parts, omitted, depth + 1)
        if child.tail:
            parts.append(child.tail)
        if child.tag in ("td", "th") and child.getnext() is not None and child.text_content().strip():
            # A table inside a cell.
            parts.append(", ")
        elif child.tag == "tr" and child.getnext() is not None:
            parts.append("; ")
    if block:
        parts.append(" ")


def _is_inner_list(item: Any) -> bool:
    """Whether an item is one of a list in an item."""
    outer = item.getparent().getparent() if item.getparent() is not None else None
    return outer is not None and outer.tag == "li"


def _replaced(element: Any, tag: str, omitted: LeftOut) -> str | None:
    """What stands on the page for an element that is not shown by its text; None for all others."""
    if tag == "img":
        return _picture(element, omitted)
    if tag == "input":
        return _input(element)
    if tag == "select":
        options = list(element.iter("option"))
        chosen = [option for option in options if option.get("selected") is not None]
        chosen = chosen or ([] if element.get("multiple") is not None else options[:1])
        shown = (option.get("label") or option.text_content() for option in chosen)
        return " " + ", ".join(" ".join(text.split()) for text in shown) + " "
    if tag == "textarea":
        return f" {element.text_content()} "
    if tag == "math":
        text = linear(element) or " ".join((element.get("alttext") or "").split())
        if not text:
            omitted.add(left_out.EQUATION)
        return f" {text}{'' if _STOP.match(element.tail or '') else ' '}" if text else ""
    if tag == "svg":
        texts = [" ".join("".join(one.itertext()).split()) for one in element.iter() if _svg_text(one)]
        if not any(texts):
            return ""
        omitted.add(left_out.PICTURE)
        return " " + "; ".join(filter(None, texts)) + " "
    if tag == "sup":
        text = " ".join(element.text_content().split())
        parent = element.getparent()
        if any("#" in (one.get("href") or "") for one in [*element.iter("a"), parent] if one.tag == "a"):
            # The number of a note is no part of the word before it.
            return f" [{text.strip('[]')}]"
        return None if (moved := raised(_text_before(element), text)) == text else moved
    if tag == "sub":
        text = " ".join(element.text_content().split())
        return None if (moved := lowered(_text_before(element), text)) == text else moved
    if tag == "a" and _is_note_reference(element) and element.find(".//sup") is None:
        return f" [{' '.join(element.text_content().split()).strip('[]()')}]"
    if tag in ("meter", "progress") and element.get("value"):
        most = element.get("max")
        return f" {element.get('value')}{f' of {most}' if most else ''} "
    return None


def _text_before(element: Any) -> str:
    """What stands right before an element in its paragraph, as far as it is told by its neighbours."""
    before = element.getprevious()
    if before is None:
        parent = element.getparent()
        return parent.text or ""
    return (before.tail or "") or (before.text_content() if isinstance(before.tag, str) and before.tag != "br" else "")


def _is_note_reference(link: Any) -> bool:
    """Whether a link is the number of a note, as e-books say of theirs."""
    kinds = f"{link.get('epub:type') or ''} {link.get('role') or ''}".split()
    return "noteref" in kinds or "doc-noteref" in kinds


def _svg_text(element: Any) -> bool:
    return isinstance(element.tag, str) and element.tag.rpartition("}")[2].lower() in ("text", "title", "desc")


def _picture(element: Any, omitted: LeftOut) -> str:
    described = " ".join((element.get("alt") or "").split())
    if element.get("alt") != "":
        omitted.add(left_out.PICTURE)
    return f" [Picture: {described}] " if len(described.split()) >= _ALT_WORDS else ""


def _input(element: Any) -> str:
    kind = (element.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return " [x] " if element.get("checked") is not None else " [ ] "
    if kind in ("hidden", "submit", "button", "reset", "image", "file", "password"):
        return ""
    return f" {element.get('value') or ''} "


class _Walk:
    """Goes through the elements once; text between blocks is collected and becomes a paragraph."""

    def __init__(self, builder: PageBuilder, keeper: TableKeeper | None, omitted: LeftOut) -> None:
        self.builder, self.keeper, self.omitted = builder, keeper, omitted
        self.inline: list[str] = []
        self.lists = 0
        self.marker = ""

    def whole(self, body: Any) -> None:
        """Add all of it."""
        self.element(body, 0)
        self.flush()

    def element(self, element: Any, depth: int) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if (replaced := _replaced(element, tag, self.omitted)) is not None:
            self.inline.append(replaced)
        elif depth > _DEPTH:
            self.inline.append(" ".join(element.itertext()))
        elif heading := _HEADING.match(tag):
            self.flush()
            self.builder.heading(int(heading[1]), seen_text(element, self.omitted))
        elif tag == "table":
            self.flush()
            self.table(element, depth)
        elif tag == "pre":
            self.flush()
            for line_end in element.iter("br"):
                line_end.tail = "\n" + (line_end.tail or "")
            self.builder.paragraph(element.text_content())
        elif tag == "br":
            self.inline.append("\n")
        else:
            self.children(element, tag, depth)

    def children(self, element: Any, tag: str, depth: int) -> None:
        block = _is_block(element, tag)
        if block:
            self.flush()
        within = tag == "li" or (tag == "dd" and _holds_list(element))
        self.lists += within
        if tag == "li":
            self.marker = _marker(element)
        self.inline.append(element.text or "")
        for child in element:
            self.element(child, depth + 1)
            self.inline.append(child.tail or "")
        if block:
            self.flush()
        self.lists -= within

    def table(self, table: Any, depth: int) -> None:
        """A table of data as a grid; one that only lays out the page as the blocks in its cells."""
        rows = list(_own_rows(table))
        if _lays_out(table, rows):
            self.children(table, "table", depth)
            return
        title, cells = _title_and_cells(table, rows, self.omitted)
        if _are_fields(cells):
            if title:
                self.builder.line(title)
            for label, *values in filter(None, cells):
                value = values[0].text if values else ""
                self.builder.line(f"{label.text.rstrip(' :')}: {value}" if value else label.text)
            return
        grid = collapsed(Grid.of_cells(cells, _header_rows(rows), title))
        placed = self.builder.table(grid)
        if self.keeper is not None:
            self.keeper.offer(title, self.builder.number, placed)

    def flush(self) -> None:
        """What was collected becomes a paragraph, or an item inside a list."""
        lines = [" ".join(line.split()) for line in "".join(self.inline).split("\n")]
        text = _joined(lines) if "\n" in "".join(self.inline).strip() else " ".join(lines).strip()
        self.inline = []
        if not text:
            return
        if self.lists:
            marker, self.marker = self.marker, "" if self.marker else self.marker
            self.builder.line("  " * (self.lists - 1) + (f"{marker} " if marker else "  ") + text.replace("\n", " "))
        else:
            self.builder.paragraph(text)


def without_markup(text: str) -> str:
    """A value that is a piece of HTML, as feeds and exports of web sites hold them, as its reader sees it; others as they are."""
    if "<" not in text or not _MARKUP.search(text):
        return text
    builder = PageBuilder(1, None, limits.TextBudget())
    try:
        add_html(text, builder)
    except LoadError:
        return text
    return builder.page().text or text


def grids_of(html: str) -> list[Grid]:
    """The tables of data in a piece of HTML as grids, those inside others left to their cells."""
    root = _parsed(html)
    grids = []
    for table in root.iter("table") if root is not None else ():
        rows = list(_own_rows(table))
        if not rows or next(table.iterancestors("table"), None) is not None or _lays_out(table, rows):
            continue
        title, cells = _title_and_cells(table, rows, LeftOut())
        grids.append(collapsed(Grid.of_cells(cells, _header_rows(rows), title)))
    return grids


def _title_and_cells(table: Any, rows: Iterable[Any], omitted: LeftOut) -> tuple[str, list[list[Cell]]]:
    caption = table.find("caption")
    title = "" if caption is None else seen_text(caption, omitted)
    return title, [[_cell(cell, omitted) for cell in row if cell.tag in ("td", "th")] for row in rows]


def _cell(element: Any, omitted: LeftOut) -> Cell:
    rows = _span(element.get("rowspan"), zero=True)
    return Cell(seen_text(element, omitted), rows, _span(element.get("colspan")), element.tag == "th")


def _holds_list(element: Any) -> bool:
    """Whether a description is a list and nothing else, as encyclopedias indent one under an item of another."""
    return (
        len(element) > 0
        and not (element.text or "").strip()
        and all(child.tag in ("ul", "ol", "dl") for child in element)
    )


def _joined(lines: list[str]) -> str:
    return " ".join(line for line in lines if line)


def _marker(item: Any) -> str:
    """What stands before an item: its number in an ordered list, else a dash."""
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return "-"
    items = list(parent.iterchildren("li"))
    down = parent.get("reversed") is not None
    number = _whole(parent.get("start"), len(items) if down else 1)
    for one in items:
        number = _whole(one.get("value"), number)
        if one is item:
            break
        number += -1 if down else 1
    return f"{counted(number, _LISTS.get(item.get('type') or parent.get('type') or '', 'decimal'))}."


def _whole(text: str | None, usual: int) -> int:
    return int(text) if text and re.fullmatch(r"-?\d{1,9}", text.strip()) else usual


def _span(text: str | None, zero: bool = False) -> int:
    number = _whole(text, 1)
    return number if number > 0 or (zero and number == 0) else 1


def _own_rows(table: Any) -> Iterator[Any]:
    """The rows of a table that are not those of a table inside it; its foot stands last, wherever it is written."""
    feet = []
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody"):
            yield from child.iterchildren("tr")
        elif child.tag == "tfoot":
            feet += child.iterchildren("tr")
    yield from feet


def _lays_out(table: Any, rows: list[Any]) -> bool:
    if table.get("role") in ("presentation", "none"):
        return True
    if table.find("caption") is not None or any(cell.tag == "th" for row in rows for cell in row):
        return False
    if table.xpath(".//table|.//h1|.//h2|.//h3"):
        return True
    cells = [cell for row in rows for cell in row]
    if all(len(row) <= 1 for row in rows):
        return any(child.tag in ("p", "ul", "ol", "div", "pre", "blockquote") for cell in cells for child in cell)
    return any(len(cell.text_content()) > _CELL_CHARS for cell in cells)


def _header_rows(rows: Iterable[Any]) -> int | None:
    """How many rows of names a table begins with by its own word; None when it does not say."""
    count = 0
    for row in rows:
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        in_head = row.getparent().tag == "thead"
        if not in_head and not (cells and all(cell.tag == "th" or not cell.text_content().strip() for cell in cells)):
            break
        count += 1
    return count or None


def _are_fields(cells: list[list[Cell]]) -> bool:
    """Whether rows are labels and their values, as in a form or an information box, perhaps with titles or pictures between."""
    fields = sum(
        len(row) == 2 and row[0].header and not row[1].header and row[0].rows == row[1].rows == 1 for row in cells
    )
    across = sum(len(row) < 2 for row in cells)
    return fields > across and fields + across == len(cells)


LOADER = Loader(
    name="web_page", version=VERSION, suffixes=(".html", ".htm", ".xhtml", ".svg"), kinds=(Kind.HTML,), load=load
)
