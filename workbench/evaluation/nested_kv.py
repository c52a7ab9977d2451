"""The nested key-value task (MemGPT §3.2.2): look up pairs whose values may be keys, and follow them to the end.

The pairs are records in the archive, searched as any document; the agent is an ordinary one with a window of 4,096.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex

from loaders.document import Document, Page
from workbench.api.events import AnswerDone, StepFinished
from workbench.core.errors import UsageError
from workbench.evaluation.question_sets import read_rows, rows_that_fit
from workbench.ingest.chunker import Chunker
from workbench.services.container import AppContext
from workbench.services.session import Session

DEEPEST = 9
SAMPLES = 10
"""Orderings measured at each depth of nesting."""

_SEED = 2310
_UUID = regex.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Wording:
    """How a pair and a question are put into words."""

    name: str
    record: str
    question: str


WORDINGS = (
    Wording(
        "pairs",
        "Key-value pair: key = {key}, value = {value}",
        "What is the final value for the key {key}? A value that is itself a key is looked up in turn.",
    ),
    Wording(
        "lockers",
        "Locker {key} holds tag {value}.",
        "Which tag is found in the end, starting at locker {key}? A tag that is itself the number of a locker leads on.",
    ),
)


@dataclass(frozen=True)
class Chain:
    """A question: follow `key` through `nesting` values that are keys to `value`, among `pairs`."""

    nesting: int
    number: int
    key: str
    value: str
    pairs: tuple[tuple[str, str], ...]


def chains(folder: Path, samples: int) -> list[Chain]:
    """The questions of a folder: its own orderings where it has them, drawn with a seed beyond. Raises UsageError."""
    pairs = _pairs(folder)
    known = _orderings(folder)
    draw = random.Random(_SEED)
    found = []
    if len(pairs) <= DEEPEST:
        raise UsageError(f"{folder} has {len(pairs)} key-value pairs; {DEEPEST + 1} are needed.", "Add pairs.")
    for nesting in range(DEEPEST + 1):
        orderings = known.get(nesting + 1) or [draw.sample(range(len(pairs)), nesting + 1) for _ in range(samples)]
        with rows_that_fit(folder):
            found += [_chain(pairs, ordering, number) for number, ordering in enumerate(orderings[:samples])]
    return found


def _chain(pairs: Sequence[tuple[str, str]], ordering: Sequence[int], number: int) -> Chain:
    changed = [list(pair) for pair in pairs]
    for here, after in itertools.pairwise(ordering):
        changed[here][1] = pairs[after][0]
    last = changed[ordering[-1]][1]
    return Chain(len(ordering) - 1, number, pairs[ordering[0]][0], last, tuple((key, value) for key, value in changed))


def _pairs(folder: Path) -> list[tuple[str, str]]:
    places = [folder, *sorted(path for path in folder.parent.glob("kv-*") if path.is_dir())]
    for rows in (_rows(file) for place in places for file in sorted(place.glob("*.json*"))):
        if rows and isinstance(rows[0], dict) and "ordered_kv_records" in rows[0]:
            with rows_that_fit(folder):
                return [(str(key), str(value)) for key, value in rows[0]["ordered_kv_records"]]
    raise UsageError(
        f"There are no key-value pairs in {folder} or beside it.", "Give a folder with a file of ordered_kv_records."
    )


def _orderings(folder: Path) -> dict[int, list[list[int]]]:
    """Lines of indices, by their length."""
    found: dict[int, list[list[int]]] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for row in _rows(file):
            if isinstance(row, list) and row and all(isinstance(item, int) for item in row):
                found.setdefault(len(row), []).append(row)
    return found


def _rows(file: Path) -> list[Any]:
    return list(read_rows(file) or ()) if file.suffix == ".jsonl" else []


class Records:
    """Stores the pairs of a chain, one a page of a document, and asks a fresh agent that is attached to them alone."""

    def __init__(self, session: Session, wording: Wording) -> None:
        self.session = session
        self.wording = wording
        self._vectors: dict[str, Any] = {}

    def ask(self, chain: Chain, others: Sequence[str] = ()) -> tuple[str, int]:
        """The answer and the number of steps. `others` are further records about the same things."""
        name = f"records {chain.nesting}-{chain.number}"
        texts = [self.wording.record.format(key=key, value=value) for key, value in chain.pairs]
        store_records(self.session.app, name, "records", [*texts, *others], self._vectors)
        self.session.open_agent(fresh=True)
        self.session.attach(name)
        text, steps = "", 0
        for event in self.session.submit(self.wording.question.format(key=chain.key)):
            if isinstance(event, AnswerDone):
                text = event.text
            steps += isinstance(event, StepFinished)
        return text, steps


def store_records(
    app: AppContext, source: str, name: str, texts: Sequence[str], vectors: MutableMapping[str, Any]
) -> None:
    """Store a document whose pages are these texts, unless the source has it. `vectors` keeps what was embedded, by text."""
    import numpy as np

    key = app.archive.source_id(source)
    if app.archive.documents(key):
        return
    pages = tuple(Page(number, None, text) for number, text in enumerate(texts, 1))
    document = Document(name, pages, "records", 1)
    drafts = list(Chunker.for_local_model().passages(document))
    new = list(dict.fromkeys(d.embedding_text for d in drafts if d.embedding_text not in vectors))
    if new:
        vectors.update(zip(new, app.embedder.embed(new), strict=True))
    rows = np.stack([vectors[draft.embedding_text] for draft in drafts])
    app.archive.add_document(key, name, source, document, drafts, rows, app.embedder.model_id, 0)


def is_right(answer: str, chain: Chain) -> bool:
    """Whether the last identifier that an answer names is the end of the chain."""
    return ends_with(answer, chain.value)


def ends_with(answer: str, value: str) -> bool:
    """Whether the last identifier that an answer names is this one."""
    named = _UUID.findall(answer)
    return bool(named) and named[-1] == value
