"""Measures of answers, each by hand-checked values, and with one that it must get wrong."""

from __future__ import annotations

import pytest

from workbench.evaluation.metrics import bootstrap, exact_match, f1, mcnemar, rouge_l


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
