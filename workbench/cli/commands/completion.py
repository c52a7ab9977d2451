"""Prints or installs the completion of commands, options and files for a shell."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from workbench.cli.command import Command
from workbench.cli.output import progress, say, say_lines
from workbench.core.errors import UsageError

_PLACES = {
    "bash": ("XDG_DATA_HOME", ".local/share", "bash-completion/completions/workbench"),
    "zsh": ("XDG_DATA_HOME", ".local/share", "zsh/site-functions/_workbench"),
    "fish": ("XDG_CONFIG_HOME", ".config", "fish/completions/workbench.fish"),
}
"""Where each shell looks for what a user installed: variable, folder in the home where it is not set, file."""

_NEXT = {
    "bash": "A new shell completes workbench, if bash-completion is installed.",
    "zsh": "Put its folder into fpath before compinit: fpath=({folder} $fpath)",
    "fish": "A new shell completes workbench.",
}
_FILES = ("PATH", "FILE", "SOURCE_OR_PATH", "FILE.agent")
"""Arguments that are files, by the name that the help gives them."""


def _fill_completion(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "shell",
        metavar="SHELL",
        nargs="?",
        choices=tuple(_PLACES),
        help="bash, zsh or fish (default: the one that $SHELL names)",
    )
    sub.add_argument("--install", action="store_true", help="write it where the shell looks for it")


def completion(chosen: argparse.Namespace) -> int:
    """Print the script, or write it to its place. Raises UsageError for a shell that is not known."""
    shell = chosen.shell or Path(os.environ.get("SHELL", "")).name
    if shell not in _PLACES:
        raise UsageError(f"There is no completion for {shell or 'a shell without a name'}.", "Name bash, zsh or fish.")
    script = _script(shell)
    if not chosen.install:
        say_lines(script.rstrip("\n").split("\n"))
        return 0
    variable, folder, name = _PLACES[shell]
    file = (Path(os.environ.get(variable) or Path.home() / folder)) / name
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(script, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", "Print it, and put it elsewhere.") from None
    say(f"Written to {file}.")
    progress(_NEXT[shell].format(folder=file.parent))
    return 0


def _script(shell: str) -> str:
    import shtab

    from workbench.cli.main import parser

    whole = parser()
    for action in _actions(whole):
        if action.metavar in _FILES or action.dest in ("paths", "attach"):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return str(shtab.complete(whole, shell=shell))


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """All arguments, those of subcommands too."""
    found: list[argparse.Action] = []
    for action in parser._actions:
        found.append(action)
        if isinstance(action, argparse._SubParsersAction):
            for sub in dict.fromkeys(action.choices.values()):
                found += _actions(sub)
    return found


COMMANDS = {
    "completion": Command("complete commands, options and files in your shell", _fill_completion, run_alone=completion)
}
