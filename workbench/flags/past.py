"""The arguments of what is done to an agent's past."""

from __future__ import annotations

import argparse

from workbench.flags.entry import Entry, json_flag


def _fill_fork(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("agent", metavar="AGENT")
    sub.add_argument("--step", metavar="N", type=int, required=True, help="the step after which the new agent goes on")
    sub.add_argument("--as", metavar="NAME", dest="name", help="the new agent's name (default: AGENT-step-N)")
    json_flag(sub)


COMMANDS = {
    "fork": Entry("a new agent that goes on from an old step of another", _fill_fork, "past.fork"),
}
