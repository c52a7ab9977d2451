"""What the commands do: a session and the arguments come in, lines go out; the last JSON line of a command is its result."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench import reports
from workbench.errors import NotFound, UsageError
from workbench.events import AnswerDone, Event, Failed, Loaded, PageRead, StepFinished, Stopped
from workbench.function_commands import functions as functions
from workbench.output import complain, interruptible, line, say, show, tell
from workbench.session import Session

# -- sources --------------------------------------------------------------------------------------------------------


def load(session: Session, chosen: argparse.Namespace) -> int:
    """Load paths into a source; 0 when every file is loaded, unchanged or excluded by rule."""
    loaded = _load(session, chosen.paths, chosen.source, attach=False, as_json=chosen.json)
    if chosen.json:
        line(_loaded_line(loaded))
    else:
        for item in (failed for result in loaded for failed in result.failed):
            say(f"not loaded: {item.path}: {item.reason} {item.remedy}")
    return 1 if any(result.failed or result.stopped for result in loaded) else 0


def _load(
    session: Session, paths: Sequence[str | Path], source: str | None, *, attach: bool, as_json: bool
) -> list[Loaded]:
    with interruptible(session.stop_load):
        loaded = []
        for event in session.load(paths, source, attach=attach):
            # The result of `load --json` is the last line, and says the same.
            if not (isinstance(event, Loaded) and as_json and not attach):
                tell(event, as_json=as_json)
            if isinstance(event, Loaded):
                loaded.append(event)
        return loaded


def _loaded_line(loaded: Sequence[Loaded]) -> dict[str, Any]:
    failed = [{"path": f.path, "reason": f.reason, "remedy": f.remedy} for result in loaded for f in result.failed]
    totals = {
        key: sum(getattr(result, key) for result in loaded)
        for key in ("documents", "pages", "passages", "unchanged", "excluded")
    }
    names = [result.source for result in loaded]
    return {
        "event": "loaded", "step": None, **totals, "failed": failed, "sources": names,
        "stopped": any(result.stopped for result in loaded),
    }  # fmt: skip


def sources(session: Session, chosen: argparse.Namespace) -> int:
    """List sources."""
    found = session.sources()
    if chosen.json:
        rows = [
            {"name": s.name, "documents": s.documents, "pages": s.pages, "passages": s.passages, "bytes": s.bytes, "created": s.created,
             "files": [vars_of(d) for d in session.documents(s.name)]}
            for s in found
        ]  # fmt: skip
        line({"event": "sources", "step": None, "sources": rows})
    elif not found:
        say("Nothing is loaded yet: workbench load PATH")
    for item in found if not chosen.json else ():
        say(f"{item.name}: {item.documents:,} documents, {item.pages:,} pages, {item.passages:,} passages")
        for document in session.documents(item.name):
            if document.status == "failed":
                say(f"  not loaded: {document.path}: {document.reason} {document.remedy}")
    return 0


def vars_of(view: Any) -> dict[str, Any]:
    """A view as JSON-ready data."""
    from dataclasses import asdict

    return asdict(view)


def agents(session: Session, chosen: argparse.Namespace) -> int:
    """List agents."""
    found = session.agents()
    if chosen.json:
        line({"event": "agents", "step": None, "agents": [vars_of(agent) for agent in found]})
        return 0
    if not found:
        say("There is no agent yet: workbench ask QUESTION --attach PATH")
    for agent in found:
        say(
            f"{agent.name}: {agent.model} {agent.window:,}, {agent.steps:,} steps, sources: {', '.join(agent.sources) or 'none'}"
        )
    return 0


def attach(session: Session, chosen: argparse.Namespace) -> int:
    """Attach a source to an agent."""
    session.open_agent(chosen.agent)
    return _one(session.attach(chosen.source), chosen)


def detach(session: Session, chosen: argparse.Namespace) -> int:
    """Detach a source from an agent."""
    _existing(session, chosen.agent)
    return _one(session.detach(chosen.source), chosen)


def _one(event: Event, chosen: argparse.Namespace) -> int:
    tell(event, as_json=chosen.json)
    return 0


def search(session: Session, chosen: argparse.Namespace) -> int:
    """One page of a search of the archive."""
    if not chosen.query.strip():
        raise UsageError("The query is empty.", 'For example: workbench search "rent review".')
    if not session.sources():
        raise NotFound("Nothing is loaded yet.", "Load something first: workbench load PATH.")
    page = session.search_archive(chosen.query, chosen.page, chosen.source)
    if page.page > max(1, page.pages):
        raise UsageError(
            f"There is no page {page.page}: the results end at page {page.pages}.", "Use a smaller --page."
        )
    following = _next_command(page, chosen) if page.page < page.pages else None
    if chosen.json:
        hits = [
            {"document": hit.document, "page": hit.page, "passage": hit.passage, "score": hit.score, "text": hit.text,
             "in_context": hit.in_context, "label": hit.label, "heading": hit.heading}
            for hit in page.hits
        ]  # fmt: skip
        line({"event": "search", "step": None, "query": page.query, "total": page.total, "page": page.page, "pages": page.pages,
               "hits": hits, "next": following})  # fmt: skip
        return 0
    say("\n".join(reports.page_lines(page)))
    if following:
        say(f"Next: {following}")
    return 0


def _next_command(page: PageRead, chosen: argparse.Namespace) -> str:
    import shlex

    where = f" --source {shlex.quote(chosen.source)}" if chosen.source else ""
    return f"workbench search {shlex.quote(page.query)}{where} --page {page.page + 1}"


# -- questions ------------------------------------------------------------------------------------------------------


def ask(session: Session, chosen: argparse.Namespace) -> int:
    """Ask one question; a fresh agent unless one is named."""
    if not chosen.question.strip():
        raise UsageError(
            "The question is empty.", "For example: workbench ask 'Who signed the lease?' --attach leases/."
        )
    targets = [(name, path, _is_path(session, name, path)) for name, path in chosen.attach]
    session.open_agent(chosen.agent, fresh=not chosen.agent)
    for name, path, is_path in targets:
        if is_path:
            _load(session, [path], None, attach=True, as_json=chosen.json)
        else:
            _one(session.attach(name), chosen)
    return _ask(session, chosen.question, as_json=chosen.json)


def _is_path(session: Session, name: str, path: str) -> bool:
    """Whether --attach means a path: one that is there, unless it is also the name of a source not made for a path."""
    known = {source.name for source in session.sources()}
    if name in known and (not path or session.engine.archive.root_of(name) is None):
        return False
    if not path:
        raise NotFound(
            f"There is no source and no path {name!r}.", f"Sources: {', '.join(sorted(known)) or 'none yet'}."
        )
    return True


def _ask(session: Session, question: str, *, as_json: bool) -> int:
    answer: AnswerDone | None = None
    stopped: Stopped | None = None
    failed: Failed | None = None
    steps, prompt_tokens, completion_tokens = 0, 0, 0
    with interruptible(session.stop):
        for event in show(session.submit(question), as_json=as_json):
            if isinstance(event, AnswerDone):
                answer = event
            elif isinstance(event, Stopped):
                stopped = event
            elif isinstance(event, Failed):
                failed = event
            elif isinstance(event, StepFinished):
                steps, prompt_tokens = steps + 1, prompt_tokens + event.used
                completion_tokens += event.completion_tokens
    if as_json:
        result = answer or AnswerDone(answered=False, notes=(stopped.detail,) if stopped else ())
        citations = [
            {"document": c.document, "page": c.page, "label": c.label, "quote": c.quote, "verified": c.verified}
            for c in result.citations
        ]
        line({"event": "answer", "step": None, "text": result.text, "answered": result.answered, "citations": citations,
               "agent": session.agent, "steps": steps, "stopped": stopped.reason if stopped else None, "notes": list(result.notes),
               "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}})  # fmt: skip
    if failed is not None:
        complain(f"{failed.message} {failed.hint}")
    return 1 if answer is None else 0


def converse(session: Session, paths: Sequence[Path], *, json: bool) -> int:
    """Lines instead of the screen: load, then one question a line from standard input."""
    code = 0
    if paths:
        loaded = _load(session, paths, None, attach=True, as_json=json)
        code = 1 if any(result.failed for result in loaded) else 0
    for typed in sys.stdin:
        if typed.strip() in ("/exit", "/quit"):
            break
        if typed.strip():
            code = max(code, _ask(session, typed.strip(), as_json=json))
    return code


# -- what happened ----------------------------------------------------------------------------------------------------


def _existing(session: Session, name: str) -> None:
    session.engine.agents.get(name)
    session.open_agent(name)


def context(session: Session, chosen: argparse.Namespace) -> int:
    """What was in main context at a step."""
    _existing(session, chosen.agent)
    if chosen.raw:
        step = chosen.step or (session.steps() or [0])[-1]
        line(session.recorded(step).body())
        return 0
    event = session.context(chosen.step)
    if chosen.json:
        segments = [
            {"name": s.name, "tokens": s.tokens, "text": s.text, "role": s.role, "title": s.title, "message": s.message}
            for s in event.segments
        ]
        line({"event": "context", "step": chosen.step, "window": event.window, "reserve": event.reserve, "used": event.used,
               "exact": event.exact, "segments": segments})  # fmt: skip
        return 0
    say("\n".join(reports.context_lines(event)))
    return 0


def replay(session: Session, chosen: argparse.Namespace) -> int:
    """The recorded steps again; with --verify every prompt and every call of the reader is made again and compared."""
    from workbench import verification

    _existing(session, chosen.agent)
    if not chosen.verify:
        for event in session.history():
            tell(event, as_json=chosen.json)
        if chosen.json:
            line({"event": "replayed", "step": None, "agent": chosen.agent, "steps": len(session.steps())})
        return 0
    checked, different = 0, 0
    for verdict in verification.verify(session):
        checked += 1
        different += not verdict.same
        if chosen.json:
            line({"event": "verified", "step": verdict.step, "prompt": verdict.prompt, "call": verdict.call})
        elif not verdict.same:
            say(f"step {verdict.step}: {verdict.words()}")
    if chosen.json:
        line({"event": "result", "step": None, "agent": chosen.agent, "steps": checked, "different": different})
    else:
        say(f"{checked} steps made again: {'all the same, byte for byte' if not different else f'{different} differ'}.")
    return 1 if different else 0


def export(session: Session, chosen: argparse.Namespace) -> int:
    """An agent's conversation as Markdown."""
    _existing(session, chosen.agent)
    text = "\n".join(reports.markdown_lines(session.agent, session.history()))
    if not chosen.file:
        say(text)
        return 0
    try:
        Path(chosen.file).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{chosen.file} cannot be written: {error.strerror}.", "Choose another file.") from None
    say(f"Written to {chosen.file}.")
    return 0


def evaluate(session: Session, chosen: argparse.Namespace) -> int:
    """Measure on a question set; one line a question, last the result."""
    from workbench import experiments

    for row in experiments.run(chosen.task, Path(chosen.data), session.engine):
        if chosen.json:
            line(row)
        elif row["event"] == "result":
            metrics = "  ".join(f"{name} {value:.3f}" for name, value in row["metrics"].items())
            say(f"{row['task']}: {row['questions']} questions  {metrics}")
    return 0


def doctor(session: Session, chosen: argparse.Namespace) -> int:
    """Check the installation, part by part."""
    from workbench import health

    bad = 0
    rows: list[dict[str, Any]] = []
    for check in health.checks(session.engine, offline=chosen.offline):
        bad += not check.ok
        rows.append({"name": check.name, "ok": check.ok, "detail": check.detail, "remedy": check.remedy})
        if not chosen.json:
            say(
                f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.detail}{'' if check.ok else ' ' + check.remedy}"
            )
    if chosen.json:
        line({"event": "doctor", "step": None, "ok": not bad, "checks": rows})
    return 1 if bad else 0
