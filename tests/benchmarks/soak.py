"""Load for a long time: `python -m tests.benchmarks.soak [MINUTES] [SEED]` (30 minutes by default).

One workbench owns the database; six processes work through it at once: one watches a folder that changes, the others load,
search, ask a faulty model server, fork and export, and rename, again and again. Afterwards the owner is ended with one
ctrl+c. Prints commands, refusals, and the owner's memory; exit code 1 when anything was unexpected, a command hung, the
owner's memory after the warm-up (the first third) grew by more than a quarter, or `doctor --storage` finds anything.
"""

from __future__ import annotations

import collections
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.support.killing import ROOT
from tests.support.model_replies import Reply, refusal
from tests.support.model_scripts import reads_pages
from tests.support.model_server import ModelServer

_COMMAND_SECONDS = 300.0
_GROWTH = 1.25


class Soak:
    """The state that the workers share."""

    def __init__(self, place: Path, url: str, seconds: float, seed: int) -> None:
        self.docs, self.seconds, self.seed = place / "docs", seconds, seed
        self.place, self.end = place, time.monotonic() + seconds
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("OPENAI", "WORKBENCH"))}
        self.environment = {**kept, "WORKBENCH_HOME": str(place / "home"), "PYTHONPATH": str(ROOT)}
        self.asking = {"OPENAI_BASE_URL": url, "WORKBENCH_MODEL": "scripted"}
        self.problems: list[str] = []
        self.done: collections.Counter[str] = collections.Counter()
        self.refused: collections.Counter[str] = collections.Counter()

    def command(self, *words: str, **more: str) -> None:
        """Run a command; an exception, a traceback or a hang is a problem, a refusal in one sentence is none."""
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "workbench", *words], env={**self.environment, **more}, capture_output=True, text=True,
                timeout=_COMMAND_SECONDS, cwd=self.place, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            self.problems.append(f"{words[0]} hung for {_COMMAND_SECONDS:.0f} s")
            return
        self.done[words[0]] += 1
        if words[0] == "doctor":
            self.problems += [line for line in ended.stdout.splitlines() if line.startswith("BAD")]
        if ended.returncode:
            self.refused[(ended.stderr.strip().splitlines() or [words[0]])[-1][:120]] += 1
        if any(
            mark in ended.stderr for mark in ("Unexpected", "Traceback", "Exception in")
        ) or ended.returncode not in (0, 1, 2):
            self.problems.append(f"{' '.join(words)[:80]}: {ended.returncode} {ended.stderr[-300:]}")

    def write(self, draw: random.Random, number: int) -> None:
        """A document that is new or changes."""
        text = (
            f"Entry {number} of {draw.randrange(10**6)} tells of the lamp at pier {number % 9}.\n\n"
            * draw.randrange(1, 60)
        )
        (self.docs / f"{number % 40}.txt").write_text(text)

    def work(self, kind: str) -> None:
        """One worker until the time is over."""
        draw, number = random.Random(f"{self.seed} {kind}"), 0
        while time.monotonic() < self.end:
            number += 1
            agent = f"{kind}-{number % 4}"
            if kind == "load":
                self.write(draw, draw.randrange(1_000))
                self.command("load", str(self.docs), "--source", "docs", "--prune", "--json")
            elif kind == "search":
                self.command(
                    "search", f"lamp at pier {draw.randrange(9)}", "--page", str(draw.randrange(1, 4)), "--json"
                )
            elif kind == "ask":
                self.command(
                    "ask",
                    f"What does entry {number} tell?",
                    "--agent",
                    agent,
                    "--attach",
                    "docs",
                    "--json",
                    **self.asking,
                )
            elif kind == "fork":
                self.command("ask", "Where is the lamp?", "--agent", agent, "--attach", "docs", "--model", "reader")
                self.command("fork", agent, "--step", "1", "--as", f"twin-{number}")
                self.command("export", agent, str(self.place / f"{agent}.agent"))
                self.command("agents", "delete", f"twin-{number}", "--yes")
            elif kind == "rename":
                self.command("agents", "create", f"new-{number}")
                self.command("agents", "rename", f"new-{number}", f"old-{number}")
                self.command("agents", "delete", f"old-{number}", "--yes")

    def watch(self) -> None:
        """`load --watch` of a second folder, which another thread changes."""
        draw, folder = random.Random(self.seed), self.place / "watched"
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-m", "workbench", "load", str(folder), "--source", "watched", "--watch", "--json"],
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while time.monotonic() < self.end:
            (folder / f"{draw.randrange(9)}.txt").write_text(
                f"The ferry left at {draw.randrange(10**6)}.\n\n" * draw.randrange(1, 9)
            )
            time.sleep(draw.uniform(0.5, 4))
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            self.problems.append("load --watch did not end")
            return
        self.done["watch"] += 1
        if "Unexpected" in errors or "Traceback" in errors:
            self.problems.append(f"watch: {errors[-300:]}")


def faulty(seed: int) -> object:
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
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder, ModelServer(faulty(seed)) as server:  # type: ignore[arg-type]
        soak = Soak(Path(folder), server.url, minutes * 60, seed)
        soak.docs.mkdir()
        for number in range(20):
            soak.write(random.Random(number), number)
        soak.command("load", str(soak.docs), "--source", "docs", "--json")
        owner = subprocess.Popen(
            [sys.executable, "-m", "workbench", "--plain"], env=soak.environment, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while not (Path(folder) / "home" / "data" / "owner.sock").exists():
            time.sleep(0.2)
        soak.end = time.monotonic() + soak.seconds
        kinds = ("load", "search", "ask", "fork", "rename")
        workers = [threading.Thread(target=soak.work, args=(kind,)) for kind in kinds] + [
            threading.Thread(target=soak.watch)
        ]
        for worker in workers:
            worker.start()
        samples = []
        while any(worker.is_alive() for worker in workers):
            samples.append(_resident_mb(owner.pid))
            time.sleep(min(5.0, soak.seconds / 20))
        if owner.poll() is not None:
            soak.problems.append(f"the owner ended: {owner.stderr.read()[-300:] if owner.stderr else ''}")
        owner.send_signal(signal.SIGINT)
        try:
            owner.wait(timeout=60)
        except subprocess.TimeoutExpired:
            owner.kill()
            soak.problems.append("the owner did not end on one ctrl+c")
        warm = samples[len(samples) // 3 :]
        head, tail = _median(warm[: len(warm) // 3 or 1]), _median(warm[-(len(warm) // 3 or 1) :])
        if tail > head * _GROWTH:
            soak.problems.append(f"the owner's memory grew from {head:.0f} to {tail:.0f} MB after the warm-up")
        soak.command("doctor", "--offline", "--storage")
        told = ", ".join(f"{name} {count}" for name, count in sorted(soak.done.items()))
        print(f"{minutes:g} minutes: {told}; {len(server.requests)} requests of the model")
        print(
            f"owner: {samples[0]:.0f} MB at first, {head:.0f} MB after the warm-up, {tail:.0f} MB at the end, at most {max(samples):.0f}"
        )
        for said, count in soak.refused.most_common(12):
            print(f"  {count:4} x {said}")
        for problem in soak.problems:
            print(f"PROBLEM {problem}")
        return 1 if soak.problems else 0


def _resident_mb(process: int) -> float:
    try:
        text = Path(f"/proc/{process}/statm").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


if __name__ == "__main__":
    raise SystemExit(main())
