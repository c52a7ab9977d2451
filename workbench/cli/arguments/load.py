"""The arguments of `workbench load`: what is named comes in as words, absolute paths and addresses go out."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from workbench.cli.arguments import passwords
from workbench.cli.arguments.entry import json_flag
from workbench.core.errors import UsageError

KINDS = ("directory", "webpage", "database")
"""Words that may stand before what is named, as MemGPT spells its loaders; ./directory is a path."""

_WEB = re.compile(r"^https?://", re.IGNORECASE)
_DATABASE = re.compile(r"^[a-z][a-z0-9]*(?:\+[a-z0-9_]+)?://", re.IGNORECASE)
_SQLITE = "sqlite:///"


def fill(sub: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    sub.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files, folders and web addresses; `directory`, `webpage` or `database` may stand first",
    )
    sub.add_argument(
        "--source",
        "--name",
        metavar="NAME",
        help="the source to load into (default: the one loaded from PATH before, or one named after it)",
    )
    sub.add_argument("--input-dir", metavar="DIR", action="append", default=[], help="a folder, as PATH")
    sub.add_argument("--input-files", metavar="FILE", nargs="+", default=[], help="files, as PATH")
    sub.add_argument("--urls", metavar="URL", nargs="+", default=[], help="web addresses, as PATH")
    sub.add_argument(
        "--include", metavar="GLOB", action="append", default=[], help="of a folder only what matches, as in .gitignore"
    )
    sub.add_argument("--exclude", metavar="GLOB", action="append", default=[], help="leave out what matches")
    sub.add_argument("--hidden", action="store_true", help="names that begin with a dot too")
    sub.add_argument(
        "--follow-links", action="store_true", help="follow links that lead out of a folder that is loaded"
    )
    sub.add_argument(
        "--ocr",
        choices=("auto", "never", "always"),
        default="auto",
        help="read pictures and scanned pages by tesseract (auto: where there is no text)",
    )
    sub.add_argument("--ocr-languages", metavar="LANGS", default="", help="tesseract's languages, such as deu+eng")
    sub.add_argument("--private", action="store_true", help="allow web addresses inside the local network")
    sub.add_argument("--query", metavar="SQL", default="", help="of a database: its rows become documents")
    sub.add_argument(
        "--url", metavar="URL", default="", help="of a database: sqlite:///file.db, postgresql://… (SQLAlchemy)"
    )
    sub.add_argument("--prune", action="store_true", help="drop documents whose file is no longer there")
    sub.add_argument("--retry", action="store_true", help="try files again that broke a limit or were skipped")
    sub.add_argument("--watch", action="store_true", help="go on until stopped: load again whenever a file changes")
    passwords.add(sub)
    json_flag(sub)


def named(chosen: argparse.Namespace) -> list[str]:
    """What is to be loaded, each absolute. Raises UsageError for a mixture that makes no sense."""
    words = list(chosen.paths)
    kind = words.pop(0) if words and words[0] in KINDS else ""
    words += [*chosen.input_dir, *chosen.input_files, *chosen.urls]
    if chosen.url:
        words.append(chosen.url)
    if (kind == "database" or chosen.url) and not chosen.query:
        raise UsageError("A database is loaded by a query.", 'Add --query "SELECT …".')
    if chosen.query and not any(_DATABASE.match(word) for word in words):
        raise UsageError("--query needs a database.", "Add --url sqlite:///file.db, or another SQLAlchemy URL.")
    if kind == "webpage" and not all(map(is_web, words)):
        raise UsageError("A web page is named by its address.", "It begins with https:// or http://.")
    if not words:
        raise UsageError("There is nothing to load.", "Name a file, a folder or a web address.")
    return [absolute(word) for word in words]


def absolute(word: str) -> str:
    """A path as it is meant here; an address stays as it is, but for a file of SQLite in it."""
    if word.startswith(_SQLITE) and word != _SQLITE and ":memory:" not in word:
        return _SQLITE + str(Path(word[len(_SQLITE) :]).expanduser().absolute())
    return word if _DATABASE.match(word) else str(Path(word).expanduser().absolute())


def is_web(word: str) -> bool:
    """Whether a word is a web address."""
    return bool(_WEB.match(word))
