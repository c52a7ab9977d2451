"""Page faults under three policies, the steps of a conversation, and what of its documents was read."""

from __future__ import annotations

import random

import pytest

from workbench.api import paging
from workbench.api.events import (
    AnswerDone,
    Citation,
    Event,
    Evicted,
    PageRead,
    QuestionAsked,
    StepFinished,
    StepStarted,
)
from workbench.api.paging import POLICIES, Reference, coverage, fault_table, references, replay, steps_of, strip
from workbench.api.results import Hit


def string(*passages: int) -> list[Reference]:
    return [Reference(passage, 1, at) for at, passage in enumerate(passages)]


BELADY = string(1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5)
"""The reference string of Belady's anomaly (Belady, Nelson, Shedler 1969)."""


def misses(room: int, policy: str) -> int:
    done = replay(BELADY, room, policy)
    return done.faults + done.cold


def test_the_textbook_string_gives_the_textbook_numbers() -> None:
    """FIFO has 9 misses with three frames and 10 with four; the optimum 7 and 6; LRU 10 and 8."""
    assert [misses(3, "FIFO"), misses(4, "FIFO")] == [9, 10]
    assert [misses(3, "optimum"), misses(4, "optimum")] == [7, 6]
    assert [misses(3, "LRU"), misses(4, "LRU")] == [10, 8]


@pytest.mark.parametrize("seed", range(20))
def test_nothing_beats_the_optimum_and_room_for_all_has_no_fault(seed: int) -> None:
    source = random.Random(seed)
    random_string = string(*(source.randrange(9) for _ in range(60)))
    for room in range(1, 10):
        best = replay(random_string, room, "optimum").faults
        assert all(best <= replay(random_string, room, policy).faults for policy in POLICIES)
    assert replay(random_string, 9, "FIFO").faults == 0


def test_a_passage_larger_than_the_room_is_read_every_time() -> None:
    large = [Reference(1, 10, 1), Reference(1, 10, 2), Reference(1, 10, 3)]
    assert replay(large, 5, "LRU").steps == (2, 3)


def hit(passage: int, page: int) -> Hit:
    return Hit(passage, f"#a{passage}", "a.pdf", page, None, "", "text", 1.0)


HISTORY: list[Event] = [
    QuestionAsked(text="Who?"),
    StepStarted(step=1),
    PageRead(query="x", hits=(hit(1, 1), hit(2, 1)), tokens=200, step=1),
    PageRead(query="mine", hits=(hit(9, 9),), tokens=100, origin="user"),
    StepFinished(step=1, used=500, usable=1_000),
    StepStarted(step=2),
    Evicted(messages=2, tokens=200, step=2),
    PageRead(query="y", hits=(hit(3, 7),), tokens=100, step=2),
    AnswerDone(text="He.", citations=(Citation("a.pdf", 1, None, "q", True, "#a1", 1),), step=2),
    StepFinished(step=2, used=600, usable=1_000),
    StepStarted(step=3),
]


def test_steps_say_what_each_did() -> None:
    first, second, third = steps_of(HISTORY)
    assert (first.question, first.used, [item.passage for item in first.hits]) == ("Who?", 500, [1, 2])
    assert (second.question, second.evicted_messages, second.answer) == ("", 2, "He.")
    assert third.used == 0


def test_references_are_what_the_model_was_shown_and_what_it_quotes() -> None:
    found = references(HISTORY)
    assert [(item.passage, item.tokens, item.step) for item in found] == [
        (1, 100, 1),
        (2, 100, 1),
        (3, 100, 2),
        (1, 100, 2),
    ]
    assert replay(found, 300, "FIFO").faults == 0
    assert replay(found, 200, "FIFO").steps == (2,)
    windows = dict(fault_table(found, 4_096, 200))
    assert windows[4_096][0].faults == 1
    assert windows[8_192][0].faults == 0
    assert 2_048 not in windows


def test_coverage_is_by_document_and_a_single_page_is_seen() -> None:
    covered = coverage(HISTORY)
    assert covered["a.pdf"].read == {1, 7}
    assert covered["a.pdf"].quoted == {1}
    drawn = strip(
        500, [(covered["a.pdf"].quoted.__contains__, "#"), (covered["a.pdf"].read.__contains__, "+")], 20, "."
    )
    assert drawn == "#" + "." * 19
    assert strip(500, [({300}.__contains__, "+")], 20, ".").count("+") == 1
    assert strip(3, [], 20, ".") == "..."


def test_faults_are_counted_as_they_happen() -> None:
    """A first read is none, nor is what is still there; what had left and is read again is, and many are thrashing."""
    live = paging.LiveFaults()
    assert live.read([1, 2]) == 0
    live.assembled({1, 2})
    assert live.read([2, 3]) == 0
    live.assembled({2, 3})
    assert live.read([1, 2, 4]) == 1
    assert not live.thrashing
    live.assembled({4})
    assert live.read([1, 2, 3]) == 3
    assert (live.faults, live.recent, live.thrashing) == (4, (4, 10), False)
    assert live.read([1, 2]) == 2
    assert (live.faults, live.recent, live.thrashing) == (6, (6, 12), True)


def test_what_left_because_nothing_cited_it_is_no_fault_when_it_is_read_again() -> None:
    live = paging.LiveFaults()
    live.assembled({1, 2})
    live.dropped([1])
    live.assembled({3})
    assert live.read([1, 2]) == 1
