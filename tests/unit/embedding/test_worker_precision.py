"""Passages are embedded in bfloat16 only by a CPU that has it: where OpenVINO imitates it, a passage takes thirty times as long."""

from __future__ import annotations

import pytest

from workbench.embedding.worker import passage_precision


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        (["WINOGRAD", "FP32", "INT8", "BIN", "EXPORT_IMPORT"], "f32"),  # AVX-512 without bfloat16
        (["FP32", "BF16", "INT8"], "bf16"),
        ([], "f32"),
    ],
)
def test_bfloat16_only_where_the_cpu_has_it(capabilities: list[str], precision: str) -> None:
    assert passage_precision(capabilities) == precision
