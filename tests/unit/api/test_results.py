"""A hit is one type from ranking to screen, and what earlier versions stored of it is still read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from workbench.agent import journal
from workbench.api.events import PageRead
from workbench.api.results import Explanation, Hit, ResultPage
from workbench.storage.steps import EventRow

STORED = {
    "function": "archival_memory_search", "query": "oil", "number": 0, "pages": 3, "total": 11, "searched": 40, "exact": False,
    "renderer": 2,
    "hits": [
        {"passage": 7, "handle": "#a1", "document": "a.pdf", "page": 6, "label": "iv", "heading": "A > B", "score": 0.871,
         "linked": 2, "note": "Mind the date."},
        {"passage": 8, "handle": "#a2", "document": "b.md", "page": 1, "label": None, "heading": "", "score": None,
         "span": [3, 9], "cut_chars": 4},
    ],
}  # fmt: skip
"""A page as messages have kept it since their first version."""


def test_a_stored_page_is_read_and_written_as_it_was() -> None:
    page = ResultPage.load(STORED)
    assert page.hits[1].span == (3, 9)
    assert json.loads(json.dumps(page.dump())) == STORED
    explained = replace(page, hits=tuple(replace(hit, why=Explanation(), source="s", text="t") for hit in page.hits))
    assert json.loads(json.dumps(explained.dump())) == STORED


def test_what_a_prompt_shows_of_a_page_is_the_same_as_text_and_as_data() -> None:
    page = ResultPage.load(STORED)
    texts = {7: "Colza  oil\n\n only.", 8: "No whale oil here."}
    shown = page.rendered(texts)
    assert shown.text.splitlines() == [
        "Showing 2 of 11 results (page 0/2), the best of 40 passages",
        "The user's note on the next document: Mind the date.",
        "#a1 | a.pdf | document_page 6 (label iv) | A > B | score 0.871 | 2 linked passages",
        "  Colza  oil",
        "  only.",
        "#a2 | b.md | document_page 1",
        "  whal […]",
        'Next: archival_memory_search(query="oil", page=1)',
    ]
    assert [(hit.passage, hit.text) for hit in shown.hits] == [(7, "Colza  oil\nonly."), (8, "whal […]")]
    assert (shown.total, shown.last_page) == (11, 2)
    receipt = page.rendered(texts, [8])
    assert [hit.passage for hit in receipt.hits] == [8]
    assert "Colza" not in receipt.text
    assert receipt.last_page is None


def test_the_journal_reads_hits_of_earlier_versions() -> None:
    old = {
        "passage": 7, "handle": "#a1", "document": "a.pdf", "page": 6, "label": "iv", "heading": "", "text": "", "score": 0.5,
        "in_context": True, "source": "", "linked": 0, "via": "", "why": {"mode": "meaning", "fused": 0.5}, "span": [0, 3],
    }  # fmt: skip
    row = EventRow(1, 2, "page_read", json.dumps({"query": "oil", "total": 1, "hits": [old]}), datetime(2026, 1, 2))
    event = journal.load("agent", row, lambda ids: {7: "Colza"})
    assert isinstance(event, PageRead)
    hit = Hit(
        7, "#a1", "a.pdf", 6, "iv", text="Colza", score=0.5, in_context=True, why=Explanation(fused=0.5), span=(0, 3)
    )
    assert event.hits == (hit,)
    again = journal.load("agent", row._replace(data=journal.dump(event)), lambda ids: {7: "Colza"})
    assert again == event
    assert "Colza" not in journal.dump(event)
