"""Copies the whole database while it is in use, and puts a copy back while it is not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.command import Command, json_flag, yes_flag
from workbench.cli.output import line, say
from workbench.core import paths

if TYPE_CHECKING:
    from workbench.services.session import Session


def _fill_backup(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE", help="where the copy goes; it is one DuckDB file")
    yes_flag(sub, "replace FILE if it is there")
    json_flag(sub)


def _fill_restore(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "file", metavar="FILE", help="a copy that backup made; the database that is there is kept beside it"
    )
    json_flag(sub)


def backup(session: Session, chosen: argparse.Namespace) -> int:
    """Write a copy of everything into one file."""
    file = Path(chosen.file)
    size = session.backup(file, replace=chosen.yes)
    if chosen.json:
        line({"event": "backup", "step": None, "file": str(file), "bytes": size})
    else:
        say(f"{file}: {size:,} bytes. `workbench restore {file}` puts it back.")
    return 0


def restore(chosen: argparse.Namespace) -> int:
    """Put a copy in the database's place; what is there now is kept under another name."""
    from workbench.core.settings import read_settings
    from workbench.storage import backups

    places = paths.locate()
    places = places.for_archive(read_settings(places.settings_file).archive).ensure()
    file = Path(chosen.file).expanduser().absolute()
    kept = backups.put_back(file, places.database_file)
    if chosen.json:
        line({"event": "restored", "step": None, "file": str(file), "kept": str(kept) if kept else None})
    else:
        say(f"{places.database_file} is what {file} holds." + (f" What was there is {kept.name}." if kept else ""))
    return 0


COMMANDS = {
    "backup": Command("copy the whole database into one file, also while it is in use", _fill_backup, backup),
    "restore": Command("put a copy that backup made in the database's place", _fill_restore, run_alone=restore),
}
