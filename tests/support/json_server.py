"""A server whose answer to a path and a body is a function of the test: JSON, or a list as a stream of events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]
Asked = list[tuple[str, dict[str, Any]]]


@contextmanager
def server(answer: Callable[[str, dict[str, Any]], Answer]) -> Iterator[tuple[str, Asked]]:
    """A server whose `answer(path, body)` gives status and body; a list is sent as a stream of events."""
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *arguments: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            path = self.path.removeprefix("/v1")
            asked.append((path, body))
            status, value = answer(path, body)
            lines = (
                [f"event: {item.get('type', 'message')}\ndata: {json.dumps(item)}\n\n" for item in value]
                if isinstance(value, list)
                else []
            )
            raw = ("".join(lines) if lines else json.dumps(value)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if lines else "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}/v1", asked
    finally:
        listening.shutdown()
        listening.server_close()
