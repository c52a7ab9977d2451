"""The connections to the PostgreSQL server of a shared archive, and its errors as one sentence each.

Every piece of work borrows a connection and gives it back. A connection that broke is made anew and the work is done again: so
what is asked of the archive must come out the same when it is done twice, which a transaction that was cut off makes true for
everything but the last moment of a commit, and the statements for that.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.core.archive_address import address_of
from workbench.core.errors import ArchiveError, ConfigError
from workbench.core.secrets import Secrets
from workbench.storage.database import utc_now
from workbench.storage.postgres.schema import migrate
from workbench.storage.postgres.vectors import register

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
Parameters = Sequence[Any] | Mapping[str, Any]

_WAITS_SECONDS = (0.0, 0.5, 2.0, 4.0)
"""How long to wait before each further try, when the connection was lost."""

_CONNECT_SECONDS = 10
_IDLE_CONNECTIONS = 4
_SHARDS = 64
_PATH = "SET search_path = workbench, public, extensions; SET TIME ZONE 'UTC'"


class PostgresServer:
    """The server at a URL. Thread-safe. Raises ConfigError for a URL that says nothing, ArchiveError for all that fails."""

    def __init__(self, url: str, *, waits: Sequence[float] = _WAITS_SECONDS, check: bool = True) -> None:
        self.url = url
        self.address = address_of(url)
        """What may be shown: host, port and database, without user and password."""
        self._secrets = Secrets.of_server(url, "")
        self._waits = waits
        self._lock = threading.Lock()
        self._idle: list[psycopg.Connection[Any]] = []
        self._closed = False
        driver()
        if check:
            with self.connection() as connection:
                migrate(connection, utc_now(), self.address)
                self._forget_types(connection)

    # -- connections ----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection in autocommit, for this thread alone until it is given back."""
        with self._told():
            connection = self._taken() or self.connect()
        try:
            with self._told():
                yield connection
        finally:
            self._give_back(connection)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of the caller's own, in autocommit. Raises what psycopg raises."""
        import psycopg

        if self._closed:
            raise ArchiveError("The shared archive is closed.", "Start the workbench again.")
        connection = psycopg.connect(
            self.url, autocommit=True, connect_timeout=_CONNECT_SECONDS, prepare_threshold=None,
            application_name="memgpt-workbench", keepalives_idle=30, keepalives_interval=10, keepalives_count=3,
        )  # fmt: skip
        connection.execute(_PATH)  # type: ignore[call-overload, unused-ignore]
        register(connection)
        return connection

    def _taken(self) -> psycopg.Connection[Any] | None:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if not connection.closed:
                    return connection
        return None

    def _give_back(self, connection: psycopg.Connection[Any]) -> None:
        with self._lock:
            if not (self._closed or connection.broken or connection.closed) and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        with contextlib.suppress(Exception):
            connection.close()

    def _forget_types(self, connection: psycopg.Connection[Any]) -> None:
        """The first migration made the type `vector`, which this connection did not know when it was opened."""
        register(connection)

    def close(self) -> None:
        """Let all connections go. Safe to call twice."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            with contextlib.suppress(Exception):
                connection.close()

    # -- work -----------------------------------------------------------------------------------------------------

    def run(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """What `work(connection)` returns; done again with another connection when that one was lost, or a deadlock ended it."""
        import psycopg

        again = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
        waits = list(self._waits)
        while True:
            try:
                connection = self._taken() or self.connect()
            except psycopg.Error as error:
                if not (waits and is_lost(error)):
                    raise self.explained(error) from None
                time.sleep(waits.pop(0))
                continue
            try:
                return work(connection)
            except psycopg.Error as error:
                if not waits or not (connection.closed or was_cut(error) or isinstance(error, again)):
                    raise self.explained(error) from None
                time.sleep(waits.pop(0))
            finally:
                self._give_back(connection)

    def rows(self, sql: str, parameters: Parameters = ()) -> Rows:
        """All rows of a query."""
        return self.run(lambda connection: self.query(connection, sql, parameters))

    def row(self, sql: str, parameters: Parameters = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None

    @staticmethod
    def query(connection: psycopg.Connection[Any], sql: str, parameters: Parameters = ()) -> Rows:
        """All rows of a query on a connection, in binary: vectors and numbers are read quicker."""
        cursor: Any = connection.cursor(binary=True)
        try:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()

    def write(self, job: Callable[[psycopg.Connection[Any]], T], *, catalogue: bool = True) -> T:
        """Run `job(connection)` in one transaction; the catalogue rises with it, unless it leaves that alone."""

        def work(connection: psycopg.Connection[Any]) -> T:
            with connection.transaction():
                result = job(connection)
                if catalogue:
                    self.rise(connection)
            return result

        return self.run(work)

    @staticmethod
    def rise(connection: psycopg.Connection[Any]) -> None:
        """The catalogue rises with the transaction."""
        shard = connection.info.backend_pid % _SHARDS
        connection.execute("UPDATE catalogue SET version = version + 1 WHERE shard = %s", [shard])

    def version(self) -> int:
        """How often the archive was changed, by anybody."""
        row = self.row("SELECT sum(version)::bigint FROM catalogue")
        return int(row[0]) if row and row[0] is not None else 0

    # -- errors ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise self.explained(error) from None

    def explained(self, error: BaseException) -> ArchiveError:
        """What went wrong as one sentence, with nothing in it that is secret."""
        import psycopg

        text = self._secrets.scrub(" ".join(str(error).split()))
        where, errors = f"the shared archive at {self.address}", psycopg.errors
        if isinstance(error, errors.InsufficientPrivilege):
            return ArchiveError(
                f"You may not do that in {where}: your role has no right to it.",
                "Ask its owner for the role loader, or owner (`workbench help postgres`).",
            )
        if isinstance(error, (errors.DiskFull, errors.OutOfMemory)):
            return ArchiveError(f"The server of {where} has no room left.", "Nothing was half written.")
        if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
            return ArchiveError(
                f"A table is missing in {where}: {_first(text)}.",
                "Have its owner put a backup back, or start a new one.",
            )
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return self._unreachable(text, where)
        return ArchiveError(f"The server of {where} refused: {_first(text)}.", "Nothing was half written.")

    def _unreachable(self, text: str, where: str) -> ArchiveError:
        low = text.lower()
        if "password authentication failed" in low or "no password supplied" in low or "authentication failed" in low:
            return ArchiveError(f"The server of {where} refused the user or password.", "Set `archive` anew.")
        if "does not exist" in low and "role" in low:
            return ArchiveError(f"The server of {where} knows no such user.", "Set `archive` anew.")
        if "does not exist" in low and "database" in low:
            return ArchiveError(
                f"The server of {where} has no such database.", "Create it (createdb NAME), or set `archive` anew."
            )
        if "too many" in low and ("clients" in low or "connections" in low):
            return ArchiveError(f"The server of {where} takes no more connections.", "Try again in a moment.")
        if "could not translate host name" in low or "failed to resolve" in low or "name or service not known" in low:
            return ArchiveError(f"The host of {where} is not known.", "Set `archive` anew, or check the network.")
        if "timeout" in low or "timed out" in low:
            return ArchiveError(f"The server of {where} does not answer.", "Check that it runs, then try again.")
        if "refused" in low or "no such file" in low or "starting up" in low or "shutting down" in low:
            return ArchiveError(f"Nothing answers at {where}.", "Check that the server runs, then try again.")
        return ArchiveError(
            f"The connection to {where} was lost.", "What was stored is whole: try again once the server answers."
        )


def is_lost(error: BaseException) -> bool:
    """Whether a server that could not be reached may be there again in a moment: it restarts, or the line is down."""
    low = str(error).lower()
    return any(
        sign in low
        for sign in ("starting up", "shutting down", "refused", "no such file", "closed the connection", "terminat")
    )


def was_cut(error: BaseException) -> bool:
    """Whether a connection that stood was lost: the server ended it (class 57P), the line did (08), or nothing is known of it."""
    import psycopg

    state = getattr(error, "sqlstate", None)
    lost = isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return lost and (state is None or state[:3] == "57P" or state[:2] == "08")


def _first(text: str) -> str:
    return text.split(" DETAIL:")[0].split(" LINE ")[0].rstrip(".")


def driver() -> None:
    """Check that psycopg is installed. Raises ConfigError."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise ConfigError(
            "A shared archive needs the package psycopg.", "Install it: pip install 'memgpt-workbench[postgres]'."
        ) from None


def plain(text: str) -> str:
    """A text as PostgreSQL can keep it: as long, without the zero character and halves of surrogate pairs."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if 0xD800 <= ord(sign) <= 0xDFFF else sign for sign in text)
    return text
