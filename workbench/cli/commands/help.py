"""Prints the documentation that ships with the workbench."""

from __future__ import annotations

import argparse
import difflib

from workbench.cli.command import Command
from workbench.cli.output import say
from workbench.core import documentation
from workbench.core.errors import NotFound


def _fill_help(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "topic", nargs="?", default="", metavar="TOPIC", help="a page of the documentation (default: list them)"
    )


def show(chosen: argparse.Namespace) -> int:
    """Print a page, or the list of pages. Raises NotFound for a topic that there is none of."""
    topics = documentation.topics()
    if not chosen.topic:
        say("workbench help TOPIC prints one of these:\n")
        for name, title in topics.items():
            say(f"    {name:<18}{title}")
        return 0
    if chosen.topic not in topics:
        near = difflib.get_close_matches(chosen.topic, topics, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise NotFound(f"There is no help on {chosen.topic!r}.{meant}", f"Topics: {', '.join(topics)}.")
    say(documentation.page(chosen.topic))
    return 0


COMMANDS = {"help": Command("read the documentation in the terminal", _fill_help, run_alone=show)}
