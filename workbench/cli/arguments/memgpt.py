"""The arguments of the commands that MemGPT's users know: run, quickstart, configure, list, add, delete."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry, json_flag, yes_flag
from workbench.cli.arguments.questions import fill_open

KINDS = ("agents", "sources", "presets", "personas", "humans", "functions")
TEXTS = ("preset", "persona", "human")


def _fill_run(sub: argparse.ArgumentParser) -> None:
    fill_open(sub)
    sub.add_argument("--first", action="store_true", help="you write the first message (it is always so here)")
    sub.add_argument("--stream", action="store_true", help="show the answer as it comes (it is always so here)")
    yes_flag(sub, "ask nothing before starting (nothing is asked here)")


def _fill_quickstart(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--backend", metavar="B", default="", help='"reader" for the embedded one, "openai", or the address of a server'
    )
    sub.add_argument("--model", metavar="M", help="a model of that server (default: its first)")
    sub.add_argument("--offline", action="store_true", help="do not ask the model's server")
    json_flag(sub)


def _fill_configure(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "changes", metavar="KEY=VALUE", nargs="*", help="write these settings to the file; KEY= takes one out"
    )
    json_flag(sub)


def _fill_list(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("kind", nargs="?", default="agents", choices=KINDS, help="what to list (default: agents)")
    sub.add_argument("--agent", metavar="NAME", help="functions as this agent has them")
    json_flag(sub)


def _fill_add(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("kind", choices=TEXTS)
    sub.add_argument("name", metavar="NAME", nargs="?")
    sub.add_argument("--name", metavar="NAME", dest="named", help="the same")
    sub.add_argument("--text", metavar="TEXT", help="the text itself")
    sub.add_argument("-f", "--file", "--filename", metavar="FILE", help="a file with the text")
    yes_flag(sub, "put it in the place of one of that name")
    json_flag(sub)


def _fill_delete(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("kind", choices=("agent", "source", *TEXTS))
    sub.add_argument("name", metavar="NAME")
    yes_flag(sub)
    json_flag(sub)


def _consent(chosen: argparse.Namespace) -> str:
    what = {"agent": ", with every message, step and note", "source": ", and the documents that nothing else refers to"}
    return f"Delete {chosen.kind} {chosen.name}{what.get(chosen.kind, '')}?"


COMMANDS = {
    "run": Entry("open the screen with an agent, as MemGPT's run", _fill_run, ""),
    "quickstart": Entry("write first settings, check the installation, say what to do next", _fill_quickstart, "setup.quickstart"),
    "configure": Entry("show the settings in force, or write some to the settings file", _fill_configure, "setup.configure"),
    "list": Entry("list agents, sources, presets, personas, humans or functions", _fill_list, "lists.show"),
    "add": Entry("add a preset, persona or human of your own", _fill_add, "lists.add"),
    "delete": Entry("delete an agent, a source, or a text of your own", _fill_delete, "lists.delete", _consent),
}  # fmt: skip
