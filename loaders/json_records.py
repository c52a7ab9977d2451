"""JSON and JSON lines: every value on a line after its path, every record of a list a paragraph of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, Page
from loaders.registry import Loader
from loaders.text import read_text

VERSION = 1

_DEPTH = 60


def load(path: Path) -> Document:
    """The data at `path` as one page; what is not valid JSON stays as it was written. Raises LoadError."""
    text = read_text(path)
    try:
        records = _records(text)
    except (ValueError, RecursionError):
        page = Page(1, None, limits.TextBudget().add(text))
        return Document("", (page,), LOADER.name, VERSION, {"note": "not valid JSON, kept as text"})
    builder = PageBuilder(1, None, limits.TextBudget())
    for record in records:
        builder.paragraph("\n".join(_lines(record, "", 0)))
    return Document("", (builder.page(),), LOADER.name, VERSION)


def _records(text: str) -> list[Any]:
    """The records of a list, of JSON lines, or the one value that the text is. Raises ValueError."""
    try:
        value = json.loads(text)
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise
        return [json.loads(line) for line in lines]
    return value if isinstance(value, list) else [value]


def _lines(value: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, dict) and value and depth < _DEPTH:
        for key, inner in value.items():
            yield from _lines(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list) and value and depth < _DEPTH:
        if all(not isinstance(inner, dict | list) for inner in value):
            yield _named(path, ", ".join(_shown(inner) for inner in value))
            return
        for place, inner in enumerate(value, 1):
            yield from _lines(inner, f"{path}[{place}]", depth + 1)
    else:
        yield _named(path, _shown(value))


def _named(path: str, shown: str) -> str:
    return f"{path}: {shown}" if path else shown


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


LOADER = Loader(
    name="json_records", version=VERSION, suffixes=(".json", ".jsonl", ".ndjson", ".geojson", ".ipynb"), load=load
)
