"""The extractive reader, the built-in default: answers a request with one function call, without a language model.

It searches, writes what it finds to the task block, follows names from one passage to the next, and answers with verbatim
quotes. It is a pure function of the request: what it remembers between steps stands in the messages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from threading import Event as Flag

from workbench.core.errors import ModelError
from workbench.core.tokens import count, count_prompt
from workbench.models.base import Assessment, CallDelta, Completion, Delta, FunctionCall, ModelRequest, Usage
from workbench.models.extractive.answer_scorer import AnswerScorer, fitted
from workbench.models.extractive.evidence import Score
from workbench.models.extractive.policy import decide
from workbench.models.extractive.prompt_parser import read

_FAILED_SEARCHES = 2
"""What fails once may work the next time."""


class ExtractiveReader:
    """A ChatModel that quotes and does not reason. `score(query, texts)` is the likeness in meaning, the same every time."""

    name = "reader"

    def __init__(self, score: Score, scorer: AnswerScorer | None = None) -> None:
        self._score = score
        self._scorer = scorer

    @property
    def scorer_version(self) -> str:
        """Names the fitted weights that it answers with: other weights may make other calls of the same request."""
        return (self._scorer or fitted()).version

    def stream(self, request: ModelRequest, cancel: Flag) -> Iterator[Delta]:
        """Yield one function call and then the Completion; nothing more once `cancel` is set.

        Raises ModelError where no search could be made: what was not looked for is not "not found".
        """
        view = read(request.messages, request.tools, request.results)
        if len(view.failures) >= _FAILED_SEARCHES and not view.searches:
            raise ModelError(
                f"The documents could not be searched: {view.failures[-1]}", "Ask again; workbench doctor says more."
            )
        made = decide(view, self._score, self._scorer, sub_questions=bool(request.options.get("sub_questions", True)))
        if cancel.is_set():
            return
        text = json.dumps(made.arguments, ensure_ascii=False)
        call = FunctionCall(_identifier(request, made.name, text), made.name, text)
        yield CallDelta(0, made.name, text)
        usage, assessment = _usage(request, call), made.assessment or Assessment(None, self.scorer_version)
        yield Completion("", (call,), "tool_calls", usage, body=request.body(), assessment=assessment)


def _identifier(request: ModelRequest, name: str, arguments: str) -> str:
    """The same request gives the same id, another step another one."""
    seed = f"{len(request.messages)}\n{name}\n{arguments}"
    return "call_" + hashlib.sha256(seed.encode()).hexdigest()[:12]


def _usage(request: ModelRequest, call: FunctionCall) -> Usage:
    """Exact by definition: o200k over the rendered prompt."""
    prompt = count_prompt(request.messages, request.tools)
    return Usage(prompt, count(call.name) + count(call.arguments))
