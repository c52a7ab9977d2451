"""How large should passages be, and should they overlap? The same questions are asked of the same documents, cut differently.

    python -m tests.benchmarks.chunk_sizes DATA [TARGET[+OVERLAP] …]

DATA holds xquad and financebench. XQuAD's paragraphs are joined to articles: a question is answered when a passage with
the whole answer stands within the first 500, 1,000 and 2,000 tokens of results; larger passages get fewer tries, so that
sizes compare. FinanceBench asks one PDF: its evidence page must be among the results. TARGET is in the embedder's tokens,
OVERLAP in tokens of the passage before.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loaders import registry
from loaders.document import Document, Page
from workbench.embedding.client import LocalEmbedder
from workbench.ingest import chunker as chunker_module
from workbench.ingest.chunker import Chunker, ChunkLimits
from workbench.ingest.passage import PassageDraft
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive

BUDGETS = (500, 1_000, 2_000)
DEFAULT = ("90", "130", "180", "212", "130+30", "180+30")


@dataclass(frozen=True)
class Question:
    """`gold` is (document, page, start, end) of the answer, or end 0 for anywhere on the page."""

    text: str
    gold: Sequence[tuple[int, int, int, int]]
    within: int | None = None


@dataclass(frozen=True)
class Set:
    name: str
    documents: Sequence[Document]
    questions: Sequence[Question]


def xquad(file: Path, name: str) -> Set:
    documents, questions = [], []
    for number, article in enumerate(json.loads(gzip.decompress(file.read_bytes()))["data"]):
        text = ""
        for paragraph in article["paragraphs"]:
            start = len(text)
            text += paragraph["context"] + "\n\n"
            for asked in paragraph["qas"]:
                answer = asked["answers"][0]
                first = start + answer["answer_start"]
                questions.append(Question(asked["question"], [(number, 1, first, first + len(answer["text"]))]))
        title = " ".join(str(article.get("title", "")).replace("_", " ").split())
        documents.append(Document(title, (Page(1, None, text),), "text", 1))
    return Set(name, documents, questions)


def financebench(folder: Path) -> Set:
    files = sorted((folder / "pdfs").glob("*.pdf"))
    place = {file.stem: number for number, file in enumerate(files)}
    questions = []
    for line in (folder / "questions.dev.jsonl").read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        gold = [(place[item["doc_name"]], int(item["evidence_page_num"]) + 1, 0, 0) for item in asked["evidence"]]
        questions.append(Question(asked["question"], gold, place[asked["doc_name"]]))
    return Set("financebench", [registry.read(file) for file in files], questions)


def overlapping(drafts: Sequence[PassageDraft], document: Document, count: Any, tokens: int) -> Iterator[PassageDraft]:
    """Each passage begun earlier on its page, by the last sentences of the one before that have at most `tokens`."""
    pages = {page.number: page.text for page in document.pages}
    before: PassageDraft | None = None
    for draft in drafts:
        start = draft.start_char
        if before is not None and before.page_number == draft.page_number:
            text = pages[draft.page_number]
            starts = [before.start_char + item for item in chunker_module.sentence_starts(before.text)]
            fitting = [item for item in starts if count([text[item : draft.start_char]])[0] <= tokens]
            start = min(fitting, default=start)
        before = draft
        text = pages[draft.page_number][start : draft.end_char]
        yield replace(draft, start_char=start, text=text)


def measure(asked: Set, target: int, overlap: int, embedder: Any, queries: dict[str, Any]) -> list[float]:
    """Share of questions answered within each budget, and how many passages there are."""
    base = Chunker.for_local_model()
    chunker = Chunker(base.count_embedder, base.count_context, ChunkLimits(target_tokens=target))
    with tempfile.TemporaryDirectory() as home:
        database = Database(Path(home) / "chunks.duckdb")
        try:
            archive = DuckDBArchive(database)
            search = ArchivalSearch(archive, lambda texts: queries[texts[0]])
            source, stored, passages = archive.source_id("chunks"), [], 0
            for number, document in enumerate(asked.documents):
                drafts = list(chunker.passages(document))
                if overlap:
                    drafts = list(overlapping(drafts, document, base.count_embedder, overlap))
                passages += len(drafts)
                vectors = embedder.embed([draft.embedding_text for draft in drafts])
                name = f"{number:05}"
                stored.append(archive.add_document(source, name, name, document, drafts, vectors, "local", 0))
            paths = archive.paths([source])
            found = [0] * len(BUDGETS)
            for question in asked.questions:
                chosen = paths if question.within is None else {stored[question.within]: paths[stored[question.within]]}
                at = answered_at(archive, search.ranking(chosen, question.text).ids, question, stored)
                for place, budget in enumerate(BUDGETS):
                    found[place] += at <= budget
        finally:
            database.close()
    return [*(count / len(asked.questions) for count in found), passages]


def answered_at(archive: DuckDBArchive, ids: Sequence[int], question: Question, stored: Sequence[int]) -> float:
    """How many tokens of results one reads until an answer is whole."""
    gold = {(stored[document], page, start, end) for document, page, start, end in question.gold}
    read = 0
    passages = archive.passages(list(ids)[:100])
    for key in list(ids)[:100]:
        item = passages[key]
        read += item.tokens
        if read > BUDGETS[-1]:
            break
        for document, page, start, end in gold:
            here = (item.document, item.page) == (document, page)
            if here and (not end or (item.start_char <= start and end <= item.end_char)):
                return read
    return float("inf")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("sizes", nargs="*", default=DEFAULT)
    parser.add_argument("--sets", default="xquad-en,xquad-zh,financebench")
    chosen = parser.parse_args()
    makers = {
        "xquad-en": lambda: xquad(chosen.data / "xquad" / "xquad.en.json.gz", "xquad-en"),
        "xquad-zh": lambda: xquad(chosen.data / "xquad" / "xquad.zh.json.gz", "xquad-zh"),
        "financebench": lambda: financebench(chosen.data / "financebench"),
    }
    embedder = LocalEmbedder()
    print(f"{'set':<14}{'target':>7}{'overlap':>8}{'passages':>9}" + "".join(f"{f'@{n} tok':>10}" for n in BUDGETS))
    for name in chosen.sets.split(","):
        asked = makers[name]()
        texts = sorted({question.text for question in asked.questions})
        vectors = embedder.embed(texts, kind="query")
        queries = {text: vectors[place : place + 1] for place, text in enumerate(texts)}
        for size in chosen.sizes:
            target, _, overlap = size.partition("+")
            *shares, passages = measure(asked, int(target), int(overlap or 0), embedder, queries)
            row = "".join(f"{share:>10.1%}" for share in shares)
            print(f"{asked.name:<14}{target:>7}{overlap or '0':>8}{passages:>9}{row}", flush=True)
    embedder.stop()


if __name__ == "__main__":
    sys.exit(main())
