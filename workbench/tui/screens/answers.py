"""Every question of the conversation with its answer, also those that were evicted or are from before; their sources open by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup
from textual.content import Content

from workbench.api.citation_marks import cited, numbered
from workbench.api.events import AnswerDone, Citation
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.text_view import TextBox
from workbench.tui.screens.window_list import WindowList
from workbench.tui.widgets.cells import crop, fit, number, page_place, plural, right
from workbench.tui.widgets.exchange_rows import CURSOR
from workbench.tui.widgets.exchange_state import by_page

UNASKED = "(said unasked)"
"""Stands where an answer has no question."""


@dataclass(frozen=True)
class Asked:
    """A question and its answer, None where there is none."""

    question: str
    answer: AnswerDone | None = None

    @property
    def quotes(self) -> list[Citation]:
        """What the answer cites, numbered."""
        return cited(self.answer.quotes) if self.answer else []

    @property
    def state(self) -> str:
        """What became of it, in a word or two."""
        if self.answer is None:
            return "no answer"
        return "answered" if self.answer.answered else "not sure" if self.answer.nearest else "not found"

    @property
    def text(self) -> str:
        """Question, answer, sources and our remarks."""
        if self.answer is None:
            return f"{self.question}\n\nThere is no answer to it."
        quotes = self.answer.quotes
        parts = [self.question, numbered(self.answer.text, quotes, self.answer.unquoted)]
        parts.append("\n".join(f"[{numbers}] {_place(item)}" for numbers, item in by_page(quotes)))
        parts.append("\n".join(one_line(note) for note in (self.answer.standing, *self.answer.notes) if note))
        return "\n\n".join(part for part in parts if part)


def _place(item: Citation) -> str:
    return one_line(item.where if item.origin else f"{item.document} {page_place(item.page, item.label)}", 300)


class AskedList(WindowList):
    """One row a question: its number, what became of it, how many sources, its words."""

    EMPTY = "nothing was asked yet"

    def __init__(self, asked: Sequence[Asked]) -> None:
        super().__init__()
        self.asked = asked
        self.cursor = max(0, len(asked) - 1)

    @property
    def count(self) -> int:
        return len(self.asked)

    @property
    def chosen(self) -> Asked | None:
        """The question under the cursor."""
        return self.asked[self.cursor] if self.cursor < len(self.asked) else None

    def row(self, at: int, width: int) -> Content:
        item, here = self.asked[at], CURSOR if at == self.cursor else ""
        sources = plural(len(item.quotes), "source") if item.quotes else ""
        words = crop(one_line(item.question, 400), max(1, width - 30))
        return Content.assemble(
            (f"{right(number(at + 1), 4)}  ", here or "$muted"),
            (fit(item.state, 10), here or ("" if item.state == "answered" else "$text-warning")),
            (f"{right(sources, 11)}  ", here or "$muted"),
            (fit(words, width - 29) if here else words, here),
        ).truncate(width)


class AnswersScreen(Overlay[None]):
    """The questions of the conversation; below them the answer under the cursor."""

    HELP = (
        "Every question of this conversation with its answer, also what was evicted and what is from earlier sessions.\n"
        "up and down choose, 1 to 9 open that source of the answer, enter opens the first, y copies the answer."
    )
    BINDINGS = [
        *(Binding(str(digit), f"cite({digit})", "Open this source", show=False) for digit in range(1, 10)),
        Binding("y", "copy", "Copy the answer", show=False),
        Binding("q", "close", "Close", show=False),
    ]

    def __init__(
        self,
        asked: Sequence[Asked],
        open_citation: Callable[[Citation, Sequence[Citation], Callable[[str], None]], None],
    ) -> None:
        super().__init__()
        self._open_citation = open_citation
        self.rows = AskedList(asked)

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="answers"):
            yield self.rows
            yield TextBox(id="answer")

    def on_mount(self) -> None:
        """Show the newest answer."""
        self.rows.focus()
        self.named(
            self.query_one("#answers"),
            f"Answers · {plural(self.rows.count, 'question')}",
            "1-9 open sources · enter the first · y copy · f1 keys · esc close",
        )
        self._draw()

    def tell(self, text: str) -> None:
        """Say why something could not be done."""
        if self.is_open:
            self.named(self.query_one("#answer"), one_line(text, 200), "")

    def on_cursor_list_moved(self) -> None:
        """The answer follows the cursor."""
        self._draw()

    def on_cursor_list_opened(self) -> None:
        """enter."""
        if (item := self.rows.chosen) is not None and item.quotes:
            self._open_citation(item.quotes[0], item.quotes, self.tell)
        else:
            self.tell("this answer cites no page")

    def action_cite(self, number: int) -> None:
        """1-9."""
        quotes = self.rows.chosen.quotes if self.rows.chosen else []
        chosen = next((item for item in quotes if item.number == number), None)
        if chosen is not None:
            self._open_citation(chosen, quotes, self.tell)
        else:
            self.tell(f"this answer has no source {number}")

    def _draw(self) -> None:
        item, box = self.rows.chosen, self.query_one(TextBox)
        box.put(item.text if item else "")
        self.named(box, f"question {self.rows.cursor + 1} of {number(self.rows.count)}" if item else "", "")

    def action_copy(self) -> None:
        """y."""
        if (item := self.rows.chosen) is not None and item.answer is not None:
            self.app.copy_to_clipboard(sanitize(item.answer.text))
            self.tell("copied")
