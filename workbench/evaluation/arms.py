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

from workbench.api.events import AnswerDone, Hit
from workbench.api.outcome import QuestionOutcome
from workbench.core.errors import UsageError
from workbench.core.prices import cost
from workbench.core.settings import READER, Settings
from workbench.core.tokens import count
from workbench.models.base import Completion, ModelRequest, Usage
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
    cost: float = 0.0
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
            outcome = QuestionOutcome.of(display.submit(question))
            name = display.agent
        done = outcome.answer or AnswerDone(answered=False)
        return Answered(
            text=done.text,
            answered=done.answered,
            quotes=tuple(quote.quote for quote in done.citations),
            verified=sum(quote.verified for quote in done.citations),
            documents=tuple(dict.fromkeys(quote.document for quote in done.citations)),
            confidence=done.confidence,
            steps=outcome.steps,
            prompt_tokens=outcome.prompt_tokens,
            completion_tokens=outcome.completion_tokens,
            cost=outcome.cost,
            seconds=time.perf_counter() - began,
            agent=name,
            failed=outcome.failure,
        )

    return answer


def _retrieval(session: Session, source: str, question: str) -> Answered:
    """The first passage of one search, whole, as the answer."""
    began = time.perf_counter()
    hits = session.search(question, 1, source).hits
    first = hits[0] if hits else None
    seconds = time.perf_counter() - began
    if first is None:
        return Answered("", False, seconds=seconds)
    return Answered(first.text, True, (first.text,), 1, (first.document,), seconds=seconds)


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
        used = reply.usage or Usage(0, 0)
        return Answered(
            text=text,
            answered=bool(text) and "not found" not in text.casefold(),
            documents=tuple(hit.document for hit in hits),
            steps=1,
            prompt_tokens=used.prompt_tokens,
            completion_tokens=used.completion_tokens,
            cost=cost(
                session.app.prices.priced(settings), used.prompt_tokens, used.completion_tokens, used.cached_tokens
            ),
            seconds=time.perf_counter() - began,
        )

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
