"""An agent's past as commands: steps compared and agents forked; an agent and step numbers come in, lines go out."""

from __future__ import annotations

import argparse

from workbench import reports
from workbench.commands import agents
from workbench.commands.agents import existing
from workbench.output import line, say
from workbench.session import Session
from workbench.timeline_views import ContextDiff


def fork(session: Session, chosen: argparse.Namespace) -> int:
    """A new agent that goes on from where a step of another ended."""
    existing(session, chosen.agent)
    name = session.timeline.fork(chosen.step, chosen.name)
    if chosen.json:
        line({"event": "forked", "step": chosen.step, "agent": chosen.agent, "fork": name})
    else:
        say(f"{name} stands where step {chosen.step} of {chosen.agent} ended; {chosen.agent} is as it was.")
    return 0


def context(session: Session, chosen: argparse.Namespace) -> int:
    """What was in main context at a step, or what changed from one step to another."""
    if not chosen.diff:
        return agents.context(session, chosen)
    existing(session, chosen.agent)
    first, second = chosen.diff
    found = session.timeline.compare(first, second)
    if chosen.json:
        line(_as_line(found))
    else:
        say("\n".join(reports.diff_lines(found)))
    return 0


def _as_line(diff: ContextDiff) -> dict[str, object]:
    changes = [
        {"change": c.kind, "name": c.segment.name, "title": c.segment.title, "message": c.segment.message, "tokens": c.tokens,
         "before": c.old.text if c.old else None, "after": c.new.text if c.new else None, "lines": list(c.lines)}
        for c in diff.changes
    ]  # fmt: skip
    return {
        "event": "context_diff", "step": diff.second, "from": diff.first, "to": diff.second, "used_before": diff.used_before,
        "used_after": diff.used_after, "unchanged": diff.unchanged, "changes": changes,
    }  # fmt: skip
