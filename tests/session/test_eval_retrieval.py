"""`workbench eval retrieval` on small sets in every layout, with an embedder that only counts words."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench import evaluation
from workbench.core.errors import UsageError
from workbench.evaluation.nested_kv import chains
from workbench.evaluation.question_sets import read_set
from workbench.evaluation.reader import questions_of
from workbench.evaluation.retrieval import place_scores


class WordCounts:
    """Vectors of hashed words: texts that share words are near."""

    model_id = "words"
    dimensions = 384

    @property
    def embedder(self) -> WordCounts:
        return self

    def embed(self, texts: Sequence[str], **_: Any) -> np.ndarray:
        vectors = np.full((len(texts), 384), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, zlib.crc32(word.encode()) % 384] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def embed_queries(self, queries: Sequence[str]) -> np.ndarray:
        return self.embed(queries)


def pack(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        json.dump(value, file)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return list(evaluation.run("retrieval", folder, WordCounts()))


def test_pooled_paragraphs_with_titles_that_are_not_unique(tmp_path: Path) -> None:
    lamp, other = "The brass lamp was lit in March.", "The iron gate was shut in June."
    pack(tmp_path / "corpus.json.gz", [{"title": "Notes", "text": lamp}, {"title": "Notes", "text": other}])
    paragraphs = [
        {"title": "Notes", "paragraph_text": lamp, "is_supporting": True},
        {"title": "Notes", "paragraph_text": other, "is_supporting": False},
    ]
    pack(
        tmp_path / "questions.json.gz",
        [{"id": "q", "question": "When was the brass lamp lit?", "paragraphs": paragraphs}],
    )
    question, result = rows_of(tmp_path)
    assert question["ranked"][0] == {"title": "Notes", "text": lamp}
    assert (question["event"], question["id"]) == ("question", "q")
    assert (result["event"], result["task"], result["questions"]) == ("result", "retrieval", 1)
    assert result["metrics"] == {"r@1": 1, "r@5": 1, "r@10": 1, "all@5": 1, "all@10": 1, "all@20": 1}


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ((1, 2), {"r@1": 0.5, "r@5": 1, "r@10": 1, "all@5": 1, "all@10": 1, "all@20": 1}),
        ((5, 6), {"r@1": 0, "r@5": 0.5, "r@10": 1, "all@5": 0, "all@10": 1, "all@20": 1}),
        ((10, 11), {"r@1": 0, "r@5": 0, "r@10": 0.5, "all@5": 0, "all@10": 0, "all@20": 1}),
        ((20, 21), {"r@1": 0, "r@5": 0, "r@10": 0, "all@5": 0, "all@10": 0, "all@20": 0}),
    ],
)
def test_measures_end_where_they_say(ranks: tuple[int, int], expected: dict[str, float]) -> None:
    places = [(number, 1) for number in range(30)]
    gold = frozenset((rank - 1, 1) for rank in ranks)
    assert place_scores(places, gold, False) == expected
    assert place_scores(places, gold, True) == {f"page@{k}": float(min(ranks) <= k) for k in (1, 5, 10)}


def test_a_miss_is_counted_as_a_share(tmp_path: Path) -> None:
    context = [[f"Day {n}", [f"Barley cost {n} marks. ", "It rained."]] for n in range(12)] + [["Far", ["Zzz."]]]
    facts = [["Day 3", 0], ["Far", 0]]
    pack(
        tmp_path / "q.json.gz",
        [{"_id": "a", "question": "Barley on day 3", "context": context, "supporting_facts": facts}],
    )
    metrics = rows_of(tmp_path)[-1]["metrics"]
    assert metrics["r@5"] == 0.5
    assert metrics["all@20"] == 0


def test_articles_are_searched_by_file(tmp_path: Path) -> None:
    for language, word in (("en", "lamp"), ("zh", "灯塔")):
        paragraphs = [
            {"context": f"{word} one", "qas": [{"id": language, "question": f"{word} one"}]},
            {"context": "nothing", "qas": []},
        ]
        pack(tmp_path / f"set.{language}.json.gz", {"data": [{"title": "T", "paragraphs": paragraphs}]})
    rows = rows_of(tmp_path)
    assert all(row["ranked"][0]["page"] == 1 for row in rows[:-1])
    assert rows[-1]["metrics"]["set.zh:r@1"] == 1


def test_keys_come_first_even_where_they_are_values_too(tmp_path: Path) -> None:
    pairs = [[f"{n:08x}-0000-4000-8000-{n:012x}", f"{n:08x}-1111-4000-8000-{n:012x}"] for n in range(30)]
    (tmp_path / "kv-a").mkdir()
    (tmp_path / "kv-a" / "r.jsonl").write_text(json.dumps({"ordered_kv_records": pairs}))
    (tmp_path / "kv-b").mkdir()
    (tmp_path / "kv-b" / "orderings.jsonl").write_text("[3, 16, 11]\n[5, 2]\n")
    assert rows_of(tmp_path / "kv-a")[-1]["metrics"]["r@1"] == 1
    nested = rows_of(tmp_path / "kv-b")[-1]
    assert (nested["questions"], nested["metrics"]["r@1"]) == (5, 1)
    assert pairs[16][0] in read_set(tmp_path / "kv-b").documents[0].pages[3]


def test_evidence_pages_of_one_filing(tmp_path: Path) -> None:
    from reportlab.pdfgen import canvas

    (tmp_path / "pdfs").mkdir()
    pdf = canvas.Canvas(str(tmp_path / "pdfs" / "ACME.pdf"))
    for text in ("Cover of the report", "Revenue was 812 million", "Signatures"):
        pdf.drawString(72, 700, text)
        pdf.showPage()
    pdf.save()
    row = {"financebench_id": "f1", "doc_name": "ACME", "question": "What was the revenue in millions?"}
    evidence = [{"doc_name": "ACME", "evidence_page_num": 1}]
    (tmp_path / "questions.jsonl").write_text(json.dumps({**row, "evidence": evidence}) + "\n")
    question, result = rows_of(tmp_path)
    assert question["ranked"][0]["page"] == 2
    assert result["metrics"] == {"page@1": 1, "page@5": 1, "page@10": 1}


def test_what_is_no_question_set_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("[1, 2]")
    with pytest.raises(UsageError):
        rows_of(tmp_path)
    with pytest.raises(UsageError):
        list(evaluation.run("cooking", tmp_path, WordCounts()))


CORPUS = [{"title": f"Day {n}", "text": f"Barley cost {n} marks. It rained."} for n in range(6)]


@pytest.mark.parametrize(
    "gold",
    [
        {"gold_titles": ["Day 3", "Day 4"]},
        {"ground_truth": ["Day 3", "Day 4"]},
        {"gold": [{"title": "Day 3"}, {"title": "Day  4"}]},
        {"supporting_facts": [["Day 3", 0], ["Day 4", 1]]},
    ],
)
def test_gold_by_title_over_a_corpus_of_its_own(tmp_path: Path, gold: dict[str, Any]) -> None:
    pack(tmp_path / "corpus.json.gz", CORPUS)
    asked = {"question": "What did barley cost on day 3?", "answers": ["3 marks"], **gold}
    (tmp_path / "questions.jsonl").write_text(json.dumps(asked) + "\n")
    (tmp_path / "answers.json").write_text(json.dumps([{"question": "Did it rain?", "answer": "Yes"}]))
    (tmp_path / "about.json").write_text(json.dumps({"made": 2024, "by": ["us"]}))
    (question,) = read_set(tmp_path).questions
    assert question.gold == {(3, 1), (4, 1)}


def set_of(folder: Path, **changed: Any) -> None:
    asked = {"_id": "q7", "question": "What did barley cost?", "gold_titles": ["Day 3"], **changed}
    (folder / "questions.json").write_text(json.dumps([asked]))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda folder: (folder / "more.json").write_text('[{"title": "x",'),
            r"more\.json line 1 cannot be read as JSON",
        ),
        (lambda folder: (folder / "more.jsonl").write_text('{"a": 1}\n{"a": \n'), r"more\.jsonl line 2 cannot be read"),
        (lambda folder: (folder / "more.json.gz").write_bytes(b"no gzip"), r"more\.json\.gz cannot be read as JSON"),
        (lambda folder: (folder / "more.json").write_bytes(b'["\xff"]'), r"more\.json cannot be read as JSON"),
        (lambda folder: (folder / "corpus.json.gz").unlink(), "Gold of question q7 in .* is in no passage: 'Day 3'"),
        (lambda folder: set_of(folder, question="  "), r"Question 1 of .* \(q7\) is empty"),
        (lambda folder: set_of(folder, question=None), r"Question 1 of .* \(q7\) is empty"),
        (lambda folder: set_of(folder, gold_titles=["Day 3", "Day 99"]), "is in no passage: 'Day 99'"),
        (lambda folder: set_of(folder, gold_titles=[]), "No question set of a known layout"),
        (lambda folder: set_of(folder, context=[["Day 3"]]), "does not fit its layout"),
        (lambda folder: set_of(folder, paragraphs=[{"title": "Day 3"}]), "does not fit its layout: a row has no"),
        (lambda folder: set_of(folder, ctxs=[{"title": "A", "text": "b"}]), r"\(0\) has no gold"),
    ],
)
def test_what_is_wrong_with_a_set_is_one_sentence(tmp_path: Path, spoil: Any, said: str) -> None:
    pack(tmp_path / "corpus.json.gz", CORPUS)
    set_of(tmp_path)
    assert len(read_set(tmp_path).questions) == 1
    spoil(tmp_path)
    with pytest.raises(UsageError, match=said) as caught:
        read_set(tmp_path)
    assert "\n" not in caught.value.one_line()


def test_what_is_wrong_with_questions_about_files_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The lamp was lit in March.")
    row = {"id": "q1", "question": "When?", "hops": 1, "gold": [{"document": "a.txt", "page": 1}]}
    for wrong, said in (
        ("{", "cannot be read as JSON"),
        ('{"questions": 3}', "does not fit its layout"),
        (json.dumps({"questions": [{"id": "q1"}]}), "does not fit its layout: a row has no"),
        (json.dumps({"questions": [{**row, "question": ""}]}), "Question q1 of .* is empty"),
        (
            json.dumps({"questions": [{**row, "gold": [{"document": "b.txt", "page": 1}]}]}),
            "is in no document: 'b.txt'",
        ),
        (json.dumps({"questions": []}), "There are no questions"),
    ):
        (tmp_path / "questions.json").write_text(wrong)
        with pytest.raises(UsageError, match=said):
            questions_of(tmp_path)
    (tmp_path / "questions.json").write_text(json.dumps({"questions": [row]}))
    assert [one.id for one in questions_of(tmp_path)] == ["q1"]


def test_key_value_sets_that_cannot_be_asked(tmp_path: Path) -> None:
    folder = tmp_path / "kv-x"
    folder.mkdir()
    for wrong, said in (
        ("{nothing", "cannot be read as JSON"),
        (json.dumps({"ordered_kv_records": [["a", "b"]]}), "has 1 key-value pairs"),
        (json.dumps({"ordered_kv_records": [1, 2]}), "does not fit its layout"),
        (json.dumps({"ordered_kv_records": [["k", "v"]] * 20}) + "\n[1, 400]", "does not fit its layout"),
    ):
        (folder / "r.jsonl").write_text(wrong)
        with pytest.raises(UsageError, match=said):
            chains(folder, 2)
