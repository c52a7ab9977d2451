"""What is done with sources, their files and notes: names come in, lines about them go out."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from workbench.api.documents import QueueRow
from workbench.api.rendering import why
from workbench.api.session import DocumentInfo, SourceInfo
from workbench.cli.commands.load import finished, loads
from workbench.cli.output import line, say
from workbench.core.errors import NotFound, UsageError
from workbench.services.session import Session

_SHOWN = 20


def sources(session: Session, chosen: argparse.Namespace) -> int:
    """List sources, or do something with one."""
    if chosen.action == "rename":
        session.library.rename(chosen.source, chosen.name)
        return _did(chosen, {"event": "renamed", "source": chosen.source, "name": chosen.name}, "Renamed.")
    if chosen.action == "remove":
        count = session.library.remove(chosen.source, chosen.document)
        what = f"{count:,} document{'s' * (count != 1)} of {chosen.source!r}"
        done = {"event": "removed", "source": chosen.source, "document": chosen.document, "documents": count}
        return _did(chosen, done, f"Removed {what}; the files themselves are where they were.")
    if chosen.action == "reload":
        events = session.library.reload(
            chosen.source, prune=chosen.prune, passwords=chosen.passwords, ocr=chosen.scan
        )  # fmt: skip
        return finished(loads(session, events, as_json=chosen.json), as_json=chosen.json)
    return _list(session, chosen)


def _list(session: Session, chosen: argparse.Namespace) -> int:
    found = session.sources()
    if chosen.json:
        rows = [_row(session, source, session.documents(source.name)) for source in found]
        line({"event": "sources", "step": None, "sources": rows})
        return 0
    if not found:
        say("Nothing is loaded yet: workbench load PATH")
    for source in found:
        size = f"{source.documents:,} documents, {source.pages:,} pages, {source.passages:,} passages"
        waits = f", {source.unembedded:,} not yet embedded" if source.unembedded else ""
        say(f"{source.name}: {size}{waits}" + (f"  note: {source.note}" if source.note else ""))
        for document in session.documents(source.name):
            if document.status != "loaded":
                said = why(document.reason, document.remedy)
                say(f"  {document.status}: {document.path}" + (f": {said}" if said else ""))
            elif document.remark:
                say(f"  {document.path}: {document.remark}")
        for group in session.library.alike(source.name)[:_SHOWN]:
            say(f"  nearly the same: {', '.join(group)}")
    return 0


def _row(session: Session, source: SourceInfo, documents: list[DocumentInfo]) -> dict[str, Any]:
    groups = [list(group) for group in session.library.alike(source.name)]
    size = {key: getattr(source, key) for key in ("name", "documents", "pages", "passages", "bytes", "created")}
    return {
        **size, "unembedded": source.unembedded, "queued": source.queued, "note": source.note, "alike": groups,
        "files": [asdict(document) for document in documents],
    }  # fmt: skip


def queue(session: Session, chosen: argparse.Namespace) -> int:
    """List files that are not loaded; try them again, or leave them out from now on."""
    if chosen.action == "retry":
        rows = session.library.queue(chosen.source)
        if not rows:
            return _did(chosen, {"event": "loaded", "failed": []}, "The queue is empty.")
        events = session.library.retry(chosen.source, chosen.names, passwords=chosen.passwords)
        return finished(loads(session, events, as_json=chosen.json), as_json=chosen.json)
    if chosen.action == "skip":
        if not chosen.names:
            raise UsageError("Which files are to be skipped?", "Name them as `workbench queue` lists them.")
        rows = [_named(session, name, chosen.source) for name in chosen.names]
        for row in rows:
            session.library.skip(row.source, row.path)
        return _did(chosen, {"event": "skipped", "files": [row.path for row in rows]}, f"{len(rows):,} skipped from now on.")  # fmt: skip
    rows = session.library.queue(chosen.source)
    if chosen.json:
        line({"event": "queue", "step": None, "files": [asdict(row) for row in rows]})
        return 0
    for row in rows:
        said = why(row.reason, row.remedy)
        say(f"{row.state}: {row.source}: {row.path}" + (f": {said}" if said else ""))
    if not rows:
        say("Nothing waits and nothing failed.")
    return 0


def _named(session: Session, name: str, source: str | None) -> QueueRow:
    rows = [row for row in session.library.queue(source) if row.path == name]
    if not rows:
        raise NotFound(f"{name!r} is not in the queue.", "See `workbench queue`.")
    if len(rows) > 1:
        raise UsageError(f"{name!r} is in several sources.", "Name one with --source.")
    return rows[0]


def note(session: Session, chosen: argparse.Namespace) -> int:
    """Put a note on a source, folder or document, take it away, or list all."""
    if not chosen.source:
        rows = session.library.notes()
        if chosen.json:
            line({"event": "notes", "step": None, "notes": [asdict(row) for row in rows]})
        elif not rows:
            say('There is no note yet: workbench note SOURCE "superseded by the lease of 2021"')
        for row in rows if not chosen.json else ():
            say(f"{row.source}{'/' + row.path if row.path else ''}: {row.text}")
        return 0
    if bool(chosen.text.strip()) == chosen.remove:
        raise UsageError("A note needs a text.", "Give it after the source, or take the note away with --remove.")
    session.library.note(chosen.source, chosen.document, chosen.text)
    told = {"event": "noted", "source": chosen.source, "document": chosen.document, "text": chosen.text}
    said = "The note is gone." if chosen.remove else "Noted; the model sees it with every hit from there."
    return _did(chosen, told, said)


def _did(chosen: argparse.Namespace, result: dict[str, Any], said: str) -> int:
    if chosen.json:
        line({"step": None, **result})
    else:
        say(said)
    return 0
