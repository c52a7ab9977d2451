"""Which functions a model is offered: a window and what is switched off come in; the set that fits its share goes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.agent import custom_functions, document_functions, memory_functions
from workbench.agent.functions import Function, chosen
from workbench.errors import NotFound, UsageError
from workbench.tokens import count, functions_text

BUILT_IN: tuple[Function, ...] = (*memory_functions.FUNCTIONS, *document_functions.FUNCTIONS)
_ALWAYS = ("send_message",)


@dataclass(frozen=True)
class FunctionSet:
    """The functions offered, as they are sent, the instructions that go with them, and the user's own left out for room."""

    functions: tuple[Function, ...]
    system: str
    tools: list[dict[str, Any]]
    left_out: tuple[str, ...] = ()


def available(config: Path) -> custom_functions.CustomFunctions:
    """All functions there are, ours first, and what of the user's own cannot be used."""
    own = custom_functions.load(config, frozenset(item.name for item in BUILT_IN))
    return custom_functions.CustomFunctions((*BUILT_IN, *own.functions), own.problems)


def select(
    functions: Sequence[Function], off: Collection[str], limit_tokens: int, instructions: Callable[[bool], str]
) -> FunctionSet:
    """The largest set whose functions and instructions take at most `limit_tokens`: all with full texts, all with short

    ones, or those that a small window cannot do without; the user's own go last, so they are left out first.
    `instructions(small)` gives the system instructions in one of two sizes.
    """
    wanted = [item for item in functions if item.name not in off]
    for few, small in ((False, False), (False, True), (True, True)):
        offered = chosen(wanted, small=few)
        found = _set(offered, instructions(small), small)
        if _tokens(found) <= limit_tokens:
            return found
    left_out: list[str] = []
    while _tokens(found) > limit_tokens and offered and offered[-1].origin != "workbench":
        left_out.append(offered.pop().name)
        found = _set(offered, found.system, True)
    return FunctionSet(found.functions, found.system, found.tools, tuple(left_out))


def switch(off: Sequence[str], functions: Sequence[Function], name: str, *, on: bool) -> list[str]:
    """The names that are switched off once `name` is switched. Raises NotFound or UsageError."""
    if name not in {item.name for item in functions}:
        raise NotFound(f"There is no function {name!r}.", "See `workbench functions`.")
    if name in _ALWAYS and not on:
        raise UsageError(f"{name} cannot be switched off.", "Without it no answer would reach you.")
    others = [item for item in off if item != name]
    return others if on else sorted([*others, name])


def _set(offered: Sequence[Function], system: str, small: bool) -> FunctionSet:
    return FunctionSet(tuple(offered), system, [item.schema(small=small) for item in offered])


def _tokens(found: FunctionSet) -> int:
    return count(found.system) + count(functions_text(found.tools))
