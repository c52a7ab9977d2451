"""Lists what a path holds, with what is to be done about each entry.

Nothing is left out silently: what a rule excludes and what cannot be read has its row too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from loaders import ignore_files, limits
from loaders.document import LoadError
from loaders.ignore_files import IgnoreRules
from loaders.registry import choose

Status = Literal["load", "excluded", "not yet", "unreadable"]

_NEVER = {"__pycache__": "a cache", "node_modules": "installed packages", "CVS": "version control"}
_LITTER = {"thumbs.db", "desktop.ini"}
_DEPTH = 200
_NOT_A_FILE = "not a file (a device, pipe or socket)"
_LEADS_OUT = "it is a link that leads out of the folder"
_FOLLOW = "Add --follow-links to load what it points to, or load that by its own path."
_ALWAYS_HIDDEN = {".git", ".hg", ".svn", ".DS_Store"}


@dataclass(frozen=True)
class Rules:
    """What the person asked for: patterns are written as in .gitignore and are relative to the folder named.

    With `include`, a file must match one of its patterns; `exclude` goes before it. `hidden` takes in names that begin
    with a dot (never a version control's own folder). With `follow_links`, links that lead out of the folder are followed.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    follow_links: bool = False

    def reason(self, name: str, relative: str, is_folder: bool) -> str:
        """Why an entry is left out, "" when it is not."""
        if name in _ALWAYS_HIDDEN or (name.startswith(".") and not self.hidden):
            return "hidden"
        shown = relative + ("/" if is_folder else "")
        if self.exclude and ignore_files.pattern(self.exclude).match_file(shown):
            return "excluded by --exclude"
        if self.include and not is_folder and not ignore_files.pattern(self.include).match_file(shown):
            return "not named by --include"
        return ""


@dataclass(frozen=True)
class Found:
    """One entry of a walk. `relative` is its POSIX path below the root (a lone file's own name), always valid Unicode.

    `status`: load | excluded (a rule says so) | not yet (no loader) | unreadable. An excluded folder is one row.
    """

    path: Path
    relative: str
    status: Status = "load"
    reason: str = ""
    remedy: str = ""
    size_bytes: int = 0


def walk(root: Path, rules: Rules | None = None) -> Iterator[Found]:
    """Everything under `root` in sorted order; a file named directly is never excluded. Raises LoadError."""
    try:
        mode = root.stat().st_mode
    except OSError as error:
        raise LoadError(f"{root}: {error.strerror or error}", "Check the path.") from None
    if stat.S_ISDIR(mode):
        yield from _Walk(root, rules or Rules()).folder(root, "", ignore_files.above(root))
    elif not stat.S_ISREG(mode):
        yield Found(root, _printable(root.name), "unreadable", _NOT_A_FILE, "Name a file or a folder.")
    else:
        yield _file(root, _printable(root.name), mode)


class _Walk:
    """One walk: remembers the folders it has seen, so that links in a circle end."""

    def __init__(self, root: Path, asked: Rules) -> None:
        self.asked = asked
        self.real_root = os.path.realpath(root)
        self.seen: set[tuple[int, int]] = set()

    def folder(self, folder: Path, relative: str, rules: tuple[IgnoreRules, ...]) -> Iterator[Found]:
        try:
            status = folder.stat()
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(folder, relative or ".", error)
            return
        self.seen.add((status.st_dev, status.st_ino))
        rules = (*rules, IgnoreRules.of(folder, relative))
        for entry in entries:
            yield from self.entry(entry, f"{relative}/{entry.name}" if relative else entry.name, rules)

    def entry(self, entry: os.DirEntry[str], relative: str, rules: tuple[IgnoreRules, ...]) -> Iterator[Found]:
        path, shown = Path(entry.path), _printable(relative)
        try:
            status = entry.stat()
        except OSError as error:
            yield _unreadable(path, shown, error)
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        reason = self.asked.reason(entry.name, relative, is_folder)
        if reason := reason or _excluded(entry.name, relative, is_folder, rules):
            yield Found(path, shown, "excluded", reason)
        elif self._leads_out(entry, path) and (is_folder or stat.S_ISREG(status.st_mode)):
            # A folder from elsewhere may hold a link to any file of this machine.
            yield Found(path, shown, "not yet", _LEADS_OUT, _FOLLOW)
        elif not is_folder:
            yield _file(path, shown, status.st_mode, status.st_size)
        elif (status.st_dev, status.st_ino) in self.seen or (entry.is_symlink() and self._inside(path)):
            yield Found(path, shown, "excluded", "a link to a folder that is loaded anyway")
        elif relative.count("/") >= _DEPTH:
            reason = f"more than {_DEPTH} folders deep"
            yield Found(path, shown, "unreadable", reason, "Load that folder by its own path.")
        else:
            yield from self.folder(path, relative, rules)

    def _leads_out(self, entry: os.DirEntry[str], path: Path) -> bool:
        return not self.asked.follow_links and entry.is_symlink() and not self._inside(path)

    def _inside(self, path: Path) -> bool:
        real = os.path.realpath(path)
        return real == self.real_root or real.startswith(self.real_root.rstrip("/") + "/")


def _excluded(name: str, relative: str, is_folder: bool, rules: tuple[IgnoreRules, ...]) -> str:
    if is_folder and name in _NEVER:
        return _NEVER[name]
    if name.startswith("~$") or name.lower() in _LITTER:
        return "left behind by another program"
    return ignore_files.verdict(rules, relative, is_folder)


def _file(path: Path, relative: str, mode: int, size_bytes: int | None = None) -> Found:
    if not stat.S_ISREG(mode):
        return Found(path, relative, "excluded", _NOT_A_FILE)
    size = path.stat().st_size if size_bytes is None else size_bytes
    if size > limits.FILE_BYTES:
        # Told here, so that nobody reads it to its end only to know it again.
        reason = f"the file has {size:,} bytes, more than {limits.FILE_BYTES:,}"
        return Found(path, relative, "unreadable", reason, limits.SPLIT_REMEDY, size)
    try:
        choice = choose(path) if size else None
    except LoadError as error:
        return Found(path, relative, "unreadable", error.reason, error.remedy, size)
    if choice is not None and choice.loader is None:
        return Found(path, relative, "not yet", choice.reason, choice.remedy, size)
    return Found(path, relative, size_bytes=size)


def _unreadable(path: Path, relative: str, error: OSError) -> Found:
    if path.is_symlink() and isinstance(error, FileNotFoundError):
        return Found(path, _printable(relative), "unreadable", "it is a link to nothing", "Mend the link or delete it.")
    reason = f"it cannot be opened: {error.strerror or error}"
    return Found(path, _printable(relative), "unreadable", reason, "Check its permissions and try again.")


def _printable(name: str) -> str:
    """`name` as valid Unicode: bytes of a file name that are not UTF-8 are shown as the replacement character."""
    return os.fsencode(name).decode("utf-8", errors="replace")
