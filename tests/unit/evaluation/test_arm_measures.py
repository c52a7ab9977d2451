"""What one arm's table says, by six answers counted by hand; and for each measure a change that it must notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from workbench.evaluation.arms import Answered
from workbench.evaluation.experiment import arm_metrics, scored
from workbench.evaluation.task_sets import TaskQuestion
from workbench.evaluation.tasks import TASKS

LAMP = TaskQuestion("lamp", "q", ("the brass lamp",), "m", frozenset({("a.txt", 0), ("b.txt", 0)}))
YEAR = TaskQuestion("year", "q", ("1902", "in 1902"), "m", frozenset({("c.pdf", 3)}))
WHO = TaskQuestion("who", "q", ("Ada Moss",), "m", frozenset({("d.txt", 0)}))
NONE = TaskQuestion("none", "q", (), "m", answerable=False)

ANSWERS: tuple[tuple[TaskQuestion, Answered], ...] = (
    # Exact, every word; both documents paged in, one cited; both quotes verified.
    (LAMP, Answered("A brass lamp.", True, ("The brass lamp stood there.", "So it was."), 2, (("a.txt", 1),),
                    (("a.txt", 1), ("b.txt", 2)), 0.9, 4, 1_000, 400, 50, 0.25, 2.0)),
    # Contained, 1 word of 4; the page beside the right one cited, the right one paged in; its quote not verified.
    (YEAR, Answered("Perhaps built in 1902", True, ("Built.",), 0, (("c.pdf", 2),), (("c.pdf", 3),), 0.7, 2, 600, 0, 10, 0.25, 4.0)),
    # Refused though there is an answer; nothing of it paged in.
    (WHO, Answered("Not found.", False, steps=6, prompt_tokens=400, seconds=6.0)),
    # Nothing to find: refused, answered all the same, and failed, which is no refusal.
    (NONE, Answered("Not found.", False)),
    (replace(NONE, id="none-2"), Answered("Oslo", True, confidence=0.1)),
    (replace(NONE, id="none-3"), Answered("", False, failed="The server is gone.")),
)  # fmt: skip

BY_HAND = {
    "right": 3 / 6,  # the lamp, the year, the first refusal
    "contained": 2 / 3,
    "exact": 1 / 3,
    # The year: 2 of its 4 words are the 2 of "in 1902": precision 1/2, recall 1.
    "f1": (1 + 2 / 3 + 0) / 3,
    "rouge_l": (1 + 2 / 3 + 0) / 3,
    "rouge_l_recall": (1 + 1 + 0) / 3,
    "gold_cited": 1 / 3,
    "gold_paged": (1 + 1 + 0) / 3,
    "gold_all_paged": 2 / 3,
    "answered": 2 / 3,
    "refusal_precision": 1 / 2,
    "refusal_recall": 1 / 3,
    "quotes_verified": 2 / 3,
    # .9 and .7 are right, .1 is wrong, each in a bin of its own.
    "calibration_error": (0.1 + 0.3 + 0.1) / 3,
    "steps": 12 / 6,
    "prompt_tokens": 2_000 / 6,
    "completion_tokens": 60 / 6,
    "cached_share": 400 / 2_000,
    "cost": 0.5,
    "seconds": 12 / 6,
    "failed": 1,
}


def table(answers: Sequence[tuple[TaskQuestion, Answered]], **more: Any) -> dict[str, float]:
    rows = [scored(TASKS["refusal"], "reader", question, answered) | more for question, answered in answers]
    return arm_metrics(rows)


def test_a_table_is_what_is_counted_by_hand() -> None:
    found = table(ANSWERS)
    assert {name: found[name] for name in BY_HAND} == pytest.approx(BY_HAND)
    assert set(found) == {*BY_HAND, "right_low", "right_high"}
    assert 0 <= found["right_low"] < found["right"] < found["right_high"] <= 1


@pytest.mark.parametrize(
    ("at", "change", "noticed"),
    [
        (0, {"text": "A brass ship."}, {"exact", "f1", "rouge_l", "rouge_l_recall"}),  # a quote still holds the answer
        (0, {"text": "A brass ship.", "quotes": ("So.", "It was.")},
         {"right", "contained", "exact", "f1", "rouge_l", "rouge_l_recall", "calibration_error"}),
        (0, {"text": "Lamp, brass"}, {"exact", "rouge_l", "rouge_l_recall"}),
        (0, {"cited": (("b.txt", 1),)}, set()),
        (0, {"cited": (("other.txt", 1),)}, {"gold_cited"}),
        (0, {"paged": (("a.txt", 1),)}, {"gold_paged", "gold_all_paged"}),
        (0, {"verified": 1}, {"quotes_verified"}),
        (0, {"confidence": 0.8}, {"calibration_error"}),
        (1, {"cited": (("c.pdf", 3),)}, {"gold_cited"}),
        (1, {"cached_tokens": 200}, {"cached_share"}),
        (1, {"cost": 0.5}, {"cost"}),
        (2, {"steps": 7}, {"steps"}),
        (2, {"seconds": 7.0}, {"seconds"}),
        (2, {"prompt_tokens": 401}, {"prompt_tokens", "cached_share"}),
        (2, {"completion_tokens": 1}, {"completion_tokens"}),
        (2, {"failed": "The server is gone."}, {"failed", "refusal_precision"}),
        (3, {"answered": True}, {"right", "refusal_precision", "refusal_recall"}),
        (4, {"answered": False}, {"right", "refusal_precision", "refusal_recall", "calibration_error"}),
        (5, {"failed": ""}, {"failed", "right", "refusal_precision", "refusal_recall"}),
    ],
)  # fmt: skip
def test_a_measure_notices_its_own_change_and_no_other(at: int, change: dict[str, Any], noticed: set[str]) -> None:
    question, answered = ANSWERS[at]
    changed = (*ANSWERS[:at], (question, replace(answered, **change)), *ANSWERS[at + 1 :])
    before, after = table(ANSWERS), table(changed)
    different = {name for name in BY_HAND if before.get(name) != pytest.approx(after.get(name))}
    assert different == noticed


def test_verdicts_and_likenesses_are_means_of_those_that_there_are() -> None:
    rows = [scored(TASKS["refusal"], "reader", *one) for one in ANSWERS[:4]]
    judged = [
        row | {"judged": verdict, "judge_cost": 0.5} for row, verdict in zip(rows, (1.0, 0.5, 0.0, None), strict=True)
    ]
    found = arm_metrics(judged)
    assert (found["judged"], found["judge_unclear"], found["judge_cost"]) == (0.5, 1, 2.0)
    assert "judged" not in arm_metrics([row | {"judged": None} for row in rows])
    likened = arm_metrics(
        [rows[0] | {"sim_1": 0.8, "sim_3": 0.6, "sim_h": 0.2}, rows[1] | {"sim_1": 0.4, "sim_3": 0.0, "sim_h": 0.4}]
    )
    assert (likened["sim_1"], likened["sim_3"], likened["sim_h"]) == pytest.approx((0.6, 0.3, 0.3))


def test_a_fixed_context_is_asked_for_no_citations() -> None:
    assert "gold_cited" in table(ANSWERS)
    assert "gold_cited" not in table(ANSWERS, arm="fixed[documents=5]")
