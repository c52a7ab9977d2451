"""Turns a user's own typed Python functions into functions of the model, checked and limited in time."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import inspect
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from workbench.agent.tools.context import ToolContext
from workbench.agent.tools.registry import HEARTBEAT, CallRefused, Function, Outcome, json_schema, read_docstring

GROUP = "workbench.functions"
FOLDER = "functions"


@dataclass(frozen=True)
class CustomFunctions:
    """What was found: functions ready for use, and (where, why not) of what cannot be used."""

    functions: tuple[Function, ...]
    problems: tuple[tuple[str, str], ...]


def load(config: Path, taken: frozenset[str] = frozenset()) -> CustomFunctions:
    """The functions in `config`/functions/*.py and of entry points; names in `taken` are ours. Never raises."""
    functions: dict[str, Function] = {}
    problems: list[tuple[str, str]] = []
    for origin, make in [*_files(config / FOLDER), *_entry_points()]:
        try:
            found = make()
        except (Exception, SystemExit) as error:
            # A user's file may fail in any way; the others must still work.
            problems.append((origin, f"{type(error).__name__}: {error}"[:300]))
            continue
        for item in found:
            name = getattr(item, "__name__", str(item))
            try:
                if name in taken or name in functions:
                    raise TypeError("there is a function of that name already")
                functions[name] = as_function(item, origin)
            except (TypeError, NameError) as error:
                problems.append((f"{origin}: {name}", str(error)))
    return CustomFunctions(tuple(functions.values()), tuple(problems))


def _files(folder: Path) -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    for file in sorted(folder.glob("*.py")) if folder.is_dir() else ():
        yield str(file), lambda file=file: _public(_module(file))  # type: ignore[misc]


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"workbench_user_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def _installed() -> tuple[importlib.metadata.EntryPoint, ...]:
    """The entry points, read once: the files of every installed package are opened for it, an eighth of what an agent takes to open."""
    return tuple(sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: point.name))


def _entry_points() -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    for point in _installed():

        def make(point: importlib.metadata.EntryPoint = point) -> list[Any]:
            found = point.load()
            return _public(found) if isinstance(found, ModuleType) else [found]

        yield f"entry point {point.name}", make


def _public(module: ModuleType) -> list[Any]:
    return [
        item
        for name, item in vars(module).items()
        if inspect.isfunction(item) and item.__module__ == module.__name__ and not name.startswith("_")
    ]


def as_function(item: Callable[..., Any], origin: str) -> Function:
    """The function of the model that a Python function becomes. Raises TypeError with what it lacks."""
    description, notes = read_docstring(inspect.getdoc(item) or "")
    if not description:
        raise TypeError("it has no docstring: the model would not know what it is for")
    hints = get_type_hints(item)
    parameters: dict[str, dict[str, Any]] = {}
    required: list[str] = []
    for name, parameter in inspect.signature(item).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY) or name == HEARTBEAT:
            raise TypeError(f"parameter {name} cannot be given by a model")
        if name not in hints:
            raise TypeError(f"parameter {name} has no type")
        details = json_schema(hints[name])
        if notes.get(name):
            details["description"] = notes[name]
        if parameter.default is inspect.Parameter.empty:
            required.append(name)
        elif isinstance(parameter.default, (str, int, float, bool)) and parameter.default != "":
            details["default"] = parameter.default
        parameters[name] = details

    def run(workspace: ToolContext, **arguments: Any) -> Outcome:
        return _within(item, arguments, workspace.settings.function_seconds)

    short = description.split(". ")[0].rstrip(".") + "."
    return Function(item.__name__, description, short, parameters, tuple(required), run, small=True, origin=origin)


def _within(item: Callable[..., Any], arguments: dict[str, Any], seconds: float) -> Outcome:
    """Run it in a thread; one that does not come back in time is left alone. What it raises goes to the model."""
    box: list[Any] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            box.append(item(**arguments))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name=f"function-{item.__name__}", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise CallRefused(
            f"{type(failed[0]).__name__}: {str(failed[0])[:300]}", "Correct the call, or go on without it."
        )
    if not box:
        raise CallRefused(
            f"{item.__name__} took longer than {seconds:g} seconds.", "Ask for less, or go on without it."
        )
    text = as_text(box[0])
    return Outcome(text, summary=" ".join(text.split())[:80])


def as_text(value: Any) -> str:
    """What a function returned, as the model reads it."""
    if value is None:
        return "Done."
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
