"""JSON and JSON lines: every value on a line after its path, every record of a list a paragraph of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, Page
from loaders.registry import Loader
from loaders.text import read_text

VERSION = 3

_DEPTH = 60
_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
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
        page = Page(1, None, limits.TextBudget().add(_unescaped(text)))
        return Document("", (page,), LOADER.name, VERSION, {"note": "not valid JSON, kept as text"})
    for record in records:
        builder.paragraph(_unescaped(record.line) if isinstance(record, _Torn) else "\n".join(_lines(record, "", 0)))
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
        value = json.loads(text)
        return (value or [value]) if isinstance(value, list) else [value], []
    except (ValueError, RecursionError):
        pass
    records: list[Any] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                records.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                records.append(_Torn(number, line.strip(), getattr(error, "msg", "nested too deeply")))
    torn = [record for record in records if isinstance(record, _Torn)]
    whole = sum(isinstance(record, dict | list) for record in records)
    if not torn or (whole >= len(torn) and whole >= 2):
        return records, torn
    if values := _one_after_the_other(text):
        return values, []
    try:
        value = json.loads(_without_comments(text))
        return (value or [value]) if isinstance(value, list) else [value], []
    except (ValueError, RecursionError):
        return [], []


def _unescaped(text: str) -> str:
    """Text with the letters that JSON writes as escapes, so that a torn record can be searched like a whole one."""

    def letter(match: re.Match[str]) -> str:
        units = [int(unit, 16) for unit in match[0].split("\\u")[1:]]
        letters = b"".join(unit.to_bytes(2, "little") for unit in units).decode("utf-16-le", "replace")
        return letters if letters.isprintable() else match[0]

    return _ESCAPED.sub(letter, text)


def _without_comments(text: str) -> str:
    """JSON without what JSON5 and people add: comments, and commas before a closing bracket."""
    bare = _COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    return _LAST_COMMA.sub(lambda match: match[0] if match[0].startswith('"') else match[1], bare)


def _one_after_the_other(text: str) -> list[Any]:
    """Values of several lines each that follow each other without a comma; nothing when anything else is among them."""
    decoder, place, values = json.JSONDecoder(), 0, list[Any]()
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
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


LOADER = Loader(name="json_records", version=VERSION, suffixes=(".json", ".jsonl", ".ndjson", ".geojson"), load=load)
