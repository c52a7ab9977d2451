"""Fill a table of generated leases, whose values are known, and count the cells: right, wrong, honestly empty, or not found though stated.

    python -m tests.benchmarks.lease_table [--leases 30] [--seed 0]

Leases of another seed have other values, wordings, orders of clauses and formats. Prints every cell that is not right, then the counts;
the exit code is 1 when a cell is wrong.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from tests.support import generated_leases
from tests.support.processes import command


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leases", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder, questions = Path(name) / "leases", Path(name) / "questions.txt"
        truth = generated_leases.write(folder, given.leases, seed=given.seed)
        questions.write_text("\n".join(generated_leases.QUESTIONS), encoding="utf-8")
        home = Path(name) / "home"
        command(home, "load", str(folder), "--source", "leases")
        for cell in command(home, "table", str(questions), "--source", "leases"):
            if cell["event"] != "cell":
                continue
            wanted = truth[cell["document"]][cell["column"]]
            if cell["state"] == "found":
                kind = "right" if wanted is not None and wanted in (cell["typed"] or cell["value"]) else "wrong"
            else:
                kind = "honestly empty" if wanted is None else "stated, not found"
            counts[kind] += 1
            if kind in ("wrong", "stated, not found"):
                print(kind, cell["document"], cell["column"], wanted, "|", cell["value"], cell["note"])
    print(", ".join(f"{count} {kind}" for kind, count in counts.most_common()))
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
