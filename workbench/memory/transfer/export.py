"""Collects an agent as plain data: every row of its history and every passage that it refers to."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.storage.agents import AgentRow
from workbench.storage.transfer import AgentSnapshot, AgentTransfer

Row = dict[str, Any]
Of = Callable[[int], int]

_CARRIED = re.compile(r"\A(?:carried [0-9a-f]+: )+")
"""What marks the loader of a document that came along with an agent: where it goes next, its origin counts (see AgentWriter)."""


@dataclass(frozen=True)
class AgentCopy:
    """`head` is the agent's own row; `tables` the rows of HISTORY and of texts; `documents` what passages are from, with these
    passages and their pages; `attachments` what was attached, by name and content. Everything is JSON-ready."""

    head: Row
    tables: Mapping[str, list[Row]]
    documents: list[Row] = field(default_factory=list)
    attachments: list[Row] = field(default_factory=list)


def take(transfer: AgentTransfer, agent: AgentRow) -> AgentCopy:
    """Copy an agent as of its last commit: one snapshot, also while it is at work."""
    with transfer.snapshot() as snapshot:
        tables = snapshot.history(agent.id)
        head = snapshot.head(agent.id)
        keys = sorted(set(_text_keys([head, *tables["steps"]])) | set(receipts(head, tables)))
        tables["texts"] = snapshot.texts(keys)
        notes = snapshot.notes_source(agent.name)
        documents = _documents(snapshot, sorted(_passages(tables)), notes)
        attachments: list[Row] = [
            {"name": name, "contents": snapshot.contents(source)}
            for source, name in snapshot.attached(agent.id)
            if source != notes
        ]
    for table in (*tables.values(), [head]):
        for row in table:
            row.pop("agent_id", None)
    return AgentCopy(head, tables, documents, attachments)


def receipts(head: Row, tables: Mapping[str, list[Row]]) -> Iterator[str]:
    """The hashes of the texts that say what queues send as receipts, of every queue that the copy names."""
    points = [row.get("point_after") for row in tables["steps"]] + [row.get("before") for row in tables["operations"]]
    queues = [row.get("queue") for row in (head, *tables["steps"])]
    for queue in (*queues, *(json.loads(point)["queue"] for point in points if point)):
        stored = json.loads(queue or "[]")
        if isinstance(stored, dict) and stored["evidence"]:
            yield str(stored["evidence"])


def _text_keys(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield from (row[name] for name in ("system_hash", "tools_hash") if row.get(name))


def with_passages(value: Row, of: Of) -> Row:
    """A message's body or an event's data with `of` applied to every passage that it names."""
    fields = dict(value)
    if isinstance(page := fields.get("archive"), dict):
        fields["archive"] = {**page, "hits": _named(page["hits"], of)}
    for name in ("hits", "citations", "nearest"):
        if isinstance(fields.get(name), list):
            fields[name] = _named(fields[name], of)
    if isinstance(fields.get("citation"), dict):
        fields["citation"] = _named([fields["citation"]], of)[0]
    if isinstance(fields.get("passages"), list):
        fields["passages"] = [of(item) for item in fields["passages"]]
    return fields


def _named(items: Iterable[Row], of: Of) -> list[Row]:
    return [item if item.get("passage") is None else {**item, "passage": of(item["passage"])} for item in items]


def _passages(tables: Mapping[str, list[Row]]) -> set[int]:
    """Ids of all passages that an agent's past refers to."""
    passages = {int(row["passage_id"]) for row in tables["handles"]}

    def note(passage: int) -> int:
        passages.add(passage)
        return passage

    for row in tables["messages"]:
        with_passages(json.loads(row["body"]), note)
    for row in tables["journal"]:
        with_passages(json.loads(row["data"]), note)
    return passages


def _documents(snapshot: AgentSnapshot, passages: list[int], notes: int | None) -> list[Row]:
    """Documents with the passages asked for and the pages these stand on; the agent's own notes whole, with vectors."""
    whole = snapshot.paths(notes) if notes is not None else {}
    of: dict[int, list[Row]] = {key: [] for key in whole}
    for row in snapshot.passages(passages, sorted(whole)):
        vector = row.pop("embedding")
        if row["document_id"] in whole and vector is not None:
            row["embedding"] = packed(vector)
        of.setdefault(row.pop("document_id"), []).append(row)
    documents = snapshot.documents(sorted(of))
    for document in documents:
        key = document["document_id"]
        numbers = {row["page_number"] for row in of[key]}
        document["note_path"] = whole.get(key)
        document["loader"] = _CARRIED.sub("", document["loader"])
        document["pages"] = [page for page in snapshot.pages(key) if key in whole or page["number"] in numbers]
        document["passages"] = of[key]
    return documents


def packed(vector: Iterable[float]) -> str:
    """A vector as text: base64 of its float32 values."""
    import numpy as np

    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()
