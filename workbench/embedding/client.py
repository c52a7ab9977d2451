"""Embeds texts in a worker process and returns L2-normalised float32 vectors of shape (texts, dimensions).

The same text always gives the same vector, bit for bit, whatever is embedded before, after or beside it.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from workbench.core.activity import doing
from workbench.core.embedding_spec import EmbedderSpec
from workbench.core.errors import EmbedderError
from workbench.core.worker_process import CancelledError, Worker, WorkerGoneError
from workbench.embedding import minilm

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["passage", "query"]

_MODULE = "workbench.embedding.worker"
_FRAME_TEXTS = 256
_TEXT_CHARS = 20_000
"""More of a text than the model could ever see is not sent."""
_REMEMBERED_VECTORS = 4_096
_POLL_SECONDS = 0.05
_SLOW = 4
"""A worker that gives signs of life is told to be slow after so many times the seconds after which a silent one is told."""
_LONGEST_LOOK_SECONDS = 2.0
"""More between two looks at a worker passed while this process stood still itself, and is not counted."""
_FAILED = "The embedding model failed: "


OnWait = Callable[[str], object]
"""Told in one sentence what an embedder waits for, and when that is over; called from the thread that waits."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """Seconds without a sign of life of a worker: when it is told, and when the worker is ended and started anew.

    A worker gives a sign every second, so a slow one is told from one that was stopped. `query` is the bound where a person
    waits, `passages` that of a load; both are doubled before the model is there. `stalled` is for one that gives signs and makes no
    vector.
    """

    told: float = 5.0
    query: float = 10.0
    passages: float = 30.0
    stalled: float = 120.0


class Embedder(Protocol):
    """Anything that turns texts into vectors. Raises EmbedderError; CancelledError once `cancel` is set."""

    model_id: str
    dimensions: int

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Kind = "passage",
        exact: bool | None = None,
        cancel: threading.Event | None = None,
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray[Any, Any]:
        """Vectors of `texts`, float32 (len(texts), dimensions), normalised. `on_done` is told how many more are done.

        `exact` asks for full float32 (the default for queries); passages may be embedded in a faster precision.
        """
        ...


class LocalEmbedder:
    """all-MiniLM-L6-v2 in a worker process. Any thread may call; queries overtake passages that wait."""

    model_id = minilm.MODEL_ID
    dimensions = minilm.DIMENSIONS

    patience = Patience()

    def __init__(self, *, log_file: Path | None = None, on_wait: OnWait | None = None) -> None:
        self._log_file = log_file
        self._on_wait = on_wait
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._remembered: collections.OrderedDict[str, bytes] = collections.OrderedDict()
        self._asked: dict[str, _Asked] = {}
        """By text, the call that the worker has it from just now."""
        self._forgotten = 0

    def start(self) -> None:
        """Start the worker; it loads the model while the caller goes on."""
        with self._lock:
            self._ready()

    def stop(self) -> None:
        """End the worker; calls under way fail. The next call starts it again."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def forget(self) -> None:
        """Keep no text of what was embedded."""
        with self._lock:
            self._remembered.clear()
            self._forgotten += 1

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Kind = "passage",
        exact: bool | None = None,
        cancel: threading.Event | None = None,
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray[Any, Any]:
        """See Embedder.embed. What several threads ask for at once, exact, is embedded once."""
        import numpy as np

        exact = kind == "query" if exact is None else exact
        cut = [text[:_TEXT_CHARS] for text in texts]
        if not exact:
            return self._made(cut, exact, cancel, on_done)
        known = self._known(cut, cancel, on_done)
        joined = b"".join(known[text] for text in cut)
        return np.frombuffer(joined, np.float32).reshape(len(cut), self.dimensions).copy()

    def _made(
        self, texts: Sequence[str], exact: bool, cancel: threading.Event | None, on_done: Callable[[int], None] | None
    ) -> np.ndarray[Any, Any]:
        """The vectors of texts, which the worker makes now."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for places, block in self._embedded(texts, exact, cancel):
            rows = np.frombuffer(block, np.float32).reshape(len(places), -1)
            if not self.dimensions:
                self.dimensions = rows.shape[1]
                vectors = np.zeros((len(texts), self.dimensions), np.float32)
            vectors[places] = rows
            if on_done is not None:
                on_done(len(rows))
        return vectors

    def _known(
        self, texts: Sequence[str], cancel: threading.Event | None, on_done: Callable[[int], None] | None
    ) -> dict[str, bytes]:
        """The vector of each text: remembered, made now, or awaited where another thread has asked for it already."""
        known: dict[str, bytes] = {}
        missing = list(dict.fromkeys(texts))
        while missing:
            mine, theirs, asked = self._share(missing, known)
            try:
                if mine:
                    vectors = self._made(mine, True, cancel, on_done)
                    asked.vectors = {text: vector.tobytes() for text, vector in zip(mine, vectors, strict=True)}
            finally:
                self._arrived(asked)
            known.update(asked.vectors)
            for other in theirs:
                while not other.over.wait(_POLL_SECONDS if cancel is not None else None):
                    if cancel is not None and cancel.is_set():
                        raise CancelledError
                known.update((text, other.vectors[text]) for text in missing if text in other.vectors)
            # What another thread asked for and did not get is asked for here.
            missing = [text for text in missing if text not in known]
        return known

    def _share(self, texts: Sequence[str], known: dict[str, bytes]) -> tuple[list[str], list[_Asked], _Asked]:
        """Which texts nobody has asked for, and who has asked for the others; those that are remembered enter `known`."""
        theirs: dict[int, _Asked] = {}
        with self._lock:
            asked = _Asked(self._forgotten)
            for text in texts:
                if (vector := self._remembered.get(text)) is not None:
                    self._remembered.move_to_end(text)
                    known[text] = vector
                elif (other := self._asked.get(text)) is not None:
                    theirs[id(other)] = other
                else:
                    asked.texts.append(text)
                    self._asked[text] = asked
        return asked.texts, list(theirs.values()), asked

    def _arrived(self, asked: _Asked) -> None:
        """Whoever waits for these texts finds their vectors, or that they did not come."""
        with self._lock:
            for text in asked.texts:
                del self._asked[text]
            if asked.forgotten == self._forgotten:
                self._remembered.update(asked.vectors)
            while len(self._remembered) > _REMEMBERED_VECTORS:
                self._remembered.popitem(last=False)
        asked.over.set()

    def _embedded(
        self, texts: Sequence[str], exact: bool, cancel: threading.Event | None
    ) -> Iterator[tuple[list[int], bytes]]:
        """(places in `texts`, their vectors) as they come. Raises EmbedderError, CancelledError.

        A person who waits is not told of a worker that was killed, nobody of one that hung: the next one is asked for what is left.
        """
        left, again = list(range(len(texts))), True
        while left:
            with self._lock:
                connection = self._ready()
            asked, missing = left, set(left)
            try:
                for first, count, block in connection.embed([texts[place] for place in asked], exact, cancel):
                    places = asked[first : first + count]
                    missing.difference_update(places)
                    yield places, block
                return
            except EmbedderError:
                if connection.open or connection.is_over or not again or not (exact or connection.hung):
                    raise
                again, left = False, sorted(missing)

    def _ready(self) -> _Connection:
        if self._connection is None or not self._connection.open:
            self._connection = _Connection(self._log_file, self._arguments(), self.patience, self._on_wait)
        return self._connection

    def _arguments(self) -> Sequence[str]:
        """The model that the worker has; nothing is the built-in one."""
        return ()


class _Asked:
    """Texts that one call has sent to the worker; `over` is set once their vectors are there, or will not come."""

    def __init__(self, forgotten: int) -> None:
        self.forgotten = forgotten
        self.texts: list[str] = []
        self.vectors: dict[str, bytes] = {}
        self.over = threading.Event()


class ChosenEmbedder(LocalEmbedder):
    """Another model in a worker process of its own: a package's, or any of sentence-transformers. Starts when it first embeds.

    `model_id` is what its vectors are stored under; `dimensions` is 0 until it has embedded something.
    """

    patience = replace(Patience(), stalled=600.0)

    def __init__(self, spec: EmbedderSpec, *, log_file: Path | None = None, on_wait: OnWait | None = None) -> None:
        super().__init__(log_file=log_file, on_wait=on_wait)
        self.spec = spec
        self.model_id = spec.model
        self.dimensions = 0

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Kind = "passage",
        exact: bool | None = None,
        cancel: threading.Event | None = None,
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray[Any, Any]:
        """See Embedder.embed. Queries and passages are told apart by their prompts; there is one precision."""
        try:
            return super().embed(texts, kind=kind, exact=kind == "query", cancel=cancel, on_done=on_done)
        except EmbedderError as error:
            # The worker says the reason as the end of a sentence, and the remedy where it knows one.
            reason = error.message.removeprefix(_FAILED).rstrip(".")
            raise EmbedderError(f"The embedding model {self.spec} failed: {reason}.", _remedy(reason)) from None

    def _arguments(self) -> Sequence[str]:
        if self.spec.kind == "package":
            return (self.spec.model,)
        name = self.spec.model
        folder = Path(name).expanduser()
        if folder.is_dir():
            return (self.spec.kind, str(folder.absolute()))
        if os.sep in name[:1] or name.startswith((".", "~")):
            raise EmbedderError(f"There is no folder {name}.", "Name a model's folder, or its name on its hub.")
        offline = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes")
        return (self.spec.kind, name) if offline else (self.spec.kind, name, "--may-download")


class _Connection:
    """One life of the worker: who waits for which answer, and the thread that hands the answers out."""

    def __init__(
        self, log_file: Path | None, arguments: Sequence[str], patience: Patience, on_wait: OnWait | None
    ) -> None:
        self.open = True
        self.is_over = False
        """Whether another worker would end the same way: it was stopped, or the model does not load."""
        self.hung = ""
        """Why it was ended from here; "" while it was not."""
        self.patience = patience
        self.ready = False
        self.signs = self.made = 0
        """How many signs of life came, and how many vectors it said that it had made."""
        self._on_wait = on_wait
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[Any]] = {}
        self._numbers = itertools.count(1)
        self._worker = Worker(_MODULE, arguments, log_file=log_file)
        threading.Thread(target=self._receive, name="vectors", daemon=True).start()

    def close(self) -> None:
        """End the worker; whoever still waits gets an EmbedderError."""
        self.is_over = True
        self._worker.kill()

    def embed(
        self, texts: Sequence[str], exact: bool, cancel: threading.Event | None
    ) -> Iterator[tuple[int, int, bytes]]:
        """(first row, count, vectors) as they come, in any order, until all texts are done."""
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        number, watch = next(self._numbers), _Watch(self, exact)
        with self._lock:
            if not self.open:
                raise _failed(self.hung or "the worker stopped")
            self._waiting[number] = answers

        def full() -> None:
            watch.look()
            if cancel is not None and cancel.is_set():
                self._give_up("the work was stopped")
                raise CancelledError

        try:
            for first in range(0, len(texts), _FRAME_TEXTS):
                part = texts[first : first + _FRAME_TEXTS]
                self._worker.send({"id": number, "first": first, "texts": part, "exact": exact}, full=full)
            done = 0
            while done < len(texts):
                answer = _next(answers, cancel, watch.look)
                if isinstance(answer, EmbedderError):
                    raise answer
                header, block = answer
                done += header["count"]
                yield header["first"], header["count"], block
        except WorkerGoneError as gone:
            # The thread that receives may not have noticed yet; the next call must not be handed this dead worker.
            self.open = False
            raise _failed(self.hung or str(gone)) from None
        except (CancelledError, GeneratorExit):
            with contextlib.suppress(WorkerGoneError):
                self._worker.send({"cancel": number}, full=lambda: self._give_up("the work was stopped"))
            raise
        finally:
            with self._lock:
                self._waiting.pop(number, None)

    def _receive(self) -> None:
        error = _failed("the worker stopped")
        try:
            while (frame := self._worker.receive()) is not None:
                header, block = frame
                self._note(header)
                if "fatal" in header:
                    error, self.is_over = _failed(header["fatal"]), True
                    break
                with self._lock:
                    answers = self._waiting.get(header.get("id", 0))
                if answers is not None:
                    answers.put(_failed(header["error"]) if "error" in header else (header, block))
        except WorkerGoneError as gone:
            error = _failed(self.hung or str(gone))
        with self._lock:
            self.open = False
            waiting = list(self._waiting.values())
        for answers in waiting:
            answers.put(error)
        self._worker.kill()

    def _note(self, header: dict[str, Any]) -> None:
        """A frame came, whatever it says: the worker is alive."""
        self.signs += 1
        self._told.discard("silent")
        made = header.get("alive", self.made + header.get("count", 0))
        if made != self.made or "ready" in header:
            self._told.discard("slow")
        self.made, self.ready = made, self.ready or "ready" in header

    def judge(self, silent: float, still: float, waited_for: bool) -> None:
        """Tell, or end, a worker that was waited for so many seconds without a sign of life, or (`still`) without a vector."""
        bounds = self.patience
        bound = bounds.query if waited_for else bounds.passages
        bound = bound if self.ready else 2 * bound
        process = self._worker.pid
        if silent > bound:
            self._replace(f"gave no sign of life for {bound:.3g} seconds")
        elif still > bounds.stalled and self.ready:
            self._replace(f"made no vector for {bounds.stalled:.3g} seconds")
        elif silent > bounds.told:
            self._tell(
                "silent",
                f"Waiting for the embedding process ({process}), which gives no sign of life; "
                f"after {bound:.3g} seconds it is started anew.",
            )
        elif still > bounds.told * _SLOW:
            does = "is at work and has made no vector" if self.ready else "has been loading its model"
            self._tell("slow", f"Waiting for the embedding process ({process}), which {does} for {still:.0f} seconds.")

    def _replace(self, why: str) -> None:
        self._give_up(why)
        self._tell("ended", f"The embedding process was ended: it {why}.")

    def _give_up(self, why: str) -> None:
        with self._lock:
            self.hung, self.open = self.hung or f"its process {why}", False
        self._worker.kill()

    def _tell(self, what: str, sentence: str) -> None:
        with self._lock:
            if what in self._told or "ended" in self._told:
                return
            self._told.add(what)
        log.warning("%s", sentence)
        if self._on_wait is not None:
            self._on_wait(sentence)


class _Watch:
    """Counts how long one caller has waited for a worker without a sign of life, and without a vector."""

    def __init__(self, connection: _Connection, waited_for: bool) -> None:
        self._connection, self._waited_for = connection, waited_for
        self._signs, self._made = connection.signs, connection.made
        self._silent = self._still = 0.0
        self._at = time.monotonic()

    def look(self) -> None:
        """To be called again and again while the caller waits."""
        now, connection = time.monotonic(), self._connection
        passed, self._at = min(now - self._at, _LONGEST_LOOK_SECONDS), now
        self._silent = self._silent + passed if connection.signs == self._signs else 0.0
        self._still = self._still + passed if connection.made == self._made else 0.0
        self._signs, self._made = connection.signs, connection.made
        connection.judge(self._silent, self._still, self._waited_for)


def _next(answers: queue.SimpleQueue[Any], cancel: threading.Event | None, look: Callable[[], None]) -> Any:
    while True:
        if cancel is not None and cancel.is_set():
            raise CancelledError
        look()
        with contextlib.suppress(queue.Empty):
            return answers.get(timeout=_POLL_SECONDS if cancel is not None else 1.0)


def _failed(reason: str) -> EmbedderError:
    return EmbedderError(f"{_FAILED}{reason}.", "Try again; the log says more (workbench doctor).")


def _remedy(reason: str) -> str:
    if "not installed" in reason:
        extra = "sentence-transformers" if "sentence" in reason else "embedding-models"
        return f"Install it: pip install 'memgpt-workbench[{extra}]'; or choose another embedding_model."
    return "Check its name or folder; the log says more (workbench doctor)."


class QueryEmbedder:
    """Queries do not wait behind the passages of a load, and are embedded in full float32."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed(self, queries: Sequence[str]) -> np.ndarray:
        """Unit vectors of the queries, float32 (len(queries), dimensions). Raises EmbedderError."""
        with doing("waiting for the embedding model"):
            return self._embedder.embed(list(queries), kind="query")

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """Cosine of each text with the query, -1..1. A text has the same score whatever stands beside it. Raises EmbedderError."""
        if not texts:
            return []
        with doing("waiting for the embedding model"):
            vectors = self._embedder.embed([query, *texts], kind="query", exact=True)
        return [float(value) for value in vectors[1:] @ vectors[0]]
