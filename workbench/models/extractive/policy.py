"""One step of the reader: what it sees goes in; the name and arguments of the one call that it makes come out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from workbench.models.extractive import answer, financial_policy
from workbench.models.extractive.answerability import answers, settled
from workbench.models.extractive.evidence import Evidence, Score, Unit, units
from workbench.models.extractive.evidence_chain import Chain, best_chains, pruned
from workbench.models.extractive.financial import figures
from workbench.models.extractive.identifier_lookup import next_step
from workbench.models.extractive.line_scoring import Place, chosen, places
from workbench.models.extractive.notes import note_line, room
from workbench.models.extractive.prompt_parser import Note, View
from workbench.models.extractive.query_planner import next_query
from workbench.models.extractive.question import analyse

Call = tuple[str, dict[str, Any]]

NOTES_A_STEP = 3

NOTHING_ATTACHED = (
    "Nothing is attached, so there is nothing I could quote. Load documents with /load PATH (or attach a source with "
    "/attach NAME) and ask again."
)
GREETING = (
    "Hello. I am the extractive reader: I quote the attached documents and do not reason. Ask a question about them, "
    "and I will answer with the sentences that say so, and where they stand."
)
_SMALL_TALK = re.compile(
    r"^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|thanks?(?: you)?|thank you|ok(?:ay)?|bye|goodbye|how are you|who are you"
    r"|what are you|what can you do|help)(?:\s+(?:there|again|reader|very much|so much|all))?\W*$",
    re.IGNORECASE,
)


def decide(view: View, score: Score) -> Call:
    """The next call."""
    if not view.question or _SMALL_TALK.match(view.question):
        return _say(GREETING)
    if not view.sources and not view.passages:
        return _say(NOTHING_ATTACHED)
    if step := next_step(view):
        if step.query:
            return "archival_memory_search", {"query": step.query, "page": step.page, "request_heartbeat": True}
        return _say(answer.end_of_chain(step.record, step.handle))
    question = analyse(view.question)
    if asked := figures(view.question, view.documents == 1):
        return financial_policy.next_call(view, question, asked, score)
    evidence = Evidence(question, units(view.passages, view.notes), score, view.archive_passages)
    chains = best_chains(evidence)
    nearest = places(question, None, view, score) if view.documents == 1 else []
    if view.after == "search" and (call := _note(view, evidence, chains, nearest)):
        return call
    query = None if view.repeating else next_query(evidence, chains, view)
    if query is not None and query.handle:
        return "archival_follow", {"passage": query.handle, "page": query.page, "request_heartbeat": True}
    if query is not None:
        return "archival_memory_search", {"query": query.text, "page": query.page, "request_heartbeat": True}
    found: list[Unit] = []
    best = settled(evidence, chains)
    if best and answers(evidence, best):
        found = [evidence.units[index] for index in pruned(evidence, best).members[: answer.CITATIONS]]
    found = financial_policy.filled(found, nearest)
    if not found:
        return _say(answer.not_found(question, [search.query for search in view.searches]))
    return _say(answer.quoted(found))


def _say(message: str) -> Call:
    return "send_message", {"message": message}


def _note(view: View, evidence: Evidence, chains: Sequence[Chain], nearest: Sequence[Place]) -> Call | None:
    """Write the sentences of the best chains that are not written yet, after the first search the nearest lines as well:

    results do not stay in the window.
    """
    known = {(note.document, note.document_page, note.quote) for note in view.notes}
    first = chosen(nearest, 2) if len(view.searches) == 1 else []
    wanted = [place.unit for place in first if place.unit.key not in known]
    for chain in chains[:6]:
        for index in chain.members:
            unit = evidence.units[index]
            if unit.key not in known and unit not in wanted:
                wanted.append(unit)
    lines = [note_line(unit) for unit in wanted[:NOTES_A_STEP]]
    if not lines:
        return None
    limit = room(view)
    while lines and len(view.task) + sum(len(line) + 1 for line in lines) > limit:
        stale = _stale(view.notes, evidence, chains)
        if stale is not None and len(view.task) - len(stale.line) + len(lines[0]) <= limit:
            return "core_memory_replace", {
                "name": "task",
                "old_content": stale.line,
                "new_content": lines[0],
                "request_heartbeat": True,
            }
        lines.pop()
    if not lines:
        return None
    return "core_memory_append", {"name": "task", "content": "\n".join(lines), "request_heartbeat": True}


def _stale(notes: Sequence[Note], evidence: Evidence, chains: Sequence[Chain]) -> Note | None:
    """The note that serves least: the one in no good chain, or in the worst."""
    rank: dict[tuple[str, int, str], int] = {}
    for place, chain in enumerate(chains):
        for index in chain.members:
            rank.setdefault(evidence.units[index].key, place)
    scored = [(rank.get((n.document, n.document_page, n.quote), len(chains)), n) for n in notes]
    place, note = max(scored, key=lambda pair: (pair[0], pair[1].line), default=(0, None))
    return note if place >= 3 else None
