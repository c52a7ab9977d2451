"""The arguments of agents and of their past."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry, json_flag


def _fill_context(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("agent", metavar="AGENT", help="an agent, as `workbench agents` lists it")
    sub.add_argument("--step", metavar="N", type=int, help="a past step (default: what the next prompt would hold)")
    sub.add_argument("--raw", action="store_true", help="print the request as it was sent")
    sub.add_argument("--diff", metavar=("A", "B"), type=int, nargs=2, help="what changed from step A to step B")
    json_flag(sub)


def _fill_replay(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("agent", metavar="AGENT", help="an agent, as `workbench agents` lists it")
    sub.add_argument(
        "--verify", action="store_true", help="make every prompt and every call of the reader again and compare"
    )
    json_flag(sub)


def _fill_functions(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--agent", metavar="NAME", help="as this agent has them")
    sub.add_argument("--on", metavar="FUNCTION", help="switch a function on for the agent")
    sub.add_argument("--off", metavar="FUNCTION", help="switch a function off for the agent")
    json_flag(sub)


COMMANDS = {
    "context": Entry("what was in main context, segment by segment", _fill_context, "history.context"),
    "replay": Entry("the recorded steps again, no model called", _fill_replay, "agents.replay"),
    "functions": Entry("what a model may call, your own functions too", _fill_functions, "functions.functions"),
}
