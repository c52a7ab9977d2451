"""Carries out the keys of the library on a source or a document, asking in an overlay where something has to be typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workbench.api.events import Event
from workbench.api.session import DocumentInfo, SourceInfo
from workbench.core.sanitize import one_line
from workbench.tui.commands.display import Display
from workbench.tui.screens.ask_for import AskFor

Item = SourceInfo | DocumentInfo


class LibraryActions:
    """Acts on sources and documents for the pane and the overlay of the library."""

    def __init__(self, display: Display, push: Callable[[AskFor, Callable[[str | None], None]], object]) -> None:
        self._display = display
        self._push = push

    def do(self, action: str, item: Item) -> None:
        """Do it, or say why it cannot be done."""
        source, path = (item.name, "") if isinstance(item, SourceInfo) else (item.source, item.path)
        library = self._display.session.library
        waits = isinstance(item, DocumentInfo) and item.status != "loaded"
        name = one_line(path or source, 80)
        match action:
            case "reload":
                self._load(lambda: library.retry(source, [path]) if waits else library.reload(source))
            case "ocr":
                self._load(lambda: library.reload(source, ocr=True))
            case "remove":
                hints = (f"type yes to take {name} out of the library", "files on the disk stay where they are")
                self._ask(f"Remove {name}", "yes", hints, lambda text: self._remove(text, source, path))
            case "rename" if path:
                self._display.say("a document is called as its file is; a source can have another name")
            case "rename":
                self._ask(
                    f"Rename {name}", "its new name", ("what was attached stays attached",),
                    lambda text: self._then(lambda: library.rename(source, text), f"{name} is {one_line(text, 80)} now"),
                )  # fmt: skip
            case "password":
                self._ask(
                    f"Password of {name}", "", ("tried now and kept nowhere",),
                    lambda text: self._load(
                        lambda: library.retry(source, [path] if waits else [], passwords=[text])
                    ),
                    secret=True,
                )  # fmt: skip
            case "skip" if not waits:
                self._display.say(f"{name} is loaded: d removes it")
            case "skip":
                self._then(lambda: library.skip(source, path), f"{name} is left out from now on")
            case "note":
                hints = ("one line; the model reads it with every hit from here", "- takes the note away")
                self._ask(
                    f"Note on {name}", "for example: superseded by the lease of 2021", hints,
                    lambda text: self._then(
                        lambda: library.note(source, path, "" if text == "-" else text), f"noted on {name}"
                    ),
                )  # fmt: skip
            case "open" if path and not waits:
                self._display.open_page(path, 1)

    def _remove(self, text: str, source: str, path: str) -> None:
        library = self._display.session.library
        if text.lower() in ("yes", "y"):
            self._then(lambda: library.remove(source, path), f"removed {one_line(path or source, 80)}")
        else:
            self._display.say("nothing was removed")

    def _ask(
        self, title: str, placeholder: str, hints: tuple[str, ...], then: Callable[[str], None], *, secret: bool = False
    ) -> None:
        def done(text: str | None) -> None:
            if text:
                then(text)

        self._push(AskFor(title, placeholder, hints, secret=secret), done)

    def _then(self, work: Callable[[], object], said: str) -> None:

        def done(_: object) -> None:
            self._display.say(said)
            self._display.refresh_library()

        self._display.fetch(work, done)

    def _load(self, start: Callable[[], Iterator[Event]]) -> None:
        if not self._display.start_load(start):
            self._display.say("a load is running: esc stops it")
