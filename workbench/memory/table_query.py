"""SQL over the tables of documents: one SELECT goes in, rows come out, and nothing else can be reached or changed.

The query runs in a database of its own in memory, which holds copies of the tables it names and nothing else: no files,
no network, no settings, no other table. What it may say is checked before, what it may cost is bounded.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import UsageError
from workbench.memory.document_tables import Column, StoredTable

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SECONDS = 10.0
ROWS = 5_000
MEMORY_MB = 512
CELL_CHARS = 1_000
SQL_CHARS = 10_000
CELLS = 20_000_000
"""Most cells of all the tables that one query names."""

_FUNCTIONS = frozenset(("range", "generate_series", "unnest"))
"""Functions that may stand where a table stands."""

_INFLATING = frozenset(("repeat", "lpad", "rpad", "printf", "format", "bar"))
"""Functions that make gigabytes of a letter, which the limit of memory does not see."""

_BATCH_ROWS = 64


@dataclass(frozen=True)
class NamedTable:
    """A table under the name that a query uses, and the path of its document."""

    name: str
    path: str
    stored: StoredTable

    @property
    def shown(self) -> tuple[Column, ...]:
        """Its columns, without `_row`."""
        return self.stored.columns[:-1]


@dataclass(frozen=True)
class Rows:
    """What a query gave: names of columns, rows of cells as text (None is NULL), and the tables it was about.

    `cut` is True when there were more than ROWS rows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    tables: tuple[NamedTable, ...]
    cut: bool = False


def select(sql: str, tables: Mapping[str, NamedTable], fetch: Callable[[StoredTable], pa.Table]) -> Rows:
    """The rows of one SELECT over `tables`, by name in lower case; `fetch` gives a table's rows. Raises UsageError."""
    import duckdb

    with _Room() as room:
        used = [tables[name] for name in _names(room.tree(sql), tables)]
        if sum(item.stored.rows * len(item.stored.columns) for item in used) > CELLS:
            raise UsageError("The tables of this query are too large together.", "Ask about one of them at a time.")
        try:
            for item in used:
                room.add(item.name, fetch(item.stored))
            columns, rows = room.run(sql)
        except duckdb.Error as error:
            raise _refused(error) from None
    return Rows(columns, tuple(rows[:ROWS]), tuple(used), len(rows) > ROWS)


class _Room:
    """A database in memory that can reach nothing, for one query."""

    def __init__(self) -> None:
        import duckdb

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:",
            config={
                "enable_external_access": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,
                "memory_limit": f"{MEMORY_MB}MB",
                "temp_directory": "",
                # One thread: the same query gives the same rows in the same order.
                "threads": 1,
            },
        )

    def __enter__(self) -> _Room:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def tree(self, sql: str) -> Any:
        """The parsed query. Raises UsageError for anything but one SELECT."""
        import duckdb

        only = UsageError("Only one SELECT statement is allowed.", "Write one SELECT, without a semicolon in between.")
        if len(sql) > SQL_CHARS:
            raise UsageError(f"The query has more than {SQL_CHARS:,} characters.", "Make it shorter.")
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise only
            text = self._connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0][0]
        except duckdb.Error as error:
            raise _refused(error) from None
        found = json.loads(text)
        if found.get("error"):
            raise only
        return found["statements"]

    def add(self, name: str, rows: pa.Table) -> None:
        """Copy a table in."""
        self._connection.register("incoming", rows)
        self._connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
        self._connection.unregister("incoming")

    def run(self, sql: str) -> tuple[tuple[str, ...], list[tuple[str | None, ...]]]:
        """Columns and at most ROWS + 1 rows; a query that takes too long is interrupted."""
        self._connection.execute("SET lock_configuration = true")
        watch = threading.Timer(SECONDS, self._connection.interrupt)
        watch.daemon = True
        watch.start()
        try:
            cursor = self._connection.execute(sql)
            columns = tuple(str(item[0]) for item in cursor.description or ())
            rows: list[tuple[str | None, ...]] = []
            # A few at a time, cut at once: rows of long texts are never in memory together.
            while len(rows) <= ROWS and (part := cursor.fetchmany(min(_BATCH_ROWS, ROWS + 1 - len(rows)))):
                rows += [tuple(map(_cell, row)) for row in part]
            return columns, rows
        finally:
            watch.cancel()


def _names(tree: Any, tables: Mapping[str, NamedTable]) -> list[str]:
    """The tables that a query names. Raises UsageError for one that is not there, and for functions that read files."""
    own = {name.casefold() for name in _found(tree, "cte_map", lambda node: [item["key"] for item in node["map"]])}
    names: dict[str, None] = {}
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
            if not qualified and name.casefold() in tables:
                names[name.casefold()] = None
            elif qualified or name.casefold() not in own:
                raise UsageError(f"There is no table {name!r}.", f"Tables: {_known(tables)}.")
        elif node.get("type") == "SHOW_REF":
            raise UsageError("Only SELECT is allowed.", "document_list names the tables and their columns.")
    return list(names)


def _known(tables: Mapping[str, NamedTable]) -> str:
    names = list(tables)
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


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return " ".join(text.split())[:CELL_CHARS]


def _refused(error: duckdb.Error) -> UsageError:
    import duckdb

    if isinstance(error, duckdb.InterruptException):
        return UsageError(f"The query took more than {SECONDS:g} seconds.", "Ask for less, or join on equal columns.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return UsageError(f"The query needs more than {MEMORY_MB} MB.", "Ask for less, or join on equal columns.")
    first = next((line for line in str(error).splitlines() if line.strip()), "unknown error")
    return UsageError(re.sub(r"^\w+ Error: ", "", first)[:300].rstrip(".") + ".", "Correct the SQL and ask again.")
