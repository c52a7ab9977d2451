"""The queue of files that are not loaded (waiting, failed, set aside, skipped), with reasons; it survives a restart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workbench.storage.arrow import registered
from workbench.storage.database import Clock, Database, utc_now

State = Literal["waiting", "failed", "quarantined", "skipped"]

_COLUMNS = (
    "q.source_id, s.name, q.path, q.location, q.state, q.reason, q.remedy, q.content_hash, q.size_bytes, q.attempts"
)


@dataclass(frozen=True)
class QueuedFile:
    """A file that is not loaded. `quarantined` ones broke a limit: they are left alone until their bytes change or someone

    asks; `skipped` ones are left out because the user said so. `location` is where it was found.
    """

    source: int
    source_name: str
    path: str
    location: str
    state: State
    reason: str
    remedy: str
    content_hash: str
    size_bytes: int
    attempts: int


@dataclass(frozen=True)
class Refused:
    """A file that could not be loaded, as a load tells the queue."""

    path: str
    location: str
    reason: str
    remedy: str
    state: State = "failed"
    content_hash: str = ""
    size_bytes: int = 0


class FileQueue:
    """The table `file_queue`. A file leaves it when it is loaded (ArchivalStorage does that, in the same transaction)."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def files(self, source: int | None = None, states: Collection[State] = ()) -> list[QueuedFile]:
        """What is in the queue, by source and path."""
        rows = self._database.archive_rows(
            f"SELECT {_COLUMNS} FROM file_queue q JOIN sources s USING (source_id) "
            "WHERE (? IS NULL OR source_id = ?) ORDER BY s.source_id, q.path",
            [source, source],
        )
        queued = [QueuedFile(*row) for row in rows]
        return [item for item in queued if not states or item.state in states]

    def wait(self, source: int, files: Sequence[tuple[str, str, int]]) -> None:
        """Note (path, location, bytes) of files that are about to be loaded; those known in any way are left as they are."""
        import pyarrow as pa

        if not files:
            return
        paths, locations, sizes = zip(*files, strict=True)
        table = pa.table(
            {
                "path": pa.array(paths, pa.string()),
                "location": pa.array(locations, pa.string()),
                "size_bytes": pa.array(sizes, pa.int64()),
            }
        )

        def job(connection: Any) -> None:
            with registered(connection, table):
                connection.execute(
                    """INSERT INTO file_queue SELECT $source, i.path, i.location, 'waiting', '', '', '', i.size_bytes, 0, $now
                       FROM incoming i
                       ANTI JOIN (SELECT path FROM source_documents WHERE source_id = $source) l ON l.path = i.path
                       ANTI JOIN (SELECT path FROM file_queue WHERE source_id = $source) q ON q.path = i.path""",
                    {"source": source, "now": self._clock()},
                )

        self._database.write(job)

    def note(self, source: int, files: Sequence[Refused]) -> None:
        """Remember why files are not loaded, until they are; one transaction."""
        import pyarrow as pa

        if not files:
            return
        latest = list({item.path: item for item in files}.values())
        columns = ("path", "location", "state", "reason", "remedy", "content_hash")
        table = pa.table(
            {
                **{name: pa.array([getattr(item, name) for item in latest], pa.string()) for name in columns},
                "size_bytes": pa.array([item.size_bytes for item in latest], pa.int64()),
            }
        )

        def job(connection: Any) -> None:
            with registered(connection, table):
                connection.execute(
                    """INSERT INTO file_queue
                       SELECT $source, path, location, state, reason, remedy, content_hash, size_bytes, 1, $now FROM incoming
                       ON CONFLICT (source_id, path) DO UPDATE SET location = excluded.location, state = excluded.state,
                       reason = excluded.reason, remedy = excluded.remedy, content_hash = excluded.content_hash,
                       size_bytes = excluded.size_bytes, attempts = attempts + 1, noted_at = excluded.noted_at""",
                    {"source": source, "now": self._clock()},
                )

        self._database.write(job)

    def change(self, source: int, path: str, state: State) -> bool:
        """Change the state of a file; False when it is not in the queue."""
        changed = self._database.write(
            lambda connection: connection.execute(
                "UPDATE file_queue SET state = ?, noted_at = ? WHERE source_id = ? AND path = ? RETURNING path",
                [state, self._clock(), source, path],
            ).fetchall()
        )
        return bool(changed)

    def drop(self, source: int, paths: Collection[str]) -> None:
        """Forget files: they are gone."""
        if paths:
            self._database.write(
                lambda connection: connection.execute(
                    "DELETE FROM file_queue WHERE source_id = ? AND list_contains(?, path)", [source, list(paths)]
                )
            )
