"""Runs one command of the command line; exit codes are 0 for done, 1 for failed work and 2 for wrong usage.

This is the composition root of the program: it hands the command table to the server, and a session to the display.
"""

from __future__ import annotations

import argparse
import codecs
import io
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from workbench import __version__
from workbench.api.session import SessionProtocol
from workbench.cli import passwords
from workbench.cli.command import Command
from workbench.cli.commands import COMMANDS, load, questions
from workbench.core import paths
from workbench.core.errors import ArchiveBusy, UsageError, WorkbenchError
from workbench.core.sanitize import readable
from workbench.core.settings import Settings, read_settings
from workbench.ipc.command_output import TERMINATED

if TYPE_CHECKING:
    from workbench.services.session import Session

Body = Callable[[argparse.Namespace], int]

_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. No traceback reaches a user (unless --debug asks for it)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _readable_streams()
    signal.signal(signal.SIGTERM, _terminated)
    os.umask(0o077)  # whatever is written here is the user's alone
    try:
        chosen = _parser().parse_args(words if _names_a_command(words) else ["open", *words])
        return _run(chosen)
    except WorkbenchError as error:
        return _complain(error.one_line(), error.exit_code)


def _run(chosen: argparse.Namespace) -> int:
    try:
        body: Body = chosen.run
        return body(chosen)
    except WorkbenchError:
        raise
    except KeyboardInterrupt:
        return _complain("Stopped. What was done is kept.", 1)
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if chosen.debug:
            raise
        if known := _known(error):
            return _complain(known.one_line(), known.exit_code)
        return _complain(f"Unexpected {type(error).__name__}: {error}. Run again with --debug to see where.", 1)


def _known(error: Exception) -> WorkbenchError | None:
    """A failure of the machine or of the database file in a sentence; None for a mistake of ours."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return WorkbenchError(f"{where}{error.strerror or error}.", "Check the disk, the folder and its permissions.")
    if "duckdb" not in sys.modules:
        return None
    from workbench.storage.database import explained

    return explained(error)


def _readable_streams() -> None:
    """Write UTF-8 to a terminal that claims to know ASCII only, as Python does for the locale C; keep other encodings."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not codecs.lookup(stream.encoding).name.startswith("utf"):
            bare = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding="utf-8" if bare else None, errors="backslashreplace" if bare else "replace")


def _complain(text: str, code: int) -> int:
    from workbench.core.sanitize import sanitize

    print(f"workbench: {' '.join(sanitize(text).split())}", file=sys.stderr)
    return code


def _terminated(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _names_a_command(words: Sequence[str]) -> bool:
    """A subcommand's name wins over a path: `./load` is a path."""
    first = next((word for word in words if not word.startswith("-")), None)
    asks_top = bool(words) and words[0] in ("-h", "--help", "--version", "--samples")
    return first in COMMANDS or asks_top


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="workbench",
        description="Questions over documents that do not fit a model's context, with every page in and out shown.",
        epilog="workbench [PATH…] opens the screen; it loads and attaches PATHs (without any: the last agent).",
    )
    parser.add_argument("--version", action="version", version=f"memgpt-workbench {__version__}")
    parser.add_argument(
        "--samples", action="version", version=str(paths.samples()), help="print where the sample documents are"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name, help=command.summary, description=command.summary)
        command.add_arguments(sub)
        sub.add_argument("--debug", action="store_true", help="show where an unexpected error came from")
        sub.set_defaults(run=_body(command))
    return parser


# -- sessions -------------------------------------------------------------------------------------------------------

_FLAGS = (
    "model", "base_url", "window_tokens", "steps", "minutes", "question_tokens", "question_cost", "price_in", "price_out",
    "preset", "persona", "human", "read_ahead", "verify", "reranker", "ascii", "theme",
)  # fmt: skip


def _settings(chosen: argparse.Namespace, places: paths.Paths) -> Settings:
    flags: dict[str, Any] = {name: getattr(chosen, name, None) for name in _FLAGS}
    return read_settings(places.settings_file, flags)


def _log_to(places: paths.Paths) -> None:
    """Log into the file; without a log where that cannot be."""
    try:
        logging.basicConfig(
            filename=places.log_file, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
    except OSError as error:
        _complain(f"Nothing is logged: {places.log_file} cannot be written ({error.strerror}). Move it away.", 1)
        logging.basicConfig(handlers=[logging.NullHandler()])


@contextmanager
def _session(chosen: argparse.Namespace) -> Iterator[Session]:
    """A session that owns the database, and runs the commands of other processes while it lives."""
    from workbench.cli.main import LocalCommands
    from workbench.ipc.server import CommandServer
    from workbench.services.session import Session

    places = paths.locate().ensure()
    _log_to(places)
    with ExitStack() as after, Session(_settings(chosen, places), places) as session:
        if session.app.database.damage:
            _complain(session.app.database.damage, 1)
        owner = CommandServer(session.app, LocalCommands())
        after.callback(owner.release)
        try:
            yield session
            owner.close(patient=not TERMINATED.is_set())
        except WorkbenchError:
            owner.close()
            raise
        finally:
            owner.close(patient=False)


_DUMB_TERMINALS = ("dumb", "unknown", "emacs")
"""Terminal types without cursor movement: Emacs' shell, some CI systems, a console that could not be told."""


def _open(chosen: argparse.Namespace) -> int:
    _clean_arguments(chosen)
    files = [Path(path).expanduser() for path in chosen.paths]
    for file in files:
        if str(file).startswith(("http:/", "https:/")):
            raise UsageError(
                "A web address is loaded before the screen opens.", "workbench load URL, then /attach; or /load URL."
            )
        if not file.exists():
            near = f" (or a command: {', '.join(COMMANDS)})" if os.sep not in str(file) else ""
            raise UsageError(f"There is nothing at {file}.", f"Name a file or a folder{near}.")
    if not chosen.plain and not chosen.json:
        _need_screen()
    last = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with suppress(ArchiveBusy), _session(chosen) as session:
            session.open_agent(chosen.agent, paths=files)
            session.run_with(vars(chosen))
            return _show(session, session.settings, chosen, files)
        try:
            return _show_remote(chosen, files)
        except ArchiveBusy:
            # The owner is just starting, or just ending: then this one becomes the owner.
            if time.monotonic() > last:
                raise
        time.sleep(_PAUSE_SECONDS)


def _need_screen() -> None:
    """Raises UsageError where no screen can be drawn."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The screen needs a terminal.", "Use `workbench ask QUESTION --attach PATH`, or --plain.")
    if os.environ.get("TERM", "").lower() in _DUMB_TERMINALS:
        raise UsageError(
            f"The screen needs a terminal that can move its cursor, and TERM={os.environ['TERM']} says that this one cannot.",
            "Use `workbench ask QUESTION --attach PATH`, or --plain; or set TERM, for example to xterm-256color.",
        )
    if not sys.stderr.isatty():
        raise UsageError("The screen is drawn on standard error, which goes to a file here.", "Leave out 2>FILE.")


def _show_remote(chosen: argparse.Namespace, files: Sequence[Path]) -> int:
    """Show a session of the process that owns the database. Raises ArchiveBusy when that does not answer."""
    from workbench.ipc.session_client import RemoteSession

    places = paths.locate()
    given = {name: getattr(chosen, name, None) for name in _FLAGS}
    opened = {"agent": chosen.agent, "paths": [file.absolute() for file in files], "given": given}
    with RemoteSession(places.socket_file, _settings(chosen, places), opened, lambda: _session(chosen)) as session:
        # It has every member of the protocol, and forwards them by name: there is nothing that mypy could check.
        return _show(cast(SessionProtocol, session), session.settings, chosen, files)


def _show(session: SessionProtocol, settings: Settings, chosen: argparse.Namespace, files: Sequence[Path]) -> int:
    if chosen.plain or chosen.json:
        return questions.converse(session, files, json=chosen.json)
    from workbench.tui.app import run

    return run(session, load=files, ascii=settings.ascii, theme=settings.theme)


def _body(command: Command) -> Body:
    if command.run is not None:
        return _with_session(command)
    return command.run_alone or _open


def _with_session(command: Command) -> Body:
    """The command with a session of this process, or in the process that owns the database."""
    body = command.run
    assert body is not None

    def run(chosen: argparse.Namespace) -> int:
        from workbench.ipc import command_client

        _ask_consent(command, chosen)
        _clean_arguments(chosen)
        _resolve_paths(chosen)
        last = 0.0
        while True:
            try:
                with _session(chosen) as session:
                    return body(session, chosen)
            except ArchiveBusy:
                # One that was asked in vain for so long is no workbench, or one that hangs.
                if last and time.monotonic() > last:
                    raise
            places = paths.locate()
            with suppress(ArchiveBusy):
                asked = time.monotonic()
                return command_client.run(
                    places.socket_file, chosen.command, _for_the_wire(chosen), _settings(chosen, places),
                    resumable=command.resumable,
                )  # fmt: skip
            # The owner is just starting, or just ending: then the next one of us becomes the owner.
            if not last or time.monotonic() - asked > _PATIENCE_SECONDS:
                last = time.monotonic() + _PATIENCE_SECONDS
            time.sleep(_PAUSE_SECONDS)

    return run


def _ask_consent(command: Command, chosen: argparse.Namespace) -> None:
    """Ask the person here, whoever does the work. Raises UsageError when the answer is not yes."""
    if command.consent is None or not (question := command.consent(chosen)) or chosen.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("This needs a yes, and there is nobody to ask.", "Add --yes.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("Nothing was deleted.")


_PLACES = ("paths", "attach", "file", "data", "input_dir", "input_files")


def _clean_arguments(chosen: argparse.Namespace) -> None:
    """Make arguments that are no paths valid Unicode, whatever bytes the terminal sent."""
    for key, value in vars(chosen).items():
        if isinstance(value, str) and key not in _PLACES:
            setattr(chosen, key, readable(value))
        elif isinstance(value, list) and key not in _PLACES:
            setattr(chosen, key, [readable(item) if isinstance(item, str) else item for item in value])


def _resolve_paths(chosen: argparse.Namespace) -> None:
    """Make paths absolute and ask for passwords here: the process that does the work may run in another folder, without a terminal."""
    passwords.ask(chosen)
    if chosen.command == "load":
        chosen.paths = load.named(chosen)
    elif hasattr(chosen, "paths"):
        chosen.paths = [str(Path(path).expanduser().absolute()) for path in chosen.paths]
    if isinstance(getattr(chosen, "attach", None), list):
        named = {item: Path(item).expanduser() for item in chosen.attach}
        chosen.attach = [
            [readable(item), item if load.is_web(item) else str(path.absolute()) if path.exists() else ""]
            for item, path in named.items()
        ]
    for name in ("file", "data"):
        if getattr(chosen, name, None):
            setattr(chosen, name, str(Path(getattr(chosen, name)).expanduser().absolute()))


def _for_the_wire(chosen: argparse.Namespace) -> dict[str, Any]:
    return {key: value for key, value in vars(chosen).items() if key not in ("run", "command")}


class LocalCommands:
    """The commands of this version that work on the archive."""

    resumable = frozenset(name for name, command in COMMANDS.items() if command.resumable)

    def run(self, session: Session, command: str, arguments: Mapping[str, Any]) -> int:
        """See ipc.server.CommandRunner."""
        run = COMMANDS[command].run if command in COMMANDS else None
        if run is None:
            raise UsageError(f"There is no command {command!r} here.", "Both workbenches must be of the same version.")
        return run(session, argparse.Namespace(**arguments))
