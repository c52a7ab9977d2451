"""Chooses which functions a model is offered, so that their texts fit their share of the window."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.agent.tools import custom, documents, links, memory, tables
from workbench.agent.tools.registry import Function
from workbench.core.errors import NotFound, UsageError
from workbench.core.tokens import count, functions_text

BUILT_IN: tuple[Function, ...] = (
    *memory.FUNCTIONS,
    *documents.FUNCTIONS,
    *tables.FUNCTIONS,
    *links.FUNCTIONS,
)
_ALWAYS = ("send_message",)
SPARED_FIRST = (
    "pause_heartbeats", "archival_sweep", "archival_follow", "conversation_search_date", "table_query", "archival_grep",
    "document_list", "task_update",
)  # fmt: skip
"""What a language model in a small window does without, in this order; reading a document on comes last."""


@dataclass(frozen=True)
class FunctionSet:
    """The functions offered, as they are sent, the instructions that go with them, and the user's own left out for room."""

    functions: tuple[Function, ...]
    system: str
    tools: list[dict[str, Any]]
    left_out: tuple[str, ...] = ()


def available(config: Path) -> custom.CustomFunctions:
    """All functions there are, ours first, and what of the user's own cannot be used."""
    own = custom.load(config, frozenset(item.name for item in BUILT_IN))
    return custom.CustomFunctions((*BUILT_IN, *own.functions), own.problems)


def select(
    functions: Sequence[Function], off: Collection[str], limit_tokens: int, instructions: Callable[[bool], str],
    spared_first: Sequence[str] = (),
) -> FunctionSet:  # fmt: skip
    """The largest set whose functions and instructions take at most `limit_tokens`.

    First texts become short, one function after the other from the last on, what a small window cannot do without last
    of all; then the instructions; then functions are left out in the same order, and at the end the user's own.
    `instructions(small)` gives the system instructions in one of two sizes. `spared_first` names functions that go before
    all others.
    """
    offered = [item for item in functions if item.name not in off]
    names = [item.name for item in reversed(offered) if not item.small]
    order = [*(name for name in spared_first if name in names), *(name for name in names if name not in spared_first)]
    dispensable = list(order)
    order += [item.name for item in reversed(offered) if item.small]
    found = FunctionSet((), "", [])
    for small, shortened in ((False, 0), *((False, n) for n in range(1, len(order) + 1)), (True, len(order))):
        found = _set(offered, instructions(small), frozenset(order[:shortened]))
        if _tokens(found) <= limit_tokens:
            return found
    left_out: list[str] = []
    own = [item.name for item in reversed(offered) if item.small and item.origin != "workbench"]
    for name in [*dispensable, *own]:
        left_out.append(name)
        kept = [item for item in offered if item.name not in left_out]
        found = _set(kept, found.system, frozenset(order))
        if _tokens(found) <= limit_tokens:
            break
    mine = {item.name for item in offered if item.origin != "workbench"}
    return FunctionSet(found.functions, found.system, found.tools, tuple(name for name in left_out if name in mine))


def switch(off: Sequence[str], functions: Sequence[Function], name: str, *, on: bool) -> list[str]:
    """The names that are switched off once `name` is switched. Raises NotFound or UsageError."""
    if name not in {item.name for item in functions}:
        raise NotFound(f"There is no function {name!r}.", "See `workbench functions`.")
    if name in _ALWAYS and not on:
        raise UsageError(f"{name} cannot be switched off.", "Without it no answer would reach you.")
    others = [item for item in off if item != name]
    return others if on else sorted([*others, name])


def _set(offered: Sequence[Function], system: str, short: Collection[str]) -> FunctionSet:
    return FunctionSet(tuple(offered), system, [item.schema(small=item.name in short) for item in offered])


def _tokens(found: FunctionSet) -> int:
    return count(found.system) + count(functions_text(found.tools))
