"""A text of the user's own against its sources: walks from finding to finding, both wordings below each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup
from textual.content import Content

from workbench.api.check import (
    CONTRADICTED,
    NO_CLAIM,
    NOT_FOUND,
    PARTLY,
    SUPPORTED,
    CheckedSentence,
    CheckProgress,
    Quote,
    summary,
)
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.screens.run import Run, RunLine, RunScreen
from workbench.tui.screens.text_view import TextBox
from workbench.tui.screens.window_list import WindowList
from workbench.tui.widgets.cells import clock, crop, fit, number, plural, right
from workbench.tui.widgets.exchange_rows import CURSOR

FINDINGS = (CONTRADICTED, NOT_FOUND, PARTLY)
"""What a person should look at."""

STYLES = {
    CONTRADICTED: "$text-error",
    NOT_FOUND: "$text-warning",
    PARTLY: "$text-warning",
    SUPPORTED: "$in-context",
    NO_CLAIM: "$muted",
}


class SentenceList(WindowList):
    """One row a sentence: what became of it, its line in the text, its words."""

    EMPTY = "no sentence yet"

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[CheckedSentence] = []
        self.only_findings = False
        self._shown: list[CheckedSentence] = []

    @property
    def count(self) -> int:
        return len(self._shown)

    @property
    def chosen(self) -> CheckedSentence | None:
        """The sentence under the cursor."""
        return self._shown[self.cursor] if self.cursor < len(self._shown) else None

    @property
    def findings(self) -> Sequence[CheckedSentence]:
        """What a person should look at, in the order of the text."""
        return [item for item in self.sentences if item.state in FINDINGS]

    def add(self, item: CheckedSentence) -> None:
        """One more was checked."""
        self.sentences.append(item)
        if not self.only_findings or item.state in FINDINGS:
            self._shown.append(item)
        self.changed(layout=False)

    def clear(self) -> None:
        """Begin anew."""
        self.sentences, self._shown, self.cursor = [], [], 0
        self.changed(layout=False)

    def keep_findings(self, only: bool) -> None:
        """Show the findings alone, or all sentences; the cursor stays with its sentence, or goes to the next one shown."""
        here = self.chosen.number if self.chosen else 0
        self.only_findings = only
        self._shown = [item for item in self.sentences if not only or item.state in FINDINGS]
        self.cursor = next((at for at, item in enumerate(self._shown) if item.number >= here), len(self._shown) - 1)
        self.changed(layout=False)
        self.post_message(self.Moved())

    def walk(self, by: int) -> bool:
        """To the next or the previous finding, around the end; False when there is none."""
        places = [at for at, item in enumerate(self._shown) if item.state in FINDINGS]
        if not places:
            return False
        if by > 0:
            self.go(next((at for at in places if at > self.cursor), places[0]))
        else:
            self.go(next((at for at in reversed(places) if at < self.cursor), places[-1]))
        return True

    def row(self, at: int, width: int) -> Content:
        item = self._shown[at]
        here = CURSOR if at == self.cursor else ""
        words = crop(one_line(item.text, 400), max(1, width - 21))
        return Content.assemble(
            (fit(item.state, 13), here or STYLES[item.state]),
            (f"{right(number(item.line), 5)}  ", here or "$muted"),
            (fit(words, width - 20) if here else words, here or ("$muted" if item.state == NO_CLAIM else "")),
        ).truncate(width)


class TextCheckScreen(RunScreen[CheckProgress | CheckedSentence]):
    """The sentences of a text, each with what the sources say."""

    HELP = (
        "Each sentence of your text: supported, contradicted by a number, date or name, partly, not found in the sources,\n"
        "or not a claim. n and N walk from finding to finding, f shows the findings alone, enter opens the page of the\n"
        "source with its words marked, space stops the check and goes on with it, w writes the report, y copies both\n"
        "wordings. What is known is kept: the same command goes on."
    )
    BINDINGS = [
        Binding("n", "walk(1)", "Next finding", show=False),
        Binding("N", "walk(-1)", "Previous finding", show=False),
        Binding("f", "findings", "Findings alone, or all", show=False),
        Binding("w", "write", "Write the report", show=False),
        Binding("y", "copy", "Copy both wordings", show=False),
        Binding("q", "close", "Close", show=False),
    ]
    NOUN = "sentence"
    BUSY = "another check has not ended yet: space tries again"

    def __init__(
        self,
        name: str,
        against: str,
        run: Run[CheckProgress | CheckedSentence],
        open_quotes: Callable[[Sequence[Quote]], None],
        write: Callable[[Sequence[CheckedSentence], int], None],
    ) -> None:
        super().__init__(run)
        self._title = name
        self._against = against
        self._open_quotes = open_quotes
        self._write_report = write
        self.total = 0
        """How many sentences there are."""
        self._moved = False
        self.rows = SentenceList()

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="text-check"):
            yield self.rows
            yield RunLine()
            yield TextBox(id="wording")

    def on_mount(self) -> None:
        """Check."""
        self.rows.focus()
        self._go_on()
        self.call_after_refresh(self._draw)

    @property
    def checked(self) -> int:
        """How many sentences are checked."""
        return len(self.rows.sentences)

    @property
    def unfinished(self) -> bool:
        return not self.total or self.checked < self.total

    # -- the run -----------------------------------------------------------------------------

    def _go_on(self) -> None:
        super()._go_on()
        if self.going:
            # What is known comes again at once, from the first sentence on.
            self.rows.clear()
            self._say("reading the text")

    def item_arrived(self, item: CheckProgress | CheckedSentence) -> None:
        if isinstance(item, CheckedSentence):
            self.rows.add(item)
            if self.rows.count == 1:
                self._draw()
            return
        self.total = item.total
        if not self._stopping:
            words = [f"checked {number(item.done)} of {plural(item.total, 'sentence')}", clock(item.seconds)]
            words += [f"about {clock(item.remaining_seconds)} left"] if item.remaining_seconds else []
            self._say(" · ".join([*words, "space stops"]))
        if item.done % 10 == 0 or item.done == item.total:
            self._frame()

    def run_ended(self, failure: str) -> None:
        rows = self.rows
        if failure:
            self._say(failure, "$text-error")
        elif self.checked < self.total:
            self._say(f"stopped; space goes on: {plural(self.total - self.checked, 'sentence')} to check")
        elif rows.findings:
            self._say(f"against {one_line(self._against, 40)}: {summary(rows.sentences)}")
        else:
            self._say(f"nothing to look at, against {one_line(self._against, 40)}: {summary(rows.sentences)}")
        if not self._moved and rows.chosen is not None and rows.chosen.state not in FINDINGS:
            rows.walk(1)
        self._draw()

    # -- the sentence under the cursor -----------------------------------------------------------

    def action_walk(self, by: int) -> None:
        """n, N."""
        self._moved = True
        if not self.rows.walk(by):
            self._say("there is no finding" if not self.going else "there is no finding yet")

    def action_findings(self) -> None:
        """f."""
        self.rows.keep_findings(not self.rows.only_findings)

    def on_cursor_list_moved(self) -> None:
        """The wordings follow the cursor."""
        self._moved = self._moved or self.going
        self._draw()

    def on_cursor_list_opened(self) -> None:
        """enter: the page of the source."""
        quotes = quotes_of(self.rows.chosen)
        if quotes:
            self._open_quotes(quotes)
        else:
            self._say("the sources say nothing near to this sentence")

    def _draw(self) -> None:
        if not self.is_open:
            return
        item, box = self.rows.chosen, self.query_one(TextBox)
        if item is None:
            box.put("")
            self.named(box, "no sentence", "")
        else:
            box.put(both_wordings(item))
            found = self.rows.findings
            place = f" · finding {found.index(item) + 1} of {number(len(found))}" if item in found else ""
            self.named(
                box,
                f"{item.state} · line {number(item.line)}{place}",
                "enter opens the page" if quotes_of(item) else "",
            )
        self._frame()

    def _frame(self) -> None:
        rows = self.rows
        sentences = plural(self.total or self.checked, "sentence")
        title = f"Check · {one_line(self._title, 30)} · {plural(len(rows.findings), 'finding')} in {sentences}"
        keys = "n finding · enter source · f findings · w write · f1 keys · esc close"
        self.named(self.query_one("#text-check"), title, keys)

    def action_write(self) -> None:
        """w."""
        self._write_report(self.rows.sentences, self.total)

    def action_copy(self) -> None:
        """y."""
        if (item := self.rows.chosen) is not None:
            self.app.copy_to_clipboard(sanitize(both_wordings(item)))
            self._say("copied")


def quotes_of(item: CheckedSentence | None) -> Sequence[Quote]:
    """The quotes of the sources that a sentence has, the one that decided first."""
    if item is None:
        return ()
    return [*([item.quote] if item.quote else []), *item.against]


def both_wordings(item: CheckedSentence) -> str:
    """A sentence and what the sources say of it, the values that differ side by side."""
    lines = [f"text      {one_line(item.text, 2_000)}"]
    if item.quote is not None:
        day = f", {item.quote.day}" if item.quote.day else ""
        lines.append(f"source    {one_line(item.quote.text, 2_000)}  ({one_line(item.quote.where, 200)}{day})")
    lines += [
        f"{one.kind:<10}the text says {one_line(one.claimed, 200)}, the source {one_line(one.stated, 200)}"
        for one in item.differences
    ]
    if item.lacking and item.state in (PARTLY, NOT_FOUND):
        lines.append(f"lacking   {', '.join(one_line(word, 80) for word in item.lacking)}")
    lines += [f"against   {one_line(one.text, 1_000)}  ({one_line(one.where, 200)})" for one in item.against]
    lines += [f"why       {one_line(item.why_not, 300)}"] if item.why_not else []
    return "\n".join(lines)
