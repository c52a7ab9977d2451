"""Fixtures shared by the engine's tests: a home of its own, an embedder of words (no worker, no model), and small documents."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.services.container import AppContext
from workbench.services.session import Session

for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "WORKBENCH_MODEL", "WORKBENCH_HOME"):
    os.environ.pop(name, None)


class WordEmbedder:
    """A deterministic stand-in for the embedding worker: a text is the sum of the directions of its words."""

    model_id = "words"
    dimensions = 384

    def embed(self, texts: Sequence[str], **_: Any) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                seed = int.from_bytes(hashlib.sha256(word.strip(".,;:?!\"'()").encode()).digest()[:4], "big")
                vectors[row] += np.random.default_rng(seed).standard_normal(self.dimensions).astype(np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(norms == 0, 1, norms)

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Ticking:
    """A clock that goes on by one second a look."""

    def __init__(self, start: datetime = datetime(2026, 1, 2, 3, 4, 5)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def make_session(home: Path, clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Opens sessions on one home, with the embedder of words; closes them at the end."""
    monkeypatch.setattr(AppContext, "embedder", property(lambda engine: WordEmbedder()))
    opened: list[Session] = []

    def make(**settings: Any) -> Session:
        session = Session(Settings(**settings), locate(home), clock=clock)
        opened.append(session)
        return session

    yield make
    for session in opened:
        session.close()


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """A folder of twelve short documents about one harbour; each names the next one's subject."""
    folder = tmp_path / "papers"
    folder.mkdir()
    people = ["Alda", "Benno", "Cato", "Dora", "Edda", "Falk", "Gesa", "Henk", "Ilka", "Jost", "Karla", "Lutz"]
    for number, (name, after) in enumerate(zip(people, people[1:] + people[:1], strict=True)):
        text = (
            f"# Papers of {name}\n\n{name} Marner kept the harbour light number {number} for {number + 3} years. "
            f"The keys of the light were handed by {name} Marner to {after} Marner in the spring of {1900 + number}.\n\n"
            f"## Stores\n\n{name} Marner ordered {number + 10} barrels of oil, part number HX-{200 + number}/7, from the chandler.\n"
        )
        (folder / f"{number:02}-{name.lower()}.md").write_text(text, encoding="utf-8")
    return folder


def run(events: Iterator[Any]) -> list[Any]:
    """All events of a generator."""
    return list(events)
