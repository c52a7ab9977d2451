"""All SQL is in `workbench.storage`; a user's own query runs in `workbench.sql`, in a database that holds nothing of ours."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench
from workbench.storage.write_ahead_log import TABLES

ROOT = Path(workbench.__file__).parent
SANDBOX = {ROOT / "sql" / "worker.py"}
"""Prepares a database in memory for one query of a user's: no table of the workbench is there."""

_STATEMENT = re.compile(
    r"\s*(SELECT\s|INSERT\s+(INTO|OR)\s|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\s|CREATE\s+(OR\s+REPLACE\s+)?(TEMP\s+)?"
    r"(TABLE|VIEW|INDEX|SEQUENCE|SCHEMA|MACRO)\b|ALTER\s+TABLE\s|DROP\s+(TABLE|VIEW|INDEX|SCHEMA)\b|WITH\s+\w+\s+AS\s*\(|"
    r"DESCRIBE\s|PRAGMA\s|CHECKPOINT\b|ATTACH\s|COPY\s+FROM\s|BEGIN\s+TRANSACTION|COMMIT$|ROLLBACK$|(INNER\s+|LEFT\s+|ANTI\s+)?"
    r"JOIN\s+\w+\s|WHERE\s+\w+\s*(=|IN\b|<|>)|ORDER\s+BY\s)"
)


def _modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if ROOT / "storage" not in path.parents)


def _literals(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, text) of all literals but docstrings."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def test_sql_is_written_in_storage_alone() -> None:
    statements = [
        f"{path.relative_to(ROOT)}:{line}: {text[:60]!r}"
        for path in _modules()
        if path not in SANDBOX
        for line, text in _literals(ast.parse(path.read_text()))
        if _STATEMENT.match(text)
    ]
    assert not statements, "move these statements into a repository of workbench.storage:\n" + "\n".join(statements)


def test_only_storage_and_the_sandbox_know_duckdb() -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in _modules()
        for _, name in _imported(ast.parse(path.read_text()))
        if name.partition(".")[0] == "duckdb"
    }
    assert {name for name in importers if not name.startswith("sql/")} == set()


def test_what_is_read_before_changes_are_moved_names_none_of_their_tables() -> None:
    """`archive_rows` does not move what waits: a query of an agent's tables there would not see the newest step."""
    tables = re.compile(rf"\b({'|'.join((*TABLES, 'agents', 'cursors'))})\b")
    calls = [
        (path.name, call.lineno, node.value)
        for path in sorted((ROOT / "storage").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr.startswith("archive_row")
        for node in ast.walk(call.args[0])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert len(calls) > 20
    assert [call for call in calls if tables.search(call[2])] == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "\n  SELECT step FROM steps",
        "UPDATE agents SET name = ?",
        "DELETE FROM agents WHERE x",
        "INSERT INTO texts VALUES (?)",
        "CREATE TABLE t AS SELECT",
        " WHERE agent_id = ? ORDER BY 1",
        "WITH a AS (SELECT 1)",
    ],
)
def test_statements_are_known_when_they_are_seen(text: str) -> None:
    assert _STATEMENT.match(text)


@pytest.mark.parametrize("text", ["Select a source.", "Update now", "select(", "WHERE the file is", "DELETE /agents/x"])
def test_what_is_no_statement_is_let_be(text: str) -> None:
    assert not _STATEMENT.match(text)
