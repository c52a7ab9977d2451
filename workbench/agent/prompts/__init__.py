"""Reads the texts that agents start with, shipped ones and the user's own."""

from __future__ import annotations

import functools
import re
from importlib import resources
from pathlib import Path

from workbench.core.errors import NotFound, UsageError

_NAME = re.compile(r"[^\W_][\w.-]{0,59}")
_LONGEST_CHARS = 20_000
_SMALL_CHARS = 300
"""What a small window takes of a preset that has no file NAME_small.txt beside it."""

KINDS = ("presets", "personas", "humans")


def names(kind: str, folder: Path | None = None) -> list[str]:
    """Names of the presets, personas or humans there are; a user's own stand in `folder`/kind/NAME.txt."""
    found = set(_shipped_names(kind))
    if folder and (own := folder / kind).is_dir():
        found |= {item.stem for item in own.glob("*.txt")}
    return sorted(name for name in found if not name.endswith("_small"))


def text(kind: str, name: str, folder: Path | None = None) -> str:
    """The text of that name; a user's own goes before a shipped one. Raises NotFound, naming those there are."""
    if name in names(kind, folder):
        if folder and (own := folder / kind / f"{name}.txt").is_file():
            return own.read_text(encoding="utf-8").strip()
        return _shipped(f"{kind}/{name}.txt")
    raise NotFound(f"There is no {kind[:-1]} named {name!r}.", f"There are: {', '.join(names(kind, folder))}.")


def is_own(kind: str, name: str, folder: Path) -> bool:
    """Whether the text of that name is the user's."""
    return (folder / kind / f"{name}.txt").is_file()


def add(kind: str, name: str, text: str, folder: Path, *, replace: bool = False) -> Path:
    """Keep a text of the user's own as a file, which is returned. Raises UsageError for a bad name, an empty text, or one that is
    there already, unless it may be replaced."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:60]!r} cannot be a name.", "Use up to 60 letters, digits, dots, dashes, underscores.")
    if not text.strip() or len(text) > _LONGEST_CHARS:
        raise UsageError(f"The text needs between 1 and {_LONGEST_CHARS:,} characters.", "Give it with --text or -f.")
    file = folder / kind / f"{name}.txt"
    if file.exists() and not replace:
        raise UsageError(f"There is a {kind[:-1]} named {name!r} of yours already.", "Add --yes to replace it.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(text.strip() + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", "Check the folder.") from None
    return file


def remove(kind: str, name: str, folder: Path) -> None:
    """Delete a text of the user's own. Raises NotFound; what was shipped stays."""
    if not _NAME.fullmatch(name) or not is_own(kind, name, folder):
        own = ", ".join(item for item in names(kind, folder) if is_own(kind, item, folder)) or "none"
        raise NotFound(f"There is no {kind[:-1]} of yours named {name[:60]!r}.", f"Yours: {own}.")
    (folder / kind / f"{name}.txt").unlink()


def system_instructions(preset: str, *, small: bool, folder: Path | None = None) -> str:
    """The read-only part of main context (MemGPT §2.1), in one of two sizes."""
    guidance = text("presets", preset, folder)
    if not small:
        return _shipped("system.txt").replace("{preset}", guidance)
    own = folder is not None and is_own("presets", preset, folder)
    try:
        short = folder / "presets" / f"{preset}_small.txt" if own and folder else None
        guidance = short.read_text(encoding="utf-8").strip() if short else _shipped(f"presets/{preset}_small.txt")
    except FileNotFoundError:
        guidance = guidance[:_SMALL_CHARS]
    return _shipped("system_small.txt").replace("{preset}", guidance)


def summary_instructions(form: str) -> str:
    """How a model is asked for the recursive summary, as a primer or as prose."""
    return _shipped(f"summary_{form}.txt")


def writing_instructions() -> str:
    """How a model is asked to write the answer from excerpts, in guided mode."""
    return _shipped("writing.txt")


@functools.cache
def _shipped_names(kind: str) -> frozenset[str]:
    files = resources.files("workbench.agent").joinpath("prompts", kind).iterdir()
    return frozenset(item.name.removesuffix(".txt") for item in files if item.name.endswith(".txt"))


@functools.cache
def _shipped(name: str) -> str:
    return resources.files("workbench.agent").joinpath("prompts", *name.split("/")).read_text(encoding="utf-8").strip()
