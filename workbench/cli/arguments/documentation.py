"""The arguments of `workbench help`."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry


def _fill_help(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "topic", nargs="?", default="", metavar="TOPIC", help="a page of the documentation (default: list them)"
    )


COMMANDS = {"help": Entry("read the documentation in the terminal", _fill_help, "help.show", needs_archive=False)}
