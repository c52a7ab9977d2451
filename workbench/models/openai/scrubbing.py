"""Takes the configured secrets out of everything a model's server says: deltas, calls, the whole reply and errors."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workbench.core.errors import ModelError
from workbench.core.secrets import Scrubber, Secrets
from workbench.models.base import CallDelta, Completion, Delta, ReasoningDelta, Sending, TextDelta
from workbench.models.openai.errors import Lost, Refused
from workbench.models.openai.sse import Broken, Chunk, Event, Head, Remark, WebPage


def scrubbed(deltas: Generator[Delta, None, None], secrets: Secrets) -> Iterator[Delta]:
    """The deltas without secrets; pieces are held back while they may be the beginning of one. Raises what `deltas` raises.

    What is sent (Sending, and the body of a Completion) stays as it is: the record must equal what was sent.
    """
    try:
        with contextlib.closing(deltas):
            yield from _scrubbed(deltas, secrets) if secrets else deltas
    except ModelError as error:
        error.message, error.hint = secrets.scrub(error.message), secrets.scrub(error.hint)
        error.args = (error.message,)
        error.__cause__, error.__suppress_context__ = None, True
        raise


def scrubbed_event(event: Event | Refused | Lost, secrets: Secrets) -> Event | Refused | Lost:
    """An event or a failure as it came, without secrets; a secret in pieces over several events is not seen here."""
    scrub = secrets.scrub
    match event:
        case Chunk():
            return replace(event, value=_inside(event.value, secrets))
        case Broken() | Remark() | WebPage():
            return replace(event, text=scrub(event.text))
        case Head():
            return Head(scrub(event.content_type))
        case Refused():
            return Refused(
                event.status, scrub(event.text), scrub(event.code), scrub(event.param), event.retry_after_seconds,
                page=event.page, location=scrub(event.location), fields=event.fields,
            )  # fmt: skip
        case Lost():
            return Lost(
                scrub(event.text), connecting=event.connecting, timed_out=event.timed_out, sentence=scrub(event.sentence),
                hint=scrub(event.hint),
            )  # fmt: skip
    return event


def _scrubbed(deltas: Iterator[Delta], secrets: Secrets) -> Iterator[Delta]:
    text, reasoning = Scrubber(secrets), Scrubber(secrets)
    calls: dict[int, Scrubber] = {}
    for delta in deltas:
        match delta:
            case TextDelta():
                if piece := text.feed(delta.text):
                    yield TextDelta(piece)
            case ReasoningDelta():
                if piece := reasoning.feed(delta.text):
                    yield ReasoningDelta(piece)
            case CallDelta():
                arguments = calls.setdefault(delta.index, Scrubber(secrets)).feed(delta.arguments)
                yield CallDelta(delta.index, secrets.scrub(delta.name), arguments)
            case Sending():
                yield delta
            case Completion():
                yield from _rest(text, reasoning, calls)
                yield _whole(delta, secrets)
    yield from _rest(text, reasoning, calls)


def _rest(text: Scrubber, reasoning: Scrubber, calls: Mapping[int, Scrubber]) -> Iterator[Delta]:
    """What is still held back, when nothing more comes; the second time there is nothing."""
    if piece := reasoning.finish():
        yield ReasoningDelta(piece)
    if piece := text.finish():
        yield TextDelta(piece)
    for index, scrubber in calls.items():
        if piece := scrubber.finish():
            yield CallDelta(index, "", piece)


def _whole(completion: Completion, secrets: Secrets) -> Completion:
    scrub = secrets.scrub
    calls = tuple(
        replace(
            call,
            id=scrub(call.id),
            name=scrub(call.name),
            arguments=scrub(call.arguments),
            extra=_inside(call.extra, secrets),
        )
        for call in completion.calls
    )
    return replace(
        completion,
        content=scrub(completion.content),
        calls=calls,
        finish_reason=scrub(completion.finish_reason),
        reasoning=scrub(completion.reasoning),
        handback=_inside(completion.handback, secrets),
        ending=replace(completion.ending, written=scrub(completion.ending.written)),
    )


def _inside(value: Any, secrets: Secrets) -> Any:
    """A JSON value whose texts hold no secret."""
    if isinstance(value, str):
        return secrets.scrub(value)
    if isinstance(value, list):
        return [_inside(item, secrets) for item in value]
    if isinstance(value, Mapping):
        return {secrets.scrub(str(key)): _inside(item, secrets) for key, item in value.items()}
    return value
