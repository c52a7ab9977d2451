"""A page of results: fits ranked passages into a budget of tokens and renders exactly what the model reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from workbench.api.search import ShownPassage
from workbench.core.errors import UsageError
from workbench.core.text_cache import text_cache
from workbench.text.result_text import indent, text_tokens
from workbench.text.template_tokens import as_written, neutralise

RENDERER = 2
"""Version of the text below. Old steps keep the version they were rendered with: 1 left control tokens as they were."""

_NAME_CHARS = 90
_ENVELOPE_TOKENS = 72
"""What the message around a result's text takes: roles, marks, the call's id, status and time."""
_LEAST_CHARS = 24
_NOTE_MARK = "The user's note on the next document: "


@dataclass(frozen=True)
class PageHit:
    """One hit by reference. `page` is the 1-based document page; `span` are the characters of the passage that are shown,

    None for all of it; `score` is None where nothing was scored; `cut_chars` is set when what is shown had to be cut to fit.
    `linked` counts the passages that belong to it by name, `via` is the name that led to it, `note` is the user's on its
    document as it was then. `why` is how the score came about (see ScoreBreakdown); it is for people, so no message holds it.
    """

    passage: int
    handle: str
    document: str
    page: int
    label: str | None
    heading: str
    score: float | None
    cut_chars: int | None = None
    span: tuple[int, int] | None = None
    linked: int = 0
    via: str = ""
    note: str = ""
    why: tuple[Any, ...] | None = None

    def shown(self, text: str) -> str:
        """What a page shows of the passage, every line indented so that no document can fake a line of ours."""
        part = text[self.span[0] : self.span[1]] if self.span else text
        return indent(part, self.cut_chars)


@dataclass(frozen=True)
class ResultPage:
    """A page of results by reference: `number` counts from 0, `pages` is how many there are, `total` is true.

    Paging from 0 to pages - 1 gives exactly `total` hits, none twice. `searched` is the number of passages searched;
    `exact` says that the query was an identifier or a quoted phrase. `key` is the name of the query's parameter, `extra`
    the other arguments as they stand in the next call. `note` ends the line of totals; `after` stands on the last page.
    Without `totals` the text says what MemGPT's own said: the page passes for all there is, and no next call is named.
    """

    function: str
    query: str
    number: int
    pages: int
    total: int
    searched: int
    exact: bool
    hits: tuple[PageHit, ...] = ()
    first: int = 0
    extra: str = ""
    renderer: int = RENDERER
    key: str = "query"
    note: str = ""
    after: str = ""
    totals: bool = True

    @property
    def told_total(self) -> int:
        """How many results the text says there are."""
        return self.total if self.totals else len(self.hits)

    @property
    def told_last(self) -> int:
        """Which page the text says is the last, from 0."""
        return self.pages - 1 if self.totals else 0

    def dump(self) -> dict[str, Any]:
        """JSON-ready; texts stay in the archive, and what has its default is left out."""
        data = _given(self, keep="renderer")
        return {**data, "hits": [_given(hit, but="why") for hit in self.hits]}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> ResultPage:
        """The inverse of `dump`."""
        hits = tuple(
            PageHit(**{**hit, "span": tuple(hit["span"]) if hit.get("span") else None}) for hit in data["hits"]
        )
        return cls(**{**data, "hits": hits})

    def render(self, texts: Mapping[int, str]) -> str:
        """The page as the model reads it. `texts` maps passage ids; one that was erased leaves a tombstone."""
        return self.harmless(self._written(texts))

    def shown(self, texts: Mapping[int, str], kept: Sequence[int] | None = None) -> tuple[ShownPassage, ...]:
        """The same as data: every hit as it is rendered, names cut and lines stripped as there; of a receipt those `kept`."""
        return tuple(
            ShownPassage(
                hit.handle,
                as_written(_name(hit.document)),
                hit.page,
                as_written(_name(hit.heading)),
                as_written("\n".join(line[2:] for line in hit.shown(texts.get(hit.passage, "[erased]")).split("\n"))),
            )
            for hit in self.hits
            if kept is None or hit.passage in kept
        )

    def harmless(self, text: str) -> str:
        """What is made of this page, without control tokens of chat templates; as it was in pages of the first renderer."""
        return neutralise(text) if self.renderer > 1 else text

    def _written(self, texts: Mapping[int, str]) -> str:
        if not self.total:
            return f"No results found{self.note}.{self.after and ' ' + self.after}"
        if not self.hits:
            return (
                f"There is no page {self.number}: {self.total} results end at page {self.pages - 1}. No more results."
            )
        lines = [self.first_line()]
        for hit in self.hits:
            lines += [header(hit), hit.shown(texts.get(hit.passage, "[erased]"))]
        return "\n".join([*lines, self.last_line()] if self.totals else lines)

    def first_line(self) -> str:
        """The line of totals."""
        if not self.totals:
            return f"Showing {len(self.hits)} of {len(self.hits)} results (page {self.number}/0):"
        best = "" if self.exact or self.total >= self.searched else f", the best of {self.searched:,} passages"
        return (
            f"Showing {len(self.hits)} of {self.total} results (page {self.number}/{self.pages - 1}){best}{self.note}"
        )

    def last_line(self) -> str:
        """The exact call for the next page, or that there is none."""
        if self.number + 1 < self.pages:
            return f"Next: {self.next_call()}"
        return f"No more results.{self.after and ' ' + self.after}"

    def next_call(self) -> str:
        """The exact call that gives the next page."""
        arguments = f"{self.key}={json.dumps(self.query, ensure_ascii=False)}, {self.extra}page={self.number + 1}"
        return f"{self.function}({arguments})"


def _given(value: PageHit | ResultPage, keep: str = "", but: str = "") -> dict[str, Any]:
    """What does not have its default, and `keep`, by name; never `but`."""
    defaults = _HIT_DEFAULTS if isinstance(value, PageHit) else _PAGE_DEFAULTS
    values = ((name, getattr(value, name), default) for name, default in defaults)
    return {name: item for name, item, default in values if name != but and (item != default or name == keep)}


_HIT_DEFAULTS = [(field.name, field.default) for field in fields(PageHit)]
_PAGE_DEFAULTS = [(field.name, field.default) for field in fields(ResultPage)]


def header(hit: PageHit) -> str:
    """The line above a hit's text: handle, document, page, heading, score, links; and a note of the user's above that.

    Only such lines start at the left margin.
    """
    note = f"{_NOTE_MARK}{hit.note}\n" if hit.note else ""
    label = f" (label {_name(hit.label)})" if hit.label and hit.label != str(hit.page) else ""
    heading = f" | {_name(hit.heading)}" if hit.heading else ""
    score = f" | score {hit.score:.3f}" if hit.score is not None else ""
    via = f" | by {_name(hit.via)}" if hit.via else ""
    linked = f" | {hit.linked} linked passage{'s' * (hit.linked != 1)}" if hit.linked else ""
    return f"{note}{hit.handle} | {_name(hit.document)} | document_page {hit.page}{label}{heading}{score}{via}{linked}"


def paginate(sizes: Sequence[int], budget_tokens: int, hits: int) -> list[int]:
    """Where pages start, for results of these sizes: at most `hits` and `budget_tokens` a page, at least one result."""
    starts: list[int] = []
    room, used = 0, 0
    for index, size in enumerate(sizes):
        if not starts or room == 0 or used + size > budget_tokens:
            starts.append(index)
            room, used = hits, 0
        room -= 1
        used += size
    return starts


def text_room(page_tokens: int) -> int:
    """What the text of a result may take when the whole message may take `page_tokens`."""
    return page_tokens - _ENVELOPE_TOKENS


def hits_room(page: ResultPage, page_tokens: int) -> int:
    """What is left for the hits beside the line of totals and the next call. Raises UsageError when it is too little."""
    widest = replace(page, number=10**5, pages=10**6, total=10**6, hits=())
    room = text_room(page_tokens) - text_tokens(f"{widest.first_line()}\n{widest.last_line()}\n{page.after}")
    if room < text_room(page_tokens) // 2:
        raise UsageError(f"The {page.key} is too long: it would fill the page that answers it.", "Make it shorter.")
    return room


def hit_tokens(hit: PageHit, shown_tokens: int) -> int:
    """What a hit takes on a page: its header and its text of `shown_tokens`."""
    return shown_tokens + text_tokens(header(hit)) + 2


@text_cache(8_192)
def usual_tokens(document: str, page: int, heading: str, linked: int, via: str, note: str) -> int:
    """The same without its text, for a hit whose handle, label and score are of the usual width; counted once, however
    often one from the same place is found."""
    hit = PageHit(0, "#aa99", document, page, "label", heading, 0.0, linked=linked, via=via, note=note)
    return hit_tokens(hit, 0)


def fit_page(page: ResultPage, texts: Mapping[int, str], page_tokens: int) -> ResultPage:
    """The page, its longest texts cut until it fits, names only when nothing else is left to cut. Totals stay true."""
    limit = text_room(page_tokens)
    hits = list(page.hits)
    while (size := text_tokens(replace(page, hits=tuple(hits)).render(texts))) > limit:
        lengths = [len(hit.shown(texts.get(hit.passage, ""))) for hit in hits]
        if not hits:
            break
        at = max(range(len(hits)), key=lengths.__getitem__)
        if lengths[at] > _LEAST_CHARS:
            fraction = max(
                0.3, min(0.95, 1 - (size - limit) / text_tokens(hits[at].shown(texts.get(hits[at].passage, ""))))
            )
            hits[at] = replace(hits[at], cut_chars=max(8, int(_shown_chars(hits[at], texts) * fraction) - 1))
        elif (shorter := _shorter(hits)) is not None:
            hits[shorter[0]] = shorter[1]
        else:
            break
    return replace(page, hits=tuple(hits))


def _shown_chars(hit: PageHit, texts: Mapping[int, str]) -> int:
    start, end = hit.span or (0, len(texts.get(hit.passage, "")))
    return min(end - start, hit.cut_chars if hit.cut_chars is not None else end - start)


def _shorter(hits: Sequence[PageHit]) -> tuple[int, PageHit] | None:
    """A hit with a shorter header in place of the one with the longest: note first, heading, label, then document."""
    at = max(range(len(hits)), key=lambda index: len(header(hits[index])))
    hit = hits[at]
    for name in ("note", "heading", "label", "document"):
        value = _name(getattr(hit, name) or "")
        if len(value) > (4 if name == "document" else 0):
            changed: dict[str, Any] = {name: value[: len(value) // 2]}
            return at, replace(hit, **changed)
    return None


def _name(text: str) -> str:
    flat = " ".join(text.replace("|", "/").split())
    return flat if len(flat) <= _NAME_CHARS else flat[: _NAME_CHARS - 1] + "…"
