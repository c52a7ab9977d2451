"""Check sentences that are known to be true, changed in one value, or invented, against their documents, and count what is named rightly.

    python -m tests.benchmarks.check_sentences [SENTENCES.json DOCUMENTS…]

SENTENCES.json has lists under "supported", "contradicted" and "not found"; without arguments the sixty sentences over the sample documents
are checked. DOCUMENTS are files and folders, or a corpus of HotpotQA's (title -> sentences, .json.gz), of which the "articles" that
SENTENCES.json names are taken. Prints every sentence that got another state, then the counts; the exit code is 1 when a true sentence is
called contradicted.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.support.processes import ROOT, command

STATES = ("supported", "contradicted", "not found")


def main(sentences: Path, documents: Sequence[Path]) -> int:
    given = json.loads(sentences.read_text(encoding="utf-8"))
    expected = {text: state for state in STATES for text in given[state]}
    right: Counter[str] = Counter()
    slandered = 0
    with tempfile.TemporaryDirectory() as name:
        text, articles = Path(name) / "text.md", Path(name) / "articles"
        text.write_text("\n\n".join(expected) + "\n", encoding="utf-8")
        home = Path(name) / "home"
        for path in documents:
            if path.suffix == ".gz":
                _write_articles(path, given["articles"], articles)
            command(home, "load", str(articles if path.suffix == ".gz" else path), "--source", "documents")
        for item in command(home, "check", str(text), "--source", "documents"):
            if item["event"] != "checked":
                continue
            wanted = expected[item["text"]]
            slandered += wanted == "supported" and item["state"] == "contradicted"
            if item["state"] == wanted:
                right[wanted] += 1
            else:
                quote = item["quote"] or {"text": ""}
                print(
                    f"{wanted} called {item['state']}: {item['text']} | {quote['text']} {item['differences']} {item['lacking']}"
                )
    totals = Counter(expected.values())
    print(", ".join(f"{state}: {right[state]} of {totals[state]}" for state in totals))
    return 1 if slandered else 0


def _write_articles(corpus: Path, titles: Sequence[str], folder: Path) -> None:
    """Write the articles of a corpus as Markdown files."""
    folder.mkdir()
    with gzip.open(corpus, "rt", encoding="utf-8") as file:
        found = json.load(file)
    for number, title in enumerate(titles):
        (folder / f"{number:02}.md").write_text(f"# {title}\n\n{''.join(found[title])}\n", encoding="utf-8")


if __name__ == "__main__":
    given = [Path(item) for item in sys.argv[1:]]
    given = given or [ROOT / "tests/samples/check_sentences.json", ROOT / "sample_docs"]
    raise SystemExit(main(given[0], given[1:]))
