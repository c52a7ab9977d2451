"""The terminal side of the screen: tells keys, pastes and the terminal's own replies apart, and survives suspend and fg.

Textual 8.2 reissues escape sequences that it does not know as keys, also inside a bracketed paste, so that a log with
colours sends the prompt or quits; it takes a paste without brackets for typing; and what a terminal answers to a
query (colours, attributes, window reports) ends up in the prompt as text.
"""

from __future__ import annotations

import os
import re
import selectors
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from typing import Any

from textual import constants, events
from textual._xterm_parser import (
    SPECIAL_SEQUENCES,
    XTermParser,
    _re_cursor_position,
    _re_in_band_window_resize,
    _re_mouse_event,
    _re_terminal_mode_response,
)
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"

KEY_SECONDS = constants.ESCAPE_DELAY
"""After escape alone, or a sequence that a key may begin with, this long is waited for the rest."""

REPLY_SECONDS = 2.0
"""The rest of a sequence that can only be a terminal's reply may come late, over a slow connection."""

BURST_SECONDS = 0.05
"""Text with a line end that arrives in one read: this long is waited for more of the same paste."""

PASTE_SECONDS = 10.0
"""A bracketed paste whose end never comes is over after this long without a byte."""

MOST_REPLY_CHARS = 100_000

_CSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_CSI_BEGUN = re.compile(r"\x1b\[[0-?]*[ -/]*")
_OLD_MOUSE = re.compile(r"\x1b\[M[\s\S]{0,3}")
_STRING_BEGUN = re.compile(r"\x1b[\]P_^X]")
_STRING_END = re.compile(r"\x07|\x1b\\|\x9c")
_CERTAIN_REPLY = re.compile(r"\x1b(?:\]\d|P[\d!$+>]|[_^X]\w|\[[<=>?])")


_ATTRIBUTES = re.compile(r"\x1b\[\?[\d;]*c")
ASK_ATTRIBUTES = "\x1b[c"


class InputParser(XTermParser):
    """Sorts what arrives before Textual's parser reads it: only keys, mouse and size reports reach that one."""

    def __init__(self, debug: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(debug)
        self._now = now
        self._held = ""
        self._pasting = False
        self._due = 0.0
        self.draws_sixels = False

    def feed(self, data: str) -> Iterator[Message]:
        """Messages for what was read; "" is the end of input."""
        if not data:
            yield from self._release()
            yield from super().feed("")
            return
        self._held += data
        yield from self._sort()

    def tick(self) -> Iterator[Message]:
        """Messages for what waited long enough for its rest. Called several times a second."""
        if self._held and self._now() >= self._due:
            yield from self._release()
        yield from super().tick()

    def _sort(self) -> Iterator[Message]:
        """Take whole pieces from the front of what is held, until the rest has to wait."""
        while self._held:
            if self._pasting:
                at = self._held.find(PASTE_END)
                if at < 0:
                    self._due = self._now() + PASTE_SECONDS
                    return
                text, self._held, self._pasting = self._held[:at], self._held[at + len(PASTE_END) :], False
                yield _paste(text)
                continue
            at = self._held.find("\x1b")
            if at != 0:
                plain = self._held if at < 0 else self._held[:at]
                if at < 0 and len(plain) > 1 and _line_end(plain):
                    # A person's keys come one by one; this may be the first piece of a paste without brackets.
                    self._due = self._now() + BURST_SECONDS
                    return
                self._held = self._held[len(plain) :]
                yield from self._plain(plain)
                continue
            piece = self._sequence()
            if piece is None:
                return
            self._held = self._held[len(piece) :]
            if _ATTRIBUTES.fullmatch(piece):
                # The answer to the question of what the terminal is: 4 says that it draws sixels.
                self.draws_sixels = "4" in piece[3:-1].split(";")[1:]
            elif piece == PASTE_START:
                self._pasting = True
            elif self._is_known(piece):
                yield from self._whole(piece)

    def _whole(self, piece: str) -> Iterator[Message]:
        """A sequence to which nothing more belongs: Textual's parser need not wait whether it goes on."""
        yield from super().feed(piece)
        if self._timeout_time is not None:
            self._timeout_time = 0.0
            yield from super().tick()

    def _sequence(self) -> str | None:
        """The escape sequence at the front, or None while it is not whole."""
        held = self._held
        if held.startswith("\x1b[M") and (match := _OLD_MOUSE.match(held)) is not None and len(held) >= 6:
            return match.group()
        if (match := _CSI.match(held)) is not None and not held.startswith("\x1b[M"):
            return match.group()
        if _STRING_BEGUN.match(held) and (end := _STRING_END.search(held, 2)) is not None:
            return held[: end.end()]
        begun = _CSI_BEGUN.fullmatch(held) or held == "\x1b" or held == "\x1bO" or _STRING_BEGUN.match(held)
        if (begun or held.startswith("\x1b[M")) and len(held) < MOST_REPLY_CHARS:
            self._due = self._now() + (REPLY_SECONDS if _CERTAIN_REPLY.match(held) else KEY_SECONDS)
            return None
        # A letter with alt, a function key (ESC O x), or escape before something else: Textual's parser knows those.
        if held.startswith("\x1bO"):
            return held[:3]
        return held[:1] if held[1:2] == "\x1b" else held[:2]

    def _is_known(self, piece: str) -> bool:
        """Whether a whole sequence is a key, the mouse, the focus, or a report that Textual asked for."""
        if _STRING_BEGUN.match(piece) and len(piece) > 2:
            return False
        if not piece.startswith("\x1b[") or piece in SPECIAL_SEQUENCES:
            return piece != PASTE_END
        reports = (_re_in_band_window_resize, _re_cursor_position, _re_mouse_event, _re_terminal_mode_response)
        return any(report.match(piece) for report in reports) or bool(list(self._sequence_to_key_events(piece)))

    def _plain(self, text: str) -> Iterator[Message]:
        """Typed letters; or, where a line end has something behind it, a paste of a terminal that does not bracket."""
        if _line_end(text.rstrip("\r\n")):
            yield _paste(text)
        else:
            yield from super().feed(text)

    def _release(self) -> Iterator[Message]:
        """The rest did not come: take what is held for what it is so far."""
        held, self._held = self._held, ""
        if self._pasting:
            self._pasting = False
            yield _paste(held)
        elif not held.startswith("\x1b"):
            yield from self._plain(held)
        elif not _CERTAIN_REPLY.match(held):
            # Escape alone, or escape and then a letter: those are keys.
            yield from self._whole(held)


def _line_end(text: str) -> bool:
    return "\r" in text or "\n" in text


def _paste(text: str) -> events.Paste:
    return events.Paste(text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n"))


class LastingOutput:
    """A terminal to write to that may go away: from then on what is written is thrown away.

    Textual's writing thread would end with the first error, its queue of thirty texts fill, and the program wait for ever for
    room in it, keeping the database, after its window was closed.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self.gone = False

    def write(self, text: str) -> None:
        """Write, if the terminal is there."""
        self._try(self._file.write, text)

    def flush(self) -> None:
        """Send what was written, if the terminal is there."""
        self._try(self._file.flush)

    def _try(self, act: Callable[..., object], *arguments: str) -> None:
        if not self.gone:
            try:
                act(*arguments)
            except (OSError, ValueError):
                self.gone = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class TerminalDriver(LinuxDriver):
    """Textual's driver with our parser; stopping and continuing the process restores the whole screen."""

    _suspended = False
    _parser: InputParser | None = None

    def start_application_mode(self) -> None:
        """Take the terminal."""
        if not isinstance(self._file, LastingOutput):
            self._file: Any = LastingOutput(self._file)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    @property
    def draws_sixels(self) -> bool:
        """Whether the terminal has said that it draws sixels."""
        return self._parser is not None and self._parser.draws_sixels

    def run_input_thread(self) -> None:
        """Read the terminal until the app ends."""
        parser = self._parser = InputParser(self._debug)
        # Every terminal answers this at once; what it says is needed when a page is shown as a picture.
        self.write(ASK_ATTRIBUTES)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(BURST_SECONDS):
                    read = os.read(self.fileno, 65_536)
                    if not read:
                        # The terminal is gone; a hang-up signal ends the app.
                        time.sleep(BURST_SECONDS)
                        continue
                    for message in parser.feed(decode(read)):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    def suspend_application_mode(self) -> None:
        """Give the terminal back."""
        super().suspend_application_mode()
        self._suspended = True

    def resume_application_mode(self) -> None:
        """Take the terminal again."""
        self._suspended = False
        super().resume_application_mode()

    def _sigcont_application(self, *_: object) -> None:
        if self._auto_restart and not self._suspended:
            # Stopped by SIGSTOP, which no program hears: the shell has used the terminal meanwhile.
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application()
