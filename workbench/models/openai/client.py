"""Any OpenAI-compatible server as a ChatModel: a request goes out as a streaming Chat Completion, deltas come back.

Look-alikes differ on the wire in ways that are not theirs to fix; the modules wire_* next to this one absorb them, and
this one holds the policy: what is tried again, how often, and when a reply is whole.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator, Mapping
from threading import Event as Flag
from typing import Any

from workbench.core.errors import ModelError
from workbench.core.secrets import Secrets, checked_key
from workbench.models.base import Completion, Delta, ModelRequest, Sending
from workbench.models.openai.connection import Address, Line, on_this_machine
from workbench.models.openai.errors import Lost, Refused, Server, explained
from workbench.models.openai.response import ReplyReader
from workbench.models.openai.retry import Patience, Repair, repairs
from workbench.models.openai.scrubbing import scrubbed

OPENAI_URL = "https://api.openai.com/v1"
_NO_KEY = "no-key"
_AFTER_FINISH_SECONDS = 2.0
"""A server that keeps the line open after the finish_reason, without [DONE], is not waited for longer than this."""
_MOST_REPAIRS = 6
_IDLE_LINES = 2


class OpenAIChat:
    """A ChatModel over HTTP. `base_url` has its /v1; None: OPENAI_BASE_URL, else OpenAI's own.

    `api_key` None: OPENAI_API_KEY; any server but OpenAI's own is asked without one too. `timeout_seconds` is the
    longest silence that is borne, before the first event and between two. Safe to use from several threads. Raises
    ModelError when OpenAI is to be asked without a key, ConfigError for a key that no request can carry.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_seconds: float = 600.0,
        backoff_seconds: float = 0.5,
    ) -> None:
        self.name = model
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/")
        self.timeout_seconds = timeout_seconds
        self._key = checked_key(api_key or os.environ.get("OPENAI_API_KEY") or "", "OPENAI_API_KEY")
        self._secrets = Secrets.of_server(self.base_url, self._key)
        self._backoff_seconds = backoff_seconds
        self._server = Server(self.base_url, model, bool(self._key))
        self._address: Address | None = None
        self._idle: list[Line] = []
        self._learnt: list[Repair] = []
        self._lock = threading.Lock()
        if self.base_url == OPENAI_URL and not self._key:
            hint = "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, or use --model reader."
            raise ModelError(f"The model {model} is asked at {OPENAI_URL}, which needs a key.", hint)

    def stream(self, request: ModelRequest, cancel: Flag) -> Iterator[Delta]:
        """Yield deltas as they come and, last, one Completion whose `body` is what the server was sent.

        Ends without a Completion, the connection closed, once `cancel` is set, whatever it is waiting for. Raises
        ModelError, ModelUnreachable or ModelOverflow; a reply that is empty or breaks off is an error, never a success.
        Neither deltas nor errors hold the key, whatever the server echoes.
        """
        return scrubbed(self._stream(request, cancel), self._secrets)

    def _stream(self, request: ModelRequest, cancel: Flag) -> Generator[Delta, None, None]:
        body, patience = self._body(request), Patience(self._backoff_seconds)
        muted, repaired = False, 0
        while not cancel.is_set():
            reply = ReplyReader(body, mute_reasoning=muted)
            if body != request.body():
                yield Sending(body)
            try:
                yield from self._attempt(body, reply, cancel)
            except (Refused, Lost) as failure:
                if cancel.is_set():
                    return
                changes = repairs(body, failure) if isinstance(failure, Refused) and repaired < _MOST_REPAIRS else []
                wait = None if changes or reply.shown else patience.wait_seconds(failure)
                if changes:
                    repaired += 1
                    body = self._repaired(body, changes)
                elif wait is None or cancel.wait(wait):
                    if cancel.is_set():
                        return
                    raise explained(failure, self._server, in_reply=reply.chunks > 0) from None
                continue
            if cancel.is_set():
                return
            if reply.hollow and reply.finish != "length" and body["stream"]:
                # vLLM may stream nothing at all, and llama.cpp says that a prompt is too long only when not streaming.
                body, muted = _unstreamed(body), reply.shown
                continue
            yield self._whole(reply)
            return

    def _attempt(self, body: Mapping[str, Any], reply: ReplyReader, cancel: Flag) -> Iterator[Delta]:
        """One exchange with the server. Raises Refused or Lost, unless the reply was whole by then."""
        silence = min(self.timeout_seconds, _AFTER_FINISH_SECONDS)
        line = self._line()
        exchange = line.exchange(body, cancel, lambda: silence if reply.finish else self.timeout_seconds)
        try:
            for event in exchange:
                for delta in reply.feed(event):
                    yield delta
                    if cancel.is_set():
                        return
        except (Refused, Lost):
            if not reply.finish:
                raise
        finally:
            exchange.close()  # type: ignore[attr-defined]
        if not cancel.is_set():
            yield from reply.end()

    def _whole(self, reply: ReplyReader) -> Completion:
        at = f"The model server at {self._server.shown}"
        completion = reply.completion()
        if reply.hollow and reply.finish == "length":
            limit = completion.body.get("max_tokens") or completion.body.get("max_completion_tokens")
            hint = "Give the reply more room (reserve_tokens), or choose a model that thinks less."
            raise ModelError(f"{at} cut the reply at its limit of {limit} tokens before it said anything.", hint)
        if reply.hollow:
            hint = "Ask again, or choose another model; the server's log may say more."
            raise ModelError(f"{at} answered with nothing, streamed and whole.", hint)
        if reply.finish in ("", "error"):
            hint = "Another request to the same server may have interrupted it; ask again."
            raise ModelError(f"{at} ended its reply in the middle, without a finish_reason.", hint)
        return completion

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        """The request's body, with the usage asked for, and with what this server has refused before left out."""
        body = {**request.body(), "stream": True}
        with self._lock:
            learnt = list(self._learnt)
        for repair in learnt:
            body = repair.apply(body)
        return body

    def _repaired(self, body: dict[str, Any], changes: list[Repair]) -> dict[str, Any]:
        with self._lock:
            self._learnt += [change for change in changes if change not in self._learnt]
        for change in changes:
            body = change.apply(body)
        return body

    def _line(self) -> Line:
        """A line that is free, or a new one. It comes back by itself when its exchange ended well."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if self._address is None:
                self._address = self._resolved()
        return Line(self._address, self._put_back)

    def _put_back(self, line: Line) -> None:
        with self._lock:
            keep = len(self._idle) < _IDLE_LINES
            if keep:
                self._idle.append(line)
        if not keep:
            line.close()

    def _resolved(self) -> Address:
        tls = None
        if self.base_url.startswith("https"):
            import httpx2

            tls = httpx2.create_ssl_context()
        return Address(self.base_url, self._key or _NO_KEY, self.timeout_seconds, on_this_machine(self.base_url), tls)


def _unstreamed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same request for one whole answer; stream_options are refused without a stream."""
    return {**{key: value for key, value in body.items() if key != "stream_options"}, "stream": False}
