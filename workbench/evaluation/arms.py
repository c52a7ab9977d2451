"""The ways of answering that an experiment compares: agents, the embedded reader, fixed contexts, retrieval alone, people.

All arms answer over the same archive. The fixed contexts are the paper's baselines (§3.2): one request that holds the first
passages of one search: whole ones until the window is full (`fixed`), all of them cut alike to as many tokens as fit
(`fixed-tokens`), or cut to as many characters as there are tokens (`fixed-cut`), which is what the paper's own code did and
about four times too short. They need a language model; `reader`, `retrieval` and `human` do not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.agent.answers.citations import says_not_found
from workbench.api.events import AnswerDone, Event, PageRead
from workbench.api.outcome import QuestionOutcome
from workbench.api.results import Hit
from workbench.api.search import SearchOptions
from workbench.core.errors import ModelError, UsageError
from workbench.core.prices import cost
from workbench.core.settings import READER, Settings
from workbench.core.tokens import count, encoding
from workbench.evaluation.task_sets import GoldPlace, Said
from workbench.models.base import Completion, ModelRequest, Usage
from workbench.services.session import Session

SHOWN = 20
"""Passages of a fixed context where nothing else is asked for, as many as the paper's middle column has."""

MEMORIES = ("both", "recall", "archival")
"""Where a conversation is kept for an agent: in recall storage, as documents in archival storage, or in both."""

_INSTRUCTION = (
    "Answer the question from the passages below, in as few words as possible. "
    "If they do not say, answer exactly: Not found in the documents."
)


@dataclass(frozen=True)
class Answered:
    """What an arm made of a question. Tokens are those of all its requests; `agent` and its steps open in the X-ray.

    `cited` are the places of the quotes, `paged` those of every passage that was ever brought into context.
    """

    text: str
    answered: bool
    quotes: tuple[str, ...] = ()
    verified: int = 0
    cited: tuple[GoldPlace, ...] = ()
    paged: tuple[GoldPlace, ...] = ()
    confidence: float | None = None
    steps: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    agent: str = ""
    failed: str = ""

    @property
    def refused(self) -> bool:
        """Whether the arm said that the documents do not answer; what failed said nothing."""
        return not self.answered and not self.failed

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents cited."""
        return tuple(dict.fromkeys(document for document, _ in self.cited))


@dataclass(frozen=True)
class Asking:
    """A question as an arm gets it. `session` shares its archive and models; no agent of it is used.

    `documents` is how many passages a fixed context holds; `talk` is put into the recall storage of an agent where
    `memory` says so; `human` is what a person answered, where that is known; `records` are what a fixed context holds, in
    their order, instead of what a search finds; `varied` names settings that are compared, which the arm leaves as they
    are; `opened` hears of each display that answers.
    """

    session: Session
    settings: Settings
    source: str
    question: str
    documents: int = SHOWN
    talk: tuple[Said, ...] = ()
    memory: str = "both"
    human: str = ""
    records: tuple[str, ...] = ()
    varied: frozenset[str] = frozenset()
    opened: Callable[[Session], object] = field(default=lambda _: None)


Arm = Callable[[Asking], Answered]


class ArmUnfit(UsageError):
    """An arm cannot answer questions of this set, or with these settings: no other question would fare better."""


def arm(name: str) -> Arm:
    """The arm of that name. Raises UsageError, naming all there are."""
    if name not in ARMS:
        raise UsageError(f"There is no arm {name!r}.", f"Arms: {', '.join(ARMS)}.")
    return ARMS[name]


def _agent(**own: Any) -> Arm:
    def answer(asked: Asking) -> Answered:
        began = time.perf_counter()
        app = asked.session.app
        paged: dict[GoldPlace, None] = {}
        fixed = {key: value for key, value in own.items() if key not in asked.varied}
        with Session(replace(asked.settings, **fixed), app.paths, app=app) as display:
            asked.opened(display)
            display.open_agent(fresh=True)
            if asked.talk and asked.memory != "archival":
                remember(display, asked.talk)
            if not asked.talk or asked.memory != "recall":
                display.attach(asked.source)
            outcome = QuestionOutcome.of(_noting(display.submit(asked.question), paged))
            name = display.agent
        done = outcome.answer or AnswerDone(answered=False)
        return Answered(
            text=done.text,
            answered=done.answered,
            quotes=tuple(quote.quote for quote in done.citations),
            verified=sum(quote.verified for quote in done.citations),
            cited=tuple(dict.fromkeys((quote.document, quote.page) for quote in done.citations)),
            paged=tuple(paged),
            confidence=done.confidence,
            steps=outcome.steps,
            prompt_tokens=outcome.prompt_tokens,
            cached_tokens=outcome.cached_tokens,
            completion_tokens=outcome.completion_tokens,
            cost=outcome.cost,
            seconds=time.perf_counter() - began,
            agent=name,
            failed=outcome.failure,
        )

    return answer


def _noting(events: Iterable[Event], paged: dict[GoldPlace, None]) -> Iterable[Event]:
    for event in events:
        if isinstance(event, PageRead):
            paged.update(dict.fromkeys((hit.document, hit.page) for hit in event.hits))
        yield event


def remember(session: Session, talk: Iterable[Said]) -> None:
    """Put a conversation of others into the recall storage of the current agent: searchable, and nothing of it in context."""
    memory = session.current_agent.workspace.memory
    for said in talk:
        memory.add("user", "user_message", {"message": f"{said.who}: {said.text}"}, created=said.when)
    memory.queue.remove(list(memory.queue.messages))
    memory.commit()


def _retrieval(asked: Asking) -> Answered:
    """The first passage of one search, whole, as the answer; `paged` is the first page of results."""
    began = time.perf_counter()
    hits = _hits(asked, 1)
    seconds = time.perf_counter() - began
    if not hits:
        return Answered("", False, seconds=seconds)
    first, places = hits[0], tuple(dict.fromkeys((hit.document, hit.page) for hit in hits))
    return Answered(first.text, True, (first.text,), 1, places[:1], places, seconds=seconds)


def _human(asked: Asking) -> Answered:
    """What a person answered. Raises ArmUnfit where the set does not say."""
    if not asked.human:
        raise ArmUnfit("This set does not say what people answered.", "Leave the arm `human` out.")
    return Answered(asked.human, True)


def _fixed(fitted: Callable[[list[str], int], list[str]]) -> Arm:
    def answer(asked: Asking) -> Answered:
        began = time.perf_counter()
        settings = asked.settings
        if settings.uses_reader:
            raise ArmUnfit("A fixed context needs a language model.", "Name one with --model.")
        hits = [] if asked.records else _hits(asked, asked.documents)
        room = settings.usable_tokens - count(asked.question) - count(_INSTRUCTION) - 64
        texts = list(asked.records) or [f"[{hit.document} p.{hit.page}]\n{hit.text}" for hit in hits]
        kept = fitted(texts, room)
        passages = "\n\n".join(kept)
        content = f"{_INSTRUCTION}\n\n{passages}\n\nQuestion: {asked.question}"
        text, used, spent = ask_once(asked.session, settings, content)
        refused = not text or says_not_found(text)
        places = tuple(dict.fromkeys((hit.document, hit.page) for hit in hits[: len(kept)]))
        return Answered(
            text=text,
            answered=not refused,
            paged=places,
            steps=1,
            prompt_tokens=used.prompt_tokens,
            cached_tokens=used.cached_tokens,
            completion_tokens=used.completion_tokens,
            cost=spent,
            seconds=time.perf_counter() - began,
        )

    return answer


def ask_once(session: Session, settings: Settings, content: str) -> tuple[str, Usage, float]:
    """One request without functions: the reply, its tokens and its cost. Raises ModelError."""
    model, name = session.app.model(settings)
    request = ModelRequest(name, ({"role": "user", "content": content},), (), settings.reserve, _options(settings))
    reply = next((one for one in model.stream(request, threading.Event()) if isinstance(one, Completion)), None)
    if reply is None:
        raise ModelError("The model gave no reply.", "Ask again.")
    used = reply.usage or Usage(count(content), count(reply.content))
    priced = session.app.prices.priced(settings)
    return reply.content.strip(), used, cost(priced, used.prompt_tokens, used.completion_tokens, used.cached_tokens)


def _options(settings: Settings) -> dict[str, Any]:
    return {"temperature": settings.temperature} if settings.temperature >= 0 else {}


def _hits(asked: Asking, least: int) -> list[Hit]:
    """The best passages of one search, page by page until there are `least`; one page whole where it has more."""
    hits: list[Hit] = []
    page, search = 1, asked.session.search_service
    while True:
        read = search.search(asked.question, page, SearchOptions(source=asked.source))
        hits += read.hits
        if page >= read.pages or len(hits) >= least:
            return hits if least == 1 else hits[:least]
        page += 1


def whole(texts: list[str], room: int) -> list[str]:
    """The first texts, whole, as long as they fit into `room` tokens."""
    kept: list[str] = []
    for text in texts:
        room -= count(text) + 2
        if room < 0:
            break
        kept.append(text)
    return kept


def cut_by_tokens(texts: list[str], room: int) -> list[str]:
    """All texts, each cut to its equal share of `room` tokens."""
    share = max(1, room // max(1, len(texts)) - 2)
    coder = encoding("o200k_base")
    return [text if count(text) <= share else coder.decode(coder.encode_ordinary(text)[:share]) for text in texts]


def cut_by_characters(texts: list[str], room: int) -> list[str]:
    """All texts, each cut to as many characters as its share of `room` has tokens: the paper's baseline, mistake included."""
    share = max(1, room // max(1, len(texts)))
    return [text[:share] for text in texts]


ARMS: dict[str, Arm] = {
    "reader": _agent(model=READER),
    "agent": _agent(drive="model"),
    "guided": _agent(drive="guided"),
    "fixed": _fixed(whole),
    "fixed-tokens": _fixed(cut_by_tokens),
    "fixed-cut": _fixed(cut_by_characters),
    "retrieval": _retrieval,
    "human": _human,
}
