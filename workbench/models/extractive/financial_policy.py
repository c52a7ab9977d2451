"""Decides a step on a report's figures: a search, a note, or an answer of the nearest lines.

A question about figures needs no chain of names: the page is found by its words, by the lines of the statement that a
measure is made of, and by the second page of results; then the nearest lines are quoted, one a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.models.extractive import answer
from workbench.models.extractive.answer import note_line, room
from workbench.models.extractive.evidence import Score
from workbench.models.extractive.financial import Figures
from workbench.models.extractive.line_scoring import Place, chosen, places
from workbench.models.extractive.prompt_parser import View
from workbench.models.extractive.question import Question
from workbench.models.extractive.tables import columns_of

Call = tuple[str, dict[str, Any]]

NOTES_A_STEP = 4
LEAST_SHARE, LEAST_LINE = 0.45, 0.6
"""How much of what is asked a passage must name, or how nearly a row must be one of the lines, to be an answer."""


def next_call(view: View, question: Question, asked: Figures, score: Score) -> tuple[Call, str]:
    """The next call for a question about a report, and the remark on its quotes that ends it, "" where there is none."""
    ranked = places(question, asked, view, score)
    if view.after == "search" and (noted := _note(view, ranked)):
        return noted, ""
    for query, page in _plan(view, question, asked):
        if not view.repeating and not any(search.is_of(query, page) for search in view.searches):
            return ("archival_memory_search", {"query": query, "page": page, "request_heartbeat": True}), ""
    best = chosen(ranked, answer.CITATIONS)
    if not any(place.share >= LEAST_SHARE or place.line >= LEAST_LINE for place in best):
        sought = [term.word for term in question.terms]
        return ("send_message", {"message": answer.not_found(sought, [search.query for search in view.searches])}), ""
    shown = ((place.unit.text, view.passages.get(place.unit.handle)) for place in best)
    remarks = (columns_of(text, passage.text) for text, passage in shown if passage)
    remark = next((one for one in remarks if one), "")
    return ("send_message", {"message": answer.quoted([place.unit for place in best], remark)}), remark


def _plan(view: View, question: Question, asked: Figures) -> list[tuple[str, int]]:
    """The searches a report is worth: the question, the lines it is about, and the question's second page."""
    first = next((search for search in view.searches if search.begins(question.text)), None)
    if first is None:
        return [(question.text, 0)]
    more = [(first.query, 1)] if first.last_page >= 1 else []
    return [*more, *((query, 0) for query in asked.queries)]


def _note(view: View, ranked: Sequence[Place]) -> Call | None:
    """Write down the best lines that are not written yet, as many as there is room for."""
    known = {(note.document, note.document_page, note.quote) for note in view.notes}
    best = chosen(ranked, answer.CITATIONS + 2)
    fresh = [place for place in best if place.unit.key not in known]
    lines, left = [], room(view) - len(view.task)
    for place in fresh[:NOTES_A_STEP]:
        line = note_line(place.unit)
        if len(line) + 1 <= left:
            lines.append(line)
            left -= len(line) + 1
    if lines:
        return "core_memory_append", {"name": "task", "content": "\n".join(lines), "request_heartbeat": True}
    kept = {place.unit.key for place in best}
    stale = next((note for note in view.notes if (note.document, note.document_page, note.quote) not in kept), None)
    if fresh and stale and len(note_line(fresh[0].unit)) <= left + len(stale.line):
        return "core_memory_replace", {
            "name": "task",
            "old_content": stale.line,
            "new_content": note_line(fresh[0].unit),
            "request_heartbeat": True,
        }
    return None
