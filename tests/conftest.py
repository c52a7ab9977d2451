"""Fixtures that most tests share: a home of its own, sessions that embed without a model, and a folder of small documents."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import Ticking
from tests.support.embedding import WordEmbedder, embedding_words
from tests.support.papers import write_papers
from tests.support.reading import reading_in_one_worker
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.services.session import Session

pytest_plugins = ["tests.support.selection"]

for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "WORKBENCH_MODEL", "WORKBENCH_HOME"):
    os.environ.pop(name, None)


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def word_embedder() -> Iterator[WordEmbedder]:
    """Every workbench of this process embeds with the embedder of words and reads files in one worker that they share."""
    with embedding_words() as embedder, reading_in_one_worker():
        yield embedder


@pytest.fixture
def make_session(home: Path, clock: Ticking, word_embedder: WordEmbedder) -> Iterator[Any]:
    """Opens sessions on one home, with the embedder of words; closes them at the end."""
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
    return write_papers(tmp_path / "papers")
