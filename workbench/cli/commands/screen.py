"""Opens the screen: checks what it needs, then paints it, and opens the session behind the first frame."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, cast

from workbench.cli.command import Command, agent_flags, json_flag
from workbench.cli.own_session import FLAGS, PATIENCE_SECONDS, PAUSE_SECONDS, own_session, settings_of
from workbench.core import paths
from workbench.core.errors import ArchiveBusy, UsageError
from workbench.core.hyperlinks import has_links

if TYPE_CHECKING:
    from workbench.api.session import SessionProtocol
    from workbench.services.session import Session

_DUMB_TERMINALS = ("dumb", "unknown", "emacs")
"""Terminal types without cursor movement: Emacs' shell, some CI systems, a console that could not be told."""


def fill_open(sub: argparse.ArgumentParser) -> None:
    """What a display is opened with."""
    sub.add_argument("paths", nargs="*", metavar="PATH", help="files and folders to load and attach")
    agent_flags(sub)
    sub.add_argument(
        "--plain", action="store_true", help="lines instead of the screen; questions are read from standard input"
    )
    sub.add_argument("--ascii", action="store_const", const=True, help="draw with plain ASCII signs only")
    sub.add_argument("--theme", metavar="NAME", help="colour theme")
    json_flag(sub)


def open_display(chosen: argparse.Namespace) -> int:
    """Show a session on the screen, or with --plain as lines. Raises UsageError where that cannot be."""
    from workbench.cli.main import clean_arguments, complain

    clean_arguments(chosen)
    files = [Path(path).expanduser() for path in chosen.paths]
    for file in files:
        _check(file)
    if chosen.plain or chosen.json:
        from workbench.cli.commands.questions import converse

        with SessionOpener(chosen, files) as opener:
            session = opener()
            for remark in opener.remarks:
                complain(remark, 1)
            return converse(session, files, json=chosen.json)
    _need_screen()
    settings = settings_of(chosen, paths.locate().ensure())
    from workbench.tui.app import run

    with ClosingLine() as closing, SessionOpener(chosen, files, counts_apart=True) as opener:
        return run(
            opener,
            usable_tokens=settings.usable_tokens,
            load=files,
            ascii=settings.ascii,
            theme=settings.theme,
            links=not os.environ.get("TEXTUAL_DRIVER") and has_links(os.environ, settings.hyperlinks),
            remarks=opener.remarks,
            given_back=closing.begin,
        )


class ClosingLine:
    """Says what a program waits for whose screen has gone, where that takes longer than a moment."""

    SECONDS = 0.5

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def begin(self, doing: str) -> None:
        """The screen has gone; `doing` still runs, "" where the session only closes."""
        what = f"for {doing} to stop" if doing else "for the archive to close"
        self._timer = threading.Timer(self.SECONDS, self._tell, (f"Waiting {what}; what is done is saved.\n",))
        self._timer.daemon = True
        self._timer.start()

    @staticmethod
    def _tell(text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()

    def __enter__(self) -> ClosingLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _check(file: Path) -> None:
    if str(file).startswith(("http:/", "https:/")):
        raise UsageError(
            "A web address is loaded before the screen opens.", "workbench load URL, then /attach; or /load URL."
        )
    if not file.exists():
        from workbench.cli.commands import COMMANDS

        near = f" (or a command: {', '.join(COMMANDS)})" if os.sep not in str(file) else ""
        raise UsageError(f"There is nothing at {file}.", f"Name a file or a folder{near}.")


def _need_screen() -> None:
    """Raises UsageError where no screen can be drawn."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return  # A browser draws it: see `workbench web`.
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The screen needs a terminal.", "Use `workbench ask QUESTION --attach PATH`, or --plain.")
    if os.environ.get("TERM", "").lower() in _DUMB_TERMINALS:
        raise UsageError(
            f"The screen needs a terminal that can move its cursor, and TERM={os.environ['TERM']} says that this one cannot.",
            "Use `workbench ask QUESTION --attach PATH`, or --plain; or set TERM, for example to xterm-256color.",
        )
    if not sys.stderr.isatty():
        raise UsageError("The screen is drawn on standard error, which goes to a file here.", "Leave out 2>FILE.")


class SessionOpener:
    """Opens the session of a display, in this process or in the one that owns the database; it closes with this.

    `remarks` are sentences about what is wrong but did not keep it from opening.
    """

    def __init__(self, chosen: argparse.Namespace, files: Sequence[Path], *, counts_apart: bool = False) -> None:
        """`counts_apart`: tokens are counted in a process of its own (see core.token_process)."""
        self._chosen = chosen
        self._files = files
        self._counts_apart = counts_apart
        self._stack = ExitStack()
        self.remarks: list[str] = []

    def __call__(self) -> SessionProtocol:
        """Open it. Raises ArchiveBusy when the owner of the database does not answer, and what opening a session raises."""
        last = time.monotonic() + PATIENCE_SECONDS
        while True:
            for attempt in (self._here, self._in_owner):
                with ExitStack() as stack:
                    try:
                        session = attempt(stack)
                    except ArchiveBusy:
                        # The owner is just starting, or just ending: then this process becomes the owner.
                        if attempt == self._in_owner and time.monotonic() > last:
                            raise
                    else:
                        self._stack = stack.pop_all()
                        return session
            time.sleep(PAUSE_SECONDS)

    def _here(self, stack: ExitStack) -> SessionProtocol:
        session = stack.enter_context(self._own())
        session.open_agent(self._chosen.agent, paths=self._files)
        session.run_with(vars(self._chosen))
        return session

    @contextlib.contextmanager
    def _own(self) -> Iterator[Session]:
        from workbench.core.token_process import counting_apart

        apart = counting_apart(paths.locate().log_file) if self._counts_apart else contextlib.nullcontext()
        with apart, own_session(self._chosen, self.remarks.append) as session:
            yield session

    def _in_owner(self, stack: ExitStack) -> SessionProtocol:
        from workbench.ipc.session_client import RemoteSession

        chosen, places = self._chosen, paths.locate()
        given = {name: getattr(chosen, name, None) for name in FLAGS}
        opened = {"agent": chosen.agent, "paths": [file.absolute() for file in self._files], "given": given}
        settings = settings_of(chosen, places)
        socket = places.for_archive(settings.archive).socket_file
        remote = RemoteSession(socket, settings, opened, self._own)
        # It has every member of the protocol, and forwards them by name: there is nothing that mypy could check.
        return cast("SessionProtocol", stack.enter_context(remote))

    def __enter__(self) -> SessionOpener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


COMMANDS = {"open": Command("open the screen (also: workbench [PATH…])", fill_open)}
