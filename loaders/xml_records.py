"""XML: every element with text on a line after its name, every child of the root a paragraph of its own."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError, Page
from loaders.registry import Loader
from loaders.text import read_text
from loaders.web_page import without_markup

VERSION = 2

_DEPTH = 200
_INNER_CHARS = 80
_NAME = re.compile(r"&[\w.-]+;")
_NAMES_DEEP, _NAMED_CHARS = 3, 1_000


def load(path: Path) -> Document:
    """The data at `path` as one page; no entity is resolved, nothing is fetched. Raises LoadError."""
    import lxml.etree

    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = lxml.etree.fromstring(path.read_bytes(), parser)
    except (lxml.etree.LxmlError, ValueError):
        page = Page(1, None, limits.TextBudget().add(read_text(path)))
        return Document("", (page,), LOADER.name, VERSION, {"note": "not well-formed XML, kept as text"})
    _put_names_right(root)
    builder = PageBuilder(1, None, limits.TextBudget())
    whole = len(root) == 0 or _mixed(root)
    if not whole:
        builder.paragraph(_head(root) if _attributes(root) else "")
    for child in [root] if whole else root:
        builder.paragraph("\n".join(_lines(child, 0)))
    if builder.empty:
        raise LoadError("it has no text", "Nothing to load.")
    return Document("", (builder.page(),), LOADER.name, VERSION)


def _put_names_right(root: Any) -> None:
    """The texts that the file itself gives to names (`&co;`), and letters that HTML names, in place of the names.

    Nothing is fetched, and a text that grows or holds elements stays a name: a small hostile file can claim billions.
    """
    import lxml.etree

    names = [one for one in root.iter() if one.tag is lxml.etree.Entity]
    if not names:
        return
    stated = root.getroottree().docinfo.internalDTD
    texts = {one.name: one.content for one in (stated.iterentities() if stated is not None else ()) if one.content}
    for entity in names:
        said = _text_of_name(entity.text, texts, 0) + (entity.tail or "")
        parent, before = entity.getparent(), entity.getprevious()
        entity.tail = None
        if before is None:
            parent.text = (parent.text or "") + said
        else:
            before.tail = (before.tail or "") + said
        parent.remove(entity)


def _text_of_name(name: str, texts: dict[str, str], depth: int) -> str:
    """What a name stands for; the name itself where that is not known, or no short text."""
    text = texts.get(name.strip("&;"))
    if text is None:
        return html.unescape(name)
    if depth >= _NAMES_DEEP or "<" in text or len(text) > _NAMED_CHARS:
        return name
    whole = _NAME.sub(lambda match: _text_of_name(match[0], texts, depth + 1), text)
    return whole if len(whole) <= _NAMED_CHARS else name


def _lines(element: Any, depth: int) -> Iterator[str]:
    head, attributes = _head(element), _attributes(element)
    if len(element) == 0 or depth >= _DEPTH or _mixed(element):
        text = " ".join(without_markup("".join(element.itertext())).split())
        if text:
            yield f"{head}: {text}"
        elif attributes:
            yield head
        # Words among the elements of a text are whole; what the elements say of themselves stands below.
        for inner in element.iter() if len(element) and depth < _DEPTH else ():
            if inner is not element and _attributes(inner):
                said = " ".join("".join(inner.itertext()).split())
                yield f"{_head(inner)}: {said[:_INNER_CHARS]}" if said else _head(inner)
        return
    if attributes:
        yield head
    for child in element:
        yield from _lines(child, depth + 1)


def _head(element: Any) -> str:
    """The name of an element with its attributes."""
    attributes = _attributes(element)
    return f"{_name(element.tag)} ({attributes})" if attributes else _name(element.tag)


def _attributes(element: Any) -> str:
    """What an element says of itself; where its schema is to be found is no news to anybody."""
    return ", ".join(
        f"{_name(key)}={value}" for key, value in element.attrib.items() if "XMLSchema-instance" not in key
    )


def _mixed(element: Any) -> bool:
    """Whether words stand between the children, as in prose."""
    return bool((element.text or "").strip() or any((child.tail or "").strip() for child in element))


def _name(tag: Any) -> str:
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else "entity"


LOADER = Loader(name="xml_records", version=VERSION, suffixes=(".xml", ".rss", ".atom", ".fb2", ".opml"), load=load)
