"""A list to choose from, filtered by what is typed: the command palette, the agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from workbench.core.sanitize import one_line
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.part_list import PartList
from workbench.tui.widgets.cells import crop, fit
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.text_fields import TypedLine

Value = TypeVar("Value")

GROUPED_CELLS = 90
"""On a narrower screen the heading of the chosen row stands in the frame, so that what it does has room."""


@dataclass(frozen=True)
class Choice(Generic[Value]):
    """One row: its name, what it is in a few words, the heading it stands under, and what choosing it gives."""

    name: str
    about: str
    group: str
    value: Value
    key: str = ""

    def rank(self, words: str) -> int | None:
        """How well it fits what was typed, 0 best; None not at all."""
        wanted, name = words.lower().split(), self.name.lower()
        if not all(word in f"{name} {self.about.lower()} {self.key.lower()}" for word in wanted):
            return None
        plain = name.lstrip("/")
        return 0 if plain.startswith(words.lower().lstrip("/")) else 1 if all(word in name for word in wanted) else 2


class ChoiceList(PartList[Choice[Value]]):
    """The choices, grouped while nothing is typed."""

    EMPTY = "nothing fits"
    grouped = True

    def rows(self, width: int) -> list[Content]:
        grouped = self.grouped and width >= GROUPED_CELLS
        longest = max([10, *(cell_len(one_line(item.name, 60)) for item in self.items)]) + 2
        name_cells = min(longest, max(28, width * 3 // 10) if any(item.about for item in self.items) else width)
        key_cells = max([0, *(cell_len(item.key) for item in self.items)])
        group_cells = max([0, *(cell_len(item.group) for item in self.items)]) + 2 if grouped else 0
        rows: list[Content] = []
        before = ""
        for at, item in enumerate(self.items):
            head = fit(item.group if item.group != before else "", group_cells)
            before = item.group
            name = fit(one_line(item.name, 60), name_cells - 1) + " "
            about = fit(
                crop(one_line(item.about, 200), width - group_cells - name_cells - key_cells - 1),
                width - group_cells - name_cells - key_cells,
            )
            key = fit(item.key, key_cells)
            if at == self.cursor:
                rows.append(Content.assemble((head, "$muted"), (name + about + key, self.CURSOR)))
            else:
                rows.append(Content.assemble((head, "$muted"), (name, "$accent"), about, (key, "$muted")))
        return rows or [Content.styled(self.EMPTY, "$muted")]


class About(Lines):
    """What the chosen row is, whole where the row itself has no room for it."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""

    def say(self, text: str) -> None:
        """Show this."""
        self._text = text
        self.changed(layout=False)

    def rows(self, width: int) -> list[Content]:
        return [Content.styled(crop(one_line(self._text, 200), width), "$muted")]


class Choose(Overlay[Value]):
    """Asks for one of the choices; dismissed with its value, or with None."""

    HELP = "Type to filter; up and down choose, enter goes, esc closes."
    BINDINGS = [
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("pagedown", "move(10)", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("ctrl+p,ctrl+t", "close", "Close", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[Choice[Value]], placeholder: str) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._placeholder = placeholder
        self._words: str | None = None

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="choose"):
            yield TypedLine(placeholder=self._placeholder, select_on_focus=False)
            yield About()
            with VerticalScroll(id="choices", can_focus=False):
                yield ChoiceList[Value]()

    def on_mount(self) -> None:
        """Show all of them."""
        self.query_one(Input).focus()
        self._filter()

    def on_input_changed(self) -> None:
        """Keep what fits."""
        self._filter()

    def _filter(self) -> None:
        words = self.query_one(Input).value.strip()
        if words == self._words:
            return
        self._words = words
        ranked = [(item.rank(words), at, item) for at, item in enumerate(self._choices)]
        fitting = [(rank, at, item) for rank, at, item in ranked if rank is not None]
        if words:
            fitting.sort(key=lambda entry: entry[:2])
        rows = self.query_one(ChoiceList)
        rows.grouped = not words
        rows.put([item for _, _, item in fitting])
        self._entitle()

    def on_cursor_list_moved(self) -> None:
        """Another heading may be the one of the cursor."""
        self._entitle()

    def _entitle(self) -> None:
        rows = self.query_one(ChoiceList)
        self.query_one(About).say(rows.chosen.about if rows.chosen else "")
        count = f"{len(rows.items)} of {len(self._choices)}" if self._words else f"all {len(self._choices)}"
        group = f" · {rows.chosen.group}" if rows.chosen is not None and rows.chosen.group else ""
        self.named(self.query_one("#choose"), self._title + group, f"{count} · up down choose · enter go · esc close")

    def action_move(self, by: int) -> None:
        """Another row of what fits by now: the news that something was typed may still be on its way."""
        self._filter()
        rows = self.query_one(ChoiceList)
        rows.go(max(0, min(rows.cursor + by, len(rows.items) - 1)))

    def on_input_submitted(self) -> None:
        """enter."""
        self._filter()
        if (chosen := self.query_one(ChoiceList).chosen) is not None:
            self.dismiss(chosen.value)

    def on_cursor_list_opened(self) -> None:
        """A click on the row of the cursor."""
        self.on_input_submitted()
