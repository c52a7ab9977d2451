"""Fetches one web address within limits of size, time and redirects.

http and https only; no proxy is asked, so that the address which was checked is the one that is connected to.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import urllib.parse
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from loaders import addresses, deadline
from loaders.document import LoadError

BYTES = 64 * 1024 * 1024
SECONDS = 60.0
REDIRECTS = 8
_WAIT_SECONDS = 15.0
_BLOCK_BYTES = 1 << 16
_URL_CHARS = 4_000
_MOVED = (301, 302, 303, 307, 308)
_AGENT = "Mozilla/5.0 (compatible; memgpt-workbench)"
_TRY_AGAIN = "Check the address and the network, then load it again."
_SAFE = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True)
class Fetched:
    """An answer. `url` is where it came from in the end; `body` is None when the server says it has not changed."""

    url: str
    body: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)


def fetch(
    url: str, *, private: bool = False, headers: Mapping[str, str] | None = None, cancel: threading.Event | None = None
) -> Fetched:
    """What is at `url`. `headers` are sent along (lower case). Raises LoadError; ends within SECONDS or on `cancel`."""
    errand = _Errand(private, dict(headers or {}))
    start = normal(url)
    # Whatever it hangs in (the resolver, a server that sends a byte a second), nobody waits for it.
    return deadline.within(
        SECONDS, lambda: errand.run(start), what="fetching it", remedy=_TRY_AGAIN, abort=errand.abort, cancel=cancel
    )


def normal(url: str) -> str:
    """`url` without its fragment, ready to be sent. Raises LoadError for what is not http or https, or has a password."""
    try:
        parts = urllib.parse.urlsplit("".join(url.split()) if url != url.strip() else url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise LoadError("it is not a web address that can be understood", "Check it.") from None
    if parts.scheme.lower() not in ("http", "https") or not host or len(url) > _URL_CHARS:
        raise LoadError("only web addresses with http or https are fetched", "Save it as a file and load that.")
    if parts.username is not None:
        raise LoadError("an address with a name and password is not fetched", "Save the page as a file and load that.")
    try:
        name = host if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise LoadError("its host is not a valid name", "Check the address.") from None
    place = (f"[{name}]" if ":" in name else name) + (f":{port}" if port else "")
    path = urllib.parse.quote(parts.path, safe=_SAFE) or "/"
    return urllib.parse.urlunsplit((parts.scheme.lower(), place, path, urllib.parse.quote(parts.query, safe=_SAFE), ""))


class _Errand:
    """One fetch in a thread of its own, which may be abandoned."""

    def __init__(self, private: bool, headers: dict[str, str]) -> None:
        self.private, self.headers = private, headers
        self._connection: _Connection | None = None

    def abort(self) -> None:
        """Break the connection."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def run(self, url: str) -> Fetched:
        """The answer in the end. Raises LoadError."""
        try:
            return self._follow(url)
        except ssl.SSLError as error:
            said = getattr(error, "verify_message", "") or error.reason or "unknown"
            raise LoadError(f"no safe connection can be made: {said}", "Check the address.") from None
        except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise LoadError(f"it cannot be fetched: {said}"[:200], _TRY_AGAIN) from None

    def _follow(self, url: str) -> Fetched:
        for _ in range(REDIRECTS + 1):
            parts = urllib.parse.urlsplit(url)
            self._connection = _Connection(parts, private=self.private)
            try:
                target = parts.path + (f"?{parts.query}" if parts.query else "")
                sent = {"user-agent": _AGENT, "accept": "text/html,*/*;q=0.8", "accept-encoding": "identity"}
                self._connection.request("GET", target, headers={**sent, **self.headers})
                answer = self._connection.getresponse()
                where = answer.headers.get("location")
                if answer.status in _MOVED and where:
                    url = normal(urllib.parse.urljoin(url, where))
                    continue
                return self._answer(url, answer)
            finally:
                self._connection.close()
        raise LoadError(f"it was redirected more than {REDIRECTS} times", "Check the address.")

    def _answer(self, url: str, answer: http.client.HTTPResponse) -> Fetched:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status == 304:
            return Fetched(url, None, headers)
        if answer.status != 200:
            remedy = (
                "It may need a login: save it from a browser and load the file."
                if answer.status in (401, 403)
                else _TRY_AGAIN
            )
            raise LoadError(f"the server answers {answer.status} {answer.reason}"[:120], remedy)
        return Fetched(url, _body(answer, headers.get("content-encoding", "")), headers)


def _body(answer: http.client.HTTPResponse, encoding: str) -> bytes:
    """The whole body, unpacked although we asked for none to be packed. Raises LoadError at the limit."""
    packed = encoding.lower() in ("gzip", "x-gzip", "deflate")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if packed else None
    body = bytearray()
    while block := answer.read1(_BLOCK_BYTES):
        body += block if unpacker is None else unpacker.decompress(block, BYTES + 1 - len(body))
        if len(body) > BYTES:
            raise LoadError(f"it has more than {BYTES:,} bytes", "Save it as a file and load that.")
    if answer.length:
        raise LoadError("the connection broke before its end", _TRY_AGAIN)
    return bytes(body)


class _Connection(http.client.HTTPConnection):
    """A connection to an address that has been checked."""

    def __init__(self, parts: urllib.parse.SplitResult, *, private: bool) -> None:
        self._secure = parts.scheme == "https"
        self._private = private
        self.default_port = 443 if self._secure else 80
        super().__init__(parts.hostname or "", parts.port or self.default_port, timeout=_WAIT_SECONDS)

    def connect(self) -> None:
        """Connect to the first allowed address that answers."""
        failure: OSError | None = None
        for family, number in addresses.allowed(self.host, self.port, private=self._private):
            self.sock = socket.socket(family, socket.SOCK_STREAM)
            self.sock.settimeout(_WAIT_SECONDS)
            try:
                self.sock.connect((number, self.port))
            except OSError as error:
                self.sock.close()
                failure = error
                continue
            if self._secure:
                self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
            return
        raise failure or OSError("no address answers")
