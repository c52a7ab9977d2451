"""The hits of a page of results, and the preview of the one under the cursor."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rich.cells import cell_len
from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.message import Message

from workbench.api.events import Hit, PageRead
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, crop_path, fit, right, wrap
from workbench.tui.widgets.exchange_rows import CURSOR
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.snippet import best_first

BAR_CELLS = 9
SCORE_CELLS = 5


class HitList(Lines, can_focus=True):
    """One row a hit: in context or not, document, page, score."""

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
        places = [f"p.{one_line(hit.label or str(hit.page), 8)}" for hit in hits]
        place_cells = max(map(cell_len, places)) + 1
        name_cells = width - 2 - place_cells - BAR_CELLS - SCORE_CELLS - 1
        top = max(hit.score for hit in hits)
        # Scores compare within one search only: unless they already spread over 0..1, the best one fills the bar.
        scale = 1.0 if 0.25 <= top <= 1 else top or 1.0
        rows: list[Content] = []
        for at, (hit, place) in enumerate(zip(hits, places, strict=True)):
            live = hit.passage in self._in_context
            dot = f"{glyphs.IN_CONTEXT} " if live else "  "
            name = fit(crop_path(one_line(hit.document, 300), name_cells - 1), name_cells)
            bar, score = glyphs.bar(hit.score / scale, BAR_CELLS), right(score_text(hit.score), SCORE_CELLS) + " "
            here = self.has_focus and at == self._cursor
            rows.append(
                Content.assemble(
                    (dot, "$in-context"),
                    (name, CURSOR if here else ""),
                    (fit(place, place_cells), CURSOR if here else "$muted"),
                    (bar, "$in-context" if live else "$muted"),
                    (score, ""),
                )
            )
        return rows

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
        if self._page and 0 <= event.y < len(self._page.hits):
            by = event.y - self._cursor
            if by:
                self.action_move(by)
            else:
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
        self.changed()

    def rows(self, width: int) -> list[Content]:
        if self._hit is None:
            return [Content("")]
        ends = " enter opens"
        name = crop_path(one_line(self._hit.document, 300), max(8, width - 26))
        head = f"{glyphs.RULE} {name} p.{one_line(self._hit.label or str(self._hit.page), 8)} "
        rule = glyphs.RULE * max(1, width - cell_len(head) - len(ends))
        text = " ".join(sanitize(self._hit.shown).split())
        rows = [Content.assemble((crop(head + rule + ends, width), "$muted"))]
        if self._hit.linked:
            rows.append(Content.styled(crop(f"{self._hit.linked} linked passages · f lists them", width), "$muted"))
        if self._explains:
            lines = self._hit.why.lines() if self._hit.why else ["this page does not say how its scores came about"]
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
