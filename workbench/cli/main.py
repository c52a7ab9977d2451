"""Runs one command of the command line; exit codes are 0 for done, 1 for failed work and 2 for wrong usage.

This is the composition root of the program: it hands the command table to the server, and a session to the display.
"""

from __future__ import annotations

import argparse
import codecs
import io
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from workbench import __version__
from workbench.cli.command import Command
from workbench.cli.commands import COMMANDS
from workbench.cli.own_session import PATIENCE_SECONDS, PAUSE_SECONDS, own_session, settings_of
from workbench.core import paths, platforms
from workbench.core.errors import ArchiveBusy, OwnerEnded, UsageError, WorkbenchError
from workbench.core.sanitize import readable, unbroken

if TYPE_CHECKING:
    from workbench.services.session import Session

Body = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. No traceback reaches a user (unless --debug asks for it)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _readable_streams()
    try:
        platforms.check()
        signal.signal(signal.SIGTERM, _terminated)
        os.umask(0o077)  # whatever is written here is the user's alone
        if not _names_a_command(words):
            words = ["open", *words]
        return _run(parser(words[0]).parse_args(words))
    except WorkbenchError as error:
        return complain(error.one_line(), error.exit_code)


def _run(chosen: argparse.Namespace) -> int:
    try:
        body: Body = chosen.run
        return body(chosen)
    except WorkbenchError:
        raise
    except KeyboardInterrupt:
        return complain("Stopped. What was done is kept.", 1)
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if chosen.debug:
            raise
        if known := _known(error):
            return complain(known.one_line(), known.exit_code)
        return complain(f"Unexpected {type(error).__name__}: {error}. Run again with --debug to see where.", 1)


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


def complain(text: str, code: int) -> int:
    """Say on one line what is wrong; returns `code`."""
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


def parser(command: str = "") -> argparse.ArgumentParser:
    """The parser of the command line; for one command alone where its name is given, as no other module is needed then."""
    made = _Parser(
        prog="workbench",
        description="Questions over documents that do not fit a model's context, with every page in and out shown.",
        epilog="workbench [PATH…] opens the screen; it loads and attaches PATHs (without any: the last agent).",
    )
    made.add_argument("--version", action="version", version=f"memgpt-workbench {__version__}")
    made.add_argument(
        "--samples", action="version", version=str(paths.samples()), help="print where the sample documents are"
    )
    commands = made.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name in [command] if command in COMMANDS else COMMANDS:
        entry = COMMANDS[name]
        sub = commands.add_parser(name, help=entry.summary, description=entry.summary)
        entry.add_arguments(sub)
        sub.add_argument("--debug", action="store_true", help="show where an unexpected error came from")
        sub.set_defaults(run=_body(entry))
    return made


def _body(command: Command) -> Body:
    if command.run is not None:
        return _with_session(command)
    if command.run_alone is not None:
        return command.run_alone
    from workbench.cli.commands.screen import open_display

    return open_display


def _with_session(command: Command) -> Body:
    """The command with a session of this process, or in the process that owns the database."""
    body = command.run
    assert body is not None

    def run(chosen: argparse.Namespace) -> int:
        from workbench.cli.output import waits_told
        from workbench.ipc import command_client

        _ask_consent(command, chosen)
        if command.prepare is not None:
            command.prepare(chosen)
        clean_arguments(chosen)
        _resolve_paths(chosen)
        last = 0.0

        def ask_owner() -> int:
            places = paths.locate()
            settings = settings_of(chosen, places)
            try:
                return command_client.run(
                    places.for_archive(settings.archive).socket_file, chosen.command, _for_the_wire(chosen), settings,
                    resumable=command.resumable,
                )  # fmt: skip
            except OwnerEnded as ended:
                if command.ended is not None:
                    command.ended(chosen, ended.message)
                raise

        if _is_owned(chosen):
            # Whoever owns the database answers at once; a session of our own would first load four fifths of the program.
            with suppress(ArchiveBusy):
                return ask_owner()
        while True:
            try:
                with own_session(chosen, lambda text: complain(text, 1)) as session, waits_told(session):
                    return body(session, chosen)
            except ArchiveBusy:
                # One that was asked in vain for so long is no workbench, or one that hangs.
                if last and time.monotonic() > last:
                    raise
            asked = time.monotonic()
            with suppress(ArchiveBusy):
                return ask_owner()
            # The owner is just starting, or just ending: then the next one of us becomes the owner.
            if not last or time.monotonic() - asked > PATIENCE_SECONDS:
                last = time.monotonic() + PATIENCE_SECONDS
            time.sleep(PAUSE_SECONDS)

    return run


def _is_owned(chosen: argparse.Namespace) -> bool:
    """Whether a process seems to own the database of a command line: its socket is there."""
    places = paths.locate()
    try:
        return places.for_archive(settings_of(chosen, places).archive).socket_file.is_socket()
    except OSError:
        return False


def _ask_consent(command: Command, chosen: argparse.Namespace) -> None:
    """Ask the person here, whoever does the work. Raises UsageError when the answer is not yes."""
    if command.consent is None or not (question := command.consent(chosen)) or chosen.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("This needs a yes, and there is nobody to ask.", "Add --yes.")
    print(f"{unbroken(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("Nothing was deleted.")


_FILES = ("file", "data", "output", "xlsx", "record", "report", "out", "home", "judge_prompt")
_PLACES = ("paths", "attach", "input_dir", "input_files", *_FILES)


def clean_arguments(chosen: argparse.Namespace) -> None:
    """Make arguments that are no paths valid Unicode, whatever bytes the terminal sent."""
    for key, value in vars(chosen).items():
        if isinstance(value, str) and key not in _PLACES:
            setattr(chosen, key, readable(value))
        elif isinstance(value, list) and key not in _PLACES:
            setattr(chosen, key, [readable(item) if isinstance(item, str) else item for item in value])


def _resolve_paths(chosen: argparse.Namespace) -> None:
    """Make paths absolute and ask for passwords here: the process that does the work may run in another folder, without a terminal."""
    from workbench.cli import passwords
    from workbench.cli.commands import load

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
    for name in _FILES:
        if getattr(chosen, name, None) and getattr(chosen, name) != "-":
            setattr(chosen, name, str(Path(getattr(chosen, name)).expanduser().absolute()))


def _for_the_wire(chosen: argparse.Namespace) -> dict[str, Any]:
    return {key: value for key, value in vars(chosen).items() if key not in ("run", "command")}


class LocalCommands:
    """The commands of this version that work on the archive."""

    @cached_property
    def resumable(self) -> frozenset[str]:
        """Those that any process can go on with."""
        return frozenset(name for name, command in COMMANDS.items() if command.resumable)

    def run(self, session: Session, command: str, arguments: Mapping[str, Any]) -> int:
        """See ipc.server.CommandRunner."""
        run = COMMANDS[command].run if command in COMMANDS else None
        if run is None:
            raise UsageError(f"There is no command {command!r} here.", "Both workbenches must be of the same version.")
        from workbench.cli.output import waits_told

        with waits_told(session):
            return run(session, argparse.Namespace(**arguments))
