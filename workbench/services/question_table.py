"""Asks the same questions of every document of a source, each cell by a fresh agent that sees this document alone.

A cell is stored when it is known, so a run that was killed goes on where it ended. A value is called found only where a verified
quote states it and no other sentence of the document that fits the question as well states another.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from workbench import __version__
from workbench.agent.answers.cells import LEAST_TEXT, NO_ANSWER, Answer, Candidate, answer_of, settle
from workbench.agent.answers.source_sentences import document_sentences, source_sentences
from workbench.agent.answers.typed_answer import (
    DATES,
    KINDS,
    NUMBERS,
    TEXT,
    YES_NO,
    asked_mention,
    asks_any_date,
    asks_for_name,
    covers,
    kind_of,
)
from workbench.agent.loop import Agent
from workbench.api.events import AnswerDone, Failed, StepFinished, Stopped
from workbench.api.question_table import FAILED, OPEN, AnswerRow, AnswerTable, Cell, Column, Evidence, TableProgress
from workbench.api.results import Hit
from workbench.core.errors import NotFound, UsageError, WorkbenchError
from workbench.core.settings import READER, Settings
from workbench.models.extractive.tables import columns_of
from workbench.retrieval.query import Restriction
from workbench.services import agent_factory
from workbench.services.container import AppContext
from workbench.services.open_agents import CurrentAgent
from workbench.storage.agents import AgentRow
from workbench.storage.home import Jobs
from workbench.storage.rows import Passage

RULES_VERSION = 7
"""Raised when the same document and question would give another cell: what was stored is then not used."""

_CELL_AGENT = "table cell"
_SWITCHED_OFF = ("archival_follow", "archival_memory_insert")
"""Functions that lead out of the document, or leave something behind in the library."""

_TYPE = re.compile(r"\s*\[(text|number|date|yes/no|yesno)\]\s*$", re.IGNORECASE)
_MOST_COLUMNS, _MOST_QUESTION_CHARS = 100, 1_000
_FAILURES = 3
"""So many cells in a row that fail for the same reason end a run."""

_COMPARED_PASSAGES, _QUOTED_PASSAGES, _LIKENED = 12, 6, 24
"""How many passages of a document are looked through for a typed value, how many for a quote, and how many sentences are compared with
the question in meaning: each costs time."""


class QuestionTableService:
    """See QuestionTableProtocol."""

    def __init__(self, app: AppContext, settings: Settings, current: CurrentAgent) -> None:
        self._app = app
        self._given = settings
        self._current = current
        self._stop = threading.Event()
        self._agent: Agent | None = None

    def columns(self, text: str) -> Sequence[Column]:
        """See QuestionTableProtocol."""
        return read_columns(text)

    def run(
        self, columns: Sequence[Column], source: str, *, model: str = "", fresh: bool = False
    ) -> Iterator[TableProgress | Cell]:
        """See QuestionTableProtocol."""
        key, documents, settings = self._chosen(columns, source, model)
        results, job = self._job(key, settings)
        known = {} if fresh else results.results(job)
        return self._run(columns, key, documents, settings, results, job, known)

    def table(self, columns: Sequence[Column], source: str, *, model: str = "") -> AnswerTable:
        """See QuestionTableProtocol."""
        key, documents, settings = self._chosen(columns, source, model)
        results, job = self._job(key, settings)
        known = results.results(job)
        rows = []
        for document, path in documents:
            cells = (
                _restored(known[item], path, column)
                if (item := _item(document, column)) in known
                else Cell(path, column.name)
                for column in columns
            )
            rows.append(AnswerRow(path, tuple(cells)))
        asked = [cell for row in rows for cell in row.cells if cell.state != OPEN]
        costs = [cell.cost for cell in asked if cell.cost is not None]
        return AnswerTable(
            source, settings.model or READER, tuple(columns), tuple(rows), len(asked), len(rows) * len(columns),
            sum(cell.seconds for cell in asked), sum(costs) if costs else None,
        )  # fmt: skip

    def ask_again(self, columns: Sequence[Column], source: str, document: str, column: str, *, model: str = "") -> Cell:
        """See QuestionTableProtocol."""
        key, documents, settings = self._chosen(columns, source, model)
        wanted = next((item for item in columns if item.name == column), None)
        number = next((number for number, path in documents if path == document), None)
        if wanted is None or number is None:
            raise NotFound(f"There is no cell of {document!r} and {column!r}.", "Choose a cell of the table.")
        results, job = self._job(key, settings)
        cell = self._asked(key, number, document, wanted, settings)
        if cell.state != FAILED:  # else no later run would ask it
            results.keep(job, _item(number, wanted), asdict(cell), [number])
        return cell

    def stop(self) -> None:
        """See QuestionTableProtocol."""
        self._stop.set()
        if self._agent is not None:
            self._agent.stop.request()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _chosen(
        self, columns: Sequence[Column], source: str, model: str
    ) -> tuple[int, list[tuple[int, str]], Settings]:
        """The source's id, its documents (id, path) by path, and the settings of the run."""
        if not columns:
            raise UsageError("There is no question.", "Give a file with a question a line, or --question.")
        archive = self._app.archive
        key = archive.find_source(source)
        documents = [(document, path) for document, (path, _) in archive.paths([key]).items()]
        if not documents:
            raise UsageError(
                f"Source {source!r} has no document.", f"Load some: workbench load PATH --source {source}."
            )
        # On the screen the model of its agent answers; a command has no agent open.
        given = self._current.opened.settings if self._current.opened else self._given
        settings = self._app.prices.priced(replace(given, model=model) if model else given)
        return key, sorted(documents, key=lambda pair: pair[1]), settings

    def _job(self, source: int, settings: Settings) -> tuple[Jobs, int]:
        results = self._app.home.jobs
        name = {
            "source": source, "model": settings.model, "server": settings.base_url if settings.model != READER else "",
            "rules": RULES_VERSION, "version": __version__,
        }  # fmt: skip
        return results, results.job("table", name)

    def _run(
        self, columns: Sequence[Column], source: int, documents: Sequence[tuple[int, str]], settings: Settings,
        results: Jobs, job: int, known: Mapping[str, Any],
    ) -> Iterator[TableProgress | Cell]:  # fmt: skip
        self._stop.clear()
        self._delete_left_agents()
        total = len(columns) * len(documents)
        began, done, again, cost, failures = time.monotonic(), 0, 0, None, list[str]()

        def progress(document: str = "", column: str = "") -> TableProgress:
            seconds, asked = time.monotonic() - began, done - again
            left = seconds / asked * (total - done) if asked else None
            return TableProgress(done, total, again, seconds, cost, left, document, column)

        for document, path in documents:
            for column in columns:
                if self._stop.is_set():
                    return
                item = _item(document, column)
                if item in known:
                    done, again = done + 1, again + 1
                    yield _restored(known[item], path, column)
                    continue
                yield progress(path, column.name)
                cell = self._asked(source, document, path, column, settings)
                if self._stop.is_set() and cell.state == FAILED:
                    return
                if cell.state != FAILED:
                    results.keep(job, item, asdict(cell), [document])
                done += 1
                cost = cell.cost if cost is None else cost + (cell.cost or 0.0)
                yield cell
                failures = [*failures, cell.note] if cell.state == FAILED else []
                if len(failures) >= _FAILURES and len(set(failures[-_FAILURES:])) == 1:
                    return  # a server that is not there answers no other cell either
        yield progress()

    def _asked(self, source: int, document: int, path: str, column: Column, settings: Settings) -> Cell:
        """One cell, asked now."""
        if settings.uses_reader:
            began = time.monotonic()
            cell = self._read(source, document, path, column)
            return replace(cell, seconds=time.monotonic() - began)
        return self._asked_of_model(source, document, path, column, settings)

    def _read(self, source: int, document: int, path: str, column: Column) -> Cell:
        """The reader's cell: it needs no agent, the passages of the document that come nearest are enough."""
        from workbench.models.extractive.passage_answer import best_quotes

        if column.kind == DATES and asks_any_date(column.question):
            return settle(path, column, NO_ANSWER, self._with_numbers(document))
        passages = self._passages(source, document, column)
        if column.kind != TEXT or asks_for_name(column.question):
            return settle(path, column, NO_ANSWER, self._candidates(path, column, passages))
        passages = passages[:_QUOTED_PASSAGES]
        shown = [
            Hit(item.id, f"#d{number}", path, item.page, heading=item.heading, text=item.text)
            for number, item in enumerate(passages, 1)
        ]
        quotes, confidence = best_quotes(column.question, shown, self._app.queries.score)
        passage_of = {hit.handle: hit.passage for hit in shown}
        evidence = tuple(Evidence(one.text, one.document_page, None, passage_of[one.handle]) for one in quotes)
        answer = Answer(confidence >= LEAST_TEXT, "", evidence, round(confidence, 4), True, True)
        return settle(path, column, answer, ())

    def _passages(self, source: int, document: int, column: Column) -> list[Passage]:
        """The passages of a document that come nearest to a question, in the order of the search."""
        paths, restriction = self._app.archive.paths([source]), Restriction(frozenset({document}))
        wanted = asked_mention(column.question) if column.kind == YES_NO else ""
        ranking = self._app.search.ranking(
            paths, wanted or column.question, _COMPARED_PASSAGES, restriction=restriction
        )
        nearest = ranking.ids[:_COMPARED_PASSAGES]
        stored = self._app.archive.passages(list(nearest))
        return [stored[key] for key in nearest if key in stored]

    def _with_numbers(self, document: int) -> list[Candidate]:
        """All sentences of a document that have a number in them, as a date has, in order."""
        sentences = document_sentences(self._app.archive, document)
        return [
            Candidate(item.text, item.before, item.heading, Evidence(item.text, item.page, None, item.passage), 0.0)
            for item in sentences
            if any(letter.isdigit() for letter in item.text)
        ]

    def _candidates(self, path: str, column: Column, passages: Sequence[Passage]) -> list[Candidate]:
        """The sentences of passages that say most of a question, with their likeness to it in meaning."""
        sentences = source_sentences(passages, re.sub(r"[-_./\d]+", " ", path))
        sentences.sort(key=lambda item: covers(column.question, item.text, item.around), reverse=True)
        sentences = sentences[:_LIKENED]
        likeness = self._app.queries.score(column.question, [item.text for item in sentences])
        # A passage from the middle of a table has its columns in its heading.
        whole = {item.id: f"{item.heading.rpartition('columns: ')[2]}\n{item.text}" for item in passages}
        return [
            Candidate(
                item.text,
                item.before,
                item.heading,
                Evidence(item.text, item.page, None, item.passage),
                like,
                columns_of(item.text, whole[item.passage]) if column.kind == NUMBERS else "",
            )
            for item, like in zip(sentences, likeness, strict=True)
        ]

    def _asked_of_model(self, source: int, document: int, path: str, column: Column, settings: Settings) -> Cell:
        """Ask one document one question with a fresh agent, which is deleted again."""
        began, paid = time.monotonic(), 0.0
        done, reason = None, ""
        row = self._app.agents.create(
            self._app.agents.fresh_name(_CELL_AGENT),
            {"asked": True, "cell": True, "document": document, "functions_off": list(_SWITCHED_OFF), "model": settings.model,
             "base_url": settings.base_url, "window_tokens": settings.window_tokens},
        )  # fmt: skip
        try:
            self._app.agents.attach(row.id, source)
            agent = self._agent = agent_factory.build(self._app, row, settings)
            with agent.asking:
                for event in agent.answer(column.question):
                    if isinstance(event, AnswerDone):
                        done = event
                    elif isinstance(event, Failed):
                        reason = f"{event.message} {event.hint}".strip()
                    elif isinstance(event, Stopped):
                        reason = reason or event.detail
                    elif isinstance(event, StepFinished):
                        paid += event.cost
        except WorkbenchError as error:
            done, reason = None, error.one_line()
        finally:
            self._agent = None
            self._delete(row)
        seconds = time.monotonic() - began
        cost = paid if settings.price_in or settings.price_out else None
        if done is None:
            return Cell(
                path, column.name, FAILED, note=reason or "The model gave no answer.", seconds=seconds, cost=cost
            )
        return replace(settle(path, column, answer_of(done), ()), seconds=seconds, cost=cost)

    def _delete(self, row: AgentRow) -> None:
        self._app.open_agents.remove(row.id)
        self._app.agents.delete(row)
        self._app.search.cursors.drop(row.id)

    def _delete_left_agents(self) -> None:
        """Agents of a run that was killed."""
        for row in self._app.agents.all():
            if row.settings.get("cell") and self._app.open_agents.find(row.id) is None:
                with suppress(WorkbenchError):
                    self._delete(row)


def read_columns(text: str) -> tuple[Column, ...]:
    """The columns of a question file: a question a line, or `NAME | QUESTION | TYPE`; # begins a remark.

    A type (text, number, date, yes/no) may also stand in brackets behind the question; else it is read off the question.
    Raises UsageError for a file without a question, and for an unknown type.
    """
    columns: list[Column] = []
    for at, line in enumerate(text.splitlines(), 1):
        plain = " ".join(line.split())
        if not plain or plain.startswith("#"):
            continue
        columns.append(_column(plain, at, {item.name for item in columns}))
    if not columns:
        raise UsageError(
            "There is no question.", "Write one question a line, for example: What is the monthly rent? [number]"
        )
    if len(columns) > _MOST_COLUMNS:
        raise UsageError(f"There are {len(columns)} questions.", f"Ask at most {_MOST_COLUMNS} at a time.")
    return tuple(columns)


def _column(line: str, at: int, taken: set[str]) -> Column:
    parts = [part.strip() for part in line.split("|")]
    name, question, kind = "", parts[0], ""
    if len(parts) in (2, 3):
        name, question, kind = parts[0], parts[1], parts[2].lower() if len(parts) == 3 else ""
    elif len(parts) > 3:
        raise UsageError(f"Line {at} has more than three parts.", "Write NAME | QUESTION | TYPE.")
    if match := _TYPE.search(question):
        question, kind = question[: match.start()], kind or match[1].lower()
    kind = {"yesno": "yes/no", "": kind_of(question)}.get(kind, kind)
    if kind not in KINDS:
        raise UsageError(f"Line {at} asks for the type {kind[:40]!r}.", f"Types: {', '.join(KINDS)}.")
    if not question:
        raise UsageError(f"Line {at} has no question.", "Write NAME | QUESTION | TYPE.")
    if len(question) > _MOST_QUESTION_CHARS:
        raise UsageError(
            f"The question of line {at} has {len(question):,} characters.", f"Ask in {_MOST_QUESTION_CHARS:,}."
        )
    base = name or _short(question)
    unique = next(item for item in (base, *(f"{base} {n}" for n in range(2, len(taken) + 3))) if item not in taken)
    return Column(unique, question, kind)


_HEADER_CHARS = 40


def _short(question: str) -> str:
    return question if len(question) <= _HEADER_CHARS else question[: _HEADER_CHARS - 1].rstrip() + "…"


def _item(document: int, column: Column) -> str:
    digest = hashlib.sha256(f"{column.kind}\n{column.question}".encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return f"{document}:{digest}"


def _restored(stored: Mapping[str, Any], path: str, column: Column) -> Cell:
    evidence = tuple(Evidence(**item) for item in stored["evidence"])
    return Cell(**{**stored, "document": path, "column": column.name, "evidence": evidence})
