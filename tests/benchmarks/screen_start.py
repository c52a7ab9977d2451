"""Measure how soon the screen is there: seconds until the frame and the gauge are painted, beside an empty Textual app.

    python -m tests.benchmarks.screen_start [--runs 7]

Both start as processes of their own on a pseudo-terminal, in turn, so that whatever else the machine does slows both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence

from tests.support.pseudo_terminal import PseudoTerminal

_EMPTY = """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("an empty app")

Empty().run()
"""
ALLOWED = 2.0


def seconds(words: Sequence[str], mark: str, home: str) -> float:
    """From the start of a command until it has written `mark`."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH") if key in os.environ}
    environment = {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "WORKBENCH_HOME": home}
    with PseudoTerminal([sys.executable, *words], environment) as terminal:
        return terminal.wait(mark) - terminal.started


def measure(runs: int) -> tuple[list[float], list[float]]:
    """Seconds of the empty app and of the workbench, a pair a run; a first pair fills the caches and is not counted."""
    empty, ours = [], []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(runs + 1):
            empty.append(seconds(["-c", _EMPTY], "an empty app", home))
            ours.append(seconds(["-m", "workbench"], "context ", home))
    return empty[1:], ours[1:]


def main() -> None:
    """Print every pair, the medians and their ratio; exit 1 when it is too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    empty, ours = measure(parser.parse_args().runs)
    for one, other in zip(empty, ours, strict=True):
        print(f"empty app {one:6.3f} s   workbench {other:6.3f} s   {other / one:4.2f} times")
    ratio = statistics.median(ours) / statistics.median(empty)
    print(
        f"median: empty app {statistics.median(empty):.3f} s, workbench {statistics.median(ours):.3f} s: {ratio:.2f} times"
    )
    sys.exit(ratio > ALLOWED)


if __name__ == "__main__":
    main()
