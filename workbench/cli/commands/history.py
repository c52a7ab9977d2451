"""Shows, compares, replays, forks and forgets an agent's past."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from workbench.api.history import erasure_lines
from workbench.cli import text_output
from workbench.cli.command import Command, json_flag, yes_flag
from workbench.cli.output import line, say, say_lines, tell
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.api.history import ContextDiff, ErasurePlan, ErasureServiceProtocol
    from workbench.services.session import Session


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


def context(session: Session, chosen: argparse.Namespace) -> int:
    """What was in main context at a step, or what changed from one step to another."""
    session.open_existing(chosen.agent)
    if chosen.diff:
        return _compare(session, chosen)
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
    say_lines(text_output.context_lines(event, share))
    return 0


def replay(session: Session, chosen: argparse.Namespace) -> int:
    """The recorded steps again; with --verify every prompt and every call of the reader is made again and compared."""
    from workbench.services import replay as replay_service

    session.open_existing(chosen.agent)
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


def fork(session: Session, chosen: argparse.Namespace) -> int:
    """A new agent that goes on from where a step of another ended."""
    session.open_existing(chosen.agent)
    name = session.timeline.fork(chosen.step, chosen.name)
    if chosen.json:
        line({"event": "forked", "step": chosen.step, "agent": chosen.agent, "fork": name})
    else:
        say(f"{name} stands where step {chosen.step} of {chosen.agent} ended; {chosen.agent} is as it was.")
    return 0


def forget(session: Session, chosen: argparse.Namespace) -> int:
    """Erase messages, a document or a source everywhere, or show what would be erased."""
    if chosen.agent:
        session.open_existing(chosen.agent)
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
        counts = {"messages": len(plan.messages), "documents": len(plan.documents)}
        line({"event": "forgotten", "step": None, "text": said, **counts})
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


def _compare(session: Session, chosen: argparse.Namespace) -> int:
    first, second = chosen.diff
    difference = session.timeline.compare(first, second)
    if chosen.json:
        line(_as_line(difference))
    else:
        say_lines(text_output.diff_lines(difference))
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


COMMANDS = {
    "context": Command("what was in main context, segment by segment", _fill_context, context),
    "replay": Command("the recorded steps again, no model called", _fill_replay, replay),
    "forget": Command("erase messages, a document or a source everywhere", _fill_forget, forget, _consent),
    "fork": Command("a new agent that goes on from an old step of another", _fill_fork, fork),
}
