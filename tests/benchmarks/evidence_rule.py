"""What the evidence rule saves and what it costs: a scripted run of many questions goes in, tokens and right answers come out.

    python -m tests.benchmarks.evidence_rule [--questions 24 60] [--windows 8192 32768]

Once a question is answered, results shrink to a receipt and only the passages that the answer cited stay whole. The
scripted model reads perfectly, and knows nothing but what its request holds: it answers from there, else follows the
receipt of the question that it is asked about, else searches twice with the words of the question, else gives up. Three
kinds of questions, in turn: one that stands alone; one about another line of a passage that an earlier answer cited; one
about a passage beside it that no answer cited. The last two name nothing that a search could find.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.prefix_cache import ours, reused, tokens
from tests.support.embedding import WordEmbedder
from tests.support.scripted import Scripted, results, using
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.models.base import ModelRequest
from workbench.services.container import AppContext
from workbench.services.session import Session

LIGHTS, ENTRIES = 40, 6
FARTHEST = 12
"""A question refers to one of at most so many questions ago."""

_SEARCHES = 2
_WORDS = (
    "the gulls sat on the pier and the tide came in slowly while men carried rope nets sails and timber past the old "
    "chapel where a bell was rung at noon for boats that had not come home from the banks in the north that week"
).split()


@dataclass(frozen=True)
class Question:
    """A question, the sentence that answers it, and how many questions ago the one was asked that it refers to; 0 none."""

    kind: str
    text: str
    gold: str
    back: int = 0


def entry(light: int, number: int) -> tuple[str, str, str]:
    """The paragraph of an entry, and its two sentences that questions ask for."""
    chance = random.Random(light * 100 + number)
    year = 1800 + light * 3 + number * 31
    first = f"In {year} the keeper of light {light} ordered {chance.randint(11, 99)} barrels of oil."
    second = f"He wrote that down in book {chance.randint(100, 999)} on leaf {chance.randint(100, 999)}."
    filler = [" ".join(chance.choices(_WORDS, k=28)).capitalize() + "." for _ in range(4)]
    return f"{first} {filler[0]} {filler[1]} {second} {filler[2]} {filler[3]}", first, second


def papers(folder: Path) -> Path:
    """A paper for every light, a paragraph an entry."""
    folder.mkdir()
    for light in range(LIGHTS):
        text = "\n\n".join(entry(light, number)[0] for number in range(ENTRIES))
        (folder / f"light-{light:02}.md").write_text(f"# Light {light}\n\n{text}\n", encoding="utf-8")
    return folder


def questions(number: int) -> list[Question]:
    """A conversation: every third question stands alone, the two after it refer to one that did."""
    chance = random.Random(5)
    made: list[Question] = []
    alone: list[tuple[int, int, int]] = []
    for at in range(number):
        if at % 3 == 0 or not alone:
            light, wanted = chance.randrange(LIGHTS), chance.randrange(ENTRIES)
            _, first, _ = entry(light, wanted)
            alone.append((at, light, wanted))
            made.append(
                Question(
                    "stands alone", f"How many barrels did the keeper of light {light} order in {first[3:7]}?", first
                )
            )
            continue
        then, light, wanted = chance.choice([item for item in alone if at - item[0] <= FARTHEST])
        if at % 3 == 1:
            text = f"About your answer {at - then} questions ago: where did he write that down?"
            made.append(Question("cited before", text, entry(light, wanted)[2], at - then))
        else:
            text = f"About the entry next to the one of {at - then} questions ago: where did he write that down?"
            made.append(Question("beside it", text, entry(light, (wanted + 1) % ENTRIES)[2], at - then))
    return made


class Reading:
    """The scripted model. `asked` are the texts of all questions so far, as they stand in the queue."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.tried: list[str] = []

    def ask(self, question: Question) -> None:
        self.asked.append(question)
        self.tried = []

    def __call__(self, request: ModelRequest, number: int) -> tuple[str, dict[str, Any]]:
        question = self.asked[-1]
        for text in reversed(results(request)):
            if handle := _holder(text, question.gold):
                return "send_message", {"message": f'It says: "{question.gold}" [{handle}]'}
        call = self._receipt(request, question) if question.back else None
        if call is None or call in self.tried:
            pages = sum(tried.startswith("search") for tried in self.tried)
            if pages >= _SEARCHES:
                return "send_message", {"message": "I could not find that in the documents."}
            self.tried.append(f"search {pages}")
            return "archival_memory_search", {"query": question.text, "page": pages, "request_heartbeat": True}
        self.tried.append(call)
        query, page = re.findall(r'query=("(?:[^"\\]|\\.)*"), page=(\d+)', call)[0]
        return "archival_memory_search", {"query": json.loads(query), "page": int(page), "request_heartbeat": True}

    def _receipt(self, request: ModelRequest, question: Question) -> str | None:
        """The call that a receipt names, of the question that this one refers to, if it is still in the queue."""
        wanted = self.asked[-1 - question.back].text
        inside = False
        for message in request.messages:
            if message["role"] == "user":
                inside = json.dumps(wanted)[1:-1] in message["content"] or (
                    inside and '"type": "user_message"' not in message["content"]
                )
            elif message["role"] == "tool" and inside:
                text = json.loads(message["content"])["message"]
                if found := re.match(r"Receipt: .* Again: (archival_memory_search\(.*\))$", text.split("\n")[0]):
                    return found[1]
        return None


def _holder(text: str, gold: str) -> str:
    """The handle of the passage in a result that holds a sentence; empty when none does."""
    handle, shown = "", ""
    for line in [*text.split("\n"), "#end1 |"]:
        if found := re.match(r"(#[a-z]+\d+) \|", line):
            if gold in " ".join(shown.split()):
                return handle
            handle, shown = found[1], ""
        else:
            shown += " " + line
    return ""


def run(window: int, number: int, *, evidence: bool) -> tuple[list[dict[str, Any]], Counter[str], Counter[str]]:
    """The bodies of all requests of a run, and per kind how many questions there were and how many were answered right."""
    AppContext.embedder = property(lambda engine: WordEmbedder())  # type: ignore[assignment]
    reading = Reading()
    with tempfile.TemporaryDirectory() as name, using(Scripted(reading)) as model:
        settings = Settings(window_tokens=window, model="gpt-4o", evidence=evidence)
        session = Session(settings, locate(Path(name) / "home"))
        session.open_agent("runner")
        list(session.load([papers(Path(name) / "papers")]))
        asked: Counter[str] = Counter()
        right: Counter[str] = Counter()
        for question in questions(number):
            reading.ask(question)
            answer = next(e for e in session.submit(question.text) if e.name == "answer_done")
            asked[question.kind] += 1
            right[question.kind] += any(c.verified and c.quote == question.gold for c in answer.citations)
        session.close()
    return [json.loads(body) for body in model.bodies], asked, right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, nargs="*", default=[24, 60])
    parser.add_argument("--windows", type=int, nargs="*", default=[8_192, 32_768])
    given = parser.parse_args()
    kinds = ("stands alone", "cited before", "beside it")
    print(
        f"{'window':>7} {'questions':>9} {'rule':>5} {'requests':>8} {'tokens a request':>16} {'a question':>10} {'anew':>6}  right: "
        + "  ".join(f"{kind:>12}" for kind in kinds) + "   all"
    )  # fmt: skip
    for window, number in itertools.product(given.windows, given.questions):
        for evidence in (False, True):
            bodies, asked, right = run(window, number, evidence=evidence)
            whole = sum(tokens(body) for body in bodies)
            anew = (whole - reused(bodies, ours)) / len(bodies)
            shares = "  ".join(f"{right[kind]:>5} of {asked[kind]:>3}" for kind in kinds)
            print(
                f"{window:>7} {number:>9} {'on' if evidence else 'off':>5} {len(bodies):>8} {whole / len(bodies):>16,.0f} "
                f"{whole / number:>10,.0f} {anew:>6,.0f}         {shares}   {right.total() / asked.total():.0%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
