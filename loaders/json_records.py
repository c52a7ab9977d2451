"""JSON and JSON lines: every value on a line after its path, every record of a list a paragraph of its own."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, Page
from loaders.registry import Loader
from loaders.text import read_text, unescaped
from loaders.web_page import without_markup

VERSION = 4

_DEPTH = 60
_STRING = r'"(?:[^"\\]|\\.)*"'
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_LAST_COMMA = re.compile(rf"{_STRING}|,\s*([\]}}])", re.DOTALL)
_NAMED = 10


def load(path: Path) -> Document:
    """The data at `path` as one page; what is not valid JSON stays as it was written, and is noted. Raises LoadError."""
    text = read_text(path)
    records, torn = _records(text)
    builder = PageBuilder(1, None, limits.TextBudget())
    if not records:
        page = Page(1, None, limits.TextBudget().add(unescaped(text)))
        return Document("", (page,), LOADER.name, VERSION, {"note": "not valid JSON, kept as text"})
    for record in records:
        builder.paragraph(unescaped(record.line) if isinstance(record, _Torn) else "\n".join(_lines(record, "", 0)))
    return Document("", (builder.page(),), LOADER.name, VERSION, {"note": _told(torn)} if torn else {})


@dataclass(frozen=True)
class _Torn:
    """A line of JSON lines that is none. `number` counts from 1; `why` is what is wrong with it."""

    number: int
    line: str
    why: str


def _records(text: str) -> tuple[list[Any], list[_Torn]]:
    """The records of a list, of JSON lines, of values one after the other, or the one value that the text is.

    Lines that are torn stand in their places among those of JSON lines, and by themselves. Nothing for what is no JSON.
    """
    try:
        value = _parsed(text)
        return (value or [value]) if isinstance(value, list) else [value], []
    except (ValueError, RecursionError):
        pass
    records: list[Any] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                records.append(_parsed(line))
            except (ValueError, RecursionError) as error:
                records.append(_Torn(number, line.strip(), getattr(error, "msg", "nested too deeply")))
    torn = [record for record in records if isinstance(record, _Torn)]
    whole = sum(isinstance(record, dict | list) for record in records)
    if not torn or (whole >= len(torn) and whole >= 2):
        return records, torn
    if values := _one_after_the_other(text):
        return values, []
    try:
        value = _parsed(_without_comments(text))
        return (value or [value]) if isinstance(value, list) else [value], []
    except (ValueError, RecursionError):
        return [], []


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object; those of one name, of which a dictionary keeps the last, as a list."""
    members = dict(pairs)
    if len(members) < len(pairs):
        for name, count in Counter(name for name, _ in pairs).items():
            if count > 1:
                members[name] = [value for other, value in pairs if other == name]
    return members


_AS_WRITTEN: dict[str, Any] = {"parse_float": str, "parse_int": str, "object_pairs_hook": _members}
"""Numbers stay as they stand: 1.10 is a price or a version, and 20 digits are more than a float holds."""


def _parsed(text: str) -> Any:
    return json.loads(text, **_AS_WRITTEN)


def _without_comments(text: str) -> str:
    """JSON without what JSON5 and people add: comments, and commas before a closing bracket."""
    bare = _COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    return _LAST_COMMA.sub(lambda match: match[0] if match[0].startswith('"') else match[1], bare)


def _one_after_the_other(text: str) -> list[Any]:
    """Values of several lines each that follow each other without a comma; nothing when anything else is among them."""
    decoder, place, values = json.JSONDecoder(**_AS_WRITTEN), 0, list[Any]()
    try:
        while place < len(text):
            value, place = decoder.raw_decode(text, place)
            if not isinstance(value, dict | list):
                return []
            values.append(value)
            place += len(text[place:]) - len(text[place:].lstrip())
    except (ValueError, RecursionError):
        return []
    return values


def _told(torn: list[_Torn]) -> str:
    numbers = ", ".join(f"{line.number:,}" for line in torn[:_NAMED]) + (", …" if len(torn) > _NAMED else "")
    which = f"line {numbers} is" if len(torn) == 1 else f"{len(torn):,} lines ({numbers}) are"
    return f"{which} not valid JSON and kept as written ({torn[0].why})"


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
    return without_markup(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


LOADER = Loader(name="json_records", version=VERSION, suffixes=(".json", ".jsonl", ".ndjson", ".geojson"), load=load)
