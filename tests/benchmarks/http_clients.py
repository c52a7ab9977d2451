"""Many clients at once: `python -m tests.benchmarks.http_clients [--clients 50] [--seconds 120]`.

Starts `workbench serve`, gives every client a user, an agent and the sample documents, and lets it ask one question after the other.
At the end every question that was answered must stand in its agent's conversation, and `workbench doctor --storage` must pass.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2 as httpx

from tests.support.processes import ROOT, environment
from workbench.client import AsyncClient
from workbench.core.errors import WorkbenchError

QUESTIONS = (
    "Who keeps the daybook?",
    "What was sold at the auction?",
    "When did the council meet?",
    "How much oil was used?",
)


async def talk(url: str, token: str, number: int, until: float, times: list[float], errors: list[str]) -> int:
    """Ask until the time is over; how many questions were answered."""
    asked = 0
    async with AsyncClient(url, token, "mine") as bench:
        await bench.create_agent(model="reader")
        await bench.attach("samples")
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                await bench.answer(f"{QUESTIONS[(asked + number) % len(QUESTIONS)]} ({number}.{asked})")
            except WorkbenchError as error:
                errors.append(error.one_line())
            times.append(time.monotonic() - began)
            asked += 1
    return asked


async def measure(url: str, admin: str, clients: int, seconds: float) -> bool:
    """Run all clients and print what came of them; whether nothing was lost."""
    headers = {"Authorization": f"Bearer {admin}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as http:
        async with AsyncClient(url, admin, "unused") as loader:
            files = (path for path in (ROOT / "sample_docs").iterdir() if path.is_file())
            await loader.load(*sorted(path for path in files if not path.name.startswith(".")), source="samples")
        tokens = [(await http.post("/api/users", json={"name": f"u{n}"})).json()["token"] for n in range(clients)]
        times: list[float] = []
        errors: list[str] = []
        until = time.monotonic() + seconds
        counts = await asyncio.gather(*(talk(url, token, n, until, times, errors) for n, token in enumerate(tokens)))
        lost = 0
        for n, (token, count) in enumerate(zip(tokens, counts, strict=True)):
            own = {"Authorization": f"Bearer {token}"}
            said = (await http.get("/api/agents/mine/messages", headers=own)).text
            lost += sum(f"({n}.{question})" not in said for question in range(count))
    print(
        f"{clients} clients, {seconds:.0f} s: {sum(counts)} questions, {lost} lost, {len(errors)} errors {set(errors) or ''}"
    )
    print(f"seconds to an answer: median {statistics.median(times):.2f}, longest {max(times):.2f}")
    return not lost and not errors


def main() -> int:
    """Start the server, measure, check the database."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--clients", type=int, default=50)
    options.add_argument("--seconds", type=float, default=120)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        words = [sys.executable, "-m", "workbench", "serve", "--port", str(port), "--rate", "100000"]
        server = subprocess.Popen(words, env=environment(home), cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        token = ""
        while not token:
            found = re.search(r"wb_\S+", server.stderr.readline())
            token = found[0] if found else ""
        time.sleep(2)
        try:
            good = asyncio.run(measure(f"http://127.0.0.1:{port}", token, chosen.clients, chosen.seconds))
        finally:
            server.terminate()
            server.wait(60)
        words = [sys.executable, "-m", "workbench", "doctor", "--storage", "--offline"]
        checked = subprocess.run(words, env=environment(home), cwd=ROOT, capture_output=True, text=True, check=False)
        print(checked.stdout[-600:])
        return 0 if good and checked.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
