"""The embedding worker: the right vectors, the same every time, a query before passages, an end when asked."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import EmbedderError
from workbench.core.worker_process import CancelledError
from workbench.embedding import minilm
from workbench.embedding.client import LocalEmbedder

WORDS = ("keeper", "light", "bell", "storm", "harbour", "1891", "lease", "clause", "灯台", "المنارة", "wreck", "lamp")


def texts(count: int, seed: int = 1) -> list[str]:
    chosen = random.Random(seed)
    return [" ".join(chosen.choices(WORDS, k=chosen.randint(1, 230))) for _ in range(count)]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEmbedder]:
    embedder = LocalEmbedder(log_file=tmp_path_factory.mktemp("log") / "embedder.log")
    yield embedder
    embedder.stop()


def test_vectors_are_those_of_the_model_itself(embedder: LocalEmbedder) -> None:
    from sentence_transformers import SentenceTransformer

    sample = [*texts(12), "x" * 5_000, "short", " ".join(WORDS) * 40]
    model = SentenceTransformer(str(minilm.folder()), device="cpu", local_files_only=True)
    model.max_seq_length = minilm.LIMIT_TOKENS
    reference = model.encode(sample, normalize_embeddings=True)
    exact = embedder.embed(sample, exact=True)
    assert np.abs(exact - reference).max() < 1e-5
    fast = embedder.embed(sample)
    assert (fast * reference).sum(axis=1).min() > 0.9999
    assert fast.dtype == exact.dtype == np.float32
    assert np.allclose(np.linalg.norm(fast, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("exact", [True, False])
def test_a_vector_depends_on_its_text_alone(embedder: LocalEmbedder, exact: bool) -> None:
    sample = texts(24, seed=2)
    other = LocalEmbedder()
    try:
        crowd = threading.Thread(target=other.embed, args=(texts(60, seed=3),))
        crowd.start()
        backwards = other.embed(sample[::-1], exact=exact)[::-1]
        crowd.join()
    finally:
        other.stop()
    assert (embedder.embed(sample, exact=exact) == backwards).all()
    assert (embedder.embed(sample[5:6], exact=exact)[0] == backwards[5]).all()


def test_no_texts_and_repeated_texts(embedder: LocalEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 384)
    twice = embedder.embed(["a", "b", "a"], kind="query")
    assert (twice[0] == twice[2]).all()
    assert (twice[0] != twice[1]).any()


def test_a_query_overtakes_passages(embedder: LocalEmbedder) -> None:
    done: list[int] = []
    load = threading.Thread(target=embedder.embed, args=(texts(120, seed=4),), kwargs={"on_done": done.append})
    load.start()
    while not done:
        time.sleep(0.01)
    embedder.embed(["who kept the light?"], kind="query")
    assert sum(done) < 60
    load.join()
    assert sum(done) == 120


def test_cancel_ends_the_call_and_the_work(embedder: LocalEmbedder) -> None:
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    with pytest.raises(CancelledError):
        embedder.embed(texts(3_000, seed=5), cancel=cancel)
    started = time.monotonic()
    embedder.embed(texts(8, seed=6))
    assert time.monotonic() - started < 10


def test_a_worker_that_dies_is_reported_and_replaced(tmp_path: Path) -> None:
    embedder = LocalEmbedder(log_file=tmp_path / "log")
    try:
        embedder.embed(["warm"])
        assert embedder._connection is not None
        threading.Timer(0.2, os.kill, (embedder._connection._worker.pid, signal.SIGKILL)).start()
        with pytest.raises(EmbedderError) as caught:
            embedder.embed(texts(2_000))
        assert caught.value.hint
        assert embedder.embed(["again"]).shape == (1, 384)
    finally:
        embedder.stop()


def test_importing_the_embedder_is_light() -> None:
    heavy = "numpy openvino torch sentence_transformers tokenizers pypdfium2 pypdf pypandoc duckdb tiktoken"
    script = (
        "import sys, workbench.ingest.pipeline, workbench.embedding.client, workbench.ingest.reader_client, loaders.registry\n"
        f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
