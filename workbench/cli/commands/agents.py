"""Agents and their past: an agent's name comes in, the prompt of a step or the steps again go out."""

from __future__ import annotations

import argparse

from workbench.cli import text_output
from workbench.cli.output import line, say, tell
from workbench.services.session import Session


def existing(session: Session, name: str) -> None:
    """Open an agent that must be there. Raises NotFound."""
    session.app.agents.get(name)
    session.open_agent(name)


def context(session: Session, chosen: argparse.Namespace) -> int:
    """What was in main context at a step."""
    existing(session, chosen.agent)
    if chosen.raw:
        step = chosen.step or (session.steps() or [0])[-1]
        line(session.recorded(step).body())
        return 0
    event = session.context(chosen.step)
    share = session.timeline.cacheable_share(chosen.step)
    if chosen.json:
        segments = [
            {"name": s.name, "tokens": s.tokens, "text": s.text, "role": s.role, "title": s.title, "message": s.message}
            for s in event.segments
        ]
        line({"event": "context", "step": chosen.step, "window": event.window, "reserve": event.reserve, "used": event.used,
               "exact": event.exact, "cacheable_share": share, "segments": segments})  # fmt: skip
        return 0
    say("\n".join(text_output.context_lines(event, share)))
    return 0


def replay(session: Session, chosen: argparse.Namespace) -> int:
    """The recorded steps again; with --verify every prompt and every call of the reader is made again and compared."""
    from workbench.services import replay as replay_service

    existing(session, chosen.agent)
    if not chosen.verify:
        for event in session.history():
            tell(event, as_json=chosen.json)
        if chosen.json:
            line({"event": "replayed", "step": None, "agent": chosen.agent, "steps": len(session.steps())})
        return 0
    checked, different, forgotten = 0, 0, 0
    for verdict in replay_service.verify(session):
        checked += 1
        different, forgotten = different + (not verdict.same), forgotten + verdict.forgotten
        if chosen.json:
            made = {"prompt": verdict.prompt, "call": verdict.call, "forgotten": verdict.forgotten}
            line({"event": "verified", "step": verdict.step, **made})
        elif verdict.forgotten:
            say(f"step {verdict.step}: forgotten: what it showed was erased")
        elif not verdict.same:
            say(f"step {verdict.step}: {verdict.words()}")
    if chosen.json:
        line({"event": "result", "step": None, "agent": chosen.agent, "steps": checked, "different": different,
              "forgotten": forgotten})  # fmt: skip
    else:
        others = f", {forgotten} forgotten" if forgotten else ""
        same = "all the same, byte for byte" if not different else f"{different} differ"
        say(f"{checked - forgotten} steps made again: {same}{others}.")
    return 1 if different else 0
