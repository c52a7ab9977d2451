"""Words that sentences of search tests are drawn from, and when two rankings are the same."""

from __future__ import annotations

from workbench.retrieval.ranking.result import Ranking

NAMES = [
    "Ada Marlow",
    "Gannet Rock",
    "Osk Harbour",
    "Tern Island",
    "the Salt Office",
    "HX-204/7",
    "Café Ören",
    "灯塔 守卫",
]


VERBS = ["kept the light at", "was surveyed by", "lies 12 km east of", "borrowed a bell from", "\u2014", "is part of"]


def same(one: Ranking, other: Ranking) -> None:
    assert (one.ids, one.mode, one.num_searched) == (other.ids, other.mode, other.num_searched)
    assert one.scores == other.scores
    assert one.why == other.why
