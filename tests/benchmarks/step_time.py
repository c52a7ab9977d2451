"""Measure the workbench's own time per step, model and embedding excluded: window and number of steps go in, a table comes out.

    python -m tests.benchmarks.step_time [--steps 2000] [--windows 8192 131072] [--latency_ms 0 20] [--profile]

Own time is everything between the end of one step and the end of the next but the time inside the model and the
embedding: running the call, recall, archive, counting, assembling, recording, and both waits until the disk has it. The
model answers after `latency_ms`, slept and excluded exactly: 0 is the strict figure, in which nothing can be done while the
model thinks; 20 is less than any real server takes, and what the database does meanwhile costs no step its time.
p50 and p95 are of the clock, over all steps. On a busy machine read the CPU time of the process instead (all its threads);
early, late and their growth are given in CPU time. At the larger window 2,000 messages are in the queue before the
measuring begins.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import workbench  # noqa: F401  # before numpy, as in every process of the workbench
from tests.support.embedding import WordEmbedder
from tests.support.scripted import Scripted, using
from workbench.api.events import StepFinished
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.models.base import ModelRequest
from workbench.services.container import AppContext
from workbench.services.session import Session

STEPS_PER_QUESTION = 10


class TimedEmbedder(WordEmbedder):
    """Embeds words and knows how long that took."""

    seconds = 0.0
    cpu = 0.0

    def embed(self, texts: Sequence[str], **rest: Any) -> Any:
        started, ran = time.perf_counter(), time.process_time()
        vectors = super().embed(texts, **rest)
        TimedEmbedder.cpu += time.process_time() - ran
        TimedEmbedder.seconds += time.perf_counter() - started
        return vectors


def plan(request: ModelRequest, number: int) -> tuple[str, dict[str, Any]]:
    """A working day: searches of the archive, notes, edits, recall, and an answer every tenth step."""
    turn = number % STEPS_PER_QUESTION
    run_heartbeat = {"request_heartbeat": True}
    if turn == STEPS_PER_QUESTION - 1:
        return "send_message", {"message": f"Keeper {number} kept light {number * 7}; that is all I found."}
    if turn % 3 == 0:
        return "archival_memory_search", {"query": f"light {number % 60} barrels of oil", **run_heartbeat}
    if turn == 4:
        return "core_memory_append", {
            "name": "task",
            "content": f"finding {number}: light {number} burnt oil",
            **run_heartbeat,
        }
    if turn == 7:
        return "conversation_search", {"query": f"light {number * 3}", **run_heartbeat}
    tally = max((int(word) for word in re.findall(r"tally (\d+)", request.messages[-1]["content"])), default=None)
    if tally is None:
        return "core_memory_append", {"name": "human", "content": f"tally {number}", **run_heartbeat}
    return "core_memory_replace", {
        "name": "human",
        "old_content": f"tally {tally}",
        "new_content": f"tally {number}",
        **run_heartbeat,
    }


def documents(folder: Path, number: int = 40) -> Path:
    """Short papers about harbour lights."""
    folder.mkdir()
    for n in range(number):
        text = f"# Light {n}\n\n" + "\n\n".join(
            f"In the year {1850 + n + k} the keeper of light {n} ordered {k + n} barrels of oil and wrote it down in book {k}."
            for k in range(24)
        )
        (folder / f"light-{n:02}.md").write_text(text, encoding="utf-8")
    return folder


def measure(
    window: int, steps: int, *, latency_ms: float = 0.0, profile: bool = False, messages: int = 0
) -> dict[str, float]:
    """Run an agent for `steps` steps and time each. `messages` are put in the queue first."""

    def reply(request: ModelRequest, number: int) -> tuple[str, dict[str, Any]]:
        time.sleep(latency_ms / 1e3)
        return plan(request, number)

    AppContext.embedder = property(lambda engine: TimedEmbedder())  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as name, using(Scripted(reply if latency_ms else plan, keep=False)) as model:
        places = locate(Path(name) / "home")
        session = Session(Settings(window_tokens=window, steps=10_000, read_ahead=False), places)
        session.open_agent("clock")
        list(session.load([documents(Path(name) / "papers")]))
        session.close()
        empty = places.database_file.stat().st_size
        session = Session(Settings(window_tokens=window, steps=10_000, read_ahead=False), places)
        session.open_agent("clock")
        session.search("warm up")
        memory = session.current_agent.workspace.memory
        for n in range(messages):
            said = f"Entry {n}: the keeper of light {n} wrote a line of some length about oil and the weather."
            kind = (
                ("user", "user_message", {"message": said}) if n % 2 else ("assistant", "assistant", {"content": said})
            )
            memory.add(*kind)
        memory.commit()
        watch = cProfile.Profile(time.thread_time)
        times: list[float] = []
        spent: list[float] = []
        if profile:
            watch.enable()
        mark = time.perf_counter() - model.seconds - TimedEmbedder.seconds
        ran = time.process_time() - TimedEmbedder.cpu
        for question in range(steps // STEPS_PER_QUESTION):
            for event in session.submit(
                f"Question {question}: who kept light {question} and how much oil was ordered?"
            ):
                if isinstance(event, StepFinished):
                    now = time.perf_counter() - model.seconds - TimedEmbedder.seconds
                    times.append(now - mark)
                    mark = now
                    cpu = time.process_time() - TimedEmbedder.cpu
                    spent.append(cpu - ran)
                    ran = cpu
        watch.disable()
        if profile:
            pstats.Stats(watch).sort_stats("tottime").print_stats(40)
        assert len(times) == steps, f"{len(times)} steps were made, not {steps}"
        queued = len(memory.queue.messages)
        session.close()
        grown = (places.database_file.stat().st_size - empty) / 1e6
    span = max(20, len(times) // 20)
    early, late = spent[5 : 5 + span], spent[-span:]
    return {
        "p50_ms": statistics.median(times) * 1e3, "p95_ms": sorted(times)[int(len(times) * 0.95)] * 1e3,
        "cpu_ms": statistics.median(spent) * 1e3, "cpu_mean": statistics.mean(spent) * 1e3,
        "cpu_p95": sorted(spent)[int(len(spent) * 0.95)] * 1e3,
        "early_ms": statistics.median(early) * 1e3, "late_ms": statistics.median(late) * 1e3,
        "growth": statistics.median(late) / statistics.median(early), "queue": queued, "megabytes": grown,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--windows", type=int, nargs="*", default=[8_192, 131_072])
    parser.add_argument("--latency_ms", type=float, nargs="*", default=[0.0, 20.0])
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    names = ("p50_ms", "p95_ms", "cpu_ms", "cpu_mean", "cpu_p95", "early_ms", "late_ms", "growth", "queue", "megabytes")
    print(f"{'window':>8} {'steps':>6} {'latency':>7} " + " ".join(f"{name:>9}" for name in names))
    for window in given.windows:
        for latency in given.latency_ms:
            queued = 2_000 if window > 100_000 else 0
            got = measure(window, given.steps, latency_ms=latency, profile=given.profile, messages=queued)
            row = " ".join(f"{got[name]:>9.2f}" for name in names)
            print(f"{window:>8} {given.steps:>6} {latency:>7.0f} {row}", flush=True)


if __name__ == "__main__":
    main()
