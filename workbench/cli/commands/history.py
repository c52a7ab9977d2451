"""An agent's past as commands: steps compared and agents forked; an agent and step numbers come in, lines go out."""

from __future__ import annotations

import argparse

from workbench.api.history import ContextDiff, ErasurePlan, ErasureServiceProtocol, erasure_lines
from workbench.cli import text_output
from workbench.cli.commands import agents
from workbench.cli.commands.agents import existing
from workbench.cli.output import line, say
from workbench.core.errors import UsageError
from workbench.services.session import Session


def fork(session: Session, chosen: argparse.Namespace) -> int:
    """A new agent that goes on from where a step of another ended."""
    existing(session, chosen.agent)
    name = session.timeline.fork(chosen.step, chosen.name)
    if chosen.json:
        line({"event": "forked", "step": chosen.step, "agent": chosen.agent, "fork": name})
    else:
        say(f"{name} stands where step {chosen.step} of {chosen.agent} ended; {chosen.agent} is as it was.")
    return 0


def forget(session: Session, chosen: argparse.Namespace) -> int:
    """Erase messages, a document or a source everywhere, or show what would be erased."""
    if chosen.agent:
        existing(session, chosen.agent)
    plan = _plan(session.timeline.eraser, chosen)
    if chosen.dry_run:
        if chosen.json:
            rows = {
                "messages": list(plan.message_lines),
                "documents": list(plan.document_lines),
                "words": list(plan.words),
            }
            line({"event": "erasure_plan", "step": None, "agent": session.agent, **rows})
        for text in () if chosen.json else erasure_lines(plan):
            say(text)
        return 0
    said = session.timeline.eraser.erase(plan)
    if chosen.json:
        line(
            {
                "event": "forgotten",
                "step": None,
                "text": said,
                "messages": len(plan.messages),
                "documents": len(plan.documents),
            }
        )
    else:
        say(f"{said[:1].upper()}{said[1:]}.")
    return 0


def _plan(eraser: ErasureServiceProtocol, chosen: argparse.Namespace) -> ErasurePlan:
    given = [value for value in (chosen.words, chosen.message, chosen.document) if value]
    if len(given) > 1 or not (given or chosen.source) or (chosen.source and given and not chosen.document):
        raise UsageError("One thing is forgotten at a time.", "Give WORDS, --message N, --document PATH or --source S.")
    if chosen.document:
        return eraser.document(chosen.document, chosen.source)
    if chosen.source:
        return eraser.source(chosen.source)
    return eraser.message(chosen.message) if chosen.message else eraser.words(chosen.words)


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
        say("\n".join(text_output.diff_lines(found)))
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
