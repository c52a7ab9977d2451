"""Measure what the process with the screen takes, its workers apart: pages go in, megabytes at each stage come out.

    python -m tests.benchmarks.screen_memory [--pages 2000] [--home DIR]

Generated PDFs are loaded in a real terminal with the screen open, a question is asked; then the screen is opened again
on what is stored, asked again. `--home` keeps the loaded home, and a later run begins with the second part.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.support.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
PAGES_A_FILE = 100
WORDS_A_PAGE = 440
QUESTION = "Which keeper counted the barrels of the northern light?"
SECONDS = 1_800.0


def write_pages(folder: Path, pages: int) -> None:
    """PDFs with the words of the sample documents, as unevenly frequent as in a language, and 20,000 made-up names."""
    from reportlab.pdfgen.canvas import Canvas

    rolled = random.Random(11)
    samples = sorted((ROOT / "sample_docs").glob("*.[mt][dx]*"))
    words = sorted({word for file in samples for word in re.findall(r"[a-z]{2,}", file.read_text(encoding="utf-8"))})
    rolled.shuffle(words)
    weights = list(itertools.accumulate(1 / (place + 3) for place in range(len(words))))
    parts = ["ka", "lo", "mir", "ten", "sa", "bo", "ver", "ni", "da", "rust", "pel", "ga", "on", "tar", "wi", "fen"]
    names = ["".join(rolled.choices(parts, k=rolled.randint(2, 4))).capitalize() for _ in range(20_000)]
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(1, pages + 1, PAGES_A_FILE):
        canvas = Canvas(str(folder / f"book {first // PAGES_A_FILE:03}.pdf"), pageCompression=1)
        for number in range(first, min(first + PAGES_A_FILE, pages + 1)):
            canvas.setFont("Times-Roman", 9)
            drawn = rolled.choices(words, cum_weights=weights, k=WORDS_A_PAGE)
            drawn[::10] = rolled.choices(names, k=len(drawn[::10]))
            drawn[41:44] = [f"number{number}", "counted", f"{number * 7} barrels."]
            for row in range(0, len(drawn), 10):
                canvas.drawString(50, 800 - row * 1.6, " ".join(drawn[row : row + 10]) + ".")
            canvas.showPage()
        canvas.save()


class Scale:
    """Weighs the screen's process every tenth of a second."""

    def __init__(self, home: Path) -> None:
        self._mark = f"WORKBENCH_HOME={home}".encode()
        self.peak_mb = self.now_mb = 0.0
        self._done = threading.Event()
        threading.Thread(target=self._weigh, daemon=True).start()

    def _weigh(self) -> None:
        while not self._done.wait(0.1):
            # A child that was forked and has not yet become another program looks like its parent.
            self.now_mb = max(map(_resident_mb, self._screens()), default=0.0)
            self.peak_mb = max(self.peak_mb, self.now_mb)

    def _screens(self) -> list[Path]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                named = (folder / "cmdline").read_bytes().split(b"\0")[1:3] == [b"-m", b"workbench"]
                if named and self._mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(folder)
            except OSError:
                continue
        return found

    def tell(self, stage: str) -> None:
        """Print this stage's figures; the next peak is counted anew."""
        time.sleep(2)
        print(f"{stage:48} now {self.now_mb:6.1f} MB   peak {self.peak_mb:6.1f} MB", flush=True)
        for folder in self._screens():
            rows = dict(line.split(":") for line in (folder / "status").read_text().splitlines())
            print(
                f"{'':48} of files {int(rows['RssFile'].split()[0]) / 1024:6.1f}, own {int(rows['RssAnon'].split()[0]) / 1024:6.1f}"
            )
        self.peak_mb = self.now_mb

    def stop(self) -> None:
        """Weigh no more."""
        self._done.set()


def _resident_mb(folder: Path) -> float:
    try:
        pages = int((folder / "statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def measure(home: Path, folder: Path, known: bool) -> None:
    """Load and ask, unless that is `known`; then open and ask again."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH") if key in os.environ}
    environment = {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "WORKBENCH_HOME": str(home), "PS1": "$ "}
    with tempfile.TemporaryDirectory() as place:
        terminal, scale = Terminal(Path(place), 120, 36, environment), Scale(home)
        try:
            if not known:
                _open(terminal, f"{folder} --agent bench")
                terminal.wait(lambda screen: "loaded" in screen and "○ ready" in screen, SECONDS, "the load")
                scale.tell("loaded, screen open")
                _ask(terminal)
                scale.tell("asked")
                terminal.press("C-q")
                terminal.wait(lambda screen: "code=" in screen, 60, "the shell")
                terminal.type("clear")
                terminal.press("Enter")
            _open(terminal, "--agent bench")
            scale.tell("opened again")
            time.sleep(10)
            scale.tell("its index ready")
            for number in range(3):
                _ask(terminal)
                scale.tell(f"asked {number + 1}")
            terminal.press("C-q")
            terminal.wait(lambda screen: "code=" in screen, 60, "the shell")
        finally:
            scale.stop()
            terminal.close()


def _open(terminal: Terminal, words: str) -> None:
    terminal.type(f"cd {ROOT}; {sys.executable} -m workbench {words}; echo code=$?")
    terminal.press("Enter")
    terminal.wait(lambda screen: "○ ready" in screen or "loading" in screen, 120, "the screen")


def _ask(terminal: Terminal) -> None:
    terminal.type(QUESTION)
    terminal.press("Enter")
    terminal.wait(lambda screen: "○ ready" not in screen, 60, "the question's beginning")
    terminal.wait(lambda screen: "○ ready" in screen, 300, "the answer")


def main() -> None:
    """Measure in a home of its own, or in the one that is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--home", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = chosen.home or Path(place) / "home"
        folder = home / "pages"
        known = (home / "data").is_dir()
        if not known:
            write_pages(folder, chosen.pages)
        measure(home, folder, known)


if __name__ == "__main__":
    main()
