"""Says what a command of the command line is, and defines the flags that several commands share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.settings import DRIVES, SMALLEST_WINDOW_TOKENS

if TYPE_CHECKING:
    from workbench.services.session import Session


@dataclass(frozen=True)
class Command:
    """A command of the command line: its line in the help, and what it does.

    One without `run` and `run_alone` opens a display.
    """

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Session, argparse.Namespace], int] | None = None
    """Does the work with a session and returns the exit code, here or in the process that owns the database."""
    consent: Callable[[argparse.Namespace], str] | None = None
    """Gives the question that a person must say yes to first, or ""."""
    prepare: Callable[[argparse.Namespace], None] | None = None
    """Done where the command was typed, before it goes to the process that owns the database: reads standard input or asks."""
    resumable: bool = False
    """Whether any process can go on with the command where another one left it."""
    ended: Callable[[argparse.Namespace, str], None] | None = None
    """Prints the result of a command whose owner of the database ended in its middle; the reason comes with it."""
    run_alone: Callable[[argparse.Namespace], int] | None = None
    """Does the work of a command that opens no database."""


def agent_flags(sub: argparse.ArgumentParser) -> None:
    """The flags of commands that ask."""
    sub.add_argument("--agent", metavar="NAME", help="the agent; made when it is new")
    new_agent_flags(sub)
    caps = sub.add_argument_group("limits of one question, a partial answer at the first that is reached")
    caps.add_argument("--steps", metavar="N", type=steps, help="model calls (default 50)")
    caps.add_argument("--seconds", metavar="S", type=seconds, dest="minutes", help="time (default 1800)")
    caps.add_argument(
        "--tokens", metavar="N", type=tokens, dest="question_tokens", help="tokens, in and out (default: any)"
    )
    caps.add_argument(
        "--cost",
        metavar="C",
        type=amount,
        dest="question_cost",
        help="cost, at the prices of the tables or of --price-in and --price-out",
    )
    caps.add_argument("--price-in", metavar="C", type=amount, help="price of a million tokens sent")
    caps.add_argument("--price-out", metavar="C", type=amount, help="price of a million tokens written")
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
    reranker_flag(sub)


def reranker_flag(sub: argparse.ArgumentParser) -> None:
    """--reranker: a folder is found from anywhere, whoever runs the command."""
    sub.add_argument(
        "--reranker",
        metavar="NAME",
        type=_folder_or_name,
        help="a cross-encoder of sentence-transformers (folder or name) that puts the best results in order",
    )


def embedding_model_flag(sub: argparse.ArgumentParser) -> None:
    """--embedding-model: a folder is found from anywhere, whoever runs the command."""
    sub.add_argument(
        "--embedding-model",
        metavar="MODEL",
        type=_embedding_model,
        help="minilm, e5, minilm-int8, openai:NAME@URL or sentence-transformers:NAME (default: the setting embedding_model)",
    )


def _embedding_model(text: str) -> str:
    kind, _, name = text.partition(":")
    return f"{kind}:{_folder_or_name(name)}" if kind == "sentence-transformers" else text


def _folder_or_name(text: str) -> str:
    folder = Path(text).expanduser()
    return str(folder.absolute()) if folder.is_dir() else text


def steps(text: str) -> int:
    """Model calls as they are typed: one at least."""
    return _whole(text, 1)


def count_of(text: str) -> int:
    """How many of something, as it is typed: one at least."""
    return _whole(text, 1)


def tokens(text: str) -> int:
    """Tokens as they are typed; 0 is no limit."""
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    try:
        typed = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if typed < least:
        raise argparse.ArgumentTypeError(f"it must be at least {least}, not {typed}")
    return typed


def seconds(text: str) -> float:
    """Seconds as they are typed, in minutes."""
    typed = amount(text)
    if not typed:
        raise argparse.ArgumentTypeError("it must be more than 0")
    return typed / 60


def amount(text: str) -> float:
    """A finite number that is not negative, as it is typed."""
    try:
        typed = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not math.isfinite(typed) or typed < 0:
        raise argparse.ArgumentTypeError(f"it must be a number from 0 on, not {text}")
    return typed


def new_agent_flags(sub: argparse.ArgumentParser) -> None:
    """What a new agent is made of."""
    sub.add_argument(
        "--model", metavar="M", help='a model of the server in OPENAI_BASE_URL, or "reader" for the embedded one'
    )
    sub.add_argument(
        "--window",
        "--context-window",
        metavar="TOKENS",
        type=int,
        dest="window_tokens",
        help=f"context window, at least {SMALLEST_WINDOW_TOKENS}",
    )
    sub.add_argument(
        "--drive",
        choices=DRIVES,
        help="who searches: the model, the built-in reader (guided: the model only writes the answer), or auto",
    )
    sub.add_argument("--preset", metavar="NAME", help="task guidance: documents, chat or lookup")
    sub.add_argument("--persona", metavar="NAME", help="persona of a new agent")
    sub.add_argument("--human", metavar="NAME", help="text about the person of a new agent")
    sub.add_argument("--model-endpoint", metavar="URL", dest="base_url", help="the server, instead of OPENAI_BASE_URL")


def yes_flag(sub: argparse.ArgumentParser, about: str = "do not ask whether it is meant") -> None:
    """--yes, -y."""
    sub.add_argument("-y", "--yes", action="store_true", help=about)


def json_flag(sub: argparse.ArgumentParser) -> None:
    """--json, as every command has it."""
    sub.add_argument("--json", action="store_true", help="one JSON object a line; the last line is the result")


def nothing(sub: argparse.ArgumentParser) -> None:
    """No arguments but --json."""
    json_flag(sub)
