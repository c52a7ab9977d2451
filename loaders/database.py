"""Loads a database through SQLAlchemy: every row of a query becomes a file to read."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders import deadline, limits
from loaders.document import LoadError
from loaders.folder import Found

if TYPE_CHECKING:
    from sqlalchemy import Connection

SECONDS = 600.0
ROWS = 100_000
"""More rows are refused: a table is better loaded as a Parquet or csv file, and asked by SQL."""

_BATCH_ROWS = 500
_NAME_CHARS = 80
HIDDEN = "***"
"""Stands for the password in an address that is shown or kept."""

_PASSWORD = re.compile(
    r"(://[^:/@]*):[^/?#]*@"  # to the last @: a password may hold one that is not escaped
    r"|((?:password|passwd|pwd|token|secret|(?:api|access|private)_?key)(?:=|%3D))(?:(?!%3B)[^&;])*",  # also inside odbc_connect
    re.IGNORECASE,
)
_INSTALL = "Install it: pip install 'memgpt-workbench[database]', and the driver of your database."


@dataclass(frozen=True)
class QueryOrigin:
    """The rows of one query. `folder` keeps them as files; the address is kept without its password.

    Where `url` is such an address, each of `passwords` is tried in its place.
    """

    url: str = field(repr=False)
    query: str
    folder: Path
    passwords: Sequence[str] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The address without a password."""
        return _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[1] else f"{found[2]}***", self.url)

    @property
    def key(self) -> str:
        """The address without a password or a blank, and the query: `address_and_query` is the inverse."""
        return f"{self.name.replace(' ', '%20')} {self.query.strip()}"

    @property
    def short(self) -> str:
        """What a source made for it is called: the database's name."""
        last = self.url.split("?")[0].rstrip("/").rpartition("/")[2]
        return last.rpartition(".")[0] or last or "database"

    @property
    def parents(self) -> tuple[str, ...]:
        """None: rows of one query have different names."""
        return ()

    def found(self, cancel: threading.Event) -> Iterator[Found]:
        """One file a row, in the order of the rows. Raises LoadError."""
        rows = self._rows(cancel)
        mark = hashlib.sha256(self.key.encode("utf-8", "replace")).hexdigest()[:24]
        folder = self.folder / mark
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number, (name, row) in enumerate(zip(_names(rows), rows, strict=True), 1):
            file, data = _as_file(folder, number, row)
            if not file.is_file() or file.read_bytes() != data:
                file.write_bytes(data)
            yield Found(file, name, size_bytes=len(data))

    def _rows(self, cancel: threading.Event) -> list[dict[str, Any]]:
        """What the query gives, by the first password that opens the database."""
        refused = LoadError(
            "its address needs the password, which is kept nowhere", "Give it: workbench queue retry --password P."
        )
        hidden = self.url == self.name and HIDDEN in self.url
        words = [urllib.parse.quote(word, safe="") for word in self.passwords] if hidden else [HIDDEN]
        for url in [self.url.replace(HIDDEN, word) for word in words]:
            errand = _Errand(url, self.query)
            try:
                return deadline.within(
                    SECONDS,
                    errand.run,
                    what="the query",
                    remedy="Ask for fewer rows.",
                    abort=errand.abort,
                    cancel=cancel,
                )
            except LoadError as error:
                refused = error
        raise refused


def address_and_query(key: str) -> tuple[str, str]:
    """The address and the query of an origin's key."""
    address, _, query = key.partition(" ")
    return address.replace("%20", " "), query


class _Errand:
    """One query, which may be abandoned. Whatever it changes is taken back."""

    def __init__(self, url: str, query: str) -> None:
        self._url, self._query = url, query
        self._connection: Connection | None = None

    def abort(self) -> None:
        """Ask the driver to stop."""
        raw = getattr(getattr(self._connection, "connection", None), "driver_connection", None)
        for name in ("interrupt", "cancel"):
            with suppress(Exception):
                getattr(raw, name)()

    def run(self) -> list[dict[str, Any]]:
        """The rows, as mappings of their columns. Raises LoadError."""
        try:
            import sqlalchemy
            from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
        except ImportError:
            raise LoadError("databases need the package SQLAlchemy", _INSTALL) from None
        try:
            url = sqlalchemy.make_url(self._url)
            in_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
            if in_file and not Path(str(url.database)).is_file():
                # SQLite would make an empty database of a name that is wrong.
                raise LoadError(f"there is no file {url.database}", "Check the address.")
            engine = sqlalchemy.create_engine(url)
            try:
                with engine.connect() as self._connection:
                    try:
                        return self._rows(self._connection, sqlalchemy.text(self._query))
                    finally:
                        self._connection.rollback()
            finally:
                engine.dispose()
        except NoSuchModuleError:
            raise LoadError("there is no driver for this kind of database", _INSTALL) from None
        except ImportError as error:
            raise LoadError(f"the driver {error.name} is not installed", _INSTALL) from None
        except ArgumentError:
            raise LoadError("the address of the database cannot be understood", "Such as sqlite:///file.db.") from None
        except SQLAlchemyError as error:
            said = " ".join(str(getattr(error, "orig", None) or error).split())
            raise LoadError(f"the database refuses: {_PASSWORD.sub('***', said)}"[:300], "Check the query.") from None

    def _rows(self, connection: Connection, query: Any) -> list[dict[str, Any]]:
        result = connection.execution_options(stream_results=True, max_row_buffer=_BATCH_ROWS).execute(query)
        if not result.returns_rows:
            raise LoadError("the query gives no rows", "Use a SELECT.")
        rows: list[dict[str, Any]] = []
        budget = limits.TextBudget()
        for part in result.mappings().partitions(_BATCH_ROWS):
            for row in part:
                rows.append(_plain(row))
                budget.add("".join(map(str, rows[-1].values())))
            if len(rows) > ROWS:
                raise LoadError(f"the query gives more than {ROWS:,} rows", "Add LIMIT, or export it as Parquet.")
        return rows


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The columns of a row that have a text; bytes have none."""
    return {
        str(name): value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in row.items()
        if value is not None and not isinstance(value, bytes | bytearray | memoryview)
    }


def _names(rows: list[dict[str, Any]]) -> list[str]:
    """What the rows are called: by their first column where that tells them apart, else by their number."""
    first = next(iter(rows[0]), "") if rows else ""
    keys = [" ".join(str(row.get(first, "")).split()) for row in rows]
    if first and len(set(keys)) == len(keys) and all(0 < len(key) <= _NAME_CHARS for key in keys):
        return [f"{first} {key}" for key in keys]
    return [f"row {number}" for number in range(1, len(rows) + 1)]


def _as_file(folder: Path, number: int, row: dict[str, Any]) -> tuple[Path, bytes]:
    """A row of one text is that text; others are JSON, which is read as "column: value" lines."""
    if len(row) == 1 and isinstance(value := next(iter(row.values())), str):
        return folder / f"{number}.txt", value.encode("utf-8", "replace")
    return folder / f"{number}.json", json.dumps(row, ensure_ascii=False, indent=0).encode("utf-8", "replace")
