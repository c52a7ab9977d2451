"""Lists, makes, renames, deletes, exports and imports agents, and switches their functions."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import rendering
from workbench.api.bibliography import bibtex, csl_json
from workbench.cli.command import Command, json_flag, new_agent_flags, yes_flag
from workbench.cli.output import done, line, say, say_lines, write_result
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.services.session import Session


def _fill_agents(sub: argparse.ArgumentParser) -> None:
    json_flag(sub)
    actions = sub.add_subparsers(dest="action", metavar="ACTION", help="without one, agents are listed")
    create = actions.add_parser("create", help="make an agent", description="make an agent")
    create.add_argument("name", metavar="NAME", help="what to call it")
    new_agent_flags(create)
    rename = actions.add_parser("rename", help="give an agent another name", description="give an agent another name")
    rename.add_argument("name", metavar="NAME", help="its name now, as agents lists it")
    rename.add_argument("new_name", metavar="NEW", help="its new name")
    delete = actions.add_parser("delete", help="delete an agent", description="delete agents with all they remember")
    delete.add_argument("names", metavar="NAME", nargs="+", help="agents, as agents lists them")
    yes_flag(delete)
    about = "change the task guidance of an agent, from its next step on"
    preset = actions.add_parser("preset", help=about, description=about)
    preset.add_argument("name", metavar="NAME", help="the agent, as agents lists it")
    preset.add_argument("preset_name", metavar="PRESET", help="documents, chat, lookup, or one of your own")
    for action in (create, rename, delete, preset):
        json_flag(action)


def _consent(chosen: argparse.Namespace) -> str:
    if chosen.action != "delete":
        return ""
    return f"Delete {', '.join(chosen.names)}, with every message, step and note? Loaded documents stay."


def _fill_export(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("agent", metavar="AGENT", help="an agent, as `workbench agents` lists it")
    sub.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="FILE.agent: the whole agent; FILE.html: its conversation as a page to scrub through; FILE.md: as Markdown (default: shown)",
    )


def _fill_import(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE.agent", help="the file")
    sub.add_argument("--name", metavar="NAME", help="what to call it here (default: as it was called)")
    json_flag(sub)


def _fill_functions(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--agent", metavar="NAME", help="as this agent has them")
    sub.add_argument("--on", metavar="FUNCTION", help="switch a function on for the agent")
    sub.add_argument("--off", metavar="FUNCTION", help="switch a function off for the agent")
    json_flag(sub)


def agents(session: Session, chosen: argparse.Namespace) -> int:
    """List agents, or make, rename or delete one, or change its preset."""
    return {"create": _create, "rename": _rename, "delete": delete, "preset": _preset, None: show}[chosen.action](
        session, chosen
    )


def show(session: Session, chosen: argparse.Namespace) -> int:
    """List agents, the last used first."""
    all_agents = session.agents()
    if chosen.json:
        line({"event": "agents", "step": None, "agents": [asdict(agent) for agent in all_agents]})
        return 0
    if not all_agents:
        say("There is no agent yet: workbench ask QUESTION --attach PATH")
    for agent in all_agents:
        say(
            f"{agent.name}: {agent.model} {agent.window:,}, {agent.steps:,} steps, sources: {', '.join(agent.sources) or 'none'}"
        )
    return 0


def _create(session: Session, chosen: argparse.Namespace) -> int:
    name = session.agent_service.create(chosen.name)
    return done(chosen.json, "agent_created", f"Made {name}: workbench --agent {name}", agent=name)


def _rename(session: Session, chosen: argparse.Namespace) -> int:
    session.agent_service.rename(chosen.name, chosen.new_name)
    text = f"{chosen.name} is called {chosen.new_name} now."
    return done(chosen.json, "agent_renamed", text, agent=chosen.new_name, before=chosen.name)


def delete(session: Session, chosen: argparse.Namespace) -> int:
    """Delete agents; none when one of them is not there."""
    for name in chosen.names:
        session.agent_service.require(name)
    for name in chosen.names:
        session.agent_service.delete(name)
    return done(chosen.json, "agents_deleted", f"Deleted {', '.join(chosen.names)}.", agents=chosen.names)


def _preset(session: Session, chosen: argparse.Namespace) -> int:
    session.agent_service.preset(chosen.name, chosen.preset_name)
    text = f"{chosen.name} works by preset {chosen.preset_name} from its next step on."
    return done(chosen.json, "preset_changed", text, agent=chosen.name, preset=chosen.preset_name)


def export(session: Session, chosen: argparse.Namespace) -> int:
    """An agent as one file, or its conversation as a page or as Markdown."""
    from workbench.services.agent_archive import SUFFIX

    if chosen.file and chosen.file.endswith(SUFFIX):
        size = session.agent_service.export(chosen.agent, Path(chosen.file))
        say(f"Written to {chosen.file} ({size:,} bytes): workbench import reads it.")
        return 0
    session.open_existing(chosen.agent)
    if chosen.file and chosen.file.lower().endswith((".html", ".htm")):
        from workbench.api.html_export import session_page

        write_result(chosen.file, session_page(session))
        say(f"Written to {chosen.file}: one page to scrub through, for any browser.")
        return 0
    lines = list(rendering.markdown_lines(session.agent, session.history()))
    if not chosen.file:
        say_lines(lines)
        return 0
    write_result(chosen.file, "\n".join(lines) + "\n")
    say(f"Written to {chosen.file}.")
    if cited := session.references():
        base = Path(chosen.file)
        write_result(str(base.with_suffix(".bib")), bibtex(cited))
        write_result(str(base.with_suffix(".csl.json")), csl_json(cited))
        say(f"What it cites is in {base.with_suffix('.bib').name} and {base.with_suffix('.csl.json').name} beside it.")
    return 0


def import_agent(session: Session, chosen: argparse.Namespace) -> int:
    """An agent from a file."""
    imported = session.agent_service.import_agent(Path(chosen.file), chosen.name)
    if chosen.json:
        line({"event": "imported", "step": None, **asdict(imported)})
        return 0
    say(f"Imported {imported.agent}: {imported.steps:,} steps, {imported.messages:,} messages, all as they were.")
    if imported.attached:
        say(f"Attached: {', '.join(imported.attached)}.")
    if imported.missing:
        say(f"Not here: {', '.join(imported.missing)}. Load and attach what it should go on reading.")
    for note in imported.notes:
        say(f"Note: {note}.")
    return 0


def functions(session: Session, chosen: argparse.Namespace) -> int:
    """List the functions of the model, the user's own with where they come from; exit 1 when one cannot be used."""
    names = [name for name in (chosen.on, chosen.off) if name]
    if names and not chosen.agent:
        raise UsageError("Functions are switched for one agent.", "Name it with --agent.")
    available = session.agent_service.available_functions()
    for name in names:
        session.agent_service.switch(chosen.agent, name, on=name == chosen.on)
    views = session.agent_service.functions(chosen.agent) if chosen.agent else available.functions
    rows: list[dict[str, Any]] = [asdict(function) for function in views]
    problems = [{"where": where, "reason": reason} for where, reason in available.problems]
    if chosen.json:
        line({"event": "functions", "step": None, "agent": chosen.agent, "functions": rows, "problems": problems})
    else:
        for row_ in rows:
            state = (
                "" if row_["on"] and row_["offered"] else "  (off)" if not row_["on"] else "  (no room in this window)"
            )
            origin = "" if row_["origin"] == "workbench" else f"  [{row_['origin']}]"
            say(f"{row_['name']}{state}: {row_['description']}{origin}")
        for problem in problems:
            say(f"not usable: {problem['where']}: {problem['reason']}")
    return 1 if problems else 0


COMMANDS = {
    "agents": Command("list agents; create, rename or delete one", _fill_agents, agents, _consent),
    "export": Command("an agent as one file, or its conversation as a page or as Markdown", _fill_export, export),
    "import": Command("an agent from a file that export wrote", _fill_import, import_agent),
    "functions": Command("what a model may call, your own functions too", _fill_functions, functions),
}
