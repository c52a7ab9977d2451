"""Keeps exact embeddings of texts in a file between runs, so that a measurement embeds every sentence once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.embedding.client import LocalEmbedder


class KeptVectors:
    """A likeness function, `score(query, texts)`, over vectors that stay on disk."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._embedder: LocalEmbedder | None = None
        self._rows: dict[bytes, int] = {}
        self._vectors: list[Any] = []
        self._saved = 0
        if file.is_file():
            with np.load(file) as stored:
                self._rows = {bytes(key): at for at, key in enumerate(stored["keys"])}
                self._vectors = list(stored["vectors"])
        self._saved = len(self._vectors)

    def vectors(self, texts: Sequence[str]) -> Any:
        """Unit vectors, one row a text."""
        keys = [hashlib.sha1(text.encode("utf-8", "replace")).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows}
        if missing:
            if self._embedder is None:
                self._embedder = LocalEmbedder()
            made = self._embedder.embed(list(missing.values()), kind="query", exact=True)
            for key, vector in zip(missing, made, strict=True):
                self._rows[key] = len(self._vectors)
                self._vectors.append(vector)
        return np.stack([self._vectors[self._rows[key]] for key in keys])

    def __call__(self, query: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        rows = self.vectors([query, *texts])
        return [float(value) for value in rows[1:] @ rows[0]]

    def save(self) -> None:
        """Write what is new to the file."""
        if len(self._vectors) > self._saved:
            keys = np.frombuffer(b"".join(self._rows), np.uint8).reshape(-1, 20)
            np.savez(self._file, keys=keys, vectors=np.stack(self._vectors).astype(np.float32))
            self._saved = len(self._vectors)

    def close(self) -> None:
        """Save, and stop the worker."""
        self.save()
        if self._embedder is not None:
            self._embedder.stop()
            self._embedder = None
