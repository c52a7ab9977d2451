"""Converts files of older programs (doc, ppt) with LibreOffice, where it is installed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from loaders import program
from loaders.document import LoadError

T = TypeVar("T")

SECONDS = 90.0


def installed() -> bool:
    """Whether LibreOffice is there."""
    return program.find("soffice", "libreoffice") is not None


def converted(path: Path, suffix: str, then: Callable[[Path], T]) -> T:
    """What `then` makes of the file at `path` once it is converted to `suffix` (such as "docx"). Raises LoadError."""
    place = program.find("soffice", "libreoffice")
    if place is None:
        raise LoadError("files of this older type need LibreOffice", f"Install LibreOffice, or save it as .{suffix}.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # A profile of its own: another LibreOffice that runs would take the command, and macros are never on in a new one.
        command = [
            place, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore", "--nolockcheck",
            "--convert-to", suffix, "--outdir", str(folder / "out"), str(path.absolute()),
        ]  # fmt: skip
        program.run(command, "LibreOffice", SECONDS, folder=folder)
        made = next(iter((folder / "out").glob(f"*.{suffix}")), None)
        if made is None:
            raise LoadError(
                "LibreOffice cannot open it", "It is probably damaged: open it in the program that made it."
            )
        return then(made)
