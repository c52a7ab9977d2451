"""A large archive to measure on: real passages first, then mixtures of their sentences, with vectors near real ones.

In: a list of (title, text), their vectors, a number of passages; out: a Workbench database file, written in bulk.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.storage import bulk_insert
from workbench.storage.database import Database, utc_now
from workbench.storage.documents import DuckDBArchive
from workbench.text import analyzer, entities

CHUNK_PASSAGES = 50_000
PASSAGES_OF_A_DOCUMENT = 20
"""Of a generated document; a real passage is a document of its own."""


@dataclass(frozen=True)
class Sentence:
    """A sentence with what the keyword index takes of it: a mixture's terms are those of its sentences."""

    text: str
    terms: tuple[str, ...]
    names: tuple[str, ...]


def own_corpus(rng: random.Random, passages: int = 2_000) -> list[tuple[str, str]]:
    """Invented passages with names that recur, for a run without a corpus."""
    parts = ["Hal", "Tern", "Mar", "Osk", "Ven", "Brae", "Skel", "Dun", "Fair", "Gan"]
    ends = ["loran", "wick", "ness", "mouth", "by", "holm", "dale", "stow", "garth", "sound"]
    places = [a + b for a in parts for b in ends]
    verbs = ["was surveyed by", "lies east of", "traded with", "was rebuilt after", "borrowed its bell from", "mapped"]
    things = ["the harbour board", "a storm", "the rope works", "two brothers", "the salt office", "an old chart"]

    def sentence(number: int) -> str:
        return f"{rng.choice(places)} {rng.choice(verbs)} {rng.choice(things)} in {1700 + number % 300}."

    return [
        (f"{rng.choice(places)} {rng.choice(places)}", " ".join(sentence(number) for _ in range(9)))
        for number in range(passages)
    ]


def vectors_near(real: np.ndarray, first: int, count: int) -> np.ndarray:
    """`count` unit vectors for the passages from `first` on: the real ones, then mixtures of two with a little noise."""
    noise = np.random.default_rng(first)
    one, other = noise.integers(0, len(real), count), noise.integers(0, len(real), count)
    found = real[one] + 0.7 * real[other] + 0.02 * noise.normal(size=(count, real.shape[1])).astype(np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    kept = max(0, min(len(real) - first, count))
    found[:kept] = real[first : first + kept]
    return np.ascontiguousarray(found, dtype=np.float32)


def write_archive(file: Path, corpus: list[tuple[str, str]], real: np.ndarray, passages: int) -> None:
    """Write `passages` passages into a new database, in a source called "corpus"."""
    database = Database(file)
    source = DuckDBArchive(database).source_id("corpus")
    sentences = [
        Sentence(part, tuple(analyzer.index_terms(part)), tuple(entities.names_in(part)))
        for _, text in corpus
        for part in (piece.strip() + "." for piece in text.split(". "))
        if len(part) > 20
    ]
    for first in range(0, passages, CHUNK_PASSAGES):
        count = min(CHUNK_PASSAGES, passages - first)
        rows = list(_rows(corpus, sentences, first, count))
        vectors = vectors_near(real, first, count)
        database.write(lambda connection: _insert(connection, source, first, rows, vectors))  # noqa: B023
    database.close()


def _rows(
    corpus: list[tuple[str, str]], sentences: list[Sentence], first: int, count: int
) -> Iterator[tuple[int, str, str, bulk_insert.Counted]]:
    """(document id, title, text, what is counted) of each passage."""
    rng = random.Random(first)
    for number in range(first, first + count):
        if number < len(corpus):
            title, text = corpus[number]
            yield number + 1, title, text, bulk_insert.Counted.of(text, title, "")
            continue
        document = len(corpus) + 1 + (number - len(corpus)) // PASSAGES_OF_A_DOCUMENT
        title = f"{corpus[document % len(corpus)][0]} {document}"
        chosen = rng.sample(sentences, 6)
        text = " ".join(item.text for item in chosen)
        used = {name for item in chosen for name in item.names}.union(entities.title_keys(title))
        yield document, title, text, bulk_insert.Counted(
            len(text) // 4, analyzer.packed(term for item in chosen for term in item.terms), analyzer.packed(used),
            *bulk_insert.called(title, ""),
        )  # fmt: skip


def _insert(connection: Any, source: int, first: int, rows: list[Any], vectors: np.ndarray) -> None:
    now = utc_now()
    documents = {document: title for document, title, _, _ in rows}
    known = {row[0] for row in connection.execute("SELECT document_id FROM documents").fetchall()}
    new = [document for document in documents if document not in known]
    count = len(new)
    passages: dict[int, int] = {}
    characters: dict[int, int] = {}
    for document, _, text, _ in rows:
        passages[document] = passages.get(document, 0) + 1
        characters[document] = characters.get(document, 0) + len(text)
    _table(connection, "documents", {
        "document_id": new, "content_hash": [str(key) for key in new], "loader": ["made"] * count, "loader_version": [1] * count,
        "title": [documents[key] for key in new], "metadata": ["{}"] * count, "page_count": [1] * count,
        "passage_count": [passages[key] for key in new], "text_chars": [characters[key] for key in new], "size_bytes": [0] * count,
        "embedder": ["all-MiniLM-L6-v2"] * count, "sketch": [b""] * count, "created_at": [now] * count,
    })  # fmt: skip
    _table(connection, "source_documents", {
        "source_id": [source] * count, "path": [f"{key:08}.txt" for key in new], "document_id": new,
        "location": [""] * count, "linked_at": [now] * count,
    })  # fmt: skip
    ids = range(first + 1, first + 1 + len(rows))
    _table(connection, "passages", {
        "passage_id": ids, "document_id": [row[0] for row in rows], "page_number": [1] * len(rows),
        "start_char": [0] * len(rows), "end_char": [len(row[2]) for row in rows], "heading": [""] * len(rows),
        "text": [row[2] for row in rows], "context": [""] * len(rows), "terms_version": [analyzer.TERMS_VERSION] * len(rows),
        "tokens": [row[3].tokens for row in rows], **bulk_insert.counted_columns([row[3] for row in rows]),
    })  # fmt: skip
    _table(connection, "pages", {
        "document_id": new, "number": [1] * count, "label": pa.nulls(count, pa.string()), "text": [""] * count,
    })  # fmt: skip
    bulk_insert.insert_embeddings(connection, ids, vectors)


def _table(connection: Any, name: str, columns: dict[str, Any]) -> None:
    connection.register("made", pa.table(columns))
    names_given = ", ".join(columns)
    connection.execute(f"INSERT INTO {name} ({names_given}) SELECT {names_given} FROM made")
    connection.unregister("made")
