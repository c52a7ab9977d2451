"""When to say that the documents do not say: a question and its best chain go in, whether the chain answers it comes out.

What is asked for stands in the head of a question, before its first "of" or relative clause ("What colour was the hull
| of the tug …"). A chain that never reaches a telling word of the head, or only in a sentence that hangs on it by a
thread, is about the same things but does not answer.
"""

from __future__ import annotations

import re

from workbench.model.reader.chain import Chain
from workbench.model.reader.evidence import Evidence
from workbench.model.reader.question import Question, Term
from workbench.model.reader.text import stem, words

LEAST_SCORE = 0.55
TELLING_WEIGHT = 0.6
"""A word as telling as this must be there; below it, ways to say it without the word are too many."""
COVERED = 0.3
TIED = 0.5
"""The least link by which two sentences speak of the same thing."""

_TAIL = re.compile(r"\b(?:of|who|whom|whose|that|which|where)\b", re.IGNORECASE)
_OPENING = re.compile(r"^\W*(?:(?:\w+ )?(?:what|which|whose|who|whom|where|when|how)\b\W*)", re.IGNORECASE)


def answers(evidence: Evidence, chain: Chain) -> bool:
    """Whether a chain says enough to be an answer."""
    if chain.score < LEAST_SCORE:
        return False
    covered: dict[str, float] = {}
    for index in tied_members(evidence, chain):
        for key, value in evidence.cover[index].items():
            covered[key] = max(covered.get(key, 0.0), value)
    return all(covered.get(term.stem, 0.0) >= COVERED for term in head(evidence.question) if _must_be_there(term))


def head(question: Question) -> list[Term]:
    """The terms of what is asked for."""
    opening = _OPENING.match(question.text)
    start = opening.end() if opening else 0
    tail = _TAIL.search(question.text, start)
    stems = {stem(word) for whole in words(question.text[: tail.start() if tail else None]) for word in re.split(r"[\s\-/]+", whole)}
    return [term for term in question.terms if term.stem in stems]


def _must_be_there(term: Term) -> bool:
    return not term.name and term.weight >= TELLING_WEIGHT and term.word.isalpha()


def tied_members(evidence: Evidence, chain: Chain) -> list[int]:
    """Members that hang together with the one that covers most of the question."""
    members = list(chain.members)
    own = {index: sum(t.weight * evidence.cover[index].get(t.stem, 0.0) for t in evidence.question.terms) for index in members}
    tied = {max(members, key=lambda index: (own[index], -index))}
    grown = True
    while grown:
        more = {
            index
            for index in members
            if index not in tied
            and any(
                max(evidence.link(evidence.units[known], evidence.units[index]), evidence.link(evidence.units[index], evidence.units[known])) >= TIED
                for known in tied
            )
        }
        grown = bool(more)
        tied |= more
    return [index for index in members if index in tied]
