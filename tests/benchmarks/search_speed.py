"""How fast search is: `python -m tests.benchmarks.search_speed --passages 100000 [--corpus FILE.json.gz]`.

Prints a table of times, their ratio to the exact scan in DuckDB, and how often both find the same ten passages. The
corpus is a list of {"title", "text"}; what is missing to the number of passages is made of its sentences, with vectors
near those of real passages. Read the ratios, not the milliseconds.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from workbench.ingest.embedder import LocalEmbedder
from workbench.memory import names, terms
from workbench.memory.search import IndexedPassage, SearchIndex
from workbench.memory.vector_index import VectorIndex

QUERIES = 100
OWN_CORPUS = 2_000


def own_corpus(rng: random.Random) -> list[tuple[str, str]]:
    """Invented passages with names that recur, for a run without a corpus."""
    parts = ["Hal", "Tern", "Mar", "Osk", "Ven", "Brae", "Skel", "Dun", "Fair", "Gan"]
    ends = ["loran", "wick", "ness", "mouth", "by", "holm", "dale", "stow", "garth", "sound"]
    places = [a + b for a in parts for b in ends]
    verbs = ["was surveyed by", "lies east of", "traded with", "was rebuilt after", "borrowed its bell from", "mapped"]
    things = ["the harbour board", "a storm", "the rope works", "two brothers", "the salt office", "an old chart"]
    made = []
    for number in range(OWN_CORPUS):
        title = f"{rng.choice(places)} {rng.choice(places)}"
        made.append(
            (
                title,
                " ".join(
                    f"{rng.choice(places)} {rng.choice(verbs)} {rng.choice(things)} in {1700 + number % 300}."
                    for _ in range(9)
                ),
            )
        )
    return made


def passages_and_vectors(
    corpus: list[tuple[str, str]], count: int, embedder: LocalEmbedder, cache: Path | None
) -> tuple[list[IndexedPassage], np.ndarray]:
    """`count` passages, the corpus first, then mixtures of it; real vectors for the corpus, near ones for the rest."""
    rng, noise = random.Random(1), np.random.default_rng(1)
    if cache is not None and cache.is_file():
        real = np.load(cache)
    else:
        real = embedder.embed([f"{title}\n{text}" for title, text in corpus])
        if cache is not None:
            np.save(cache, real)
    sentences = [part.strip() + "." for _, text in corpus for part in text.split(". ") if len(part) > 20]
    found = list(corpus[:count])
    while len(found) < count:
        found.append((f"{rng.choice(corpus)[0]} {len(found)}", " ".join(rng.sample(sentences, 6))))
    first, second = noise.integers(0, len(real), count), noise.integers(0, len(real), count)
    vectors = real[first] + 0.7 * real[second] + 0.02 * noise.normal(size=(count, real.shape[1])).astype(np.float32)
    vectors[: len(real)] = real[:count]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = [IndexedPassage(n, n, 1, 0, title, "", text) for n, (title, text) in enumerate(found)]
    return rows, vectors.astype(np.float32)


def median_ms(run: Callable[[int], object], times: int = QUERIES) -> float:
    """Median milliseconds of `run(i)`."""
    taken = []
    for number in range(times):
        start = time.perf_counter()
        run(number)
        taken.append((time.perf_counter() - start) * 1_000)
    return statistics.median(taken)


def duckdb_scan(vectors: np.ndarray, queries: np.ndarray) -> float:
    """Median milliseconds of DuckDB's exact scan for the best 200."""
    import duckdb
    import pyarrow as pa

    with tempfile.TemporaryDirectory() as folder:
        connection = duckdb.connect(str(Path(folder) / "scan.duckdb"))
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
        connection.register("incoming", pa.table({"id": pa.array(range(len(vectors))), "embedding": flat}))
        connection.execute(
            f"CREATE TABLE passages AS SELECT id, embedding::FLOAT[{vectors.shape[1]}] AS embedding FROM incoming"
        )
        sql = f"""SELECT id FROM passages
                  ORDER BY array_inner_product(embedding, ?::FLOAT[{vectors.shape[1]}]) DESC LIMIT 200"""
        found = median_ms(lambda n: connection.execute(sql, [queries[n].tolist()]).fetchall(), min(20, len(queries)))
        connection.close()
    return found


def seconds_to_build(rows: Sequence[IndexedPassage], vectors: np.ndarray) -> tuple[float, SearchIndex]:
    start = time.perf_counter()
    index = SearchIndex.build(rows, vectors)
    return time.perf_counter() - start, index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--corpus", type=Path, help="a list of {title, text}, gzipped JSON")
    parser.add_argument("--vectors", type=Path, help="keep the corpus's vectors in this .npy file")
    chosen = parser.parse_args()
    corpus = own_corpus(random.Random(0))
    if chosen.corpus:
        with gzip.open(chosen.corpus, "rt", encoding="utf-8") as file:
            corpus = [(row["title"], row["text"]) for row in json.load(file)]
    embedder = LocalEmbedder()
    rows, vectors = passages_and_vectors(corpus, chosen.passages, embedder, chosen.vectors)
    rng = random.Random(2)
    asked = [f"What is known about {rng.choice(text.split('. '))[:90]}?" for _, text in rng.sample(corpus, QUERIES)]
    queries = embedder.embed(asked, kind="query")
    embedder.stop()

    fresh, index = seconds_to_build(rows, vectors)
    del index
    stored = [
        IndexedPassage(p.id, p.document, 1, 0, p.title, "", p.text, terms.index_line(p.text), names.names_line(p.text))
        for p in rows
    ]
    ready, index = seconds_to_build(stored, vectors)
    exact = VectorIndex(vectors, 0)
    coded = VectorIndex.build(vectors)
    shared = [
        len({*exact.search(query, 10)[0].tolist()} & {*coded.search(query, 200)[0][:10].tolist()}) for query in queries
    ]
    scan = duckdb_scan(vectors, queries)
    table = [
        ("DuckDB exact scan, 200 best", scan),
        ("numpy exact scan, 200 best", median_ms(lambda n: exact.search(queries[n], 200))),
        ("vector index, 200 best", median_ms(lambda n: coded.search(queries[n], 200))),
        ("hybrid, links not followed", median_ms(lambda n: index.search(asked[n], queries[n], follow=False))),
        ("hybrid, links followed", median_ms(lambda n: index.search(asked[n], queries[n]))),
        ("hybrid, links followed, again", median_ms(lambda n: index.search(asked[n], queries[n]))),
        ("exact phrase", median_ms(lambda n: index.search(f'"{" ".join(asked[n][20:70].split()[1:4])}"', None))),
    ]
    print(f"{chosen.passages:,} passages, {len(corpus):,} of them real; {QUERIES} questions")
    print(f"{'':34} p50 ms   of the scan")
    for name, taken in table:
        print(f"{name:34} {taken:6.2f}   {taken / scan:.3f}")
    print(f"recall@10 of the vector index      {sum(shared) / (10 * len(shared)):.4f}")
    print(f"build from text                    {fresh:.1f} s")
    print(f"build with stored terms and names  {ready:.1f} s")
    print(f"largest resident memory            {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
