"""Restores an agent from a copy of unknown origin: checks it against the schema and gives its rows new numbers."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.core.errors import UsageError
from workbench.memory.history.checkpoints import Checkpoint
from workbench.memory.recall_page import with_messages
from workbench.memory.transfer.export import AgentCopy, Row, receipts, with_passages
from workbench.storage.bulk_insert import DIMENSIONS, Counted
from workbench.storage.database import text_hash
from workbench.storage.transfer import AgentTransfer, AgentWriter

if TYPE_CHECKING:
    import numpy as np


# Passages that travel with an agent: where this archive has the very document, its own passages are meant; others are
# stored beside it, outside every source, so that old steps can be shown and no search finds half a document. An agent's own
# notes become its notes here.


def bring(writer: AgentWriter, documents: Iterable[Row], counted: Mapping[int, Counted]) -> dict[int, int]:
    """Store what is not here yet; returns new passage ids by old ones. Raises UsageError.

    `counted` has what `count` made of the documents before, outside the writer.
    """
    numbers: dict[int, int] = {}
    for document in documents:
        own = document["note_path"] is not None
        passages = list(document["passages"])
        known = {} if own else writer.known_passages(document)
        for row in passages:
            if (here := known.get(_place(row))) is not None:
                numbers[row["passage_id"]] = here
        left = [row for row in passages if row["passage_id"] not in numbers]
        if left or own:
            sizes = [counted[row["passage_id"]] for row in left]
            ids = (
                writer.add_note(document, left, sizes, _vectors(left))
                if own
                else writer.add_document(document, left, sizes)
            )
            numbers.update((row["passage_id"], new) for row, new in zip(left, ids, strict=True))
    return numbers


def count(documents: Iterable[Row]) -> dict[int, Counted]:
    """What is stored beside the texts, by old passage ids."""
    return {
        row["passage_id"]: Counted.of(row["text"], document["title"], row["heading"])
        for document in documents
        for row in document["passages"]
    }


def _place(row: Row) -> tuple[Any, ...]:
    return row["page_number"], row["start_char"], row["end_char"], row["text"]


def _vectors(passages: list[Row]) -> np.ndarray:
    """(n, 384) float32. Raises UsageError."""
    import numpy as np

    vectors = np.zeros((len(passages), DIMENSIONS), dtype=np.float32)
    for at, row in enumerate(passages):
        try:
            vectors[at] = np.frombuffer(base64.b64decode(row["embedding"], validate=True), dtype="<f4")
        except (binascii.Error, ValueError, TypeError, KeyError):
            raise UsageError("The vector of a note in the file is damaged.", "Export the agent again.") from None
    if not np.isfinite(vectors).all() or (np.abs(vectors) > 1.001).any():
        raise UsageError("The vector of a note in the file is damaged.", "Export the agent again.")
    return vectors


_KINDS: dict[str, tuple[type, ...]] = {
    "INTEGER": (int,), "BIGINT": (int,), "VARCHAR": (str,), "DOUBLE": (int, float), "BOOLEAN": (bool,), "TIMESTAMP": (str,),
}  # fmt: skip
_NUMBERED = {
    "messages": "message_id",
    "summaries": "summary_id",
    "context_versions": "version_id",
    "operations": "operation_id",
}
_LARGEST = 2**31 - 1


class CopyDamaged(UsageError):
    """The copy is not what an export writes."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The file is damaged, or no agent's file: {what[:200]}.", "Nothing was imported; export the agent again."
        )


@dataclass(frozen=True)
class Restored:
    """The new agent's id, the sources it is attached to here, and those of before that are not here."""

    agent: int
    attached: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass
class _Numbers:
    """Old numbers to new ones; a number that the copy does not hold is an error."""

    messages: dict[int, int] = field(default_factory=dict)
    summaries: dict[int, int] = field(default_factory=dict)
    context_versions: dict[int, int] = field(default_factory=dict)
    operations: dict[int, int] = field(default_factory=dict)
    passages: Mapping[int, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def of(self, kind: str, old: Any) -> Any:
        """The new number; None stays None. Raises CopyDamaged."""
        if old is None:
            return None
        new = getattr(self, kind).get(old)
        if new is None:
            raise CopyDamaged(f"it refers to {kind} {str(old)[:40]!r}, which it does not hold")
        return new

    def passage(self, old: int) -> int:
        """The new id of a passage; one that was erased before gets a number that no passage will ever have."""
        if not isinstance(old, int):
            raise CopyDamaged("a passage is no number")
        return self.passages.get(old, -abs(old))


def restore(
    transfer: AgentTransfer, copy: AgentCopy, name: str, settings: Mapping[str, Any], now: datetime
) -> Restored:
    """Write the copy as a new agent of that name, in one transaction. Raises CopyDamaged, with nothing written."""
    numbers = _Numbers()
    for table, column in _NUMBERED.items():
        old = sorted(_whole(row, column) for row in copy.tables[table])
        if len(set(old)) != len(old):
            raise CopyDamaged(f"a number comes twice in {table}")
        first = transfer.database.number(table, column, len(old))
        setattr(numbers, table, {number: first + at for at, number in enumerate(old)})

    counted = count(copy.documents)

    def job(connection: Any) -> Restored:
        writer = transfer.writer(connection, name, now, secrets.token_hex(4))
        numbers.passages = writer.within(lambda: bring(writer, copy.documents, counted))
        texts = _texts(copy, numbers)
        writer.insert("texts", [[key, text] for key, text in texts.items()])
        for table in copy.tables:
            if table != "texts":
                rows = [{**_renumbered(table, row, numbers), "agent_id": writer.agent} for row in copy.tables[table]]
                writer.insert(table, _typed(writer, table, rows))
        head = {
            **_pointers(copy.head, numbers), "agent_id": writer.agent, "name": name, "settings": json.dumps(dict(settings)),
            "head": numbers.of("messages", copy.head.get("head")), "last_used_at": now.isoformat(),
        }  # fmt: skip
        writer.insert("agents", _typed(writer, "agents", [head]))
        return _attach(writer, copy)

    return transfer.database.write(job)


def _texts(copy: AgentCopy, numbers: _Numbers) -> dict[str, str]:
    """Texts by their hash; those that speak of messages and passages speak of the new ones."""
    kept_whole = set(receipts(copy.head, copy.tables))
    texts: dict[str, str] = {}
    for row in copy.tables["texts"]:
        key, text = row.get("hash"), row.get("text")
        if not isinstance(text, str) or key != text_hash(text):
            raise CopyDamaged("a text is not what its hash says")
        if key in kept_whole:
            kept = {
                numbers.of("messages", int(k)): [numbers.passage(p) for p in v] for k, v in json.loads(text).items()
            }
            text = json.dumps(kept)
        numbers.texts[key] = text_hash(text)
        texts[text_hash(text)] = text
    return texts


def _renumbered(table: str, row: Row, numbers: _Numbers) -> Row:
    renumbered = dict(row)
    if table in _NUMBERED:
        for column in (_NUMBERED[table], "parent_id"):
            renumbered[column] = numbers.of(table, renumbered.get(column))
        if (renumbered["parent_id"] or 0) >= renumbered[_NUMBERED[table]]:
            raise CopyDamaged(f"a row of {table} comes before what it follows")
    if table == "messages":
        body = with_passages(json.loads(row["body"]), numbers.passage)
        moved = with_messages(body, lambda old: int(numbers.of("messages", old)))
        renumbered["body"] = json.dumps(moved, ensure_ascii=False)
    elif table == "context_versions":
        blocks = json.loads(row["blocks"])
        moved = {k: numbers.of(table, v) if isinstance(v, int) else v for k, v in blocks.items()}
        renumbered["blocks"] = json.dumps(moved, ensure_ascii=False)
    elif table == "steps":
        renumbered.update(_pointers(row, numbers))
        renumbered["head"] = numbers.of("messages", row.get("head"))
        renumbered.update({key: numbers.of("texts", row.get(key)) for key in ("system_hash", "tools_hash")})
        renumbered["point_after"] = _point(row.get("point_after"), numbers)
    elif table == "operations":
        renumbered["before"] = _point(row["before"], numbers)
        renumbered["question_id"] = numbers.of("messages", row.get("question_id"))
    elif table == "journal":
        renumbered["data"] = json.dumps(with_passages(json.loads(row["data"]), numbers.passage), ensure_ascii=False)
    elif table == "handles":
        renumbered["passage_id"] = numbers.passage(_whole(row, "passage_id"))
    return renumbered


def _pointers(row: Row, numbers: _Numbers) -> Row:
    """What agents and steps alike point to."""
    return {
        **row, "queue": _queue(row.get("queue"), numbers), "question_id": numbers.of("messages", row.get("question_id")),
        "summary_id": numbers.of("summaries", row.get("summary_id")),
        "context_version": numbers.of("context_versions", row.get("context_version")),
    }  # fmt: skip


def _point(text: str | None, numbers: _Numbers) -> str | None:
    if text is None:
        return None
    point = Checkpoint.load(text)
    return replace(
        point, head=numbers.of("messages", point.head), queue=str(_queue(point.queue, numbers)),
        question=numbers.of("messages", point.question), summary=numbers.of("summaries", point.summary),
        version=numbers.of("context_versions", point.version),
    ).dump()  # fmt: skip


def _queue(queue: str | None, numbers: _Numbers) -> str | None:
    if queue is None:
        return None
    stored = json.loads(queue)
    ranges = stored["ranges"] if isinstance(stored, dict) else stored
    moved = [[numbers.of("messages", first), numbers.of("messages", last)] for first, last in ranges]
    if not isinstance(stored, dict):
        return json.dumps(moved)
    key = stored["evidence"]
    return json.dumps({"ranges": moved, "evidence": numbers.of("texts", key) if key else ""})


def _attach(writer: AgentWriter, copy: AgentCopy) -> Restored:
    """Attach what is here: the source of that name if it holds some of the same contents, else the one that holds most."""
    attached: list[str] = []
    missing: list[str] = []
    for item in copy.attachments:
        name, contents = item.get("name"), item.get("contents")
        if not isinstance(name, str) or not isinstance(contents, list):
            raise CopyDamaged("an attachment is not readable")
        here = writer.source_like(name, map(str, contents))
        if here is None:
            missing.append(name)
        elif here[1] not in attached:
            attached.append(here[1])
            writer.attach(here[0])
    return Restored(writer.agent, tuple(attached), tuple(missing))


def _typed(writer: AgentWriter, table: str, rows: Iterable[Row]) -> list[list[Any]]:
    """Values in the order of the table's columns, each of the column's type. Raises CopyDamaged."""
    columns = writer.columns(table)
    known = {column.name for column in columns}
    typed = []
    for row in rows:
        if unknown := set(row) - known:
            raise CopyDamaged(f"{table} has {sorted(unknown)[0][:40]!r}, which this version does not know")
        typed.append([_value(table, row.get(name), kind, optional) for name, kind, optional in columns])
    return typed


def _value(table: str, value: Any, kind: str, optional: bool) -> Any:
    if value is None and optional:
        return None
    good = isinstance(value, _KINDS[kind]) and (kind == "BOOLEAN" or not isinstance(value, bool))
    if not good or (kind == "INTEGER" and abs(value) > _LARGEST):
        raise CopyDamaged(f"{table} holds {str(value)[:40]!r} where {kind.lower()} belongs")
    return datetime.fromisoformat(value) if kind == "TIMESTAMP" else value


def _whole(row: Row, column: str) -> int:
    value = row.get(column)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _LARGEST:
        raise CopyDamaged(f"{column} is {str(value)[:40]!r}")
    return value
