"""A scripted model inside the process: a request goes in, the next call comes out, and every request is kept; no server, no waiting."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event as Flag
from typing import Any

from workbench.core.settings import Settings
from workbench.models.base import ChatModel, Completion, Delta, FunctionCall, ModelRequest, Usage
from workbench.services.container import AppContext

Call = tuple[str, dict[str, Any]]
Plan = Callable[[ModelRequest, int], "Call | list[Call] | str"]
"""What to reply to a request, given its number: (function, arguments), several of them, or a text."""


class Scripted:
    """A ChatModel that follows a plan. `seconds` is the time spent here: it is not the workbench's own."""

    name = "scripted"

    def __init__(self, plan: Plan, keep: bool = True, usage: Callable[[ModelRequest], int] | None = None) -> None:
        """`usage` says how many tokens a prompt has, as a server would; None reports none."""
        self.plan = plan
        self.usage = usage
        self.keep = keep
        self.bodies: list[str] = []
        self.number = 0
        self.seconds = 0.0

    def stream(self, request: ModelRequest, cancel: Flag) -> Iterator[Delta]:
        started = time.perf_counter()
        if self.keep:
            self.bodies.append(json.dumps(request.body(), ensure_ascii=False))
        reply = self.plan(request, self.number)
        self.number += 1
        usage = Usage(self.usage(request), 1) if self.usage else None
        if isinstance(reply, str):
            done = Completion(reply, (), "stop", usage)
        else:
            made = [reply] if isinstance(reply, tuple) else reply
            calls = [
                FunctionCall(f"call_{self.number}_{k}", name, json.dumps(arguments, ensure_ascii=False))
                for k, (name, arguments) in enumerate(made)
            ]
            done = Completion("", tuple(calls), "tool_calls", usage)
        self.seconds += time.perf_counter() - started
        yield done


@dataclass(frozen=True)
class OneModel:
    """A ModelProvider that gives the same model, whatever the settings say."""

    chat: ChatModel
    name: str

    def model(self, settings: Settings) -> tuple[ChatModel, str]:
        return self.chat, self.name

    def reader(self) -> ChatModel:
        return self.chat


@contextmanager
def using(model: Scripted) -> Iterator[Scripted]:
    """While this lasts, every agent that is opened works with `model`."""
    before = AppContext.model
    AppContext.model = lambda engine, settings: (model, settings.model or "gpt-4o")  # type: ignore[method-assign,assignment]
    try:
        yield model
    finally:
        AppContext.model = before  # type: ignore[method-assign]


def results(request: ModelRequest) -> list[str]:
    """The texts of all function results in a request, oldest first."""
    return [json.loads(m["content"])["message"] for m in request.messages if m["role"] == "tool"]
