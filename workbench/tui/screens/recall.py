"""Searches recall storage for the user: what was said, the newest first, with a dot where it is in context now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from workbench.api.citation_marks import without_handles
from workbench.api.search import Said
from workbench.core.sanitize import sanitize
from workbench.tui.screens.overlay import Overlay
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import number, plural, wrap
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.text_fields import TypedLine

MOST_SHOWN = 200
MOST_LINES_EACH = 12

Find = Callable[[str, Callable[[Sequence[Said]], None]], None]
"""Called with words and with what takes the messages that hold them."""


class SaidLines(Lines):
    """What was said, a line of who and when and the text below it."""

    def __init__(self) -> None:
        super().__init__()
        self._said: Sequence[Said] = ()

    def put(self, said: Sequence[Said]) -> None:
        """Show these."""
        self._said = said
        self.changed()

    def rows(self, width: int) -> list[Content]:
        rows: list[Content] = []
        for item in self._said[:MOST_SHOWN]:
            dot = glyphs.IN_CONTEXT if item.in_context else " "
            who = "you asked" if item.who == "user" else "the model"
            head = f"#{item.message} · {item.time.replace('T', ' ')[:16]}"
            rows.append(
                Content.assemble((f"{dot} ", "$in-context"), (who, "$accent"), (f"  {head}", "$muted")).truncate(width)
            )
            text = sanitize(item.text) if item.who == "user" else without_handles(item.text)
            lines = [line for part in text.split("\n") for line in wrap(part, max(1, width - 2))]
            rows += [Content.assemble("  ", line) for line in lines[:MOST_LINES_EACH]]
            if len(lines) > MOST_LINES_EACH:
                rows.append(Content.styled(f"  … {number(len(lines) - MOST_LINES_EACH)} more lines", "$muted"))
            rows.append(Content(""))
        if len(self._said) > MOST_SHOWN:
            rows.append(Content.styled(f"… and {number(len(self._said) - MOST_SHOWN)} more", "$muted"))
        return rows or [Content.styled("nothing was said with these words", "$muted")]


class RecallScreen(Overlay[None]):
    """An input above what it finds; up and down scroll."""

    HELP = (
        "Everything that was said, also what was evicted; a dot marks what is in context now. Type words\n"
        'or a "phrase" and press enter; up and down scroll.'
    )
    BINDINGS = [
        Binding("down", "scroll(1)", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("ctrl+r", "close", "Close", show=False),
    ]

    def __init__(self, find: Find, words: str = "") -> None:
        super().__init__()
        self._find = find
        self._words = words

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="recall"):
            yield TypedLine(
                self._words, placeholder='words, or a "phrase"; empty for everything', select_on_focus=False
            )
            with VerticalScroll(id="recall-found"):
                yield SaidLines()

    def on_mount(self) -> None:
        """Show what there is."""
        self.query_one(Input).focus()
        self._find(self._words, self._show)

    def _show(self, found: Sequence[Said]) -> None:
        if not self.is_open:
            return
        self.query_one(SaidLines).put(found)
        here = sum(item.in_context for item in found)
        counts = f"{plural(len(found), 'message')} · {number(here)} in context"
        self.named(self.query_one("#recall"), "Recall", f"{counts} · enter finds · esc close")
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Find these words."""
        self._find(event.value.strip(), self._show)

    def action_scroll(self, by: int) -> None:
        """Move what was found, by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
