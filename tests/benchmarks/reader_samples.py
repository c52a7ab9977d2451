"""Measure the extractive reader: question sets go in; citations against gold and abstentions come out as a table.

    python tests/benchmarks/reader_samples.py SET [--data DIR] [--limit N] [--verbose] [--absent]

SET is a folder of documents with questions.json, such as sample_docs (or FOLDER:QUESTIONS_FILE), or a public set under
DIR: hotpotqa, hotpotqa-dev, musique. For public sets a paragraph is a document. --absent takes the gold
paragraphs away: every answer is then wrong.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.reader_harness import Archive, Harness, Minilm, Outcome, Passage
from workbench.models.extractive.model import ExtractiveReader


@dataclass(frozen=True)
class Asked:
    """A question of a set; `gold` are (document, page), empty when the documents do not say."""

    id: str
    question: str
    gold: frozenset[tuple[str, int]]
    kind: str


def load_set(name: str, data: Path) -> tuple[list[Passage], list[Asked]]:
    """The passages and questions of a set."""
    if name == "hotpotqa":
        questions = _json(data / "hotpotqa-100/hotpotqa_train.json.gz")
        corpus = _json(data / "hotpotqa-100/hotpotqa_train_corpus.json.gz")
        passages = [Passage(t, 1, "", "".join(s).strip()) for t, s in corpus.items()]
        asked = [
            Asked(str(i), q["question"], frozenset((t, 1) for t, _ in q["supporting_facts"]), q["type"])
            for i, q in enumerate(questions)
        ]
        return passages, asked
    if name == "hotpotqa-dev":
        questions = _json(data / "hotpotqa-dev-100a/hotpot_dev_distractor_v1.json.gz")
        seen = {
            t: "".join(s).strip()
            for q in questions
            for t, s in zip(q["context"]["title"], q["context"]["sentences"], strict=True)
        }
        asked = [
            Asked(str(i), q["question"], frozenset((t, 1) for t in q["supporting_facts"]["title"]), q["type"])
            for i, q in enumerate(questions)
        ]
        return [Passage(t, 1, "", text) for t, text in seen.items()], asked
    if name == "musique":
        questions = _json(data / "musique-100/musique_train.json.gz")
        corpus = _json(data / "musique-100/musique_train_corpus.json.gz")
        number: dict[tuple[str, str], int] = {}
        passages = []
        for p in corpus:
            page = sum(t == p["title"] for t, _ in number) + 1
            number[p["title"], p["text"]] = page
            passages.append(Passage(p["title"], page, "", p["text"]))
        asked = [
            Asked(
                q["id"],
                q["question"],
                frozenset(
                    (p["title"], number[p["title"], p["paragraph_text"]]) for p in q["paragraphs"] if p["is_supporting"]
                ),
                q["id"].split("_")[0],
            )
            for q in questions
        ]
        return passages, asked
    folder, _, questions_file = name.partition(":")
    return load_folder(Path(folder), Path(questions_file) if questions_file else Path(folder) / "questions.json")


def load_folder(folder: Path, questions_file: Path) -> tuple[list[Passage], list[Asked]]:
    """A folder of documents and a file of questions in the form of sample_docs/questions.json."""
    from loaders.registry import read

    passages = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json" or path.name.startswith("."):
            continue
        for page in read(path).pages:
            passages.extend(Passage(path.name, page.number, heading, text) for heading, text in _chunks(page))
    asked = []
    for q in json.loads(questions_file.read_text(encoding="utf-8"))["questions"]:
        gold = frozenset((g["document"], g["page"]) for g in q["gold"])
        asked.append(Asked(q["id"], q["question"], gold, f"{q['hops']} hops" if gold else "none"))
    return passages, asked


def _chunks(page: Any, limit_chars: int = 1_000) -> list[tuple[str, str]]:
    """Paragraphs of a page up to about 250 tokens, with the heading each begins under."""
    found: list[tuple[str, str]] = []
    held, at, heading = "", 0, ""
    for block in page.text.split("\n\n") if "\n\n" in page.text else page.text.split("\n"):
        start = page.text.find(block, at)
        under = [h.title for h in page.headings if h.start_char <= start]
        if held and len(held) + len(block) > limit_chars:
            found.append((heading, held))
            held = ""
        if not held:
            heading = under[-1] if under else ""
        held = f"{held}\n{block}" if held else block
        at = start + len(block)
    if held.strip():
        found.append((heading, held))
    return found


def _json(path: Path) -> Any:
    return json.load(gzip.open(path, "rt", encoding="utf-8"))


def run(passages: list[Passage], asked: list[Asked], score: Minilm, *, absent: bool, verbose: bool) -> dict[str, float]:
    """Ask everything, print a line a question, and return the shares."""
    reader = ExtractiveReader(score)
    totals: dict[str, float] = {
        "all_gold": 0,
        "some_gold": 0,
        "extra<=1": 0,
        "both": 0,
        "abstained": 0,
        "verified": 0,
        "citations": 0,
        "steps": 0,
        "noted": 0,
    }
    whole = Archive(passages, score)
    for item in asked:
        if absent:
            whole._hidden = {i for i, p in enumerate(passages) if (p.document, p.page) in item.gold}
        started = time.perf_counter()
        outcome = Harness(reader, whole).ask(item.question)
        got = {(d, p) for d, p, _, _ in outcome.cited}
        extra = {d for d, _ in got} - {d for d, _ in item.gold}
        complete = item.gold <= got and bool(item.gold)
        totals["all_gold"] += complete
        totals["some_gold"] += bool(item.gold & got)
        totals["extra<=1"] += len(extra) <= 1
        totals["both"] += complete and len(extra) <= 1
        totals["abstained"] += outcome.abstained
        totals["verified"] += all(ok for *_, ok in outcome.cited)
        totals["citations"] += len(outcome.cited)
        totals["steps"] += outcome.steps
        totals["noted"] += item.gold <= _noted(outcome)
        if verbose:
            _print(item, outcome, got, extra, time.perf_counter() - started)
    return {key: round(value / max(1, len(asked)), 3) for key, value in totals.items()}


def _noted(outcome: Outcome) -> set[tuple[str, int]]:
    from workbench.models.extractive.prompt_parser import parse_notes

    found = set()
    for line in outcome.trace:
        name, _, arguments = line.partition(" ")
        if name.startswith("core_memory"):
            given = json.loads(arguments)
            found |= {
                (n.document, n.document_page) for n in parse_notes(given.get("content") or given.get("new_content"))
            }
    return found


def _print(item: Asked, outcome: Outcome, got: set[tuple[str, int]], extra: set[str], seconds: float) -> None:
    mark = (
        "ABST"
        if outcome.abstained
        else "ok  "
        if item.gold <= got and len(extra) <= 1
        else "PART"
        if item.gold & got
        else "MISS"
    )
    print(f"{mark} {item.id} [{item.kind}] {item.question}  ({outcome.steps} steps, {seconds:.1f} s)")
    print(f"     gold {sorted(item.gold)} noted {item.gold <= _noted(outcome)}")
    for query in outcome.searches[1:]:
        print(f"     ? {query}")
    for document, page, quote, verified in outcome.cited:
        print(
            f"     {'+' if (document, page) in item.gold else '-'}{'' if verified else ' UNVERIFIED'} {document} p.{page}: {quote[:160]}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--limit", type=int, default=10_000)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--absent", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path("/tmp/reader-vectors.npz"))
    given = parser.parse_args()
    passages, asked = load_set(given.set, given.data)
    score = Minilm(given.cache)
    try:
        print(json.dumps(run(passages, asked[: given.limit], score, absent=given.absent, verbose=given.verbose)))
    finally:
        score.save()


if __name__ == "__main__":
    main()
