"""Copies a source between the home's own archive and a shared one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from workbench.cli.command import Command, json_flag
from workbench.cli.output import line, progress, say
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.services.session import Session

_TOLD_DOCUMENTS = 25


def _fill_copy(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE", help="a source, as `workbench sources` lists it")
    where = sub.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", metavar="URL", help="copy from this archive to the shared one at postgresql://…")
    where.add_argument(
        "--from", metavar="URL", dest="origin", help="copy from the shared archive at postgresql://… to this one"
    )
    json_flag(sub)


def copy(session: Session, chosen: argparse.Namespace) -> int:
    """Copy a source and compare every document; what is there already is not copied again."""
    from workbench.services.archive_copy import copy_source
    from workbench.services.shared_archive import open_archive

    here = session.app.archive
    with open_archive(chosen.to or chosen.origin, session.app.paths) as elsewhere:
        if session.app.shared is not None and elsewhere.identity() == session.app.shared.identity():
            raise UsageError("Both archives are the same one.", "Name the URL of another, or leave `archive` empty.")
        origin, target = (here, elsewhere) if chosen.to else (elsewhere, here)
        for number, told in enumerate(copy_source(origin, target, chosen.source), 1):
            if number % _TOLD_DOCUMENTS == 0:
                progress(
                    f"{told.copied:,} of {told.documents:,} documents copied, {told.present:,} were there, {told.verified:,} compared"
                )
    session.library.announce_change()
    if chosen.json:
        line(
            {"event": "copied", "step": None, "source": told.source, "documents": told.documents, "copied": told.copied,
             "present": told.present, "verified": told.verified, "passages": told.passages}
        )  # fmt: skip
    else:
        say(
            f"{told.source}: {told.copied:,} documents copied, {told.present:,} were there; "
            f"all {told.verified:,} with {told.passages:,} passages are the same in both archives"
        )
    return 0


COMMANDS = {"copy": Command("copy a source to a shared archive, or from one", _fill_copy, copy)}
