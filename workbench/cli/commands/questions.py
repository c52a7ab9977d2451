"""Asks questions: one from the command line, or one a line from standard input."""

from __future__ import annotations

import argparse
import os
import re
import select
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.events import AnswerDone, Citation, Stopped
from workbench.api.outcome import QuestionOutcome
from workbench.api.session import SessionProtocol
from workbench.cli import text_output
from workbench.cli.command import Command, agent_flags, json_flag
from workbench.cli.commands.load import load_paths
from workbench.cli.output import line, links_of, show, standard_input, tell_progress
from workbench.core.errors import NotFound, UsageError
from workbench.ipc.command_output import complain, interruptible

if TYPE_CHECKING:
    from workbench.services.session import Session


def _fill_ask(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("question", metavar="QUESTION", help="in quotes; - reads standard input")
    sub.add_argument(
        "--attach",
        metavar="SOURCE_OR_PATH",
        action="append",
        default=[],
        help="a source, or a path that is loaded first",
    )
    agent_flags(sub)
    json_flag(sub)


BEAT_SECONDS = 60.0
"""How long standard input may be silent before the session is asked whether the model has a turn of its own."""


def read_question(chosen: argparse.Namespace) -> None:
    """Read the question here when it comes from standard input: another process may do the work."""
    if chosen.question == "-":
        chosen.question = standard_input("Pipe the question as text.").strip()


def ask(session: Session, chosen: argparse.Namespace) -> int:
    """Ask one question; a fresh agent unless one is named."""
    if not chosen.question.strip():
        raise UsageError(
            "The question is empty.", "For example: workbench ask 'Who signed the lease?' --attach leases/."
        )
    targets = [(name, path, _is_path(session, name, path)) for name, path in chosen.attach]
    made = not chosen.agent or not session.agent_service.exists(chosen.agent)
    session.open_agent(chosen.agent, fresh=not chosen.agent)
    session.run_with(vars(chosen))
    if not targets and session.has_nothing_to_quote(chosen.question):
        if made:
            session.abandon()
        raise _nothing_attached(session)
    try:
        for name, path, is_path in targets:
            if is_path:
                load_paths(session, [path], None, attach=True, as_json=chosen.json, news_only=True)
            else:
                tell_progress(session.attach(name), as_json=chosen.json)
        link = links_of(session, session.settings.hyperlinks)
        return _ask(session, chosen.question, as_json=chosen.json, abandon=session.abandon if made else None, link=link)
    except BrokenPipeError:
        if made and not session.steps():
            session.abandon()
        raise


_NAMED = 3
"""How many sources are named."""


def _nothing_attached(session: Session) -> UsageError:
    """What to do here about an agent that has nothing to quote from, in one sentence."""
    names = [source.name for source in session.sources() if source.documents]
    if not names:
        return UsageError("Nothing is loaded to quote from: add --attach PATH, or run `workbench load PATH` first.")
    ways = [f"--attach {shlex.quote(name)}" for name in names[:_NAMED]]
    if len(names) > _NAMED:
        ways.append(f"another of the {len(names):,} that `workbench sources` lists")
    agent = next((one.name for one in session.agents() if not set(names).isdisjoint(one.sources)), "")
    if agent:
        ways.append(f"--agent {shlex.quote(agent)}, which has a source attached")
    listed = f"{', '.join(ways[:-1])} or {ways[-1]}" if len(ways) > 1 else ways[0]
    return UsageError(f"Nothing is attached to quote from: add {listed}.")


def _is_path(session: Session, name: str, path: str) -> bool:
    """Whether --attach means a path: one that is there, unless it is also the name of a source not made for a path."""
    known = {source.name for source in session.sources()}
    if name in known and (not path or not session.library.is_made_for_path(name)):
        return False
    if not path:
        raise NotFound(
            f"There is no source and no path {name!r}.", f"Sources: {', '.join(sorted(known)) or 'none yet'}."
        )
    return True


def _usage(outcome: QuestionOutcome) -> dict[str, Any]:
    """What the steps of a question used together, as JSON; `cost` is null without prices."""
    return {
        "prompt_tokens": outcome.prompt_tokens,
        "completion_tokens": outcome.completion_tokens,
        "cached_tokens": outcome.cached_tokens,
        "cost": round(outcome.cost, 8) if outcome.cost else None,
    }


def _ask(
    session: SessionProtocol,
    question: str,
    *,
    as_json: bool,
    abandon: Callable[[], None] | None = None,
    link: text_output.Link = text_output.unlinked,
) -> int:
    """Ask, and print the answer. `abandon` deletes the agent that was made for it, where its model did not take one step."""
    with interruptible(session.stop):
        outcome = QuestionOutcome.of(show(session.submit(question), as_json=as_json, link=link))
    name = session.agent
    if abandon is not None and outcome.failed is not None and not outcome.steps:
        abandon()
        name = ""
    if as_json:
        _result(outcome, name)
    if outcome.failed is not None and as_json:
        complain(f"{outcome.failed.message} {outcome.failed.hint}")
    return 1 if outcome.answer is None else 0


def _ended(chosen: argparse.Namespace, reason: str) -> None:
    """The process that answered has ended: with --json the last line is a result all the same."""
    if chosen.json:
        _result(QuestionOutcome(stopped=Stopped(reason="error", detail=reason)), chosen.agent or "")


def _result(outcome: QuestionOutcome, agent: str) -> None:
    """Print the last line of a question with --json."""
    stopped = outcome.stopped
    result = outcome.answer or AnswerDone(answered=False, notes=(stopped.detail,) if stopped else ())
    nearest = [{**_citation(one), "lacks": result.lacks} for one in result.nearest]
    line({"event": "answer", "step": None, "text": result.text, "answered": result.answered,
           "citations": [_citation(one) for one in result.citations], "confidence": result.confidence, "nearest": nearest,
           "agent": agent, "steps": outcome.steps, "stopped": stopped.reason if stopped else None, "notes": list(result.notes),
           "state": result.state or "not grounded", "unquoted": list(result.unquoted), "false_quotes": list(result.false_quotes),
           "unsupported": list(result.unsupported),
           "usage": _usage(outcome)})  # fmt: skip


def _citation(one: Citation) -> dict[str, Any]:
    found = {
        "document": one.document,
        "page": one.page,
        "label": one.label,
        "quote": one.quote,
        "verified": one.verified,
    }
    return {**found, "origin": one.origin} if one.origin else found


def converse(session: SessionProtocol, paths: Sequence[Path], *, json: bool) -> int:
    """Lines instead of the screen: load, then one question a line from standard input."""
    code = 0
    if paths:
        loaded = load_paths(session, paths, None, attach=True, as_json=json)
        code = 1 if any(result.failed for result in loaded) else 0
    for typed in _lines():
        if typed is None:
            with interruptible(session.stop):
                for _ in show(session.heartbeat(), as_json=json):
                    pass
        elif typed.strip() in ("/exit", "/quit"):
            break
        elif re.match(r"/[a-z]+\b(?!/)", typed.strip()):
            complain("Commands are for the screen; here a line is a question, and /exit ends.")
            code = max(code, 2)
        elif typed.strip():
            code = max(code, _ask(session, typed.strip(), as_json=json))
    return code


def _lines() -> Iterator[str | None]:
    """Lines of standard input as they come, and None for every minute in which none came."""
    try:
        handle = sys.stdin.fileno()
    except OSError:
        yield from sys.stdin
        return
    rest = b""
    while True:
        *whole, rest = rest.split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in whole)
        if not select.select([handle], [], [], BEAT_SECONDS)[0]:
            yield None
            continue
        piece = os.read(handle, 1 << 16)
        if not piece:
            if rest:
                yield rest.decode("utf-8", "replace")
            return
        rest += piece


COMMANDS = {
    "ask": Command("ask one question", _fill_ask, ask, ended=_ended, prepare=read_question),
}
