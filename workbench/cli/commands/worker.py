"""Loads what waits in the queue of a shared archive, beside any number of other workers."""

from __future__ import annotations

import argparse

from workbench.cli.command import Command, json_flag
from workbench.cli.output import line, progress, say
from workbench.core import paths
from workbench.core.errors import UsageError


def _fill_worker(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--watch", action="store_true", help="go on until stopped: wait for more when nothing is left")
    sub.add_argument("--status", action="store_true", help="say what is left to do and who does it, and do nothing")
    json_flag(sub)


def worker(chosen: argparse.Namespace) -> int:
    """Load and embed until nothing waits; 0 when every file that this worker claimed was loaded."""
    from workbench.cli.own_session import settings_of
    from workbench.services.shared_archive import open_worker

    places = paths.locate().ensure()
    settings = settings_of(chosen, places)
    if not settings.archive:
        raise UsageError(
            "Workers need a shared archive.", "Set `archive` to its URL first (`workbench help postgres`)."
        )
    files = passages = failed = 0
    with open_worker(settings, places, progress) as work:
        if chosen.status:
            return _status(work.left(), chosen.json)
        for done in work.run(watch=chosen.watch):
            if done.loaded is not None:
                files, failed = files + done.loaded.documents, failed + len(done.loaded.failed)
                passages += done.loaded.passages
            progress(
                f"{files:,} files loaded here, {failed:,} failed; left for all: {done.left.files:,} files, "
                f"{done.left.passages:,} passages, {len(done.left.workers):,} workers"
            )
    if chosen.json:
        line({"event": "worked", "step": None, "documents": files, "passages": passages, "failed": failed})
    else:
        say(f"{files:,} files with {passages:,} passages loaded here, {failed:,} failed; nothing waits any more.")
    return 1 if failed else 0


def _status(left: object, as_json: bool) -> int:
    from workbench.storage.postgres.jobs import Backlog

    assert isinstance(left, Backlog)
    rows = [{"name": row.name, "files": row.files, "passages": row.passages} for row in left.workers]
    if as_json:
        line(
            {"event": "backlog", "step": None, "files": left.files, "claimed": left.claimed, "passages": left.passages, "workers": rows}
        )  # fmt: skip
        return 0
    say(
        f"{left.files:,} files wait, {left.claimed:,} of them with a worker; {left.passages:,} passages wait for a vector"
    )
    for row in left.workers:
        say(f"  {row.name}: {row.files:,} files, {row.passages:,} passages")
    return 0


COMMANDS = {
    "worker": Command(
        "load what waits in a shared archive, beside any number of other workers", _fill_worker, run_alone=worker
    )
}
