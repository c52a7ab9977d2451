"""Are page numbers right? FinanceBench says on which page (from 0) each evidence stands; our page of it is looked for.

    python -m tests.benchmarks.evidence_pages DIR

For every evidence the page of ours that has most of its words is found: it should be the one of that number. Prints a
line for each and the exit code 1 when one is wrong.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path

from loaders import registry
from loaders.document import Document


@cache
def document(file: Path) -> Document:
    return registry.read(file)


@cache
def page_words(file: Path) -> list[Counter[str]]:
    return [words(page.text) for page in document(file).pages]


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))


def shares(evidence: str, file: Path) -> list[float]:
    """The share of the evidence's words that each page has, in the order of pages."""
    wanted = words(evidence)
    return [sum((wanted & found).values()) / max(1, wanted.total()) for found in page_words(file)]


def main(folder: Path) -> int:
    wrong = total = 0
    for line in (folder / "questions.dev.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        for evidence in question["evidence"]:
            file = folder / "pdfs" / f"{evidence['doc_name']}.pdf"
            found = shares(evidence["evidence_text_full_page"] or evidence["evidence_text"], file)
            said = int(evidence["evidence_page_num"]) + 1
            best = max(range(len(found)), key=lambda place: found[place]) + 1
            page = document(file).pages[said - 1]
            right = page.number == said and (best == said or found[best - 1] == found[said - 1])
            total, wrong = total + 1, wrong + (not right)
            print(
                f"{'ok   ' if right else 'WRONG'} {question['financebench_id']} {file.stem} page {said} "
                f"(label {page.label}) has {found[said - 1]:.1%} of the words; most has page {best} {found[best - 1]:.1%}"
            )
    print(f"{total} evidences, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
