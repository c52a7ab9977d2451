"""Jupyter notebooks: every cell as text (Markdown, code, what it printed), without pictures as base64."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from loaders import json_records, left_out, limits
from loaders.blocks import PageBuilder
from loaders.document import Document
from loaders.left_out import LeftOut
from loaders.markdown import add_markdown
from loaders.registry import Loader
from loaders.tables import TableKeeper
from loaders.text import read_text
from loaders.web_page import add_html

VERSION = 2

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_OUTPUT_CHARS = 20_000
"""What a cell printed beyond this is left out: logs of training, mostly."""


def load(path: Path) -> Document:
    """The notebook at `path` as one page; what is none is read as any JSON. Raises LoadError."""
    try:
        book = json.loads(read_text(path))
        cells = list(_cells(book))
    except (ValueError, RecursionError, AttributeError, TypeError):
        return replace(json_records.load(path), loader=LOADER.name, loader_version=VERSION)
    builder, keeper, omitted = PageBuilder(1, None, limits.TextBudget()), TableKeeper(), LeftOut()
    for cell in cells:
        _add_cell(cell, builder, keeper, omitted)
    page = builder.page()
    title = next((heading.title for heading in page.headings if heading.level == 1), "")
    notes = {**keeper.notes, **omitted.notes}
    return Document(title, (page,), LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


def _cells(book: Any) -> Iterator[Mapping[str, Any]]:
    """The cells of a notebook of format 4, or of the sheets of an older one. Raises ValueError for other JSON."""
    sheets = [book] if "cells" in book else book.get("worksheets", None)
    if sheets is None or "nbformat" not in book:
        raise ValueError("no notebook")
    for sheet in sheets:
        for cell in sheet["cells"]:
            if isinstance(cell, dict):
                yield cell


def _add_cell(cell: Mapping[str, Any], builder: PageBuilder, keeper: TableKeeper, omitted: LeftOut) -> None:
    kind = cell.get("cell_type")
    source = _text(cell.get("source", cell.get("input")))
    if kind == "markdown":
        add_markdown(source, builder, keeper, omitted)
        omitted.add(left_out.PICTURE, len(cell.get("attachments") or ()))
    elif kind == "heading":
        builder.heading(int(cell.get("level") or 1), source)
    elif kind != "code":
        builder.paragraph(source)
    else:
        number = cell.get("execution_count", cell.get("prompt_number"))
        if source.strip():
            builder.paragraph(f"In [{number or ' '}]:\n{source}")
        for output in cell.get("outputs") or ():
            if isinstance(output, dict):
                _add_output(output, builder, keeper, omitted)


def _add_output(output: Mapping[str, Any], builder: PageBuilder, keeper: TableKeeper, omitted: LeftOut) -> None:
    """What a cell gave: of several forms of it the one that a person reads."""
    kind = output.get("output_type")
    if kind in ("error", "pyerr"):
        builder.paragraph(f"Error: {_text(output.get('ename'))}: {_clean(_text(output.get('evalue')))}")
        return
    if kind == "stream":
        builder.paragraph(_clean(_text(output.get("text"))))
        return
    forms = output.get("data") if isinstance(output.get("data"), dict) else _older_forms(output)
    forms = forms or {}
    omitted.add(left_out.PICTURE, any(name.startswith("image/") for name in forms))
    omitted.add(left_out.OBJECT, any(name.startswith("application/") and name != "application/json" for name in forms))
    plain, html = _clean(_text(forms.get("text/plain"))), _text(forms.get("text/html"))
    if "<table" in html:
        add_html(html, builder, keeper, omitted)
    elif "text/markdown" in forms or "text/latex" in forms:
        add_markdown(_text(forms.get("text/markdown", forms.get("text/latex"))), builder, keeper, omitted)
    elif plain and not (
        plain.startswith("<") and plain.endswith(">") and any(name.startswith("image/") for name in forms)
    ):
        # "<Figure size 640x480 with 1 Axes>" only says that a picture is there.
        builder.paragraph(f"Out: {plain}")
    elif html:
        add_html(html, builder, keeper, omitted)


def _older_forms(output: Mapping[str, Any]) -> dict[str, Any]:
    names = {"text": "text/plain", "html": "text/html", "png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml",
             "latex": "text/latex"}  # fmt: skip
    return {form: output[name] for name, form in names.items() if name in output}


def _text(value: Any) -> str:
    """A text that may be kept as a list of its lines."""
    if isinstance(value, list):
        return "".join(str(line) for line in value)
    return "" if value is None else str(value)


def _clean(text: str) -> str:
    text = _ESCAPES.sub("", text)
    # A bar of progress writes over its own line again and again.
    text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    if len(text) > _OUTPUT_CHARS:
        text = text[:_OUTPUT_CHARS] + f"\n({len(text) - _OUTPUT_CHARS:,} more characters of output are left out.)"
    return text.strip("\n")


LOADER = Loader(name="notebook", version=VERSION, suffixes=(".ipynb",), load=load)
