"""A real HTTP model server for tests: a script goes in, Chat Completions over HTTP come out, streamed or whole.

By hand: `python -m tests.support.model_server [--script FILE.json] [--port N] [--log FILE.jsonl]`; without a script it searches
for the question, reads three pages of results, takes notes, and answers with a quote from the last page.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.model_replies import Reply, calls, events, refusal, says, whole
from tests.support.model_scripts import from_json, reads_pages

__all__ = ["ModelServer", "Reply", "calls", "reads_pages", "refusal", "says"]

Body = dict[str, Any]
Script = Callable[[Body], Reply | str] | Iterable[Reply | str]


def count_usage(body: Mapping[str, Any], reply: Reply, overhead_tokens: int = 0) -> dict[str, Any]:
    """The usage of a reply to a request, counted with the workbench's own tokenizer."""
    from workbench.core.tokens import count, count_prompt

    prompt = count_prompt(body.get("messages") or [], body.get("tools") or []) + overhead_tokens
    named = [text for name, arguments in reply.calls for text in (name, json.dumps(arguments))]
    written = [reply.reasoning, reply.content, *named]
    completion = sum(count(text) for text in written)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


class ModelServer:
    """A model behind HTTP on this machine; use it as a context manager.

    `script` is a list of replies, one a request, or a function from the request's body to a reply; a str is a reply's
    content. In the order received, `requests` holds the bodies as parsed, `raw` as bytes, `headers` with their names in
    lower case. A script that runs out or raises answers 500 and makes the `with` block fail at its end. `hung_up` is
    set when a client left before the end.
    """

    def __init__(
        self,
        script: Script,
        *,
        port: int = 0,
        models: Iterable[str] = ("scripted",),
        overhead_tokens: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._replies = None if callable(script) else iter(script)
        self._script = script if callable(script) else self._next_reply
        self.models = tuple(models)
        self.overhead_tokens = overhead_tokens
        self.requests: list[Body] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.failures: list[str] = []
        self.hung_up = threading.Event()
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._http.daemon_threads = True
        self._tls = tls is not None
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The base URL, with /v1."""
        return f"https://localhost:{self.port}/v1" if self._tls else f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> ModelServer:
        """Listen, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and end what stalls."""
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> ModelServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None and self.failures:
            raise AssertionError("; ".join(self.failures))

    def answer(self, body: Body, raw: bytes, headers: dict[str, str]) -> tuple[int, Reply]:
        """Record a request and ask the script for its reply; requests are numbered from 1."""
        with self._lock:
            self.requests.append(body)
            self.raw.append(raw)
            self.headers.append(headers)
            number = len(self.requests)
            try:
                reply = self._script(body)
            except Exception as error:
                self.failures.append(f"request {number}: {error!r}")
                return number, refusal(500, f"the script failed: {error!r}")
        return number, Reply(content=reply) if isinstance(reply, str) else reply

    def _next_reply(self, body: Body) -> Reply | str:
        assert self._replies is not None
        try:
            return next(self._replies)
        except StopIteration:
            raise RuntimeError("the script has no more replies") from None

    def usage_of(self, body: Body, reply: Reply) -> Mapping[str, Any] | None:
        """The usage to send with a reply, if any."""
        if isinstance(reply.usage, Mapping):
            return reply.usage
        asked = not body.get("stream") or bool((body.get("stream_options") or {}).get("include_usage"))
        if reply.usage is True or (reply.usage == "auto" and asked):
            return count_usage(body, reply, self.overhead_tokens)
        return None


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    """A handler class bound to `server`."""

    class Handler(_Handler):
        model_server = server

    return Handler


class _Handler(BaseHTTPRequestHandler):
    """One connection, which may carry many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model_server: ModelServer

    def setup(self) -> None:
        super().setup()
        self.model_server.connections += 1

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: tests read the record instead."""

    def do_GET(self) -> None:
        if self.path.rstrip("/") == "/v1/models":
            entry = {"object": "model", "created": 0, "owned_by": "tests"}
            models = [{"id": name, **entry} for name in self.model_server.models]
            self._send(200, {"object": "list", "data": models})
        else:
            self._send(200 if self.path == "/health" else 404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            self._send(400, {"error": {"message": "The body is not JSON.", "code": "invalid_json"}})
            return
        if self.path.rstrip("/") != "/v1/chat/completions":
            self._send(404, {"detail": "Not Found"})
            return
        number, reply = self.model_server.answer(
            body, raw, {name.lower(): value for name, value in self.headers.items()}
        )
        if not reply.delay_seconds or self._wait(reply.delay_seconds):
            self._reply(body, number, reply)

    def _reply(self, body: Body, number: int, reply: Reply) -> None:
        model, usage = str(body.get("model")), self.model_server.usage_of(body, reply)
        if reply.drop:
            self._cut()
        elif reply.null:
            self._send(200, None)
        elif reply.status != 200 or reply.error is not None:
            error = {"error": {"message": f"status {reply.status}"}} if reply.error is None else reply.error
            self._send(reply.status, error, reply.headers)
        elif reply.bend is not None:
            stream = "".join(events(reply, model, number, usage)) if body.get("stream") else ""
            bent = reply.bend(stream or json.dumps(whole(reply, model, number, usage), ensure_ascii=False))
            self._bent(bent.encode() if isinstance(bent, str) else bent, reply, streamed=bool(stream))
        elif body.get("stream"):
            self._stream(reply, list(events(reply, model, number, usage)))
        else:
            self._send(200, whole(reply, model, number, usage), reply.headers)

    def _send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        plain = isinstance(body, str)
        payload = body.encode() if plain else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if plain else "application/json")
        self.send_header("Content-Length", str(len(payload)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def _bent(self, payload: bytes, reply: Reply, *, streamed: bool) -> None:
        """A body as it is, under the Content-Type that the reply names."""
        self.send_response(200)
        kind = (
            ("text/event-stream" if streamed else "application/json")
            if reply.content_type is None
            else reply.content_type
        )
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _stream(self, reply: Reply, stream: list[str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for position, event in enumerate([*stream, ""]):
                stalled = reply.stall_after_chunks == position and not self._wait(float("inf"))
                if stalled or reply.disconnect_after_chunks == position:
                    self._cut()
                    break
                if reply.chunk_delay_seconds and not self._wait(reply.chunk_delay_seconds):
                    break
                payload = event.encode()
                self.wfile.write(f"{len(payload):x}\r\n".encode() + payload + b"\r\n")
        except OSError:
            self._left()

    def _wait(self, seconds: float) -> bool:
        """Wait, watching the client. False: it has left, or the server is ending."""
        until = time.monotonic() + seconds
        while (rest := until - time.monotonic()) > 0:
            if self.model_server.closing.is_set():
                return False
            ready, _, _ = select.select([self.connection], [], [], min(rest, 0.02))
            if ready and not self._peek():
                self._left()
                return False
            if ready:
                time.sleep(min(rest, 0.02))
        return True

    def _peek(self) -> bytes:
        try:
            peeked: bytes = self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return b""
        return peeked

    def _left(self) -> None:
        self.model_server.hung_up.set()
        self.close_connection = True

    def _cut(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            self._left()


def _logged(script: Callable[[Body], Reply | str], path: Path) -> Callable[[Body], Reply | str]:
    """The script, writing every body it sees to a file, one JSON line each."""

    def answer(body: Body) -> Reply | str:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(body, ensure_ascii=False) + "\n")
        return script(body)

    return answer


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted; the first line printed is the base URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.model_server", description=__doc__)
    parser.add_argument("--script", type=Path, help="JSON: a list of replies, or a named script")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pages", type=int, default=3, help="pages the built-in script reads (default 3)")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds between chunks")
    parser.add_argument("--log", type=Path, help="append every request body to this file, one JSON line each")
    options = parser.parse_args(arguments)
    demo = {"script": "reads_pages", "pages": options.pages}
    source = json.loads(options.script.read_text(encoding="utf-8")) if options.script else demo
    script = from_json(source, **({"chunk_delay_seconds": options.delay} if options.delay else {}))
    with ModelServer(_logged(script, options.log) if options.log else script, port=options.port) as server:
        print(server.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            server.failures.clear()


if __name__ == "__main__":
    main()
