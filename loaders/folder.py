"""What a path holds: a file or a folder goes in, one Found for every entry comes out, with what is to be done with it.

Nothing is left out silently: what a rule excludes and what cannot be read has its row too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loaders.document import LoadError
from loaders.registry import choose

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Status = Literal["load", "excluded", "not yet", "unreadable"]

IGNORE_FILES = (".gitignore", ".workbenchignore")
_NEVER = {"__pycache__": "a cache", "node_modules": "installed packages", "CVS": "version control"}
_LITTER = {"thumbs.db", "desktop.ini"}
_DEPTH = 200


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


def walk(root: Path) -> Iterator[Found]:
    """Everything under `root` in sorted order; a file named directly is never excluded. Raises LoadError."""
    try:
        mode = root.stat().st_mode
    except OSError as error:
        raise LoadError(f"{root}: {error.strerror or error}", "Check the path.") from None
    if stat.S_ISDIR(mode):
        yield from _Walk(root).folder(root, "", ())
    else:
        yield _file(root, _printable(root.name), mode)


class _Walk:
    """One walk: remembers the folders it has seen, so that links in a circle end."""

    def __init__(self, root: Path) -> None:
        self.real_root = os.path.realpath(root)
        self.seen: set[tuple[int, int]] = set()

    def folder(self, folder: Path, relative: str, rules: tuple[_Rules, ...]) -> Iterator[Found]:
        try:
            status = folder.stat()
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(folder, relative or ".", error)
            return
        self.seen.add((status.st_dev, status.st_ino))
        rules = (*rules, _Rules.of(folder, relative))
        for entry in entries:
            yield from self.entry(entry, f"{relative}/{entry.name}" if relative else entry.name, rules)

    def entry(self, entry: os.DirEntry[str], relative: str, rules: tuple[_Rules, ...]) -> Iterator[Found]:
        path, shown = Path(entry.path), _printable(relative)
        try:
            status = entry.stat()
        except OSError as error:
            yield _unreadable(path, shown, error)
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        if reason := _excluded(entry.name, relative, is_folder, rules):
            yield Found(path, shown, "excluded", reason)
        elif not is_folder:
            yield _file(path, shown, status.st_mode, status.st_size)
        elif (status.st_dev, status.st_ino) in self.seen or (entry.is_symlink() and self._inside(path)):
            yield Found(path, shown, "excluded", "a link to a folder that is loaded anyway")
        elif relative.count("/") >= _DEPTH:
            reason = f"more than {_DEPTH} folders deep"
            yield Found(path, shown, "unreadable", reason, "Load that folder by its own path.")
        else:
            yield from self.folder(path, relative, rules)

    def _inside(self, path: Path) -> bool:
        real = os.path.realpath(path)
        return real == self.real_root or real.startswith(self.real_root.rstrip("/") + "/")


@dataclass(frozen=True)
class _Rules:
    """The ignore files of one folder; patterns are relative to it."""

    prefix: str
    specs: tuple[tuple[str, GitIgnoreSpec], ...]

    @classmethod
    def of(cls, folder: Path, relative: str) -> _Rules:
        specs = []
        for name in IGNORE_FILES:
            try:
                lines = (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                continue
            specs.append((name, _spec(lines)))
        return cls(f"{relative}/" if relative else "", tuple(specs))

    def says(self, relative: str, is_folder: bool) -> str | bool | None:
        """The name of the file that excludes the entry, False when one takes it back in, None when none names it."""
        inner = relative[len(self.prefix) :] + ("/" if is_folder else "")
        for name, spec in reversed(self.specs):
            include = spec.check_file(inner).include
            if include is not None:
                return self.prefix + name if include else False
        return None


def _spec(lines: list[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        kept = []
        for line in lines:
            try:
                GitIgnoreSpec.from_lines([line])
            except ValueError:
                continue
            kept.append(line)
        return GitIgnoreSpec.from_lines(kept)


def _excluded(name: str, relative: str, is_folder: bool, rules: tuple[_Rules, ...]) -> str:
    if name.startswith("."):
        return "hidden"
    if is_folder and name in _NEVER:
        return _NEVER[name]
    if name.startswith("~$") or name.lower() in _LITTER:
        return "left behind by another program"
    for level in reversed(rules):
        verdict = level.says(relative, is_folder)
        if verdict is not None:
            return f"excluded by {verdict}" if verdict else ""
    return ""


def _file(path: Path, relative: str, mode: int, size_bytes: int | None = None) -> Found:
    if not stat.S_ISREG(mode):
        return Found(path, relative, "excluded", "not a file (a device, pipe or socket)")
    size = path.stat().st_size if size_bytes is None else size_bytes
    try:
        choice = choose(path) if size else None
    except LoadError as error:
        return Found(path, relative, "unreadable", error.reason, error.remedy, size)
    if choice is not None and choice.loader is None:
        return Found(path, relative, "not yet", choice.reason, choice.remedy, size)
    return Found(path, relative, size_bytes=size)


def _unreadable(path: Path, relative: str, error: OSError) -> Found:
    reason = f"it cannot be opened: {error.strerror or error}"
    return Found(path, _printable(relative), "unreadable", reason, "Check its permissions and try again.")


def _printable(name: str) -> str:
    """`name` as valid Unicode: bytes of a file name that are not UTF-8 are shown as the replacement character."""
    return os.fsencode(name).decode("utf-8", errors="replace")
