"""Keeps what the reader would be shown for every question of a set, so that scorers can be compared without whole sessions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from workbench.api.results import Hit
from workbench.core.paths import locate
from workbench.core.settings import READER, Settings
from workbench.embedding.client import LocalEmbedder
from workbench.evaluation.answer_sets import AnswerSet
from workbench.models.extractive.prompt_parser import parse_hits
from workbench.retrieval.paging.pager import Budget
from workbench.services.session import Session


class KeptVectors:
    """A likeness function, `score(query, texts)`, over vectors that stay on disk."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._embedder: LocalEmbedder | None = None
        self._rows: dict[bytes, int] = {}
        self._vectors: list[Any] = []
        self._saved = 0
        if file.is_file():
            with np.load(file) as stored:
                self._rows = {bytes(key): at for at, key in enumerate(stored["keys"])}
                self._vectors = list(stored["vectors"])
        self._saved = len(self._vectors)

    def vectors(self, texts: Sequence[str]) -> Any:
        """Unit vectors, one row a text."""
        keys = [hashlib.sha1(text.encode("utf-8", "replace")).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows}
        if missing:
            if self._embedder is None:
                self._embedder = LocalEmbedder()
            made = self._embedder.embed(list(missing.values()), kind="query", exact=True)
            for key, vector in zip(missing, made, strict=True):
                self._rows[key] = len(self._vectors)
                self._vectors.append(vector)
        return np.stack([self._vectors[self._rows[key]] for key in keys])

    def __call__(self, query: str, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        rows = self.vectors([query, *texts])
        return [float(value) for value in rows[1:] @ rows[0]]

    def save(self) -> None:
        """Write what is new to the file."""
        if len(self._vectors) > self._saved:
            keys = np.frombuffer(b"".join(self._rows), np.uint8).reshape(-1, 20)
            np.savez(self._file, keys=keys, vectors=np.stack(self._vectors).astype(np.float32))
            self._saved = len(self._vectors)

    def close(self) -> None:
        """Save, and stop the worker."""
        self.save()
        if self._embedder is not None:
            self._embedder.stop()
            self._embedder = None


PAGES = 3
"""Pages of results kept for a question."""


def retrieved(found: AnswerSet, folder: Path, questions: int = 10**9, pages: int = PAGES) -> dict[str, list[Hit]]:
    """For each question, by id, the passages on the first pages of results over all documents of the set.

    Loads the set once into a home of its own in `folder` and keeps the results in `folder`/NAME.hits.json.
    """
    kept = folder / f"{found.name}.hits.json"
    known: dict[str, list[Hit]] = {}
    if kept.is_file():
        rows = json.loads(kept.read_text(encoding="utf-8"))
        known = {key: [Hit(**one) for one in passages] for key, passages in rows.items()}
    missing = [one for one in found.questions[:questions] if one.id not in known]
    if not missing:
        return known
    documents = folder / found.name / "documents"
    found.write(documents)
    with Session(Settings(model=READER), locate(folder / found.name / "home")) as session:
        for _ in session.load([documents], source="documents", attach=False):
            pass
        session.open_agent(fresh=True)
        session.attach("documents")
        budget = Budget(int(session.settings.window_tokens * session.settings.page_share), session.settings.page_hits)
        sources = [session.app.archive.find_source("documents")]
        session.app.search.warm(sources)
        for question in missing:
            shown: list[Hit] = []
            for number in range(pages):
                page = session.app.search.page(sources, question.text, number, budget, lambda key: f"#p{key}")
                body = page.render(session.app.search.texts([hit.passage for hit in page.hits]))
                shown.extend(parse_hits(body).values())
                if number + 1 >= page.pages:
                    break
            known[question.id] = shown
    rows = {key: [asdict(one) for one in passages] for key, passages in known.items()}
    kept.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return known
