"""Deletes copies of web pages and database rows that no document refers to any more."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from workbench.storage.archive import Sources


def let_go(sources: Sources, data: Path) -> None:
    """Delete what no source was loaded from, links or waits for; a load names what it fetches before it does."""
    marks = {hashlib.sha256(name.encode("utf-8", "replace")).hexdigest() for name in sources.named_places()}
    stems, folders = {mark[:32] for mark in marks}, {mark[:24] for mark in marks}
    for file in (data / "web").glob("*"):
        if file.name.partition(".")[0] not in stems:
            file.unlink(missing_ok=True)
    for folder in (data / "database").glob("*"):
        if folder.name not in folders:
            shutil.rmtree(folder, ignore_errors=True)
