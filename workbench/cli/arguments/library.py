"""The arguments of what there is to do with sources, their files and notes."""

from __future__ import annotations

import argparse

from workbench.cli.arguments import passwords
from workbench.cli.arguments.entry import Entry, json_flag


def _fill_sources(sub: argparse.ArgumentParser) -> None:
    json_flag(sub)
    sub.set_defaults(action="")
    actions = sub.add_subparsers(dest="action", metavar="ACTION", required=False)
    rename = _action(actions, "rename", "give a source another name")
    rename.add_argument("source", metavar="SOURCE")
    rename.add_argument("name", metavar="NAME")
    remove = _action(actions, "remove", "forget a source, or one document of it; files on the disk stay")
    remove.add_argument("source", metavar="SOURCE")
    remove.add_argument("document", metavar="DOCUMENT", nargs="?", default="", help="its path as sources list it")
    again = _action(actions, "reload", "load a source again from where it was loaded")
    again.add_argument("source", metavar="SOURCE")
    again.add_argument("--prune", action="store_true", help="drop documents whose file is no longer there")
    again.add_argument("--scan", action="store_true", help="read every page as a picture, by OCR")
    passwords.add(again)


def _action(actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str) -> argparse.ArgumentParser:  # fmt: skip
    found = actions.add_parser(name, help=summary, description=summary)
    # Without a default of its own, so that --json may also stand before the action.
    found.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object a line")
    return found


def _fill_queue(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "action",
        metavar="ACTION",
        nargs="?",
        choices=("list", "retry", "skip"),
        default="list",
        help="list, retry or skip",
    )
    sub.add_argument("names", metavar="FILE", nargs="*", help="files as the list names them (retry: all by default)")
    sub.add_argument("--source", metavar="S", help="of this source only")
    passwords.add(sub)
    json_flag(sub)


def _fill_note(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE", nargs="?", default="", help="without it, all notes are listed")
    sub.add_argument(
        "text", metavar="TEXT", nargs="?", default="", help="what the model is told with every hit from there"
    )
    sub.add_argument(
        "--document", metavar="PATH", default="", help="of one document; a PATH that ends in / is a folder"
    )
    sub.add_argument("--remove", action="store_true", help="take the note away")
    json_flag(sub)


COMMANDS = {
    "sources": Entry("list what is loaded; rename, remove or reload it", _fill_sources, "library.sources"),
    "queue": Entry("files that are not loaded, and why; retry or skip them", _fill_queue, "library.queue"),
    "note": Entry(
        "a line of yours on a source or document, shown to the model with its hits", _fill_note, "library.note"
    ),
}
