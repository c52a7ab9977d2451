"""A session for displays: scripted events come out, a gate at a time, so that every state can be looked at."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.fake_checks import FakeChecks, FakeQuestionTables
from tests.support.fake_finding import FakeFinding
from tests.support.fake_library import FakeLibrary
from workbench.api.agents import CAPS, FunctionView, Spent
from workbench.api.bibliography import Reference
from workbench.api.broadcast import Subscriber
from workbench.api.events import (
    Attached,
    ContextAssembled,
    Detached,
    Event,
    MemoryEdited,
    PageRead,
    QuestionAsked,
    Stopped,
)
from workbench.api.history import ContextDiff, ErasurePlan, Moved
from workbench.api.results import Hit
from workbench.api.session import AgentInfo, BlockView, DocumentInfo, LineView, PagePicture, PageView, SourceInfo
from workbench.api.tables import RowsView, TableView
from workbench.core.errors import NotFound, UsageError, WorkbenchError

WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Gate:
    """Stands in a script where the session waits until the test opens the gate of this name."""

    name: str


Script = Sequence[Event | Gate | WorkbenchError]


@dataclass
class FakeSession:
    """Implements SessionProtocol; `script` is what a question yields, `loading` what a load yields."""

    script: Script = ()
    loading: Script = ()
    past: Sequence[Event] = ()
    results: PageRead | None = None
    now: ContextAssembled = field(
        default_factory=lambda: ContextAssembled(window=8_192, reserve=1_024, warn=5_018, flush=7_168)
    )
    blocks: tuple[BlockView, ...] = ()
    messages: list[dict[str, Any]] = field(default_factory=list)
    agent: str = "lease-audit"
    model_label: str = "mistral-small"
    drive: str = "model"
    window_tokens: int = 8_192
    shelf: list[SourceInfo] = field(default_factory=list)
    papers: list[DocumentInfo] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    stops: int = 0
    own_turn: Sequence[Event] = ()
    bounds: dict[str, float] = field(default_factory=dict)
    no_server: str = ""

    def __post_init__(self) -> None:
        self.subscription = Subscriber(lambda agent: True)
        self._gates: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._load_stopped = False
        self.busy = False
        self.checks = FakeChecks()
        self.question_tables = FakeQuestionTables()

    # -- for tests ---------------------------------------------------------------------------

    def gate(self, name: str) -> threading.Event:
        """The gate of a name."""
        with self._lock:
            return self._gates.setdefault(name, threading.Event())

    def open(self, *names: str) -> None:
        """Let the script go on."""
        for name in names:
            self.gate(name).set()

    def open_all(self) -> None:
        """Let everything go on, for the end of a test."""
        for script in (self.script, self.loading):
            self.open(*(entry.name for entry in script if isinstance(entry, Gate)))

    # -- SessionProtocol ---------------------------------------------------------------------

    def open_agent(self, name: str | None = None) -> str:
        self.agent = name or self.agent
        return self.agent

    @property
    def library(self) -> FakeLibrary:
        return FakeLibrary(self)

    @property
    def search_service(self) -> FakeFinding:
        return FakeFinding(self)

    @property
    def timeline(self) -> FakeTimeline:
        return FakeTimeline(self)

    @property
    def tables(self) -> FakeTables:
        return FakeTables(self)

    @property
    def agent_service(self) -> FakeRoster:
        return FakeRoster(self)

    @property
    def usage_service(self) -> FakePurse:
        return FakePurse(self)

    def detect_model(self) -> str:
        return self.model_label

    def missing_server(self, *, unasked: bool = False) -> str:
        return self.no_server

    def heartbeat(self) -> Iterator[Event]:
        self.calls.append("beat")
        yield from self.own_turn

    def edit_memory(self, block: str, old: str, new: str) -> Event:
        self.calls.append(f"edit {block} {old!r} {new!r}")
        found = self._block(block)
        lines = [LineView(new, "user", line.pinned) if line.text == old else line for line in found.lines]
        return self._put(found, [*lines, *([] if old else [LineView(new, "user")])], new)

    def pin(self, block: str, line: str, pinned: bool = True) -> Event:
        self.calls.append(f"pin {block} {line!r} {pinned}")
        found = self._block(block)
        return self._put(
            found, [replace(item, pinned=pinned) if item.text == line else item for item in found.lines], ""
        )

    def _block(self, name: str) -> BlockView:
        for block in self.blocks:
            if block.name == name:
                return block
        raise UsageError(f"There is no block {name!r}.", "Blocks: persona, human, task.")

    def _put(self, block: BlockView, lines: Sequence[LineView], added: str) -> Event:
        kept = tuple(line for line in lines if line.text)
        text = "\n".join(line.text for line in kept)
        new = replace(block, text=text, chars=len(text), lines=kept)
        self.blocks = tuple(new if item.name == block.name else item for item in self.blocks)
        return MemoryEdited(block=block.name, text=text, added=added, chars=len(text), limit_chars=block.limit_chars)

    def history(self) -> Iterator[Event]:
        yield from self.past

    def submit(self, text: str) -> Iterator[Event]:
        if self.busy:
            raise UsageError("A question is being answered already.")
        self.busy, self.stops = True, 0
        self.asked.append(text)
        try:
            yield QuestionAsked(text=text)
            yield from self._play(self.script, lambda: self.stops > 0)
        finally:
            self.busy = False

    def load(
        self, paths: Sequence[str | Path], source: str | None = None, *, attach: bool = True, options: Any = None
    ) -> Iterator[Event]:
        self.calls.append(f"load {' '.join(str(path) for path in paths)}")
        self._load_stopped = False
        yield from self._play(self.loading, lambda: self._load_stopped)

    def _play(self, script: Script, stopped: Any) -> Iterator[Event]:
        for entry in script:
            if isinstance(entry, Gate):
                gate = self.gate(entry.name)
                for _ in range(int(WAIT_SECONDS * 100)):
                    if gate.wait(0.01) or stopped():
                        break
                else:
                    raise AssertionError(f"nobody opened the gate {entry.name}")
                if stopped():
                    yield Stopped(reason="user")
                    return
            elif isinstance(entry, WorkbenchError):
                raise entry
            else:
                if isinstance(entry, MemoryEdited):
                    edited = BlockView(entry.block, entry.text, entry.chars, entry.limit_chars)
                    self.blocks = tuple(edited if block.name == entry.block else block for block in self.blocks)
                yield entry

    def attach(self, source: str) -> Event:
        self._named(source)
        self.shelf = [replace(item, attached=item.attached or item.name == source) for item in self.shelf]
        found = self._named(source)
        return Attached(source=source, documents=found.documents, passages=found.passages)

    def detach(self, source: str) -> Event:
        self._named(source)
        self.shelf = [replace(item, attached=item.attached and item.name != source) for item in self.shelf]
        return Detached(source=source)

    def _named(self, source: str) -> SourceInfo:
        for item in self.shelf:
            if item.name == source:
                return item
        raise NotFound(f"There is no source {source}.", "/sources lists them.")

    def search(self, query: str, page: int = 1, source: str | None = None) -> PageRead:
        self.calls.append(f"search {query} {page}")
        if self.results is None:
            return PageRead(query=query, origin="user")
        return replace(self.results, query=query, page=page, first=5 * page - 4, last=5 * page, origin="user")

    def stop(self) -> None:
        self.calls.append("stop")
        self.stops += 1

    def stop_load(self) -> None:
        self.calls.append("stop_load")
        self._load_stopped = True

    def context(self, step: int | None = None) -> ContextAssembled:
        self.calls.append(f"context {step}")
        return replace(self.now, step=step)

    def memory(self) -> tuple[BlockView, ...]:
        return self.blocks

    def page(
        self, document: str, number: int, passage: int | None = None, sources: Sequence[str] | None = None
    ) -> PageView:
        self.calls.append(f"page {document} {number} {passage}")
        text = f"This is page {number} of {document}.\n\nThe marked passage stands here.\n\nAnd more text follows it."
        start = text.index("The marked")
        return PageView(document, number, 20, None, text, start, start + 32 if passage is not None else start)

    def page_picture(
        self, document: str, number: int, quote: str, width: int, height: int, sources: Sequence[str] | None = None
    ) -> PagePicture:
        self.calls.append(f"picture {document} {number} {quote!r} {width}x{height}")
        return PagePicture.of(4, 4, bytes([255, 255, 255] * 8 + [20, 40, 60] * 8), ((0.0, 2.0, 4.0, 4.0),))

    def agents(self) -> list[AgentInfo]:
        return []

    def references(self) -> tuple[Reference, ...]:
        return ()

    def sources(self) -> list[SourceInfo]:
        return list(self.shelf)

    def documents(self, source: str | None = None) -> list[DocumentInfo]:
        return [paper for paper in self.papers if source in (None, paper.source)]

    def transcript(self, last: int | None = None) -> list[dict[str, Any]]:
        return self.messages[-last:] if last else list(self.messages)

    def use_model(self, model: str) -> str:
        self.model_label = model
        return model

    def save(self) -> str:
        return "/home/somebody/workbench.duckdb"

    def close(self) -> None:
        self.calls.append("close")


@dataclass
class FakeTimeline:
    """Implements TimelineProtocol over a FakeSession: what it is asked for is noted in `calls`."""

    session: FakeSession

    @property
    def eraser(self) -> FakeTimeline:
        return self

    def words(self, text: str) -> ErasurePlan:
        return ErasurePlan((7,), (), (), (text,), (f"#7 user: {text}",), ())

    def message(self, number: int) -> ErasurePlan:
        return ErasurePlan((number,), (), (), (), (f"#{number} user: something",), ())

    def document(self, path: str, source: str | None = None) -> ErasurePlan:
        return ErasurePlan((), (3,), (), (), (), (f"leases: {path}",))

    def source(self, name: str) -> ErasurePlan:
        return ErasurePlan((), (3, 4), (1,), (), (), (f"{name}: a.pdf", f"{name}: b.pdf"))

    def erase(self, plan: ErasurePlan) -> str:
        self.session.calls.append(f"erase {len(plan.messages)} {len(plan.documents)} {len(plan.sources)}")
        return "forgotten: all of it"

    def _moved(self, operation: str) -> Moved:
        self.session.calls.append(operation)
        return Moved(operation, 2, f"{operation} is done")

    def _turn(self, operation: str) -> Iterator[Event]:
        self.session.calls.append(operation)
        yield from self.session._play(self.session.script, lambda: self.session.stops > 0)

    def undo(self) -> Moved:
        return self._moved("undo")

    def redo(self) -> Moved:
        return self._moved("redo")

    def pop(self, messages: int | None = None) -> Moved:
        return self._moved(f"pop {messages}")

    def rethink(self, text: str) -> Moved:
        return self._moved(f"rethink {text}")

    def rewrite(self, text: str) -> Moved:
        return self._moved(f"rewrite {text}")

    def retry(self) -> Iterator[Event]:
        return self._turn("retry")

    def summarize(self) -> Iterator[Event]:
        return self._turn("summarize")

    def heartbeat(self) -> Iterator[Event]:
        return self._turn("heartbeat")

    def memory_warning(self) -> Iterator[Event]:
        return self._turn("memorywarning")

    def steps(self) -> list[int]:
        return [1, 2, 3]

    def cacheable_share(self, step: int | None) -> float:
        return 0.5

    def fork(self, step: int, name: str | None = None) -> str:
        self.session.calls.append(f"fork {step} {name}")
        return name or f"{self.session.agent}-step-{step}"

    def compare(self, first: int | None, second: int | None) -> ContextDiff:
        self.session.calls.append(f"compare {first} {second}")
        return ContextDiff(
            first, second, self.session.now.used, self.session.now.used, (), len(self.session.now.segments)
        )


@dataclass
class FakeRoster:
    """Implements RosterProtocol over a FakeSession."""

    session: FakeSession

    def presets(self) -> list[str]:
        return ["chat", "documents"]

    def drive(self, name: str, drive: str) -> None:
        self.session.calls.append(f"drive {name} {drive}")
        self.session.drive = drive

    def preset(self, name: str, preset: str) -> None:
        self.session.calls.append(f"preset {name} {preset}")
        if preset not in self.presets():
            raise UsageError(f"There is no preset named {preset!r}.", "There are: chat, documents.")

    def functions(self, name: str) -> list[FunctionView]:
        return [FunctionView("send_message", "Send a message to the user.", "workbench", True, True)]

    def export(self, name: str, file: Path) -> int:
        self.session.calls.append(f"export {name} {file}")
        return 4_711


@dataclass
class FakePurse:
    """Implements PurseProtocol over a FakeSession."""

    session: FakeSession

    def spent(self) -> Spent:
        return Spent(12, 34_567, 890, 4.25, None)

    def limits(self) -> dict[str, float]:
        return {"steps": 50, "seconds": 1800, "tokens": 0, "cost": 0, **self.session.bounds}

    def limit(self, name: str, value: float) -> None:
        if name not in CAPS:
            raise UsageError(
                "A question is bounded by steps, seconds, tokens, cost.", "For example /budget tokens 20000."
            )
        self.session.bounds[name] = value


def hit(
    passage: int, document: str, page: int, score: float, text: str = "", label: str | None = None, heading: str = ""
) -> Hit:
    """A hit of a page of results."""
    return Hit(
        passage, f"#a{passage}", document, page, label, heading, text or f"The text of passage {passage}.", score
    )


@dataclass
class FakeTables:
    """One table, and one answer to every query."""

    session: FakeSession

    def list(self, source: str | None = None) -> tuple[TableView, ...]:
        columns = (("tenant", "VARCHAR", "Tenant"), ("rent", "BIGINT", "Rent"))
        return (TableView("rents", "rents.csv", 1, "", columns, 3),) if self.session.library else ()

    def query(self, sql: str, page: int = 1, source: str | None = None) -> RowsView:
        self.session.calls.append(f"sql {sql}")
        if "secret" in sql:
            raise UsageError("There is no table 'secret'.", "Tables: rents.")
        rows = (("Ada\x1b[31m", "500"), ("Grace", None))
        return RowsView(("tenant", "rent"), rows, page, 2, 73, False, ("rents.csv",))
