"""How fast search is: `python -m tests.benchmarks.search_speed --passages 100000 [--corpus FILE.json.gz]`.

Prints a table of times, their ratio to the exact scan in DuckDB in the same run, and how often both find the same ten
passages; then the same for other engines on the same vectors (extra `bench`). The corpus is a list of {"title", "text"};
what is missing to the number of passages is made of its sentences, with vectors near those of real passages. Read the
ratios, not the milliseconds.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks.search_corpus import own_corpus, vectors_near, write_archive
from tests.benchmarks.search_others import COUNT, ENGINES
from workbench.embedding.client import LocalEmbedder
from workbench.retrieval.paging.pager import Budget
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive

QUESTIONS = 100
_EXACT_QUESTIONS = 20
_BUDGET = Budget(2_048, 5)


@dataclass(frozen=True)
class Measure:
    """Milliseconds of a search: the median, the least, and of processor time in its thread."""

    name: str
    median: float
    least: float
    cpu: float
    recall: float | None = None

    @classmethod
    def of(cls, name: str, run: Callable[[int], object], times: int, recall: float | None = None) -> Measure:
        """Of `run(i)` for i below `times`; the first is run once more before."""
        run(0)
        wall, cpu = [], []
        for number in range(times):
            start, busy = time.perf_counter(), time.thread_time()
            run(number)
            wall.append((time.perf_counter() - start) * 1_000)
            cpu.append((time.thread_time() - busy) * 1_000)
        return cls(name, float(np.median(wall)), min(wall), float(np.median(cpu)), recall)


def questions(corpus: Sequence[tuple[str, str]], embedder: LocalEmbedder) -> tuple[list[str], np.ndarray]:
    """Questions about sentences of real passages, and their vectors."""
    rng = random.Random(2)
    chosen = rng.sample(list(corpus), QUESTIONS)
    asked = [f"What is known about {rng.choice(text.split('. '))[:90]}?" for _, text in chosen]
    return asked, embedder.embed(asked, kind="query")


def exact_ten(vectors_of: Callable[[int, int], np.ndarray], count: int, queries: np.ndarray) -> np.ndarray:
    """The ten best passages of each query (numbers from 0), by comparing every vector."""
    best = np.full((len(queries), 0), 0, dtype=np.int64)
    scores = np.full((len(queries), 0), 0, dtype=np.float32)
    for first in range(0, count, 50_000):
        found = queries @ vectors_of(first, min(50_000, count - first)).T
        best = np.concatenate([best, np.broadcast_to(np.arange(first, first + found.shape[1]), found.shape)], axis=1)
        scores = np.concatenate([scores, found], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :COUNT]
        best, scores = np.take_along_axis(best, order, axis=1), np.take_along_axis(scores, order, axis=1)
    return best


def recall(found: Sequence[Sequence[int]], wanted: np.ndarray) -> float:
    """Share of the wanted passages that were found."""
    return sum(len({*one} & {*other.tolist()}) for one, other in zip(found, wanted)) / (COUNT * len(found))


def resident_gb() -> float:
    """Memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4_096 / 1e9


def workbench_measures(file: Path, asked: list[str], queries: np.ndarray, wanted: np.ndarray) -> list[Measure]:
    """Attach, measure the search meanwhile, wait for the index, measure the searches; prints what is not a time of a search."""
    by_question = dict(zip(asked, queries))
    archive = DuckDBArchive(Database(file))
    search = ArchivalSearch(archive, lambda lines: np.array([by_question[line] for line in lines]), index_bytes=1 << 36)
    sources, handles = [archive.source_id("corpus")], dict[int, str]()
    before = resident_gb()

    def page(number: int) -> object:
        return search.page(sources, asked[number], 0, _BUDGET, lambda key: handles.setdefault(key, f"#{len(handles)}"))

    search.prepare(sources)
    meanwhile = Measure.of("whole search and page, no index yet", page, 1)
    started = time.perf_counter()
    while search.index.status().building or not search.index.status().passages:
        time.sleep(0.01)
    search.warm(sources)
    status = search.index.status()
    print(
        f"index ready {status.seconds:.1f} s after attaching; {time.perf_counter() - started:.1f} s more after that first search"
    )
    print(
        f"index takes {status.bytes / 1e6:,.0f} MB by its own count; resident {before:.2f} GB before, {resident_gb():.2f} GB after"
    )
    searcher = search._searcher(archive.paths(sources))
    view = searcher.view
    found = [(view.ids[view.vectors.search(query, COUNT)[0]] - 1).tolist() for query in queries]
    measures = [
        Measure.of(
            "vector index, 10 best", lambda n: view.vectors.search(queries[n], COUNT), QUESTIONS, recall(found, wanted)
        ),
        Measure.of("vector index, 200 best", lambda n: view.vectors.search(queries[n], 200), QUESTIONS),
        Measure.of(
            "hybrid, links not followed", lambda n: searcher.search(asked[n], queries[n], follow=False), QUESTIONS
        ),
        Measure.of("hybrid, links followed", lambda n: searcher.search(asked[n], queries[n]), QUESTIONS),
        Measure.of("whole search and page of results", page, QUESTIONS),
        Measure.of("exact phrase", lambda n: searcher.search(f'"{" ".join(asked[n].split()[5:8])}"', None), QUESTIONS),
        meanwhile,
    ]
    search.index.close()
    archive.database.close()
    return measures


def other_measures(names: list[str], vectors: np.ndarray, queries: np.ndarray, wanted: np.ndarray) -> list[Measure]:
    """The other engines; prints how long each took to build, or why it is not measured."""
    measures = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            try:
                engine = ENGINES[name](vectors, Path(folder))
            except Exception as error:  # what another engine raises is its own affair
                print(f"{name} is not measured: {type(error).__name__}: {error}")
                continue
            some = queries[:_EXACT_QUESTIONS]
            found = [engine.search(query) for query in some]
            share = recall(found, wanted[: len(some)])
            measures.append(Measure.of(engine.name, lambda n: engine.search(some[n]), len(some), share))
            print(f"{engine.name}: built in {engine.build_seconds:.1f} s, {measures[-1].median:.1f} ms", flush=True)
    return measures


def show(measures: Sequence[Measure], scan: Measure | None) -> None:
    """The table, with ratios to DuckDB's exact scan once it is measured."""
    print(f"\n{'':36}  p50 ms  least   cpu   of the scan   recall@10")
    for one in measures:
        share = f"{one.recall:.4f}" if one.recall is not None else ""
        ratio = f"{one.median / scan.median:.4f}" if scan is not None else ""
        print(f"{one.name:36} {one.median:7.2f} {one.least:6.2f} {one.cpu:6.2f}   {ratio:>9}     {share}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--corpus", type=Path, help="a list of {title, text}, gzipped JSON")
    parser.add_argument("--vectors", type=Path, help="keep the corpus's vectors in this .npy file")
    parser.add_argument("--archive", type=Path, help="keep the archive in this folder, and use it again")
    parser.add_argument("--others", default=",".join(ENGINES), help="engines to measure beside, or nothing")
    chosen = parser.parse_args()
    corpus = own_corpus(random.Random(0))
    if chosen.corpus:
        with gzip.open(chosen.corpus, "rt", encoding="utf-8") as file:
            corpus = [(row["title"], row["text"]) for row in json.load(file)]
    embedder = LocalEmbedder()
    asked, queries = questions(corpus, embedder)
    if chosen.vectors and chosen.vectors.is_file():
        real = np.load(chosen.vectors)
    else:
        real = embedder.embed([f"{title}\n{text}" for title, text in corpus])
        if chosen.vectors:
            np.save(chosen.vectors, real)
    embedder.stop()
    with tempfile.TemporaryDirectory() as folder:
        file = (chosen.archive or Path(folder)) / "archive.duckdb"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_archive(file, corpus, real, chosen.passages)
        wanted = exact_ten(lambda first, count: vectors_near(real, first, count), chosen.passages, queries)
        print(
            f"{chosen.passages:,} passages, {min(len(corpus), chosen.passages):,} of them real; {QUESTIONS} questions"
        )
        measures = workbench_measures(file, asked, queries, wanted)
    show(measures, None)
    names = ["duckdb", *(name for name in chosen.others.split(",") if name and name != "duckdb")]
    vectors = np.concatenate(
        [vectors_near(real, first, min(50_000, chosen.passages - first)) for first in range(0, chosen.passages, 50_000)]
    )
    others = other_measures(names, vectors, queries, wanted)
    show([*measures, *others], others[0])


if __name__ == "__main__":
    main()
