"""Caches of texts have one owner, and nothing is left in them when it is told so."""

from __future__ import annotations

import ast
from pathlib import Path

import workbench
from workbench.core.text_cache import TEXT_CACHES, TextCaches

ROOT = Path(workbench.__file__).parent
_OWNER = "core/text_cache.py"


def test_a_cleared_cache_holds_nothing() -> None:
    caches, calls = TextCaches(), list[str]()

    @caches.cached(8)
    def shout(text: str) -> str:
        calls.append(text)
        return text.upper()

    assert [shout("a"), shout("a"), shout("b")] == ["A", "A", "B"]
    caches.clear()
    shout("a")
    assert calls == ["a", "b", "a"]


def test_the_functions_of_the_workbench_have_that_owner() -> None:
    from workbench.text import stemming

    TEXT_CACHES.clear()
    kept = [bounded for bounded in _bounded_caches() if bounded != _OWNER]
    assert not kept, f"decorate these with text_cache: {kept}"
    assert stemming.stem("lamps") == stemming.stem("lamp")


def _bounded_caches() -> list[str]:
    """Modules that use functools.lru_cache."""
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if any(
            isinstance(node, (ast.Name, ast.Attribute, ast.alias))
            and "lru_cache" in (getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", ""))
            for node in ast.walk(ast.parse(path.read_text()))
        )
    )
