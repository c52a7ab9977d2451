"""The prompt: where questions and commands are typed; usable whatever loads or runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from workbench.core.sanitize import sanitize
from workbench.tui.panes.pane import Pane
from workbench.tui.widgets.cells import crop, fit
from workbench.tui.widgets.exchange_rows import CURSOR
from workbench.tui.widgets.key_bar import KeyBar
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.text_fields import TypedText

PLACEHOLDER = "Ask about your documents…   / commands   @ documents"
MOST_COMPLETIONS = 8
MULTILINE = "//"
"""MemGPT's sign: what is typed until it stands alone on a line again is one question."""
KEPT_QUESTIONS = 500

Completer = Callable[[str], Sequence[tuple[str, str]]]
"""Called with the text before the cursor; returns (what the last word may become, what that is)."""


class PromptArea(TypedText):
    """A text area in which enter sends and up recalls what was asked before."""

    BINDINGS = [
        Binding("up", "earlier", "Previous question", show=False),
        Binding("down", "later", "Next question", show=False),
    ]

    @dataclass
    class Sent(Message):
        """The user sent this text."""

        text: str

    @dataclass
    class CitationWanted(Message):
        """The user wants to see citation `number` of the last answer."""

        number: int

    def __init__(self, completions: Completions) -> None:
        super().__init__(
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            highlight_cursor_line=False,
            placeholder=PLACEHOLDER,
        )
        self._list = completions
        self._asked: list[str] = []
        self._at = 0
        self._draft = ""
        self.citations: Collection[int] = ()
        """Numbers of the last answer's citations, which open with a digit while nothing is typed."""
        self.multiline = False
        """Whether enter makes a new line, until // stands on a line of its own."""

    def remember(self, text: str) -> None:
        """Add a question to what up recalls."""
        if text and (not self._asked or self._asked[-1] != text):
            self._asked = [*self._asked, text][-KEPT_QUESTIONS:]
        self._at, self._draft = len(self._asked), ""

    def remember_all(self, questions: Sequence[str]) -> None:
        """Questions of earlier runs come before what was asked since."""
        self._asked = [*questions, *self._asked][-KEPT_QUESTIONS:]
        self._at = len(self._asked)

    def action_send(self) -> None:
        """Send the text, or take the completion that was chosen with the arrows."""
        if self._list.chosen:
            self.action_complete()
            return
        text = self.text.strip()
        if text == MULTILINE:
            self._set_multiline(not self.multiline)
            self.clear()
            return
        if self.multiline:
            if text.split("\n")[-1].strip() != MULTILINE:
                self.action_newline()
                return
            text = text.rsplit("\n", 1)[0].strip()
            self._set_multiline(False)
        if text:
            self.clear()
            self.remember(text)
            self.post_message(self.Sent(text))

    def _set_multiline(self, on: bool) -> None:
        self.multiline = on
        if isinstance(self.parent, PromptPane):
            self.parent.hint()

    def action_newline(self) -> None:
        """A new line in the question."""
        self.insert("\n")

    def action_complete(self) -> None:
        """Put the completion in place of the last word; without one, go to the next widget."""
        word = self._list.take()
        if word is None:
            self.screen.focus_next()
            return
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        start = max(before.rfind(" "), before.rfind("\t")) + 1
        self.replace(word + " ", (row, start), (row, column))

    def action_earlier(self) -> None:
        """One up in the completions, in the text, or in the questions asked before."""
        if self._list.move(-1):
            return
        if not self.cursor_at_first_line or self._at == 0:
            self.action_cursor_up()
            return
        if self._at == len(self._asked):
            self._draft = self.text
        self._recall(self._at - 1)

    def action_later(self) -> None:
        """The same downwards."""
        if self._list.move(1):
            return
        if not self.cursor_at_last_line or self._at >= len(self._asked):
            self.action_cursor_down()
            return
        self._recall(self._at + 1)

    def _recall(self, at: int) -> None:
        self._at = at
        self.load_text(self._asked[at] if at < len(self._asked) else self._draft)
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        if self.app.focused is self and event.key.isdigit() and not self.text and int(event.key) in self.citations:
            event.stop()
            event.prevent_default()
            self.post_message(self.CitationWanted(int(event.key)))
            return
        action = {"enter": self.action_send, "ctrl+j": self.action_newline, "tab": self.action_complete}.get(event.key)
        if action is None or self.app.focused is not self:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        action()

    async def _on_paste(self, event: events.Paste) -> None:
        """A paste is text, whatever control characters it carries."""
        event.prevent_default()
        event.stop()
        self.put(event.text)

    def put(self, text: str) -> None:
        """Insert pasted text where the cursor is, in place of what is selected."""
        start, end = self.selection
        self.replace(sanitize(text.replace("\r\n", "\n").replace("\r", "\n")), start, end)


class Completions(Lines):
    """What the word being typed could become; there only when there is something."""

    def __init__(self) -> None:
        super().__init__()
        self._found: Sequence[tuple[str, str]] = ()
        self._at: int | None = None
        self.display = False

    def offer(self, found: Sequence[tuple[str, str]]) -> None:
        """Show these."""
        if not (found or self._found):
            return  # a letter of a question: nothing is to be laid out
        self._found, self._at = found, None
        self.display = bool(found)
        self.changed()

    @property
    def chosen(self) -> bool:
        """Whether the arrows have picked one."""
        return self._at is not None

    def move(self, by: int) -> bool:
        """Pick the next or previous one; False when there are none."""
        if not self._found:
            return False
        self._at = (-1 if self._at is None and by > 0 else self._at or 0) + by
        self._at %= len(self._found)
        self.changed(layout=False)
        return True

    def take(self) -> str | None:
        """The one picked, else the first; the list closes."""
        if not self._found:
            return None
        word = self._found[self._at or 0][0]
        self.offer(())
        return word

    def rows(self, width: int) -> list[Content]:
        rows: list[Content] = []
        first = max(0, min((self._at or 0) - MOST_COMPLETIONS // 2, len(self._found) - MOST_COMPLETIONS))
        for at, (word, what) in list(enumerate(self._found))[first : first + MOST_COMPLETIONS]:
            name = fit(word, min(width, max(24, len(word) + 2)))
            said = crop(what, max(0, width - len(name)))
            rows.append(
                Content.styled(fit(name + said, width), CURSOR)
                if at == self._at
                else Content.assemble((name, "$accent"), (said, "$muted"))
            )
        if len(self._found) > MOST_COMPLETIONS:
            place = f"{self._at + 1} of {len(self._found)}" if self._at is not None else f"{len(self._found)}"
            rows.append(
                Content.styled(crop(f"{place} · up down choose · tab takes · keep typing to filter", width), "$muted")
            )
        return rows or [Content("")]


class PromptPane(Pane):
    """The framed prompt with its completions."""

    TITLE = "Ask"
    NUMBER = "enter send · ctrl+j newline"
    JUMP = "p"
    HELP = (
        "enter sends, ctrl+j makes a new line, up and down recall what was asked before.\n"
        "// begins a question of several lines, and // on a line of its own sends it. While nothing is typed,\n"
        "1 to 9 open that citation of the last answer; ctrl+up goes to the answers before it, where 1 to 9 open theirs.\n"
        "/ starts a command, @ names a document; tab takes the first completion, the arrows choose another.\n"
        "Questions may be typed and sent while documents load; one sent while another is answered waits its turn."
    )

    def __init__(self, completer: Completer, *, id: str) -> None:
        super().__init__(id=id)
        self._completer = completer
        self._completions = Completions()
        self.area = PromptArea(self._completions)

    def compose(self) -> ComposeResult:
        yield self._completions
        yield self.area

    def goal(self) -> Widget:
        """The text area takes the focus."""
        return self.area

    def cite(self, numbers: Collection[int]) -> None:
        """The last answer has citations of these numbers, which digits open while nothing is typed."""
        self.area.citations = numbers
        self.hint()

    def hint(self) -> None:
        """The keys that there are now, in the frame."""
        numbers = [number for number in self.area.citations if number <= 9]
        if self.area.multiline:
            self.frame(number="several lines · // on a line of its own sends")
        elif numbers and not self.area.text:
            opens = "1 opens the source" if max(numbers) == 1 else f"1-{max(numbers)} open sources"
            self.frame(number=KeyBar(f"{opens} · ctrl+up earlier answers · {self.NUMBER}"))
        else:
            self.frame(number=self.NUMBER)

    def on_text_area_changed(self) -> None:
        """Offer completions for the word before the cursor."""
        self.hint()
        area = self.area
        row, column = area.cursor_location
        before = area.document.get_line(row)[:column]
        word = before[max(before.rfind(" "), before.rfind("\t")) + 1 :]
        wanted = (word.startswith("/") and word == area.text) or word.startswith("@")
        self._completions.offer(self._completer(word) if wanted else ())
