"""Loading, and what is loaded: paths and the names of sources come in, the lines of the load or of the list go out."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workbench.api.documents import LoadOptions
from workbench.api.events import Event, Loaded, LoadProgress
from workbench.cli.commands.agents import existing
from workbench.cli.output import line, say, tell, to_the_end
from workbench.ipc.command_output import interruptible
from workbench.services.documents import nothing_new
from workbench.services.session import Session

_PLAIN_SECONDS = 2.0
"""Between two lines of progress for people."""


def load(session: Session, chosen: argparse.Namespace) -> int:
    """Load paths into a source; 0 when every file is loaded, unchanged or excluded by rule."""
    options = _options(chosen)
    if chosen.watch:
        return _watch(session, chosen, options)
    loaded = load_paths(session, chosen.paths, chosen.source, attach=False, as_json=chosen.json, options=options)
    return finished(loaded, as_json=chosen.json)


def _options(chosen: argparse.Namespace) -> LoadOptions:
    return LoadOptions(
        include=tuple(chosen.include), exclude=tuple(chosen.exclude), hidden=chosen.hidden, ocr=chosen.ocr,
        follow_links=chosen.follow_links,
        ocr_languages=chosen.ocr_languages, private=chosen.private, query=chosen.query, prune=chosen.prune,
        retry=chosen.retry, passwords=tuple(chosen.passwords),
    )  # fmt: skip


def _watch(session: Session, chosen: argparse.Namespace, options: LoadOptions) -> int:
    """Loads until stopped; a load that changed nothing is not told."""
    from workbench.services.folder_watch import watch

    if not chosen.json:
        say("Watching: ctrl+c ends it.")
    with interruptible(session.stop_load):
        for event in watch(session.library, chosen.paths, chosen.source, options):
            if isinstance(event, Loaded) and not nothing_new(event):
                if chosen.json:
                    line(_loaded_line([event]))
                else:
                    tell(event, as_json=False)
    return 0


def finished(loaded: Sequence[Loaded], *, as_json: bool) -> int:
    """The last line of a load, and its exit code: 0 when every file is loaded, unchanged or excluded by rule."""
    if as_json:
        line(_loaded_line(loaded))
    return 1 if any(result.failed or result.stopped for result in loaded) else 0


def load_paths(
    session: Session, paths: Sequence[str | Path], source: str | None, *, attach: bool, as_json: bool,
    options: LoadOptions | None = None,
) -> list[Loaded]:  # fmt: skip
    """Load and tell what happens; Ctrl+C stops it. The results, one a source."""
    return loads(
        session, session.load(paths, source, attach=attach, options=options), as_json=as_json, last=not attach
    )  # fmt: skip


def loads(session: Session, events: Iterator[Event], *, as_json: bool, last: bool = True) -> list[Loaded]:
    """Tell the events of loads; Ctrl+C stops them. With `last`, the result of --json is left to the caller's last line."""
    with interruptible(session.stop_load), to_the_end(events):
        loaded: list[Loaded] = []
        told = float("-inf")
        for event in events:
            if isinstance(event, LoadProgress) and not as_json:
                if time.monotonic() - told < _PLAIN_SECONDS:
                    continue
                told = time.monotonic()
            if not (isinstance(event, Loaded) and as_json and last):
                tell(event, as_json=as_json)
            if isinstance(event, Loaded):
                loaded.append(event)
        return loaded


def _loaded_line(loaded: Sequence[Loaded]) -> dict[str, Any]:
    failed = [{"path": f.path, "reason": f.reason, "remedy": f.remedy} for result in loaded for f in result.failed]
    counts = ("documents", "pages", "passages", "unchanged", "excluded", "changed", "reused")
    totals = {key: sum(getattr(result, key) for result in loaded) for key in counts}
    return {
        "event": "loaded", "step": None, **totals, "failed": failed, "sources": [result.source for result in loaded],
        "moved": [{"from": old, "to": new} for result in loaded for old, new in result.moved],
        "gone": [path for result in loaded for path in result.gone],
        "dropped": [path for result in loaded for path in result.dropped],
        "alike": [list(group) for result in loaded for group in result.alike],
        "remarks": [{"path": path, "remark": said} for result in loaded for path, said in result.remarks],
        "stopped": any(result.stopped for result in loaded), "seconds": sum(result.seconds for result in loaded),
    }  # fmt: skip


def attach(session: Session, chosen: argparse.Namespace) -> int:
    """Attach a source to an agent; a new one is made, unless its name looks like a slip in the name of another."""
    agents = session.app.agents
    session.app.archive.find_source(chosen.source)
    fresh = agents.find(chosen.agent) is None
    if fresh and not chosen.new:
        agents.check_slip(chosen.agent)
    session.open_agent(chosen.agent)
    if fresh and not chosen.json:
        say(f"made agent {chosen.agent}")
    return told(session.attach(chosen.source), chosen)


def detach(session: Session, chosen: argparse.Namespace) -> int:
    """Detach a source from an agent."""
    existing(session, chosen.agent)
    return told(session.detach(chosen.source), chosen)


def told(event: Event, chosen: argparse.Namespace) -> int:
    """Print one event."""
    tell(event, as_json=chosen.json)
    return 0
