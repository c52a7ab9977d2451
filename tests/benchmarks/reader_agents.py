"""Measure the reader over the real loop, again and again: documents stay loaded and vectors stay known between runs.

    python tests/benchmarks/reader_agents.py FOLDER[:QUESTIONS_FILE] --home DIR [--verbose] [--only ID]

`workbench eval reader --data FOLDER` measures the same without keeping anything.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from workbench.core.paths import locate
from workbench.core.settings import READER, Settings
from workbench.embedding.client import LocalEmbedder
from workbench.evaluation.reader import Outcome, ask, metrics, questions_of
from workbench.services.container import AppContext
from workbench.services.session import Session


class KeptVectors(LocalEmbedder):
    """The embedder; exact vectors are kept in a file from run to run."""

    def __init__(self, file: Path) -> None:
        import numpy as np

        super().__init__()
        self._np, self._file = np, file
        self._by_text: dict[str, Any] = {}
        if file.exists():
            with np.load(file) as stored:
                self._by_text = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
        self._loaded = len(self._by_text)

    def embed(self, texts: Sequence[str], *, kind: Any = "passage", exact: bool | None = None, **more: Any) -> Any:
        if kind != "query":
            return super().embed(texts, kind=kind, exact=exact, **more)
        missing = list(dict.fromkeys(text for text in texts if text not in self._by_text))
        if missing:
            self._by_text.update(zip(missing, super().embed(missing, kind=kind, exact=exact, **more), strict=True))
        return self._np.stack([self._by_text[text] for text in texts])

    def save(self) -> None:
        if len(self._by_text) > self._loaded:
            texts, vectors = list(self._by_text), list(self._by_text.values())
            self._np.savez(self._file, texts=self._np.array(texts, dtype=object).astype(str), vectors=vectors)


def _print(outcome: Outcome) -> None:
    asked = outcome.asked
    print(
        f"{'ok  ' if outcome.right else 'MISS'} {asked.id} [{asked.kind}] {asked.text}  ({outcome.steps} steps, {outcome.seconds:.1f} s)"
    )
    print(f"     gold {sorted(asked.gold)}")
    for call in outcome.calls:
        print(f"     ? {call[:900]}")
    for document, page, quote in outcome.cited:
        print(f"     {'+' if (document, page) in asked.gold else '-'} {document} p.{page}: {quote[:420]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--window", type=int, default=8_192, help="tokens of main context")
    given = parser.parse_args()
    folder, _, file = given.set.partition(":")
    questions = [one for one in questions_of(Path(folder), Path(file) if file else None) if given.only in one.id]
    given.home.mkdir(parents=True, exist_ok=True)
    embedder = KeptVectors(given.home / "vectors.npz")
    AppContext.embedder = property(lambda engine: embedder)  # type: ignore[assignment,method-assign]
    outcomes = []
    try:
        with Session(Settings(model=READER, window_tokens=given.window), locate(given.home)) as session:
            for outcome in ask(session, questions):
                outcomes.append(outcome)
                if given.verbose:
                    _print(outcome)
        print(json.dumps({name: round(value, 3) for name, value in metrics(outcomes).items()}))
    finally:
        embedder.save()
        embedder.stop()


if __name__ == "__main__":
    main()
