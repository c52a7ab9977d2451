"""Plans the next search from the best chains, or says that nothing promises more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.models.extractive.answerability import answers, settled
from workbench.models.extractive.evidence import Evidence
from workbench.models.extractive.evidence_chain import Chain, new_names
from workbench.models.extractive.prompt_parser import Search, View
from workbench.models.extractive.question import Question
from workbench.models.extractive.sentences import stem, stems, words

SEARCHES = 8
"""Searches a question is worth, passages followed included."""

FOLLOWED_WITHIN = 3
"""A passage is followed within so many searches: a result that has left the window is not fetched again."""

QUIET = 2
"""Once the best chain answers, so many results in a row that do not change it end the search."""


@dataclass(frozen=True)
class Query:
    """A search to make; `value` orders them, `page` is 0-based. With a `handle` that passage is followed instead."""

    text: str
    value: float
    page: int = 0
    handle: str = ""


def next_query(
    evidence: Evidence, chains: Sequence[Chain], view: View, most: int = SEARCHES, *, sub_questions: bool = True
) -> Query | None:
    """The most promising search not made yet; None when the chain is complete, `most` are made, or nothing promises more.

    Without `sub_questions` passages are followed and nothing else is searched after the first search.
    """
    question, searches = evidence.question, view.searches
    if not searches:
        return Query(question.text, 1.0)
    if len(searches) + len(view.followed) >= most or _complete(evidence, chains, view):
        return None
    offers = [*_follow(evidence, chains, view), *_names(question), *_uncovered(question, chains)]
    fresh = [offer for offer in offers if offer.handle or (sub_questions and _is_new(offer.text, searches))]
    return max(fresh, key=lambda offer: (offer.value, offer.text)) if fresh else None


def following_page(question: str, view: View) -> Query | None:
    """The second page of what was found for a question, None where it was read or there is none.

    It is what to read next in a language whose names and stems are not known well enough to search by them.
    """
    own = [search for search in view.searches if search.begins(question)]
    last = max(own, key=lambda search: search.page, default=None)
    return Query(last.query, 1.0, 1) if last is not None and last.page == 0 < last.last_page else None


def _complete(evidence: Evidence, chains: Sequence[Chain], view: View) -> bool:
    """Whether the chain to answer with has every word that is asked, answers, and got nothing from the last results."""
    best = settled(evidence, chains)
    if best is None or not answers(evidence, best):
        return False
    asked = {term.word for term in evidence.question.terms if not term.name and not term.told}
    if asked.intersection(best.missing(evidence.question)):
        return False
    shown = view.results
    if len(shown) <= QUIET:
        return False
    before = {handle for handles in shown[:-QUIET] for handle in handles}
    late = {handle for handles in shown[-QUIET:] for handle in handles} - before
    return not any(evidence.units[index].handle in late for index in best.members)


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


def _follow(evidence: Evidence, chains: Sequence[Chain], view: View) -> list[Query]:
    """For the best chains: a name brought in by a member, with the words of the question still uncovered.

    With no such words a search would know nothing but the name: then the best chain's passage is followed, once and
    early, while what a search for the name would bring is not in sight yet.
    """
    early = "archival_follow" in view.functions and not view.followed and len(view.searches) <= FOLLOWED_WITHIN
    question, offers = evidence.question, []
    for rank, chain in enumerate(chains[:8]):
        missing = chain.missing(question)
        for index in chain.members:
            handle = evidence.units[index].handle
            follows = early and rank == 0 and not missing and handle in view.passages
            for place, name in enumerate(new_names(question, evidence.units[index])[:5]):
                telling = max((evidence.rare(stem(word)) for word in words(name)), default=0.1)
                value = chain.score * (0.4 + 0.6 * telling) - 0.03 * place - 0.02 * rank
                offers.append(Query(" ".join([name, *missing]), value, 0, handle if follows else ""))
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
