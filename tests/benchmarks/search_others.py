"""Other engines on the same vectors: vectors go in, the seconds that building took and a function that searches come out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

COUNT = 10
_BATCH = 5_000

Search = Callable[[np.ndarray], list[int]]


@dataclass(frozen=True)
class Engine:
    """What was built, in how many seconds, and how it is searched: a vector in, passages' numbers out, best first."""

    name: str
    build_seconds: float
    search: Search


def duckdb_scan(vectors: np.ndarray, folder: Path) -> Engine:
    """DuckDB's exact scan."""
    import duckdb
    import pyarrow as pa

    started = time.perf_counter()
    connection = duckdb.connect(str(folder / "scan.duckdb"))
    connection.execute(f"CREATE TABLE v (id INTEGER, embedding FLOAT[{vectors.shape[1]}])")
    for first in range(0, len(vectors), 50_000):
        part = vectors[first : first + 50_000]
        flat = pa.FixedSizeListArray.from_arrays(pa.array(part.reshape(-1)), vectors.shape[1])
        connection.register("incoming", pa.table({"id": pa.array(range(first, first + len(part))), "embedding": flat}))
        connection.execute("INSERT INTO v SELECT * FROM incoming")
    sql = f"SELECT id FROM v ORDER BY array_inner_product(embedding, ?::FLOAT[{vectors.shape[1]}]) DESC LIMIT {COUNT}"
    return Engine(
        "DuckDB, exact scan",
        time.perf_counter() - started,
        lambda query: [int(row[0]) for row in connection.execute(sql, [query.tolist()]).fetchall()],
    )


def sqlite_vec(vectors: np.ndarray, folder: Path) -> Engine:
    """sqlite-vec, which scans too. Through apsw: not every Python's sqlite3 may load extensions."""
    import apsw
    import sqlite_vec as extension

    started = time.perf_counter()
    connection = apsw.Connection(str(folder / "vec.sqlite"))
    connection.enable_load_extension(True)
    connection.load_extension(extension.loadable_path())
    connection.execute(f"CREATE VIRTUAL TABLE v USING vec0(embedding float[{vectors.shape[1]}] distance_metric=cosine)")
    rows = ((number, vector.tobytes()) for number, vector in enumerate(vectors))
    with connection:
        connection.executemany("INSERT INTO v (rowid, embedding) VALUES (?, ?)", rows)
    sql = f"SELECT rowid FROM v WHERE embedding MATCH ? AND k = {COUNT} ORDER BY distance"
    return Engine(
        "sqlite-vec, exact scan",
        time.perf_counter() - started,
        lambda query: [int(row[0]) for row in connection.execute(sql, [query.tobytes()]).fetchall()],
    )


def lancedb_flat(vectors: np.ndarray, folder: Path) -> Engine:
    """LanceDB without an index."""
    started = time.perf_counter()
    table = _lance_table(vectors, folder / "flat")
    return Engine("LanceDB, exact scan", time.perf_counter() - started, lambda query: _lance(table.search(query)))


def lancedb_index(vectors: np.ndarray, folder: Path) -> Engine:
    """LanceDB's IVF_PQ, refined by the whole vectors."""
    started = time.perf_counter()
    table = _lance_table(vectors, folder / "index")
    table.create_index(metric="dot", num_partitions=max(1, int(len(vectors) ** 0.5)), num_sub_vectors=48)
    return Engine(
        "LanceDB, IVF_PQ, refine 10",
        time.perf_counter() - started,
        lambda query: _lance(table.search(query).nprobes(20).refine_factor(10)),
    )


def chroma(vectors: np.ndarray, folder: Path) -> Engine:
    """Chroma's HNSW as it comes."""
    import chromadb
    from chromadb.config import Settings

    started = time.perf_counter()
    client = chromadb.PersistentClient(str(folder / "chroma"), Settings(anonymized_telemetry=False))
    collection = client.create_collection("vectors", metadata={"hnsw:space": "ip"}, embedding_function=None)
    for first in range(0, len(vectors), _BATCH):
        part = vectors[first : first + _BATCH]
        collection.add(ids=[str(number) for number in range(first, first + len(part))], embeddings=part)
    return Engine(
        "Chroma, HNSW",
        time.perf_counter() - started,
        lambda query: [
            int(key) for key in collection.query(query_embeddings=[query], n_results=COUNT, include=[])["ids"][0]
        ],
    )


ENGINES: dict[str, Callable[[np.ndarray, Path], Engine]] = {
    "duckdb": duckdb_scan,
    "sqlite-vec": sqlite_vec,
    "lancedb-flat": lancedb_flat,
    "lancedb": lancedb_index,
    "chroma": chroma,
}


def _lance_table(vectors: np.ndarray, folder: Path) -> Any:
    import lancedb
    import pyarrow as pa

    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    return lancedb.connect(str(folder)).create_table(
        "v", pa.table({"id": pa.array(range(len(vectors))), "vector": flat})
    )


def _lance(query: Any) -> list[int]:
    found: list[int] = query.distance_type("dot").limit(COUNT).to_arrow().column("id").to_pylist()
    return found
