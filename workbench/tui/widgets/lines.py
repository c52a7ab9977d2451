"""A widget drawn as lines laid out for its width: subclasses say which, this class measures, caches and draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget


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

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are rows."""
        return len(self.laid_out(width))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All the width there is."""
        return container.width

    def render(self) -> Content:
        """The rows as one content."""
        return Content("\n").join([row.content for row in self.laid_out(self.content_size.width)])

    def notify_style_update(self) -> None:
        """Colours may be in the cache: lay out again."""
        self._laid = None
        super().notify_style_update()
