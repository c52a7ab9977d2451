"""The keys in the frame of an overlay: on a narrow screen those at the end are left out whole, the way out never."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

SEPARATOR = " · "


def fitting(keys: str, width: int) -> str:
    """As many of the keys as `width` cells hold, the first ones first; a part that begins with "esc" stays to the last."""
    parts = keys.split(SEPARATOR)
    while len(parts) > 1 and cell_len(SEPARATOR.join(parts)) > width:
        last = next((at for at in range(len(parts) - 1, -1, -1) if not parts[at].startswith("esc")), len(parts) - 1)
        del parts[last]
    return SEPARATOR.join(parts)


class KeyBar(Content):
    """Words for a border. How much room it has is known when it is drawn: Textual then asks for it truncated."""

    def expand_tabs(self, tab_size: int = 8) -> Content:
        """As it is: there are no tabs in it."""
        return self

    def split(
        self, separator: str = "\n", *, include_separator: bool = False, allow_blank: bool = False
    ) -> list[Content]:
        """One line, as it is."""
        return [self]

    def truncate(self, max_width: int, *, ellipsis: bool = False, pad: bool = False) -> Content:
        """The keys that have room."""
        return Content(fitting(self.plain, max_width)).truncate(max_width, ellipsis=ellipsis, pad=pad)
