"""Small question sets of our own in the layouts of public ones, one folder each: what `workbench eval` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TITLES = ("Harbour", "Mill", "Chapel", "School", "Bridge", "Tower", "Market", "Quarry")


def _write(file: Path, value: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row) + "\n" for row in value) if file.suffix == ".jsonl" else json.dumps(value)
    file.write_text(lines, encoding="utf-8")


def nq(folder: Path) -> Path:
    """Eight passages with one question each, in the layout of NQ-open."""
    rows = [
        {
            "question": f"Who built the {title.lower()} of Elmstead?",
            "answers": [f"Jonas {title}son"],
            "ctxs": [
                {
                    "title": title,
                    "text": f"The {title.lower()} of Elmstead was built by Jonas {title}son.",
                    "isgold": True,
                }
            ],
        }
        for title in TITLES
    ]
    _write(folder / "nq.jsonl", rows)
    return folder


def musique(folder: Path) -> Path:
    """Eight questions of two hops, their passages and one that belongs to none, in the layout of MuSiQue."""
    rows = []
    for title in TITLES:
        first = {
            "title": title,
            "paragraph_text": f"The {title.lower()} was built by Jonas {title}son.",
            "is_supporting": True,
        }
        second = {
            "title": f"Jonas {title}son",
            "paragraph_text": f"Jonas {title}son was born in {title}ville.",
            "is_supporting": True,
        }
        other = {"title": "Weather", "paragraph_text": "It rained for most of that summer.", "is_supporting": False}
        question = f"Where was the builder of the {title.lower()} born?"
        answer = {"answer": f"{title}ville", "answer_aliases": []}
        rows.append({"id": f"2hop__{title}", "question": question, **answer, "paragraphs": [first, second, other]})
    _write(folder / "musique.json", rows)
    return folder


def squad(folder: Path) -> Path:
    """Eight articles of a paragraph with one question each, in the layout of SQuAD and XQuAD."""
    articles = []
    for title in TITLES:
        colour = f"{title.lower()}-green"
        asked = {"id": title, "question": f"Which colour is the {title.lower()}?", "answers": [{"text": colour}]}
        context = f"The {title.lower()} of Elmstead was painted {colour} by Ada Brush."
        articles.append({"title": title, "paragraphs": [{"context": context, "qas": [asked]}]})
    _write(folder / "xquad.en.json", {"data": articles})
    return folder


def files(folder: Path) -> Path:
    """Two files of records and a question that joins them, in the layout of letta-leaderboard, and one in that of letta-evals."""
    _write(folder / "questions.jsonl", [{"question": "Which pet has Ada Brush?", "answer": "Rex", "question_type": "multi-hop",
                                         "required_files": ["people.txt", "pets.txt"]}])  # fmt: skip
    _write(folder / "cloud.jsonl", [{"input": "Who owns Rex?", "ground_truth": "Ada Brush",
                                     "agent_args": {"extra": {"question_type": "chain", "required_files": ["pets.txt"]}}}])  # fmt: skip
    (folder / "files").mkdir()
    (folder / "files" / "people.txt").write_text(
        "### Ada Brush (ID: pers-1)\nDOB: 1970-01-02\n\n### Bo Lind (ID: pers-2)\n"
    )
    (folder / "files" / "pets.txt").write_text("### pet-1\nOwner: pers-1 | Name: Rex | Species: Dog\n")
    return folder


def locomo(folder: Path) -> Path:
    """A dialogue of three sessions with a question, one that only seems to be answered, and observations, in LoCoMo's layout."""
    talk: dict[str, Any] = {"speaker_a": "Ada", "speaker_b": "Bo"}
    said = (
        ("I bought a red kayak.", "What a fine boat!"),
        ("My sister Eve moved to Oslo.", "That is far away."),
        ("How is the kayak?", "Dry."),
    )
    for number, (first, second) in enumerate(said, 1):
        talk[f"session_{number}_date_time"] = f"1:56 pm on {number} May, 2023"
        talk[f"session_{number}"] = [
            {"speaker": "Ada", "dia_id": f"D{number}:1", "text": first},
            {"speaker": "Bo", "dia_id": f"D{number}:2", "text": second},
        ]
    qa: list[dict[str, Any]] = [
        {"question": "What did Ada buy?", "answer": "a red kayak", "evidence": ["D1:1"], "category": 4},
        {"question": "What did Bo buy?", "evidence": ["D1:1"], "category": 5, "adversarial_answer": "a red kayak"},
    ]
    seen = {
        "session_1_observation": {"Ada": [["Ada bought a red kayak.", "D1:1"]], "Bo": [["Bo likes boats.", "D1:2"]]},
        "session_3_observation": {"Ada": [["Ada asks about the kayak.", "D3:1"]]},
    }
    _write(folder / "locomo.json", [{"sample_id": "talk-1", "conversation": talk, "qa": qa, "observation": seen}])
    return folder


def report_pages(folder: Path, pdf: bytes) -> Path:
    """A PDF with questions about it in the layouts of FinanceBench and of MMLongBench-Doc."""
    for place in ("pdfs", "documents"):
        (folder / place).mkdir(parents=True)
        (folder / place / "report.pdf").write_bytes(pdf)
    evidence = [{"doc_name": "report", "evidence_page_num": 0, "evidence_text": "…"}]
    _write(folder / "bench.jsonl", [{"financebench_id": "f1", "doc_name": "report", "question": "Who built the light?",
                                     "answer": "Jonas Mason", "evidence": evidence, "question_type": "domain"}])  # fmt: skip
    rows = [
        {
            "doc_id": "report.pdf",
            "doc_type": "Report",
            "question": "Who kept the light?",
            "answer": "Ada",
            "evidence_pages": "[1, 2]",
        },
        {
            "doc_id": "report.pdf",
            "doc_type": "Report",
            "question": "Who sank?",
            "answer": "Not answerable",
            "evidence_pages": "[]",
        },
    ]
    _write(folder / "samples.json", rows)
    return folder
