"""Commands on databases with flipped bits: `python -m tests.benchmarks.flipped_bits [FILES] [SEED]` (25 files by default).

Of a database of the sample documents with an agent, copies are made in which eight neighbouring bytes have a bit flipped each, every
third in the file's headers. Four commands read each copy. Prints how they ended; exit code 1 when one crashed, hung, or said more
or less than one sentence.
"""

from __future__ import annotations

import collections
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.forked import forked
from tests.support.killing import ROOT

_HEADER_BYTES = 3 * 4_096
_COMMAND_SECONDS = 120.0


def made(home: Path) -> Path:
    """A home with documents and an agent; its database."""
    environment = {**os.environ, "WORKBENCH_HOME": str(home), "PYTHONPATH": str(ROOT)}
    for words in (
        ["load", str(ROOT / "sample_docs"), "--source", "samples"],
        [
            "ask",
            "With what oil must the Brass Aunt be oiled?",
            "--attach",
            "samples",
            "--agent",
            "a",
            "--model",
            "reader",
        ],
    ):
        subprocess.run([sys.executable, "-m", "workbench", *words], env=environment, check=True, capture_output=True)
    return home / "data" / "workbench.duckdb"


def flip(file: Path, at: int, draw: random.Random) -> None:
    """Flip a bit in each of eight bytes."""
    with file.open("r+b") as handle:
        handle.seek(at)
        before = handle.read(8)
        handle.seek(at)
        handle.write(bytes(byte ^ (1 << draw.randrange(8)) for byte in before))


def main() -> int:
    """Flip, run, judge."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    draw = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    # Forks have what was imported; none of it starts a thread.
    import workbench.ipc.server
    import workbench.services.session  # noqa: F401

    ends: collections.Counter[str] = collections.Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        whole, home = Path(folder) / "whole", Path(folder) / "home"
        size = made(whole).stat().st_size
        for number in range(files):
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(whole, home)
            at = draw.randrange(size - 8) if number % 3 else draw.randrange(_HEADER_BYTES)
            flip(home / "data" / "workbench.duckdb", at, draw)
            for words in (
                ["sources"],
                ["search", "lamp", "--json"],
                ["context", "a"],
                ["export", "a", str(home / "a.agent")],
            ):
                code, *texts = forked(words, home, _COMMAND_SECONDS, {"WORKBENCH_HOME": str(home)})
                said = "".join(texts)
                ends[f"{words[0]} {code}"] += 1
                sentence = not code or len(said.strip().splitlines()) == 1
                if code not in (0, 1, 2) or not sentence or "Unexpected" in said or "Traceback" in said:
                    wrong += 1
                    print(f"PROBLEM {' '.join(words)} with bits flipped at {at}: {code} {said[-400:]}")
    print(
        f"{sum(ends.values())} commands on {files} files:",
        ", ".join(f"{end}: {count}" for end, count in sorted(ends.items())),
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
