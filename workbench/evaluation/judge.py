"""Lets a language model judge whether an answer is right, as the MemGPT paper does (§3.2), and reads its verdict strictly.

The prompt is a file of the user's or the one that ships. A reply whose last line is no verdict is no verdict: it is counted as
unclear, never as right or wrong.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.settings import Settings
from workbench.evaluation.arms import ask_once
from workbench.services.session import Session

_PLACES = {
    "question": "question", "answers": "answers", "answer": "answer",
    "input": "question", "ground_truth": "answers", "submission": "answer",
}  # fmt: skip
"""What stands between braces in a prompt, and what is put there; the second line are the names in letta-evals' rubrics."""

_PLACE = re.compile(r"\{(" + "|".join(_PLACES) + r")\}")
_VERDICT = re.compile(
    r"(?:verdict|score)?\s*:?\s*(right|wrong|correct|incorrect|[01](?:\.0+)?|0?\.5)\.?", re.IGNORECASE
)
_SHARES = {"right": 1.0, "correct": 1.0, "wrong": 0.0, "incorrect": 0.0}


@dataclass(frozen=True)
class Verdict:
    """What the judge said: a share right from 0 to 1, None where that was unclear, and what asking it took."""

    share: float | None
    reply: str
    tokens: int = 0
    cost: float = 0.0
    failed: str = ""


@dataclass(frozen=True)
class Judge:
    """A model that judges, and the prompt that it gets."""

    settings: Settings
    prompt: str

    @classmethod
    def of(cls, settings: Settings, model: str, file: Path | None = None) -> Judge:
        """A judge on the server of the settings. Raises UsageError for a prompt that lacks the answer or the right ones."""
        from dataclasses import replace

        text = _shipped() if file is None else _read(file)
        given = {_PLACES[place] for place in _PLACE.findall(text)}
        if missing := sorted({"answer", "answers"} - given):
            raise UsageError(
                f"The judge's prompt has no place for {{{missing[0]}}}.",
                "Write {question}, {answers} and {answer} in it.",
            )
        if model == "reader":
            raise UsageError("The embedded reader cannot judge.", "Name a language model with --judge.")
        return cls(replace(settings, model=model, temperature=0.0), text)

    @property
    def digest(self) -> str:
        """Names the model and the prompt, for the record of a run."""
        return f"{self.settings.model} {hashlib.sha256(self.prompt.encode()).hexdigest()[:12]}"

    def verdict(self, session: Session, question: str, answers: Sequence[str], answer: str) -> Verdict:
        """The verdict on an answer; the request's failure is told in it, not raised."""
        content = filled(self.prompt, {"question": question, "answers": list(answers), "answer": answer})
        try:
            reply, used, cost = ask_once(session, self.settings, content)
        except WorkbenchError as error:
            return Verdict(None, "", failed=error.one_line())
        return Verdict(read_verdict(reply), reply[:400], used.prompt_tokens + used.completion_tokens, cost)


def filled(prompt: str, values: Mapping[str, Any]) -> str:
    """The prompt with its places filled, each as JSON, so that no answer can pass for a line of the prompt."""
    return _PLACE.sub(lambda place: json.dumps(values[_PLACES[place[1]]], ensure_ascii=False), prompt)


def read_verdict(reply: str) -> float | None:
    """The share right that the last line of a reply gives; None when that line is anything but a verdict."""
    lines = [line.strip().strip("*_`\"'").strip() for line in reply.splitlines() if line.strip()]
    match = _VERDICT.fullmatch(lines[-1]) if lines else None
    if match is None:
        return None
    word = match[1].casefold()
    return _SHARES[word] if word in _SHARES else float(word)


def _shipped() -> str:
    return resources.files("workbench.evaluation").joinpath("judge_prompt.txt").read_text(encoding="utf-8")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read ({type(error).__name__}).", "Name a text file.") from None
