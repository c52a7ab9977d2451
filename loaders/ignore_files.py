"""Interprets .gitignore and .workbenchignore as git does."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NAMES = (".gitignore", ".workbenchignore")
_FILE_BYTES = 1 << 20
_LEVELS_UP = 40


@dataclass(frozen=True)
class IgnoreRules:
    """The ignore files of one folder. `prefix` is the folder below the walk's root, `above` the root below the folder."""

    prefix: str
    specs: tuple[tuple[str, GitIgnoreSpec], ...]
    above: str = ""

    @classmethod
    def of(cls, folder: Path, relative: str, above: str = "") -> IgnoreRules:
        """The rules that stand in `folder`; files that cannot be read say nothing."""
        specs = []
        for name in NAMES:
            try:
                if not (folder / name).is_file():
                    continue
                with (folder / name).open("rb") as file:
                    lines = file.read(_FILE_BYTES).decode("utf-8", errors="replace").splitlines()
            except OSError:
                continue
            specs.append((name, _spec(lines)))
        return cls(f"{relative}/" if relative else "", tuple(specs), above)

    def says(self, relative: str, is_folder: bool) -> str | bool | None:
        """The name of the file that excludes the entry, False when one takes it back in, None when none names it."""
        return self._match(self.above + relative[len(self.prefix) :] + ("/" if is_folder else ""))

    def excludes_root(self) -> bool:
        """Whether the folder named by `above`, or one on the way to it, is excluded."""
        parts = Path(self.above).parts
        return any(self._match("/".join(parts[: end + 1]) + "/") for end in range(len(parts)))

    def _match(self, inner: str) -> str | bool | None:
        for name, spec in reversed(self.specs):
            include = spec.check_file(inner).include
            if include is not None:
                return self.prefix + name if include else False
        return None


def above(root: Path) -> tuple[IgnoreRules, ...]:
    """The rules of the folders over `root` in the same repository, outermost first; none where they exclude `root` itself.

    Whoever names a folder that is ignored wants it loaded.
    """
    chain: list[IgnoreRules] = []
    folder, below = root.absolute(), ""
    for _ in range(_LEVELS_UP):
        if (folder / ".git").exists():
            return () if any(rules.excludes_root() for rules in chain) else tuple(reversed(chain))
        if folder == folder.parent:
            break
        folder, below = folder.parent, f"{folder.name}/{below}"
        chain.append(IgnoreRules.of(folder, "", below))
    return ()


def verdict(rules: tuple[IgnoreRules, ...], relative: str, is_folder: bool) -> str:
    """Why an entry is excluded, "" when it is not: the nearest folder's files decide."""
    for level in reversed(rules):
        said = level.says(relative, is_folder)
        if said is not None:
            return f"excluded by {said}" if said else ""
    return ""


@functools.lru_cache(maxsize=64)
def pattern(lines: tuple[str, ...]) -> GitIgnoreSpec:
    """Patterns as in .gitignore; lines that are not valid ones are left out."""
    return _spec(list(lines))


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
