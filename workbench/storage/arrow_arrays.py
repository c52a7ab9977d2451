"""Converts numeric Arrow columns to numpy without pandas, whose import would cost half a second."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def numbers(column: Any) -> NDArray[Any]:
    """The numbers of a column or array without gaps, read-only where nothing had to be copied."""
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    arrays = [np.from_dlpack(chunk) for chunk in chunks]
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64)
