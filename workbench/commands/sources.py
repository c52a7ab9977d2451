"""Loading, and what is loaded: paths and the names of sources come in, the lines of the load or of the list go out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.commands.agents import existing
from workbench.events import Event, Loaded
from workbench.load_options import LoadOptions
from workbench.output import interruptible, line, say, tell
from workbench.session import Session


def load(session: Session, chosen: argparse.Namespace) -> int:
    """Load paths into a source; 0 when every file is loaded, unchanged or excluded by rule."""
    options = _options(chosen)
    loaded = load_paths(session, chosen.paths, chosen.source, attach=False, as_json=chosen.json, options=options)
    if chosen.json:
        line(_loaded_line(loaded))
    else:
        for item in (failed for result in loaded for failed in result.failed):
            say(f"not loaded: {item.path}: {item.reason} {item.remedy}")
    return 1 if any(result.failed or result.stopped for result in loaded) else 0


def _options(chosen: argparse.Namespace) -> LoadOptions:
    return LoadOptions(
        include=tuple(chosen.include), exclude=tuple(chosen.exclude), hidden=chosen.hidden, ocr=chosen.ocr,
        ocr_languages=chosen.ocr_languages, private=chosen.private, query=chosen.query,
    )  # fmt: skip


def load_paths(
    session: Session, paths: Sequence[str | Path], source: str | None, *, attach: bool, as_json: bool,
    options: LoadOptions | None = None,
) -> list[Loaded]:  # fmt: skip
    """Load and tell what happens; Ctrl+C stops it. The results, one a source."""
    with interruptible(session.stop_load):
        loaded = []
        for event in session.load(paths, source, attach=attach, options=options):
            # The result of `load --json` is the last line, and says the same.
            if not (isinstance(event, Loaded) and as_json and not attach):
                tell(event, as_json=as_json)
            if isinstance(event, Loaded):
                loaded.append(event)
        return loaded


def _loaded_line(loaded: Sequence[Loaded]) -> dict[str, Any]:
    failed = [{"path": f.path, "reason": f.reason, "remedy": f.remedy} for result in loaded for f in result.failed]
    totals = {
        key: sum(getattr(result, key) for result in loaded)
        for key in ("documents", "pages", "passages", "unchanged", "excluded")
    }
    names = [result.source for result in loaded]
    return {
        "event": "loaded", "step": None, **totals, "failed": failed, "sources": names,
        "stopped": any(result.stopped for result in loaded),
    }  # fmt: skip


def sources(session: Session, chosen: argparse.Namespace) -> int:
    """List sources."""
    found = session.sources()
    if chosen.json:
        rows = [
            {"name": s.name, "documents": s.documents, "pages": s.pages, "passages": s.passages, "bytes": s.bytes, "created": s.created,
             "files": [asdict(d) for d in session.documents(s.name)]}
            for s in found
        ]  # fmt: skip
        line({"event": "sources", "step": None, "sources": rows})
    elif not found:
        say("Nothing is loaded yet: workbench load PATH")
    for item in found if not chosen.json else ():
        say(f"{item.name}: {item.documents:,} documents, {item.pages:,} pages, {item.passages:,} passages")
        for document in session.documents(item.name):
            if document.status == "failed":
                say(f"  not loaded: {document.path}: {document.reason} {document.remedy}")
    return 0


def attach(session: Session, chosen: argparse.Namespace) -> int:
    """Attach a source to an agent."""
    session.open_agent(chosen.agent)
    return told(session.attach(chosen.source), chosen)


def detach(session: Session, chosen: argparse.Namespace) -> int:
    """Detach a source from an agent."""
    existing(session, chosen.agent)
    return told(session.detach(chosen.source), chosen)


def told(event: Event, chosen: argparse.Namespace) -> int:
    """Print one event."""
    tell(event, as_json=chosen.json)
    return 0
