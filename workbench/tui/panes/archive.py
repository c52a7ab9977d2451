"""The archive pane: the page of results that the agent or the user saw last, with what of it is in context now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from workbench.api import matching
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.panes.pane import Pane
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, crop_path, fit, number, page_place, right, wrap
from workbench.tui.widgets.exchange_rows import CURSOR
from workbench.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from workbench.api.events import PageRead, SweepProgress
    from workbench.api.results import Hit


def best_first(text: str, query: str) -> Content:
    """`text` from the sentence on that holds most words of the query, those words bold; all of it where none does."""
    match = matching.best_first(text, query)
    pieces = [(part, "bold $accent" if marked else "") for part, marked in match.pieces]
    return Content.assemble(*([("… ", "$muted")] if match.cut else []), *pieces)


def matching_line(text: str, query: str, width: int) -> Content:
    """The sentence of `best_first` on one line of at most `width` cells, from where its first marked word can be seen."""
    shown = best_first(text, query)
    marks = [span.start for span in shown.spans if "bold" in str(span.style)]
    if marks and marks[0] > width * 2 // 3:
        start = shown.plain.rfind(" ", 0, max(0, marks[0] - width // 4)) + 1
        shown = Content.assemble(("… ", "$muted"), shown[start:])
    return shown.truncate(width, ellipsis=True).stylize_before("$muted")


BAR_CELLS = 9
SCORE_CELLS = 5
WHY = " x why"
"""Stands over the scores: the key that says how one came about."""


class HitList(Lines, can_focus=True):
    """One row a hit: in context or not, document, page, score; below it the sentence that matches, where there is room."""

    BINDINGS = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("enter", "choose", "Open the source page", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor stands on this hit."""

        hit: Hit

    @dataclass
    class Chosen(Message):
        """This hit is wanted."""

        hit: Hit

    def __init__(self) -> None:
        super().__init__()
        self._page: PageRead | None = None
        self._in_context: Collection[int] = frozenset()
        self._cursor = 0
        self._room = 0
        self._drawn: list[int] = []

    def fits(self, room: int) -> None:
        """At least `room` rows can be seen, whatever the preview below takes."""
        self._room = room
        self.changed(layout=False)

    def on_resize(self) -> None:
        """Another height shows other rows."""
        self.changed(layout=False)

    def show(self, page: PageRead | None, in_context: Collection[int]) -> None:
        """Draw this page, or that there is none; the cursor on its first hit."""
        self._page, self._in_context, self._cursor = page, in_context, 0
        self.changed()

    @property
    def chosen(self) -> Hit | None:
        """The hit under the cursor."""
        hits = self._page.hits if self._page else ()
        return hits[self._cursor] if self._cursor < len(hits) else None

    def mark(self, in_context: Collection[int]) -> None:
        """Another set of passages is in context."""
        self._in_context = in_context
        self.changed(layout=False)

    def rows(self, width: int) -> list[Content]:
        if self._page is None:
            return [Content.styled("nothing paged in yet", "$muted")]
        if not self._page.hits:
            return [Content.styled("no results", "$muted")]
        hits = self._page.hits
        places = [page_place(hit.page, hit.label, 6) for hit in hits]
        place_cells = max(len("page"), *map(cell_len, places)) + 1
        # The matches of a pattern stand in reading order.
        scored = any(hit.score for hit in hits)
        end_cells = BAR_CELLS + SCORE_CELLS + 1 if scored else 0
        name_cells = width - 2 - place_cells - end_cells
        top = max(hit.score or 0.0 for hit in hits)
        # Scores compare within one search only: unless they already spread over 0..1, the best one fills the bar.
        scale = 1.0 if 0.25 <= top <= 1 else top or 1.0
        headed, with_sentence = self._room > len(hits), self._room > 2 * len(hits)
        rows: list[Content] = []
        self._drawn = []
        for at, (hit, place) in enumerate(zip(hits, places, strict=True)):
            live = hit.passage in self._in_context
            dot = f"{glyphs.IN_CONTEXT} " if live else "  "
            name = fit(crop_path(one_line(hit.document, 300), name_cells - 1), name_cells)
            here = self.has_focus and at == self._cursor
            pieces = [
                (dot, "$in-context"),
                (name, CURSOR if here else ""),
                (fit(place, place_cells), CURSOR if here else "$muted"),
            ]
            if scored:
                bar = glyphs.bar((hit.score or 0.0) / scale, BAR_CELLS)
                pieces += [(bar, "$in-context" if live else "$muted")]
                pieces += [(right(score_text(hit.score or 0.0), SCORE_CELLS) + " ", "")]
            rows.append(Content.assemble(*pieces))
            self._drawn.append(at)
            if with_sentence:
                sentence = matching_line(hit.shown, self._page.query, max(1, width - 4))
                rows.append(Content.assemble("    ", sentence))
                self._drawn.append(at)
        if headed:
            rows.insert(0, self._head(width, place_cells, end_cells))
            self._drawn.insert(0, -1)
        return self._in_sight(rows)

    def _head(self, width: int, place_cells: int, end_cells: int) -> Content:
        """What the columns are: the score orders the hits of one search, and x says how it came about."""
        assert self._page is not None
        counted = any(hit.why is not None and hit.why.mode == "exact" for hit in self._page.hits)
        measure = fit("matches" if counted else "relevance", BAR_CELLS) + WHY if end_cells else ""
        name = fit("in context", width - 2 - place_cells - end_cells)
        return Content.assemble(
            (f"{glyphs.IN_CONTEXT} ", "$in-context"), (name, "$muted"), (fit("page", place_cells) + measure, "$muted")
        ).truncate(width)

    def _in_sight(self, rows: list[Content]) -> list[Content]:
        """The rows around the cursor, where not all of them can be seen."""
        height = self.size.height
        if not 0 < height < len(rows):
            return rows
        last = max(y for y, at in enumerate(self._drawn) if at == self._cursor)
        first = max(0, last - height + 1)
        self._drawn = self._drawn[first : first + height]
        return rows[first : first + height]

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self._page and 0 <= self._cursor + by < len(self._page.hits):
            self._cursor += by
            self.changed(layout=False)
            self.post_message(self.Moved(self._page.hits[self._cursor]))

    def action_choose(self) -> None:
        """Open the hit under the cursor."""
        if self._page and self._cursor < len(self._page.hits):
            self.post_message(self.Chosen(self._page.hits[self._cursor]))

    def on_click(self, event: Click) -> None:
        """The first click moves the cursor, the second opens."""
        at = self._drawn[event.y] if self._page and 0 <= event.y < len(self._drawn) else -1
        if at >= 0 and at != self._cursor:
            self.action_move(at - self._cursor)
        elif at >= 0:
            self.action_choose()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.changed(layout=False)

    def on_blur(self) -> None:
        """Hide it."""
        self.changed(layout=False)


class Preview(Lines):
    """The start of a passage under a dotted rule that names its page."""

    def __init__(self) -> None:
        super().__init__()
        self._hit: Hit | None = None
        self._query = ""
        self._explains = False
        self.display = False

    def show(self, hit: Hit | None, query: str = "") -> None:
        """Preview this hit from the sentence on that fits the query best, or nothing."""
        self._hit, self._query = hit, query
        self.display = hit is not None
        self.changed()

    def explain(self) -> None:
        """Say, or no longer say, how the scores of hits came about."""
        self._explains = not self._explains
        self.set_class(self._explains, "-explains")
        self.changed()

    def rows(self, width: int) -> list[Content]:
        if self._hit is None:
            return [Content("")]
        ends = " enter opens"
        name = crop_path(one_line(self._hit.document, 300), max(8, width - 26))
        head = f"{glyphs.RULE} {name} {page_place(self._hit.page, self._hit.label, 8)} "
        rule = glyphs.RULE * max(1, width - cell_len(head) - len(ends))
        text = " ".join(sanitize(self._hit.shown).split())
        rows = [Content.assemble((crop(head + rule + ends, width), "$muted"))]
        if self._hit.linked:
            rows.append(Content.styled(crop(f"{self._hit.linked} linked passages · f lists them", width), "$muted"))
        if self._explains:
            known = self._hit.why.lines() if self._hit.why else []
            lines = known or [
                "this page does not say how its scores came about" if self._hit.score else "no score: in reading order"
            ]
            rows += [Content.styled(part, "$accent") for line in lines for part in wrap(line, width)]
        heading = one_line(self._hit.heading, 300)
        if heading and not text.startswith(heading.rsplit(" > ", 1)[-1]):
            rows.append(Content.styled(crop(heading, width, keep_end=True), "italic $muted"))
        return [*rows, *best_first(self._hit.shown, self._query).wrap(max(1, width))]


def score_text(score: float) -> str:
    """`.87`, `1.0`, `12`: as many digits as say something."""
    if 0 <= score < 0.995:
        return f"{score:.2f}"[1:] if score >= 0.1 else f"{score:.3f}"[1:]
    return f"{score:.1f}" if score < 10 else f"{score:,.0f}"


KEPT_PAGES = 200

_FOUND = {
    "archival_memory_search": "",
    "archival_follow": "linked",
    "archival_sweep": "sweep",
    "archival_grep": "pattern",
}
"""Results whose other pages a person may turn to, and what their title says of them."""


class ArchivePane(Pane):
    """Pages of results, exactly as they were read. A page the agent has not read is the user's own search."""

    TITLE = "Archive"
    JUMP = "a"
    HELP = (
        "One page of search results, exactly what the agent saw, with its place among all pages.\n"
        f"{glyphs.IN_CONTEXT} marks what is in the model's context now; the bar and the number are the score,\n"
        "which orders the hits of this search and compares with no other search.\n"
        "] and [ go to the next and previous page; pages the agent has not read are your own search and\n"
        "never enter its context. left and right go through the pages read before. enter opens the page of\n"
        "the document, x says how its score came about, f lists what belongs to it by name. f3 searches for you.\n"
        "A page that was read ahead was found with your question, before the model asked for anything."
    )
    BINDINGS = [
        Binding("right_square_bracket", "turn(1)", "Next page", show=False),
        Binding("left_square_bracket", "turn(-1)", "Previous page", show=False),
        Binding("right", "recall(1)", "Later search", show=False),
        Binding("left", "recall(-1)", "Earlier search", show=False),
        Binding("x", "explain", "How the score came about", show=False),
        Binding("f", "follow", "What belongs to it by name", show=False),
    ]

    @dataclass
    class PageWanted(Message):
        """A page nobody has read yet."""

        shown: PageRead
        page: int

    @dataclass
    class FollowWanted(Message):
        """The user wants to see what belongs to a hit by name."""

        hit: Hit

    @dataclass
    class HitChosen(Message):
        """The user wants to see the page a hit comes from."""

        hit: Hit

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._list, self._preview = HitList(), Preview()
        self._pages: list[PageRead] = []
        self._at = -1
        self._in_context: Collection[int] = frozenset()

    def compose(self) -> ComposeResult:
        yield self._list
        yield self._preview

    def goal(self) -> Widget:
        """The list has the cursor."""
        return self._list

    @property
    def shown(self) -> PageRead | None:
        """The page on show."""
        return self._pages[self._at] if self._pages else None

    def add(self, page: PageRead) -> None:
        """A page was read: show it."""
        self._pages = [*self._pages, page][-KEPT_PAGES:]
        self._at = len(self._pages) - 1
        self._draw()
        self.mark_changed()

    def clear(self) -> None:
        """The agent read other pages: what the user found for themselves stays."""
        self._pages = [page for page in self._pages if page.origin == "user"]
        self._at = len(self._pages) - 1
        if self._pages:
            self._draw()
            return
        self._list.show(None, self._in_context)
        self._preview.show(None)
        self.frame()

    def places(self) -> dict[int, str]:
        """Where the passages of all pages come from, by passage."""
        hits = [hit for page in self._pages for hit in page.hits]
        return {hit.passage: f"{one_line(hit.document, 200)} {page_place(hit.page, hit.label)}" for hit in hits}

    def show_context(self, in_context: Collection[int]) -> None:
        """Which passages are in main context now."""
        if in_context != self._in_context:
            self._in_context = in_context
            self._list.mark(in_context)

    def action_turn(self, by: int) -> None:
        """The next or previous page of this search."""
        shown = self.shown
        if shown is None or not 1 <= shown.page + by <= shown.pages:
            return
        for at in range(len(self._pages) - 1, -1, -1):
            page = self._pages[at]
            if _result(page) == _result(shown) and page.page == shown.page + by:
                self._at = at
                self._draw()
                return
        if shown.function in _FOUND:
            self.post_message(self.PageWanted(shown, shown.page + by))

    def action_explain(self) -> None:
        """Show or hide how the score of the hit came about."""
        self._preview.explain()

    def action_follow(self) -> None:
        """What belongs to the hit under the cursor."""
        if (hit := self._list.chosen) is not None:
            self.post_message(self.FollowWanted(hit))

    def show_sweep(self, event: SweepProgress) -> None:
        """How far a sweep is, in the frame; its findings come as a page."""
        query = crop(one_line(event.query, 200), max(8, self.size.width - 26))
        title = Content.assemble(("Archive", ""), (" · ", ""), (f'"{query}"', ""), (" · ", ""), ("sweep", "$accent"))
        if event.stage == "forecast":
            words = f"about {number(event.forecast_pages)} of {number(event.pages)} pages to read"
        else:
            words = f"read {number(event.read)}/{number(event.pages)} pages · {number(event.found)} found"
        self.frame(title=title, number=words if event.stage == "done" else f"{words} · esc ends")
        self.mark_changed()

    def action_recall(self, by: int) -> None:
        """The page read before or after this one."""
        if 0 <= self._at + by < len(self._pages):
            self._at += by
            self._draw()

    def on_hit_list_moved(self, event: HitList.Moved) -> None:
        """The preview follows the cursor."""
        event.stop()
        self._preview.show(event.hit, self.shown.query if self.shown else "")

    def on_hit_list_chosen(self, event: HitList.Chosen) -> None:
        """Enter or a click on a row."""
        event.stop()
        self.post_message(self.HitChosen(event.hit))

    def _draw(self) -> None:
        shown = self.shown
        if shown is None:
            return
        self._list.show(shown, self._in_context)
        self._preview.show(shown.hits[0] if shown.hits else None, shown.query)
        self._entitle()

    def on_resize(self) -> None:
        """The query in the frame is cut to its width; the preview leaves the rows above it some room."""
        self._entitle()
        size, most = self.content_size, self._preview.styles.max_height
        self._list.fits(size.height - (int(most.resolve(size, self.app.size)) if most is not None else 0))

    def _entitle(self) -> None:
        if (shown := self.shown) is not None:
            self.frame(title=self._title(shown), number=self._number(shown))

    def _title(self, shown: PageRead) -> Content:
        who = {"user": "yours", "model": ""}.get(shown.origin, "read ahead")
        who = _FOUND.get(shown.function, "recall") or who
        query = crop(one_line(shown.query, 200), max(8, self.size.width - 18 - len(who)))
        parts: list[tuple[str, str]] = [("Archive", ""), (" · ", ""), (f'"{query}"', "")]
        if who:
            parts += [(" · ", ""), (who, "$accent")]
        return Content.assemble(*parts)

    def _number(self, shown: PageRead) -> str:
        if not shown.total:
            return "no results"
        place = f"{number(shown.first)}–{number(shown.last)} of {number(shown.total)}"
        keys = " ".join((["] next"] if shown.page < shown.pages else []) + (["[ prev"] if shown.page > 1 else []))
        return " · ".join(filter(None, (f"page {number(shown.page)}/{number(shown.pages)}", place, keys)))


def _result(page: PageRead) -> tuple[object, ...]:
    """What two pages of one result have in common."""
    return page.query, page.function, page.scope, page.passage
