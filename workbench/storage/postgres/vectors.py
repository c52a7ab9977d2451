"""Sends and receives pgvector's `vector` in binary, as rows of numpy arrays."""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_HEAD = struct.Struct(">HH")


def register(connection: psycopg.Connection[Any]) -> None:
    """Teach a connection the type, where the database has it."""
    from psycopg.types import TypeInfo

    info = TypeInfo.fetch(connection, "vector")
    if info is None:
        return
    dumper, loader = _adapters(info.oid)
    info.register(connection)
    connection.adapters.register_dumper("numpy.ndarray", dumper)
    connection.adapters.register_loader(info.oid, loader)


@functools.cache
def _adapters(oid: int) -> tuple[Any, Any]:
    """The classes that write and read the type of this number: psycopg takes classes, and databases number types differently."""
    import numpy as np
    from psycopg.adapt import Dumper, Loader
    from psycopg.pq import Format

    class VectorDumper(Dumper):
        """A float32 array as pgvector receives it."""

        format = Format.BINARY

        def dump(self, obj: Any) -> bytes:
            """Dimensions, a word unused, then the numbers."""
            return _HEAD.pack(len(obj), 0) + np.ascontiguousarray(obj, dtype=">f4").tobytes()

    class VectorLoader(Loader):
        """A vector as an array of float32."""

        format = Format.BINARY

        def load(self, data: Any) -> Any:
            """The numbers behind the head of four bytes."""
            return np.frombuffer(bytes(data), dtype=">f4", offset=_HEAD.size).astype(np.float32)

    VectorDumper.oid = oid
    return VectorDumper, VectorLoader
