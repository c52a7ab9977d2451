"""The next search: the best chains and the searches made go in; one query, or None when nothing promises more, comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.model.reader.chain import Chain, new_names
from workbench.model.reader.evidence import Evidence
from workbench.model.reader.question import Question
from workbench.model.reader.text import stem, stems, words
from workbench.model.reader.view import Search

SEARCHES = 8
"""Searches a question is worth."""


@dataclass(frozen=True)
class Query:
    """A search to make; `value` orders them, `page` is 0-based."""

    text: str
    value: float
    page: int = 0


def next_query(evidence: Evidence, chains: Sequence[Chain], searches: Sequence[Search]) -> Query | None:
    """The most promising search not made yet."""
    question = evidence.question
    if not searches:
        return Query(question.text, 1.0)
    if len(searches) >= SEARCHES:
        return None
    offers = [*_follow(evidence, chains), *_names(question), *_uncovered(question, chains)]
    fresh = [offer for offer in offers if _is_new(offer.text, searches)]
    return max(fresh, key=lambda offer: (offer.value, offer.text)) if fresh else None


def _is_new(text: str, searches: Sequence[Search]) -> bool:
    """Whether a query differs in more than a word from every one made, as far as those are remembered."""
    if not stems(text):
        return False
    for search in searches:
        known = search.query
        asked = stems(text[: len(known) - 1].rsplit(" ", 1)[0] if known.endswith("…") else text)
        if len(asked ^ stems(known.removesuffix("…"))) <= max(1, len(asked) // 4):
            return False
    return True


def _follow(evidence: Evidence, chains: Sequence[Chain]) -> list[Query]:
    """For the best chains: a name brought in by a member, with the words of the question still uncovered."""
    question, offers = evidence.question, []
    for rank, chain in enumerate(chains[:8]):
        missing = chain.missing(question)
        for index in chain.members:
            for place, name in enumerate(new_names(question, evidence.units[index])[:5]):
                telling = max((evidence.rare(stem(word)) for word in words(name)), default=0.1)
                value = chain.score * (0.4 + 0.6 * telling) - 0.03 * place - 0.02 * rank
                offers.append(Query(" ".join([name, *missing]), value))
    return offers


def _names(question: Question) -> list[Query]:
    """Each name of the question by itself with the question's other words: comparisons need both sides."""
    plain = [term.word for term in question.terms if not term.name]
    return [Query(" ".join([name, *plain]), 0.45) for name in question.names] if len(question.names) > 1 else []


def _uncovered(question: Question, chains: Sequence[Chain]) -> list[Query]:
    """What the best chain leaves uncovered, by itself: each word with its neighbours in the question."""
    if not chains:
        return []
    missing = set(chains[0].missing(question))
    order = [term.word for term in question.terms]
    near = [word for at, word in enumerate(order) if missing & set(order[max(0, at - 1) : at + 2])]
    return [Query(" ".join(near), 0.4)] if missing and len(near) < len(order) else []
