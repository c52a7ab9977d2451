"""What two documents state differently: a row a fact, both wordings below, and the page of either opens with its words marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup
from textual.content import Content

from workbench.api.check import ChangedFact, Comparison, Quote
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.run import RunLine
from workbench.tui.screens.text_view import TextBox
from workbench.tui.screens.window_list import WindowList
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, crop_path, fit, number, plural
from workbench.tui.widgets.exchange_rows import CURSOR

VALUE_CELLS = 30


class FactList(WindowList):
    """One row a fact that differs: the values of both documents, and the sentence of the first."""

    EMPTY = "no fact is stated differently"

    def __init__(self, facts: Sequence[ChangedFact]) -> None:
        super().__init__()
        self.facts = facts

    @property
    def count(self) -> int:
        return len(self.facts)

    @property
    def chosen(self) -> ChangedFact | None:
        """The fact under the cursor."""
        return self.facts[self.cursor] if self.cursor < len(self.facts) else None

    def row(self, at: int, width: int) -> Content:
        fact, here = self.facts[at], CURSOR if at == self.cursor else ""
        values = "; ".join(
            f"{one_line(item.claimed, 60)} {glyphs.ARROW} {one_line(item.stated, 60)}" for item in fact.differences
        )
        value_cells = min(VALUE_CELLS, width // 2)
        words = crop(one_line(fact.first.text, 400), max(1, width - value_cells - 1))
        return Content.assemble(
            (fit(values, value_cells), here or "$accent"),
            (" ", here),
            (fit(words, width - value_cells - 1) if here else words, here),
        ).truncate(width)


class ComparisonScreen(Overlay[None]):
    """The facts that two documents state differently."""

    HELP = (
        "What two documents state differently: each row has the value of the first and of the second, and below are both\n"
        "sentences. enter opens the page of the first with its words marked, n there goes to that of the second.\n"
        "w writes the report, y copies both wordings."
    )
    BINDINGS = [
        Binding("w", "write", "Write the report", show=False),
        Binding("y", "copy", "Copy both wordings", show=False),
        Binding("q", "close", "Close", show=False),
    ]

    def __init__(
        self, found: Comparison, open_quotes: Callable[[Sequence[Quote]], None], write: Callable[[Comparison], None]
    ) -> None:
        super().__init__()
        self._comparison = found
        self._open_quotes = open_quotes
        self._write_report = write
        self.rows = FactList(found.changed)

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="comparison"):
            yield self.rows
            yield RunLine()
            yield TextBox(id="wording")

    def on_mount(self) -> None:
        """Show the first fact."""
        found = self._comparison
        self.rows.focus()
        names = [crop_path(one_line(name, 200), 30) for name in (found.first, found.second)]
        told = plural(len(found.changed), "fact") if found.changed else "nothing"
        title = f"Compare · {names[0]} and {names[1]} · {told} stated differently"
        self.named(
            self.query_one("#comparison"), title, "enter opens both pages · w write · y copy · f1 keys · esc close"
        )
        self.tell(
            f"sentences: {number(found.same)} in both · {number(found.only_first)} only in {names[0]} · "
            f"{number(found.only_second)} only in {names[1]}"
        )
        self._draw()

    def tell(self, text: str) -> None:
        """Say something about what was asked for here, or why it could not be done."""
        if self.is_open:
            self.query_one(RunLine).say(text, "$muted")

    def on_cursor_list_moved(self) -> None:
        """The wordings follow the cursor."""
        self._draw()

    def on_cursor_list_opened(self) -> None:
        """enter: the page of the first, the second behind it."""
        if (fact := self.rows.chosen) is not None:
            self._open_quotes((fact.first, fact.second))

    def _draw(self) -> None:
        fact, box = self.rows.chosen, self.query_one(TextBox)
        if fact is None:
            box.put(
                "No sentence of one states another number, date or name than the sentence of the other that comes nearest to it."
            )
            self.named(box, "nothing differs", "")
            return
        box.put(both_wordings(fact))
        self.named(box, f"{self.rows.cursor + 1} of {number(self.rows.count)}", "")

    def action_write(self) -> None:
        """w."""
        self._write_report(self._comparison)

    def action_copy(self) -> None:
        """y."""
        if (fact := self.rows.chosen) is not None:
            self.app.copy_to_clipboard(sanitize(both_wordings(fact)))
            self.tell("copied")


def both_wordings(fact: ChangedFact) -> str:
    """The sentences of both documents, and the values that differ."""
    lines = []
    for name, quote in (("first", fact.first), ("second", fact.second)):
        day = f", {quote.day}" if quote.day else ""
        lines.append(f"{name:<8}{one_line(quote.text, 2_000)}  ({one_line(quote.where, 200)}{day})")
    lines += [
        f"{item.kind:<8}{one_line(item.claimed, 200)} in the first, {one_line(item.stated, 200)} in the second"
        for item in fact.differences
    ]
    return "\n".join(lines)
