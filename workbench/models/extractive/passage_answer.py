"""Answers a question from passages that are given, in one step: what the reader would quote of them, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.api.results import Hit
from workbench.models.extractive.answer_ranking import Quote, rank
from workbench.models.extractive.answer_scorer import AnswerScorer, fitted
from workbench.models.extractive.evidence import Score
from workbench.models.extractive.prompt_parser import View


def best_quotes(
    question: str, passages: Sequence[Hit], score: Score, scorer: AnswerScorer | None = None
) -> tuple[list[Quote], float]:
    """The quotes that answer best, the likeliest first, and the calibrated confidence of them, 0 to 1."""
    handles = tuple(item.handle for item in passages)
    view = View(
        question, "search", ("document",), (), (), {item.handle: item for item in passages}, "", results=(handles,)
    )
    ranking = rank(question, view, score, scorer or fitted())
    return ranking.quotes(), ranking.confidence
