"""The arguments of loading and of what is loaded."""

from __future__ import annotations

import argparse

from workbench.flags.entry import Entry, json_flag, nothing


def _fill_load(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("paths", nargs="+", metavar="PATH", help="files and folders")
    sub.add_argument("--source", metavar="NAME", help="the source to load into (default: named after each path)")
    json_flag(sub)


def _fill_attach(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("source", metavar="SOURCE")
    sub.add_argument("--agent", metavar="NAME", required=True)
    json_flag(sub)


COMMANDS = {
    "load": Entry("load files and folders into a source", _fill_load, "sources.load"),
    "sources": Entry("list what is loaded", nothing, "sources.sources"),
    "attach": Entry("attach a source to an agent", _fill_attach, "sources.attach"),
    "detach": Entry("detach a source from an agent", _fill_attach, "sources.detach"),
}
