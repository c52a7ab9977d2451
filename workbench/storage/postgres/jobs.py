"""Files that wait to be loaded into a shared archive, claimed by any number of workers without one waiting for another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.storage.database import Clock, utc_now
from workbench.storage.postgres.server import PostgresServer, plain
from workbench.storage.postgres.worker_lock import ALIVE, WorkerLock

MOST_FILES = 64
"""Files of one claim: a worker reads what a source links once for all of them."""

_SHARES = 4
"""Each worker claims at most this share of what waits for it, so that all of them have something to the end."""


@dataclass(frozen=True)
class ClaimedFiles:
    """Files of one source that this worker has claimed, (path, location), and the rules by which the source was loaded (JSON)."""

    source: str
    source_id: int
    files: tuple[tuple[str, str], ...]
    rules: str


@dataclass(frozen=True)
class WorkerRow:
    """A worker that is alive, and what it has claimed."""

    name: str
    files: int
    passages: int


@dataclass(frozen=True)
class Backlog:
    """What is left to do, and who does it: files that wait and those claimed among them, passages that wait for a vector."""

    files: int
    claimed: int
    passages: int
    workers: tuple[WorkerRow, ...]


class LoadJobs:
    """The waiting files of `file_queue` as work for many."""

    def __init__(self, server: PostgresServer, worker: WorkerLock, clock: Clock = utc_now) -> None:
        self._server, self._worker, self._clock = server, worker, clock

    def offer(self, source: int, files: Sequence[tuple[str, str, int]]) -> int:
        """Let any worker load files, (path, location, bytes); returns how many are new in the queue."""
        rows = [(plain(path), plain(location), size) for path, location, size in files]

        def job(connection: Any) -> int:
            added = connection.execute(
                """INSERT INTO file_queue
                   SELECT %s, i.path, i.location, 'waiting', '', '', '', i.size_bytes, 0, %s
                   FROM unnest(%s::text[], %s::text[], %s::bigint[]) i (path, location, size_bytes)
                   ON CONFLICT (source_id, path) DO UPDATE SET location = excluded.location, state = 'waiting',
                   size_bytes = excluded.size_bytes, claimed_by = NULL WHERE file_queue.state <> 'skipped'
                     AND (file_queue.state <> 'waiting' OR file_queue.claimed_by IS NULL)""",
                [source, self._clock(), *(list(column) for column in zip(*rows, strict=True))],
            )
            return int(added.rowcount)

        return self._server.write(job) if rows else 0

    def claim(self) -> ClaimedFiles | None:
        """Some files of one source that nobody has claimed; None when there are none."""
        if not self._server.rows("SELECT 1 FROM file_queue WHERE state = 'waiting' LIMIT 1"):
            return None
        worker = self._worker.number()

        def job(connection: Any) -> list[tuple[Any, ...]]:
            return self._server.query(
                connection,
                f"""WITH alive AS MATERIALIZED ({ALIVE}),
                    open AS (SELECT source_id, path FROM file_queue WHERE state = 'waiting'
                             AND (claimed_by IS NULL OR claimed_by NOT IN (SELECT worker_id FROM alive))
                             ORDER BY source_id, path FOR UPDATE SKIP LOCKED LIMIT %(most)s),
                    first AS (SELECT min(source_id) AS source_id, ceil(count(*)
                              / ({_SHARES}.0 * greatest(1, (SELECT count(*) FROM alive)))) AS share FROM open),
                    chosen AS (SELECT o.source_id, o.path FROM open o JOIN first USING (source_id) ORDER BY o.path
                               LIMIT (SELECT share FROM first)),
                    claimed AS (UPDATE file_queue q SET claimed_by = %(worker)s FROM chosen c
                                WHERE q.source_id = c.source_id AND q.path = c.path RETURNING q.source_id, q.path, q.location)
                    SELECT source_id, path, location FROM claimed ORDER BY path""",
                {"most": MOST_FILES * _SHARES * 4, "worker": worker},
            )

        rows = self._server.write(job, catalogue=False)
        if not rows:
            return None
        source = int(rows[0][0])
        named = self._server.row("SELECT name FROM sources WHERE source_id = %s", [source])
        rules = self._server.row(
            "SELECT rules FROM source_roots WHERE source_id = %s AND starts_with(%s, location) ORDER BY length(location) DESC LIMIT 1",
            [source, str(rows[0][2])],
        )
        files = tuple((str(path), str(location)) for _, path, location in rows)
        return ClaimedFiles(str(named[0]) if named else "", source, files, str(rules[0]) if rules else "{}")

    def release(self, claimed: ClaimedFiles) -> None:
        """Give back what was claimed and not loaded."""
        self._server.write(
            lambda connection: connection.execute(
                "UPDATE file_queue SET claimed_by = NULL WHERE source_id = %s AND path = ANY(%s)",
                [claimed.source_id, [path for path, _ in claimed.files]],
            ),
            catalogue=False,
        )

    def backlog(self) -> Backlog:
        """What is left to do, and who does it."""
        row = self._server.row(
            f"""WITH alive AS MATERIALIZED ({ALIVE}) SELECT count(*),
                  count(*) FILTER (WHERE claimed_by IN (SELECT worker_id FROM alive)), (SELECT count(*) FROM waiting)
                FROM file_queue WHERE state = 'waiting'"""
        )
        workers = self._server.rows(
            f"""WITH alive AS MATERIALIZED ({ALIVE}) SELECT w.name,
                  (SELECT count(*) FROM file_queue q WHERE q.claimed_by = w.worker_id AND q.state = 'waiting'),
                  (SELECT count(*) FROM waiting v WHERE v.claimed_by = w.worker_id)
                FROM workers w JOIN alive USING (worker_id) ORDER BY w.worker_id"""
        )
        files, claimed, passages = row or (0, 0, 0)
        rows = tuple(WorkerRow(str(name), int(held), int(embedding)) for name, held, embedding in workers)
        return Backlog(int(files), int(claimed), int(passages), rows)
