"""The arguments of loading and of what is loaded."""

from __future__ import annotations

import argparse

from workbench.cli.arguments import library, load
from workbench.cli.arguments.entry import Entry, json_flag


def _fill_detach(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE", help="a source, as `workbench sources` lists it")
    sub.add_argument("--agent", metavar="NAME", required=True, help="the agent")
    json_flag(sub)


def _fill_attach(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE", help="a source, as `workbench sources` lists it")
    sub.add_argument("--agent", metavar="NAME", required=True, help="the agent; made when no name is nearly the same")
    sub.add_argument("--new", action="store_true", help="make the agent, however like another its name is")
    json_flag(sub)


COMMANDS = {
    "load": Entry("load files, folders, web pages and databases into a source", load.fill, "load.load", resumable=True),
    **library.COMMANDS,
    "attach": Entry("attach a source to an agent", _fill_attach, "load.attach"),
    "detach": Entry("detach a source from an agent", _fill_detach, "load.detach"),
}
