"""Converts Arrow columns to numpy, and keeps pyarrow from importing pandas, which nothing here uses."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Hidden(MetaPathFinder):
    """Says that there is no pandas."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing, for any other module."""
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not used here", name=fullname)
        return None


@contextlib.contextmanager
def registered(connection: Any, table: Any) -> Iterator[None]:
    """Statements find an Arrow table under the name `incoming`. What fails inside is told, not that the name stays then."""
    connection.register("incoming", table)
    try:
        yield
    except BaseException:
        # DuckDB takes no name back in a transaction that has failed; the next table takes its place.
        with contextlib.suppress(Exception):
            connection.unregister("incoming")
        raise
    connection.unregister("incoming")


@functools.cache
def leave_pandas_out() -> None:
    """pyarrow looks for pandas when it makes its first array, and keeps what it found: 45 MB, where another package brought it."""
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    finder = _Hidden()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)


def numbers(column: Any) -> NDArray[Any]:
    """The numbers of a column or array without gaps, read-only where nothing had to be copied."""
    import numpy as np

    chunks = column.chunks if hasattr(column, "chunks") else [column]
    arrays = [np.from_dlpack(chunk) for chunk in chunks]
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64)
