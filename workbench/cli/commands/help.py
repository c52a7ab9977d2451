"""Prints the documentation that ships with the workbench."""

from __future__ import annotations

import argparse
import difflib
from importlib import resources

from workbench.cli.command import Command
from workbench.cli.output import say, say_lines
from workbench.core.errors import NotFound

_ORDER = (
    "tutorial",
    "usage",
    "commands",
    "settings",
    "memory",
    "answers",
    "servers",
    "server",
    "formats",
    "security",
    "troubleshooting",
)
"""These come first, in the order in which a newcomer needs them; the others follow by name."""


def topics() -> dict[str, str]:
    """Every topic and the title of its page."""
    files = {
        item.name[:-3]: item
        for item in resources.files("workbench").joinpath("docs").iterdir()
        if item.name.endswith(".md")
    }
    ordered = [*(name for name in _ORDER if name in files), *sorted(set(files) - set(_ORDER))]
    return {name: files[name].read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for name in ordered}


def page(topic: str) -> str:
    """The page of a topic, as Markdown. Raises FileNotFoundError for a topic that `topics` does not have."""
    return resources.files("workbench").joinpath("docs", f"{topic}.md").read_text(encoding="utf-8").rstrip()


def _fill_help(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "topic", nargs="?", default="", metavar="TOPIC", help="a page of the documentation (default: list them)"
    )
    sub.add_argument(
        "--skill", action="store_true", help="print SKILL.md, which tells another agent how to use the workbench"
    )


def show(chosen: argparse.Namespace) -> int:
    """Print a page, or the list of pages. Raises NotFound for a topic that there is none of."""
    if chosen.skill:
        skill = resources.files("workbench").joinpath("docs", "skill", "SKILL.md").read_text(encoding="utf-8")
        say_lines(skill.rstrip().split("\n"))
        return 0
    known = topics()
    if not chosen.topic:
        say_lines(["workbench help TOPIC prints one of these:", ""])
        for name, title in known.items():
            say(f"    {name:<18}{title}")
        return 0
    if chosen.topic not in known:
        near = difflib.get_close_matches(chosen.topic, known, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise NotFound(f"There is no help on {chosen.topic!r}.{meant}", f"Topics: {', '.join(known)}.")
    say_lines(page(chosen.topic).split("\n"))
    return 0


COMMANDS = {"help": Command("read the documentation in the terminal", _fill_help, run_alone=show)}
