"""Measures of answers: exact match, F1, ROUGE-L, containment, refusals, with bootstrap intervals and McNemar's test.

Exact match and F1 normalise as SQuAD's own script does (small letters, no punctuation, no English articles); a yes or no shares
nothing with a longer answer, as in HotpotQA's. ROUGE-L is the F measure over the longest common subsequence of words, as the MemGPT
paper reports it for conversations.
"""

from __future__ import annotations

import math
import random
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_YES_OR_NO = {("yes",), ("no",)}
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(text: str) -> list[str]:
    """The words of an answer as SQuAD compares them."""
    return _ARTICLES.sub(" ", text.casefold().translate(_PUNCTUATION)).split()


def exact_match(given: str, answers: Sequence[str]) -> float:
    """1.0 when the answer is one of the right ones, word for word."""
    return float(any(normalised(given) == normalised(answer) for answer in answers))


def f1(given: str, answers: Sequence[str]) -> float:
    """The best harmonic mean of precision and recall over the words that an answer shares with a right one."""
    return max((_f1(normalised(given), normalised(answer)) for answer in answers), default=0.0)


def _f1(given: Sequence[str], right: Sequence[str]) -> float:
    if not given or not right or not _YES_OR_NO.isdisjoint((tuple(given), tuple(right))):
        return float(given == right)
    shared = sum((Counter(given) & Counter(right)).values())
    return _harmonic(shared / len(given), shared / len(right))


def rouge_l(given: str, answers: Sequence[str]) -> float:
    """The best F measure over the longest common subsequence of words."""
    return max((_rouge_l(normalised(given), normalised(answer)) for answer in answers), default=0.0)


def _rouge_l(given: Sequence[str], right: Sequence[str]) -> float:
    if not given or not right:
        return 0.0
    shared = _longest_common(given, right)
    return _harmonic(shared / len(given), shared / len(right))


def _longest_common(given: Sequence[str], right: Sequence[str]) -> int:
    """How many words the longest common subsequence has."""
    row = [0] * (len(right) + 1)
    for word in given:
        before = 0
        for at, other in enumerate(right, 1):
            kept, row[at] = row[at], before + 1 if word == other else max(row[at], row[at - 1])
            before = kept
    return row[-1]


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@dataclass(frozen=True)
class Interval:
    """A mean with the bounds of its 95 % interval."""

    mean: float
    low: float
    high: float


def bootstrap(values: Sequence[float], *, seed: int = 0, draws: int = 1_000) -> Interval:
    """The mean of `values`, and the 2.5th and 97.5th percentile of the means of samples drawn with replacement."""
    if not values:
        return Interval(math.nan, math.nan, math.nan)
    chance = random.Random(seed)
    count = len(values)
    means = sorted(sum(chance.choices(values, k=count)) / count for _ in range(draws))
    return Interval(sum(values) / count, means[int(draws * 0.025)], means[min(draws - 1, int(draws * 0.975))])


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """The exact two-sided p-value that two arms are right equally often, over the same questions.

    Only questions that one arm got right and the other wrong count. Raises ValueError for sequences of different lengths.
    """
    only_first = sum(one and not other for one, other in zip(first, second, strict=True))
    only_second = sum(other and not one for one, other in zip(first, second, strict=True))
    differing = only_first + only_second
    if not differing:
        return 1.0
    tail = math.fsum(math.comb(differing, k) / 2**differing for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail)


def rouge_l_recall(given: str, answers: Sequence[str]) -> float:
    """The largest share of a right answer's words that stand in the given one in their order (ROUGE-L recall)."""
    said = normalised(given)
    words = [normalised(answer) for answer in answers]
    return max((_longest_common(said, right) / len(right) for right in words if right), default=0.0)


def refusal_precision(rows: Sequence[tuple[bool, bool]]) -> float | None:
    """Of the questions refused, the share that have no answer. `rows` are (answerable, refused); None where none was refused."""
    refused = [answerable for answerable, said_no in rows if said_no]
    return sum(not answerable for answerable in refused) / len(refused) if refused else None


def refusal_recall(rows: Sequence[tuple[bool, bool]]) -> float | None:
    """Of the questions without an answer, the share that were refused; None where every question has one."""
    none = [said_no for answerable, said_no in rows if not answerable]
    return sum(none) / len(none) if none else None


def nearest_mean(likenesses: Sequence[float], count: int) -> float:
    """The mean of the `count` greatest likenesses (SIM-1, SIM-3 of conversation openers), of all where there are fewer."""
    best = sorted(likenesses, reverse=True)[:count]
    return sum(best) / len(best) if best else 0.0
