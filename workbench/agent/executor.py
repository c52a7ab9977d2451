"""The function executor (MemGPT §2.3): runs a call and always returns a result that the model can act on."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.agent.tools.context import ToolContext, page_read
from workbench.agent.tools.registry import CallRefused, Function, Outcome
from workbench.api.events import Event, FunctionCalled, FunctionReturned
from workbench.core.errors import WorkbenchError
from workbench.core.sanitize import paired
from workbench.models.base import FunctionCall
from workbench.retrieval.paging.page_fit import text_room
from workbench.text.result_text import text_tokens
from workbench.text.template_tokens import neutralise


def with_ids(calls: tuple[FunctionCall, ...], step: int) -> list[FunctionCall]:
    """Calls with ids that are not empty and not alike: some servers send none, or the same for all."""
    seen: set[str] = set()
    named = []
    for position, call in enumerate(calls):
        identifier = call.id if call.id and call.id not in seen else f"call_{step}_{position}"
        seen.add(identifier)
        named.append(replace(call, id=identifier))
    return named


def distinct(calls: Sequence[FunctionCall]) -> tuple[FunctionCall, ...]:
    """The calls of one reply, those that are alike once: some models write each of their parallel calls several times."""
    kept: dict[tuple[str, str], FunctionCall] = {}
    for call in calls:
        kept.setdefault((call.name, _canonical(call.arguments)), call)
    return tuple(kept.values())


def _canonical(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        return arguments


def valid_arguments(arguments: str) -> str:
    """Arguments as they go back to a server: some refuse a history whose arguments are not JSON."""
    try:
        json.loads(arguments)
    except ValueError:
        return json.dumps({"malformed": arguments[:2_000]}, ensure_ascii=False)
    return arguments


_TELL_AT = 3
"""An identical call made so many times for one question is answered with a word about it; one more stops the question."""

_MOST_FAILURES = 6
"""A function whose calls fail so many times in a row, however their arguments differ, stops the question."""

_TEXT_CALL = "a function call as text"


@dataclass(frozen=True)
class Executed:
    """A call and what became of it. `arguments` are the validated ones; empty when they could not be read."""

    call: FunctionCall
    arguments: Mapping[str, Any]
    heartbeat: bool
    ok: bool
    outcome: Outcome
    seconds: float

    def body(self) -> dict[str, Any]:
        """The stored body of the result message."""
        body: dict[str, Any] = {
            "call": self.call.id,
            "function": self.call.name,
            "status": "OK" if self.ok else "Failed",
        }
        if self.outcome.archive is not None:
            return {**body, "archive": self.outcome.archive.dump()}
        if self.outcome.recall is not None:
            return {**body, "recall": self.outcome.recall.dump()}
        return {**body, "text": self.outcome.text}

    def events(self, space: ToolContext, tokens: int, *, origin: str = "model") -> list[Event]:
        """What is told of it; `tokens` is what its result adds to the queue."""
        called = FunctionCalled(
            call=self.call.id, function=self.call.name, arguments=dict(self.arguments), heartbeat=self.heartbeat, origin=origin
        )  # fmt: skip
        returned = FunctionReturned(
            call=self.call.id, function=self.call.name, ok=self.ok, summary=self.outcome.summary, tokens=tokens,
            seconds=round(self.seconds, 4),
        )  # fmt: skip
        told: list[Event] = [called, *self.outcome.events, returned]
        if (page := self.outcome.archive) is not None:
            where = "read-ahead" if origin == "system" else "model"
            told.append(page_read(page, space.search, space.in_context(), origin=where, tokens=tokens))
        return told


@dataclass
class Executor:
    """Validates, runs and times calls; every failure becomes a result. `repeats` counts identical calls of a question."""

    functions: Sequence[Function]
    repeats: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """By function, the calls in a row that failed."""
    invalid: Counter[str] = field(default_factory=Counter)
    """By function, the calls in a row that could not be carried out as they were written: the model's mistakes, not what a function of
    the user's raises."""

    @property
    def stuck(self) -> str:
        """What the model does over and over although it was told, as the end of a sentence; "" when nothing."""
        if any(number > _TELL_AT for number in self.repeats.values()):
            return "made the same call again and again"
        failing = next((name for name, number in self.failures.items() if number >= _MOST_FAILURES), "")
        if failing == _TEXT_CALL:
            return "wrote its function calls into the text of its replies again and again"
        return f"called {failing[:60]} again and again in a way that failed" if failing else ""

    @property
    def invalid_calls(self) -> int:
        """How many calls could not be carried out, of functions that were not called rightly since."""
        return self.invalid.total()

    def start_question(self) -> None:
        """Repeats and failures are counted anew."""
        self.repeats.clear()
        self.failures.clear()
        self.invalid.clear()

    def wrote_call_as_text(self) -> None:
        """A reply held a function call among its text, which is a mistake like a call that fails."""
        self.failures[_TEXT_CALL] += 2
        self.invalid[_TEXT_CALL] += 1

    def run(self, call: FunctionCall, workspace: ToolContext) -> Executed:
        """Run one call. Never raises for what a model did."""
        started = time.perf_counter()
        arguments: dict[str, Any] = {}
        heartbeat = checked = users = False
        try:
            spec = self._find(call.name)
            arguments, heartbeat = spec.check(parse_arguments(call.arguments))
            checked, users = True, spec.origin != "workbench"
            self._watch(call.name, arguments)
            outcome, ok = spec.run(workspace, **arguments), True
        except WorkbenchError as error:
            told = "" if checked else self._again(call)
            outcome, ok = Outcome(f"{error.one_line()}{told}", summary=error.message[:100]), False
            self.invalid[call.name] += not users
        except Exception as error:
            # A user's own function may raise anything; the model gets the kind and the message, no more.
            outcome, ok = Outcome(f"{type(error).__name__}: {str(error)[:300]}", summary=type(error).__name__), False
        self.failures[call.name] = 0 if ok else self.failures[call.name] + 1
        if ok:
            self.invalid.pop(call.name, None)
        if outcome.archive is not None and not workspace.settings.totals:
            outcome = replace(outcome, archive=replace(outcome.archive, totals=False))
        outcome = replace(outcome, text=bounded(neutralise(outcome.text), workspace.budget.page_tokens))
        return Executed(call, arguments, heartbeat, ok, outcome, time.perf_counter() - started)

    def refuse(self, call: FunctionCall, reason: str) -> Executed:
        """The result of a call that is not run, with the reason for the model."""
        self.failures[call.name] += 1
        self.invalid[call.name] += 1
        return Executed(call, {}, False, False, Outcome(reason, summary=reason[:100]), 0.0)

    def _again(self, call: FunctionCall) -> str:
        """Count a call that could not be run like any other, and say so when it comes again and again."""
        key = (call.name, call.arguments)
        self.repeats[key] += 1
        if self.repeats[key] < _TELL_AT:
            return ""
        return f" You have made this mistake {self.repeats[key]} times: once more ends the question."

    def _find(self, name: str) -> Function:
        for spec in self.functions:
            if spec.name == name:
                return spec
        raise CallRefused(
            f"There is no function {name[:60]!r}.", f"Functions: {', '.join(spec.name for spec in self.functions)}."
        )

    def _watch(self, name: str, arguments: Mapping[str, Any]) -> None:
        key = (name, json.dumps(arguments, sort_keys=True, ensure_ascii=False))
        self.repeats[key] += 1
        if self.repeats[key] >= _TELL_AT:
            raise CallRefused(
                f"You have made this call {self.repeats[key]} times with the same arguments; the result would be the same.",
                "Do something else, or answer with what you have: once more ends the question.",
            )


def bounded(text: str, page_tokens: int) -> str:
    """A result's text within a page's share of the window; what is left out is said, with the numbers."""
    room = text_room(page_tokens)
    if len(text) * 4 < room or text_tokens(text) <= room:
        return text
    kept = text
    while kept and text_tokens(kept) > room - 40:
        kept = kept[: int(len(kept) * min(0.9, max(0.01, (room - 40) / text_tokens(kept))))]
    note = f"[The first {len(kept):,} of {len(text):,} characters. No more results: ask for less.]"
    return f"{kept.rstrip()}\n{note}"


def parse_arguments(text: str) -> dict[str, Any]:
    """Arguments from the model's JSON, mended where that is possible. Raises CallRefused when they cannot be read."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        import json_repair

        value = json_repair.loads(text)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, dict):
        raise CallRefused("The arguments are not a JSON object.", 'Write them like {"query": "words"}.')
    written = json.dumps(value, ensure_ascii=False)
    # An escape may stand for half a character, which nothing could store or send on.
    return value if written == (whole := paired(written)) else dict(json.loads(whole))
