"""Lines instead of a screen: every event that says something has its line, and JSON lines hold everything."""

from __future__ import annotations

import json

import pytest

from tests.support.fake_session import hit as found
from tests.support.lease import ANSWER, CITATIONS, EARLIER, FIRST, LOADING, STEPS, context
from workbench.api.events import (
    AnswerDelta,
    AnswerDone,
    Attached,
    Event,
    Evicted,
    Failed,
    FileFailed,
    FunctionReturned,
    HopChanged,
    Loaded,
    LoadProgress,
    MemoryEdited,
    PagedOut,
    PageRead,
    PressureWarning,
    QuestionAsked,
    Stopped,
    SummaryWritten,
)
from workbench.cli import text_output

UNREAD = FileFailed(path="x", reason="R.", remedy="M.")
LINES: list[tuple[Event, str | None]] = [
    (QuestionAsked(text="why?\nreally"), "> why? really"),
    (context(3, 620, 400, 195, 640, 1_204, 2_741), "step 3: 5,800/7,168 tokens (81%)"),
    (
        FIRST,
        '  page 1/4 of "lease amendment 2021": 1-5 of 18: amend-2021.pdf p.3, lease-2019.pdf p.13, notes.md p.2, '
        "amend-2021.pdf p.1, lease-2019.pdf p.12",
    ),
    (PageRead(query="x"), '  page of "x": no results'),
    (FunctionReturned(function="task_update", ok=False, summary="no such hop"), "  failed task_update: no such hop"),
    (FunctionReturned(function="send_message", summary="sent"), None),
    (MemoryEdited(block="task", added="a", chars=5, limit_chars=100), '  memory task: 5/100 chars, added "a"'),
    (MemoryEdited(block="task", removed="a", chars=5, limit_chars=100), '  memory task: 5/100 chars, removed "a"'),
    (HopChanged(hop="who", status="answered", document="a.pdf", document_page=2), "  task who: answered, a.pdf p.2"),
    (PressureWarning(used=5_100, usable=7_168), "  pressure: 5,100 of 7,168 usable tokens are taken, the model was told"),
    (Evicted(messages=6, tokens=1_118), "  evicted 6 messages to recall storage (-1,118 tokens)"),
    (
        PagedOut(messages=1, tokens=2_300, passages=(4, 7)),
        "  2 passages left the window: not cited (-2,300 tokens)",
    ),
    (SummaryWritten(text="s", tokens=120), "  summary rewritten (120 tokens)"),
    (AnswerDelta(text="par"), None),
    (Stopped(reason="user", detail="You stopped it."), "stopped: by you (You stopped it.)"),
    (Failed(message="Nothing answers.", hint="Start it."), "failed: Nothing answers. Start it."),
    (Attached(source="leases", documents=3, passages=412), "attached leases: 3 documents, 412 passages"),
    (
        LoadProgress(stage="embed", current="a.pdf", passages_done=118, passages_total=190, passages_per_second=22.4),
        "loading a.pdf: embed 118/190 passages, 22/s",
    ),
    (
        Loaded(source="s", documents=1, pages=2, passages=3, unchanged=4, seconds=1.5, failed=(UNREAD,)),
        "loaded s: 1 document, 2 pages, 3 passages, 4 unchanged in 1.5 s\nnot loaded x: R. M.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("event", "line"), LINES, ids=[event.name for event, _ in LINES])
def test_lines(event: Event, line: str | None) -> None:
    assert text_output.event_line(event) == line


def test_an_answer_has_its_numbered_citations() -> None:
    line = text_output.event_line(AnswerDone(text=ANSWER, citations=CITATIONS, notes=("a note",)))
    assert line is not None
    assert line.split("\n") == [
        ANSWER.replace("#a12", "1").replace("#a3", "2"),
        '[1] lease-2019.pdf p.12: "4.2 Rent review"',
        '[2] amend-2021.pdf p.3: "J. Ortega for the landlord and M. Sato for the tenant"',
        "note: Quotes verified on their pages.",
        "note: a note",
    ]


def test_json_lines_hold_the_whole_event() -> None:
    for event in [entry for entry in [*EARLIER, *STEPS, *LOADING] if isinstance(entry, Event)]:
        data = json.loads(text_output.json_line(event))
        assert list(data)[:2] == ["event", "step"]
        assert data["event"] == event.name
        assert set(event.as_dict()) == set(data)


def test_a_score_is_told_where_it_is_explained_and_not_elsewhere() -> None:
    """It orders the hits of one search; beside the score of another search it means nothing."""
    hit = FIRST.hits[0]
    score = f"{hit.score:.3f}"
    assert score not in "\n".join(text_output.page_lines(FIRST))
    assert f"{hit.document} p.{hit.page}" in "\n".join(text_output.page_lines(FIRST))
    assert score in "\n".join(text_output.page_lines(FIRST, explain=True))


def test_a_hit_in_lines_begins_with_the_sentence_that_fits_its_words_marked() -> None:
    text = (
        "# Rents\n\nGeneral remarks come first. They say **nothing** of it.\nThe rents were reviewed\x1b[31m in 1925.\n"
        + "More follows. " * 60
    )
    page = PageRead(
        query="when was the rent reviewed",
        page=1,
        pages=1,
        first=1,
        last=1,
        total=1,
        hits=(found(1, "a.md", 1, 0.5, text),),
    )
    lines = list(text_output.page_lines(page, mark=lambda word: f"<{word}>"))
    assert lines[3].startswith("     … The <rents> were <reviewed> in 1925. More follows.")
    assert len(lines) == 9
    assert lines[-1].endswith(" …")
    assert "<" not in "\n".join(text_output.page_lines(page))
