"""Vectors of single words from the first layer of the embedded model: a table that is read, so that nothing has to be computed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import EmbedderError
from workbench.embedding import minilm

_TABLE = "embeddings.word_embeddings.weight"
_UNKNOWN = "[UNK]"


def word_vectors(words: Sequence[str]) -> NDArray[np.float32]:
    """A vector for each word, float32 (words, 384), not normalised: the mean of its pieces; zeros where one of them is not known.

    Raises EmbedderError where the model is not installed or has no such table.
    """
    if not words:
        return np.zeros((0, minilm.DIMENSIONS), np.float32)
    from safetensors import SafetensorError, safe_open

    tokenizer: Any = minilm.tokenizer()
    unknown = tokenizer.token_to_id(_UNKNOWN)
    pieces = [encoding.ids for encoding in tokenizer.encode_batch(list(words), add_special_tokens=False)]
    needed = sorted({piece for ids in pieces for piece in ids})
    try:
        with safe_open(minilm.folder() / "model.safetensors", "numpy") as weights:
            rows = weights.get_slice(_TABLE)
            table = np.zeros((len(needed), minilm.DIMENSIONS), np.float32)
            for number, piece in enumerate(needed):
                table[number] = rows[piece : piece + 1][0]
    except (SafetensorError, OSError) as error:
        raise EmbedderError(
            f"The embedding model has no vectors of words ({error}).",
            "Install it again: pip install --force-reinstall memgpt-workbench",
        ) from None
    place = dict(zip(needed, itertools.count(), strict=False))
    vectors = np.zeros((len(pieces), minilm.DIMENSIONS), np.float32)
    for number, ids in enumerate(pieces):
        if ids and unknown not in ids:
            vectors[number] = table[[place[piece] for piece in ids]].mean(axis=0)
    return vectors
