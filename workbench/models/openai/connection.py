"""One connection to a model's server: a request's body goes in, the events of its answer come out, until cancelled.

A thread of its own reads the socket, so that whoever waits for the events can leave at any moment: before the
connection is made, before the first byte, between two. Leaving closes the connection, and the server can stop its work.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from workbench.models.openai.errors import Lost, refusal
from workbench.models.openai.sse import Event, read_events, read_whole

if TYPE_CHECKING:
    import ssl

    import httpx2
    import openai

CONNECT_SECONDS = 10.0
_POLL_SECONDS = 0.02
_LONGEST_WHOLE_BYTES = 64 << 20


_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"}


def on_this_machine(url: str) -> bool:
    """Whether a server's address is on this machine: no proxy is asked then."""
    return (urlsplit(url).hostname or "") in _LOCAL_HOSTS


@dataclass(frozen=True)
class Address:
    """Where a server is and how it is asked. `local`: on this machine, so no proxy stands between."""

    url: str
    api_key: str
    timeout_seconds: float
    local: bool
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True)
class _Ended:
    """Put last by the reading thread; `error` is why it ended early."""

    error: BaseException | None = None


class Line:
    """One connection, used for one exchange after another. Not for two threads at once."""

    def __init__(self, address: Address, idle: Callable[[Line], None]) -> None:
        """`idle` is called, from the reading thread, when an exchange ended well and the line can serve again."""
        self._address = address
        self._idle = idle
        self._client: openai.OpenAI | None = None
        self._socket: socket.socket | None = None
        self._hung_up = Flag()

    def exchange(self, body: Mapping[str, Any], cancel: Flag, silence: Callable[[], float]) -> Iterator[Event]:
        """Send a body and yield the events of the answer; ends early, hung up, once `cancel` is set.

        `silence()` is how many seconds without an event are borne just now; comments that keep a connection alive do
        not count. Raises Refused or Lost.
        """
        events: queue.SimpleQueue[Event | _Ended] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(dict(body), events), name="model-line", daemon=True).start()
        ended = False
        try:
            heard = time.monotonic()
            while not cancel.is_set():
                try:
                    item = events.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    if time.monotonic() - heard > silence():
                        raise Lost(f"said nothing for {silence():.3g} seconds", timed_out=True) from None
                    continue
                heard = time.monotonic()
                if isinstance(item, _Ended):
                    ended = True
                    if item.error is not None:
                        raise item.error
                    return
                yield item
        finally:
            if not ended:
                self.hang_up()

    def hang_up(self) -> None:
        """Close the connection under the reading thread, which wakes it."""
        self._hung_up.set()
        if self._socket is not None:
            # close() alone does not wake a thread that waits in recv(), nor tell the server.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _read(self, body: dict[str, Any], events: queue.SimpleQueue[Event | _Ended]) -> None:
        try:
            for event in self._events(body):
                events.put(event)
        except BaseException as error:
            self.close()
            events.put(_Ended(_as_wire_error(error)))
            return
        if self._hung_up.is_set():
            self.close()
        else:
            self._idle(self)
        events.put(_Ended())

    def _events(self, body: dict[str, Any]) -> Iterator[Event]:
        import httpx2
        import openai

        if self._client is None:
            self._client = self._connect()
        # The body goes out as it is: the SDK's typed method would rewrite it, and the record must equal what was sent.
        response = cast(
            "httpx2.Response",
            self._client.post(
                "/chat/completions", body=body, cast_to=httpx2.Response, stream=True, stream_cls=openai.Stream[object]
            ),
        )
        with contextlib.closing(response):
            if "json" in response.headers.get("content-type", ""):
                yield read_whole(_bounded(response).decode("utf-8", "replace"))
            else:
                # Reading on after [DONE], to the end of the response, is what lets the connection be used again.
                yield from read_events(response.iter_bytes())

    def _connect(self) -> openai.OpenAI:
        import httpx2
        import openai

        timeout = httpx2.Timeout(self._address.timeout_seconds + 5, connect=CONNECT_SECONDS)
        http = openai.DefaultHttpxClient(
            verify=self._address.tls or True,
            trust_env=not self._address.local,
            event_hooks={"request": [self._watch]},
            timeout=timeout,
        )
        return openai.OpenAI(
            api_key=self._address.api_key,
            base_url=self._address.url,
            max_retries=0,
            timeout=timeout,
            http_client=http,
        )

    def _watch(self, request: httpx2.Request) -> None:
        request.extensions = {**request.extensions, "trace": self._trace}

    def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        """Learn the socket as soon as there is one, so that even a silent server can be hung up on."""
        stream = info.get("return_value")
        if name.endswith(("connect_tcp.complete", "start_tls.complete")) and stream is not None:
            self._socket = stream.get_extra_info("socket")
        if self._hung_up.is_set():
            raise Lost("was hung up on")

    def close(self) -> None:
        """Give the connection's resources back; for the reading thread, or when nothing reads any more."""
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.close()


def _bounded(response: httpx2.Response) -> bytes:
    whole = b""
    for piece in response.iter_bytes():
        whole += piece
        if len(whole) > _LONGEST_WHOLE_BYTES:
            raise Lost("sent an answer of more than 64 MB")
    return whole


def _as_wire_error(error: BaseException) -> BaseException:
    """A failure of the SDK or of its transport as Refused or Lost; everything else as Lost with its name."""
    import httpx2
    import openai

    if isinstance(error, Lost):
        return error
    if isinstance(error, openai.APIStatusError):
        return refusal(error.status_code, error.response.text, error.response.headers)
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ else error
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        reason = str(cause) or f"no connection within {CONNECT_SECONDS:.0f} seconds"
        return Lost(_without_number(reason), connecting=True)
    if isinstance(cause, httpx2.TimeoutException):
        return Lost("said nothing for too long", timed_out=True)
    if isinstance(cause, httpx2.TransportError):
        return Lost(f"closed the connection ({_without_number(str(cause))})" if str(cause) else "closed the connection")
    return Lost(f"could not be asked ({type(cause).__name__}: {cause})")


def _without_number(reason: str) -> str:
    """`[Errno 111] Connection refused` as people say it."""
    bare = reason.partition("] ")[2].lower() if reason.startswith("[Errno") else reason
    return bare.rstrip(".")
