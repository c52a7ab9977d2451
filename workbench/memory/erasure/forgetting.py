"""Erases messages and documents from every table and leaves a tombstone where an old step showed them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.core.tokens import count_message
from workbench.memory.erasure.redaction import Redaction, texts_of, tombstone
from workbench.memory.main_context import Summary
from workbench.memory.messages import Texts, render
from workbench.memory.recall import RecallItem
from workbench.memory.recall_page import recalled
from workbench.memory.references import Fetched
from workbench.storage.database import Database
from workbench.storage.garbage_collection import delete_documents


@dataclass(frozen=True)
class Targets:
    """What is to be erased: messages and documents by id, whole sources, and words wherever the agents' pasts hold them."""

    messages: tuple[int, ...] = ()
    documents: tuple[int, ...] = ()
    sources: tuple[int, ...] = ()
    words: tuple[str, ...] = ()


@dataclass
class Erased:
    """What was touched, in rows; `steps` are those whose record shows tombstones from now on."""

    messages: int = 0
    documents: int = 0
    passages: int = 0
    summaries: int = 0
    versions: int = 0
    events: int = 0
    steps: int = 0


@dataclass
class _Changed:
    messages: set[int] = field(default_factory=set)
    summaries: set[int] = field(default_factory=set)
    versions: set[int] = field(default_factory=set)
    steps: set[tuple[int, int]] = field(default_factory=set)


class Forgetting:
    """Erases for good, in one transaction. No agent may be at work meanwhile; live memories must be read again after it."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._database = database
        self._texts = texts

    def notes_with(self, targets: Targets) -> list[int]:
        """Documents among the agents' own notes that hold what is to be erased: they go as well."""
        redaction = self._redaction(targets)
        rows = self._database.rows(
            "SELECT document_id, p.text FROM pages p JOIN documents d USING (document_id) WHERE starts_with(d.loader, 'note of ')"
        )
        return sorted({int(key) for key, text in rows if redaction.text(text) != text} - set(targets.documents))

    def erase(self, targets: Targets) -> Erased:
        """Erase the targets, every verbatim stretch of them in what agents said and noted, and what was derived from it."""
        redaction = self._redaction(targets)
        forgotten = self._content_hashes(targets.documents)
        gone = self._passages(targets.documents)
        shown = {key: text for key, text in self._shown().items() if key not in gone}

        def job(connection: Any) -> Erased:
            changed, erased = _Changed(), Erased()
            self._messages(connection, targets, redaction, shown, changed)
            self._summaries(connection, redaction, changed)
            self._versions(connection, redaction, forgotten, changed)
            self._replies(connection, redaction, changed)
            erased.events = self._events(connection, redaction)
            erased.passages = _delete(connection, targets)
            marked = changed.steps | set(_steps_of(connection, changed))
            for agent, step in sorted(marked):
                connection.execute("UPDATE steps SET forgotten = true WHERE agent_id = ? AND step = ?", [agent, step])
            erased.messages, erased.documents = len(changed.messages), len(targets.documents)
            erased.summaries, erased.versions, erased.steps = len(changed.summaries), len(changed.versions), len(marked)
            return erased

        return self._database.write(job)

    def _redaction(self, targets: Targets) -> Redaction:
        documents = list(targets.documents)
        pages = self._database.rows(
            "SELECT text FROM pages WHERE list_contains(?, document_id) UNION ALL "
            "SELECT title FROM documents WHERE list_contains(?, document_id)",
            [documents, documents],
        )
        paths = self._database.rows(
            "SELECT path FROM source_documents WHERE list_contains(?, document_id)", [documents]
        )
        words = [str(row[0]) for row in pages]
        names = [*targets.words, *(str(row[0]) for row in paths)]
        redaction = Redaction(words, names, self._passages(documents))
        for kinds in (["user_message"], ["user_message", "assistant", "function_result"]):
            texts, others = self._said(targets, kinds)
            redaction.add([*targets.words, *texts], others)
        return redaction

    def _said(self, targets: Targets, kinds: list[str]) -> tuple[list[str], list[str]]:
        """What messages of the last of these kinds say that go, and what messages of all of them say that stay: their own words."""
        rows = self._database.rows(
            "SELECT message_id, kind, body FROM messages WHERE list_contains(?, kind) AND kind <> 'function_result' "
            "OR list_contains(?, message_id)",
            [kinds, list(targets.messages)],
        )
        wanted = [word.casefold() for word in targets.words]
        going: list[str] = []
        staying: list[str] = []
        for identifier, kind, body in rows:
            texts = texts_of(json.loads(body))
            if identifier not in targets.messages:
                staying += texts
            elif (kind == "user_message") == (len(kinds) == 1):
                # What else such a message says goes with it, but is nothing to look for elsewhere.
                going += [text for text in texts if not wanted or any(word in text.casefold() for word in wanted)]
        # A copy of a message that goes, in a fork, is no other message.
        return going, [text for text in staying if text not in going]

    def _content_hashes(self, documents: Sequence[int]) -> frozenset[str]:
        sql = "SELECT content_hash FROM documents WHERE list_contains(?, document_id)"
        return frozenset(str(row[0]) for row in self._database.rows(sql, [list(documents)]))

    def _passages(self, documents: Sequence[int]) -> set[int]:
        sql = "SELECT passage_id FROM passages WHERE list_contains(?, document_id)"
        return {int(row[0]) for row in self._database.rows(sql, [list(documents)])} if documents else set()

    def _shown(self) -> Mapping[int, str]:
        wanted = [int(row[0]) for row in self._database.rows("SELECT DISTINCT passage_id FROM handles")]
        return self._texts(wanted)

    # -- what agents said, noted and did ----------------------------------------------------------------------------------

    def _messages(
        self, connection: Any, targets: Targets, redaction: Redaction, shown: Mapping[int, str], changed: _Changed
    ) -> None:
        rows = connection.execute("SELECT message_id, role, kind, body, created_at FROM messages").fetchall()
        cleaned: dict[int, Any] = {}
        lines: dict[int, str] = {}
        for identifier, _, kind, text, created in rows:
            body = json.loads(text)
            after = cleaned[identifier] = tombstone(body) if identifier in targets.messages else redaction.value(body)
            if after != body:
                changed.messages.add(int(identifier))
            if kind != "function_result":
                lines[identifier] = RecallItem.of(identifier, kind, after, created).line()
        # What recall showed of such a message is other words now, too.
        changed.messages.update(key for key, body in cleaned.items() if changed.messages.intersection(recalled(body)))
        for identifier, role, kind, _, created in rows:
            if identifier in changed.messages:
                body = cleaned[identifier]
                tokens = count_message(render(role, kind, body, created, Fetched(shown, lines)))
                connection.execute(
                    "UPDATE messages SET body = ?, tokens = ? WHERE message_id = ?",
                    [json.dumps(body, ensure_ascii=False), tokens, identifier],
                )

    def _summaries(self, connection: Any, redaction: Redaction, changed: _Changed) -> None:
        for identifier, text in connection.execute("SELECT summary_id, body FROM summaries").fetchall():
            body = json.loads(text)
            cleaned = redaction.value(body)
            if cleaned != body:
                summary = Summary(
                    identifier, cleaned["text"], tuple(cleaned["stubs"]), cleaned["evicted"], cleaned["time"]
                )
                connection.execute(
                    "UPDATE summaries SET body = ?, tokens = ? WHERE summary_id = ?",
                    [json.dumps(cleaned), count_message(summary.wire()), identifier],
                )
                changed.summaries.add(int(identifier))

    def _versions(self, connection: Any, redaction: Redaction, forgotten: frozenset[str], changed: _Changed) -> None:
        held: dict[int, set[int]] = {}
        for identifier, text in connection.execute("SELECT version_id, blocks FROM context_versions").fetchall():
            blocks = json.loads(text)
            for at in blocks.values():
                if isinstance(at, int):
                    held.setdefault(at, set()).add(int(identifier))
            cleaned = {
                name: lines if isinstance(lines, int) else _lines(_without(lines, forgotten), redaction)
                for name, lines in blocks.items()
            }
            if cleaned != blocks:
                connection.execute(
                    "UPDATE context_versions SET blocks = ? WHERE version_id = ?",
                    [json.dumps(cleaned, ensure_ascii=False), identifier],
                )
                changed.versions.add(int(identifier))
        # A version may refer to another for the lines of a block.
        changed.versions.update(*(held.get(version, set()) for version in list(changed.versions)))

    def _replies(self, connection: Any, redaction: Redaction, changed: _Changed) -> None:
        for agent, step, *texts in connection.execute("SELECT agent_id, step, state, reply FROM steps").fetchall():
            values = [json.loads(text) if text else None for text in texts]
            cleaned = [redaction.value(value) for value in values]
            if cleaned != values:
                state, reply = (
                    json.dumps(value, ensure_ascii=False) if value is not None else None for value in cleaned
                )
                connection.execute(
                    "UPDATE steps SET state = ?, reply = ? WHERE agent_id = ? AND step = ?", [state, reply, agent, step]
                )
                changed.steps.add((int(agent), int(step)))

    def _events(self, connection: Any, redaction: Redaction) -> int:
        count = 0
        for agent, seq, text in connection.execute("SELECT agent_id, seq, data FROM journal").fetchall():
            data = json.loads(text)
            cleaned = redaction.value(data)
            if cleaned != data:
                connection.execute(
                    "UPDATE journal SET data = ? WHERE agent_id = ? AND seq = ?",
                    [json.dumps(cleaned, ensure_ascii=False), agent, seq],
                )
                count += 1
        for identifier, text in connection.execute("SELECT note_id, text FROM user_notes").fetchall():
            if (cleaned := redaction.text(text)) != text:
                connection.execute("UPDATE user_notes SET text = ? WHERE note_id = ?", [cleaned, identifier])
        self._results(connection, redaction)
        return count

    def _results(self, connection: Any, redaction: Redaction) -> None:
        """Results that can be paged further go on, with tombstones; one whose query says what is erased goes."""
        rows = connection.execute("SELECT agent_id, reader, slot, query, body FROM cursors").fetchall()
        for *key, query, body in rows:
            if not body or redaction.text(query) != query:
                connection.execute("DELETE FROM cursors WHERE agent_id = ? AND reader = ? AND slot = ?", key)


def _without(lines: Iterable[Any], forgotten: frozenset[str]) -> list[Any]:
    """Lines without those that a forgotten document led the model to write; what these took the place of is back."""
    ids: list[Any] = []
    for line in lines:
        led_by, replaced = line[6:8] if len(line) > 6 else ((), ())
        ids += _without(replaced, forgotten) if forgotten.intersection(led_by) else [line]
    return ids


def _lines(lines: Iterable[Any], redaction: Redaction) -> list[Any]:
    """Lines of a block: text, origin, step, pinned, document, page. One that is nothing but a tombstone stays as one."""
    ids: list[Any] = []
    for line in lines:
        text, origin, step, pinned, *place = line
        document = [redaction.text(place[0]), *place[1:]] if place else []
        if len(document) > 3:
            document[3] = _lines(document[3], redaction)
        cleaned = [redaction.text(text), origin, step, pinned, *document]
        # No line may come twice in a block.
        if cleaned == line or cleaned[0] not in {other[0] for other in ids}:
            ids.append(cleaned)
    return ids


def _delete(connection: Any, targets: Targets) -> int:
    """Take documents and sources out of the archive; returns how many passages went. Their numbers are never given again."""
    documents = [list(targets.documents)]
    inside = "SELECT passage_id FROM passages WHERE list_contains(?, document_id)"
    passages = int(connection.execute(f"SELECT count(*) FROM ({inside})", documents).fetchall()[0][0])
    links = "SELECT source_id, path FROM source_documents WHERE list_contains(?, document_id)"
    for table in ("file_queue", "user_notes"):
        connection.execute(f"DELETE FROM {table} WHERE (source_id, path) IN ({links})", documents)
    connection.execute("DELETE FROM source_documents WHERE list_contains(?, document_id)", documents)
    delete_documents(connection, targets.documents)
    for table in ("attachments", "source_roots", "file_queue", "user_notes", "sources"):
        connection.execute(f"DELETE FROM {table} WHERE list_contains(?, source_id)", [list(targets.sources)])
    return passages


def _steps_of(connection: Any, changed: _Changed) -> Iterator[tuple[int, int]]:
    """The steps whose prompt showed something of what has changed."""
    above = _changed_above(connection, changed.messages)
    rows = connection.execute("SELECT agent_id, step, head, queue, summary_id, context_version FROM steps").fetchall()
    for agent, step, head, queue, summary, version in rows:
        if summary in changed.summaries or version in changed.versions:
            yield int(agent), int(step)
            continue
        stored = json.loads(queue or "[]")
        ranges = stored["ranges"] if isinstance(stored, dict) else stored
        if any(first <= message <= last for message in above.get(head, ()) for first, last in ranges):
            yield int(agent), int(step)


def _changed_above(connection: Any, messages: Collection[int]) -> dict[int, frozenset[int]]:
    """For every message, which of the changed ones are on the branch that ends at it."""
    above: dict[int, frozenset[int]] = {}
    nothing: frozenset[int] = frozenset()
    rows = connection.execute("SELECT message_id, parent_id FROM messages ORDER BY message_id").fetchall()
    for identifier, parent in rows:
        before = above.get(parent, nothing)
        above[identifier] = before | {identifier} if identifier in messages else before
    return above
