"""The arguments of asking and searching."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry, agent_flags, json_flag


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


def _fill_ask(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("question", metavar="QUESTION", help="in quotes")
    sub.add_argument(
        "--attach",
        metavar="SOURCE_OR_PATH",
        action="append",
        default=[],
        help="a source, or a path that is loaded first",
    )
    agent_flags(sub)
    json_flag(sub)


COMMANDS = {
    "open": Entry("open the screen (also: workbench [PATH…])", fill_open, ""),
    "ask": Entry("ask one question", _fill_ask, "questions.ask"),
}
