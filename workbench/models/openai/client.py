"""Asks any OpenAI-compatible server for a streaming Chat Completion.

Look-alikes differ on the wire in ways that are not theirs to fix; the modules beside this one absorb them, and this one
holds the policy: what is tried again, how often, and when a reply is whole.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from threading import Event as Flag
from typing import Any

from workbench.core.errors import ModelBrokeOff, ModelError
from workbench.core.secrets import Secrets, checked_key
from workbench.models.base import Completion, Delta, ModelRequest, Sending
from workbench.models.openai.address import read_address
from workbench.models.openai.connection import Line, Route
from workbench.models.openai.errors import Lost, Refused, Server, explained
from workbench.models.openai.refusal_kinds import Kind
from workbench.models.openai.response import ReplyReader, reply_limit
from workbench.models.openai.retry import Learnt, Patience, repair_of
from workbench.models.openai.scrubbing import scrubbed, scrubbed_event
from workbench.models.openai.sse import Event

OPENAI_URL = "https://api.openai.com/v1"
_NO_KEY = "no-key"
_AFTER_FINISH_SECONDS = 2.0
"""A server that keeps the line open after the finish_reason, without [DONE], is not waited for longer than this."""
_MOST_REPAIRS = 8
_IDLE_LINES = 2


class OpenAIChat:
    """A ChatModel over HTTP. `base_url` has its /v1; None: OPENAI_BASE_URL, else OpenAI's own.

    `api_key` None: OPENAI_API_KEY; any server but OpenAI's own is asked without one too. `timeout_seconds` is the
    longest silence that is borne, before the first event and between two. `learnt` is what is known of the server from
    before; `observe` is told every event and refusal as it came, without the key. Safe to use from several threads. Raises ModelError when
    OpenAI is to be asked without a key, ConfigError for a key that no request can carry.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_seconds: float = 600.0,
        backoff_seconds: float = 0.5,
        learnt: Learnt | None = None,
        observe: Callable[[Event | Refused | Lost], None] | None = None,
    ) -> None:
        self.name = model
        self.timeout_seconds = timeout_seconds
        self._key = checked_key(api_key or os.environ.get("OPENAI_API_KEY") or "", "OPENAI_API_KEY")
        self._backoff_seconds = backoff_seconds
        given = base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
        self._address = read_address(given)
        self._secrets = Secrets.of_server(given, self._key)
        self._route: Route | None = None
        self._idle: list[Line] = []
        self._learnt = learnt or Learnt()
        self._observer = observe
        self._lock = threading.Lock()
        if self.base_url == OPENAI_URL and not self._key:
            hint = "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, or use --model reader."
            raise ModelError(f"The model {model} is asked at {OPENAI_URL}, which needs a key.", hint)

    @property
    def base_url(self) -> str:
        """Where the server is asked: as it was given, without what does not belong there, or where it moved to."""
        return self._address.url

    @property
    def learnt(self) -> Learnt:
        """What its refusals have taught so far."""
        return self._learnt

    def stream(self, request: ModelRequest, cancel: Flag) -> Iterator[Delta]:
        """Yield deltas as they come and, last, one Completion whose `body` is what the server was sent.

        Ends without a Completion, the connection closed, once `cancel` is set, whatever it is waiting for. Raises
        ModelError, ModelUnreachable or ModelOverflow; a reply that is empty or breaks off is an error, never a success.
        Neither deltas nor errors hold the key, whatever the server echoes.
        """
        return scrubbed(self._stream(request, cancel), self._secrets)

    def _stream(self, request: ModelRequest, cancel: Flag) -> Generator[Delta, None, None]:
        plain = {**request.body(), "stream": True}
        patience, repaired = Patience(self._backoff_seconds), 0
        once_whole = muted = shown = False
        elsewhere: Refused | None = None
        """Why another API of the server is asked."""
        while not cancel.is_set():
            learnt = self._learnt
            body = learnt.apply(plain)
            if once_whole:
                body = _unstreamed(body)
            reply = ReplyReader(plain, body, mute_reasoning=muted, mute_text=shown)
            if body != request.body():
                yield Sending(body, learnt.shape)
            try:
                yield from self._attempt(body, reply, cancel)
            except (Refused, Lost) as failure:
                self._observe(failure)
                if cancel.is_set():
                    return
                if elsewhere is not None and isinstance(failure, Refused) and failure.kind is Kind.ADDRESS:
                    # There is nothing at the other API either: what the first one said is what is wrong.
                    with self._lock:
                        self._learnt = self._learnt.without("wire")
                    raise explained(elsewhere, self._server) from None
                if isinstance(failure, Refused) and repaired < _MOST_REPAIRS and self._learn(plain, learnt, failure):
                    repaired += 1
                    if self._learnt.shape.get("wire") != learnt.shape.get("wire"):
                        elsewhere = failure
                    muted, shown = muted or reply.shown, shown or reply.shown
                    continue
                wait = None if reply.shown else patience.wait_seconds(failure)
                if wait is None or cancel.wait(wait):
                    if cancel.is_set():
                        return
                    raise explained(failure, self._server, in_reply=reply.chunks > 0) from None
                continue
            if cancel.is_set():
                return
            if not once_whole and body["stream"] and _worth_asking_whole(reply):
                # vLLM may stream nothing at all, and llama.cpp says that a prompt is too long only when not streaming.
                once_whole, muted, shown = True, reply.shown, reply.shown and not reply.hollow
                continue
            yield self._whole(reply, learnt.shape)
            return

    @property
    def _server(self) -> Server:
        return Server(self._address.url, self.name, bool(self._key))

    def _observe(self, event: Event | Refused | Lost) -> None:
        if self._observer is not None:
            self._observer(scrubbed_event(event, self._secrets))

    def _attempt(self, body: Mapping[str, Any], reply: ReplyReader, cancel: Flag) -> Iterator[Delta]:
        """One exchange with the server. Raises Refused or Lost, unless the reply was whole by then."""
        silence = min(self.timeout_seconds, _AFTER_FINISH_SECONDS)
        progress, moved = 0, time.monotonic()
        exchange = self._line().exchange(body, cancel, lambda: silence if reply.finish else self.timeout_seconds)
        try:
            for event in exchange:
                self._observe(event)
                for delta in reply.feed(event):
                    yield delta
                    if cancel.is_set():
                        return
                if reply.runaway:
                    break
                now = time.monotonic()
                if reply.received_chars != progress:
                    progress, moved = reply.received_chars, now
                elif now - moved > self.timeout_seconds:
                    raise Lost(f"sent nothing but empty events for {self.timeout_seconds:.3g} seconds", timed_out=True)
        except (Refused, Lost):
            if not reply.finish:
                raise
        finally:
            exchange.close()  # type: ignore[attr-defined]
        if not cancel.is_set():
            yield from reply.end()

    def _whole(self, reply: ReplyReader, shape: Mapping[str, Any]) -> Completion:
        """The reply, if it is one. Raises ModelError for one that says nothing or ends in its middle, naming the reason."""
        at = f"The model server at {self._server.shown}"
        completion = reply.completion(shape)
        ending = completion.ending
        if reply.hollow and ending.cut:
            limit = reply_limit(completion.body)
            hint = "Give the reply more room (reserve_tokens), or choose a model that thinks less."
            raise ModelError(f"{at} cut the reply at its limit of {limit} tokens before it said anything.", hint)
        if reply.hollow and ending.filtered:
            hint = "Ask in other words, detach the document that it may be about, or choose another model."
            raise ModelError(f"{at} gave no answer: its filter stopped it ({ending.filtered}).", hint)
        if reply.hollow and ending.malformed:
            hint = "Ask again; if it comes again, choose a model that calls functions: --model."
            raise ModelError(f"{at} gave no answer: the model wrote a malformed call ({ending.malformed}).", hint)
        if reply.kind == "failed":
            hint = "Look at the server's own log, then ask again."
            raise ModelError(f"{at} gave up its reply ({self._secrets.scrub(reply.finish)[:60]}).", hint)
        if reply.hollow and reply.foreign:
            keys = ", ".join(sorted(reply.foreign)[:6])
            hint = "Check that OPENAI_BASE_URL is the address of an OpenAI-compatible API: most servers have one that ends in /v1."
            raise ModelError(self._secrets.scrub(f"{at} answered in the form of another API (with {keys})."), hint)
        if reply.hollow:
            said = f" Beside it, it said: {'; '.join(reply.remarks[-2:])}" if reply.remarks else ""
            hint = "Ask again, or choose another model; the server's log may say more."
            raise ModelError(f"{at} answered with nothing, streamed and whole.{said}", hint)
        if not reply.kind and not reply.whole_calls:
            said = f" The last it said: {reply.remarks[-1]}" if reply.remarks else ""
            hint = "Another request to the same server may have interrupted it; ask again."
            raise ModelBrokeOff(f"{at} ended its reply in the middle, without a finish_reason.{said}", hint)
        return completion

    def _learn(self, plain: Mapping[str, Any], learnt: Learnt, refused: Refused) -> bool:
        """Whether a refusal says what to do otherwise, from now on."""
        if refused.location and (moved := self._address.redirected(refused.location)) is not None:
            with self._lock:
                self._address, self._route = moved, None
                idle, self._idle = self._idle, []
            for line in idle:
                line.close()
            return True
        repair = repair_of(plain, learnt, refused)
        if repair is None:
            return False
        with self._lock:
            self._learnt = self._learnt.plus(repair)
        return True

    def _line(self) -> Line:
        """A line that is free, or a new one. It comes back by itself when its exchange ended well."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if self._route is None:
                self._route = Route.to(self._address, self._key or _NO_KEY, self.timeout_seconds)
            return Line(self._route, self._put_back)

    def _put_back(self, line: Line) -> None:
        with self._lock:
            keep = len(self._idle) < _IDLE_LINES and line.route is self._route
            if keep:
                self._idle.append(line)
        if not keep:
            line.close()


def _worth_asking_whole(reply: ReplyReader) -> bool:
    """Whether a stream said nothing, or ended without saying that it was whole: the same is asked for in one piece."""
    if reply.hollow:
        return reply.kind not in ("cut", "filtered")
    return not reply.kind and not reply.whole_calls


def _unstreamed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same request for one whole answer; stream_options are refused without a stream."""
    return {**{key: value for key, value in body.items() if key != "stream_options"}, "stream": False}
