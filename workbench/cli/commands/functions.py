"""The command `workbench functions`: what a model may call comes out, line by line; a function is switched on or off for an agent."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workbench.cli.output import line, say
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.services.session import Session


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
