"""The lease audit: one scripted question with its pages, edits, eviction, answer and citations."""

from __future__ import annotations

from tests.support.fake_session import FakeSession, Gate, hit
from workbench.api.check import (
    CONTRADICTED,
    NO_CLAIM,
    NOT_FOUND,
    PARTLY,
    SUPPORTED,
    ChangedFact,
    CheckedSentence,
    Quote,
    ValueDifference,
)
from workbench.api.events import (
    AnswerDelta,
    AnswerDone,
    Citation,
    ContextAssembled,
    Event,
    Evicted,
    FunctionCalled,
    FunctionReturned,
    Loaded,
    LoadProgress,
    MemoryEdited,
    PageRead,
    QuestionAsked,
    Segment,
    StepFinished,
    StepStarted,
    SummaryWritten,
    Waiting,
    Yielded,
)
from workbench.api.question_table import Cell, Column, Evidence
from workbench.api.session import BlockView, DocumentInfo, SourceInfo

QUESTION = "Which clause of the 2019 lease did the 2021 amendment override, and who signed the change?"
CLAUSE = (
    "Clause 4.2 is hereby deleted and replaced by the following: the annual rent shall be reviewed on 1 March 2022 and "
    "on every second anniversary of that date, upwards or downwards, by reference to the index."
)
ANSWER = (
    'The 2021 amendment replaces "4.2 Rent review" of the 2019 lease [#a12]. It was signed by "J. Ortega for '
    'the landlord and M. Sato for the tenant" [#a3].'
)
CITATIONS = (
    Citation("lease-2019.pdf", 12, None, "4.2 Rent review", True, "#a12", 12),
    Citation("amend-2021.pdf", 3, None, "J. Ortega for the landlord and M. Sato for the tenant", True, "#a3", 3),
)
HITS = (
    hit(12, "lease-2019.pdf", 12, 0.87, CLAUSE),
    hit(3, "amend-2021.pdf", 3, 0.81, CLAUSE),
    hit(13, "lease-2019.pdf", 13, 0.66),
    hit(40, "notes.md", 2, 0.52),
    hit(1, "amend-2021.pdf", 1, 0.45),
)
SECOND = PageRead(query="clause 4.2 lease 2019", page=1, pages=8, first=1, last=5, total=37, hits=HITS, tokens=1_501)
FIRST = PageRead(
    query="lease amendment 2021", page=1, pages=4, first=1, last=5, total=18, hits=HITS[1:] + HITS[:1], tokens=1_240
)


def context(step: int, *sizes: int, live: tuple[int, ...] = (12, 3)) -> ContextAssembled:
    """A prompt whose system, functions, memory, summary, chat and paged parts have these tokens."""
    names = ("system", "functions", "working_context", "summary", "conversation", "paged")
    segments = tuple(
        Segment(name, size, f"The text of {name}.", "user", title=name)
        for name, size in zip(names, sizes, strict=True)
        if size
    )
    return ContextAssembled(
        step=step,
        window=8_192,
        reserve=1_024,
        used=sum(sizes),
        warn=5_018,
        flush=7_168,
        segments=segments,
        in_context=frozenset(live),
    )


def search(call: str, page: PageRead, step: int) -> list[Event]:
    """The events of one search."""
    return [
        FunctionCalled(
            step=step, call=call, function="archival_memory_search", arguments={"query": page.query}, heartbeat=True
        ),
        page,
        FunctionReturned(
            step=step, call=call, function="archival_memory_search", ok=True, tokens=page.tokens, summary="5 hits"
        ),
    ]


TASK = BlockView("task", "amendment → §4.2\nsigner: J. Ortega?", 36, 2_000)
BLOCKS = (
    BlockView("persona", "careful analyst; cites pages", 28, 500),
    BlockView("human", "auditing leases 2019–2023", 25, 500),
    BlockView("task", "signer: ?", 9, 1_000),
)

STEPS: list[Event | Gate] = [
    StepStarted(step=1, limit=50, reason="user_message"),
    context(1, 620, 400, 180, 0, 240, 0, live=()),
    Waiting(step=1, what="model"),
    *search("call_1", FIRST, 1),
    Gate("searched"),
    StepStarted(step=2, limit=50, reason="heartbeat"),
    context(2, 620, 400, 180, 0, 560, 1_240, live=(3,)),
    *search("call_2", SECOND, 2),
    StepStarted(step=3, limit=50, reason="heartbeat"),
    context(3, 620, 400, 195, 640, 1_204, 2_741),
    FunctionCalled(
        step=3,
        call="call_3",
        function="core_memory_append",
        arguments={"name": "task", "content": "amendment → §4.2"},
        heartbeat=True,
    ),
    MemoryEdited(
        step=3,
        block="task",
        text="signer: J. Ortega?\namendment → §4.2",
        added="amendment → §4.2",
        chars=36,
        limit_chars=1_000,
    ),
    FunctionReturned(step=3, call="call_3", function="core_memory_append", tokens=18),
    Evicted(step=3, messages=14, tokens=1_118, passages=(1,)),
    SummaryWritten(step=3, text="The user audits leases.", tokens=120),
    Gate("stepped"),
]
REPLY: list[Event | Gate] = [
    AnswerDelta(step=3, text=ANSWER[:60]),
    AnswerDelta(step=3, text=ANSWER[60:]),
    Gate("answered"),
    AnswerDone(step=3, text=ANSWER, citations=CITATIONS),
    StepFinished(step=3, used=5_800, usable=7_168),
    Yielded(step=3),
]
LOADING: list[Event | Gate] = [
    LoadProgress(
        source="leases", stage="embed", files_done=2, files_total=3, passages_done=118, passages_total=190,
        current="leases/annex-b.pdf", passages_per_second=22.0, remaining_seconds=3.0,
    ),
    Gate("loaded"),
    Loaded(source="leases", documents=3, pages=41, passages=412, seconds=12.0),
]  # fmt: skip


HEADS = (Column("rent", "What is the annual rent?", "number"), Column("signer", "Who signed it?"))
CELLS = (
    Cell(
        "lease-2019.pdf", "rent", "found", "EUR 11,400", "11400", "EUR", True,
        (Evidence("The annual rent is EUR 11,400.", 12, None, 12),), 0.9,
    ),
    Cell("lease-2019.pdf", "signer", "not found"),
    Cell(
        "amend-2021.pdf", "rent", "found", "EUR 9,800", "9800", "EUR", True,
        (Evidence("The rent falls to EUR 9,800.", 3, None, 3), Evidence("EUR 9,800 from 1 March 2022.", 4, None, 4)), 0.8,
    ),
    Cell(
        "amend-2021.pdf", "signer", "found", "J. Ortega", "", "", True,
        (Evidence("Signed by J. Ortega for the landlord", 3, None, 3),), 0.9,
    ),
    Cell("notes.md", "rent", "not sure", evidence=(Evidence("Ask about the rent.", 2, None, 40),), note="two values are stated"),
    Cell("notes.md", "signer", "failed", note="The model gave no answer."),
)  # fmt: skip
"""A table over the three documents, its last cell failed."""

CHECKED = (
    CheckedSentence(1, "Lease audit", 1, NO_CLAIM, why_not="a heading"),
    CheckedSentence(2, "The amendment was signed by J. Ortega.", 3, SUPPORTED, Quote("It was signed by J. Ortega.", "amend-2021.pdf", 3)),
    CheckedSentence(
        3, "The annual rent is EUR 9,500.", 3, CONTRADICTED,
        Quote("The rent falls to EUR 9,800.", "amend-2021.pdf", 3, None, 3, "2021-05-01"),
        (ValueDifference("number", "EUR 9,500", "EUR 9,800"),),
        against=(Quote("The annual rent is EUR 11,400.", "lease-2019.pdf", 12),),
    ),
    CheckedSentence(4, "The landlord sold the building in 2022.", 5, NOT_FOUND),
    CheckedSentence(
        5, "The rent is reviewed every second year in Lisbon.", 6, PARTLY,
        Quote("the annual rent shall be reviewed on every second anniversary", "amend-2021.pdf", 3), lacking=("Lisbon",),
    ),
)  # fmt: skip
"""A text of the user's own: a heading, a true sentence, and three findings."""


CHANGED = (
    ChangedFact(
        Quote("The annual rent is EUR 11,400.", "lease-2019.pdf", 12, None, 12, "2019-01-01"),
        Quote("The rent falls to EUR 9,800.", "amend-2021.pdf", 3, None, 3, "2021-05-01"),
        (ValueDifference("number", "EUR 11,400", "EUR 9,800"),),
    ),
    ChangedFact(
        Quote("The rent is reviewed on 1 January 2021.", "lease-2019.pdf", 13, None, 13, "2019-01-01"),
        Quote("The rent is reviewed on 1 March 2022.", "amend-2021.pdf", 3, None, 3, "2021-05-01"),
        (ValueDifference("date", "1 January 2021", "1 March 2022"),),
    ),
)
"""What the amendment states otherwise than the lease."""


def lease(*, loading: bool = False, attached: bool = True) -> FakeSession:
    """A session about leases."""
    session = FakeSession(
        script=[*STEPS, *REPLY],
        loading=LOADING,
        blocks=BLOCKS,
        results=SECOND,
        now=context(3, 620, 400, 195, 640, 1_204, 2_741),
    )
    session.question_tables.heads, session.question_tables.cells = HEADS, CELLS
    session.checks.found, session.checks.changed = CHECKED, CHANGED
    if attached:
        session.shelf = [SourceInfo("leases", 3, 41, 412, 1_000_000, True, "2026-01-01T00:00:00Z")]
        session.papers = [
            DocumentInfo("leases", "lease-2019.pdf", "Lease", 28, 240, 600_000),
            DocumentInfo("leases", "amend-2021.pdf", "Amendment", 8, 92, 300_000),
            DocumentInfo("leases", "notes.md", "Notes", 5, 80, 100_000),
        ]
    return session


EARLIER: list[Event] = [
    QuestionAsked(text="Which leases end before 2024?"),
    StepStarted(step=1, limit=50),
    *search("call_0", FIRST, 1),
    AnswerDone(
        step=1,
        text='Two of them do: "both end in 2023" [#a40].',
        citations=(Citation("notes.md", 2, None, "both end in 2023", True, "#a40", 40),),
    ),
    Yielded(step=1),
]
