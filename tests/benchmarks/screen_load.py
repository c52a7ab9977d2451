"""Measure the screen under load: how long a key takes to its painted frame, and what memory the process takes.

    python -m tests.benchmarks.screen_load [--history 200] [--pages 2000] [--keys 200] [--rate 200]
    python -m tests.benchmarks.screen_load --turns 1000 [--rest 2]

The first: a conversation of 200 turns is opened in a real process on a pseudo-terminal, 2,000 pages are loaded, and a model
streams 200 tokens a second, while letters are typed one by one; a key's time ends when the terminal has received the frame
that shows it. In turn the letters go to an empty Textual app too, so that whatever else the machine does slows both.
The second: questions are asked one after the other, and the memory of the process is printed on the way, each time after a
rest as people make it.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.screen_memory import write_pages
from tests.support.model_replies import Reply, says
from tests.support.model_server import ModelServer
from tests.support.pseudo_terminal import PseudoTerminal
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.services.session import Session

_LETTERS = [chr(code) for code in range(0x100, 0x17F) if chr(code).isalpha()]
"""Letters that nothing else on the screen has, so that a frame with one is the frame of its key."""
_A_LINE = 40
_STREAM_WORDS = "the keeper counted barrels of oil beside the northern light and wrote them down ".split()


def script(rate: int) -> Any:
    """A model that answers at once; asked to stream, it writes `rate` tokens a second for ten minutes."""
    long_text = " ".join(_STREAM_WORDS * (rate * 600 // len(_STREAM_WORDS)))

    def reply(body: Any) -> Reply:
        asked = next(
            message["content"] for message in reversed(body["messages"]) if '"user_message"' in str(message["content"])
        )
        if "stream" in asked:
            return says(long_text, chunk_chars=5, chunk_delay_seconds=max(0.0, 1 / rate - 0.0004))
        return says(answer_to(int(re.findall(r"Question (\d+)", asked)[-1])))

    return reply


def answer_to(number: int) -> str:
    """What the model answers to a question of this number, and to no other: a late frame of the one before does not pass for it."""
    return f"Answer {number}."


def converse(home: Path, url: str, turns: int) -> None:
    """Ask `turns` questions, so that there is a history."""
    with Session(Settings(model="scripted", base_url=url, read_ahead=False), locate(home)) as session:
        session.open_agent("bench")
        for number in range(turns):
            for _ in session.submit(f"Question {number}: how many barrels?"):
                pass


def open_screen(home: Path, url: str, *words: str) -> PseudoTerminal:
    """The screen on a pseudo-terminal."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH") if key in os.environ}
    environment = {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "WORKBENCH_HOME": str(home)}
    command = ["-m", "workbench", *words, "--agent", "bench", "--model", "scripted", "--model-endpoint", url]
    return PseudoTerminal([sys.executable, *command, "--no-read-ahead"], environment)


_EMPTY = """
from textual.app import App
from textual.widgets import TextArea

class Empty(App):
    def compose(self):
        yield TextArea("an empty app")

Empty().run()
"""


def key_times(terminals: Sequence[PseudoTerminal], keys: int) -> list[list[float]]:
    """Milliseconds from each key to its frame, for each terminal, sorted; the keys go to one terminal after the other."""
    found: list[list[float]] = [[] for _ in terminals]
    for number in range(keys):
        for terminal, times in zip(terminals, found, strict=True):
            if number % _A_LINE == 0:
                terminal.send("\x15")
                time.sleep(0.3)  # Textual alone would delete a letter that comes with it
            letter, before = _LETTERS[number % len(_LETTERS)], len(terminal.written)
            start = time.perf_counter()
            terminal.send(letter)
            times.append((terminal.wait(letter, start=before) - start) * 1000)
            time.sleep(0.03 + 0.01 * (number % 7))
    return [sorted(times) for times in found]


def told(name: str, times: Sequence[float]) -> str:
    """One line of what keys took."""
    p95 = times[int(len(times) * 0.95)]
    return f"{name}: median {statistics.median(times):.1f} ms, p95 {p95:.1f} ms, longest {times[-1]:.1f} ms"


def under_load(home: Path, server: ModelServer, chosen: argparse.Namespace) -> bool:
    """Print what keys take while everything runs; whether it is within the limits."""
    write_pages(home / "pages", chosen.pages)
    converse(home, server.url, chosen.history)
    with (
        open_screen(home, server.url, str(home / "pages")) as terminal,
        PseudoTerminal([sys.executable, "-c", _EMPTY], {**os.environ, "TERM": "xterm-256color"}) as empty,
    ):
        empty.wait("an empty app")
        terminal.wait("loading")
        terminal.send("Please stream\r")
        terminal.wait("barrels of oil")
        before, began = len(terminal.written), time.perf_counter()
        (times, plain), peak = key_times((terminal, empty), chosen.keys), terminal.peak_mb()
        loading = "loaded pages" not in bytes(terminal.written[before:]).decode(errors="replace")
        seconds = time.perf_counter() - began
        p95 = times[int(len(times) * 0.95)]
        print(f"{len(times)} keys in {seconds:.0f} s, the load {'still running' if loading else 'ended meanwhile'}:")
        print(told("key to frame", times))
        print(told("in an empty app beside it", plain))
        print(
            f"memory of the process: at most {peak:.0f} MB; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        return p95 < 50 and times[-1] < 250 and peak < 250


def over_turns(home: Path, server: ModelServer, turns: int, rest: float) -> bool:
    """Print the memory while questions are asked; whether the last tenth takes no more than the third tenth did."""
    sizes = []
    with open_screen(home, server.url) as terminal:
        terminal.wait("ready")
        for number in range(turns):
            before = len(terminal.written)
            terminal.send(f"Question {number}?\r")
            # Sent before the last one was read, two questions would be one paste; the end of an answer need not be waited for.
            terminal.wait(answer_to(number), start=before)
            if (number + 1) % max(1, turns // 10) == 0:
                time.sleep(rest)
                sizes.append(terminal.resident_mb())
                print(f"{number + 1:6} turns: {sizes[-1]:.1f} MB", flush=True)
    return sizes[-1] <= sizes[min(2, len(sizes) - 1)] * 1.1


def main() -> None:
    """Measure; exit 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, default=200)
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--turns", type=int, default=0)
    parser.add_argument(
        "--rest", type=float, default=2.0, help="seconds without a question after each tenth of the turns"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, ModelServer(script(chosen.rate)) as server:
        home = Path(place) / "home"
        good = over_turns(home, server, chosen.turns, chosen.rest) if chosen.turns else under_load(home, server, chosen)
    sys.exit(not good)


if __name__ == "__main__":
    main()
