"""The queue of files of a shared archive that are not loaded, with reasons: everybody sees it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from workbench.storage.database import Clock, utc_now
from workbench.storage.load_queue import QueuedFile, Refused, State
from workbench.storage.postgres.server import PostgresServer, plain
from workbench.storage.postgres.worker_lock import ALIVE, WorkerLock

_COLUMNS = (
    "q.source_id, s.name, q.path, q.location, q.state, q.reason, q.remedy, q.content_hash, q.size_bytes, q.attempts"
)


class SharedFileQueue:
    """See archive.LoadQueue."""

    def __init__(self, server: PostgresServer, worker: WorkerLock, clock: Clock = utc_now) -> None:
        self._server, self._worker = server, worker
        self._clock = clock

    def files(self, source: int | None = None, states: Collection[State] = ()) -> list[QueuedFile]:
        """See archive.LoadQueue."""
        rows = self._server.rows(
            f"SELECT {_COLUMNS} FROM file_queue q JOIN sources s USING (source_id) "
            "WHERE (%s::bigint IS NULL OR source_id = %s) ORDER BY s.source_id, q.path",
            [source, source],
        )
        queued = [QueuedFile(*row) for row in rows]
        return [item for item in queued if not states or item.state in states]

    def wait(self, source: int, files: Sequence[tuple[str, str, int]]) -> None:
        """See archive.LoadQueue. They are this process's to load: workers leave them alone while it lives."""
        if not files:
            return
        worker = self._worker.number()
        paths, locations, sizes = (
            [plain(item[0]) for item in files],
            [plain(item[1]) for item in files],
            [item[2] for item in files],
        )

        def job(connection: Any) -> None:
            connection.execute(
                """INSERT INTO file_queue
                   SELECT %s, i.path, i.location, 'waiting', '', '', '', i.size_bytes, 0, %s, %s
                   FROM unnest(%s::text[], %s::text[], %s::bigint[]) i (path, location, size_bytes)
                   WHERE NOT EXISTS (SELECT 1 FROM source_documents l WHERE l.source_id = %s AND l.path = i.path)
                   ON CONFLICT DO NOTHING""",
                [source, self._clock(), worker, paths, locations, sizes, source],
            )
            connection.execute(
                f"UPDATE file_queue SET claimed_by = %s WHERE source_id = %s AND path = ANY(%s) AND state = 'waiting' "
                f"AND (claimed_by IS NULL OR claimed_by NOT IN ({ALIVE}))",
                [worker, source, paths],
            )

        self._server.write(job)

    def note(self, source: int, files: Sequence[Refused]) -> None:
        """See archive.LoadQueue."""
        if not files:
            return
        latest = {item.path: item for item in files}.values()
        rows = [
            [source, plain(item.path), plain(item.location), item.state, plain(item.reason), plain(item.remedy), item.content_hash,
             item.size_bytes, self._clock()]
            for item in latest
        ]  # fmt: skip

        def job(connection: Any) -> None:
            connection.cursor().executemany(
                """INSERT INTO file_queue VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1, %s)
                   ON CONFLICT (source_id, path) DO UPDATE SET location = excluded.location, state = excluded.state,
                   reason = excluded.reason, remedy = excluded.remedy, content_hash = excluded.content_hash,
                   size_bytes = excluded.size_bytes, claimed_by = NULL, attempts = file_queue.attempts + 1, noted_at = excluded.noted_at""",
                rows,
            )

        self._server.write(job)

    def change(self, source: int, path: str, state: State) -> bool:
        """See archive.LoadQueue."""

        def job(connection: Any) -> bool:
            changed = connection.execute(
                "UPDATE file_queue SET state = %s, noted_at = %s WHERE source_id = %s AND path = %s",
                [state, self._clock(), source, plain(path)],
            )
            return bool(changed.rowcount)

        return self._server.write(job)

    def drop(self, source: int, paths: Collection[str]) -> None:
        """See archive.LoadQueue."""
        if paths:
            self._server.write(
                lambda connection: connection.execute(
                    "DELETE FROM file_queue WHERE source_id = %s AND path = ANY(%s)",
                    [source, [plain(path) for path in paths]],
                )
            )
