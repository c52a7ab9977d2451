"""What holds for the whole screen: quick to start, small files, no clash with Textual's own names, events coalesced."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from functools import cache

from textual.app import App
from textual.widget import Widget

import workbench.tui
from workbench.api.events import AnswerDelta, ContextAssembled, LoadProgress
from workbench.tui.workers import Happened, Streamed

HEAVY = (
    "torch",
    "duckdb",
    "sentence_transformers",
    "openai",
    "faiss",
    "numpy",
    "pypdf",
    "tantivy",
    "openvino",
    "tiktoken",
)


def _modules() -> list[str]:
    return [info.name for info in pkgutil.walk_packages(workbench.tui.__path__, "workbench.tui.")]


def test_the_screen_imports_nothing_heavy_and_nothing_of_the_engine() -> None:
    code = (
        "import sys\n"
        + "\n".join(f"import {name}" for name in _modules())
        + "\nprint(*[m for m in sys.modules if m.split('.')[0] in set(sys.argv[1:]) or m.startswith(('workbench.memory', "
        "'workbench.models', 'workbench.agent', 'workbench.ingest', 'workbench.services.session'))])"
    )
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""


@cache
def _taken(base: type) -> frozenset[str]:
    """The names of a class of Textual: those that it has, and those that its methods set."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(base)))  # type: ignore[arg-type]
    written = [item for item in tree.body if isinstance(item, ast.ClassDef) and item.name == base.__name__]
    return frozenset(vars(base)).union(*map(_private_names, written))


def _private_names(node: ast.ClassDef) -> set[str]:
    names = {item.name for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and isinstance(inner.value, ast.Name):
            names.add(inner.attr if inner.value.id == "self" else "")
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def test_no_private_name_of_textual_is_taken() -> None:
    """A widget's own `_name` would replace Textual's without a word, and fail far away."""
    meant = {"_on_key", "_on_paste", "_fatal_error", "_filters"}
    for module in map(importlib.import_module, _modules()):
        classes = {
            node.name: node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.ClassDef)
        }
        for name, node in classes.items():
            found = getattr(module, name)
            if not issubclass(found, Widget | App):
                continue
            bases = [base for base in found.__mro__[1:] if base.__module__.startswith("textual")]
            taken = frozenset().union(*map(_taken, bases))
            clash = (_private_names(node) & taken) - meant
            assert not clash, f"{module.__name__}.{name}: {clash}"


def test_frequent_events_are_coalesced_and_facts_are_not() -> None:
    progress = [Happened(LoadProgress(passages_done=done)) for done in range(3)]
    assert progress[0].can_replace(progress[1])
    prompts = [Happened(ContextAssembled(step=step)) for step in range(2)]
    assert prompts[0].can_replace(prompts[1])
    assert not progress[0].can_replace(prompts[0])
    assert not Happened(AnswerDelta(text="a")).can_replace(Happened(AnswerDelta(text="b")))


def test_pieces_of_an_answer_are_taken_once_and_in_order() -> None:
    first, second, late = (AnswerDelta(text=text) for text in "abc")
    stream = Streamed(first)
    assert stream.add(second)
    assert stream.take() == [first, second]
    assert not stream.add(late)
    assert stream.take() == []
