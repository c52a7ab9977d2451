"""The texts that agents start with: a name goes in, the text of a shipped or user-written file comes out."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from workbench.errors import NotFound

KINDS = ("presets", "personas", "humans")


def names(kind: str, folder: Path | None = None) -> list[str]:
    """Names of the presets, personas or humans there are; a user's own stand in `folder`/kind/NAME.txt."""
    shipped = resources.files("workbench.agent").joinpath("prompts", kind).iterdir()
    found = {item.name.removesuffix(".txt") for item in shipped if item.name.endswith(".txt")}
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


def system_instructions(preset: str, *, small: bool, folder: Path | None = None) -> str:
    """The read-only part of main context (MemGPT §2.1), in one of two sizes."""
    guidance = text("presets", preset, folder)
    if not small:
        return _shipped("system.txt").replace("{preset}", guidance)
    try:
        guidance = _shipped(f"presets/{preset}_small.txt")
    except FileNotFoundError:
        guidance = guidance[:300]
    return _shipped("system_small.txt").replace("{preset}", guidance)


def summary_instructions(form: str) -> str:
    """How a model is asked for the recursive summary, as a primer or as prose."""
    return _shipped(f"summary_{form}.txt")


def _shipped(name: str) -> str:
    return resources.files("workbench.agent").joinpath("prompts", *name.split("/")).read_text(encoding="utf-8").strip()
