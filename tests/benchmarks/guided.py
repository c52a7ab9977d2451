"""Compare a language model with the reader alone on the same questions: guided, or searching itself.

    OPENAI_BASE_URL=http://127.0.0.1:8080/v1 WORKBENCH_MODEL=NAME \
        python -m tests.benchmarks.guided [QUESTIONS.json …] [--documents DIR] [--drive guided|auto|model] [--only ID,ID]
                                          [--limit N] [--window TOKENS] [--seconds S] [--transcript FILE.jsonl] [--home DIR]

Each question is asked twice, of new agents: the reader alone, then the model of the server. It is right when the answer holds
every content word of the known answer in any form, in quotes or beside them ("said") or in the model's own words ("own words");
where the documents do not say, when nothing is answered. The judge compares words, so read the transcript of a close result.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.agent.answers.written_answer import said_words
from workbench.api.events import AnswerDone, Notice, Stopped
from workbench.core.paths import locate
from workbench.core.settings import READER, Settings
from workbench.services.session import Session

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """What became of one question. `own` says whether the model's own words, in front of the first quote, hold the answer."""

    text: str
    answered: bool
    right: bool
    own: bool
    notes: tuple[str, ...]
    steps: int
    seconds: float


def put(session: Session, question: dict[str, Any], model: str, drive: str) -> Outcome:
    """Ask a new agent."""
    session.open_agent(fresh=True)
    if model == READER:
        session.use_model(READER)
    else:
        session.agent_service.drive(session.agent, drive)
    session.attach("documents")
    began, answer, notes = time.monotonic(), AnswerDone(answered=False), list[str]()
    for event in session.submit(question["question"]):
        if isinstance(event, AnswerDone):
            answer = event
        elif isinstance(event, (Notice, Stopped)):
            notes.append(event.message if isinstance(event, Notice) else event.detail)
    wanted, own = said_words(question["answer"] or ""), answer.text.split('\n"')[0] if model != READER else ""
    if not question["gold"]:
        right = own_right = not answer.answered
    else:
        right = answer.answered and wanted <= said_words(answer.text)
        own_right = answer.answered and wanted <= said_words(own)
    seconds = time.monotonic() - began
    return Outcome(
        answer.text, answer.answered, right, own_right, (*notes, *answer.notes), len(session.steps()), seconds
    )


def main() -> None:
    """Print a line a question, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", type=Path, default=[ROOT / "sample_docs/questions.json"])
    parser.add_argument("--documents", type=Path, default=ROOT / "sample_docs")
    parser.add_argument("--drive", choices=("guided", "auto", "model"), default="guided")
    parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--window", type=int, default=8_192)
    parser.add_argument("--seconds", type=float, default=1_800.0)
    parser.add_argument("--transcript", type=Path)
    parser.add_argument("--home", type=Path, help="keep the home here, so that the documents are loaded once")
    chosen = parser.parse_args()
    model, url = os.environ.get("WORKBENCH_MODEL", ""), os.environ.get("OPENAI_BASE_URL", "")
    if not url:
        parser.error("name a server in OPENAI_BASE_URL")
    asked = [one for file in chosen.questions for one in json.loads(file.read_text(encoding="utf-8"))["questions"]]
    if chosen.only:
        asked = [one for one in asked if one["id"] in chosen.only.split(",")]
    asked = asked[: chosen.limit or None]
    settings = Settings(
        model=model, base_url=url, api_key=os.environ.get("OPENAI_API_KEY", ""), window_tokens=chosen.window,
        minutes=chosen.seconds / 60,
    )  # fmt: skip
    pairs = list[tuple[Outcome, Outcome]]()
    with (
        tempfile.TemporaryDirectory() as temporary,
        Session(settings, locate(chosen.home or Path(temporary))) as session,
    ):
        session.open_agent("loader")
        list(session.load([chosen.documents], "documents"))
        for one in asked:
            alone, other = put(session, one, READER, ""), put(session, one, model, chosen.drive)
            pairs.append((alone, other))
            print(
                f"{one['id']:<16}reader {'right' if alone.right else 'wrong'}  {chosen.drive} {'right' if other.right else 'wrong'}"
                f"  own words {'right' if other.own else 'wrong'}  {other.steps} steps {other.seconds:.0f} s  {other.notes[-1:]}",
                flush=True,
            )
            if chosen.transcript:
                with chosen.transcript.open("a", encoding="utf-8") as file:
                    row = {**one, "reader": vars(alone), chosen.drive: vars(other)}
                    print(json.dumps(row, ensure_ascii=False), file=file)
    print(
        f"{len(pairs)} questions: reader alone {sum(a.right for a, _ in pairs)}, {chosen.drive} {sum(b.right for _, b in pairs)}, "
        f"in its own words {sum(b.own for _, b in pairs)}; worse than the reader {sum(a.right and not b.right for a, b in pairs)}"
    )


if __name__ == "__main__":
    main()
