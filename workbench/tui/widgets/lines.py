"""A widget drawn as lines laid out for its width: subclasses say which, this class measures, caches and draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.content import Content
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual
from textual.widget import Widget

_KEPT_STRIPS = 200
"""Lines of a widget that stay drawn: more than a screen has."""


@dataclass(frozen=True)
class Target:
    """Cells `start`..`end` of a row that stand for `item`, for the cursor and the mouse."""

    start: int
    end: int
    item: int


@dataclass(frozen=True)
class Row:
    """One laid-out line and what can be acted on in it."""

    content: Content
    targets: tuple[Target, ...] = field(default=())


class Lines(Widget):
    """Base of our drawn widgets. Content is never parsed for markup, so foreign text may be drawn as it is."""

    DEFAULT_CSS = """
    Lines { height: auto; width: 1fr; text-wrap: nowrap; }
    """

    _laid: tuple[int, list[Row]] | None = None
    _strips: dict[int, tuple[Content, Strip]]
    """By row, what was drawn for which content: when there is one line more, Textual asks again for all that can be seen."""
    _strips_for: tuple[int, Style, Selection | None] | None = None

    def rows(self, width: int) -> Sequence[Row | Content]:
        """The lines for a width in cells, none of them wider. Called again only after `changed()` or a new width."""
        raise NotImplementedError

    def laid_out(self, width: int) -> list[Row]:
        """The rows for `width`, from the cache where nothing changed."""
        if self._laid is None or self._laid[0] != width:
            made = [row if isinstance(row, Row) else Row(row) for row in self.rows(max(width, 1))]
            self._laid = (width, made)
        return self._laid[1]

    def changed(self, *, layout: bool = True) -> None:
        """What is drawn has changed; `layout` False when the number of lines cannot have."""
        self._laid = None
        self.refresh(layout=layout)

    def renewed(self) -> None:
        """What is drawn may be another now, in as many lines: only the lines that are others are painted anew, if any.

        A line at the top and one at the bottom that change together have Textual go through every widget between them.
        """
        if self._laid is None:
            self.changed(layout=False)
            return
        self._paint_others(*self._laid)

    def forget_layout(self) -> None:
        """Lay out again when it is drawn next, without asking for that."""
        self._laid = None

    def grown(self) -> None:
        """Something was added, mostly to the last line: only lines that are others now are painted anew.

        The screen is laid out anew only if the number of lines changed.
        """
        if self._laid is None:
            self.changed()
            return
        self._paint_others(*self._laid)

    def _paint_others(self, width: int, before: list[Row]) -> None:
        self._laid = None
        after = self.laid_out(width)
        if len(after) != len(before):
            self.refresh(layout=True)
            return
        others = [at for at, pair in enumerate(zip(before, after, strict=True)) if not _alike(*pair)]
        if others:
            self.refresh(Region(0, others[0], width, others[-1] + 1 - others[0]))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are rows."""
        return len(self.laid_out(width))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All the width there is."""
        return container.width

    def render_line(self, y: int) -> Strip:
        """One row. Textual asks only for those in sight, and drawing no other keeps a long answer from delaying keys."""
        width = self.content_size.width
        rows = self.laid_out(width)
        if y >= len(rows):
            return Strip.blank(width, self.visual_style.rich_style)
        content, selection = rows[y].content, self.text_selection
        look = (width, self.visual_style, selection)
        if self._strips_for != look or len(self._strips) > _KEPT_STRIPS:
            self._strips_for, self._strips = look, {}
        known = self._strips.get(y)
        if known is None or known[0] is not content:
            self._strips[y] = known = content, self._strip(content, y, width, selection)
        return known[1]

    def _strip(self, content: Content, y: int, width: int, selection: Selection | None) -> Strip:
        if selection is not None and (span := selection.get_span(y)) is not None:
            start, end = span
            style = Style.from_styles(self.screen.get_component_styles("screen--selection"))
            content = content.stylize(style, start, len(content.plain) if end == -1 else end)
        drawn = Visual.to_strips(self, content, width, 1, self.visual_style, apply_selection=False)
        # The mouse selects by the place in the text that each piece carries.
        return drawn[0].apply_offsets(0, y) if drawn else Strip.blank(width, self.visual_style.rich_style)

    def render(self) -> Content:
        """The rows as one content, for the text that is selected."""
        return Content("\n").join([row.content for row in self.laid_out(self.content_size.width)])

    def notify_style_update(self) -> None:
        """Colours may be in the cache: lay out again."""
        self._laid = self._strips_for = None
        super().notify_style_update()


def _alike(before: Row, after: Row) -> bool:
    one, other = before.content, after.content
    return one is other or (one.plain == other.plain and one.spans == other.spans)
