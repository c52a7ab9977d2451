"""What displays list: the archive and the agents come in, frozen views of sources, documents, pages and agents go out."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.config import READER, Settings
from workbench.engine import Engine
from workbench.errors import NotFound
from workbench.events import Attached
from workbench.memory.file_queue import FileQueue
from workbench.views import AgentInfo, DocumentInfo, PageView, SourceInfo


def attached(engine: Engine, source: str) -> Attached:
    """The event that a source is attached, with its size as it is now."""
    row = next((row for row in engine.archive.sources(notes=True) if row.name == source), None)
    return Attached(source=source, documents=row.documents if row else 0, passages=row.passages if row else 0)


def sources(engine: Engine, attached_names: set[str]) -> list[SourceInfo]:
    """All sources, oldest first."""
    return [
        SourceInfo(row.name, row.documents, row.pages, row.passages, row.bytes, row.name in attached_names, row.created)
        for row in engine.archive.sources()
    ]


def documents(engine: Engine, source: str | None) -> list[DocumentInfo]:
    """Documents by path, then what failed with reason and remedy."""
    chosen = [engine.archive.find_source(source)] if source else [row.id for row in engine.archive.sources()]
    names = {row.id: row.name for row in engine.archive.sources(notes=True)}
    found: list[DocumentInfo] = []
    for key in chosen:
        for path, _, title, pages, passages, size in engine.archive.documents(key):
            found.append(DocumentInfo(names[key], path, title, pages, passages, size))
        for item in FileQueue(engine.database).files(key):
            found.append(
                DocumentInfo(
                    names[key], item.path, item.path, 0, 0, item.size_bytes, item.state, item.reason, item.remedy
                )
            )
    return found


def page(engine: Engine, chosen: Sequence[int], document: str, number: int, passage: int | None) -> PageView:
    """A page of a document, the passage asked for marked in it. Raises NotFound."""
    paths = engine.archive.paths(chosen)
    key = next((key for key, (path, _) in paths.items() if path == document), None)
    row = engine.archive.page(key, number) if key is not None else None
    if row is None:
        raise NotFound(
            f"There is no page {number} of {document!r} in what is attached.", "See /sources for what there is."
        )
    found = engine.archive.passages([passage]).get(passage) if passage else None
    inside = found is not None and found.document == row.document and found.page == row.number
    start, end = (found.start_char, found.end_char) if found is not None and inside else (0, 0)
    return PageView(document, row.number, row.pages, row.label, row.text, start, end)


def agents(engine: Engine, defaults: Settings) -> list[AgentInfo]:
    """All agents, the last used first."""
    counts = {
        int(row[0]): (int(row[1]), int(row[2]))
        for row in engine.database.rows(
            "SELECT a.agent_id, (SELECT count(*) FROM steps s WHERE s.agent_id = a.agent_id), "
            "(SELECT count(*) FROM messages m WHERE m.agent_id = a.agent_id) FROM agents a"
        )
    }
    found = []
    for row in engine.agents.all():
        steps, messages = counts.get(row.id, (0, 0))
        names = tuple(name for _, name in engine.agents.attached(row.id))
        window = int(row.settings.get("window_tokens", defaults.window_tokens))
        model = str(row.settings.get("model") or READER)
        found.append(AgentInfo(row.name, model, window, steps, messages, names, row.created, row.last_used))
    return found
