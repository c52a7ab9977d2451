"""The answer: the question and its best chain go in; quotes with handles, or that the documents do not say, come out."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.models.extractive.evidence import Evidence, Unit
from workbench.models.extractive.evidence_chain import Chain
from workbench.models.extractive.question import Question

NOT_FOUND = "Not found in the documents."
CITATIONS = 5
"""Quotes an answer may have: more would be a search result, not an answer."""


def found(evidence: Evidence, chain: Chain) -> str:
    """The chain as quotes, in the order in which one leads to the next."""
    return quoted([evidence.units[index] for index in chain.members[:CITATIONS]])


def quoted(units: Sequence[Unit]) -> str:
    """Sentences as quotes with their handles."""
    lead = "The documents say:" if len(units) > 1 else "The document says:"
    return "\n".join([f"I quote and do not reason. {lead}", *(quote(unit) for unit in units)])


def end_of_chain(record: str, handle: str) -> str:
    """The record that leads no further."""
    return f'I quote and do not reason. The chain ends here:\n"{record}" [{handle}]'


def quote(unit: Unit) -> str:
    """A quote as the citation verifier reads it."""
    return f'"{unit.text}" [{unit.handle}]'


def not_found(question: Question, queries: Sequence[str]) -> str:
    """That the documents do not say, and what was looked for."""
    sought = ", ".join(term.word for term in question.terms[:8])
    return f"{NOT_FOUND} I searched {len(queries)} times, for: {sought}." if sought else NOT_FOUND
