"""Ask questions of our own over sample_docs and a few other documents, and print what is right.

    python tests/benchmarks/own_questions.py --data FOLDER [--questions own_questions_2.json] [--verbose]

The questions were written by reading the documents before the scorer they measure was fitted. Those of one group are asked
in one conversation, as a person would.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from workbench.api.events import AnswerDone, StepFinished
from workbench.core.paths import locate
from workbench.core.settings import READER, Settings
from workbench.evaluation.answer_sets import read_answer_sets
from workbench.services.session import Session

ROOT = Path(__file__).resolve().parents[2]
FILES: dict[str, dict[str, tuple[str, ...]]] = {
    "own_questions.json": {
        "pdf": (
            "pdf-readable/cognee__nutrients-13-01241.pdf",
            "pdf-readable/pdfplumber__federal-register-2020-17221.pdf",
            "pdf-readable/unstructured__multi-column.pdf",
        )
    },
    "own_questions_2.json": {
        "netflix": ("financebench/pdfs/NETFLIX_2015_10K.pdf",),
        "paper": ("pdf-readable/pdfjs__tracemonkey.pdf",),
        "german": ("xquad/xquad.de.json.gz",),
    },
}
"""The files of each group of questions beside sample_docs, below the folder of data; those of a question set are its articles."""


def ask(session: Session, question: str) -> tuple[AnswerDone, int]:
    """The answer, and how many steps it took."""
    answer, steps = AnswerDone(text="", answered=False), 0
    for event in session.submit(question):
        if isinstance(event, AnswerDone):
            answer = event
        steps += isinstance(event, StepFinished)
    return answer, steps


def _loadable(path: Path, folder: Path) -> Path:
    """A file as it is; the articles of a question set are written into a folder first."""
    if not path.name.endswith(".json.gz"):
        return path
    read_answer_sets(path).write(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", choices=sorted(FILES), default="own_questions.json")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    questions = json.loads((ROOT / "tests/samples" / given.questions).read_text(encoding="utf-8"))["questions"]
    right = 0
    steps_taken = []
    with (
        tempfile.TemporaryDirectory() as home,
        Session(Settings(model=READER), locate(Path(home))) as session,
    ):
        groups = {"sample": [path for path in sorted((ROOT / "sample_docs").iterdir()) if path.suffix != ".json"]}
        for group, names in FILES[given.questions].items():
            groups[group] = [_loadable(given.data / name, Path(home) / group) for name in names]
        for group, files in groups.items():
            for _ in session.load(files, source=group, attach=False):
                pass
            session.open_agent(fresh=True)
            session.attach(group)
            for item in (one for one in questions if one["group"] == group):
                began = time.perf_counter()
                answer, steps = ask(session, item["question"])
                quotes = [" ".join(one.quote.split()).casefold() for one in answer.citations]
                good = (
                    not answer.answered
                    if item["must"] is None
                    else answer.answered and bool(re.search(item["must"], " ".join(quotes)))
                )
                right += good
                steps_taken.append(steps)
                print(
                    "ok  " if good else "FAIL", item["id"], item["question"],
                    f"[{steps} steps, {len(quotes)} quotes, confidence {answer.confidence}, {time.perf_counter() - began:.1f} s]",
                    flush=True,
                )  # fmt: skip
                if given.verbose or not good:
                    print("    " + answer.text.replace("\n", "\n    "))
    print(f"{right} of {len(questions)} right, {sorted(steps_taken)[len(steps_taken) // 2]} steps in the middle")


if __name__ == "__main__":
    main()
