"""An agent's paging as data for pictures: what each step read, edited and evicted, its page faults, the pages it covered.

The terms are those of virtual memory: passages are pages, main context is the frames. A reference is a passage shown to
the model or quoted by it; a fault is a reference to a passage that was in context before and has been evicted since.
Reading something for the first time is not counted, because no window avoids that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from workbench.api.events import (
    AnswerDone,
    Event,
    Evicted,
    FunctionCalled,
    MemoryEdited,
    PagedOut,
    PageRead,
    PressureWarning,
    QuestionAsked,
    StepFinished,
    StepStarted,
    Stopped,
)
from workbench.api.results import Hit

POLICIES = ("FIFO", "LRU", "optimum")
"""First in first out (what the queue does), least recently used, and Belady's, which knows what is read next."""


@dataclass
class StepRecord:
    """What one step did. Tokens; `question` is the text of the question where the step is its first, else ""."""

    step: int
    question: str = ""
    used: int = 0
    usable: int = 0
    searches: int = 0
    edits: int = 0
    warned: bool = False
    evicted_messages: int = 0
    evicted_tokens: int = 0
    receipts: frozenset[int] = frozenset()
    """Passages that left the window after the answer, because their results were shrunk to receipts."""
    hits: list[Hit] = field(default_factory=list)
    paged_tokens: int = 0
    answer: str = ""
    stopped: str = ""


def steps_of(history: Iterable[Event]) -> list[StepRecord]:
    """The steps of a conversation, oldest first. What the user searched is no step of the agent's."""
    steps: list[StepRecord] = []
    question = ""
    for event in history:
        if isinstance(event, QuestionAsked):
            question = event.text
        elif isinstance(event, StepStarted):
            steps.append(StepRecord(event.step or len(steps) + 1, question))
            question = ""
        if not steps:
            continue
        now = steps[-1]
        match event:
            case FunctionCalled():
                now.searches += event.function.startswith(("archival_memory_search", "conversation_search"))
            case PageRead() if event.origin != "user":
                now.hits += event.hits
                now.paged_tokens += event.tokens
            case MemoryEdited():
                now.edits += 1
            case PressureWarning():
                now.warned = True
            case Evicted():
                now.evicted_messages += event.messages
                now.evicted_tokens += event.tokens
            case PagedOut():
                now.receipts |= frozenset(event.passages)
            case StepFinished():
                now.used, now.usable = event.used, event.usable
            case AnswerDone():
                now.answer = event.text
            case Stopped():
                now.stopped = event.reason
    return steps


@dataclass(frozen=True)
class Reference:
    """One passage that was shown or quoted, and what it takes in context."""

    passage: int
    tokens: int
    step: int


def references(history: Iterable[Event]) -> list[Reference]:
    """The reference string of a conversation: every passage the model was shown or quoted, in order."""
    found: list[Reference] = []
    sizes: dict[int, int] = {}
    step = 0
    for event in history:
        if isinstance(event, StepStarted):
            step = event.step or step + 1
        elif isinstance(event, PageRead) and event.origin != "user" and event.hits:
            each = max(1, event.tokens // len(event.hits))
            for hit in event.hits:
                sizes.setdefault(hit.passage, each)
                found.append(Reference(hit.passage, sizes[hit.passage], step))
        elif isinstance(event, AnswerDone):
            quoted = dict.fromkeys(item.passage for item in event.citations if item.passage is not None)
            found += [Reference(passage, sizes[passage], step) for passage in quoted if passage in sizes]
    return found


@dataclass(frozen=True)
class Faults:
    """A replay under one policy: `faults` of `references`, in these steps; `cold` passages were read for the first time."""

    policy: str
    room: int
    faults: int
    references: int
    cold: int
    steps: tuple[int, ...] = ()


def replay(string: Sequence[Reference], room: int, policy: str) -> Faults:
    """Run a reference string through a window with `room` tokens for passages. Raises ValueError for an unknown policy.

    A passage larger than the whole room is read and not kept.
    """
    if policy not in POLICIES:
        raise ValueError(f"unknown policy {policy!r}")
    uses: dict[int, list[int]] = {}
    for at, item in enumerate(string):
        uses.setdefault(item.passage, []).append(at)

    def next_use(passage: int, now: int) -> int:
        later = uses[passage]
        at = bisect_right(later, now)
        return later[at] if at < len(later) else len(string)

    resident: dict[int, int] = {}
    known: set[int] = set()
    steps: list[int] = []
    for now, item in enumerate(string):
        if item.passage in resident:
            if policy == "LRU":
                resident[item.passage] = resident.pop(item.passage)
            continue
        if item.passage in known:
            steps.append(item.step)
        known.add(item.passage)
        if item.tokens > room:
            continue
        while sum(resident.values()) + item.tokens > room:
            victim = next(iter(resident))
            if policy == "optimum":
                victim = max(resident, key=lambda passage: next_use(passage, now))
            del resident[victim]
        resident[item.passage] = item.tokens
    return Faults(policy, room, len(steps), len(string), len(known), tuple(steps))


_RECENT_REFERENCES = 20
_FEWEST_REFERENCES = 8
_FEWEST_RECENT = 12


@dataclass
class LiveFaults:
    """Page faults as they happen: passages that were in context, have left it, and are read again."""

    faults: int = 0
    _held: set[int] = field(default_factory=set)
    _now: frozenset[int] = frozenset()
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=_RECENT_REFERENCES))

    def assembled(self, in_context: Collection[int]) -> None:
        """A prompt was put together with these passages in it."""
        self._now = frozenset(in_context)
        self._held |= self._now

    def dropped(self, passages: Iterable[int]) -> None:
        """These passages left because an answer did not cite them, not for want of room: to read them again is no fault."""
        self._held.difference_update(passages)

    def read(self, passages: Iterable[int]) -> int:
        """These passages are shown to the model; how many of them are faults."""
        again = 0
        for passage in passages:
            fault = passage in self._held and passage not in self._now
            self._recent.append(fault)
            again += fault
        self.faults += again
        return again

    @property
    def recent(self) -> tuple[int, int]:
        """Faults among the latest references, and how many references those are."""
        return sum(self._recent), len(self._recent)

    @property
    def thrashing(self) -> bool:
        """Whether at least every fourth of the latest references is a fault; two pages of results are too few to tell."""
        return len(self._recent) >= _FEWEST_RECENT and thrashing(*self.recent)


def thrashing(faults: int, references: int) -> bool:
    """Whether so many faults are thrashing: at least every fourth reference reads again what had been evicted."""
    return references >= _FEWEST_REFERENCES and faults * 4 >= references


WINDOWS = (2_048, 4_096, 8_192, 12_288, 16_384, 32_768, 65_536, 131_072)


def fault_table(string: Sequence[Reference], window: int, room: int) -> list[tuple[int, tuple[Faults, ...]]]:
    """Faults at other windows under every policy: (window, one replay a policy), the present window among them.

    `room` is what the present window leaves for passages; what is not passages takes as many tokens in every window.
    """
    fixed = window - room
    table = []
    for size in sorted({*WINDOWS, window}):
        if size > fixed:
            table.append((size, tuple(replay(string, size - fixed, policy) for policy in POLICIES)))
    return table


@dataclass
class Coverage:
    """Pages of one document that the agent read, and those that its answers quote; numbers from 1."""

    read: set[int] = field(default_factory=set)
    quoted: set[int] = field(default_factory=set)


def coverage(history: Iterable[Event]) -> dict[str, Coverage]:
    """What was read of each document, by its path."""
    found: dict[str, Coverage] = {}
    for event in history:
        if isinstance(event, PageRead) and event.origin != "user":
            for hit in event.hits:
                found.setdefault(hit.document, Coverage()).read.add(hit.page)
        elif isinstance(event, AnswerDone):
            for item in event.citations:
                if item.verified:
                    found.setdefault(item.document, Coverage()).quoted.add(item.page)
    return found


def strip(pages: int, marked: Sequence[tuple[Callable[[int], bool], str]], cells: int, empty: str) -> str:
    """`pages` pages in at most `cells` signs.

    Each sign stands for equally many pages and is that of the first test that holds for one of them, so that a single page
    is seen however long the document is.
    """
    width = min(pages, cells)
    signs = []
    for cell in range(width):
        stretch = range(cell * pages // width + 1, (cell + 1) * pages // width + 1)
        signs.append(next((sign for holds, sign in marked if any(map(holds, stretch))), empty))
    return "".join(signs)
