"""The command `workbench functions`: what a model may call comes out, line by line; a function is switched on or off for an agent."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from workbench.cli.output import line, say
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.services.session import Session


def functions(session: Session, chosen: argparse.Namespace) -> int:
    """List the functions of the model, the user's own with where they come from; exit 1 when one cannot be used."""
    from workbench.agent.tools import selection

    names = [name for name in (chosen.on, chosen.off) if name]
    if names and not chosen.agent:
        raise UsageError("Functions are switched for one agent.", "Name it with --agent.")
    found = selection.available(session.engine.paths.config)
    off: list[str] = []
    if chosen.agent:
        row = session.engine.agents.get(chosen.agent)
        off = list(row.settings.get("functions_off", ()))
        for name in names:
            off = selection.switch(off, found.functions, name, on=name == chosen.on)
        if names:
            session.agent_service.switch(row.name, off)
    offered = _offered(session, chosen.agent) if chosen.agent else None
    rows: list[dict[str, Any]] = [
        {"name": item.name, "description": item.short, "origin": item.origin, "on": item.name not in off,
         "offered": offered is None or item.name in offered}
        for item in found.functions
    ]  # fmt: skip
    problems = [{"where": where, "reason": reason} for where, reason in found.problems]
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


def _offered(session: Session, agent: str) -> set[str]:
    session.open_agent(agent)
    return session.function_names()
