"""Cuts a result into pages bounded by tokens: stable for each reader, with true totals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.api.results import TOMBSTONE, Explanation, Hit, ResultPage
from workbench.retrieval.index.position import AtHand, Place
from workbench.retrieval.paging.cursors import Cursor, Cursors, Reader
from workbench.retrieval.paging.page_fit import fit_page, hits_room, paginate, usual_tokens
from workbench.retrieval.ranking.result import ScoreBreakdown
from workbench.storage.archive import ArchivalStorage
from workbench.storage.rows import Passage
from workbench.text.result_text import rendered_tokens

Paths = Mapping[int, tuple[str, str]]


@dataclass(frozen=True)
class Budget:
    """Bounds of a page of results: the whole message in tokens, and the number of hits."""

    page_tokens: int
    hits: int = 5


@dataclass(frozen=True)
class Extras:
    """What a hit's line may say beside its place: `linked` counts what belongs to passages, `via` names what led to them."""

    linked: Callable[[Sequence[int]], Mapping[int, int]] | None = None
    via: Callable[[Sequence[int]], Mapping[int, str]] | None = None


PLAIN = Extras()
_MODES = {"archival_follow": "linked", "archival_sweep": "sweep"}
"""What an explanation calls a search by another function than archival_memory_search."""


class Pager:
    """Makes pages. `paths` (document id -> (path, source)) are the documents that may be shown; others are erased."""

    def __init__(self, archive: ArchivalStorage, cursors: Cursors) -> None:
        self.archive = archive
        self.cursors = cursors

    def page(
        self,
        blank: ResultPage,
        budget: Budget,
        reader: Reader,
        paths: Paths,
        handle_of: Callable[[int], str],
        look: Callable[[], Cursor],
        *,
        variant: str = "",
        extras: Extras = PLAIN,
        beside: Reader | None = None,
        at_hand: Callable[[], AtHand | None] = lambda: None,
    ) -> ResultPage:
        """Page `blank.number` (from 0) of what `look` found when this reader read page 0 of the very same call, or when

        `beside` did so later. `look` leaves the starts of pages open. `variant` tells results apart whose calls are the same.
        `at_hand` gives passages sooner than the archive does. Raises UsageError when the query itself would
        fill the page.
        """
        room = hits_room(replace(blank, searched=10**9), budget.page_tokens)
        key = call_of(blank) + variant
        cursor = self.cursors.get(reader, key, beside) if blank.number else None
        if cursor is None:
            ranking = look()
            starts = paginate(self._sizes(ranking, paths, extras, at_hand()), room, budget.hits)
            cursor = replace(ranking, starts=tuple(starts))
            self.cursors.put(reader, key, cursor)
        page = replace(
            blank, pages=len(cursor.starts), total=len(cursor.ids), searched=cursor.searched, exact=cursor.exact,
            note=blank.note + cursor.note,
        )  # fmt: skip
        if not 0 <= blank.number < len(cursor.starts):
            return page
        chosen = cursor.bounds(blank.number)
        hits, texts = self._hits(blank.function, cursor, chosen, paths, handle_of, extras, at_hand())
        return fit_page(replace(page, hits=hits, first=chosen.start), texts, budget.page_tokens)

    def continued(self, blank: ResultPage, reader: Reader, beside: Reader | None = None) -> Cursor | None:
        """The result of this call that the reader would go on with, None when it would be looked for anew."""
        return self.cursors.get(reader, call_of(blank), beside)

    def _sizes(self, cursor: Cursor, paths: Paths, extras: Extras, near: AtHand | None) -> list[int]:
        """Tokens that each hit takes on a page: its text as stored beside the passage, and its header line."""
        texts = self.archive.passages(cursor.ids) if cursor.spans else {}
        passages: Mapping[int, Place | Passage] = near.places(cursor.ids) if near else self.archive.passages(cursor.ids)
        linked, via = 100 if extras.linked else 0, "a name of four words" if extras.via else ""
        notes = self.archive.notes.of_documents({passage.document for passage in passages.values()})
        sizes = []
        for position, key in enumerate(cursor.ids):
            passage = passages.get(key)
            if passage is None or passage.document not in paths:
                sizes.append(32)
                continue
            path, note = paths[passage.document][0], notes.get(passage.document, "")
            tokens = passage.tokens
            if cursor.spans:
                start, end = cursor.spans[position]
                tokens = rendered_tokens(texts[key].text[start:end])
            sizes.append(tokens + usual_tokens(path, passage.page, passage.heading, linked, via, note))
        return sizes

    def _hits(
        self, function: str, cursor: Cursor, chosen: slice, paths: Paths, handle_of: Callable[[int], str], extras: Extras,
        near: AtHand | None,
    ) -> tuple[tuple[Hit, ...], Mapping[int, str]]:  # fmt: skip
        ids = cursor.ids[chosen]
        passages, texts = self._read(ids, near)
        known = [key for key in ids if key in passages and passages[key].document in paths]
        labels = self.archive.labels([(item.document, item.page) for item in passages.values()])
        linked = extras.linked(known) if extras.linked else {}
        via = extras.via(known) if extras.via else {}
        notes = self.archive.notes.of_documents({passage.document for passage in passages.values()})
        hits = []
        for position, key in enumerate(ids, chosen.start):
            score = cursor.scores[position] if cursor.scores else None
            passage = passages.get(key)
            if passage is None or passage.document not in paths:
                hits.append(Hit(key, handle_of(key), TOMBSTONE, 1, score=score))
                continue
            label = labels.get((passage.document, passage.page))
            path, source = paths[passage.document]
            shown = None if score is None else round(float(score), 3)
            hit = Hit(
                key, handle_of(key), path, passage.page, label, passage.heading, score=shown, source=source,
                linked=linked.get(key, 0), via=via.get(key, ""), why=_why(function, cursor, position),
                span=_span(cursor, position, texts[key]), note=notes.get(passage.document, ""),
            )  # fmt: skip
            hits.append(hit)
        return tuple(hits), texts

    def _read(self, ids: Sequence[int], near: AtHand | None) -> tuple[Mapping[int, Place | Passage], Mapping[int, str]]:
        if near is not None:
            return near.places(ids), near.texts(ids)
        passages = self.archive.passages(ids)
        return passages, {key: passage.text for key, passage in passages.items()}


def _span(cursor: Cursor, position: int, text: str) -> tuple[int, int] | None:
    if not cursor.spans or cursor.spans[position] == (0, len(text)):
        return None
    return cursor.spans[position]


def _why(function: str, cursor: Cursor, position: int) -> Explanation | None:
    """How the score of a hit came about; None where nothing was scored."""
    if position >= len(cursor.why):
        return None
    otherwise = "exact" if cursor.exact else "meaning"
    return ScoreBreakdown(*cursor.why[position]).explained(_MODES.get(function, otherwise))


def call_of(blank: ResultPage) -> str:
    """A call without its page: what two pages of one result have in common."""
    return f"{blank.function}({blank.key}={json.dumps(blank.query, ensure_ascii=False)}, {blank.extra})"
