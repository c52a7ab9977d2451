"""Embeds texts at any OpenAI-compatible /v1/embeddings, and believes nothing that the server says of its vectors.

Servers answer out of order, with fewer vectors than texts, with base64 in the place of numbers, with NaN, with vectors of any
length, and with another model than the one that was asked for. What is wrong is said in one sentence, and never stored.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from workbench.core.embedding_spec import prompts_of
from workbench.core.errors import EmbedderError
from workbench.core.secrets import Secrets, checked_key
from workbench.core.worker_process import CancelledError
from workbench.models.openai.address import read_address
from workbench.models.openai.connection import Line, Route
from workbench.models.openai.errors import Lost, Refused, Server, explained, refusal_in
from workbench.models.openai.refusal_kinds import Kind, normalised
from workbench.models.openai.retry import Patience
from workbench.models.openai.sse import Chunk, Event, WebPage

if TYPE_CHECKING:
    import numpy as np

_BATCH_TEXTS = 32
"""Texts of one request: some servers take no more. It is halved for good where one takes fewer."""

_TEXT_CHARS = 20_000
_SHORTEST_CHARS = 200
"""A text that the server finds too long is cut in half, and again, but not below this."""

_MOST_DIMENSIONS = 16_384
_NO_KEY = "no-key"
_WANTS_TEXT = re.compile(
    r"\binput\b.*\b(valid )?str(ing)?\b.*\b(type|expected|required|valid)\b|\bstr(ing)?\b.*\bexpected\b.*\binput\b"
)
_LEAST_BYTES = 4_096
_TOLD_AGAIN_SECONDS = 30.0
"""A server that is slow with every answer is not told of with every one."""
_TOO_MUCH = (400, 413, 422, 500)
"""Refusals that may be about the size of a request: half of it is tried."""


@dataclass(frozen=True)
class _Asked:
    """What ends the waiting for an answer: the person, or a silence of so many seconds."""

    stop: threading.Event
    seconds: float


class _Arrival:
    """Watches an answer arrive and raises Lost when it arrives too slowly.

    A server computes all vectors before it sends the first byte, so from then on only the network sets the pace.
    """

    def __init__(
        self,
        line: Line,
        silence_seconds: float,
        window_seconds: float,
        told_seconds: float,
        tell: Callable[[str], None],
    ) -> None:
        self._line, self._longest, self._window = line, silence_seconds, window_seconds
        self._told_seconds, self._tell = told_seconds, tell
        self._began = self._since = time.monotonic()
        self._before, self._told = 0, False

    def look(self) -> float:
        """To be called while it is waited for; how long a silence is borne, in seconds."""
        now, came = time.monotonic(), self._line.received_bytes
        if came and not self._before:
            self._before, self._since = came, now
        elif self._before and now - self._since > self._window:
            if came - self._before < _LEAST_BYTES:
                raise Lost(
                    f"sends its answer too slowly: {came:,} bytes in {now - self._began:.0f} seconds", timed_out=True
                )
            self._before, self._since = came, now
        if not self._told and now - self._began > self._told_seconds:
            self._told = True
            silent = f"no answer for {self._told_seconds:.3g} seconds, and it is given up after {self._longest:.3g}"
            self._tell(f"its answer comes slowly, {came:,} bytes so far" if came else silent)
        return self._longest


class EmbeddingServer:
    """An Embedder (see embedding.client) over HTTP. Any thread may call; each request has a connection of its own for its time.

    `dimensions` is 0 until a vector came; then every other length is an error. `timeout_seconds` is the longest silence that
    is borne, `query_seconds` that of a query, for which somebody waits; an answer that has begun must bring 4 kB in each
    `slow_seconds`. `on_wait` is told in a sentence what is waited for, once that takes `told_seconds`.
    `came_normalised` tells whether the last vectors had length 1 before they were made so.
    """

    def __init__(
        self,
        model: str,
        base_url: str,
        api_key: str = "",
        *,
        query_seconds: float = 15.0,
        timeout_seconds: float = 120.0,
        backoff_seconds: float = 0.5,
        slow_seconds: float = 15.0,
        told_seconds: float = 5.0,
        on_wait: Callable[[str], object] | None = None,
    ) -> None:
        self.model_id = model
        self.dimensions = 0
        self.came_normalised = True
        self._model = model
        self._prompts = prompts_of(model)
        self._key = checked_key(api_key, "embedding_api_key")
        self._address = read_address(base_url)
        self._secrets = Secrets.of_server(base_url, self._key)
        self._timeout_seconds, self._query_seconds = timeout_seconds, query_seconds
        self._backoff_seconds = backoff_seconds
        self._slow_seconds, self._told_seconds = slow_seconds, told_seconds
        self._on_wait, self._told_at = on_wait, float("-inf")
        self._batch = _BATCH_TEXTS
        self._one_text = False
        """Whether the server wants a text as it is, and no list of them."""
        self._idle: list[Line] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Nothing has to be started."""

    def stop(self) -> None:
        """Close the connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def forget(self) -> None:
        """No text is kept."""

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Literal["passage", "query"] = "passage",
        exact: bool | None = None,
        cancel: threading.Event | None = None,
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray:
        """Unit vectors of `texts`, float32 (len(texts), dimensions). `exact` says that a person waits for them, as for a query.

        Raises EmbedderError; CancelledError once `cancel` is set.
        """
        import numpy as np

        prompt = self._prompts.query if kind == "query" else self._prompts.passage
        is_waited_for = kind == "query" or bool(exact)
        asked = _Asked(cancel or threading.Event(), self._query_seconds if is_waited_for else self._timeout_seconds)
        rows: list[np.ndarray] = []
        try:
            waiting = [prompt + (text[:_TEXT_CHARS] or " ") for text in texts]
            while waiting:
                part, waiting = waiting[: self._batch], waiting[self._batch :]
                made = self._some(part, asked)
                rows.append(made)
                if on_done is not None:
                    on_done(len(made))
        except EmbedderError as error:
            raise EmbedderError(self._secrets.scrub(error.message), self._secrets.scrub(error.hint)) from None
        return np.concatenate(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def _some(self, texts: list[str], asked: _Asked) -> np.ndarray:
        """Vectors of a few texts: asked together, in halves where that is too much, and cut where one is too long."""
        import numpy as np

        try:
            return self._asked(texts, asked)
        except Refused as refused:
            if not self._one_text and refused.status in (400, 422) and _WANTS_TEXT.search(normalised(refused.text)):
                with self._lock:
                    self._one_text, self._batch = True, 1
                return np.concatenate([self._some([text], asked) for text in texts])
            if refused.kind in (Kind.KEY, Kind.MODEL, Kind.ADDRESS, Kind.MONEY, Kind.REGION, Kind.RATE):
                raise self._said(refused) from None
            if len(texts) > 1 and refused.status in _TOO_MUCH:
                half = len(texts) // 2
                parts = [self._some(texts[:half], asked), self._some(texts[half:], asked)]
                with self._lock:  # both halves were taken: it was too much at once, or one text that was cut
                    self._batch = max(1, min(self._batch, half)) if not refused.overflow else self._batch
                return np.concatenate(parts)
            longest = len(texts[0])
            if refused.status in _TOO_MUCH and longest > _SHORTEST_CHARS and _is_too_long(refused):
                return self._some([texts[0][: longest // 2]], asked)
            raise self._said(refused) from None

    def _asked(self, texts: list[str], asked: _Asked) -> np.ndarray:
        """The vectors of one request, tried again where the server is busy. Raises Refused, EmbedderError, CancelledError."""
        patience = Patience(self._backoff_seconds, longest_wait_seconds=asked.seconds / 2)
        while True:
            try:
                return self._vectors(self._answer(texts, asked), len(texts))
            except (Refused, Lost) as failure:
                if asked.stop.is_set():
                    raise CancelledError from None
                wait = patience.wait_seconds(failure)
                if wait is None:
                    if isinstance(failure, Refused):
                        raise
                    raise self._said(failure) from None
                if wait > self._told_seconds:
                    self._tell(f"it is busy, and is asked again in {wait:.0f} seconds")
                if asked.stop.wait(wait):
                    raise CancelledError from None

    def _answer(self, texts: list[str], asked: _Asked) -> Any:
        """The JSON value that the server answers with. Raises Refused, Lost, CancelledError."""
        body = {"model": self._model, "input": texts[0] if self._one_text and len(texts) == 1 else texts}
        line = self._line()
        arrival = _Arrival(line, asked.seconds, self._slow_seconds, self._told_seconds, self._tell)
        exchange = line.exchange(body, asked.stop, arrival.look, "/embeddings")
        values: list[Any] = []
        try:
            for event in exchange:
                self._check(event)
                if isinstance(event, Chunk):
                    values.append(event.value)
        finally:
            exchange.close()  # type: ignore[attr-defined]
        if asked.stop.is_set():
            raise CancelledError
        if not values:
            raise Lost("answered with nothing")
        if isinstance(values[0], Mapping) and (refused := refusal_in(values[0], 200)):
            raise refused
        return values[0]

    def _check(self, event: Event) -> None:
        if isinstance(event, WebPage):
            raise Refused(200, event.text[:200], page=True)

    def _vectors(self, answer: Any, count: int) -> np.ndarray:
        """The vectors of an answer, in the order of the texts, each of length 1. Raises EmbedderError for anything else."""
        import numpy as np

        rows = list(_rows(answer))
        if len(rows) != count:
            raise self._wrong(f"answered {count} texts with {len(rows)} vectors")
        if sorted(place for place, _ in rows) == list(range(1, count + 1)):
            rows = [(place - 1, value) for place, value in rows]
        places = [place for place, _ in rows]
        if sorted(places) != list(range(count)):
            raise self._wrong("numbers its vectors so that nobody can tell which text each belongs to")
        made = [_numbers(value) for _, value in sorted(rows, key=lambda row: row[0])]
        lengths = {len(row) if row is not None else 0 for row in made}
        if 0 in lengths or max(lengths) > _MOST_DIMENSIONS:
            raise self._wrong("answered with something that is no vector")
        if len(lengths) > 1:
            raise self._wrong("answered with vectors of different lengths")
        found = lengths.pop()
        if self.dimensions and found != self.dimensions:
            raise EmbedderError(
                f"{self._model} at {self._server.shown} gives vectors of {found} numbers, and had {self.dimensions} before: "
                "it is another model now, or its settings changed.",
                "Ask the model as it was, or embed its sources again: workbench reembed SOURCE.",
            )
        with np.errstate(over="ignore", invalid="ignore"):
            vectors = np.array(made, dtype=np.float64)
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(vectors).all() or not np.isfinite(norms).all():
            raise self._wrong("answered with a vector that holds NaN or infinity")
        if (norms < 1e-12).any():
            raise self._wrong("answered with a vector of zeros")
        self.dimensions = found
        self.came_normalised = bool(np.abs(norms - 1.0).max() < 1e-2)
        unit: np.ndarray = (vectors / norms).astype(np.float32)
        return unit

    @property
    def _server(self) -> Server:
        return Server(self._address.url, self._model, bool(self._key))

    def _wrong(self, what: str) -> EmbedderError:
        return EmbedderError(
            f"The embedding server at {self._server.shown} {what} (model {self._model}).",
            "Look at the server's own log, or choose another embedding_model.",
        )

    def _said(self, failure: Refused | Lost) -> EmbedderError:
        error = explained(failure, self._server)
        message = error.message.replace("The model server at", "The embedding server at")
        return EmbedderError(message, _hint(failure, self._server))

    def _tell(self, what: str) -> None:
        now = time.monotonic()
        if self._on_wait is not None and now - self._told_at > _TOLD_AGAIN_SECONDS:
            self._told_at = now
            self._on_wait(self._secrets.scrub(f"Waiting for the embedding server at {self._server.shown}: {what}."))

    def _line(self) -> Line:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        route = Route.to(self._address, self._key or _NO_KEY, self._timeout_seconds)
        return Line(route, self._put_back)

    def _put_back(self, line: Line) -> None:
        with self._lock:
            self._idle.append(line)


def _rows(answer: Any) -> Iterator[tuple[int, Any]]:
    """(number of the text, its vector) in the shapes of OpenAI, of the own APIs of Ollama, TEI, Cohere and Cloudflare, and of

    llama.cpp's bare list."""
    for inside in ("result", "data", "response"):
        if isinstance(answer, Mapping) and isinstance(answer.get(inside), Mapping):
            answer = answer[inside]
    listed: Any = answer
    if isinstance(answer, Mapping):
        found = (_of_type(answer.get(key)) for key in ("data", "embeddings"))
        listed = next((value for value in found if isinstance(value, list)), [])
    listed = listed if isinstance(listed, list) else []
    for place, entry in enumerate(listed):
        if not isinstance(entry, Mapping):
            yield place, entry
            continue
        index = entry.get("index", place)
        value = _of_type(entry.get("embedding"))
        # llama.cpp wraps the one pooled vector of a text in a list.
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
            value = value[0]
        with contextlib.suppress(TypeError, ValueError):
            yield int(index), value


def _of_type(value: Any) -> Any:
    """Vectors, or one, out of an object that has them by the type of their numbers."""
    return value.get("float", value.get("dense")) if isinstance(value, Mapping) else value


def _numbers(value: Any) -> list[float] | None:
    """A vector written as numbers, or as base64 of float32, little end first; None for anything else."""
    if isinstance(value, str):
        import numpy as np

        try:
            raw = base64.b64decode(value, validate=True)
            return [float(number) for number in np.frombuffer(raw, "<f4")]
        except (binascii.Error, ValueError):
            return None
    if not isinstance(value, list):
        return None
    with contextlib.suppress(ValueError):
        value = [float(item) if isinstance(item, str) else item for item in value]
    numbers = [float("nan") if item is None else item for item in value]
    if any(isinstance(item, bool) or not isinstance(item, (int, float)) for item in numbers):
        return None
    try:
        return [float(item) for item in numbers]  # an integer may be too large for it
    except OverflowError:
        return None


def _is_too_long(refused: Refused) -> bool:
    said = f"{refused.code} {refused.text}".lower()
    return refused.overflow or any(
        word in said for word in ("too long", "too large", "length", "token", "exceed", "batch")
    )


def _hint(failure: Refused | Lost, server: Server) -> str:
    if isinstance(failure, Lost):
        if failure.sentence:
            return failure.hint
        if failure.connecting:
            return "Start the server, correct its address in embedding_model, or choose another model there."
        return "The model may still be loading or be too slow here: look at the server's own log, then try again."
    kind = failure.kind
    if kind is Kind.KEY:
        return "Check embedding_api_key." if server.has_key else "It wants a key: set WORKBENCH_EMBEDDING_API_KEY."
    if kind is Kind.MODEL or (kind is Kind.ADDRESS and server.model.lower() in failure.text.lower()):
        return (
            f"Name one of the models it has in embedding_model (they are listed at {server.shown.rstrip('/')}/models)."
        )
    if kind is Kind.ADDRESS:
        return "Check that the address in embedding_model is that of an OpenAI-compatible API, with its /v1."
    if kind in (Kind.RATE, Kind.BUSY, Kind.LOADING):
        return "Wait and try again; what is embedded stays."
    return "Look at the server's own log: the model may not be one that embeds."
