"""A local /v1/embeddings whose vectors tell texts apart by their words, with the oddities of real servers on request."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

Answer = Callable[[dict[str, Any]], tuple[int, Any]]


class EmbeddingStandIn:
    """What the server does, to be changed while it runs. `model` and `dimensions` decide its vectors.

    `change` may rewrite an answer, `answer` replaces it whole; `most_texts` and `most_chars` are what it takes at once.
    """

    def __init__(self, dimensions: int = 48) -> None:
        self.dimensions = dimensions
        self.salt = "one"
        self.length = 1.0
        self.base64 = False
        self.most_texts, self.most_chars = 10_000, 1_000_000
        self.delay_seconds = 0.0
        self.key = ""
        self.failures: list[tuple[int, Any]] = []
        """Answers that come before the next right ones."""
        self.change: Callable[[dict[str, Any]], Any] | None = None
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.url = ""

    @property
    def texts(self) -> list[str]:
        """Every text that came, in order."""
        return [text for request in self.requests for text in request["input"]]

    def vector(self, text: str) -> np.ndarray:
        """The vector of a text: the sum of the directions of its words."""
        total = np.full(self.dimensions, 0.01, np.float64)
        for word in text.lower().split():
            seed = hashlib.sha256(f"{self.salt} {word.strip('.,;:?!')}".encode()).digest()
            total += np.random.default_rng(int.from_bytes(seed[:4], "big")).standard_normal(self.dimensions)
        scaled: np.ndarray = total / np.linalg.norm(total) * self.length
        return scaled

    def reply(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and JSON value of an answer."""
        self.requests.append(body)
        if self.failures:
            return self.failures.pop(0)
        texts = body["input"]
        if len(texts) > self.most_texts:
            said = f"batch size {len(texts)} > maximum allowed batch size {self.most_texts}"
            return 422, {"error": said, "error_type": "Validation"}
        if max(map(len, texts)) > self.most_chars:
            said = f"This model's maximum context length is {self.most_chars} tokens, however you requested more. Reduce your input."
            return 400, {"error": {"message": said, "type": "invalid_request_error"}}
        vectors = [self.vector(text) for text in texts]
        shown = [
            base64.b64encode(row.astype("<f4").tobytes()).decode() if self.base64 else row.tolist() for row in vectors
        ]
        data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(shown)]
        answer: dict[str, Any] = {"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": 1}}
        return 200, self.change(answer) if self.change else answer


@contextmanager
def embedding_server(dimensions: int = 48) -> Iterator[EmbeddingStandIn]:
    """One that runs while this lasts, at `url`."""
    stand_in = EmbeddingStandIn(dimensions)
    open_connections: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            open_connections.append(self.connection)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stand_in.authorizations.append(self.headers.get("Authorization", ""))
            time.sleep(stand_in.delay_seconds)
            if stand_in.key and self.headers.get("Authorization") != f"Bearer {stand_in.key}":
                said = f"Incorrect API key provided: {self.headers.get('Authorization')}"
                status = 401
                value: Any = {"error": {"message": said, "code": "invalid_api_key"}}
            elif not self.path.startswith("/v1/embeddings"):
                status, value = 404, {"error": "not found"}
            else:
                status, value = stand_in.reply(body)
            raw = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever asked may have gone
                self.wfile.write(raw)

        def do_GET(self) -> None:
            raw = json.dumps({"data": [{"id": "words-embed"}, {"id": "some-chat"}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        for connection in open_connections:  # a server that is gone answers on none of them
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    with embedding_server() as running:
        print(running.url, flush=True)
        threading.Event().wait()
