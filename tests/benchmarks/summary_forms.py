"""Compare the forms of the recursive summary, primer and prose by a model and condensed without one: tokens, and planted facts kept.

    OPENAI_BASE_URL=http://127.0.0.1:8080/v1 WORKBENCH_MODEL=NAME \
        python -m tests.benchmarks.summary_forms LOCOMO.json.gz [--dialogue 0] [--tokens 6000] [--window 4096] [--every 4] [--seed 1]
                                                 [--form primer|prose|condensed] [--home DIR]

The turns of a dialogue in LoCoMo's format are said to an agent, two at a time; every few of them one speaker also states a small fact
with a number of its own. The agent's replies are scripted, the summaries are written by the model of the server. At the end: how many
summaries were written, how long the last one is, and how many of the facts that have left the queue still stand in it. Facts that the
newest messages hold are not counted. Prints one JSON line a form.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.support.model_server import ModelServer, Reply, calls
from workbench.api.events import Stopped
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.core.tokens import count
from workbench.services.session import Session

FORMS = ("primer", "prose", "condensed")

FACTS = (
    "My locker at the pool is number {}.",
    "The train home leaves from platform {}.",
    "We paid {} dollars for the old piano.",
    "My grandmother was born in {}.",
    "The recipe needs {} grams of flour.",
    "Our new flat has the door code {}.",
    "The choir has {} members now.",
    "I counted {} steps up to the lighthouse.",
    "The library book is due in {} days.",
    "The marathon bib I got is {}.",
    "The bike's lock opens with {}.",
    "The garden shed measures {} centimetres across.",
    "My ticket for the museum is number {}.",
    "The puppy weighs {} grams.",
    "The printer at work is in room {}.",
    "They sold {} jars of honey at the fair.",
)


def turns(path: Path, dialogue: int, tokens: int) -> Iterator[str]:
    """What the speakers say, two turns a message, until so many tokens have been said."""
    conversation = json.loads(gzip.decompress(path.read_bytes()))[dialogue]["conversation"]
    said, pair = 0, list[str]()
    for number in range(1, 100):
        for turn in conversation.get(f"session_{number}", ()):
            pair.append(f"{turn['speaker']}: {turn['text']}")
            if len(pair) == 2:
                message, pair = "\n".join(pair), []
                said += count(message)
                if said > tokens:
                    return
                yield message


def planted(messages: Iterator[str], every: int, seed: int) -> Iterator[tuple[str, str]]:
    """Every message with the number planted in it, "" in most."""
    chance = random.Random(seed)
    facts = chance.sample(FACTS, len(FACTS))
    for position, message in enumerate(messages):
        if position % every == every - 1 and facts:
            value = str(chance.randrange(1_000, 10_000))
            yield f"{message} {facts.pop().format(value)}", value
        else:
            yield message, ""


class Between:
    """A server that answers the agent's steps itself and hands requests without functions, the summaries, to the real one."""

    def __init__(self, url: str, model: str) -> None:
        self.url, self.model = url.rstrip("/"), model
        self.summaries, self.seconds = 0, 0.0

    def __call__(self, body: dict[str, Any]) -> Reply | str:
        if body.get("tools"):
            return calls("send_message", message="I see.")
        began = time.monotonic()
        kept = {key: body[key] for key in ("messages", "max_tokens", "temperature") if key in body}
        asked = {"temperature": 0, **kept, "model": self.model}
        reply = httpx.post(f"{self.url}/chat/completions", json=asked, timeout=1_800.0)
        reply.raise_for_status()
        self.summaries += 1
        self.seconds += time.monotonic() - began
        return str(reply.json()["choices"][0]["message"]["content"])


def shown(body: dict[str, Any]) -> tuple[str, str]:
    """The summary and all other messages of a request, as the model reads them."""
    summary, held = "", list[str]()
    for message in body["messages"]:
        content = str(message.get("content") or "")
        try:
            said = json.loads(content)
        except ValueError:
            said = None
        if isinstance(said, dict) and said.get("type") == "summary":
            summary = str(said["text"])
        else:
            held.append(content)
    return summary, "\n".join(held)


def run(form: str, chosen: argparse.Namespace, home: Path) -> dict[str, Any]:
    """One conversation with summaries of one form."""
    between = Between(os.environ["OPENAI_BASE_URL"], os.environ.get("WORKBENCH_MODEL", "model"))
    facts: dict[str, str] = {}
    with ModelServer(between) as server:
        settings = Settings(
            model="between", base_url=server.url, window_tokens=chosen.window, drive="model", minutes=600.0,
            **({"summary_by": "model", "summary_form": form} if form != "condensed" else {"summary_by": "condense"}),
        )  # fmt: skip
        with Session(settings, locate(home)) as session:
            session.open_agent(fresh=True)
            stopped = list[str]()
            for message, value in planted(
                turns(chosen.dialogues, chosen.dialogue, chosen.tokens), chosen.every, chosen.seed
            ):
                if value:
                    facts[value] = message
                stopped += [event.detail for event in session.submit(message) if isinstance(event, Stopped)]
        summary, held = shown([body for body in server.requests if body.get("tools")][-1])
    gone = [value for value in facts if value not in held]
    kept = [value for value in gone if re.search(rf"(?<!\d){value}(?!\d)", summary.replace(",", ""))]
    return {
        "form": form, "window": chosen.window, "dialogue": chosen.dialogue, "summaries": between.summaries,
        "seconds a summary": round(between.seconds / max(1, between.summaries), 1), "tokens": count(summary),
        "facts gone": len(gone), "kept": len(kept), "stopped": stopped, "summary": summary,
    }  # fmt: skip


def main() -> None:
    """Run the forms one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dialogues", type=Path)
    parser.add_argument("--dialogue", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=6_000)
    parser.add_argument("--window", type=int, default=4_096)
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--form", choices=FORMS)
    parser.add_argument("--home", type=Path)
    chosen = parser.parse_args()
    for form in [chosen.form] if chosen.form else FORMS:
        with tempfile.TemporaryDirectory() as made:
            print(json.dumps(run(form, chosen, chosen.home or Path(made)), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
