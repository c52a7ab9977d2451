"""The function registry: a typed Python function with a docstring goes in, a JSON schema and a checked call come out."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_type_hints

from workbench.errors import WorkbenchError
from workbench.events import Event

if TYPE_CHECKING:
    from workbench.memory.result_page import ResultPage

HEARTBEAT = "request_heartbeat"


class CallRefused(WorkbenchError):
    """A call cannot be made as it was written; the message goes to the model."""


@dataclass(frozen=True)
class Outcome:
    """What a function gave back: a text, or a page of results by reference; `summary` is one line for people."""

    text: str = ""
    archive: ResultPage | None = None
    summary: str = ""
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Function:
    """One function of the model. `chains` adds request_heartbeat to its schema."""

    name: str
    description: str
    short: str
    parameters: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    run: Callable[..., Outcome]
    chains: bool = True
    small: bool = False
    model: Any = field(default=None, compare=False, repr=False)

    def schema(self, *, small: bool = False) -> dict[str, Any]:
        """The tool as it is sent; the small size leaves out what a model can do without."""
        properties: dict[str, Any] = {}
        for name, details in self.parameters.items():
            properties[name] = {
                key: value for key, value in details.items() if not (small and key in ("description", "default"))
            }
        if self.chains:
            properties[HEARTBEAT] = {"type": "boolean"}
            if not small:
                properties[HEARTBEAT]["description"] = "True to get another turn right after this call."
        parameters = {"type": "object", "properties": properties, "required": list(self.required)}
        description = self.short if small else self.description
        return {
            "type": "function",
            "function": {"name": self.name, "description": description, "parameters": parameters},
        }

    def check(self, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """The validated arguments and whether another turn is asked for. Raises CallRefused with what is wrong."""
        given = dict(arguments)
        heartbeat = _truth(given.pop(HEARTBEAT, False))
        given.pop("inner_thoughts", None)
        unknown = [name for name in given if name not in self.parameters]
        if unknown:
            raise CallRefused(
                f"{self.name} has no parameter {unknown[0]!r}.", f"Parameters: {', '.join(self.parameters)}."
            )
        missing = [name for name in self.required if given.get(name) is None]
        if missing:
            raise CallRefused(f"{self.name} needs {', '.join(missing)}.", f"Required: {', '.join(self.required)}.")
        given = {name: value for name, value in given.items() if value is not None or name in self.required}
        return _validate(self, given), heartbeat


def function(*, chains: bool = True, small: bool = False) -> Callable[[Callable[..., Outcome]], Function]:
    """Make a function of the model from `def name(workspace, *, …)`: its docstring's first paragraph describes it,

    lines `name: text` under "Args:" describe the parameters.
    """

    def make(run: Callable[..., Outcome]) -> Function:
        description, notes = _read_docstring(inspect.getdoc(run) or "")
        hints = get_type_hints(run, localns={"Workspace": Any})
        parameters: dict[str, dict[str, Any]] = {}
        required: list[str] = []
        for name, parameter in list(inspect.signature(run).parameters.items())[1:]:
            details = {"type": _json_type(hints[name])}
            if notes.get(name):
                details["description"] = notes[name]
            if parameter.default is inspect.Parameter.empty:
                required.append(name)
            elif parameter.default not in ("", None):
                details["default"] = parameter.default
            parameters[name] = details
        short = description.split(". ")[0].rstrip(".") + "."
        return Function(run.__name__, description, short, parameters, tuple(required), run, chains, small)

    return make


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    head, _, tail = text.partition("Args:")
    notes = dict(re.findall(r"^\s+(\w+): (.+)$", tail, flags=re.MULTILINE))
    return " ".join(head.split()), notes


def _json_type(hint: Any) -> str:
    return {str: "string", int: "integer", float: "number", bool: "boolean"}.get(hint, "string")


def _validate(spec: Function, given: Mapping[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for name, value in given.items():
        kind = spec.parameters[name]["type"]
        try:
            checked[name] = _coerce(kind, value)
        except (TypeError, ValueError):
            words = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text"}[
                kind
            ]
            raise CallRefused(
                f"{spec.name}: {name} must be {words}, not {str(value)[:60]!r}.", "Correct it and call again."
            ) from None
    return checked


def _coerce(kind: str, value: Any) -> Any:
    if kind == "integer":
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ValueError
        return int(value)
    if kind == "number":
        return float(value)
    if kind == "boolean":
        return _truth(value)
    if isinstance(value, (dict, list)):
        raise TypeError
    return str(value)


def _truth(value: Any) -> bool:
    return value.strip().lower() in ("true", "1", "yes") if isinstance(value, str) else bool(value)


def chosen(functions: Sequence[Function], *, small: bool) -> list[Function]:
    """The set of functions for a window: all of them, or those a small window has room for."""
    return [item for item in functions if item.small] if small else list(functions)
