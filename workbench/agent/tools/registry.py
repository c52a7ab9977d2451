"""The function registry: makes a JSON schema and a checked call from a typed Python function with a docstring.

Not pydantic's TypeAdapter: the schemas are part of every prompt and of every recorded step, so their text must not change with a
package's version; they come in two sizes; and a refusal has to tell a model in one sentence what to write instead. The parameters
of our fifteen functions take 1,578 tokens here and, with the same descriptions, 1,976 as pydantic writes them (a title for each).
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from workbench.api.events import Event
from workbench.core.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.api.results import ResultPage
    from workbench.memory.recall_page import RecallPage

HEARTBEAT = "request_heartbeat"
_DESCRIPTION_CHARS = 1_000


class CallRefused(WorkbenchError):
    """A call cannot be made as it was written; the message goes to the model."""


@dataclass(frozen=True)
class Outcome:
    """What a function gave back: a text, or a page of results by reference; `summary` is one line for people."""

    text: str = ""
    archive: ResultPage | None = None
    recall: RecallPage | None = None
    summary: str = ""
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Function:
    """One function of the model. `chains` adds request_heartbeat to its schema; `spare` parameters are named in the large
    size alone, and taken in both."""

    name: str
    description: str
    short: str
    parameters: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    run: Callable[..., Outcome]
    chains: bool = True
    small: bool = False
    origin: str = "workbench"
    spare: tuple[str, ...] = ()

    def schema(self, *, small: bool = False) -> dict[str, Any]:
        """The tool as it is sent; the small size leaves out what a model can do without."""
        properties: dict[str, Any] = {}
        for name, details in self.parameters.items():
            if small and name in self.spare:
                continue
            properties[name] = {
                key: value for key, value in details.items() if not (small and key in ("description", "default"))
            }
        if self.chains:
            properties[HEARTBEAT] = {"type": "boolean"}
            if not small:
                properties[HEARTBEAT]["description"] = "True to get another turn right after this call."
        parameters = {"type": "object", "properties": properties, "required": list(self.required)}
        description = self.short if small else self.description[:_DESCRIPTION_CHARS]
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


def function(
    *, chains: bool = True, small: bool = False, spare: tuple[str, ...] = ()
) -> Callable[[Callable[..., Outcome]], Function]:
    """Make a function of the model from `def name(workspace, *, …)`: its docstring's first paragraph describes it,

    lines `name: text` under "Args:" describe the parameters.
    """

    def make(run: Callable[..., Outcome]) -> Function:
        description, notes = read_docstring(inspect.getdoc(run) or "")
        hints = get_type_hints(run, localns={"ToolContext": Any})
        parameters: dict[str, dict[str, Any]] = {}
        required: list[str] = []
        for name, parameter in list(inspect.signature(run).parameters.items())[1:]:
            details = json_schema(hints[name])
            if notes.get(name):
                details["description"] = notes[name]
            if parameter.default is inspect.Parameter.empty:
                required.append(name)
            elif parameter.default not in ("", None):
                details["default"] = parameter.default
            parameters[name] = details
        short = description.split(". ")[0].rstrip(".") + "."
        return Function(run.__name__, description, short, parameters, tuple(required), run, chains, small, spare=spare)

    return make


def read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """The description on one line, and a note for each parameter under "Args:"."""
    head, _, tail = text.partition("Args:")
    notes = dict(re.findall(r"^\s+(\w+): (.+)$", tail, flags=re.MULTILINE))
    return " ".join(head.split()), notes


def json_schema(hint: Any) -> dict[str, Any]:
    """The JSON schema of a type: str, int, float, bool, list[…] of these, Optional, Literal. Raises TypeError for others."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kinds = [kind for kind in inner if kind is not type(None)]
        if len(kinds) == 1:
            return json_schema(kinds[0])
    if origin is Literal and inner and len({type(value) for value in inner}) == 1:
        return {**json_schema(type(inner[0])), "enum": list(inner)}
    if origin is list and len(inner) == 1:
        return {"type": "array", "items": json_schema(inner[0])}
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    raise TypeError(f"{getattr(hint, '__name__', hint)} is not a type that a model can give")


_SIMPLE: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_WORDS = {
    "integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text", "array": "a list",
}  # fmt: skip


def _validate(spec: Function, given: Mapping[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for name, value in given.items():
        details = spec.parameters[name]
        try:
            checked[name] = _coerce(details, value)
        except (TypeError, ValueError, OverflowError):
            wanted = _WORDS[details["type"]]
            if choices := details.get("enum"):
                wanted = f"one of {', '.join(map(str, choices))}"
            raise CallRefused(
                f"{spec.name}: {name} must be {wanted}, not {str(value)[:60]!r}.", "Correct it and call again."
            ) from None
    return checked


def _coerce(details: Mapping[str, Any], value: Any) -> Any:
    kind = details["type"]
    if kind == "array":
        # Small models give one thing where a list is wanted.
        items = value if isinstance(value, list) else [value]
        return [_coerce(details["items"], item) for item in items]
    found = _coerce_one(kind, value)
    if "enum" in details and found not in details["enum"]:
        raise ValueError
    return found


def _coerce_one(kind: str, value: Any) -> Any:
    if kind == "integer":
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ValueError
        return int(value)
    if kind == "number":
        if isinstance(value, bool):
            raise ValueError
        return float(value)
    if kind == "boolean":
        return _truth(value)
    if isinstance(value, (dict, list)):
        raise TypeError
    return str(value)


def _truth(value: Any) -> bool:
    return value.strip().lower() in ("true", "1", "yes") if isinstance(value, str) else bool(value)
