"""The reranking worker: scores each (query, text) pair that comes over its pipe.

Run as `python -m workbench.embedding.reranker_worker NAME`. Each pair is scored by itself, so a score depends on nothing beside it.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import numpy as np

from workbench.core.paths import locate
from workbench.core.worker_process import Channel

NICENESS = 5

log = logging.getLogger(__name__)


def load(name: str, *, may_download: bool) -> Any:
    """The cross-encoder in a folder, or of a name: what is here already first, then, if that is allowed, from its hub."""
    if may_download:
        for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
            os.environ.pop(variable, None)  # before the libraries read them
    # torch makes a folder for compiled code when it is imported: by default under a name that anybody can guess, for all users.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(locate().cache / "torch")
    from sentence_transformers import CrossEncoder

    try:
        return CrossEncoder(name, device="cpu", local_files_only=True, num_labels=1)
    except Exception:
        if not may_download:
            raise
        log.info("fetching %s", name)
        return CrossEncoder(name, device="cpu", num_labels=1)


def main() -> None:
    """Load the model, say so, then answer until the pipe ends."""
    channel = Channel.take_over(NICENESS)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s reranking %(name)s: %(message)s")
    try:
        model = load(sys.argv[1], may_download="--may-download" in sys.argv[2:])
    except Exception as error:
        log.exception("the reranker cannot be loaded")
        channel.send({"fatal": " ".join(str(error).split())[:300] or type(error).__name__})
        return
    channel.send({"ready": True})
    while True:
        header, _ = channel.frames.get()
        try:
            pairs = [(header["query"], text) for text in header["texts"]]
            scores = model.predict(pairs, batch_size=1, show_progress_bar=False)
        except Exception as error:
            log.exception("reranking failed")
            channel.send({"id": header["id"], "error": f"{type(error).__name__}: {error}"[:300]})
            continue
        channel.send({"id": header["id"]}, np.asarray(scores, np.float32).reshape(len(pairs)).tobytes())


if __name__ == "__main__":
    main()
