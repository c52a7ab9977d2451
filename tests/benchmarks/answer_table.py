"""Ask the same questions of several sets again and again, and print the table of answers.md: a line a set.

    python -m tests.benchmarks.answer_table NAME=PATH… --work FOLDER [--questions 60] [--absent 30] [--weights FILE] [--rows FILE]
        [--misspell]

Every question is asked of a fresh agent over the real loop. The documents stay loaded and vectors stay known in FOLDER
between runs. One document of five is not loaded: `--absent` questions are about those. Only questions are asked whose
documents belong to the first of the three folds of `workbench.evaluation.fit_answer_scorer`, so that `--weights` can name
weights that never saw them (`fit_answer_scorer --unseen 0 FILE`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from workbench.core.paths import locate
from workbench.core.settings import READER, Settings
from workbench.embedding.client import LocalEmbedder
from workbench.evaluation.answer_sets import AnswerQuestion, AnswerSet, read_answer_sets
from workbench.evaluation.answers import Outcome, ask, left_out, metrics, row
from workbench.evaluation.fit_answer_scorer import fold_of
from workbench.models.extractive import answer_scorer
from workbench.models.extractive.languages import FUNCTION_WORDS
from workbench.services.container import AppContext
from workbench.services.session import Session


class KeptVectors(LocalEmbedder):
    """The embedder; exact vectors of sentences and questions are kept in a file from run to run."""

    def __init__(self, file: Path) -> None:
        import numpy as np

        super().__init__()
        self._np, self._file = np, file
        self._by_text: dict[bytes, Any] = {}
        if file.exists():
            with np.load(file) as stored:
                self._by_text = {
                    bytes(key): vector for key, vector in zip(stored["keys"], stored["vectors"], strict=True)
                }
        self._saved = len(self._by_text)

    def embed(self, texts: Sequence[str], *, kind: Any = "passage", exact: bool | None = None, **more: Any) -> Any:
        if kind != "query" or not texts:
            return super().embed(texts, kind=kind, exact=exact, **more)
        keys = [hashlib.sha1(text.encode("utf-8", "replace")).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._by_text}
        if missing:
            made = super().embed(list(missing.values()), kind=kind, exact=exact, **more)
            self._by_text.update(zip(missing, made, strict=True))
        return self._np.stack([self._by_text[key] for key in keys])

    def save(self) -> None:
        if len(self._by_text) > self._saved:
            keys = self._np.frombuffer(b"".join(self._by_text), self._np.uint8).reshape(-1, 20)
            self._np.savez(self._file, keys=keys, vectors=self._np.stack(list(self._by_text.values())))
            self._saved = len(self._by_text)


def chosen(found: AnswerSet, answerable: int, absent: int) -> list[AnswerQuestion]:
    """So many questions of the first fold whose documents are loaded, and so many whose documents are not; always the same."""
    gone = left_out(found)
    mine = [one for one in found.questions if fold_of(one) == 0]
    random.Random(14).shuffle(mine)
    here = [one for one in mine if not one.documents & gone][:answerable]
    away = [one for one in mine if one.documents & gone][:absent]
    return [*here, *away]


def misspelt(text: str, seed: str) -> str:
    """A question with one slip: a letter left out or doubled, or two that change places, in one word of at least five letters."""
    draw = random.Random(seed)
    words = text.split()
    long = [at for at, one in enumerate(words) if len(one) >= 5 and one.isalpha() and one.lower() not in FUNCTION_WORDS]
    if long:
        at = draw.choice(long)
        word, place = words[at], draw.randrange(1, len(words[at]) - 1)
        head, letter, following, tail = word[:place], word[place], word[place + 1], word[place + 2 :]
        words[at] = draw.choice(
            (head + following + tail, head + following + letter + tail, head + letter + word[place:])
        )
    return " ".join(words)


def _line(name: str, outcome: Outcome) -> str:
    more = {"answers": outcome.question.answers, "text": outcome.text, "calls": outcome.calls}
    return json.dumps({"set": name, **row(outcome), **more}, ensure_ascii=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--absent", type=int, default=30)
    parser.add_argument("--weights", type=Path, help="a file of weights instead of the one that ships")
    parser.add_argument("--rows", type=Path, help="write every question with its quotes here, a JSON object a line")
    parser.add_argument("--misspell", action="store_true", help="ask every question with one word misspelt")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    if given.weights:
        answer_scorer._FILE = given.weights
    rows = given.rows or Path(tempfile.mkstemp(suffix=".jsonl")[1])
    with rows.open("w", encoding="utf-8") as file:
        for item in given.sets:
            name, _, path = item.partition("=")
            found = read_answer_sets(Path(path))
            embedder = KeptVectors(given.work / f"{name}.npz")
            AppContext.embedder = property(lambda engine, one=embedder: one)  # type: ignore[assignment,method-assign,misc]
            outcomes = []
            try:
                with Session(Settings(model=READER), locate(given.work / name / "home")) as session:
                    questions = chosen(found, given.questions, given.absent)
                    if given.misspell:
                        questions = [replace(one, text=misspelt(one.text, one.id)) for one in questions]
                    for outcome in ask(session, found, questions, given.work / name / "documents"):
                        outcomes.append(outcome)
                        file.write(_line(name, outcome) + "\n")
                        file.flush()
            finally:
                embedder.save()
                embedder.stop()
            print(name, json.dumps({key: round(value, 3) for key, value in metrics(outcomes).items()}), flush=True)


if __name__ == "__main__":
    main()
