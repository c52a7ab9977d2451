"""Verifies the database: every block is read, and counts, hashes, links and ownership are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.errors import WorkbenchError
from workbench.storage import vacuum
from workbench.storage.wal_mark import kept_aside

if TYPE_CHECKING:
    from workbench.storage.database import Database


@dataclass(frozen=True)
class Finding:
    """What was compared, how many rows were wrong, and what to do about them."""

    what: str
    wrong: int
    detail: str
    remedy: str = ""


_RULES: tuple[tuple[str, str, str], ...] = (
    ("texts", "their hashes", "SELECT hash FROM texts WHERE hash <> left(sha256(text), 32)"),
    ("documents", "their pages", "SELECT document_id FROM documents d WHERE page_count <> "
     "(SELECT count(*) FROM pages p WHERE p.document_id = d.document_id)"),
    ("documents", "their passages", "SELECT document_id FROM documents d WHERE passage_count <> "
     "(SELECT count(*) FROM store.passages p WHERE p.document_id = d.document_id)"),
    ("pages", "documents", "SELECT document_id FROM pages WHERE document_id NOT IN (SELECT document_id FROM documents)"),
    ("passages", "pages", "SELECT passage_id FROM store.passages p WHERE NOT EXISTS "
     "(SELECT 1 FROM pages g WHERE g.document_id = p.document_id AND g.number = p.page_number)"),
    ("embeddings", "passages", "SELECT passage_id FROM embeddings WHERE passage_id NOT IN (SELECT passage_id FROM store.passages)"),
    ("embeddings", "one a passage", "SELECT passage_id FROM embeddings GROUP BY passage_id HAVING count(*) > 1"),
    ("vectors of other models", "passages", "SELECT passage_id FROM model_vectors WHERE passage_id NOT IN "
     "(SELECT passage_id FROM store.passages)"),
    ("vectors of other models", "one a passage", "SELECT passage_id FROM model_vectors GROUP BY model_id, passage_id HAVING count(*) > 1"),
    ("vectors of other models", "their models", "SELECT v.passage_id FROM model_vectors v LEFT JOIN embedding_models m USING (model_id) "
     "WHERE m.model_id IS NULL OR len(v.embedding) <> m.dimensions"),
    ("models of sources", "models and sources", "SELECT source_id FROM source_models WHERE name NOT IN (SELECT name FROM embedding_models) "
     "OR source_id NOT IN (SELECT source_id FROM sources)"),
    ("sources' documents", "documents", "SELECT path FROM store.source_documents WHERE document_id NOT IN "
     "(SELECT document_id FROM documents)"),
    ("sources' documents", "sources", "SELECT path FROM store.source_documents WHERE source_id NOT IN (SELECT source_id FROM sources)"),
    ("documents", "a source or a step that showed them", "SELECT document_id FROM documents WHERE document_id NOT IN "
     "(SELECT document_id FROM store.source_documents) AND document_id NOT IN (SELECT p.document_id FROM store.passages p "
     "JOIN handles USING (passage_id))"),
    ("attachments", "agents and sources", "SELECT agent_id FROM attachments WHERE agent_id NOT IN (SELECT agent_id FROM agents) "
     "OR source_id NOT IN (SELECT source_id FROM sources)"),
    ("messages", "the message before", "SELECT message_id FROM messages WHERE parent_id IS NOT NULL AND parent_id NOT IN "
     "(SELECT message_id FROM messages)"),
    ("messages", "agents", "SELECT message_id FROM messages WHERE agent_id NOT IN (SELECT agent_id FROM agents)"),
    ("agents", "their last message", "SELECT agent_id FROM agents WHERE head IS NOT NULL AND head NOT IN "
     "(SELECT message_id FROM messages)"),
    ("agents", "their working context", "SELECT agent_id FROM agents WHERE context_version IS NOT NULL AND context_version NOT IN "
     "(SELECT version_id FROM context_versions)"),
    ("agents", "their summary", "SELECT agent_id FROM agents WHERE summary_id IS NOT NULL AND summary_id NOT IN "
     "(SELECT summary_id FROM summaries)"),
    ("steps", "agents", "SELECT step FROM steps WHERE agent_id NOT IN (SELECT agent_id FROM agents)"),
    ("steps", "their system text and functions", "SELECT step FROM steps WHERE system_hash NOT IN (SELECT hash FROM texts) "
     "OR tools_hash NOT IN (SELECT hash FROM texts)"),
    ("steps", "their last message", "SELECT step FROM steps WHERE head IS NOT NULL AND head NOT IN (SELECT message_id FROM messages)"),
    ("steps", "their working context", "SELECT step FROM steps WHERE context_version IS NOT NULL AND context_version NOT IN "
     "(SELECT version_id FROM context_versions)"),
    ("tables of documents", "documents", "SELECT document_id FROM document_tables WHERE document_id NOT IN "
     "(SELECT document_id FROM documents)"),
)  # fmt: skip
"""(what, what it is compared with, the rows that are wrong)."""

_REMEDY = "`workbench restore FILE` puts a backup in its place; or load the documents again."


_OF_DOCUMENTS = ("attachments",)
"""What is compared with sources and documents: where these are in a shared archive, there is nothing to compare it with."""


def verified(database: Database, *, shared: bool = False) -> Iterator[Finding]:
    """Every comparison by turns. A block that cannot be read is a finding too, and the rest goes on."""
    database.flush()
    try:
        rows = vacuum.read_all(database.read())
        yield Finding("blocks", 0, f"{sum(rows.values()):,} rows in {len(rows)} tables read")
    except Exception as error:
        yield Finding("blocks", 1, _said(error), _REMEDY)
    for what, other, sql in _RULES:
        if shared and what in _OF_DOCUMENTS:
            continue
        try:
            wrong = database.rows(f"SELECT count(*), min(item) FROM ({sql}) AS wrong(item)")[0]
            found, example = int(wrong[0]), wrong[1]
        except Exception as error:
            yield Finding(f"{what} and {other}", 1, _said(error), _REMEDY)
            continue
        if found:
            yield Finding(f"{what} and {other}", found, f"{found:,} do not agree, the first is {example!r}.", _REMEDY)
        else:
            yield Finding(f"{what} and {other}", 0, "agree")
    aside = kept_aside(database.file)
    if aside:
        names = ", ".join(file.name for file in aside)
        yield Finding(
            "logs set aside", len(aside), f"{names} in {aside[0].parent}", "Delete them when nothing of them is missed."
        )


def _said(error: Exception) -> str:
    return (
        error.message if isinstance(error, WorkbenchError) else (str(error).splitlines() or [type(error).__name__])[0]
    )
