"""Views and protocols for an agent's past: moves between branches, comparisons of steps, and erasure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from workbench.api.events import Event, Segment


@dataclass(frozen=True)
class Moved:
    """The branch was changed: the operation, how many messages left it (rewritten ones count), and one line for people."""

    operation: str
    messages: int
    text: str


@dataclass(frozen=True)
class SegmentChange:
    """One segment in two prompts: `old` None when it came in, `new` None when it left; `lines` is the diff of a changed one.

    A line of the diff starts with "+", "-" or a space; a gap between stretches is the line "…".
    """

    kind: str
    old: Segment | None
    new: Segment | None
    lines: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        """Tokens that the second prompt has more, less than 0 when it has fewer."""
        return (self.new.tokens if self.new else 0) - (self.old.tokens if self.old else 0)

    @property
    def segment(self) -> Segment:
        """The segment as it is after, or was before."""
        segment = self.new or self.old
        assert segment is not None
        return segment


SIGNS = {"added": "+", "removed": "-", "changed": "~"}
"""How each kind of change is marked."""


@dataclass(frozen=True)
class ContextDiff:
    """Two prompts compared: `first` and `second` are steps (None the next prompt); tokens of both; what changed, in wire order."""

    first: int | None
    second: int | None
    used_before: int
    used_after: int
    changes: tuple[SegmentChange, ...]
    unchanged: int


@dataclass(frozen=True)
class ErasurePlan:
    """What would be forgotten: ids of messages, documents and sources, words; and lines for people, a message or a document each."""

    messages: tuple[int, ...]
    documents: tuple[int, ...]
    sources: tuple[int, ...]
    words: tuple[str, ...]
    message_lines: tuple[str, ...]
    document_lines: tuple[str, ...]


def erasure_lines(plan: ErasurePlan) -> list[str]:
    """A plan for people."""
    words = [f"the words {text!r} wherever an agent keeps them" for text in plan.words]
    derived = "and every stretch of five words or more of it in answers, notes, summaries and old steps"
    return [*plan.message_lines, *plan.document_lines, *words, derived]


class ErasureServiceProtocol(Protocol):
    """Plans what is to be forgotten, and forgets it for good. Plans raise NotFound or UsageError."""

    def words(self, text: str) -> ErasurePlan:
        """Every message of the agent, on any branch, that says this, and the words themselves wherever an agent keeps them."""
        ...

    def message(self, number: int) -> ErasurePlan:
        """One message by its number."""
        ...

    def document(self, path: str, source: str | None = None) -> ErasurePlan:
        """A document by its path inside its source."""
        ...

    def source(self, name: str) -> ErasurePlan:
        """A source with all its documents."""
        ...

    def erase(self, plan: ErasurePlan) -> str:
        """Carry a plan out; one line about it. Raises UsageError while any agent answers."""
        ...


class HistoryServiceProtocol(Protocol):
    """The past of one agent. Everything but `compare` and `steps` is refused (UsageError) while a question is answered."""

    @property
    def eraser(self) -> ErasureServiceProtocol:
        """Forgets messages, documents and sources."""
        ...

    def undo(self) -> Moved:
        """Take back the last operation: a question with its answer, or any other of these, or an edit of the working context."""
        ...

    def redo(self) -> Moved:
        """Take back the last undo, as long as nothing else was done since."""
        ...

    def pop(self, messages: int | None = None) -> Moved:
        """Take at least so many messages off the branch, whole steps at a time; without a number the last question and its answer."""
        ...

    def retry(self) -> Iterator[Event]:
        """Ask the last question again, on a branch that begins before it. Raises UsageError at the first event when there is none."""
        ...

    def rethink(self, text: str) -> Moved:
        """Put `text` in the place of the model's last inner thought (the text beside its last call)."""
        ...

    def rewrite(self, text: str) -> Moved:
        """Put `text` in the place of the last reply to the user."""
        ...

    def summarize(self) -> Iterator[Event]:
        """Evict all but the current question and the newest message, and summarise it, now."""
        ...

    def heartbeat(self) -> Iterator[Event]:
        """A turn of the model's own, now."""
        ...

    def memory_warning(self) -> Iterator[Event]:
        """Tell the model that its context is filling, and give it a turn."""
        ...

    def steps(self) -> list[int]:
        """The numbers of all recorded steps, of every branch."""
        ...

    def fork(self, step: int, name: str | None = None) -> str:
        """A new agent that stands where a step ended (its reply and results are in), with its own copy of the way there.

        Returns its name. Raises NotFound when there is no such step, UsageError when the name is taken.
        """
        ...

    def cacheable_share(self, step: int | None) -> float:
        """What a prefix cache can reuse of a step's prompt (None the next one), 0..1: what the step before began with too."""
        ...

    def compare(self, first: int | None, second: int | None) -> ContextDiff:
        """Two steps' prompts, None being the next prompt. Raises NotFound."""
        ...
