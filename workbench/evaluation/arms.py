"""The ways of answering that an experiment compares: agents, the embedded reader, fixed contexts, and retrieval alone.

All arms answer over the same archive. The fixed contexts are the paper's baselines (§3.2): one request that holds the first
passages of one search, each passage cut so that all fit (`fixed-cut`, as the paper did) or whole ones until the window is full
(`fixed`). They need a language model; `reader` and `retrieval` do not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from workbench.api.events import AnswerDone, Failed, Hit, StepFinished, Stopped
from workbench.core.errors import UsageError
from workbench.core.settings import READER, Settings
from workbench.core.tokens import count
from workbench.models.base import Completion, ModelRequest
from workbench.services.session import Session

_SHOWN = 20
_INSTRUCTION = (
    "Answer the question from the passages below, in as few words as possible. "
    "If they do not say, answer exactly: not found."
)


@dataclass(frozen=True)
class Answered:
    """What an arm made of a question. Tokens are those of all its requests; `agent` and its steps open in the X-ray."""

    text: str
    answered: bool
    quotes: tuple[str, ...] = ()
    verified: int = 0
    documents: tuple[str, ...] = ()
    confidence: float | None = None
    steps: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    agent: str = ""
    failed: str = ""


Arm = Callable[[Session, str, str], Answered]
"""Answers a question from a source: (session, source, question)."""


def arm(name: str) -> Arm:
    """The arm of that name. Raises UsageError, naming all there are."""
    if name not in ARMS:
        raise UsageError(f"There is no arm {name!r}.", f"Arms: {', '.join(ARMS)}.")
    return ARMS[name]


def _agent(**own: Any) -> Arm:
    def answer(session: Session, source: str, question: str) -> Answered:
        began = time.perf_counter()
        with Session(replace(session.settings, **own), session.app.paths, app=session.app) as display:
            display.open_agent(fresh=True)
            display.attach(source)
            done, failed, steps = AnswerDone(answered=False), "", []
            for event in display.submit(question):
                if isinstance(event, AnswerDone):
                    done = event
                elif isinstance(event, StepFinished):
                    steps.append(event)
                elif isinstance(event, Failed):
                    failed = f"{event.message} {event.hint}".strip()
                elif isinstance(event, Stopped):
                    failed = event.detail or event.reason
            name = display.agent
        return Answered(
            done.text, done.answered, tuple(quote.quote for quote in done.citations),
            sum(quote.verified for quote in done.citations), tuple(dict.fromkeys(quote.document for quote in done.citations)),
            done.confidence, len(steps), sum(step.used for step in steps), sum(step.completion_tokens for step in steps),
            time.perf_counter() - began, name, failed,
        )  # fmt: skip

    return answer


def _retrieval(session: Session, source: str, question: str) -> Answered:
    """The first passage of one search, whole, as the answer."""
    began = time.perf_counter()
    hits = session.search(question, 1, source).hits
    first = hits[0] if hits else None
    seconds = time.perf_counter() - began
    if first is None:
        return Answered("", False, seconds=seconds)
    return Answered(first.text, True, (first.text,), 1, (first.document,), None, 0, 0, 0, seconds)


def _fixed(cut: bool) -> Arm:
    def answer(session: Session, source: str, question: str) -> Answered:
        began = time.perf_counter()
        settings = session.settings
        hits = _first_hits(session, source, question)
        model, name = session.app.model(settings)
        passages = _fitted(hits, settings, question, cut=cut)
        content = f"{_INSTRUCTION}\n\n{passages}\n\nQuestion: {question}"
        request = ModelRequest(name, ({"role": "user", "content": content},), (), settings.reserve_tokens)
        reply = next(piece for piece in model.stream(request, threading.Event()) if isinstance(piece, Completion))
        text = reply.content.strip()
        used = reply.usage
        return Answered(
            text, bool(text) and "not found" not in text.casefold(), (), 0, tuple(hit.document for hit in hits), None, 1,
            used.prompt_tokens if used else 0, used.completion_tokens if used else 0, time.perf_counter() - began,
        )  # fmt: skip

    return answer


def _first_hits(session: Session, source: str, question: str) -> list[Hit]:
    hits: list[Hit] = []
    page = 1
    while len(hits) < _SHOWN:
        read = session.search(question, page, source)
        hits += read.hits
        if page >= read.pages:
            break
        page += 1
    return hits[:_SHOWN]


def _fitted(hits: list[Hit], settings: Settings, question: str, *, cut: bool) -> str:
    room = settings.window_tokens - settings.reserve_tokens - count(question) - count(_INSTRUCTION) - 64
    texts = [f"[{hit.document} p.{hit.page}]\n{hit.text}" for hit in hits]
    if cut and texts:
        chars = max(1, int(room / len(texts) * 3))
        return "\n\n".join(text[:chars] for text in texts)
    kept: list[str] = []
    for text in texts:
        room -= count(text) + 2
        if room < 0:
            break
        kept.append(text)
    return "\n\n".join(kept)


ARMS: dict[str, Arm] = {
    "reader": _agent(model=READER),
    "agent": _agent(drive="model"),
    "guided": _agent(drive="guided"),
    "fixed": _fixed(cut=False),
    "fixed-cut": _fixed(cut=True),
    "retrieval": _retrieval,
}
