"""Counts tokens in a process of its own, so that a screen is neither stopped nor weighed down by the tables of a tokenizer.

To build tiktoken's encoding holds Python's lock for 0.15 s of processor time (0.4 s on a busy machine), in which no key is answered
and no frame is drawn, and it is built anew whenever a load had it released; built, it takes 44 MB, and 66 MB more for the moment.
The counts are the same: the child counts with the same encoding.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from workbench.core import tokens
from workbench.core.errors import WorkError
from workbench.core.worker_process import Channel, Worker, WorkerGoneError

log = logging.getLogger(__name__)

_MODULE = "workbench.core.token_process"
_ANSWER_SECONDS = 60.0
"""A child that answers nothing for so long is given up: on an overloaded machine it may take half of that to start."""


class TokenProcess:
    """The parent's end. Once the child is gone, texts are counted in this process."""

    def __init__(self, log_file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._worker: Worker | None = Worker(_MODULE, log_file=log_file)

    def count(self, name: str, text: str) -> int:
        """How many tokens `text` is in the encoding `name`. Raises WorkError when its rank files are not installed."""
        with self._lock:
            if self._worker is not None:
                try:
                    return self._asked(self._worker, name, text)
                except WorkerGoneError as gone:
                    log.warning("tokens are counted here from now on: %s", gone)
                    self._worker.kill()
                    self._worker = None
        return tokens.count_here(text, name)

    def _asked(self, worker: Worker, name: str, text: str) -> int:
        worker.send({"name": name}, text.encode("utf-8", "surrogatepass"))
        answer = worker.receive(_ANSWER_SECONDS)
        if answer is None:
            raise WorkerGoneError("the process that counts tokens does not answer")
        header, _ = answer
        if "error" in header:
            raise WorkError(*header["error"])
        return int(header["tokens"])

    def close(self) -> None:
        """End the child."""
        with self._lock:
            if self._worker is not None:
                self._worker.close()
                self._worker = None


@contextlib.contextmanager
def counting_apart(log_file: Path | None = None) -> Iterator[None]:
    """Tokens are counted in a process of its own inside the block; it builds its tables while this process goes on."""
    process = TokenProcess(log_file)
    tokens.count_with(process.count)
    try:
        yield
    finally:
        tokens.count_with(None)
        process.close()


def main() -> None:
    """Count what the parent sends, until its pipe ends."""
    channel = Channel.take_over(0)
    with contextlib.suppress(WorkError):
        tokens.prepare(tokens.USUAL)
    while True:
        header, data = channel.frames.get()
        try:
            counted = tokens.count_here(data.decode("utf-8", "surrogatepass"), header["name"])
        except WorkError as error:
            channel.send({"error": [error.message, error.hint]})
        else:
            channel.send({"tokens": counted})


if __name__ == "__main__":
    main()
