"""Lists, renames, removes and reloads sources, and handles their queue and notes."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workbench.api.documents import QueueRow
from workbench.api.events import Reembedded
from workbench.api.rendering import plural, why
from workbench.cli import passwords
from workbench.cli.command import Command, embedding_model_flag, json_flag
from workbench.cli.commands.load import finished, loads
from workbench.cli.output import done, line, say, tell, tell_progress, to_the_end
from workbench.core.errors import NotFound, UsageError
from workbench.ipc.command_output import interruptible

if TYPE_CHECKING:
    from workbench.api.session import DocumentInfo, SourceInfo
    from workbench.services.session import Session


def _fill_sources(sub: argparse.ArgumentParser) -> None:
    json_flag(sub)
    sub.set_defaults(action="")
    actions = sub.add_subparsers(
        dest="action", metavar="ACTION", required=False, help="without one, sources are listed"
    )
    rename = _action(actions, "rename", "give a source another name")
    rename.add_argument("source", metavar="SOURCE", help="its name now, as sources lists it")
    rename.add_argument("name", metavar="NAME", help="its new name")
    remove = _action(actions, "remove", "forget a source, or one document of it; files on the disk stay")
    remove.add_argument("source", metavar="SOURCE", help="its name, as sources lists it")
    remove.add_argument("document", metavar="DOCUMENT", nargs="?", default="", help="its path as sources list it")
    again = _action(actions, "reload", "load a source again from where it was loaded")
    again.add_argument("source", metavar="SOURCE", help="its name, as sources lists it")
    again.add_argument("--prune", action="store_true", help="drop documents whose file is no longer there")
    again.add_argument("--scan", action="store_true", help="read every page as a picture, by OCR")
    passwords.add(again)


def _action(actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str) -> argparse.ArgumentParser:  # fmt: skip
    parser = actions.add_parser(name, help=summary, description=summary)
    # Without a default of its own, so that --json may also stand before the action.
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object a line")
    return parser


def _fill_reembed(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE", help="its name, as sources lists it")
    embedding_model_flag(sub)
    json_flag(sub)


def _fill_queue(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "action",
        metavar="ACTION",
        nargs="?",
        choices=("list", "retry", "skip"),
        default="list",
        help="list, retry or skip",
    )
    sub.add_argument("names", metavar="FILE", nargs="*", help="files as the list names them (retry: all by default)")
    sub.add_argument("--source", metavar="S", help="of this source only")
    passwords.add(sub)
    json_flag(sub)


def _fill_note(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE", nargs="?", default="", help="without it, all notes are listed")
    sub.add_argument(
        "text", metavar="TEXT", nargs="?", default="", help="what the model is told with every hit from there"
    )
    sub.add_argument(
        "--document", metavar="PATH", default="", help="of one document; a PATH that ends in / is a folder"
    )
    sub.add_argument("--remove", action="store_true", help="take the note away")
    json_flag(sub)


_SHOWN = 20
_PLAIN_SECONDS = 2.0
"""Between two lines of progress for people."""


def sources(session: Session, chosen: argparse.Namespace) -> int:
    """List sources, or do something with one."""
    if chosen.action == "rename":
        session.library.rename(chosen.source, chosen.name)
        return done(chosen.json, "renamed", "Renamed.", source=chosen.source, name=chosen.name)
    if chosen.action == "remove":
        count = session.library.remove(chosen.source, chosen.document)
        what = f"{count:,} document{'s' * (count != 1)} of {chosen.source!r}"
        text = f"Removed {what}; the files themselves are where they were."
        return done(chosen.json, "removed", text, source=chosen.source, document=chosen.document, documents=count)
    if chosen.action == "reload":
        events = session.library.reload(
            chosen.source, prune=chosen.prune, passwords=chosen.passwords, ocr=chosen.scan
        )  # fmt: skip
        return finished(loads(session, events, as_json=chosen.json), as_json=chosen.json)
    return _list(session, chosen)


def _list(session: Session, chosen: argparse.Namespace) -> int:
    all_sources = session.sources()
    if chosen.json:
        rows = [_row(session, source, session.documents(source.name)) for source in all_sources]
        line({"event": "sources", "step": None, "sources": rows})
        return 0
    if not all_sources:
        say("Nothing is loaded yet: workbench load PATH")
    for source in all_sources:
        counts = ((source.documents, "document"), (source.pages, "page"), (source.passages, "passage"))
        size = ", ".join(plural(count, noun) for count, noun in counts)
        waits = f", {source.unembedded:,} found by words only so far" if source.unembedded else ""
        by = f", embedded with {source.embedding}" if source.embedding else ""
        say(f"{source.name}: {size}{by}{waits}" + (f"  note: {source.note}" if source.note else ""))
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
        **size, "unembedded": source.unembedded, "queued": source.queued, "embedding": source.embedding,
        "note": source.note, "alike": groups,
        "files": [asdict(document) for document in documents],
    }  # fmt: skip


def reembed(session: Session, chosen: argparse.Namespace) -> int:
    """Embed a source with another model while the vectors it has serve; 0 when the new ones are in their place."""
    events = session.library.reembed(chosen.source, chosen.embedding_model or "")
    result: Reembedded | None = None
    told_at = float("-inf")
    with interruptible(session.stop_load), to_the_end(events):
        for event in events:
            if isinstance(event, Reembedded):
                result = event
            elif chosen.json or time.monotonic() - told_at >= _PLAIN_SECONDS:
                told_at = time.monotonic()
                tell_progress(event, as_json=chosen.json)
    assert result is not None
    tell(result, as_json=chosen.json)
    return 1 if result.stopped else 0


def queue(session: Session, chosen: argparse.Namespace) -> int:
    """List files that are not loaded; try them again, or leave them out from now on."""
    if chosen.action == "retry":
        rows = session.library.queue(chosen.source)
        if not rows:
            return done(chosen.json, "loaded", "The queue is empty.", failed=[])
        events = session.library.retry(chosen.source, chosen.names, passwords=chosen.passwords)
        return finished(loads(session, events, as_json=chosen.json), as_json=chosen.json)
    if chosen.action == "skip":
        if not chosen.names:
            raise UsageError("Which files are to be skipped?", "Name them as `workbench queue` lists them.")
        rows = [_named(session, name, chosen.source) for name in chosen.names]
        for row in rows:
            session.library.skip(row.source, row.path)
        return done(chosen.json, "skipped", f"{len(rows):,} skipped from now on.", files=[row.path for row in rows])
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
    text = "The note is gone." if chosen.remove else "Noted; the model sees it with every hit from there."
    if chosen.json:
        line(
            {"event": "noted", "step": None, "source": chosen.source, "document": chosen.document, "text": chosen.text}
        )
    else:
        say(text)
    return 0


COMMANDS = {
    "sources": Command("list what is loaded; rename, remove or reload it", _fill_sources, sources),
    # What is embedded stays, so any process can go on where another one left it.
    "reembed": Command(
        "embed a source with another model; the old vectors serve meanwhile", _fill_reembed, reembed, resumable=True
    ),
    "queue": Command("files that are not loaded, and why; retry or skip them", _fill_queue, queue),
    "note": Command("a line of yours on a source or document, shown to the model with its hits", _fill_note, note),
}
