"""Judges whether a chain of evidence answers the question.

An unanswerable question is mostly about something the documents do know: all its names are there, and what it asks of
them is not. So only the other words count, and only where they stand with a name: in a sentence that holds one of the
question's names, or that is firmly linked to the rest of the chain.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.models.extractive.evidence import Evidence
from workbench.models.extractive.evidence_chain import Chain
from workbench.models.extractive.languages import FUNCTION_WORDS
from workbench.models.extractive.question import Question, Term
from workbench.models.extractive.sentences import words

FIRM_LINK = 0.5
LOOSE_SHARE = 0.3
"""What a word counts that stands in a sentence with no name of the question and no firm link."""

ALIKE_FLOOR, ALIKE_SPAN, ALIKE_WORTH = 0.4, 0.3, 0.8
"""From which likeness on another word stands in for a missing one, over which span, and for how much."""

ASKED_SHARE, LEAST_SHARE, EASING = 0.67, 0.45, 0.09
SHORT_WEIGHT = 2.6
"""A short question must have two thirds of its words met; every further unit of weight asks a little less."""


NEARLY, MEETS = 0.12, 0.3
"""By how much a chain may be behind the best to be preferred, and what meeting all that is asked is worth then."""


def answers(evidence: Evidence, chain: Chain) -> bool:
    """Whether a chain says what the question asks."""
    asked = _asked(evidence.question)
    weight = sum(term.weight for term in asked)
    if weight < 0.2:
        return chain.coverage > 0.5
    needed = min(ASKED_SHARE, max(LEAST_SHARE, ASKED_SHARE - EASING * (weight - SHORT_WEIGHT)))
    return chain.coverage >= 0.4 and met(evidence, chain, asked) / weight >= needed


def settled(evidence: Evidence, chains: Sequence[Chain]) -> Chain | None:
    """The chain to answer with: of those nearly as good as the best, the one that meets most of what is asked."""
    if not chains:
        return None
    asked = _asked(evidence.question)
    weight = sum(term.weight for term in asked) or 1.0
    near = [chain for chain in chains if chain.score >= chains[0].score - NEARLY]

    def value(chain: Chain) -> float:
        return chain.score + MEETS * sum(
            min(1.0, term.weight * share / weight) for term, share in _covered(evidence, chain, asked)
        )

    return max(near, key=lambda chain: (value(chain), -len(chain.members), chain.score))


def _asked(question: Question) -> list[Term]:
    return [term for term in question.terms if not term.name and not term.told]


def met(evidence: Evidence, chain: Chain, asked: list[Term]) -> float:
    """The weight of the asked words that the chain meets, word for word or by a word much like it."""
    said = list(dict.fromkeys(word for index in _firm(evidence, chain) for word in _said(evidence, index)))
    total = 0.0
    for term, covered in _covered(evidence, chain, asked):
        if covered < 0.5:
            covered = max(covered, _alike(evidence, term, said))
        total += term.weight * covered
    return total


def names_alone(evidence: Evidence, quotes: Sequence[str]) -> bool:
    """Whether quotes hold names of the question and nothing of what is asked of them, word for word or much like it.

    That is what documents hold that know a person and not what is asked about them.
    """
    named = _names(evidence.question)
    asked = [term for term in _asked(evidence.question) if term.word.lower() not in _LIGHT]
    if not asked or not named:
        return False
    shown = [
        at
        for at, unit in enumerate(evidence.units)
        if any(unit.text in quote or quote in unit.text for quote in quotes)
    ]
    if not any(named & (evidence.units[at].stems | evidence.units[at].near) for at in shown):
        return False
    said = list(dict.fromkeys(word for at in shown for word in _said(evidence, at)))
    told = 0.0
    for term in asked:
        covered = max(evidence.cover[at].get(term.stem, 0.0) for at in shown)
        told += term.weight * max(covered, _alike(evidence, term, said, MUCH_ALIKE) if covered < 0.5 else 0.0)
    return told < TOLD_SHARE * sum(term.weight for term in asked)


_LIGHT = frozenset(
    """let lets allow allows allowed enable enables make makes made do does did done use uses used get gets got give gives gave given take
    takes took put puts have has had go goes went come comes came work works worked say says said look looks looked like
    name names called another other kind kinds type types sort year years date day place""".split()
)
"""Words that say so little, or only which kind of answer is wanted, that a document uses others: a question with none but these and
names is one about the names."""

TOLD_SHARE, MUCH_ALIKE = 0.34, 0.5
"""How much of what is asked of a name must be said for more than the name to be known, and from which likeness on another word says
it: "carved" is a little like "painted", and no answer to it."""


def _alike(evidence: Evidence, term: Term, said: Sequence[str], floor: float = ALIKE_FLOOR) -> float:
    """How far a word much like a missing one stands in for it, 0 to 1."""
    if not said:
        return 0.0
    alike = (max(evidence.alike(term.word.lower(), said)) - floor) / ALIKE_SPAN
    return ALIKE_WORTH * max(0.0, min(1.0, alike))


def _covered(evidence: Evidence, chain: Chain, asked: list[Term]) -> list[tuple[Term, float]]:
    """How far each asked word stands in the chain, word for word."""
    firm = set(_firm(evidence, chain))
    have: dict[str, float] = {}
    for index in chain.members:
        share = 1.0 if index in firm else LOOSE_SHARE
        for key, value in evidence.cover[index].items():
            have[key] = max(have.get(key, 0.0), value * share)
    return [(term, have.get(term.stem, 0.0)) for term in asked]


def _firm(evidence: Evidence, chain: Chain) -> list[int]:
    """The members that are about what the question is about: those with one of its names, and those firmly linked to them,
    directly or through others. Two sentences that hang together are not firm while neither hangs on the question."""
    asked = _names(evidence.question)
    firm = {index for index in chain.members if asked & (evidence.units[index].stems | evidence.units[index].near)}
    if not firm:
        firm = {chain.members[0]}
    while more := {
        index
        for index in chain.members
        if index not in firm and any(_link(evidence, index, known) >= FIRM_LINK for known in firm)
    }:
        firm |= more
    return [index for index in chain.members if index in firm]


def hangs_together(evidence: Evidence, chain: Chain) -> bool:
    """Whether every sentence of a chain is firmly linked to another of it."""
    return all(
        any(_link(evidence, one, other) >= FIRM_LINK for other in chain.members if other != one)
        for one in chain.members
    )


def _link(evidence: Evidence, one: int, other: int) -> float:
    return max(evidence.linked(one, other), evidence.linked(other, one))


def _names(question: Question) -> frozenset[str]:
    return frozenset(term.stem for term in question.terms if term.name)


def _said(evidence: Evidence, index: int) -> list[str]:
    unit = evidence.units[index]
    text = f"{unit.before} {unit.text}" if unit.leans else unit.text
    return [word.lower() for word in words(text) if word.lower() not in FUNCTION_WORDS]
