"""Searches of a shared archive beside those of an embedded one, in one run, over the same passages and vectors.

`python -m tests.benchmarks.shared_search --ranking FOLDER…` compares the rankings of question sets: metrics of both, and how many
questions have the very same ranking. `--passages 100000` measures a page of results of both: the median, and their ratio. A
PostgreSQL with pgvector is started for it; `--url URL` takes one that is there (an empty database).
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from tests.benchmarks.search_corpus import own_corpus, vectors_near, write_archive
from tests.benchmarks.search_speed import QUESTIONS, Measure, exact_ten, questions, recall, show
from tests.support.embedding import WordEmbedder
from tests.support.postgres import new_database
from workbench.embedding.client import LocalEmbedder, QueryEmbedder
from workbench.evaluation.question_sets import read_set
from workbench.evaluation.retrieval import QuestionLibrary, _means, place_scores
from workbench.retrieval.paging.pager import Budget
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.archive import ArchivalStorage
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.passage_search import Within
from workbench.storage.postgres import keys
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.server import PostgresServer

_BUDGET = Budget(2_048, 5)


class _Once:
    """An embedder that embeds the same texts once."""

    def __init__(self, embedder: LocalEmbedder) -> None:
        self._embedder = embedder
        self.model_id = embedder.model_id
        self._known: dict[tuple[str, ...], np.ndarray] = {}

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors (n, 384) of texts."""
        key = tuple(texts)
        if key not in self._known:
            self._known[key] = self._embedder.embed(texts)
        return self._known[key]


def ranking(folder: Path, url: str) -> None:
    """Both archives' metrics over one set, and how many of its questions have the same ranking in both."""
    embedder = LocalEmbedder()
    app: Any = SimpleNamespace(embedder=_Once(embedder), embed_queries=QueryEmbedder(embedder).embed)
    asked = read_set(folder)
    with tempfile.TemporaryDirectory() as home:
        database = Database(Path(home) / "eval.duckdb")
        shared = PostgresArchive(PostgresServer(url), "benchmark")
        libraries = [QuestionLibrary(asked, archive, app) for archive in (DuckDBArchive(database), shared)]
        ranked = [[library.ranked(question) for question in asked.questions] for library in libraries]
        for name, places in zip(("embedded", "shared"), ranked, strict=True):
            scores = [
                place_scores(found, question.gold, asked.by_page) for found, question in zip(places, asked.questions)
            ]
            print(folder.name, name, {key: round(value, 4) for key, value in _means(scores).items()}, flush=True)
        same = sum(one == other for one, other in zip(*ranked, strict=True))
        ten = sum(one[:10] == other[:10] for one, other in zip(*ranked, strict=True))
        print(
            f"{folder.name}: {same} of {len(asked.questions)} rankings are the same to the end, {ten} in their first ten"
        )
        database.close()
        shared.close()
    embedder.stop()


def fill(shared: PostgresArchive, embedded: ArchivalStorage) -> None:
    """The passages of an embedded archive in an empty shared one, under the same numbers; indexes are built at the end."""
    source, mine = embedded.find_source("corpus"), shared.source_id("corpus")
    links = embedded.holdings.links(source)
    started = time.perf_counter()
    with shared.server.connection() as connection:
        connection.execute(
            "DROP INDEX embeddings_nearest; DROP INDEX passage_keys_keys; SET maintenance_work_mem = '1GB'"
        )
        with connection.transaction(), connection.cursor() as cursor:
            sizes = embedded.bulk.sizes_of([link.document for link in links])
            titles = embedded.stated([link.document for link in links])
            columns = (
                "document_id, content_hash, loader, loader_version, title, metadata, page_count, passage_count, text_chars, size_bytes, "
                "embedder, sketch, created_at, text_terms, title_terms, heading_terms"
            )
            terms: dict[int, list[int]] = {link.document: [0, 0, 0] for link in links}
            ids = embedded.bulk.passages_of([link.document for link in links])
            rows: list[Any] = []
            titled: dict[int, int] = {}
            for block in embedded.bulk.read_blocks(ids):
                table = block.table.to_pydict()
                for at, passage in enumerate(table["passage_id"]):
                    counted = SimpleNamespace(**{name: table[name][at] for name in keys.COLUMNS})
                    lengths = [keys.length_of(table[name][at]) for name in ("terms", "title_terms", "heading_terms")]
                    document = table["document_id"][at]
                    terms[document] = [a + b for a, b in zip(terms[document], lengths, strict=True)]
                    titled.update(keys.title_rows(table["called"][at]))
                    rows.append(
                        (
                            passage,
                            document,
                            table["page_number"][at],
                            table["heading"][at],
                            table["text"][at],
                            table["tokens"][at],
                            table["called"][at],
                            lengths,
                            keys.keys_of(counted),
                            block.vectors[at],
                        )
                    )  # type: ignore[arg-type]
            with cursor.copy(f"COPY documents ({columns}) FROM STDIN") as copy:
                for link in links:
                    passages, chars = sizes[link.document]
                    copy.write_row(
                        (
                            link.document,
                            link.content_hash,
                            "made",
                            1,
                            titles[link.document][0],
                            "{}",
                            1,
                            passages,
                            chars,
                            0,
                            "all-MiniLM-L6-v2",
                            b"",
                            "2026-01-01",
                            *terms[link.document],
                        )
                    )
            with cursor.copy("COPY source_documents FROM STDIN") as copy:
                for link in links:
                    copy.write_row((mine, link.path, link.document, "", "2026-01-01"))
            with cursor.copy("COPY passages FROM STDIN") as copy:
                for passage, document, page, heading, text, tokens, called, *_ in rows:
                    copy.write_row((passage, document, page, 0, len(text), heading, text, tokens, "", called, 10**6))
            with cursor.copy("COPY passage_keys FROM STDIN") as copy:
                for passage, document, page, *_, lengths, packed, _ in rows:
                    copy.write_row((passage, document, page, *lengths, packed))
            with cursor.copy("COPY embeddings FROM STDIN WITH (FORMAT BINARY)") as copy:
                copy.set_types(["int8", "int8", "vector"])
                for passage, document, *_, vector in rows:
                    copy.write_row((passage, document, vector))
            with cursor.copy("COPY title_keys FROM STDIN") as copy:
                for key in sorted(titled):
                    copy.write_row((key, titled[key]))
            cursor.execute("UPDATE catalogue SET version = version + 1 WHERE shard = 0")
        print(f"{len(rows):,} passages stored in {time.perf_counter() - started:.0f} s", flush=True)
        for name, sql in (
            ("words", "CREATE INDEX passage_keys_keys ON passage_keys USING gin (keys)"),
            ("vectors", "CREATE INDEX embeddings_nearest ON embeddings USING hnsw (embedding vector_ip_ops)"),
        ):
            started = time.perf_counter()
            connection.execute(sql)
            print(f"index of {name} built in {time.perf_counter() - started:.0f} s", flush=True)
        connection.execute("VACUUM ANALYZE")
        size = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
        print(f"the database takes {size[0] if size else '?'}", flush=True)


def speed(passages: int, url: str, kept: Path | None) -> None:
    """A page of results of both, by turns."""
    corpus = own_corpus(random.Random(0))
    embedder = WordEmbedder()  # the model would take hours here, and changes nothing of what is measured
    asked, queries = questions(corpus, cast("LocalEmbedder", embedder))
    real = embedder.embed([f"{title}\n{text}" for title, text in corpus])
    by_question = dict(zip(asked, queries))
    with tempfile.TemporaryDirectory() as folder:
        file = (kept or Path(folder)) / "archive.duckdb"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_archive(file, corpus, real, passages)
        embedded = DuckDBArchive(Database(file))
        shared = PostgresArchive(PostgresServer(url), "benchmark")
        if not shared.sources():
            fill(shared, embedded)
        wanted = exact_ten(lambda first, count: vectors_near(real, first, count), passages, queries)
        measures = []
        for name, archive in (("embedded", embedded), ("shared", shared)):
            search = ArchivalSearch(archive, lambda lines: np.array([by_question[line] for line in lines]))
            sources = [archive.find_source("corpus")]
            search.warm(sources)

            def page(number: int, search: ArchivalSearch = search, sources: list[int] = sources) -> object:
                return search.page(sources, asked[number], 0, _BUDGET, str)

            measures.append(Measure.of(f"{name}: search and page of results", page, QUESTIONS))
            if archive.search is not None:
                among = archive.search.among(archive.paths(sources))
                found = [(among.nearest(query, 10, Within()).ids - 1).tolist() for query in queries]
                measures.append(
                    Measure.of(
                        f"{name}: ten nearest by the graph",
                        lambda n: among.nearest(queries[n], 10, Within()),
                        QUESTIONS,  # noqa: B023
                        recall(found, wanted),
                    )
                )
        show(measures, measures[0])
        embedded.database.close()
        shared.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranking", type=Path, nargs="*", default=[], help="folders of question sets")
    parser.add_argument("--passages", type=int, default=0, help="measure pages over so many passages")
    parser.add_argument("--url", default="", help="an empty database of a PostgreSQL with pgvector")
    parser.add_argument(
        "--archive", type=Path, help="keep the embedded archive in this folder, and use it and --url again"
    )
    chosen = parser.parse_args()
    for folder in chosen.ranking:
        ranking(folder, new_database())
    if chosen.passages:
        speed(chosen.passages, chosen.url or new_database(), chosen.archive)


if __name__ == "__main__":
    main()
