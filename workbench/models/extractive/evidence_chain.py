"""Chains of evidence: sentences that together cover the question, each linked to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.models.extractive.evidence import Evidence, Unit, figures, title_words
from workbench.models.extractive.names import names
from workbench.models.extractive.question import Question, supplies
from workbench.models.extractive.sentences import stem, stems


@dataclass(frozen=True)
class Weights:
    """What a chain's score is made of; set on public question sets as a whole, never on one question.

    `floor` is the likeness that says nothing, `member` what every sentence after the first costs, `bridge` the least
    link by which one may follow another, `document` the cost of one more document, `compared` what it is worth to have
    said something of each of two names that are set against each other.
    """

    coverage: float = 1.0
    likeness: float = 0.8
    floor: float = 0.3
    soft: float = 0.6
    residual: float = 0.5
    link: float = 0.12
    bridge: float = 0.15
    supplies: float = 0.12
    member: float = 0.12
    jump: float = 0.15
    trust: float = 0.5
    document: float = 0.02
    compared: float = 0.15
    starts: int = 12
    beam: int = 12
    longest: int = 4


WEIGHTS = Weights()


@dataclass(frozen=True)
class Chain:
    """Units in the order found, their score, and the share of the question's weight that they cover."""

    members: tuple[int, ...]
    score: float
    coverage: float
    covered: tuple[tuple[str, float], ...]

    def missing(self, question: Question) -> list[str]:
        """The words of the question that no member covers, in its order."""
        have = dict(self.covered)
        return [term.word for term in question.terms if have.get(term.stem, 0.0) < 0.5]


def best_chains(evidence: Evidence, weights: Weights = WEIGHTS) -> list[Chain]:
    """The best chains of every length, best first."""
    if not evidence.units:
        return []
    starts = sorted((_start(evidence, i, weights) for i in range(len(evidence.units))), key=_order)
    frontier = starts[: weights.starts]
    found = list(frontier)
    for _ in range(weights.longest - 1):
        grown: dict[frozenset[int], Chain] = {}
        for chain in frontier:
            for longer in _extend(evidence, chain, weights):
                kept = grown.get(frozenset(longer.members))
                if kept is None or longer.score > kept.score:
                    grown[frozenset(longer.members)] = longer
        frontier = sorted(grown.values(), key=_order)[: weights.beam]
        found.extend(frontier)
    return sorted([*found, *_compared(evidence, weights)], key=_order)


def _compared(evidence: Evidence, weights: Weights) -> list[Chain]:
    """For names set against each other: the sentences that say most of each, side by side; no name links them."""
    question = evidence.question
    members: list[int] = []
    for name in question.compared:
        wanted = stems(name)
        best = max(
            (i for i, unit in enumerate(evidence.units) if wanted <= unit.stems | unit.near),
            key=lambda i: (_plain(evidence, i) + weights.likeness * evidence.likeness[i], -i),
            default=None,
        )
        if best is None or _plain(evidence, best) == 0.0:
            return []
        members.append(best)
    if len(set(members)) < 2:
        return []
    covered: dict[str, float] = {}
    for index in members:
        for key, value in evidence.cover[index].items():
            covered[key] = max(covered.get(key, 0.0), value)
    coverage = _share(question, covered)
    alike = sum(evidence.likeness[i] for i in members) / len(members)
    score = weights.coverage * coverage + weights.likeness * max(0.0, alike - weights.floor) + weights.compared
    return [Chain(tuple(members), score, coverage, tuple(sorted(covered.items())))]


def _plain(evidence: Evidence, index: int) -> float:
    """The weight of the question's words that are no names, as a sentence covers it."""
    return sum(
        term.weight * evidence.cover[index].get(term.stem, 0.0) for term in evidence.question.terms if not term.name
    )


def _order(chain: Chain) -> tuple[float, int, tuple[int, ...]]:
    return -chain.score, len(chain.members), chain.members


def _start(evidence: Evidence, index: int, weights: Weights) -> Chain:
    covered = evidence.cover[index]
    coverage = _share(evidence.question, covered)
    score = weights.coverage * coverage + weights.likeness * max(0.0, evidence.likeness[index] - weights.floor)
    score += _supply(evidence.question, evidence.units[index], weights)
    return Chain((index,), score, coverage, tuple(sorted(covered.items())))


def _supply(question: Question, unit: Unit, weights: Weights) -> float:
    return weights.supplies if supplies(question.wanted, unit.text, question.stems) else 0.0


def _share(question: Question, covered: dict[str, float]) -> float:
    return sum(term.weight * covered.get(term.stem, 0.0) for term in question.terms) / question.weight


def _extend(evidence: Evidence, chain: Chain, weights: Weights) -> list[Chain]:
    """The chain with one more unit: one linked to a member by a name, or one on a name of the question not reached yet."""
    question, have = evidence.question, dict(chain.covered)
    members = [evidence.units[i] for i in chain.members]
    documents = {unit.document for unit in members}
    likeness = [
        weights.residual * a + (1.0 - weights.residual) * b
        for a, b in zip(evidence.like(residual(question, chain, members[-1])), evidence.likeness, strict=True)
    ]
    old_supply = max(_supply(question, unit, weights) for unit in members)
    grown = []
    for index, unit in enumerate(evidence.units):
        if index in chain.members:
            continue
        cover = evidence.cover[index]
        link = max(evidence.linked(member, index) for member in chain.members)
        reaches = any(t.name and cover.get(t.stem, 0.0) > have.get(t.stem, 0.0) + 0.5 for t in question.terms)
        if link < weights.bridge and not reaches:
            continue
        together = {key: max(have.get(key, 0.0), cover.get(key, 0.0)) for key in {*have, *cover}}
        gain = _share(question, together) - chain.coverage
        trust = weights.trust + (1.0 - weights.trust) * link
        soft = weights.soft * max(0.0, likeness[index] - weights.floor) * (1.0 - chain.coverage) ** 0.5
        score = chain.score + (weights.coverage * gain + soft) * trust + weights.link * link
        score -= weights.member + (0 if unit.document in documents else weights.document)
        score -= weights.jump if link < weights.bridge else 0.0
        score += max(0.0, _supply(question, unit, weights) - old_supply)
        grown.append(Chain((*chain.members, index), score, chain.coverage + gain, tuple(sorted(together.items()))))
    return sorted(grown, key=_order)[: weights.beam]


def pruned(evidence: Evidence, chain: Chain) -> Chain:
    """The chain without members that say nothing that another member of their document does not say already."""
    members = list(chain.members)
    for index in sorted(chain.members, key=lambda i: (_share(evidence.question, evidence.cover[i]), i)):
        rest = [i for i in members if i != index]
        alone = all(evidence.units[i].document != evidence.units[index].document for i in rest)
        if alone or _together(evidence, members) - _together(evidence, rest) > 0.02 or index == chain.members[-1]:
            continue
        members = rest
    return replace(chain, members=tuple(members))


def _together(evidence: Evidence, members: list[int]) -> float:
    """The share of the question that these members cover between them."""
    covered: dict[str, float] = {}
    for index in members:
        for key, value in evidence.cover[index].items():
            covered[key] = max(covered.get(key, 0.0), value)
    return _share(evidence.question, covered)


def residual(question: Question, chain: Chain, last: Unit) -> str:
    """What is still to be found, as a query: the names that the last unit brought in, and the words not yet covered."""
    brought = new_names(question, last)
    return " ".join([*brought[:3], *chain.missing(question)])


def new_names(question: Question, unit: Unit) -> list[str]:
    """Names of the unit that are not in the question, each once; those around it when it leans, or has none of its own."""
    asked, seen, found = question.stems, set[frozenset[str]](), []
    own = [*names(unit.text), *figures(unit.text)]
    around = [*(names(unit.before) if unit.leans else ()), *names(title_words(unit.document, ""))]
    for name in [*own, *around]:
        parts = stems(name) or frozenset({stem(name)})
        if parts <= asked or any(parts <= other for other in seen):
            continue
        seen.add(parts)
        found.append(name)
    return found
