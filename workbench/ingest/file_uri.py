"""Stores a path of any bytes as text and reads the same path back."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

_FILE = "file:///"


def place(path: str | os.PathLike[str]) -> str:
    """The path itself; one whose bytes are not valid UTF-8, which no database takes, as its file:/// address."""
    text = os.fspath(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        return Path(text).absolute().as_uri()
    return text


def path_of(place: str) -> str:
    """The path of a place, as the system knows it."""
    return os.fsdecode(unquote_to_bytes(place[len(_FILE) - 1 :])) if place.startswith(_FILE) else place
