"""Reads what agents said and kept in mind: messages, summaries, versions of the working context, texts and handles.

All of it is append-only; rows are written through `write_ahead_log.Changes`, several kinds in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from workbench.storage.database import Database


class MessageRow(NamedTuple):
    """A message as it is stored. `parent` is the message before it on its branch; `body` is JSON."""

    id: int
    parent: int | None
    role: str
    kind: str
    body: str
    tokens: int
    created: datetime
    step: int | None


class SaidRow(NamedTuple):
    """What recall needs of a message; `body` is JSON."""

    id: int
    kind: str
    body: str
    created: datetime


class SummaryRow(NamedTuple):
    """A recursive summary as it is stored; `body` is JSON."""

    id: int
    parent: int | None
    step: int | None
    body: str
    tokens: int
    created: datetime


class ContextVersionRow(NamedTuple):
    """A version of the working context as it is stored.

    `blocks` is JSON: the lines of each block, or the number of the version that holds the same lines.
    """

    id: int
    parent: int | None
    step: int | None
    blocks: str
    created: datetime


_MESSAGE = "message_id, parent_id, role, kind, body, tokens, created_at, step"
_SAID = "message_id, kind, body, created_at"


class MessageRepository:
    """The tables `messages`, `summaries`, `context_versions`, `texts` and `handles`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- messages -----------------------------------------------------------------------------------------------------

    def messages(self, agent: int, ids: Sequence[int]) -> list[MessageRow]:
        """Messages of an agent by id, in the order of their ids."""
        sql = f"SELECT {_MESSAGE} FROM messages WHERE agent_id = ? AND list_contains(?, message_id) ORDER BY message_id"
        return [MessageRow(*row) for row in self._database.rows(sql, [agent, list(ids)])]

    def messages_between(self, agent: int, first: int, last: int) -> list[MessageRow]:
        """An agent's messages from `first` to `last`, of every branch, in the order of their ids."""
        sql = f"SELECT {_MESSAGE} FROM messages WHERE agent_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id"
        return [MessageRow(*row) for row in self._database.rows(sql, [agent, first, last])]

    def parents(self, agent: int, last: int) -> dict[int, int | None]:
        """The parent of each of an agent's messages up to `last`: the tree that branches are read from."""
        sql = "SELECT message_id, parent_id FROM messages WHERE agent_id = ? AND message_id <= ?"
        return dict(self._database.rows(sql, [agent, last]))

    def said(self, agent: int, words: Sequence[str] = (), after: int = 0) -> list[SaidRow]:
        """What users and models said, on every branch, newest first; only messages whose body holds all `words`, with ids above `after`.

        A word is looked for in the JSON without regard to case: whether it begins a word there is the caller's to check.
        """
        sql = (
            f"SELECT {_SAID} FROM messages WHERE agent_id = ? AND message_id > ? AND kind IN ('user_message', 'assistant')"
            + " AND contains(lower(body), ?)" * len(words)
            + " ORDER BY message_id DESC"
        )
        plain = [json.dumps(word, ensure_ascii=False)[1:-1].lower() for word in words]
        return [SaidRow(*row) for row in self._database.rows(sql, [agent, after, *plain])]

    def said_by_id(self, ids: Sequence[int]) -> list[SaidRow]:
        """Messages by id, whichever agent's they are."""
        if not ids:
            return []
        marks = ", ".join("?" * len(ids))
        sql = f"SELECT {_SAID} FROM messages WHERE message_id IN ({marks})"
        return [SaidRow(*row) for row in self._database.rows(sql, list(ids))]

    # -- summaries, working context, texts, handles -------------------------------------------------------------------

    def summary(self, identifier: int) -> str | None:
        """The body of a summary, JSON."""
        row = self._database.row("SELECT body FROM summaries WHERE summary_id = ?", [identifier])
        return str(row[0]) if row else None

    def summaries(self, ids: Iterable[int]) -> list[SummaryRow]:
        """Summaries by id, in order."""
        sql = (
            "SELECT summary_id, parent_id, step, body, tokens, created_at FROM summaries "
            "WHERE list_contains(?, summary_id) ORDER BY summary_id"
        )
        return [SummaryRow(*row) for row in self._database.rows(sql, [list(ids)])]

    def context_version(self, identifier: int) -> str | None:
        """The blocks of a version of the working context, JSON."""
        row = self._database.row("SELECT blocks FROM context_versions WHERE version_id = ?", [identifier])
        return str(row[0]) if row else None

    def context_versions(self, ids: Iterable[int]) -> list[ContextVersionRow]:
        """Versions of the working context by id."""
        sql = (
            "SELECT version_id, parent_id, step, blocks, created_at FROM context_versions "
            "WHERE list_contains(?, version_id)"
        )
        return [ContextVersionRow(*row) for row in self._database.rows(sql, [list(ids)])]

    def kept_in_mind(self, agent: int) -> list[str]:
        """All versions of an agent's working context and all its summaries, JSON."""
        rows: list[tuple[Any, ...]] = self._database.rows(
            "SELECT blocks FROM context_versions WHERE agent_id = $1 UNION ALL SELECT body FROM summaries WHERE agent_id = $1",
            [agent],
        )
        return [str(body) for (body,) in rows]

    def text(self, key: str) -> str:
        """A text by its hash (see `text_hash`); "" for one that is not stored."""
        row = self._database.row("SELECT text FROM texts WHERE hash = ?", [key])
        return str(row[0]) if row else ""

    def handles(self, agent: int) -> dict[int, str]:
        """The handles that an agent's passages have, by passage."""
        rows = self._database.rows("SELECT passage_id, handle FROM handles WHERE agent_id = ?", [agent])
        return {int(passage): str(handle) for passage, handle in rows}
