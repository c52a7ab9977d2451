"""Measures of answers, each by hand-checked values, and with one that it must get wrong."""

from __future__ import annotations

import pytest

from workbench.evaluation.answer_sets import holds
from workbench.evaluation.answers import calibration_error
from workbench.evaluation.metrics import (
    bootstrap,
    exact_match,
    f1,
    mcnemar,
    nearest_mean,
    refusal_precision,
    refusal_recall,
    rouge_l,
    rouge_l_recall,
)


def test_exact_match_is_squads() -> None:
    assert exact_match("The Brass Aunt.", ["brass aunt"]) == 1
    assert exact_match("Brass Aunt, of Elm", ["brass aunt"]) == 0
    assert exact_match("1,902", ["1902"]) == 1
    assert exact_match("", ["x"]) == 0


def test_f1_counts_shared_words() -> None:
    # SQuAD's own: "Cat sat" against "cat sat down there": precision 1, recall 1/2.
    assert f1("the cat sat", ["cat sat down there"]) == pytest.approx(2 / 3)
    assert f1("dog", ["cat"]) == 0
    assert f1("x x", ["x"]) == pytest.approx(2 / 3)
    # HotpotQA's own: a yes or no is right as a whole or not at all.
    assert f1("Yes, both are", ["yes"]) == f1("no", ["no idea"]) == 0
    assert f1("Yes.", ["yes"]) == 1


def test_rouge_l_minds_the_order() -> None:
    # Lin 2004: "police kill the gunman" against "police killed the gunman"; articles are dropped here: 2 of 3 words.
    assert rouge_l("police kill the gunman", ["police killed the gunman"]) == pytest.approx(2 / 3)
    assert rouge_l("gunman the police killed", ["police killed the gunman"]) == pytest.approx(2 / 3)
    assert rouge_l("one two three", ["three two one"]) == pytest.approx(1 / 3)


def test_mcnemar_is_the_exact_binomial() -> None:
    # 6 questions differ, all for the first: p = 2 / 2^6.
    first, second = [True] * 10, [True] * 4 + [False] * 6
    assert mcnemar(first, second) == pytest.approx(2 / 64)
    assert mcnemar(first, first) == 1
    assert mcnemar([True, False], [False, True]) == 1
    with pytest.raises(ValueError):
        mcnemar([True], [])


def test_bootstrap_is_repeatable_and_holds_the_mean() -> None:
    values = [1.0] * 30 + [0.0] * 10
    interval = bootstrap(values, seed=7)
    assert interval == bootstrap(values, seed=7)
    assert interval.low < interval.mean == 0.75 < interval.high
    assert 0.55 < interval.low < 0.68
    assert bootstrap([1.0] * 5).low == 1


def test_rouge_l_recall_forgives_what_is_said_beside() -> None:
    # 3 of the 4 words of the right answer, in their order, whatever else is said.
    assert rouge_l_recall("well, police shot down the gunman today", ["police shot one gunman"]) == pytest.approx(3 / 4)
    assert rouge_l_recall("gunman police", ["police gunman"]) == pytest.approx(1 / 2)
    assert rouge_l_recall("", ["police"]) == 0
    assert rouge_l_recall("police", []) == 0


def test_refusals_have_a_precision_and_a_recall() -> None:
    # (answerable, refused): 3 refused, 2 of them rightly; 4 without an answer, 2 of them refused.
    rows = [(True, True), (True, False), (False, True), (False, True), (False, False), (False, False)]
    assert refusal_precision(rows) == pytest.approx(2 / 3)
    assert refusal_recall(rows) == pytest.approx(2 / 4)
    assert refusal_precision([(True, False)]) is None
    assert refusal_recall([(True, True)]) is None


def test_calibration_is_off_by_what_confidence_says_too_much() -> None:
    # Four answers at .9 of which two are right, one at .1 that is wrong: (4 * |.9 - .5| + 1 * |.1 - 0|) / 5.
    confidences, right = [0.9, 0.9, 0.9, 0.9, 0.1], [True, True, False, False, False]
    assert calibration_error(confidences, right) == pytest.approx((4 * 0.4 + 0.1) / 5)
    assert calibration_error([1.0, 0.0], [True, False]) == 0
    assert calibration_error([1.0, 0.0], [False, True]) == 1


def test_an_answer_is_contained_as_whole_words() -> None:
    assert holds("It was built in 1902, they say.", ("1902",))
    assert holds("The BRASS aunt of Elm", ("brass aunt", "no other"))
    assert not holds("It was built in 19021.", ("1902",))
    assert not holds("brass and aunt", ("brass aunt",))
    assert not holds("anything", ("",))
    assert holds("他生于北京市。", ("北京",))


def test_the_nearest_facts_count() -> None:
    assert nearest_mean([0.1, 0.9, 0.5, 0.4], 1) == 0.9
    assert nearest_mean([0.1, 0.9, 0.5, 0.4], 3) == pytest.approx(0.6)
    assert nearest_mean([0.5], 3) == 0.5
    assert nearest_mean([], 3) == 0
