"""Load for a long time: `python -m tests.benchmarks.soak [MINUTES] [SEED]` (30 minutes by default).

One workbench owns the database; six processes work through it at once: one watches a folder that changes, the others load,
search, ask a faulty model server, fork and export, and rename, again and again. A process forks for each of its commands, so
that the time goes into the commands and not into starting Python. Afterwards the owner is ended with one ctrl+c. Prints
commands, refusals, and the owner's memory; exit code 1 when anything was unexpected, a command hung, the owner's memory after
the warm-up (the first third) grew by more than a tenth, or `doctor --storage` finds anything. With fewer than 300 commands
after the warm-up nothing is said of the memory: DuckDB keeps what is new in memory until its log is folded into the file, which
takes hundreds of commands.
"""

from __future__ import annotations

import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.forked import forked
from tests.support.killing import ROOT
from tests.support.model_replies import Reply, refusal
from tests.support.model_scripts import reads_pages
from tests.support.model_server import ModelServer

KINDS = ("load", "search", "ask", "fork", "rename")
_COMMAND_SECONDS = 300.0
_END_SECONDS = 120.0
_GROWTH = 1.1
_ENOUGH_COMMANDS = 300
_UNEXPECTED = ("Unexpected", "Traceback", "Exception in")


def write(docs: Path, draw: random.Random, number: int) -> None:
    """A document that is new or changes; short, so that the time goes into commands and not into embedding."""
    line = f"Entry {number} of {draw.randrange(10**6)} tells of the lamp at pier {number % 9}.\n\n"
    (docs / f"{number % 40}.txt").write_text(line * draw.randrange(1, 12))


def commands(kind: str, place: Path, draw: random.Random) -> Iterator[list[str]]:
    """The commands of one worker, without end."""
    number = 0
    while True:
        number += 1
        agent = f"{kind}-{number % 4}"
        if kind == "load":
            write(place / "docs", draw, draw.randrange(1_000))
            yield ["load", str(place / "docs"), "--source", "docs", "--prune", "--json"]
        elif kind == "search":
            yield ["search", f"lamp at pier {draw.randrange(9)}", "--page", str(draw.randrange(1, 4)), "--json"]
        elif kind == "ask":
            yield ["ask", f"What does entry {number} tell?", "--agent", agent, "--attach", "docs", "--json"]
        elif kind == "fork":
            yield ["ask", "Where is the lamp?", "--agent", agent, "--attach", "docs", "--model", "reader"]
            yield ["fork", agent, "--step", "1", "--as", f"twin-{number}"]
            yield ["export", agent, str(place / f"{agent}.agent")]
            yield ["agents", "delete", f"twin-{number}", "--yes"]
        elif kind == "rename":
            yield ["agents", "create", f"new-{number}"]
            yield ["agents", "rename", f"new-{number}", f"old-{number}"]
            yield ["agents", "delete", f"old-{number}", "--yes"]


def work(kind: str, place: Path, seconds: float, seed: str) -> None:
    """One worker (`--worker` of this module): runs its commands until the time is over and prints a line for each."""
    import workbench.cli.main  # here, so that the forks have it
    import workbench.ipc.command_client  # noqa: F401

    end = time.monotonic() + seconds
    for words in commands(kind, place, random.Random(f"{seed} {kind}")):
        began = time.monotonic()
        code, out, err = forked(words, place, _COMMAND_SECONDS)
        if code is None:
            code, err = -1, f"Unexpected: it hung for {_COMMAND_SECONDS:.0f} s"
        last = (out.strip().splitlines() or [""])[-1]
        told = {
            "words": words,
            "code": code,
            "last": last[-600:],
            "errors": err[-600:],
            "seconds": time.monotonic() - began,
        }
        print(json.dumps(told), flush=True)
        if time.monotonic() > end:
            return


class Soak:
    """The processes, and what they did."""

    def __init__(self, place: Path, url: str, seconds: float, seed: int) -> None:
        self.place, self.docs, self.seconds, self.seed = place, place / "docs", seconds, seed
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("OPENAI", "WORKBENCH"))}
        self.environment = {**kept, "WORKBENCH_HOME": str(place / "home"), "PYTHONPATH": str(ROOT)}
        self.asking = {"OPENAI_BASE_URL": url, "WORKBENCH_MODEL": "scripted"}
        self.problems: list[str] = []
        self.done: collections.Counter[str] = collections.Counter()
        self.refused: collections.Counter[str] = collections.Counter()
        self.took: dict[str, list[float]] = collections.defaultdict(list)

    def start(self, *words: str, module: str = "workbench", **more: Any) -> subprocess.Popen[str]:
        """A process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *words], cwd=self.place, text=True, errors="replace",
            **{"env": self.environment, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )  # fmt: skip

    def judge(self, words: list[str], code: int, last: str, errors: str, seconds: float) -> None:
        """An exception, a traceback or a hang is a problem; a refusal in one sentence is none."""
        self.done[words[0]] += 1
        self.took[words[0]].append(seconds)
        if code:
            said = (errors.strip().splitlines() or [last])[-1]
            self.refused[f"{words[0]}: {said[:160]}"] += 1
        if code not in (0, 1, 2) or any(mark in errors for mark in _UNEXPECTED):
            self.problems.append(f"{' '.join(words)[:80]}: {code} {errors[-400:]}")
        if words[0] == "load" and code:
            self.problems.append(f"a load failed: {last} {errors[-300:]}")

    def run(self, *words: str) -> str:
        """Run a command to its end and judge it; returns its output."""
        ended, began = self.start(*words), time.monotonic()
        try:
            out, errors = ended.communicate(timeout=_COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            ended.kill()
            out, errors = ended.communicate()
            self.problems.append(f"{words[0]} took more than {_COMMAND_SECONDS:.0f} s")
        last = (out.strip().splitlines() or [""])[-1]
        self.judge(list(words), ended.returncode, last, errors, time.monotonic() - began)
        return out

    def work(self, kind: str) -> None:
        """Listen to one worker until it ends."""
        environment = {**self.environment, **(self.asking if kind == "ask" else {})}
        process = self.start(
            "--worker", kind, str(self.place), str(self.seconds), str(self.seed), module="tests.benchmarks.soak",
            env=environment, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            self.judge(**json.loads(line))
        if process.wait():
            self.problems.append(f"the worker {kind} ended with {process.returncode}")

    def watch(self) -> None:
        """`load --watch` of a second folder, which changes meanwhile."""
        draw, folder, end = random.Random(self.seed), self.place / "watched", time.monotonic() + self.seconds
        folder.mkdir()
        words = ["load", str(folder), "--source", "watched", "--watch", "--json"]
        process = self.start(*words, stdout=subprocess.DEVNULL)
        while time.monotonic() < end:
            line = f"The ferry left at {draw.randrange(10**6)}.\n\n"
            (folder / f"{draw.randrange(9)}.txt").write_text(line * draw.randrange(1, 9))
            time.sleep(draw.uniform(0.5, 4))
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            self.problems.append("load --watch did not end")
            return
        self.done["watch"] += 1
        if any(mark in errors for mark in _UNEXPECTED):
            self.problems.append(f"watch: {errors[-300:]}")


def faulty(seed: int) -> Any:
    """A model that answers, and now and then refuses, stalls, drops the connection or writes nonsense."""
    draw, good, lock = random.Random(seed), reads_pages("lamp at pier", 2), threading.Lock()

    def script(body: dict[str, object]) -> Reply:
        with lock:
            kind = draw.choice(["good"] * 8 + ["500", "429", "cut", "drop", "nonsense", "empty", "slow"])
        faults = {
            "500": refusal(500, "out of order"), "429": refusal(429, "too many requests"), "drop": Reply(drop=True),
            "cut": Reply(content="The lamp is at the pier, and so on.", disconnect_after_chunks=1), "empty": Reply(empty=True),
            "nonsense": Reply(calls=[("archival_memory_search", '{"query": ')]), "slow": Reply(content="Wait.", delay_seconds=2),
        }  # fmt: skip
        return faults[kind] if kind in faults else good(body)

    return script


def main() -> int:
    """Soak, look at the memory, verify."""
    # A shell starts what runs in its background with ctrl+c ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder, ModelServer(faulty(seed)) as server:
        soak = Soak(Path(folder), server.url, minutes * 60, seed)
        soak.docs.mkdir()
        for number in range(20):
            write(soak.docs, random.Random(number), number)
        soak.run("load", str(soak.docs), "--source", "docs", "--json")
        said = soak.place / "owner.txt"
        with said.open("w") as errors:
            owner = soak.start(
                "--plain", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors,
                env={**soak.environment, "PYTHONFAULTHANDLER": "1"},
            )  # fmt: skip
        while not (soak.place / "home" / "data" / "owner.sock").exists():
            time.sleep(0.2)
        workers = [threading.Thread(target=soak.work, args=(kind,)) for kind in KINDS]
        workers.append(threading.Thread(target=soak.watch))
        for worker in workers:
            worker.start()
        samples: list[float] = []
        counts: list[int] = []
        requests = 0
        while any(worker.is_alive() for worker in workers):
            samples.append(_resident_mb(owner.pid))
            counts.append(sum(soak.done.values()))
            requests += len(server.requests)
            for kept in (server.requests, server.raw, server.headers):
                kept.clear()
            time.sleep(min(5.0, soak.seconds / 20))
        if owner.poll() is not None:
            soak.problems.append(f"the owner ended: {said.read_text(errors='replace')[-300:]}")
        asked = time.monotonic()
        owner.send_signal(signal.SIGINT)
        try:
            owner.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            owner.send_signal(signal.SIGABRT)  # faulthandler writes what each thread was at
            owner.wait(timeout=_END_SECONDS)
            soak.problems.append(f"the owner did not end on one ctrl+c: {said.read_text(errors='replace')[-9000:]}")
        ended_after = time.monotonic() - asked
        warm = samples[len(samples) // 3 :]
        head, tail = _median(warm[: len(warm) // 3 or 1]), _median(warm[-(len(warm) // 3 or 1) :])
        commands_then = counts[-1] - counts[len(counts) // 3]
        if commands_then < _ENOUGH_COMMANDS:
            print(f"the memory is not judged: only {commands_then} commands after the warm-up")
        elif tail > head * _GROWTH:
            soak.problems.append(f"the owner's memory grew from {head:.0f} to {tail:.0f} MB after the warm-up")
        doctor = soak.run("doctor", "--offline", "--storage")
        soak.problems += [line for line in doctor.splitlines() if not line.startswith("ok ") and line.strip()]
        told = ", ".join(f"{name} {count}" for name, count in sorted(soak.done.items()))
        print(f"{minutes:g} minutes: {told}; {requests} requests of the model")
        print(
            "  seconds each, in the middle:",
            ", ".join(f"{name} {_median(took):.1f}" for name, took in sorted(soak.took.items())),
        )
        print(
            f"owner: {samples[0]:.0f} MB at first, {head:.0f} MB after the warm-up, {tail:.0f} MB at the end, at most {max(samples):.0f}"
        )
        print(f"  it ended {ended_after:.1f} s after ctrl+c; commands up to each tenth:", *_tenths(counts))
        print("  minute: commands so far, MB of the owner (the most in that minute)")
        for minute, (count, most) in enumerate(_by_minute(samples, counts, soak.seconds), 1):
            print(f"  {minute:6}: {count:5} {most:5.0f}")
        for refusal_said, count in soak.refused.most_common(12):
            print(f"  {count:4} x {refusal_said}")
        for problem in soak.problems[:30]:
            print(f"PROBLEM {problem}")
        return 1 if soak.problems else 0


def _resident_mb(process: int) -> float:
    try:
        text = Path(f"/proc/{process}/statm").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _tenths(values: list[Any]) -> list[Any]:
    return [values[len(values) * part // 10] for part in range(10)]


def _by_minute(samples: list[float], counts: list[int], seconds: float) -> Iterator[tuple[int, float]]:
    """For each minute, the commands up to its end and the most memory in it."""
    minutes = max(1, round(seconds / 60))
    for minute in range(minutes):
        first, last = len(samples) * minute // minutes, len(samples) * (minute + 1) // minutes
        yield counts[max(first, last - 1)], max(samples[first : max(last, first + 1)])


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
    else:
        raise SystemExit(main())
