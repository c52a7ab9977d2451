"""Suggests linked passages that were not read yet, likeliest first."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from workbench.retrieval.ranking.searcher import Searcher
from workbench.text import analyzer
from workbench.text.stemming import stem
from workbench.text.term_overlap import held_words

_NAMED = 2
"""Linked passages that are told by name; the others are counted."""

_WORDS_SHARE = 2.0
"""What it is worth to have all the words that are still asked for, where being called by a title is worth one."""


@dataclass(frozen=True)
class Leads:
    """Where `passage` leads: `linked` passages in all, `unread` of them not seen; the likeliest with the names that link them."""

    passage: int
    linked: int
    unread: int
    first: tuple[tuple[int, str], ...]


def leads(searcher: Searcher, passages: Sequence[int], seen: Container[int], wanted: str) -> Leads | None:
    """The leads of the passage that leads to the likeliest one not `seen`; None when they are linked to nothing.

    A linked passage is the likelier, the stronger its link and the more of the words `wanted` it has.
    """
    scored: list[tuple[float, Leads]] = []
    roots = list(dict.fromkeys(stem(word) for word in analyzer.content_words(wanted)))
    for passage in passages:
        linked = searcher.linked(passage)
        unread = [(key, score) for key, score in zip(linked.ids, linked.scores, strict=True) if key not in seen]
        if not linked.ids:
            continue
        rows = {key: row for key, _ in unread if (row := searcher.view.row_of(key)) is not None}
        has = held_words(searcher.view.texts_of(list(rows.values())), roots)
        share = {key: float(has[at].sum()) / max(1, len(roots)) for at, key in enumerate(rows)}
        worth = {key: score + _WORDS_SHARE * share.get(key, 0.0) for key, score in unread}
        best = sorted(worth, key=lambda key: (-worth[key], key))[:_NAMED]
        via = searcher.names_between(passage, best)
        first = tuple((key, via.get(key, "")) for key in best)
        scored.append((worth[best[0]] if best else -1.0, Leads(passage, len(linked.ids), len(unread), first)))
    return max(scored, key=lambda pair: (pair[0], -pair[1].passage))[1] if scored else None
