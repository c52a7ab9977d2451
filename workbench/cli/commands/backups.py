"""Copies of the whole database: made while it is in use, and put back while it is not."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.output import line, say
from workbench.core import paths
from workbench.services.session import Session
from workbench.storage import backups


def backup(session: Session, chosen: argparse.Namespace) -> int:
    """Write a copy of everything into one file."""
    file = Path(chosen.file)
    size = backups.save(session.app.database, file, replace=chosen.yes)
    if chosen.json:
        line({"event": "backup", "step": None, "file": str(file), "bytes": size})
    else:
        say(f"{file}: {size:,} bytes. `workbench restore {file}` puts it back.")
    return 0


def restore(chosen: argparse.Namespace) -> int:
    """Put a copy in the database's place; what is there now is kept under another name."""
    places = paths.locate().ensure()
    file = Path(chosen.file).expanduser().absolute()
    kept = backups.put_back(file, places.database_file)
    if chosen.json:
        line({"event": "restored", "step": None, "file": str(file), "kept": str(kept) if kept else None})
    else:
        say(f"{places.database_file} is what {file} holds." + (f" What was there is {kept.name}." if kept else ""))
    return 0
