"""Pages through a document in reading order; every part shown has a handle that can be cited."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from workbench.api.results import Hit, ResultPage
from workbench.core.errors import NotFound
from workbench.retrieval.paging.page_fit import fit_page, hit_tokens, hits_room, paginate
from workbench.retrieval.paging.pager import Budget
from workbench.storage.archive import ArchivalStorage
from workbench.storage.rows import Passage
from workbench.text.result_text import rendered_tokens, text_tokens

_NOTE_TOKENS = 20
"""What stands around a note of the user's."""

_PARTS = 50
"""Most parts on a page of results: reading in order is bounded by tokens alone."""


def open_document(
    archive: ArchivalStorage,
    document: int,
    path: str,
    document_page: int,
    number: int,
    budget: Budget,
    handle_of: Callable[[int], str],
) -> ResultPage:
    """Page `number` (from 0) of the text of `document_page` (from 1). Raises NotFound when there is no such page."""
    row = archive.page(document, document_page)
    if row is None:
        pages = archive.page_count(document)
        raise NotFound(f"{path} has no document_page {document_page}.", f"It has {pages}, counted from 1.")
    shown = json.dumps(path, ensure_ascii=False)
    further = f"The document goes on: document_open(document={shown}, document_page={document_page + 1}, page=0)"
    blank = ResultPage(
        "document_open", path, number, 0, 0, 0, True, extra=f"document_page={document_page}, ", key="document",
        note=f", document_page {document_page} of {row.pages}", after=further if document_page < row.pages else "",
    )  # fmt: skip
    note = archive.notes.of_documents([document]).get(document, "")
    room = hits_room(blank, budget.page_tokens)
    room -= min(text_tokens(note) + _NOTE_TOKENS, room // 3) if note else 0
    parts, sizes = [], []
    passages = archive.passages_of(document, document_page)
    for passage in passages:
        hit = Hit(passage.id, handle_of(passage.id), path, document_page, row.label)
        header_tokens = hit_tokens(hit, 0)
        for span in _spans(passage, room - header_tokens):
            parts.append(replace(hit, span=None if span == (0, len(passage.text)) else span))
            sizes.append(header_tokens + rendered_tokens(passage.text[span[0] : span[1]]))
    starts = paginate(sizes, room, _PARTS)
    page = replace(blank, pages=len(starts), total=len(parts))
    if not 0 <= number < len(starts):
        return page
    chosen = tuple(parts[starts[number] : (*starts, len(parts))[number + 1]])
    chosen = (replace(chosen[0], note=note), *chosen[1:])
    texts = {passage.id: passage.text for passage in passages}
    return fit_page(replace(page, hits=chosen, first=starts[number]), texts, budget.page_tokens)


def _spans(passage: Passage, room: int) -> list[tuple[int, int]]:
    """The passage whole, or in halves until each fits, cut at white space where there is any."""
    done: list[tuple[int, int]] = []
    todo = [(0, len(passage.text))]
    while todo:
        start, end = todo.pop()
        text = passage.text[start:end]
        if end - start <= 8 or rendered_tokens(text) <= room:
            done.append((start, end))
            continue
        half = (end - start) // 2
        space = text.rfind(" ", half // 2, half + 1)
        cut = start + (space + 1 if space > 0 else half)
        todo += [(cut, end), (start, cut)]
    return done
