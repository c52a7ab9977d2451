"""The extractive reader, the embedded default: messages and functions go in, one function call comes out, with no language model.

It searches, writes what it finds to the task block, follows names from one passage to the next, and answers with verbatim
quotes. It is a pure function of the request: what it remembers between steps stands in the messages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from threading import Event as Flag

from workbench.core.tokens import count, count_prompt
from workbench.models.base import CallDelta, Completion, Delta, FunctionCall, ModelRequest, Usage
from workbench.models.extractive.evidence import Score
from workbench.models.extractive.policy import decide
from workbench.models.extractive.prompt_parser import read


class ExtractiveReader:
    """A ChatModel that quotes and does not reason. `score(query, texts)` is the likeness in meaning, the same every time."""

    name = "reader"

    def __init__(self, score: Score) -> None:
        self._score = score

    def stream(self, request: ModelRequest, cancel: Flag) -> Iterator[Delta]:
        """Yield one function call and then the Completion; nothing more once `cancel` is set."""
        name, arguments = decide(read(request.messages, request.tools), self._score)
        if cancel.is_set():
            return
        text = json.dumps(arguments, ensure_ascii=False)
        call = FunctionCall(_identifier(request, name, text), name, text)
        yield CallDelta(0, name, text)
        yield Completion("", (call,), "tool_calls", _usage(request, call), body=request.body())


def _identifier(request: ModelRequest, name: str, arguments: str) -> str:
    """The same request gives the same id, another step another one."""
    seed = f"{len(request.messages)}\n{name}\n{arguments}"
    return "call_" + hashlib.sha256(seed.encode()).hexdigest()[:12]


def _usage(request: ModelRequest, call: FunctionCall) -> Usage:
    """Exact by definition: o200k over the rendered prompt."""
    prompt = count_prompt(request.messages, request.tools)
    return Usage(prompt, count(call.name) + count(call.arguments))
