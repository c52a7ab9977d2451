"""The log of the database is written into the file while nothing else is asked, and before it is large."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.storage import database as module
from workbench.storage.database import Database
from workbench.storage.wal_mark import WalMark

TEXT = "x" * 20_000


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def add_texts(database: Database, count: int, first: int = 0, *, catalogue: bool = False) -> None:
    for number in range(first, first + count):
        row = [f"key {number}", TEXT]
        database.write(
            lambda connection: connection.execute("INSERT INTO texts VALUES (?, ?)", row), catalogue=catalogue
        )  # noqa: B023


def log_bytes(database: Database) -> int:
    log = Path(f"{database.file}.wal")
    return log.stat().st_size if log.exists() else 0


def test_a_log_is_written_into_the_file_when_nothing_else_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 0.05)
    database = Database(tmp_path / "workbench.duckdb")
    add_texts(database, 20)
    time.sleep(0.3)
    assert log_bytes(database) > 400_000  # too little to be worth it
    add_texts(database, 40, 20)
    assert wait_until(lambda: log_bytes(database) == 0)
    assert WalMark(database.file).damage() == ""
    add_texts(database, 1, 60)
    assert database.rows("SELECT count(*) FROM texts") == [(61,)]
    database.close()


def test_a_log_does_not_grow_where_nobody_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 3600.0)
    monkeypatch.setattr(module, "LOG_AT_MOST", 200_000)
    database = Database(tmp_path / "workbench.duckdb")
    largest = 0
    for number in range(60):
        add_texts(database, 1, number)
        largest = max(largest, log_bytes(database))
    assert 100_000 < largest < 500_000
    add_texts(database, 20, 100, catalogue=True)
    assert log_bytes(database) > 350_000, "a load leaves it to DuckDB"
    database.close()


def test_a_transaction_that_is_under_way_meanwhile_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST_SECONDS", 0.02)
    database = Database(tmp_path / "workbench.duckdb")
    other, reader = database.cursor(), database.cursor()
    other.execute("BEGIN TRANSACTION")
    other.execute("INSERT INTO texts VALUES (?, ?)", ["of another", TEXT])
    reader.execute("BEGIN TRANSACTION")
    assert reader.execute("SELECT count(*) FROM texts").fetchall() == [(0,)]
    add_texts(database, 60)
    wait_until(lambda: log_bytes(database) == 0, seconds=2)  # DuckDB may also refuse it
    assert reader.execute("SELECT count(*) FROM texts").fetchall() == [(0,)]
    other.execute("COMMIT")
    add_texts(database, 1, 60)
    database.close()
    again = Database(database.file)
    assert (again.damage, again.rows("SELECT count(*) FROM texts")) == ("", [(62,)])
    again.close()
