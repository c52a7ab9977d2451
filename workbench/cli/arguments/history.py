"""The arguments of what is done to an agent's past."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry, json_flag, yes_flag


def _fill_fork(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("agent", metavar="AGENT", help="an agent, as `workbench agents` lists it")
    sub.add_argument("--step", metavar="N", type=int, required=True, help="the step after which the new agent goes on")
    sub.add_argument("--as", metavar="NAME", dest="name", help="the new agent's name (default: AGENT-step-N)")
    json_flag(sub)


def _fill_forget(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("words", metavar="WORDS", nargs="?", help="what the messages to forget say")
    sub.add_argument("--agent", metavar="NAME", help="whose messages (default: the agent used last)")
    sub.add_argument("--message", metavar="N", type=int, help="one message, by the number that --dry-run shows")
    sub.add_argument("--document", metavar="PATH", help="a document, by its path inside its source")
    sub.add_argument("--source", metavar="S", help="a whole source; with --document, the source it is in")
    sub.add_argument("--dry-run", action="store_true", help="show what would be forgotten, and forget nothing")
    yes_flag(sub)
    json_flag(sub)


def _consent(chosen: argparse.Namespace) -> str:
    if chosen.dry_run:
        return ""
    what = chosen.document or chosen.source or (f"message #{chosen.message}" if chosen.message else chosen.words)
    return (
        f"Erase {what!r} from the archive and every agent's past? It cannot be undone; --dry-run shows what would go."
    )


COMMANDS = {
    "forget": Entry("erase messages, a document or a source everywhere", _fill_forget, "history.forget", _consent),
    "fork": Entry("a new agent that goes on from an old step of another", _fill_fork, "history.fork"),
}
