"""The commands: arguments come in, exit codes go out (0 done, 1 the work failed, 2 wrong usage), and nothing else happens here."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from workbench import __version__, paths
from workbench.config import SMALLEST_WINDOW_TOKENS, Settings, read_settings
from workbench.errors import ArchiveBusy, UsageError, WorkbenchError

if TYPE_CHECKING:
    from workbench.session import Session

Command = Callable[[argparse.Namespace], int]

_TRIES = 3
_PAUSE_SECONDS = 0.4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. No traceback reaches a user (unless --debug asks for it)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        chosen = _parser().parse_args(words if _names_a_command(words) else ["open", *words])
        return _run(chosen)
    except WorkbenchError as error:
        return _complain(error.one_line(), error.exit_code)


def _run(chosen: argparse.Namespace) -> int:
    try:
        command: Command = chosen.run
        return command(chosen)
    except WorkbenchError:
        if chosen.debug:
            raise
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
        return _complain(f"Unexpected {type(error).__name__}: {error}. Run again with --debug to see where.", 1)


def _complain(text: str, code: int) -> int:
    from workbench.foreign import clean

    print(f"workbench: {' '.join(clean(text).split())}", file=sys.stderr)
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
    for name, (summary, fill, run) in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        fill(sub)
        sub.add_argument("--debug", action="store_true", help="show where an unexpected error came from")
        sub.set_defaults(run=run)
    return parser


# -- arguments ------------------------------------------------------------------------------------------------------


def _agent_flags(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--agent", metavar="NAME", help="the agent; made when it is new")
    sub.add_argument(
        "--model", metavar="M", help='a model of the server in OPENAI_BASE_URL, or "reader" for the embedded one'
    )
    sub.add_argument(
        "--window",
        metavar="TOKENS",
        type=int,
        dest="window_tokens",
        help=f"context window, at least {SMALLEST_WINDOW_TOKENS}",
    )
    sub.add_argument("--steps", metavar="N", type=int, help="most model calls for one question (default 50)")
    sub.add_argument("--preset", metavar="NAME", help="task guidance: documents, chat or lookup")
    sub.add_argument("--persona", metavar="NAME", help="persona of a new agent")
    sub.add_argument("--human", metavar="NAME", help="text about the person of a new agent")
    sub.add_argument(
        "--no-read-ahead",
        action="store_const",
        const=False,
        dest="read_ahead",
        help="no search before the first model call",
    )
    sub.add_argument(
        "--no-verify",
        action="store_const",
        const=False,
        dest="verify",
        help="never send an answer back for a false quote",
    )


def _json_flag(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="one JSON object a line; the last line is the result")


def _fill_open(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("paths", nargs="*", metavar="PATH", help="files and folders to load and attach")
    _agent_flags(sub)
    sub.add_argument(
        "--plain", action="store_true", help="lines instead of the screen; questions are read from standard input"
    )
    sub.add_argument("--ascii", action="store_const", const=True, help="draw with plain ASCII signs only")
    sub.add_argument("--theme", metavar="NAME", help="colour theme")
    _json_flag(sub)


def _fill_load(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("paths", nargs="+", metavar="PATH", help="files and folders")
    sub.add_argument("--source", metavar="NAME", help="the source to load into (default: named after each path)")
    _json_flag(sub)


def _fill_attach(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE")
    sub.add_argument("--agent", metavar="NAME", required=True)
    _json_flag(sub)


def _fill_search(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("query", metavar="QUERY")
    sub.add_argument("--source", metavar="S", help="search this source only (default: all)")
    sub.add_argument("--page", metavar="N", type=int, default=1, help="page of results, from 1")
    _json_flag(sub)


def _fill_ask(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("question", metavar="QUESTION")
    sub.add_argument(
        "--attach",
        metavar="SOURCE_OR_PATH",
        action="append",
        default=[],
        help="a source, or a path that is loaded first",
    )
    _agent_flags(sub)
    _json_flag(sub)


def _fill_context(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("agent", metavar="AGENT")
    sub.add_argument("--step", metavar="N", type=int, help="a past step (default: what the next prompt would hold)")
    sub.add_argument("--raw", action="store_true", help="print the request as it was sent")
    _json_flag(sub)


def _fill_replay(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("agent", metavar="AGENT")
    sub.add_argument(
        "--verify", action="store_true", help="make every prompt and every call of the reader again and compare"
    )
    _json_flag(sub)


def _fill_export(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("agent", metavar="AGENT")
    sub.add_argument("file", metavar="FILE.md", nargs="?", help="default: standard output")


def _fill_eval(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("task", metavar="TASK", help="retrieval or nested-kv")
    sub.add_argument("--data", metavar="DIR", required=True, help="a folder with a question set")
    _json_flag(sub)


def _fill_functions(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--agent", metavar="NAME", help="as this agent has them")
    sub.add_argument("--on", metavar="FUNCTION", help="switch a function on for the agent")
    sub.add_argument("--off", metavar="FUNCTION", help="switch a function off for the agent")
    _json_flag(sub)


def _fill_doctor(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--offline", action="store_true", help="do not ask the model's server")
    _json_flag(sub)


# -- sessions -------------------------------------------------------------------------------------------------------

_FLAGS = (
    "model", "window_tokens", "steps", "preset", "persona", "human", "read_ahead", "verify", "ascii", "theme",
)  # fmt: skip


def _settings(chosen: argparse.Namespace, places: paths.Paths) -> Settings:
    flags: dict[str, Any] = {name: getattr(chosen, name, None) for name in _FLAGS}
    return read_settings(places.settings_file, flags)


@contextmanager
def _session(chosen: argparse.Namespace) -> Iterator[Session]:
    """A session that owns the database, and answers other displays while it lives."""
    from workbench.owner import Owner
    from workbench.session import Session

    places = paths.locate().ensure()
    logging.basicConfig(
        filename=places.log_file, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    with Session(_settings(chosen, places), places) as session:
        owner = Owner(session.engine)
        try:
            yield session
        finally:
            owner.close()


def _open(chosen: argparse.Namespace) -> int:
    from workbench import commands

    files = [Path(path).expanduser() for path in chosen.paths]
    for file in files:
        if not file.exists():
            near = f" (or a command: {', '.join(COMMANDS)})" if os.sep not in str(file) else ""
            raise UsageError(f"There is nothing at {file}.", f"Name a file or a folder{near}.")
    if not chosen.plain and not chosen.json and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The screen needs a terminal.", "Use `workbench ask QUESTION --attach PATH`, or --plain.")
    with _session(chosen) as session:
        session.open_agent(chosen.agent, paths=files)
        if chosen.plain or chosen.json:
            return commands.converse(session, files, json=chosen.json)
        from workbench.tui.app import run

        settings = session.settings
        return run(session, load=files, ascii=settings.ascii, theme=settings.theme)


def _with_commands(name: str) -> Command:
    """A command whose body lives in workbench.commands, which is loaded when it is used."""

    def run(chosen: argparse.Namespace) -> int:
        from workbench import commands, remote

        _absolute(chosen)
        body: Callable[[Session, argparse.Namespace], int] = getattr(commands, name)
        for _ in range(_TRIES):
            try:
                with _session(chosen) as session:
                    return body(session, chosen)
            except ArchiveBusy:
                places = paths.locate()
                with suppress(ArchiveBusy):
                    return remote.run(places.socket_file, name, _plain(chosen), _settings(chosen, places))
                # The owner is just starting, or just ending: then the next one of us becomes the owner.
                time.sleep(_PAUSE_SECONDS)
        with _session(chosen) as session:
            return body(session, chosen)

    return run


def _absolute(chosen: argparse.Namespace) -> None:
    """Paths as they are meant here: the owner of the database may run in another folder."""
    if hasattr(chosen, "paths"):
        chosen.paths = [str(Path(path).expanduser().absolute()) for path in chosen.paths]
    if isinstance(getattr(chosen, "attach", None), list):
        found = {item: Path(item).expanduser() for item in chosen.attach}
        chosen.attach = [[item, str(path.absolute()) if path.exists() else ""] for item, path in found.items()]
    for name in ("file", "data"):
        if getattr(chosen, name, None):
            setattr(chosen, name, str(Path(getattr(chosen, name)).expanduser().absolute()))


def _plain(chosen: argparse.Namespace) -> dict[str, Any]:
    return {key: value for key, value in vars(chosen).items() if key not in ("run", "command")}


def _nothing(sub: argparse.ArgumentParser) -> None:
    _json_flag(sub)


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Command]] = {
    "open": ("open the screen (also: workbench [PATH…])", _fill_open, _open),
    "load": ("load files and folders into a source", _fill_load, _with_commands("load")),
    "sources": ("list what is loaded", _nothing, _with_commands("sources")),
    "agents": ("list agents", _nothing, _with_commands("agents")),
    "attach": ("attach a source to an agent", _fill_attach, _with_commands("attach")),
    "detach": ("detach a source from an agent", _fill_attach, _with_commands("detach")),
    "search": ("search the archive", _fill_search, _with_commands("search")),
    "ask": ("ask one question", _fill_ask, _with_commands("ask")),
    "context": ("what was in main context, segment by segment", _fill_context, _with_commands("context")),
    "replay": ("the recorded steps again, no model called", _fill_replay, _with_commands("replay")),
    "export": ("an agent's conversation as Markdown", _fill_export, _with_commands("export")),
    "eval": ("measure on a question set", _fill_eval, _with_commands("evaluate")),
    "functions": ("what a model may call, your own functions too", _fill_functions, _with_commands("functions")),
    "doctor": ("check the installation", _fill_doctor, _with_commands("doctor")),
}
