"""One HTTP connection to a model's server, on which a request can be left at any moment.

A thread of its own reads the socket, so that whoever waits for the events can leave before the connection is made, before
the first byte, or between two. Leaving closes the connection, and the server can stop its work.
"""

from __future__ import annotations

import contextlib
import platform
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from threading import Event as Flag
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from workbench.models.openai.address import (
    Address,
    Proxy,
    certificates,
    check_proxy,
    proxy_for,
    refused_by_proxy,
    unreachable,
)
from workbench.models.openai.errors import Lost, Refused, Server, refusal
from workbench.models.openai.sse import Event, Head, TooLong, read_response

if TYPE_CHECKING:
    import ssl

    import httpx2
    import openai

CONNECT_SECONDS = 10.0
_POLL_SECONDS = 0.02
_LONGEST_ERROR_BYTES = 1 << 20


def _sdk() -> ModuleType:
    """The SDK. Where aiohttp is installed (with the extra `web`) it would import that too, 10 MB for a client never used here.

    With its first request the SDK asks `platform` for this system's name, which runs `uname -p` with the key in its environment
    only to learn what nobody needs; that it is not known is put in its place.
    """
    platform.uname().__dict__.setdefault("processor", "")
    if "openai" in sys.modules or "aiohttp" in sys.modules:
        return import_module("openai")
    sys.modules["aiohttp"] = None  # type: ignore[assignment]
    try:
        return import_module("openai")
    finally:
        del sys.modules["aiohttp"]


@dataclass(frozen=True)
class Route:
    """How a server is reached: its address, the key, and what lies between."""

    address: Address
    api_key: str
    timeout_seconds: float
    proxy: Proxy | None = None
    tls: ssl.SSLContext | None = None

    @classmethod
    def to(cls, address: Address, api_key: str, timeout_seconds: float) -> Route:
        """The route by the environment of this process. Raises Lost for a proxy or certificates that cannot be used."""
        proxy = proxy_for(address)
        if proxy is not None:
            check_proxy(proxy)
        tls = certificates() if address.url.startswith("https") else None
        return cls(address, api_key, timeout_seconds, proxy, tls)

    @property
    def shown(self) -> str:
        """The address as sentences name it."""
        return Server(self.address.url, "").shown


@dataclass(frozen=True)
class _Ended:
    """Put last by the reading thread; `error` is why it ended early."""

    error: BaseException | None = None


class Line:
    """One connection, used for one exchange after another. Not for two threads at once."""

    def __init__(self, route: Route, idle: Callable[[Line], None]) -> None:
        """`idle` is called, from the reading thread, when an exchange ended well and the line can serve again."""
        self.route = route
        self._idle = idle
        self._client: openai.OpenAI | None = None
        self._socket: socket.socket | None = None
        self._hung_up = Flag()
        self.received_bytes = 0
        """How much of the present answer has come, unpacked."""

    def exchange(
        self, body: Mapping[str, Any], cancel: Flag, silence: Callable[[], float], path: str = ""
    ) -> Iterator[Event]:
        """Send a body (to `path`; by default where its form belongs) and yield the events of the answer.

        Ends early, hung up, once `cancel` is set. `silence()` is how many seconds without an event are borne just now;
        comments that keep a connection alive do not count. Raises Refused or Lost.
        """
        events: queue.SimpleQueue[Event | _Ended] = queue.SimpleQueue()
        self.received_bytes = 0
        threading.Thread(target=self._read, args=(dict(body), path, events), name="model-line", daemon=True).start()
        ended = False
        try:
            heard = time.monotonic()
            while not cancel.is_set():
                try:
                    item = events.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    if time.monotonic() - heard > (borne := silence()):
                        raise Lost(f"said nothing for {borne:.3g} seconds", timed_out=True) from None
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

    def _read(self, body: dict[str, Any], path: str, events: queue.SimpleQueue[Event | _Ended]) -> None:
        try:
            for event in self._events(body, path):
                events.put(event)
        except BaseException as error:
            self.close()
            events.put(_Ended(_as_wire_error(error, self.route)))
            return
        if self._hung_up.is_set():
            self.close()
        else:
            self._idle(self)
        events.put(_Ended())

    def _events(self, body: dict[str, Any], path: str) -> Iterator[Event]:
        import httpx2

        openai = _sdk()

        if self._client is None:
            self._client = self._connect()
        path = path or ("/responses" if "input" in body else "/chat/completions")
        path += "/" if self.route.address.ends_in_slash else ""
        # The body goes out as it is: the SDK's typed method would rewrite it, and the record must equal what was sent.
        response = cast(
            "httpx2.Response",
            self._client.post(path, body=body, cast_to=httpx2.Response, stream=True, stream_cls=openai.Stream[object]),
        )
        with contextlib.closing(response):
            yield Head(response.headers.get("content-type", ""))
            # Reading on after [DONE], to the end of the response, is what lets the connection be used again.
            yield from read_response(self._counted(response.iter_bytes()))

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            # Blanks before an answer are a gateway's way of keeping the connection, and no part of it.
            self.received_bytes += len(piece) if self.received_bytes else len(piece.lstrip())
            yield piece

    def _connect(self) -> openai.OpenAI:
        import ssl

        import httpx2

        sdk = _sdk()

        route = self.route
        timeout = httpx2.Timeout(route.timeout_seconds + 5, connect=CONNECT_SECONDS)
        http = sdk.DefaultHttpxClient(
            # Without TLS there is no certificate to check, and to read those of the system takes 20 ms.
            verify=route.tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            proxy=route.proxy.url if route.proxy else None,
            # Proxy and certificates are those of the route, which sentences can name.
            trust_env=False,
            follow_redirects=False,
            event_hooks={"request": [self._watch], "response": [_accepted]},
            timeout=timeout,
        )
        headers = {"api-key": route.api_key} if route.address.wants_api_key_header else {}
        client: openai.OpenAI = sdk.OpenAI(
            api_key=route.api_key,
            base_url=route.address.url,
            default_query=dict(route.address.query),
            default_headers=headers,
            max_retries=0,
            timeout=timeout,
            http_client=http,
        )
        return client

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


def _accepted(response: httpx2.Response) -> None:
    """Raise Refused for a response that is an error or a redirect, reading no more of it than anyone could want."""
    if response.status_code < 300:
        return
    whole = b""
    for piece in response.iter_bytes():
        whole += piece
        if len(whole) > _LONGEST_ERROR_BYTES:
            break
    response.close()
    raise refusal(response.status_code, whole[:_LONGEST_ERROR_BYTES].decode("utf-8", "replace"), response.headers)


def _as_wire_error(error: BaseException, route: Route) -> BaseException:
    """A failure of the SDK or of its transport as Refused or Lost; everything else as Lost with its name."""
    import httpx2
    import openai

    if isinstance(error, (Lost, Refused)):
        return error
    if isinstance(error, TooLong):
        return Lost("sent an answer of more than 64 MB")
    if isinstance(error, openai.APIStatusError):
        return refusal(error.status_code, error.response.text, error.response.headers)
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ else error
    if isinstance(cause, httpx2.ProxyError) and route.proxy is not None:
        return refused_by_proxy(str(cause), route.address, route.proxy)
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        reason = str(cause) or f"no connection within {CONNECT_SECONDS:.0f} seconds"
        return unreachable(_without_number(reason), route.address, route.shown, route.proxy)
    if isinstance(cause, httpx2.DecodingError):
        return Lost("says that its answer is packed, and it cannot be unpacked")
    if isinstance(cause, httpx2.TimeoutException):
        return Lost("said nothing for too long", timed_out=True)
    if isinstance(cause, httpx2.TransportError):
        return Lost(f"closed the connection ({_without_number(str(cause))})" if str(cause) else "closed the connection")
    return Lost(f"could not be asked ({type(cause).__name__}: {cause})")


def _without_number(reason: str) -> str:
    """`[Errno 111] Connection refused` as people say it."""
    bare = reason.partition("] ")[2].lower() if reason.startswith("[Errno") else reason
    return bare.rstrip(".")
