"""Agents as a whole: names and files come in; the list, what became of an agent, its file or its conversation goes out."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.api import rendering
from workbench.cli.commands.agents import existing
from workbench.cli.output import line, say
from workbench.core import private_file
from workbench.core.errors import UsageError
from workbench.services.agent_archive import SUFFIX
from workbench.services.session import Session


def agents(session: Session, chosen: argparse.Namespace) -> int:
    """List agents, or make, rename or delete one, or change its preset."""
    return {"create": _create, "rename": _rename, "delete": delete, "preset": _preset, None: show}[chosen.action](
        session, chosen
    )


def show(session: Session, chosen: argparse.Namespace) -> int:
    """List agents, the last used first."""
    found = session.agents()
    if chosen.json:
        line({"event": "agents", "step": None, "agents": [asdict(agent) for agent in found]})
        return 0
    if not found:
        say("There is no agent yet: workbench ask QUESTION --attach PATH")
    for agent in found:
        say(
            f"{agent.name}: {agent.model} {agent.window:,}, {agent.steps:,} steps, sources: {', '.join(agent.sources) or 'none'}"
        )
    return 0


def tell(chosen: argparse.Namespace, event: str, text: str, **values: Any) -> int:
    """What was done, as a line for people or as JSON."""
    if chosen.json:
        line({"event": event, "step": None, **values})
    else:
        say(text)
    return 0


def _create(session: Session, chosen: argparse.Namespace) -> int:
    name = session.agent_service.create(chosen.name)
    return tell(chosen, "agent_created", f"Made {name}: workbench --agent {name}", agent=name)


def _rename(session: Session, chosen: argparse.Namespace) -> int:
    session.agent_service.rename(chosen.name, chosen.new_name)
    text = f"{chosen.name} is called {chosen.new_name} now."
    return tell(chosen, "agent_renamed", text, agent=chosen.new_name, before=chosen.name)


def delete(session: Session, chosen: argparse.Namespace) -> int:
    """Delete agents; none when one of them is not there."""
    for name in chosen.names:
        session.app.agents.get(name)
    for name in chosen.names:
        session.agent_service.delete(name)
    return tell(chosen, "agents_deleted", f"Deleted {', '.join(chosen.names)}.", agents=chosen.names)


def _preset(session: Session, chosen: argparse.Namespace) -> int:
    session.agent_service.preset(chosen.name, chosen.preset_name)
    text = f"{chosen.name} works by preset {chosen.preset_name} from its next step on."
    return tell(chosen, "preset_changed", text, agent=chosen.name, preset=chosen.preset_name)


def export(session: Session, chosen: argparse.Namespace) -> int:
    """An agent as one file, or its conversation as Markdown."""
    if chosen.file and chosen.file.endswith(SUFFIX):
        size = session.agent_service.export(chosen.agent, Path(chosen.file))
        say(f"Written to {chosen.file} ({size:,} bytes): workbench import reads it.")
        return 0
    existing(session, chosen.agent)
    text = "\n".join(rendering.markdown_lines(session.agent, session.history()))
    if not chosen.file:
        say(text)
        return 0
    try:
        private_file.write(Path(chosen.file), text + "\n")
    except OSError as error:
        raise UsageError(f"{chosen.file} cannot be written: {error.strerror}.", "Choose another file.") from None
    say(f"Written to {chosen.file}.")
    return 0


def import_agent(session: Session, chosen: argparse.Namespace) -> int:
    """An agent from a file."""
    found = session.agent_service.import_agent(Path(chosen.file), chosen.name)
    if chosen.json:
        line({"event": "imported", "step": None, **asdict(found)})
        return 0
    say(f"Imported {found.agent}: {found.steps:,} steps, {found.messages:,} messages, all as they were.")
    if found.attached:
        say(f"Attached: {', '.join(found.attached)}.")
    if found.missing:
        say(f"Not here: {', '.join(found.missing)}. Load and attach what it should go on reading.")
    for note in found.notes:
        say(f"Note: {note}.")
    return 0
