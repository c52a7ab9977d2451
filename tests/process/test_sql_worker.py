"""Queries over tables in their own process: what defeats DuckDB's limits ends there, and the next query works."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.tables import RENTS, ask, store
from workbench.core.errors import UsageError
from workbench.core.worker_process import Worker
from workbench.sql import sandbox
from workbench.sql.catalog import named_tables
from workbench.sql.sandbox import select
from workbench.sql.worker import Room
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.tables import rows_of

DOUBLING = (
    "WITH RECURSIVE d(s, n) AS (SELECT 'x', 0 UNION ALL SELECT s || s, n + 1 FROM d WHERE n < 60) "
    "SELECT max(length(s)) FROM d"
)
ENDLESS = "WITH RECURSIVE d(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM d) SELECT max(n) FROM d"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[DuckDBArchive]:
    database = Database(tmp_path / "w.duckdb")
    found = DuckDBArchive(database)
    store(found, tmp_path, "rents.csv", RENTS)
    yield found
    database.close()


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Worker]]:
    """The workers that a test starts, in order."""
    started: list[Worker] = []

    class Watched(Worker):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            started.append(self)

    sandbox.dismiss()
    monkeypatch.setattr(sandbox, "Worker", Watched)
    yield started
    sandbox.dismiss()
    assert not any(worker.running for worker in started)


def works(archive: DuckDBArchive) -> bool:
    return ask(archive, "SELECT sum(rent) FROM rents").rows == (("1750",),)


@pytest.mark.parametrize(
    "sql",
    [
        DOUBLING,
        "SELECT length(string_agg(a.range::VARCHAR || b.range::VARCHAR, ',')) FROM range(20000) a, range(20000) b",
        "SELECT * FROM range(20000) a, range(20000) b ORDER BY a.range * b.range",
        "SELECT length(format('{:>2000000000}', 'x') || tenant) FROM rents",
    ],
)  # fmt: skip
def test_memory_is_bounded_whatever_it_is_used_for(
    archive: DuckDBArchive, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr(sandbox, "MEMORY_MB", 200)
    monkeypatch.setattr(sandbox, "SECONDS", 60.0)
    with pytest.raises(UsageError, match="more than 200 MB"):
        ask(archive, sql)
    assert works(archive)


@pytest.mark.parametrize("sql", ["SELECT count(*) FROM rents a, range(9999999) b, range(9999999) c", ENDLESS])
def test_time_is_bounded(archive: DuckDBArchive, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0.3)
    with pytest.raises(UsageError, match=r"more than 0\.3 seconds"):
        ask(archive, sql)
    monkeypatch.setattr(sandbox, "SECONDS", 60.0)
    assert works(archive)


def test_a_worker_is_kept_for_the_next_query_also_after_a_mistake(
    archive: DuckDBArchive, workers: list[Worker]
) -> None:
    assert works(archive)
    with pytest.raises(UsageError):
        ask(archive, "SELECT nothing FROM rents")
    with pytest.raises(UsageError):
        ask(archive, "SELECT '\ud800' FROM nowhere")
    assert works(archive)
    assert len(workers) == 1


def test_a_worker_killed_in_the_middle_is_told_and_the_next_query_works(
    archive: DuckDBArchive, workers: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 60.0)
    assert works(archive)

    def kill() -> None:
        time.sleep(0.5)
        os.kill(workers[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(UsageError, match="SIGKILL"):
        ask(archive, ENDLESS)
    killer.join()
    assert works(archive)
    assert len(workers) == 2


def test_a_worker_that_ended_while_it_waited_is_not_noticed(archive: DuckDBArchive, workers: list[Worker]) -> None:
    assert works(archive)
    os.kill(workers[0].pid, signal.SIGKILL)
    assert works(archive)
    assert len(workers) == 2


def test_a_worker_that_hangs_is_killed(
    archive: DuckDBArchive, workers: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert works(archive)
    monkeypatch.setattr(sandbox, "SECONDS", 0.2)
    monkeypatch.setattr(sandbox, "_GRACE_SECONDS", 0.3)
    os.kill(workers[0].pid, signal.SIGSTOP)
    with pytest.raises(UsageError, match=r"more than 0\.2 seconds"):
        ask(archive, "SELECT 1")
    assert not workers[0].running
    monkeypatch.undo()
    assert works(archive)


def test_whoever_stops_does_not_wait(
    archive: DuckDBArchive, workers: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 600.0)
    assert works(archive)
    tables = named_tables(archive, [archive.find_source("docs")])
    end = time.monotonic() + 0.5
    with pytest.raises(UsageError, match="stopped"):
        select(ENDLESS, tables, lambda table: rows_of(archive.database, table), lambda: time.monotonic() > end)
    assert not workers[0].running
    assert works(archive)


def test_queries_of_several_threads_do_not_meet(archive: DuckDBArchive, workers: list[Worker]) -> None:
    good: list[bool] = []
    threads = [threading.Thread(target=lambda: good.append(works(archive))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert good == [True] * 6
    assert sum(worker.running for worker in workers) <= 2


def test_rows_of_long_texts_are_cut(archive: DuckDBArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "RESULT_CHARS", 10_000)
    found = ask(archive, "SELECT range, string_agg('abcdefghij', '') OVER () FROM range(3000)")
    assert found.cut
    assert 10 <= len(found.rows) <= 100


def test_a_table_of_several_batches_arrives_whole(archive: DuckDBArchive, tmp_path: Path) -> None:
    rows = 45_000
    store(archive, tmp_path, "many.csv", "n,word\n" + "".join(f"{n},w{n}\n" for n in range(rows)))
    (found,) = ask(archive, "SELECT count(*), sum(n), count(DISTINCT word) FROM many").rows
    assert found == (str(rows), str(rows * (rows - 1) // 2), str(rows))


def test_a_table_that_is_gone_is_told(archive: DuckDBArchive) -> None:
    tables = named_tables(archive, [archive.find_source("docs")])
    archive.database.write(lambda connection: connection.execute("DROP TABLE tables.d1_1"))
    with pytest.raises(UsageError, match="removed"):
        select("FROM rents", tables, lambda table: rows_of(archive.database, table))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')", "COPY (SELECT 1) TO '/tmp/x.csv'", "ATTACH '/tmp/x.db'", "INSTALL httpfs",
        "LOAD httpfs", "SET memory_limit = '9GB'", "SET enable_external_access = true", "PRAGMA threads = 8",
        "RESET lock_configuration", "EXPORT DATABASE '/tmp/x'",
    ],
)  # fmt: skip
def test_the_room_of_a_query_reaches_nothing_even_if_its_words_were_not_checked(sql: str) -> None:
    room = Room(64)
    try:
        with pytest.raises(duckdb.Error):
            room.run({"sql": sql, "seconds": 60, "rows": 10, "cell_chars": 100, "result_chars": 1000})
    finally:
        room.close()
