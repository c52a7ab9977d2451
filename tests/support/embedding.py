"""An embedder for tests: no worker, no model, the same vectors every time, and a way to put it in the place of the real one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from threading import Event

import numpy as np
import numpy.typing as npt
import pytest

from workbench.embedding.client import Kind
from workbench.services.container import AppContext

DIMENSIONS = 384


@lru_cache(maxsize=100_000)
def _direction(word: str) -> npt.NDArray[np.float32]:
    """The direction of a word. Seeding a generator takes 20 µs: once a word, not once a word of every text."""
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)


class WordEmbedder:
    """Holds to the Embedder protocol: a text is the normalised sum of the directions of its words."""

    model_id = "words"
    dimensions = DIMENSIONS

    def embed(
        self,
        texts: Sequence[str],
        *,
        kind: Kind = "passage",
        exact: bool | None = None,
        cancel: Event | None = None,
        on_done: Callable[[int], None] | None = None,
    ) -> npt.NDArray[np.float32]:
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row] += _direction(word.strip(".,;:?!\"'()"))
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if on_done is not None:
            on_done(len(texts))
        return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)

    def start(self) -> None: ...

    def stop(self) -> None: ...


@contextmanager
def embedding_words(embedder: WordEmbedder | None = None) -> Iterator[WordEmbedder]:
    """While this lasts, every workbench of this process embeds with the embedder of words."""
    words = embedder or WordEmbedder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AppContext, "embedder", property(lambda app: words))
        yield words
