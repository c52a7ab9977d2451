"""Measure what a prefix cache can reuse, and what the evidence rule saves: a scripted run of many questions goes in, a table comes out.

    python tests/benchmarks/prefix_cache.py [--questions 12] [--windows 8192 32768]

The other layout is the paper's order taken literally: the working context right after the system message. A prefix cache
reuses a request up to the first token that differs from the request before it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.embedding import WordEmbedder
from tests.support.scripted import Scripted, results, using
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.core.tokens import count, count_message, functions_text
from workbench.models.base import ModelRequest
from workbench.services.container import AppContext
from workbench.services.session import Session

Body = dict[str, Any]


def plan(request: ModelRequest, number: int) -> tuple[str, dict[str, Any]]:
    """Two searches, a note of what was found, and an answer that cites it: four requests a question."""
    run_heartbeat = {"request_heartbeat": True}
    turn = number % 4
    if turn < 2:
        return "archival_memory_search", {"query": f"light {number * 7 % 40} keeper oil", "page": turn, **run_heartbeat}
    page = next(text for text in reversed(results(request)) if text.startswith("Showing")).split("\n")
    handle, sentence = page[1].split(" | ")[0], next(line.strip() for line in page if " ordered " in line)
    if turn == 2:
        return "core_memory_append", {
            "name": "task",
            "content": f'[{handle}] note {number}: "{sentence[:80]}"',
            **run_heartbeat,
        }
    return "send_message", {"message": f'The book says "{sentence}" [{handle}].'}


def documents(folder: Path) -> Path:
    """Papers about harbour lights, one sentence a paragraph."""
    folder.mkdir()
    for light in range(40):
        lines = [
            f"In {1850 + light + k} the keeper of light {light} ordered {k + light} barrels of oil and wrote it down in book {k}."
            for k in range(24)
        ]
        (folder / f"light-{light:02}.md").write_text(f"# Light {light}\n\n" + "\n\n".join(lines), encoding="utf-8")
    return folder


def run(window: int, questions: int, *, evidence: bool) -> list[Body]:
    """The bodies of all requests of a run."""
    AppContext.embedder = property(lambda engine: WordEmbedder())  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as name, using(Scripted(plan)) as model:
        settings = Settings(window_tokens=window, model="gpt-4o", evidence=evidence)
        session = Session(settings, locate(Path(name) / "home"))
        session.open_agent("runner")
        list(session.load([documents(Path(name) / "papers")]))
        for number in range(questions):
            list(
                session.submit(
                    f"How many barrels were ordered for light {number * 3 % 40}, and where was it written down?"
                )
            )
        session.close()
    return [json.loads(body) for body in model.bodies]


def tokens(body: Body) -> int:
    """Tokens of a request."""
    return sum(count_message(message) for message in body["messages"]) + count(functions_text(body["tools"]))


def ours(body: Body) -> Sequence[Any]:
    """The wire order: the working context last."""
    return body["messages"]


def near_the_top(body: Body) -> Sequence[Any]:
    """The working context right after the system message."""
    head, *middle, state = body["messages"]
    return [head, state, *middle]


def reused(bodies: Sequence[Body], layout: Callable[[Body], Sequence[Any]]) -> int:
    """Tokens that requests share with the start of the request before them."""
    total = 0
    for before, body in zip(bodies, bodies[1:], strict=False):
        shared = 0
        for old, new in zip(layout(before), layout(body), strict=False):
            if old != new:
                break
            shared += count_message(new)
        total += shared + (count(functions_text(body["tools"])) if shared else 0)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=12)
    parser.add_argument("--windows", type=int, nargs="*", default=[8_192, 32_768])
    given = parser.parse_args()
    print(
        f"{'window':>7} {'evidence rule':>13} {'working context':>16} {'requests':>8} {'tokens a request':>16} {'reused':>7} {'anew':>7}"
    )
    for window in given.windows:
        for evidence in (False, True):
            bodies = run(window, given.questions, evidence=evidence)
            whole = sum(tokens(body) for body in bodies)
            for name, layout in (("near the top", near_the_top), ("last", ours)):
                kept = reused(bodies, layout)
                print(
                    f"{window:>7} {'on' if evidence else 'off':>13} {name:>16} {len(bodies):>8} {whole / len(bodies):>16.0f} "
                    f"{kept / whole:>7.1%} {(whole - kept) / len(bodies):>7.0f}"
                )


if __name__ == "__main__":
    main()
