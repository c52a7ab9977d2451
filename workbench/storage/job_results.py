"""Keeps what long jobs have found so far, item by item, so that one that was killed goes on where it ended.

A table of answers and the check of a text may run for hours with a language model; every cell and every sentence is durable once
it is known.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from workbench.storage.database import Clock, Database, next_id, utc_now


class JobResults:
    """The tables `jobs` and `job_results`."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def job(self, kind: str, name: Mapping[str, Any]) -> int:
        """The number of a job, made when it is new; two runs with the same `kind` and `name` are one job."""
        text = json.dumps(dict(name), sort_keys=True, ensure_ascii=False)

        def work(connection: Any) -> int:
            # The table wants names that are unique among all kinds: where another kind has this one, it stands behind its kind.
            names = [text, f"{kind}: {text}"]
            taken = connection.execute("SELECT kind, job_id FROM jobs WHERE list_contains(?, name)", [names]).fetchall()
            if known := [number for other, number in taken if other == kind]:
                return int(known[0])
            new = next_id(connection, "jobs", "job_id")
            connection.execute("INSERT INTO jobs VALUES (?, ?, ?, ?)", [new, kind, names[bool(taken)], self._clock()])
            return new

        return self._database.write(work, catalogue=False)

    def results(self, job: int) -> dict[str, dict[str, Any]]:
        """What is known, by item."""
        rows = self._database.rows("SELECT item, result FROM job_results WHERE job_id = ?", [job])
        return {str(item): json.loads(result) for item, result in rows}

    def keep(self, job: int, item: str, result: Mapping[str, Any], documents: Sequence[int] = ()) -> None:
        """Store the result of an item, in place of the one before; `documents` are the ids of those that it quotes."""
        row = [job, item, list(documents), json.dumps(dict(result), ensure_ascii=False), self._clock()]

        def work(connection: Any) -> None:
            connection.execute("DELETE FROM job_results WHERE job_id = ? AND item = ?", [job, item])
            connection.execute("INSERT INTO job_results VALUES (?, ?, ?, ?, ?)", row)

        self._database.write(work)

    def drop(self, job: int, items: Collection[str] | None = None) -> None:
        """Forget the results of these items, or of all."""

        def work(connection: Any) -> None:
            if items is None:
                connection.execute("DELETE FROM job_results WHERE job_id = ?", [job])
            else:
                connection.execute(
                    "DELETE FROM job_results WHERE job_id = ? AND list_contains(?, item)", [job, list(items)]
                )

        self._database.write(work)


def forget_documents(connection: Any, documents: Sequence[int]) -> None:
    """Delete every result that quotes one of these documents; a job of the writer."""
    connection.execute("DELETE FROM job_results WHERE list_has_any(documents, ?)", [list(documents)])
