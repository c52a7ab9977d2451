"""The query worker: runs one SELECT over copies of the tables it names.

Run as `python -m workbench.sql.worker`. Each query has a database of its own in memory that holds copies of those
tables and nothing else; it can reach no file, no network and no setting. The kernel bounds what DuckDB does not count.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import resource
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import UsageError
from workbench.core.worker_process import Channel
from workbench.sql.validator import named
from workbench.storage.arrow import leave_pandas_out

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

NICENESS = 5
IDLE_SECONDS = 900.0
"""A worker that nobody asks anything ends itself."""

_HUNG_SECONDS = 60.0
_LEEWAY_BYTES = 256 << 20
"""Address space beside a query's own; a worker that keeps half of it after a query is not given another."""

_BATCH_ROWS = 64
_SETTINGS: dict[str, Any] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    # One thread: the same query gives the same rows in the same order.
    "threads": 1,
}


_WANT_OF_MEMORY = re.compile(r"bad_alloc|(?i:allocat\w+ fail|failed to allocate|start new thread|cannot allocate)")


def main() -> None:
    """Answer one query after the other until the pipe ends."""
    channel = Channel.take_over(NICENESS)
    # Keys and passwords that the workbench was started with are no business of a query.
    os.environ.clear()
    leave_pandas_out()
    Room(64).close()  # what the first one loads
    base = _in_use_bytes()
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))
    channel.send({"ready": True})
    with contextlib.suppress(queue.Empty):
        while True:
            asked, _ = channel.frames.get(timeout=IDLE_SECONDS)
            _limit_memory(base + (2 * int(asked["memory_mb"]) << 20) + _LEEWAY_BYTES)
            # SIGALRM is left at its default: the kernel ends a worker that hangs even when nobody is left to kill it.
            signal.setitimer(signal.ITIMER_REAL, _HUNG_SECONDS + 2 * asked["seconds"])
            reply = _answer(channel, asked)
            signal.setitimer(signal.ITIMER_REAL, 0)
            spent = reply.pop("broke_limits", False) or _in_use_bytes() > base + _LEEWAY_BYTES // 2
            channel.send({**reply, "spent": spent})


def _answer(channel: Channel, asked: dict[str, Any]) -> dict[str, Any]:
    """The reply to one query, given its tables when it may be run."""
    import duckdb

    memory = f"The query needs more than {asked['memory_mb']} MB."
    less = "Ask for less, or join on equal columns."
    try:
        room = Room(asked["memory_mb"])
        try:
            used = named(room.tree(asked["sql"]), list(asked["tables"]))
            if sum(asked["tables"][name] for name in used) > asked["cells"]:
                raise UsageError("The tables of this query are too large together.", "Ask about one of them at a time.")
            channel.send({"used": used})
            for name, rows in _received(channel).items():
                room.add(name, rows)
            return room.run(asked)
        finally:
            room.close()
    except UsageError as error:
        return {"refused": [error.message, error.hint]}
    except (MemoryError, duckdb.OutOfMemoryException):
        return {"refused": [memory, less], "broke_limits": True}
    except duckdb.InterruptException:
        return {"refused": [f"The query took more than {asked['seconds']:g} seconds.", less]}
    except Exception as error:
        # DuckDB's own errors, and what Python makes of values that it has no type for.
        if _WANT_OF_MEMORY.search(str(error)):
            return {"refused": [memory, less], "broke_limits": True}
        first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        said = re.sub(r"^\w+ Error: ", "", first)[:300].rstrip(".")
        return {"refused": [f"{said}.", "Correct the SQL and ask again."]}


def _received(channel: Channel) -> dict[str, pa.Table]:
    """The tables that the parent sends, in parts; the last frame has no name."""
    import pyarrow as pa

    parts: dict[str, list[pa.Table]] = {}
    while name := (frame := channel.frames.get())[0].get("table"):
        with pa.ipc.open_stream(pa.py_buffer(frame[1])) as stream:
            parts.setdefault(name, []).append(stream.read_all())
    return {name: pa.concat_tables(found) for name, found in parts.items()}


class Room:
    """A database in memory that can reach nothing, for one query."""

    def __init__(self, memory_mb: int) -> None:
        import duckdb

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:", config={**_SETTINGS, "memory_limit": f"{memory_mb}MB"}
        )
        self._connection.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Let everything go."""
        self._connection.close()

    def tree(self, sql: str) -> Any:
        """The parsed query. Raises UsageError for anything but one SELECT."""
        import duckdb

        statements = self._connection.extract_statements(sql)
        if len(statements) == 1 and statements[0].type == duckdb.StatementType.SELECT:
            text = self._connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0][0]
            parsed = json.loads(text)
            if not parsed.get("error"):
                return parsed["statements"]
        raise UsageError("Only one SELECT statement is allowed.", "Write one SELECT, without a semicolon in between.")

    def add(self, name: str, rows: pa.Table) -> None:
        """Copy a table in."""
        self._connection.register("incoming", rows)
        self._connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
        self._connection.unregister("incoming")

    def run(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Columns and rows of the query, cut at its bounds; one that takes too long is interrupted."""
        watch = threading.Timer(asked["seconds"], self._connection.interrupt)
        watch.daemon = True
        watch.start()
        try:
            cursor = self._connection.execute(asked["sql"])
            columns = [str(item[0]) for item in cursor.description or ()]
            rows: list[list[str | None]] = []
            most, chars = asked["rows"], 0
            # A few at a time, cut at once: rows of long texts are never in memory together.
            while len(rows) <= most and (part := cursor.fetchmany(min(_BATCH_ROWS, most + 1 - len(rows)))):
                for row in part:
                    rows.append([_cell(value, asked["cell_chars"]) for value in row])
                    chars += sum(len(cell) for cell in rows[-1] if cell)
                if chars > asked["result_chars"]:
                    return {"columns": columns, "rows": rows, "cut": True}
            return {"columns": columns, "rows": rows[:most], "cut": len(rows) > most}
        finally:
            watch.cancel()


def _cell(value: Any, most_chars: int) -> str | None:
    if value is None:
        return None
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return " ".join(text.split())[:most_chars]


def _limit_memory(limit_bytes: int) -> None:
    """Cap the address space for the next query."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _in_use_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    main()
