"""A question and everything that came of it, as data: the bridge writes it, a block draws it, a fold keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.api.citation_marks import cited
from workbench.tui.widgets.step_lines import StepLine

if TYPE_CHECKING:
    from workbench.api.events import Citation


@dataclass
class Exchange:
    """One question, the steps, the answer. `messages` is how many messages of the queue it is made of."""

    question: str
    steps: list[StepLine] = field(default_factory=list)
    waiting: str = ""
    answer: str = ""
    streaming: bool = False
    answered: bool = True
    citations: list[Citation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unquoted: tuple[int, ...] = ()
    outcome: str = ""
    finished: bool = False
    folded_steps: bool = False
    messages: int = 0
    model_steps: int = 0
    took: str = ""
    evicted: bool = False
    """Whether all of it has left main context; what the person sees of it is dim then."""
    past: bool = False
    """Whether it is from before this session."""

    def call(self, call: str) -> StepLine | None:
        """The line of a call, the newest first."""
        return next((line for line in reversed(self.steps) if line.call == call), None)

    def latest(self, kind: str) -> StepLine | None:
        """The newest line of a kind."""
        return next((line for line in reversed(self.steps) if line.kind == kind), None)

    @property
    def unchecked(self) -> bool:
        """Whether the answer's quotes have not been looked up yet: it streams, or a model is still to write from the reader's."""
        return self.streaming or not (self.finished or self.past or self.citations or self.notes)

    @property
    def visible_steps(self) -> list[StepLine]:
        """What is drawn: an answer's own call is not, the answer is."""
        return [line for line in self.steps if not line.hidden]


def by_page(citations: Sequence[Citation]) -> list[tuple[str, Citation]]:
    """The pages that are cited: each with the numbers of its quotes ("1" or "1,3") and the first of them."""
    pages: dict[tuple[str, int], list[Citation]] = {}
    for citation in cited(citations):
        pages.setdefault((citation.document, citation.page), []).append(citation)
    return [(",".join(str(item.number) for item in items), items[0]) for items in pages.values()]
