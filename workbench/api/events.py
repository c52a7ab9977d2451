"""What happened: the vocabulary of the whole program. The engine yields these; screens, plain output, the journal and the tests read them.

Every event has `agent` (its name, or "" outside agents), `step` (None outside steps) and `seq` (rising within one
process). Durable events state facts and are yielded only after the commit that made them true; the others are
ephemeral and never stored. Text in events is foreign text: a display must never treat it as markup.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from workbench.api.results import Hit

# The base of all events: agent, step and order, and their form on the wire.


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events."""

    durable: ClassVar[bool] = False

    agent: str = ""
    step: int | None = None
    seq: int = 0

    @property
    def name(self) -> str:
        """The event's name on the wire: the class name in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping with "event" and "step" first."""
        fields = asdict(self)
        return {"event": self.name, "step": fields.pop("step"), **fields}


# Parts of events: segments of a prompt, citations. Pure data. (Hits of a search are those of api.results.)


@dataclass(frozen=True)
class Segment:
    """One contiguous part of a prompt, in wire order.

    `name` is what the gauge stacks: system | functions | summary | conversation | paged | working_context | overhead.
    `tokens` counts the text and its framing; the segments of a prompt add up to its `used`. `text` is exactly what was sent.
    """

    name: str
    tokens: int
    text: str = ""
    role: str = ""
    message: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Citation:
    """A quote as it was checked against the page it cites. Only a document makes it `verified`.

    `origin` names what is no document: "note" (the agent's own), "pasted" (the user's text in archival storage) or
    "conversation" (then `document` is ""). Such a quote is shown as what it is, and verifies nothing. A quote that is neither
    verified nor has an origin is never shown as a citation.
    """

    document: str
    page: int
    label: str | None
    quote: str
    verified: bool
    handle: str = ""
    passage: int | None = None
    state: str = "verified"
    number: int = 0
    heading: str = ""
    """The headings over the quote, outermost first, "A > B"."""
    origin: str = ""

    @property
    def shown(self) -> bool:
        """Whether displays list it among the citations."""
        return self.verified or bool(self.origin)

    @property
    def where(self) -> str:
        """Where it stands, as people write it: "report.pdf, Annex B, p. iv (PDF page 6)"."""
        if self.origin:
            named = f" ({self.document})" if self.document else ""
            return f"{_ORIGINS.get(self.origin, 'from a text of its own')}{named}"
        heading = self.heading.rpartition(" > ")[2]
        over = f", {heading}," if heading else ""
        if not self.label or self.label == str(self.page):
            return f"{self.document}{over} p.{self.page}"
        if self.document.lower().endswith(".pdf"):
            return f"{self.document}{over or ','} p. {self.label} (PDF page {self.page})"
        return f"{self.document}{over or ','} {self.label} (page {self.page})"


_ORIGINS = {
    "note": "from the agent's own note", "pasted": "from the text you pasted", "conversation": "from the conversation",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FileFailed:
    """A file that was not loaded: why, and what to do."""

    path: str
    reason: str
    remedy: str


def standing(found: int, false_quotes: int, unquoted: Sequence[int] = ()) -> str:
    """What was checked of an answer's quotes, in a sentence for people; "" where there was nothing to check.

    `found` quotes stand on their pages, `false_quotes` on no page that was read; `unquoted` are lines, from 1, without one.
    """
    which = f"line{'s' * (len(unquoted) != 1)} {', '.join(map(str, unquoted))}"
    lacking = f" Not quoted: {which}." if unquoted else ""
    if found and false_quotes:
        return f"{found} of {found + false_quotes} quotes verified.{lacking}"
    if found:
        return f"Quotes verified on their pages.{lacking}"
    return f"No verified quote.{lacking}" if unquoted or false_quotes else ""


def sweep_forecast(forecast: int, pages: int, tokens: int) -> str:
    """What a sweep will cost, in one line for people."""
    about = f"about {forecast:,} of {pages:,} pages will be read, {tokens:,} tokens"
    return f"sweep: {about}; a model is sent the findings alone"


def sweep_coverage(read: int, pages: int, found: int, quiet: int) -> str:
    """How far a sweep is, in one line for people."""
    nothing = f", the last {quiet:,} gave nothing" if quiet else ""
    return f"sweep: read {read:,} of {pages:,} pages, {found:,} found{nothing}"


def paged_out(passages: int) -> str:
    """What left the window after an answer, in one line for people."""
    return f"{passages:,} passage{'s' * (passages != 1)} left the window: not cited"


@dataclass(frozen=True, kw_only=True)
class QuestionAsked(Event):
    """A user's message entered the inbox and is stored."""

    durable: ClassVar[bool] = True
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class StepStarted(Event):
    """One turn of context -> model -> executor -> memory begins. `limit` is the cap on steps for this question."""

    durable: ClassVar[bool] = True
    limit: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ContextAssembled(Event):
    """The exact prompt of this step, before it is sent. Tokens; `window` = `reserve` for the output + what is usable."""

    window: int = 0
    reserve: int = 0
    used: int = 0
    exact: bool = True
    warn: int = 0
    flush: int = 0
    segments: tuple[Segment, ...] = ()
    in_context: frozenset[int] = field(default_factory=frozenset)

    @property
    def usable(self) -> int:
        """What a prompt may have: the window without what is reserved for the output."""
        return max(0, self.window - self.reserve)

    @property
    def fullness(self) -> float:
        """How much of what is usable is used: messages are evicted at 1. The one percentage that displays show."""
        return self.used / self.usable if self.usable else 0.0

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "in_context": sorted(self.in_context)}


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """The program waits, and for what: "model", "index", "embedder", "load"."""

    what: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Thinking(Event):
    """A piece of the model's own thought (its content beside a function call, or its reasoning)."""

    text: str = ""


@dataclass(frozen=True, kw_only=True)
class FunctionCalled(Event):
    """The model called a function; `arguments` as validated (without request_heartbeat). `origin`: model | system."""

    durable: ClassVar[bool] = True
    call: str = ""
    function: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    heartbeat: bool = False
    origin: str = "model"


@dataclass(frozen=True, kw_only=True)
class FunctionReturned(Event):
    """Its result. `tokens` is what the result adds to the queue; `summary` is one line for people."""

    durable: ClassVar[bool] = True
    call: str = ""
    function: str = ""
    ok: bool = True
    summary: str = ""
    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class MemoryEdited(Event):
    """A block of the working context changed. `text` is the whole block after the edit; sizes in characters."""

    durable: ClassVar[bool] = True
    block: str = ""
    text: str = ""
    added: str = ""
    removed: str = ""
    chars: int = 0
    limit_chars: int = 0
    by: str = "model"
    led_by: str = ""
    """The document that the model had read when it wrote this into persona or human; "" where there was none."""


@dataclass(frozen=True, kw_only=True)
class HopChanged(Event):
    """A hop of the task ledger: `status` open | answered | not found."""

    durable: ClassVar[bool] = True
    hop: str = ""
    status: str = ""
    document: str = ""
    document_page: int | None = None


@dataclass(frozen=True, kw_only=True)
class PageRead(Event):
    """A page of results (`api.results.ResultPage`) reached the model or the user, its hits with their texts.

    `page`, `pages`, `first`, `last` count from 1, as people count; `origin`: model | read-ahead | user.

    `passage` is the one that was followed, where the page lists what belongs to it; `scope` the call's other arguments.
    """

    durable: ClassVar[bool] = True
    query: str = ""
    function: str = "archival_memory_search"
    page: int = 1
    pages: int = 1
    first: int = 0
    last: int = 0
    total: int = 0
    hits: tuple[Hit, ...] = ()
    tokens: int = 0
    origin: str = "model"
    note: str = ""
    passage: int | None = None
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class SweepProgress(Event):
    """How far a sweep for everything about a query is. `stage`: forecast | reading | done.

    `read` of `pages` (of documents, all in reach) were read, `found` passages are relevant, the last `quiet` pages gave
    nothing. The forecast comes first: so many pages will be read, with so many tokens. `reason` of the end: quiet | all | user.
    """

    query: str = ""
    stage: str = "reading"
    read: int = 0
    pages: int = 0
    found: int = 0
    quiet: int = 0
    forecast_pages: int = 0
    forecast_tokens: int = 0
    reason: str = ""

    @property
    def words(self) -> str:
        """How far it is, in one line for people."""
        if self.stage == "forecast":
            return sweep_forecast(self.forecast_pages, self.pages, self.forecast_tokens)
        return sweep_coverage(self.read, self.pages, self.found, self.quiet)


@dataclass(frozen=True, kw_only=True)
class PressureWarning(Event):
    """The queue manager told the model that its context is filling (70 % of usable by default)."""

    durable: ClassVar[bool] = True
    used: int = 0
    usable: int = 0


@dataclass(frozen=True, kw_only=True)
class Evicted(Event):
    """Messages left the queue for recall storage. `tokens` is what was freed."""

    durable: ClassVar[bool] = True
    messages: int = 0
    tokens: int = 0
    passages: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PagedOut(Event):
    """A question is answered, and results were shrunk to receipts: their messages stay in the queue, these passages left the window.

    `messages` results were shrunk, which freed `tokens`. A passage that another message still shows is not among `passages`.
    """

    durable: ClassVar[bool] = True
    messages: int = 0
    tokens: int = 0
    passages: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """What left, in one line for people."""
        return paged_out(len(self.passages))


@dataclass(frozen=True, kw_only=True)
class SummaryWritten(Event):
    """The recursive summary was rewritten."""

    durable: ClassVar[bool] = True
    text: str = ""
    tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class AnswerDelta(Event):
    """A piece of the answer as it streams."""

    text: str = ""


@dataclass(frozen=True, kw_only=True)
class QuoteChecked(Event):
    """One quote of the answer was looked for on the page it cites."""

    durable: ClassVar[bool] = True
    citation: Citation = field(default_factory=lambda: Citation("", 1, None, "", False))


@dataclass(frozen=True, kw_only=True)
class AnswerDone(Event):
    """The message sent to the user, verbatim, with its checked citations; our own remarks are `notes`.

    `state`: grounded | partly | not grounded. `unquoted` are the numbers, from 1, of the lines of `text` that claim
    something and rest on no quote that was found; `unsupported` are the sentences on them that do, word for word.
    `false_quotes` are quotes that stand on no page that was read. `confidence` is how likely the answer is right, 0 to 1,
    where the model says so. Where it is not sure (`answered` is False) `nearest` are the quotes that come closest, and
    `lacks` says what they do not say.
    """

    durable: ClassVar[bool] = True
    text: str = ""
    answered: bool = True
    citations: tuple[Citation, ...] = ()
    notes: tuple[str, ...] = ()
    state: str = ""
    unquoted: tuple[int, ...] = ()
    false_quotes: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    confidence: float | None = None
    nearest: tuple[Citation, ...] = ()
    lacks: str = ""

    @property
    def quotes(self) -> tuple[Citation, ...]:
        """What the answer rests on or, where it is not sure, the quotes that come closest."""
        return self.citations or self.nearest

    @property
    def standing(self) -> str:
        """The state in a sentence for people; "" where there was nothing to check."""
        verified = sum(quote.verified for quote in self.quotes)
        return standing(verified, len(self.false_quotes), self.unquoted)


@dataclass(frozen=True, kw_only=True)
class StepFinished(Event):
    """The step is committed. Times in seconds; `usage` as the server reported it, or counted here."""

    durable: ClassVar[bool] = True
    used: int = 0
    usable: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float = 0.0
    """At the prices in force; 0 without prices."""
    model_seconds: float = 0.0
    own_seconds: float = 0.0
    cacheable_share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Yielded(Event):
    """The agent gave control back and waits for the next event."""

    durable: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """The question ended early. `reason`: user | steps | tokens | time | cost | repeated | error."""

    durable: ClassVar[bool] = True
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Attached(Event):
    """A source is now searched by the agent."""

    durable: ClassVar[bool] = True
    source: str = ""
    documents: int = 0
    passages: int = 0


@dataclass(frozen=True, kw_only=True)
class Detached(Event):
    """A source is no longer searched by the agent."""

    durable: ClassVar[bool] = True
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class LoadProgress(Event):
    """How far a load is. Rates per second; `remaining_seconds` None while unknown. `stage`: scan | read | embed | write.

    `current_page` of `current_pages` of the file `current` is read now; 0 where that is not known.
    """

    source: str = ""
    stage: str = ""
    files_done: int = 0
    files_total: int = 0
    pages: int = 0
    passages_done: int = 0
    passages_total: int = 0
    current: str = ""
    passages_per_second: float = 0.0
    remaining_seconds: float | None = None
    failed: int = 0
    current_page: int = 0
    current_pages: int = 0


@dataclass(frozen=True, kw_only=True)
class Loaded(Event):
    """A load is over. `documents`, `pages`, `passages` are what is new (`changed`: how many replace an older state);

    `reused` passages had their vector already; `moved` are pairs (from, to), `gone` what is no longer there and still
    loaded, `dropped` what was gone and is not kept, `alike` groups of near-duplicates; `remarks` are pairs (path, what of
    it was left out or not read as it stands), of the documents read by this load; `failed_before`: how many of `failed` were
    not loaded before either, for the same reason; `stopped`: the user ended it.
    """

    durable: ClassVar[bool] = True
    source: str = ""
    documents: int = 0
    pages: int = 0
    passages: int = 0
    unchanged: int = 0
    excluded: int = 0
    failed: tuple[FileFailed, ...] = ()
    changed: int = 0
    reused: int = 0
    moved: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    alike: tuple[tuple[str, ...], ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()
    stopped: bool = False
    seconds: float = 0.0
    failed_before: int = 0


@dataclass(frozen=True, kw_only=True)
class Reembedded(Event):
    """A source has the vectors of another model. `passages` were embedded now, `kept` had such a vector from before;

    `documents` changed, which the sources `shared` hold too. `stopped`: the user ended it, `left` passages before its end, and
    the old vectors serve on.
    """

    durable: ClassVar[bool] = True
    source: str = ""
    model: str = ""
    documents: int = 0
    passages: int = 0
    kept: int = 0
    left: int = 0
    shared: tuple[str, ...] = ()
    stopped: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Changed(Event):
    """Told to displays of what another one did, where no other event says it: draw it anew.

    `what`: branch (messages came or went) | library | agent (its name or model) | answered (a question is over, however it ended).
    """

    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """Something about the model or its server that the user should know, and what to do about it.

    `about`: embedding (a source keeps another model than the settings name) | fit (how the window fits the model, before the first
    question) | window (lowered for this run) | truncation (the server reads less than was sent) | reply (cut or filtered) |
    waiting (for what).
    """

    durable: ClassVar[bool] = True
    about: str = ""
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """Something failed; one sentence, and what to do next."""

    durable: ClassVar[bool] = True
    message: str = ""
    hint: str = ""
    kind: str = ""
    """The class of the error, "" where that is not known."""
