"""Checks a parsed query: which tables it names, and that it does nothing but read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from workbench.core.errors import UsageError

_FUNCTIONS = frozenset(("range", "generate_series", "unnest"))
"""Functions that may stand where a table stands."""

_INFLATING = frozenset(("repeat", "lpad", "rpad", "bar"))
"""Functions that make gigabytes of a letter and tell nothing about a table."""


def named(tree: Any, tables: Sequence[str]) -> list[str]:
    """Those of `tables` (in lower case) that a query names.

    Raises UsageError for a table that is not there, and for functions that read anything else.
    """
    own = {name.casefold() for name in _found(tree, "cte_map", lambda node: [item["key"] for item in node["map"]])}
    there, names = set(tables), dict[str, None]()
    for node in _nodes(tree):
        if node.get("type") == "TABLE_FUNCTION":
            function = str(node.get("function", {}).get("function_name", ""))
            if function.casefold() not in _FUNCTIONS:
                raise UsageError(f"{function} cannot be used here.", f"Only tables: {_known(tables)}.")
        elif node.get("class") == "FUNCTION" and str(node.get("function_name", "")).casefold() in _INFLATING:
            raise UsageError(f"{node['function_name']} cannot be used here.", "Ask for the values as they are.")
        elif node.get("type") == "BASE_TABLE":
            name = str(node.get("table_name", ""))
            qualified = node.get("schema_name") or node.get("catalog_name")
            if not qualified and name.casefold() in there:
                names[name.casefold()] = None
            elif qualified or name.casefold() not in own:
                raise UsageError(f"There is no table {name!r}.", f"Tables: {_known(tables)}.")
        elif node.get("type") == "SHOW_REF":
            raise UsageError("Only SELECT is allowed.", "document_list names the tables and their columns.")
    return list(names)


def _known(names: Sequence[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more or "none"


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            yield node
            todo += list(node.values())[::-1]
        elif isinstance(node, list):
            todo += node[::-1]


def _found(tree: Any, key: str, take: Callable[[Any], Sequence[str]]) -> Iterator[str]:
    for node in _nodes(tree):
        if key in node:
            yield from take(node[key])
