"""The commands that MemGPT's users know: run, list, add and delete."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.command import Command, json_flag, yes_flag
from workbench.cli.commands import agents, sources
from workbench.cli.commands.screen import fill_open
from workbench.cli.output import done, line, say
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.services.session import Session


_TEXT_KINDS = ("presets", "personas", "humans")
KINDS = ("agents", "sources", "presets", "personas", "humans", "functions")
TEXTS = ("preset", "persona", "human")


def _fill_run(sub: argparse.ArgumentParser) -> None:
    fill_open(sub)
    sub.add_argument("--first", action="store_true", help="you write the first message (it is always so here)")
    sub.add_argument("--stream", action="store_true", help="show the answer as it comes (it is always so here)")
    yes_flag(sub, "ask nothing before starting (nothing is asked here)")


def _fill_list(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("kind", nargs="?", default="agents", choices=KINDS, help="what to list (default: agents)")
    sub.add_argument("--agent", metavar="NAME", help="functions as this agent has them")
    json_flag(sub)


def _fill_add(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("kind", choices=TEXTS, help="what it is")
    sub.add_argument("name", metavar="NAME", nargs="?", help="what to call it")
    sub.add_argument("--name", metavar="NAME", dest="named", help="the same")
    sub.add_argument("--text", metavar="TEXT", help="the text itself")
    sub.add_argument("-f", "--file", "--filename", metavar="FILE", help="a file with the text")
    yes_flag(sub, "put it in the place of one of that name")
    json_flag(sub)


def _fill_delete(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("kind", choices=("agent", "source", *TEXTS), help="what it is")
    sub.add_argument("name", metavar="NAME", help="its name, as `workbench list` has it")
    yes_flag(sub)
    json_flag(sub)


def _consent(chosen: argparse.Namespace) -> str:
    what = {"agent": ", with every message, step and note", "source": ", and the documents that nothing else refers to"}
    return f"Delete {chosen.kind} {chosen.name}{what.get(chosen.kind, '')}?"


def show(session: Session, chosen: argparse.Namespace) -> int:
    """List things of one kind."""
    if chosen.kind in _TEXT_KINDS:
        rows = [asdict(text) for text in session.prompt_texts.list(chosen.kind)]
        if chosen.json:
            line({"event": chosen.kind, "step": None, chosen.kind: rows})
        for row in rows if not chosen.json else ():
            say(f"{row['name']}{'  [yours]' if row['own'] else ''}")
        return 0
    if chosen.kind == "functions":
        return agents.functions(session, argparse.Namespace(agent=chosen.agent, on=None, off=None, json=chosen.json))
    if chosen.kind == "agents":
        return agents.show(session, chosen)
    return sources.sources(session, argparse.Namespace(action=None, json=chosen.json))


def add(session: Session, chosen: argparse.Namespace) -> int:
    """Add a preset, persona or human of the user's own."""
    name = chosen.name or chosen.named
    if not name or (chosen.text is None) == (chosen.file is None):
        raise UsageError("A name and one text are needed.", f"For example: workbench add {chosen.kind} mine --text '…'")
    try:
        text = chosen.text if chosen.text is not None else Path(chosen.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{chosen.file} cannot be read: {error}.", "Name a text file in UTF-8.") from None
    file = session.prompt_texts.add(f"{chosen.kind}s", name, text, replace=chosen.yes)
    return done(
        chosen.json, "added", f"Added {chosen.kind} {name}: {file}", kind=chosen.kind, name=name, file=str(file)
    )


def delete(session: Session, chosen: argparse.Namespace) -> int:
    """Delete an agent, a source, or a text of the user's own."""
    if chosen.kind == "agent":
        return agents.delete(session, argparse.Namespace(names=[chosen.name], json=chosen.json))
    if chosen.kind == "source":
        session.library.remove(chosen.name)
    else:
        session.prompt_texts.remove(f"{chosen.kind}s", chosen.name)
    return done(chosen.json, "deleted", f"Deleted {chosen.kind} {chosen.name}.", kind=chosen.kind, name=chosen.name)


COMMANDS = {
    "run": Command("open the screen with an agent, as MemGPT's run", _fill_run),
    "list": Command("list agents, sources, presets, personas, humans or functions", _fill_list, show),
    "add": Command("add a preset, persona or human of your own", _fill_add, add),
    "delete": Command("delete an agent, a source, or a text of your own", _fill_delete, delete, _consent),
}
