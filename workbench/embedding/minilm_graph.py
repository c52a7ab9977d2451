"""Builds the embedding model as an OpenVINO graph from the weights of a BERT encoder.

Built by hand from the weights, layer by layer, so that neither PyTorch nor a conversion is needed to embed a query: the
graph stands within a fifth of a second. Inputs are `ids` and `mask`, int32 (texts, tokens); the output is float32
(texts, dimensions): the mean of the last layer over the mask, L2-normalised.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as op
from safetensors.numpy import load_file


def build(folder: Path) -> ov.Model:
    """The encoder of the sentence-transformers model in `folder` (BERT, mean pooling). Raises ValueError for others."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise ValueError(f"not a BERT encoder: {config.get('model_type')}")
    return _Graph(config, load_file(folder / "model.safetensors")).model()


class _Graph:
    def __init__(self, config: dict[str, Any], weights: dict[str, np.ndarray[Any, Any]]) -> None:
        self.config = config
        self.weights = weights
        self.heads = int(config["num_attention_heads"])
        self.width = int(config["hidden_size"]) // self.heads

    def model(self) -> ov.Model:
        ids = op.parameter([-1, -1], np.int32, name="ids")
        mask = op.parameter([-1, -1], np.int32, name="mask")
        state = self._embed(ids)
        bias = self._attention_bias(mask)
        for layer in range(int(self.config["num_hidden_layers"])):
            state = self._layer(state, bias, f"encoder.layer.{layer}.")
        return ov.Model([_pooled(state, mask)], [ids, mask], "sentence_encoder")

    def _weight(self, name: str) -> Any:
        return op.constant(np.ascontiguousarray(self.weights[name], dtype=np.float32))

    def _dense(self, state: Any, name: str) -> Any:
        product = op.matmul(state, self._weight(name + ".weight"), False, True)
        return op.add(product, self._weight(name + ".bias"))

    def _norm(self, state: Any, name: str) -> Any:
        normal = op.mvn(state, op.constant(np.array([-1])), True, float(self.config["layer_norm_eps"]), "INSIDE_SQRT")
        return op.add(op.multiply(normal, self._weight(name + ".weight")), self._weight(name + ".bias"))

    def _embed(self, ids: Any) -> Any:
        words = op.gather(self._weight("embeddings.word_embeddings.weight"), ids, op.constant(np.int32(0)))
        # Every token is of type 0, so its type vector is added to the positions once and for all.
        table = self.weights["embeddings.position_embeddings.weight"]
        table = table + self.weights["embeddings.token_type_embeddings.weight"][0]
        length = op.gather(op.shape_of(ids, "i32"), op.constant(np.int32(1)), op.constant(np.int32(0)))
        positions = op.range(op.constant(np.int32(0)), length, op.constant(np.int32(1)), "i32")
        places = op.gather(op.constant(np.ascontiguousarray(table)), positions, op.constant(np.int32(0)))
        return self._norm(op.add(words, places), "embeddings.LayerNorm")

    def _attention_bias(self, mask: Any) -> Any:
        """0 where a token may be looked at, a large negative number where there is padding: (texts, 1, 1, tokens)."""
        wide = op.unsqueeze(op.convert(mask, np.float32), op.constant(np.array([1, 2])))
        return op.multiply(op.subtract(wide, op.constant(np.float32(1))), op.constant(np.float32(3e4)))

    def _split(self, state: Any) -> Any:
        """(texts, tokens, hidden) as (texts, heads, tokens, width)."""
        split = op.reshape(state, op.constant(np.array([0, 0, self.heads, self.width])), True)
        return op.transpose(split, op.constant(np.array([0, 2, 1, 3])))

    def _layer(self, state: Any, bias: Any, name: str) -> Any:
        parts = [self._split(self._dense(state, f"{name}attention.self.{part}")) for part in ("query", "key", "value")]
        seen = op.scaled_dot_product_attention(*parts, bias)
        merged = op.transpose(seen, op.constant(np.array([0, 2, 1, 3])))
        merged = op.reshape(merged, op.constant(np.array([0, 0, self.heads * self.width])), True)
        attended = op.add(self._dense(merged, name + "attention.output.dense"), state)
        attended = self._norm(attended, name + "attention.output.LayerNorm")
        inner = op.gelu(self._dense(attended, name + "intermediate.dense"), "erf")
        return self._norm(op.add(self._dense(inner, name + "output.dense"), attended), name + "output.LayerNorm")


def _pooled(state: Any, mask: Any) -> Any:
    weight = op.unsqueeze(op.convert(mask, np.float32), op.constant(np.array([2])))
    total = op.reduce_sum(op.multiply(state, weight), op.constant(np.array([1])), False)
    mean = op.divide(total, op.reduce_sum(weight, op.constant(np.array([1])), False))
    return op.normalize_l2(mean, op.constant(np.array([1])), 1e-12, "max")
