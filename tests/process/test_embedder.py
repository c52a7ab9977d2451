"""The embedding worker: the right vectors, the same every time, a query before passages, an end when asked."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from tests.support.processes import alive, descendants
from workbench.core.errors import EmbedderError
from workbench.core.worker_process import CancelledError
from workbench.embedding import minilm
from workbench.embedding.client import LocalEmbedder, Patience

WORDS = ("keeper", "light", "bell", "storm", "harbour", "1891", "lease", "clause", "灯台", "المنارة", "wreck", "lamp")

KNOWN = {
    "who kept the light?": (-0.055235, 0.130930, -0.022756, 0.143444),
    "The ferry of the east pier was painted green by Tove Lund.": (-0.001679, 0.032659, 0.059706, 0.006772),
    "灯台 المنارة 1891": (-0.048567, 0.169373, -0.028843, 0.034955),
    "lamp " * 300: (0.012149, -0.055664, -0.006203, -0.054228),
}
"""The first four values of vectors, computed in f32."""


def texts(count: int, seed: int = 1) -> list[str]:
    chosen = random.Random(seed)
    return [" ".join(chosen.choices(WORDS, k=chosen.randint(1, 230))) for _ in range(count)]


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEmbedder]:
    """Another worker, which may be killed: it starts again by itself."""
    embedder = LocalEmbedder(log_file=tmp_path_factory.mktemp("log") / "second.log")
    yield embedder
    embedder.stop()


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEmbedder]:
    embedder = LocalEmbedder(log_file=tmp_path_factory.mktemp("log") / "embedder.log")
    yield embedder
    embedder.stop()


def test_vectors_are_those_that_the_model_gave_before(embedder: LocalEmbedder) -> None:
    """The nightly test compares with sentence-transformers."""
    exact = embedder.embed(list(KNOWN), exact=True)
    assert np.abs(exact[:, :4] - np.array(list(KNOWN.values()))).max() < 1e-4
    fast = embedder.embed(list(KNOWN))
    assert (fast * exact).sum(axis=1).min() > 0.9999
    assert fast.dtype == exact.dtype == np.float32


@pytest.mark.nightly
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


@pytest.mark.parametrize("exact", [True, pytest.param(False, marks=pytest.mark.nightly)])
@pytest.mark.nightly
def test_a_vector_depends_on_its_text_alone(embedder: LocalEmbedder, second: LocalEmbedder, exact: bool) -> None:
    sample = texts(12, seed=2)
    crowd = threading.Thread(target=second.embed, args=(texts(16, seed=3),))
    crowd.start()
    backwards = second.embed(sample[::-1], exact=exact)[::-1]
    crowd.join()
    assert (embedder.embed(sample, exact=exact) == backwards).all()
    assert (embedder.embed(sample[5:6], exact=exact)[0] == backwards[5]).all()


def test_no_texts_and_repeated_texts(embedder: LocalEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 384)
    twice = embedder.embed(["a", "b", "a"], kind="query")
    assert (twice[0] == twice[2]).all()
    assert (twice[0] != twice[1]).any()


@pytest.mark.nightly
def test_a_query_overtakes_passages(embedder: LocalEmbedder) -> None:
    done: list[int] = []
    begun = threading.Event()

    def count(many: int) -> None:
        done.append(many)
        begun.set()

    load = threading.Thread(target=embedder.embed, args=(texts(80, seed=4),), kwargs={"on_done": count})
    load.start()
    assert begun.wait(60)
    embedder.embed(["who kept the light?"], kind="query")
    assert sum(done) < 60
    load.join()
    assert sum(done) == 80


def test_cancel_ends_the_call_and_the_work(embedder: LocalEmbedder) -> None:
    cancel, done = threading.Event(), 0

    def count(many: int) -> None:
        nonlocal done
        done += many
        cancel.set()

    with pytest.raises(CancelledError):
        embedder.embed(texts(3_000, seed=5), cancel=cancel, on_done=count)
    assert done < 1_000
    assert embedder.embed(texts(8, seed=6)).shape == (8, 384)


@pytest.fixture
def worker(second: LocalEmbedder) -> int:
    """The process of the other worker, just started."""
    second.stop()
    before = descendants(os.getpid())
    second.embed(["warm"])
    (started,) = set(descendants(os.getpid())) - set(before)
    return started


@pytest.fixture
def kill(worker: int) -> Callable[[int], None]:
    """Told that the first vectors are done, kills it."""

    def killing(many: int) -> None:
        if alive(worker):
            os.kill(worker, signal.SIGKILL)

    return killing


def test_a_worker_that_dies_is_reported_and_replaced(second: LocalEmbedder, kill: Callable[[int], None]) -> None:
    with pytest.raises(EmbedderError) as caught:
        second.embed(texts(2_000), on_done=kill)
    assert caught.value.hint
    assert second.embed(["again"]).shape == (1, 384)


def test_a_person_who_waits_is_not_told_of_a_worker_that_was_killed(
    second: LocalEmbedder, worker: int, kill: Callable[[int], None]
) -> None:
    asked = [f"the lamp at pier {number}" for number in range(120)]
    vectors = second.embed(asked, exact=True, on_done=kill)
    assert not alive(worker)
    assert vectors.shape == (len(asked), 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)


class Watched(LocalEmbedder):
    """Notes the texts that go to the worker, once all callers have asked for theirs, and that somebody waits for another's."""

    def __init__(self, callers: int) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.all_asked = threading.Barrier(callers)
        self.waited_for = threading.Event()

    def _share(self, *more: Any) -> Any:
        shared = super()._share(*more)
        if shared[1]:
            self.waited_for.set()
        return shared

    def _embedded(self, texts: Sequence[str], *more: Any) -> Any:
        self.sent.extend(texts)
        self.all_asked.wait(30)
        return super()._embedded(texts, *more)


def test_what_many_ask_for_at_once_is_embedded_once(embedder: LocalEmbedder) -> None:
    shared, own = texts(8, seed=7), [f"only caller {number} asks for this" for number in range(4)]
    watched, answers = Watched(4), dict[int, Any]()

    def ask(number: int) -> None:
        answers[number] = watched.embed([*shared, own[number]], exact=True)

    callers = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    watched.stop()
    assert sorted(watched.sent) == sorted([*shared, *own])
    for number, vectors in answers.items():
        assert (vectors == embedder.embed([*shared, own[number]], exact=True)).all()


def test_what_another_asked_for_and_gave_up_is_still_embedded(embedder: LocalEmbedder) -> None:
    cancel, sample, watched, answers = threading.Event(), texts(400, seed=8), Watched(1), list[Any]()
    other = threading.Thread(target=lambda: answers.append(watched.embed(sample[-5:], exact=True)))

    def give_up(many: int) -> None:
        other.start()
        assert watched.waited_for.wait(30)
        cancel.set()

    with pytest.raises(CancelledError):
        watched.embed(sample, exact=True, cancel=cancel, on_done=give_up)
    other.join(60)
    watched.stop()
    assert (answers[0] == embedder.embed(sample[-5:], exact=True)).all()


@pytest.mark.parametrize("waited_for", [True, pytest.param(False, marks=pytest.mark.nightly)])
def test_a_worker_that_stands_still_is_told_and_replaced(second: LocalEmbedder, worker: int, waited_for: bool) -> None:
    """What is sent is far more than its pipe holds: sending must not wait for ever either."""
    told: list[str] = []
    impatient = LocalEmbedder(on_wait=told.append)
    impatient.patience = Patience(told=0.8, query=2.0, passages=2.0)
    before = descendants(os.getpid())
    try:
        impatient.embed(["warm"])
        (stopped,) = set(descendants(os.getpid())) - set(before)
        os.kill(stopped, signal.SIGSTOP)
        told.clear()
        asked = [f"the lamp at pier {number} {'wick ' * 900}" for number in range(24)]
        vectors = impatient.embed(asked, exact=waited_for)
        assert not alive(stopped)
    finally:
        impatient.stop()
    assert (vectors == second.embed(asked, exact=waited_for)).all()
    assert "Waiting for the embedding process" in told[0]
    assert "was ended: it gave no sign of life for 2 seconds" in told[1]


def test_a_worker_is_heard_beside_more_files_than_select_knows(second: LocalEmbedder) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1_200:
        pytest.skip("this system allows no process so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1_200), hard))
    held: list[int] = []
    second.stop()
    try:
        while not held or held[-1] < 1_030:
            held.append(os.open(os.devnull, os.O_RDONLY))
        assert second.embed(["one among many"]).shape == (1, 384)
    finally:
        for handle in held:
            os.close(handle)
        second.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_person_who_stops_does_not_wait_for_a_worker_that_stands_still(second: LocalEmbedder, worker: int) -> None:
    os.kill(worker, signal.SIGSTOP)
    cancel, began = threading.Event(), time.monotonic()
    threading.Timer(0.5, cancel.set).start()
    with pytest.raises(CancelledError):
        second.embed(["wick " * 3_000] * 60, cancel=cancel)
    assert time.monotonic() - began < 5
    assert second.embed(["again"]).shape == (1, 384)


def test_importing_the_embedder_is_light() -> None:
    heavy = "numpy openvino torch sentence_transformers tokenizers pypdfium2 pypdf pypandoc duckdb tiktoken"
    script = (
        "import sys, workbench.ingest.pipeline, workbench.embedding.client, workbench.ingest.reader_client, loaders.registry\n"
        f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
