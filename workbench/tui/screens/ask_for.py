"""One line asked for in a small frame: a search of the user's own, or paths to add, with completion of paths."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import Input

from workbench.core.sanitize import one_line, sanitize
from workbench.tui.screens.overlay import Overlay
from workbench.tui.widgets.cells import wrap
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.text_fields import TypedLine

MOST_SHOWN = 8

FORMATS = (
    "It reads PDF, Word, PowerPoint, OpenDocument, RTF, Excel, CSV, Parquet, web pages, EPUB, Markdown, text and source"
    " code, mail and Outlook messages, pictures by OCR, notebooks, JSON, XML, subtitles, calendars, contacts,"
    " compressed files, zip and tar of these: workbench help formats"
)
"""The built-in loaders in words; a test names the words of each, so that one that is added is told here too."""


class Hints(Lines):
    """A few dim lines below the input."""

    def __init__(self, lines: Sequence[str] = ()) -> None:
        super().__init__()
        self._lines = list(lines)

    def put(self, lines: Sequence[str]) -> None:
        """Show these."""
        self._lines = list(lines)
        self.changed()

    def rows(self, width: int) -> list[Content]:
        rows = [part for line in self._lines for part in wrap(one_line(line, 400), width) or [""]]
        return [Content.styled(part, "$muted") for part in rows] or [Content("")]


class AskFor(Overlay[str]):
    """Asks for one line; dismissed with it, or with None."""

    def __init__(
        self, title: str, placeholder: str, hints: Sequence[str], value: str = "", *, secret: bool = False
    ) -> None:
        super().__init__()
        self._value = value
        self._secret = secret
        self._title = title
        self._placeholder = placeholder
        self._hints = hints

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="ask-for") as frame:
            yield TypedLine(self._value, placeholder=self._placeholder, password=self._secret, select_on_focus=False)
            yield Hints(self._hints)
        self.named(frame, self._title, "enter go · esc close")

    def on_mount(self) -> None:
        """The input has the focus."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line back."""
        if event.value.strip():
            self.dismiss(event.value.strip())


class AddDocuments(AskFor):
    """Asks for a path; tab completes it, a pasted list of paths is taken as it is."""

    BINDINGS = [Binding("tab", "complete", "Complete the path", show=False)]

    def __init__(self) -> None:
        super().__init__("Add documents", "a file or a folder, ~ works", (f"tab completes. {FORMATS}", ""))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what the path could become."""
        found = matching_paths(event.value)
        self.query_one(Hints).put([_shown(path) for path in found[:MOST_SHOWN]])

    def action_complete(self) -> None:
        """As far as all matches agree."""
        field = self.query_one(Input)
        found = matching_paths(field.value)
        if found:
            field.value = shared_start(found)
            field.cursor_position = len(field.value)

    def on_paste(self, event: events.Paste) -> None:
        """Several pasted lines are several paths."""
        lines = [sanitize(line).strip().strip("'\"") for line in event.text.splitlines() if line.strip()]
        if len(lines) > 1:
            event.stop()
            self.dismiss("\n".join(lines))


def matching_paths(text: str) -> list[str]:
    """Paths that start with `text`, folders with a slash at their end; what cannot be read has none."""
    if not text.strip():
        return []
    folder, start = os.path.split(text)
    try:
        with os.scandir(Path(folder or ".").expanduser()) as entries:
            names = sorted((entry.name, entry.is_dir()) for entry in entries if entry.name.startswith(start))
    except OSError:
        return []
    shown = text[: len(text) - len(start)] if start else text
    return [shown + name + ("/" if is_folder else "") for name, is_folder in names if start or not name.startswith(".")]


def shared_start(texts: Sequence[str]) -> str:
    """The characters all of `texts` start with."""
    first, last = min(texts), max(texts)
    same = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:same]


def _shown(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1] + ("/" if path.endswith("/") else "")
