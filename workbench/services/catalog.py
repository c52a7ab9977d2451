"""Lists sources, documents, pages and agents as frozen views for displays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from loaders.document import LoadError
from workbench.api.bibliography import Reference, people
from workbench.api.events import AnswerDone, Attached, Event
from workbench.api.session import AgentInfo, BlockView, DocumentInfo, LineView, PagePicture, PageView, SourceInfo
from workbench.core.errors import NotFound, WorkError
from workbench.core.settings import READER, Settings
from workbench.memory.agent_memory import AgentMemory
from workbench.memory.working_context import Block
from workbench.services.container import AppContext
from workbench.storage.archive import ArchivalStorage
from workbench.storage.metadata import stated_day

_DRAW_SECONDS = 20.0
_AUTHORS = ("author", "authors", "creator", "byline", "from")
"""Where documents state who wrote them; a mail's sender is its author."""


def attached(app: AppContext, source: str) -> Attached:
    """The event that a source is attached, with its size as it is now."""
    row = next((row for row in app.archive.sources(notes=True) if row.name == source), None)
    return Attached(source=source, documents=row.documents if row else 0, passages=row.passages if row else 0)


def sources(app: AppContext, attached_names: set[str]) -> list[SourceInfo]:
    """All sources, oldest first."""
    notes = {note.source: note.text for note in app.archive.notes.all() if not note.path}
    waiting = app.archive.waiting.by_source()
    queued = Counter(item.source for item in app.archive.queue.files())
    return [
        SourceInfo(
            row.name, row.documents, row.pages, row.passages, row.bytes, row.name in attached_names, row.created,
            waiting.get(row.id, 0), queued[row.id], notes.get(row.name, ""), _embedding(app, row.id),
        )
        for row in app.archive.sources()
    ]  # fmt: skip


def _embedding(app: AppContext, source: int) -> str:
    """The embedding models of a source in words, most documents first; "" where there is only the built-in one."""
    known = app.archive.models.all()
    if not known:
        return ""
    counts = app.archive.models.in_source(source) or {app.archive.models.of_source(source): 0}
    if not counts.keys() & known.keys():
        return ""
    alone = len(counts) == 1
    named = [
        (f"{name} ({known[name].dimensions} numbers)" if name in known else name) + ("" if alone else f" for {count:,}")
        for name, count in sorted(counts.items(), key=lambda item: -item[1])
    ]
    return " and ".join(named)


def documents(app: AppContext, source: str | None) -> list[DocumentInfo]:
    """Documents by path, then what is not loaded with reason and remedy."""
    chosen = [app.archive.find_source(source)] if source else [row.id for row in app.archive.sources()]
    names = {row.id: row.name for row in app.archive.sources(notes=True)}
    notes = {(note.source, note.path): note.text for note in app.archive.notes.all()}
    views: list[DocumentInfo] = []
    for key in chosen:
        name = names[key]
        groups = app.archive.likeness.paths([key])
        alike = {path: [other for _, other in group if other != path] for group in groups for _, path in group}
        remarks = app.archive.remarks(key)
        for path, number, title, pages, passages, size in app.archive.documents(key):
            note, others, said = notes.get((name, path), ""), tuple(alike.get(path, ())), remarks.get(number, "")
            views.append(DocumentInfo(name, path, title, pages, passages, size, note=note, alike=others, remark=said))
        for item in app.archive.queue.files(key):
            size, why = item.size_bytes, (item.reason, item.remedy)
            views.append(DocumentInfo(name, item.path, item.path, 0, 0, size, item.state, *why))
    return views


def page(app: AppContext, chosen: Sequence[int], document: str, number: int, passage: int | None) -> PageView:
    """A page of a document, the passage asked for marked in it. Raises NotFound."""
    paths = app.archive.paths(chosen)
    key = next((key for key, (path, _) in paths.items() if path == document), None)
    row = app.archive.page(key, number) if key is not None else None
    if row is None:
        raise NotFound(
            f"There is no page {number} of {document!r} in what is attached.", "See /sources for what there is."
        )
    stored = app.archive.passages([passage]).get(passage) if passage else None
    inside = stored is not None and stored.document == row.document and stored.page == row.number
    start, end = (stored.start_char, stored.end_char) if stored is not None and inside else (0, 0)
    return PageView(document, row.number, row.pages, row.label, row.text, start, end)


def page_picture(
    app: AppContext, chosen: Sequence[int], document: str, number: int, quote: str, size: tuple[int, int]
) -> PagePicture:
    """A page as it looks, drawn from its file. Raises NotFound, and WorkError where the file is gone, changed or has no pages."""
    from workbench.ingest.reader_client import Reader
    from workbench.ingest.store_stage import content_hash

    key = next((key for key, (path, _) in app.archive.paths(chosen).items() if path == document), None)
    if key is None:
        raise NotFound(f"{document!r} is not in what is attached.", "See /sources for what there is.")
    files = _files(app.archive, key)
    if not files:
        raise WorkError(
            "The file of this document is not there any more, so its page cannot be drawn.", "Its text is kept."
        )
    digest = app.archive.content_hashes([key]).get(key)
    file = next((file for file in files if content_hash(file) == digest), None)
    if file is None:
        raise WorkError(
            "The file has changed since it was loaded, so its page may look otherwise.", "/reload loads it again."
        )
    reader = Reader(log_file=app.paths.log_file, limit_seconds=_DRAW_SECONDS)
    try:
        picture = reader.draw(file, number, size, quote)
    except LoadError as error:
        raise WorkError(f"This page cannot be drawn: {error.reason}.", error.remedy) from None
    finally:
        reader.stop()
    return PagePicture.of(picture.width, picture.height, picture.rgb, picture.boxes)


def _files(archive: ArchivalStorage, document: int) -> list[Path]:
    """The files that a document was loaded from, those that are there."""
    from workbench.ingest.file_uri import path_of

    places = dict.fromkeys(place for _, place in archive.holdings.places([document]) if place)
    return [file for file in map(Path, map(path_of, places)) if file.is_absolute() and file.is_file()]


def files(archive: ArchivalStorage, documents: Iterable[int]) -> dict[int, Path]:
    """The file of each of these documents, where one is still there."""
    found = ((document, _files(archive, document)) for document in documents)
    return {document: places[0] for document, places in found if places}


def block(shown: Block) -> BlockView:
    """A block of the working context."""
    lines = tuple(
        LineView(line.text, line.origin, line.pinned, line.document if line.led_by else "") for line in shown.lines
    )
    return BlockView(shown.name, shown.text, len(shown.text), shown.limit_chars, lines)


def agents(app: AppContext, defaults: Settings) -> list[AgentInfo]:
    """All agents, the last used first."""
    counts = app.agents.sizes()
    views = []
    for row in app.agents.all():
        steps, messages = counts.get(row.id, (0, 0))
        names = tuple(name for _, name in app.agents.attached(row.id))
        window = int(row.settings.get("window_tokens", defaults.window_tokens))
        model = str(row.settings.get("model") or READER)
        views.append(AgentInfo(row.name, model, window, steps, messages, names, row.created, row.last_used))
    return views


def transcript(app: AppContext, memory: AgentMemory, last: int | None) -> list[dict[str, Any]]:
    """The messages of an agent's branch as they are on the wire, oldest first; results in the queue as they are there."""
    in_queue = {message.id: message for message in memory.queue.messages}
    stored = app.recorder.messages(memory.agent.id, memory.branch[-last:] if last else memory.branch)
    return [dict(in_queue.get(message.id, message).wire) for message in stored]


def references(app: AppContext, chosen: Sequence[int], events: Iterable[Event]) -> tuple[Reference, ...]:
    """The documents that the answers among these events cite, in the order in which they do, with what they state of themselves."""
    cited = dict.fromkeys(
        item.document for event in events if isinstance(event, AnswerDone) for item in event.citations if item.verified
    )
    ids = {path: key for key, (path, _) in app.archive.paths(chosen).items()}
    stated = app.archive.stated([ids[path] for path in cited if path in ids])
    made = []
    for path in cited:
        title, metadata = stated.get(ids.get(path, 0), ("", {}))
        plain = {str(key).lower(): str(value) for key, value in metadata.items()}
        author = next((plain[key] for key in _AUTHORS if plain.get(key)), "")
        day = stated_day(metadata)
        made.append(Reference(path, title, people(author), day.isoformat() if day else "", plain.get("url", "")))
    return tuple(made)
