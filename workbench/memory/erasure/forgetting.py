"""Erases messages and documents from every table and leaves a tombstone where an old step showed them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
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
from workbench.storage.erasure import ErasureSource, ErasureWriter


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

    def __init__(self, database: Database, texts: Texts, source: ErasureSource | None = None) -> None:
        """`source` reads the documents, where they are not in the database of the agents."""
        self._database = database
        self._source = source or ErasureSource(database)
        self._texts = texts

    def notes_with(self, targets: Targets) -> list[int]:
        """Documents among the agents' own notes that hold what is to be erased: they go as well."""
        redaction = self._redaction(targets)
        pages = self._source.note_pages()
        return sorted({key for key, text in pages if redaction.text(text) != text} - set(targets.documents))

    def erase(self, targets: Targets) -> Erased:
        """Erase the targets, every verbatim stretch of them in what agents said and noted, and what was derived from it."""
        redaction = self._redaction(targets)
        forgotten = self._source.content_hashes(targets.documents)
        gone = self._source.passages(targets.documents)
        shown = {key: text for key, text in self._texts(self._source.shown_passages()).items() if key not in gone}

        # What is elsewhere goes first: whoever is cut off here finds the rest again by what agents said.
        elsewhere = self._source.delete(targets.documents, targets.sources)

        def job(connection: Any) -> Erased:
            changed, erased, writer = _Changed(), Erased(), ErasureWriter(connection)
            self._messages(writer, targets, redaction, shown, changed)
            self._summaries(writer, redaction, changed)
            self._versions(writer, redaction, forgotten, changed)
            self._replies(writer, redaction, changed)
            erased.events = self._events(writer, redaction)
            erased.passages = writer.delete_from_archive(targets.documents, targets.sources) + elsewhere
            marked = changed.steps | set(_steps_of(writer, changed))
            for agent, step in sorted(marked):
                writer.mark_forgotten(agent, step)
            erased.messages, erased.documents = len(changed.messages), len(targets.documents)
            erased.summaries, erased.versions, erased.steps = len(changed.summaries), len(changed.versions), len(marked)
            return erased

        return self._database.write(job)

    def _redaction(self, targets: Targets) -> Redaction:
        documents = targets.documents
        names = [*targets.words, *self._source.paths(documents)]
        redaction = Redaction(self._source.texts(documents), names, self._source.passages(documents))
        for kinds in (["user_message"], ["user_message", "assistant", "function_result"]):
            texts, others = self._said(targets, kinds)
            redaction.add([*targets.words, *texts], others)
        return redaction

    def _said(self, targets: Targets, kinds: list[str]) -> tuple[list[str], list[str]]:
        """What messages of the last of these kinds say that go, and what messages of all of them say that stay: their own words."""
        rows = self._source.messages(kinds, targets.messages)
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

    # -- what agents said, noted and did ----------------------------------------------------------------------------------

    def _messages(
        self, writer: ErasureWriter, targets: Targets, redaction: Redaction, shown: Mapping[int, str], changed: _Changed
    ) -> None:
        rows = writer.messages()
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
                writer.set_message(identifier, json.dumps(body, ensure_ascii=False), tokens)

    def _summaries(self, writer: ErasureWriter, redaction: Redaction, changed: _Changed) -> None:
        for identifier, text in writer.summaries():
            body = json.loads(text)
            cleaned = redaction.value(body)
            if cleaned != body:
                summary = Summary(
                    identifier, cleaned["text"], tuple(cleaned["stubs"]), cleaned["evicted"], cleaned["time"]
                )
                writer.set_summary(identifier, json.dumps(cleaned), count_message(summary.wire()))
                changed.summaries.add(int(identifier))

    def _versions(
        self, writer: ErasureWriter, redaction: Redaction, forgotten: frozenset[str], changed: _Changed
    ) -> None:
        held: dict[int, set[int]] = {}
        for identifier, text in writer.context_versions():
            blocks = json.loads(text)
            for at in blocks.values():
                if isinstance(at, int):
                    held.setdefault(at, set()).add(int(identifier))
            cleaned = {
                name: lines if isinstance(lines, int) else _lines(_without(lines, forgotten), redaction)
                for name, lines in blocks.items()
            }
            if cleaned != blocks:
                writer.set_context_version(identifier, json.dumps(cleaned, ensure_ascii=False))
                changed.versions.add(int(identifier))
        # A version may refer to another for the lines of a block.
        changed.versions.update(*(held.get(version, set()) for version in list(changed.versions)))

    def _replies(self, writer: ErasureWriter, redaction: Redaction, changed: _Changed) -> None:
        for agent, step, *texts in writer.step_texts():
            values = [json.loads(text) if text else None for text in texts]
            cleaned = [redaction.value(value) for value in values]
            if cleaned != values:
                state, reply, request = (
                    json.dumps(value, ensure_ascii=False) if value is not None else None for value in cleaned
                )
                writer.set_step_texts(agent, step, state, reply, request)
                changed.steps.add((int(agent), int(step)))

    def _events(self, writer: ErasureWriter, redaction: Redaction) -> int:
        count = 0
        for agent, seq, text in writer.events():
            data = json.loads(text)
            cleaned = redaction.value(data)
            if cleaned != data:
                writer.set_event(agent, seq, json.dumps(cleaned, ensure_ascii=False))
                count += 1
        for identifier, text in writer.user_notes():
            if (cleaned := redaction.text(text)) != text:
                writer.set_user_note(identifier, cleaned)
        self._results(writer, redaction)
        return count

    def _results(self, writer: ErasureWriter, redaction: Redaction) -> None:
        """Results that can be paged further go on, with tombstones; one whose query says what is erased goes."""
        for agent, reader, slot, query, body in writer.cursors():
            if not body or redaction.text(query) != query:
                writer.delete_cursor(agent, reader, slot)


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


def _steps_of(writer: ErasureWriter, changed: _Changed) -> Iterator[tuple[int, int]]:
    """The steps whose prompt showed something of what has changed."""
    above = _changed_above(writer.parents(), changed.messages)
    for row in writer.step_references():
        if row.summary in changed.summaries or row.version in changed.versions:
            yield row.agent, row.step
            continue
        stored = json.loads(row.queue or "[]")
        ranges = stored["ranges"] if isinstance(stored, dict) else stored
        shown = above.get(row.head, ()) if row.head is not None else ()
        if any(first <= message <= last for message in shown for first, last in ranges):
            yield row.agent, row.step


def _changed_above(parents: Iterable[tuple[int, int | None]], messages: Collection[int]) -> dict[int, frozenset[int]]:
    """For every message, which of the changed ones are on the branch that ends at it."""
    above: dict[int, frozenset[int]] = {}
    nothing: frozenset[int] = frozenset()
    for identifier, parent in parents:
        before = above.get(parent, nothing) if parent is not None else nothing
        above[identifier] = before | {identifier} if identifier in messages else before
    return above
