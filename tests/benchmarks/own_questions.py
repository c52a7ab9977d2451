"""Ask the questions of tests/samples/own_questions.json over sample_docs and three PDFs, and print what is right.

    python tests/benchmarks/own_questions.py --pdfs FOLDER [--verbose]

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
from workbench.services.session import Session

ROOT = Path(__file__).resolve().parents[2]
PDFS = (
    "cognee__nutrients-13-01241.pdf",
    "pdfplumber__federal-register-2020-17221.pdf",
    "unstructured__multi-column.pdf",
)


def ask(session: Session, question: str) -> tuple[AnswerDone, int]:
    """The answer, and how many steps it took."""
    answer, steps = AnswerDone(text="", answered=False), 0
    for event in session.submit(question):
        if isinstance(event, AnswerDone):
            answer = event
        steps += isinstance(event, StepFinished)
    return answer, steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdfs", type=Path, required=True)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    questions = json.loads((ROOT / "tests/samples/own_questions.json").read_text(encoding="utf-8"))["questions"]
    groups = {
        "sample": [path for path in sorted((ROOT / "sample_docs").iterdir()) if path.suffix != ".json"],
        "pdf": [given.pdfs / name for name in PDFS],
    }
    right = 0
    with (
        tempfile.TemporaryDirectory() as home,
        Session(Settings(model=READER), locate(Path(home))) as session,
    ):
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
                print(
                    "ok  " if good else "FAIL", item["id"], item["question"],
                    f"[{steps} steps, {len(quotes)} quotes, confidence {answer.confidence}, {time.perf_counter() - began:.1f} s]",
                    flush=True,
                )  # fmt: skip
                if given.verbose or not good:
                    print("    " + answer.text.replace("\n", "\n    "))
    print(f"{right} of {len(questions)} right")


if __name__ == "__main__":
    main()
