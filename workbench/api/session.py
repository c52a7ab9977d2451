"""The protocol of a session, and the frozen views it returns: agents, sources, memory blocks and pages."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workbench.api.agents import AgentServiceProtocol, UsageServiceProtocol
from workbench.api.bibliography import Reference
from workbench.api.broadcast import Subscriber
from workbench.api.check import CheckServiceProtocol
from workbench.api.documents import DocumentServiceProtocol, LoadOptions
from workbench.api.events import ContextAssembled, Event, PageRead
from workbench.api.history import HistoryServiceProtocol
from workbench.api.question_table import QuestionTableProtocol
from workbench.api.search import SearchServiceProtocol
from workbench.api.tables import TableServiceProtocol


@dataclass(frozen=True)
class AgentInfo:
    """An agent as lists show it. Times are ISO 8601 in UTC."""

    name: str
    model: str
    window: int
    steps: int
    messages: int
    sources: tuple[str, ...]
    created: str
    last_used: str


@dataclass(frozen=True)
class SourceInfo:
    """A source: a named set of documents. `attached` speaks of the current agent.

    `unembedded` passages are found by their words only so far; `queued` files are not loaded; `note` is the user's.
    """

    name: str
    documents: int
    pages: int
    passages: int
    bytes: int
    attached: bool
    created: str
    unembedded: int = 0
    queued: int = 0
    note: str = ""
    embedding: str = ""
    """The models that its documents are embedded with, where these are not the built-in one alone."""


@dataclass(frozen=True)
class DocumentInfo:
    """A document inside a source; `status` is loaded, or what the queue says (waiting, failed, quarantined, skipped).

    `alike` are the paths of its near-duplicates in the source, `note` is the user's, `remark` says what of it was not read
    or is reached by SQL alone.
    """

    source: str
    path: str
    title: str
    pages: int
    passages: int
    bytes: int
    status: str = "loaded"
    reason: str = ""
    remedy: str = ""
    note: str = ""
    alike: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class LineView:
    """A line of a block. `origin` is model, user, system (kept by the workbench) or hop; a pinned line is the user's to change.

    `led_by` is the document that the model had read when it wrote the line into persona or human.
    """

    text: str
    origin: str = "model"
    pinned: bool = False
    led_by: str = ""


@dataclass(frozen=True)
class BlockView:
    """A block of the working context, as it is now."""

    name: str
    text: str
    chars: int
    limit_chars: int
    lines: tuple[LineView, ...] = ()


@dataclass(frozen=True)
class PageView:
    """A page of a document. `number` is 1-based; `start`..`end` mark the passage asked for inside `text`."""

    document: str
    number: int
    pages: int
    label: str | None
    text: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class PagePicture:
    """A page as it looks, with a quote marked in it.

    `data` is width x height x 3 bytes (RGB, row by row), packed by zlib and written in base64: it goes through JSON.
    `boxes` are where the quote stands, a box a line: left, top, right, bottom in pixels; none where it was not found.
    """

    width: int
    height: int
    data: str
    boxes: tuple[tuple[float, float, float, float], ...] = ()

    @classmethod
    def of(
        cls, width: int, height: int, rgb: bytes, boxes: tuple[tuple[float, float, float, float], ...]
    ) -> PagePicture:
        """From bytes as they are."""
        return cls(width, height, base64.b64encode(zlib.compress(rgb, 6)).decode(), boxes)

    @property
    def rgb(self) -> bytes:
        """The bytes as they are."""
        return zlib.decompress(base64.b64decode(self.data))


class SessionProtocol(Protocol):
    """The only object a display holds. Generators block: run them off the event loop, one question at a time."""

    @property
    def agent(self) -> str:
        """Name of the current agent."""
        ...

    @property
    def model_label(self) -> str:
        """The model as people should read it, for example "extractive reader" or "mistral-small"."""
        ...

    @property
    def drive(self) -> str:
        """Who searches: "model", "guided" or "auto" (see the setting), and "" where the reader alone answers."""
        ...

    @property
    def window_tokens(self) -> int:
        """The context window in tokens."""
        ...

    def detect_model(self) -> str:
        """Ask the server which model answers, where none is named; returns `model_label`. Blocks; never raises."""
        ...

    def missing_server(self, *, unasked: bool = False) -> str:
        """Why the agent's model server cannot be asked, in a sentence; "" where it can, or where the reader answers alone.

        Blocks for seconds; never raises. Nothing is asked of the model, and no key is sent. `unasked`: nobody waits for it,
        so a server that is neither on this machine nor in a private network is left in peace.
        """
        ...

    @property
    def subscription(self) -> Subscriber:
        """Hears what other displays and commands do to the current agent, and what is in its context after every change."""
        ...

    @property
    def search_service(self) -> SearchServiceProtocol:
        """Searches with options, links and sweeps of the user."""
        ...

    @property
    def library(self) -> DocumentServiceProtocol:
        """What there is to do with sources and files."""
        ...

    @property
    def tables(self) -> TableServiceProtocol:
        """The tables of what is attached, and SQL over them."""
        ...

    @property
    def question_tables(self) -> QuestionTableProtocol:
        """Tables of answers: the same questions asked of every document of a source."""
        ...

    @property
    def checks(self) -> CheckServiceProtocol:
        """Checks of the user's own texts against sources."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a question is being answered."""
        ...

    def open_agent(self, name: str | None = None) -> str:
        """Work with another agent from now on; returns its name."""
        ...

    @property
    def timeline(self) -> HistoryServiceProtocol:
        """The agent's past: undo, retry, fork, forget, and steps compared."""
        ...

    def history(self) -> Iterator[Event]:
        """The durable events of the current agent's branch, oldest first, then the latest ContextAssembled and PageRead."""
        ...

    def submit(self, text: str) -> Iterator[Event]:
        """Answer a question; ends with Yielded or Stopped. Raises UsageError when one is being answered already."""
        ...

    def load(
        self, paths: Sequence[str | Path], source: str | None = None, *, attach: bool = True,
        options: LoadOptions | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        """Load files and folders into a source (named after the first path) and attach it: LoadProgress…, Loaded, Attached."""
        ...

    def heartbeat(self) -> Iterator[Event]:
        """A turn of the model's own when one is due (heartbeat_minutes); no events when none is. A display asks each minute."""
        ...

    @property
    def agent_service(self) -> AgentServiceProtocol:
        """All agents: their presets and functions, and files of them."""
        ...

    @property
    def usage_service(self) -> UsageServiceProtocol:
        """What the current agent spent, and what a question may."""
        ...

    def edit_memory(self, block: str, old: str, new: str) -> Event:
        """The user's edit: `old` becomes `new`; an empty `old` appends, an empty `new` deletes. Raises UsageError."""
        ...

    def pin(self, block: str, line: str, pinned: bool = True) -> Event:
        """Pin a line of a block, so that the model cannot change it, or let it go. Raises UsageError."""
        ...

    def attach(self, source: str) -> Event:
        """Attach a source. Attached; attaching twice changes nothing."""
        ...

    def detach(self, source: str) -> Event:
        """Detach a source."""
        ...

    def search(self, query: str, page: int = 1, source: str | None = None) -> PageRead:
        """A search by the user: the same path as the model's, `page` counted from 1."""
        ...

    def stop(self) -> None:
        """Stop the answer after this step; called again, cancel now."""
        ...

    def stop_load(self) -> None:
        """Stop the load that runs; what is done stays."""
        ...

    def context(self, step: int | None = None) -> ContextAssembled:
        """What was in main context at a step (default: what the next prompt would hold)."""
        ...

    def memory(self) -> tuple[BlockView, ...]:
        """The blocks of the working context, as they are now."""
        ...

    def page(
        self, document: str, number: int, passage: int | None = None, sources: Sequence[str] | None = None
    ) -> PageView:
        """A page of a document of the sources with these names, by default of the attached ones. Raises NotFound."""
        ...

    def page_picture(
        self, document: str, number: int, quote: str, width: int, height: int, sources: Sequence[str] | None = None
    ) -> PagePicture:
        """A page as it looks, as large as fits into so many pixels, with a quote marked. Raises NotFound and WorkError."""
        ...

    def agents(self) -> list[AgentInfo]:
        """All agents."""
        ...

    def references(self) -> tuple[Reference, ...]:
        """The documents that answers of this conversation cite, as a bibliography needs them."""
        ...

    def sources(self) -> list[SourceInfo]:
        """All sources."""
        ...

    def documents(self, source: str | None = None) -> list[DocumentInfo]:
        """The documents of one source or of all."""
        ...

    def transcript(self, last: int | None = None) -> list[dict[str, Any]]:
        """The messages of the current branch as they are on the wire, oldest first (`/dump`)."""
        ...

    def use_model(self, model: str) -> str:
        """Change the model of this session ("reader" is the embedded one); returns its label."""
        ...

    def save(self) -> str:
        """Everything is saved as it happens; returns where."""
        ...

    def close(self) -> None:
        """Stop workers and close the database."""
        ...
