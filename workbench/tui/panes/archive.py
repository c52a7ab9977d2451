"""The archive pane: the page of results that the agent or the user saw last, with what of it is in context now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from workbench.api.events import Hit, PageRead, SweepProgress
from workbench.core.sanitize import one_line
from workbench.tui.panes.hits import HitList, Preview
from workbench.tui.panes.pane import Pane
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, number

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
        f"{glyphs.IN_CONTEXT} marks what is in the model's context now; the bar is the score within this search.\n"
        "] and [ go to the next and previous page; pages the agent has not read are your own search and\n"
        "never enter its context. left and right go through the pages read before. enter opens the page of\n"
        "the document, x says how its score came about, f lists what belongs to it by name. f3 searches for you."
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
        return {
            hit.passage: f"{one_line(hit.document, 200)} p.{one_line(hit.label or str(hit.page), 12)}" for hit in hits
        }

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
        """The query in the frame is cut to its width."""
        self._entitle()

    def _entitle(self) -> None:
        if (shown := self.shown) is not None:
            self.frame(title=self._title(shown), number=self._number(shown))

    def _title(self, shown: PageRead) -> Content:
        who = {"user": "yours", "model": ""}.get(shown.origin, "ahead")
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
