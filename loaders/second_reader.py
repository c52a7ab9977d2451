"""Reads an office file through unstructured, offline, where our own reader finds it damaged.

Our readers keep what unstructured leaves out (tracked changes, notes, boxes, merged cells), but they are strict; unstructured
reads some files that they refuse. It wants a language model from the network to tell sentences from titles, and reports every
call. Neither is needed: styles tell headings. Its tokenizer module is replaced before it can be imported, and telemetry is
switched off.
"""

from __future__ import annotations

import importlib
import io
import logging
import os
import re
import sys
import types
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError, PasswordNeededError
from loaders.opc import check_unpacked_size

REMARK = "damaged; read by a second reader, so footnotes, comments, boxes and tracked changes may be missing"

_TOKENIZER = "unstructured.nlp.tokenize"
_DAMAGED = "Open it in the program that made it, save it again, or export it as PDF."
_IGNORED = {"PageBreak", "PageNumber", "Image"}
_LINES = {"ListItem"}

log = logging.getLogger(__name__)


def read(path: Path, own: Callable[[Path], Document], partition: str, loader: str, version: int) -> Document:
    """The document as `own` reads it, else as unstructured's function does ("docx" for partition_docx), with a remark.

    Raises the LoadError of `own` when neither reads it; a password, a limit or a file without text is no reason to try.
    """
    try:
        return own(path)
    except PasswordNeededError:
        raise
    except LoadError as error:
        if "damaged" not in error.reason:
            raise
        log.info("%s: %s; a second reader tries", path.name, error.reason)
        try:
            document = load(path, partition, loader, version)
        except LoadError:
            raise error from None
    return replace(document, metadata={**document.metadata, "left_out": REMARK})


def load(path: Path, partition: str, loader: str, version: int) -> Document:
    """The file at `path` by unstructured's function `partition` ("docx" for partition_docx). Raises LoadError."""
    check_unpacked_size(path)
    function = _function(partition)
    try:
        with redirect_stdout(io.StringIO()):
            elements = function(filename=str(path))
    except (MemoryError, RecursionError, LoadError):
        raise
    except Exception as error:
        # Every library under unstructured has exceptions of its own for files it cannot read.
        if "password" in str(error).lower() or "encrypted" in str(error).lower():
            raise PasswordNeededError from None
        log.info("%s: %s: %s", path.name, type(error).__name__, error)
        raise LoadError(f"it is damaged or not what its name says ({_short(error)})", _DAMAGED) from None
    return _document(elements, loader, version)


def _short(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


def _function(name: str) -> Callable[..., list[Any]]:
    os.environ.update(DO_NOT_TRACK="1", SCARF_NO_ANALYTICS="true", UNSTRUCTURED_DISABLE_NOTICE="1")
    if _TOKENIZER not in sys.modules:
        sys.modules[_TOKENIZER] = _plain_tokenizer()
    try:
        module = importlib.import_module(f"unstructured.partition.{name}")
    except ImportError as error:
        raise LoadError(f"the package that reads it is missing ({error.name})", "Reinstall memgpt-workbench.") from None
    function: Callable[..., list[Any]] = getattr(module, f"partition_{name}")
    return function


def _plain_tokenizer() -> types.ModuleType:
    module: Any = types.ModuleType(_TOKENIZER)
    module.word_tokenize = lambda text: re.findall(r"\w+|[^\w\s]", str(text))
    module.sent_tokenize = lambda text: re.split(r"(?<=[.!?])\s+", str(text))
    module.pos_tag = lambda text: [(word, "") for word in module.word_tokenize(text)]
    made: types.ModuleType = module
    return made


def _document(elements: Iterable[Any], loader: str, version: int) -> Document:
    budget = limits.TextBudget()
    builders: list[PageBuilder] = []
    number = 0
    for element in elements:
        number = max(number, element.metadata.page_number or 1)
        while len(builders) < number:
            builders.append(PageBuilder(len(builders) + 1, None, budget))
        _add(builders[-1], element)
    pages = tuple(builder.page() for builder in builders)
    if not any(page.text.strip() for page in pages):
        raise LoadError("it has no text", "Nothing to load; export it as PDF if it holds pictures of text.")
    title = next((heading.title for page in pages for heading in page.headings if heading.level == 1), "")
    return Document(title, pages, loader, version)


def _add(builder: PageBuilder, element: Any) -> None:
    depth = element.metadata.category_depth
    if element.category in _IGNORED:
        return
    if element.category == "Table" and element.metadata.text_as_html:
        builder.table(_rows(element.metadata.text_as_html))
    elif element.category == "Title" and depth is not None:
        builder.heading(depth + 1, element.text)
    elif element.category in _LINES:
        builder.line("  " * (depth or 0) + "- " + " ".join(element.text.split()))
    else:
        builder.paragraph(element.text)


def _rows(html: str) -> list[list[str]]:
    import lxml.html

    table = lxml.html.fragment_fromstring(html, create_parent="div")
    return [[cell.text_content() for cell in row.iter("td", "th")] for row in table.iter("tr")]
