"""The embedding worker: embeds the texts that come over its pipe; a query overtakes waiting passages.

Run as `python -m workbench.embedding.worker [MODEL …]`; without a model it has the built-in one. Every text is an inference of
its own, so a vector depends on its text and on nothing else that is embedded with it; on CPUs that costs nothing against
batches: there is no padding.
"""

from __future__ import annotations

import collections
import faulthandler
import itertools
import logging
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from workbench.core.errors import EmbedderError, WorkbenchError
from workbench.core.worker_process import Channel
from workbench.embedding import minilm
from workbench.embedding.machine_slot import CORES_OF_ONE, cores

NICENESS = 5
PULSE_SECONDS = 1.0
_SLICE_TEXTS = 8
_EXACT = "f32"

log = logging.getLogger(__name__)


class Encoder(Protocol):
    """Texts to vectors, one at a time. `lane` says which of the threads asks."""

    def encode(self, text: str, exact: bool, lane: int) -> np.ndarray[Any, Any]: ...


class OpenVinoEncoder:
    """The graph in two precisions: float32 for queries and scores, bfloat16 (where the CPU has it) for passages."""

    def __init__(self, lanes: int) -> None:
        import openvino

        from workbench.embedding import minilm_graph

        self._tokenizer = minilm.tokenizer()
        self._tokenizer.enable_truncation(minilm.LIMIT_TOKENS)
        model = minilm_graph.build(minilm.folder())
        core = openvino.Core()
        streams = {"NUM_STREAMS": str(lanes), "INFERENCE_NUM_THREADS": str(lanes)}
        fast = passage_precision(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        requests = {}
        for precision in dict.fromkeys((_EXACT, fast)):
            compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision, **streams})
            requests[precision] = [compiled.create_infer_request() for _ in range(lanes)]
        self._requests = {True: requests[_EXACT], False: requests[fast]}

    def encode(self, text: str, exact: bool, lane: int) -> np.ndarray[Any, Any]:
        ids = np.array([self._tokenizer.encode(text).ids], np.int32)
        request = self._requests[exact][lane]
        request.infer({"ids": ids, "mask": np.ones_like(ids)})
        return np.array(request.get_output_tensor(0).data[0], np.float32)


def passage_precision(capabilities: Sequence[str]) -> str:
    """The precision of passages on a CPU with these capabilities, as OpenVINO names them: bfloat16 where the CPU has it.

    Asked for it on a CPU with AVX-512 and without bfloat16, OpenVINO imitates it: 760 ms for a passage of 107 tokens against 25.
    """
    return "bf16" if "BF16" in capabilities else _EXACT


class TorchEncoder:
    """The same model in PyTorch, where OpenVINO does not run: slower, float32 throughout."""

    def __init__(self) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        self._model = SentenceTransformer(str(minilm.folder()), device="cpu", local_files_only=True)

    def encode(self, text: str, exact: bool, lane: int) -> np.ndarray[Any, Any]:
        vectors = self._model.encode([text], normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors[0], np.float32)


def encoder(lanes: int) -> Encoder:
    """OpenVINO; where that fails, PyTorch if the extra is installed. Raises EmbedderError when neither runs."""
    try:
        return OpenVinoEncoder(lanes)
    except WorkbenchError:
        raise
    except Exception as error:
        log.exception("OpenVINO does not run here; PyTorch takes over if it is installed")
        try:
            return TorchEncoder()
        except ImportError:
            raise EmbedderError(
                f"The embedding model does not run in OpenVINO here ({type(error).__name__}).",
                "Run it in PyTorch: pip install 'memgpt-workbench[sentence-transformers]'",
            ) from error


class _Work:
    """What is to be embedded: queries in one lane, slices of passages in the other; guarded by one condition."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.queries: collections.deque[tuple[int, int, str]] = collections.deque()
        self.slices: collections.deque[tuple[int, int, list[str]]] = collections.deque()
        self.cancelled: set[int] = set()
        self.made = 0
        """How many vectors were made so far."""
        self._count = itertools.count(1)

    def count(self) -> None:
        """One more vector was made; any thread may say so."""
        self.made = next(self._count)

    def take(self, header: dict[str, Any]) -> None:
        with self.changed:
            if "cancel" in header:
                self.cancelled.add(header["cancel"])
                self.queries = collections.deque(item for item in self.queries if item[0] != header["cancel"])
                self.slices = collections.deque(item for item in self.slices if item[0] != header["cancel"])
                return
            number, first, texts = header["id"], header["first"], header["texts"]
            if header["exact"]:
                self.queries.extend((number, first + at, text) for at, text in enumerate(texts))
            else:
                for at in range(0, len(texts), _SLICE_TEXTS):
                    self.slices.append((number, first + at, texts[at : at + _SLICE_TEXTS]))
            self.changed.notify_all()

    def query(self) -> tuple[int, int, str] | None:
        with self.changed:
            return self.queries.popleft() if self.queries else None

    def slice(self) -> tuple[int, int, list[str]] | None:
        """The next slice; waits for work, and gives None when the work is a query."""
        with self.changed:
            self.changed.wait_for(lambda: self.queries or self.slices)
            return None if self.queries else self.slices.popleft()


class _Lane(threading.Thread):
    """One of the threads that embed; before each passage it looks whether a query waits."""

    def __init__(self, number: int, work: _Work, model: Encoder, channel: Channel) -> None:
        super().__init__(name=f"lane {number}", daemon=True)
        self.number, self.work, self.model, self.channel = number, work, model, channel

    def run(self) -> None:
        while True:
            taken = self.work.slice()
            self.queries()
            if taken is not None:
                self.passages(*taken)

    def queries(self) -> None:
        while (taken := self.work.query()) is not None:
            number, place, text = taken
            self.answer(number, place, [text], exact=True)

    def passages(self, number: int, first: int, texts: list[str]) -> None:
        self.answer(number, first, texts, exact=False)

    def answer(self, number: int, first: int, texts: list[str], exact: bool) -> None:
        vectors = []
        try:
            for text in texts:
                if not exact:
                    self.queries()
                if number in self.work.cancelled:
                    return
                vectors.append(self.model.encode(text, exact, self.number))
                self.work.count()
        except Exception as error:
            log.exception("embedding failed")
            self.channel.send({"id": number, "error": f"{type(error).__name__}: {error}"})
            return
        self.channel.send({"id": number, "first": first, "count": len(texts)}, np.stack(vectors).tobytes())


def _pulse(channel: Channel, work: _Work) -> None:
    """Say every second that this process is there, and how many vectors it has made.

    Whoever waits can tell one that is slow from one that was stopped.
    """
    while True:
        time.sleep(PULSE_SECONDS)
        channel.send({"alive": work.made})


def main() -> None:
    """Load the model, say so, then answer until the pipe ends."""
    channel = Channel.take_over(NICENESS)
    work = _Work()
    threading.Thread(target=_pulse, args=(channel, work), name="pulse", daemon=True).start()
    faulthandler.enable()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s embedding %(name)s: %(message)s")
    lanes = max(1, min(CORES_OF_ONE, cores()))
    try:
        if sys.argv[1:]:
            from workbench.embedding import other_encoders

            model: Encoder = other_encoders.chosen(sys.argv[1:], lanes)
            lanes = getattr(model, "lanes", lanes)
        else:
            model = encoder(lanes)
    except Exception as error:
        log.exception("the embedding model cannot be loaded")
        channel.send({"fatal": str(error) or type(error).__name__})
        return
    for number in range(lanes):
        _Lane(number, work, model, channel).start()
    channel.send({"ready": True, "engine": type(model).__name__, "lanes": lanes})
    while True:
        header, _ = channel.frames.get()
        work.take(header)


if __name__ == "__main__":
    main()
