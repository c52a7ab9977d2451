"""A database that was damaged from outside: nothing that was acknowledged is lost without a word, and nothing is lost twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from workbench.core.errors import ArchiveBusy, ArchiveError, NotFound, UsageError
from workbench.storage import backups, vacuum
from workbench.storage.database import Database, explained
from workbench.storage.verification import verified
from workbench.storage.wal_mark import kept_aside

pytestmark = pytest.mark.process

_WRITER = """
import os, sys
from pathlib import Path
from workbench.storage.database import Database
database = Database(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    database.write(lambda c: c.execute("INSERT INTO texts VALUES (left(sha256(?), 32), ?)", [f"text {os.getpid()} {number}"] * 2))
print("acknowledged", flush=True)
os.kill(os.getpid(), 9)
"""


def killed(file: Path, writes: int = 30) -> Path:
    """A database whose owner was killed right after `writes` acknowledged writes, all of them in the log."""
    done = subprocess.run([sys.executable, "-c", _WRITER, str(file), str(writes)], capture_output=True, text=True)
    assert "acknowledged" in done.stdout, done.stderr
    return file


def opened(file: Path) -> tuple[str, int]:
    """What a workbench says when it opens the file, and how many texts it finds."""
    database = Database(file)
    try:
        return database.damage, int(database.rows("SELECT count(*) FROM texts")[0][0])
    finally:
        database.close()


def _changed(log: Path, change: Callable[[bytes], bytes]) -> None:
    log.write_bytes(change(log.read_bytes()))


def _flipped(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "zeroed head": lambda data: bytes(64) + data[64:],
    "zeroed sector": lambda data: bytes(4096) + data[4096:],
    "all zeroes": lambda data: bytes(len(data)),
    "foreign head": lambda data: (b"#!/bin/sh\necho hello\n" * 40)[:700] + data[700:],
    "emptied": lambda data: b"",
    "cut in half": lambda data: data[: len(data) // 2],
    "a flipped bit": _flipped,
    "zeroed tail": lambda data: data[:-600] + bytes(600),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_log_that_was_damaged_is_told_and_kept(tmp_path: Path, kind: str) -> None:
    file = killed(tmp_path / "w.duckdb")
    log = Path(f"{file}.wal")
    before = log.read_bytes()
    _changed(log, DAMAGE[kind])
    changed = log.read_bytes()
    said, texts = opened(file)
    assert "damaged from outside" in said
    assert "lost" in said
    assert "restore" in said
    assert texts < 30
    assert changed != before
    aside = kept_aside(file)
    assert [item.read_bytes() for item in aside[:1]] == ([changed] if changed else [])
    assert opened(file)[0] == ""  # told once: what is there now is whole


def test_a_log_that_is_gone_is_told(tmp_path: Path) -> None:
    file = killed(tmp_path / "w.duckdb")
    Path(f"{file}.wal").unlink()
    assert "writes between" in opened(file)[0]


def test_a_database_that_is_gone_is_told_once(tmp_path: Path) -> None:
    file = killed(tmp_path / "w.duckdb")
    file.unlink()
    said, texts = opened(file)
    assert "is gone, with all that was written up to" in said
    assert "restore" in said
    assert texts == 0
    assert opened(file)[0] == ""


def test_a_kill_alone_is_no_damage(tmp_path: Path) -> None:
    file = killed(tmp_path / "w.duckdb")
    assert opened(file) == ("", 30)
    assert killed(file, 0)
    assert opened(file) == ("", 30)


def test_an_older_copy_is_told(tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    assert opened(file)[0] == ""
    old = file.read_bytes()
    for _ in range(2):
        database = Database(file)
        database.write(lambda c: c.execute("INSERT INTO texts VALUES (left(sha256(random()::TEXT), 32), 'x')"))
        database.close()
    killed(file)
    Path(f"{file}.wal").unlink()
    file.write_bytes(old)
    assert "older copy" in opened(file)[0]


def read_all_of(file: Path) -> None:
    database = Database(file)
    try:
        database.rows("SELECT max(text), count(*) FROM texts")
    finally:
        database.close()


@pytest.mark.parametrize("kind", ["cut", "no head", "foreign", "headers", "flipped", "empty folder"])
def test_a_damaged_file_gets_one_true_sentence(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "w.duckdb"
    database = Database(file)
    database.write(
        lambda c: c.execute(
            "INSERT INTO texts SELECT left(sha256(i::TEXT), 32), repeat(md5(i::TEXT), 40) FROM range(20000) r(i)"
        )
    )
    database.close()
    data = bytearray(file.read_bytes())
    if kind == "cut":
        data = data[: len(data) // 2]
    elif kind == "no head":
        data[:4096] = bytes(4096)
    elif kind == "foreign":
        data = bytearray(b"%PDF-1.7 not a database at all " * 1_000)
    elif kind == "headers":
        data[4096:12288] = os.urandom(8192)
    elif kind == "flipped":
        for at in range(20_000, len(data), 4_096):
            data[at] ^= 0xFF
    file.write_bytes(bytes(data))
    if kind == "empty folder":
        file.unlink()
        file.mkdir()
    with pytest.raises(ArchiveError) as caught:
        read_all_of(file)
    assert not isinstance(caught.value, ArchiveBusy)
    said = caught.value.one_line()
    assert str(file) in said
    assert "Unexpected" not in said
    assert said.count("\n") == 0


def test_corruption_is_told_by_its_class_and_a_lock_by_what_it_is(tmp_path: Path) -> None:
    assert explained(ValueError("block lock")) is None
    assert explained(duckdb.CatalogException("Table lock does not exist")) is None
    for error in (
        duckdb.IOException("Corrupt block at 7"),
        duckdb.Error("Corrupt database file: checksum of block"),
        duckdb.FatalException("x"),
    ):
        assert "damaged" in (explained(error) or ArchiveError("")).message
    assert (
        "disk is full"
        in (explained(duckdb.IOException("Could not write: No space left on device")) or ArchiveError("")).message
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb,sys,time; c=duckdb.connect(sys.argv[1]); print('up',flush=True); time.sleep(60)",
         str(tmp_path / "w.duckdb")], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(ArchiveBusy, match=str(holder.pid)):
            Database(tmp_path / "w.duckdb")
    finally:
        holder.kill()
        holder.wait()


WRONG = {
    "texts and their hashes": "UPDATE texts SET text = 'another' WHERE hash = (SELECT min(hash) FROM texts)",
    "pages and documents": "INSERT INTO pages VALUES (77, 1, NULL, 'lost')",
    "embeddings and passages": "INSERT INTO embeddings SELECT 991, list_resize([0.0], 384, 0.0)::FLOAT[384]",
    "messages and the message before": "INSERT INTO messages VALUES (5, 1, 4, 1, 'user', 'user_message', '{}', 1, now()::TIMESTAMP)",
    "sources' documents and documents": "INSERT INTO store.source_documents VALUES (1, 'a', 9, '', now()::TIMESTAMP)",
    "attachments and agents and sources": "INSERT INTO attachments VALUES (3, 4, now()::TIMESTAMP)",
}


def test_the_doctor_finds_what_does_not_agree(tmp_path: Path) -> None:
    database = Database(tmp_path / "w.duckdb")
    try:
        database.write(lambda c: c.execute("INSERT INTO texts VALUES (left(sha256('one'), 32), 'one')"))
        assert [finding for finding in verified(database) if finding.wrong] == []
        for what, sql in WRONG.items():
            database.write(lambda c, sql=sql: c.execute(sql))  # type: ignore[misc]
            assert what in {finding.what for finding in verified(database) if finding.wrong}, what
    finally:
        database.close()


def test_a_backup_is_the_whole_database_and_restoring_keeps_the_old_one(tmp_path: Path) -> None:
    file, copy = tmp_path / "w.duckdb", tmp_path / "copy.duckdb"
    database = Database(file)
    database.write(lambda c: c.execute("INSERT INTO texts VALUES (left(sha256('one'), 32), 'one')"))
    assert backups.save(database, copy) == copy.stat().st_size
    assert copy.stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="there already"):
        backups.save(database, copy)
    with pytest.raises((UsageError, NotFound)):
        backups.save(database, tmp_path / "no" / "folder.duckdb")
    database.write(lambda c: c.execute("INSERT INTO texts VALUES (left(sha256('two'), 32), 'two')"))
    database.close()
    file.write_bytes(file.read_bytes()[:300_000])  # the disaster
    kept = backups.put_back(copy, file)
    assert kept is not None
    assert kept.stat().st_size == 300_000
    assert opened(file) == ("", 1)
    for wrong in (tmp_path / "none.duckdb", kept, Path(__file__)):
        with pytest.raises((ArchiveError, NotFound)):
            backups.put_back(wrong, file)
    assert opened(file) == ("", 1)


def test_a_kill_while_the_file_is_written_anew_is_no_older_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = killed(tmp_path / "w.duckdb")
    database = Database(file)
    vacuum.mark(file)

    def killed_there(connection: object, where: Path) -> None:
        vacuum.copy_into(connection, new := where.with_name("new"))
        new.replace(where)  # and no more: the process dies here

    monkeypatch.setattr(vacuum, "scrub", killed_there)
    database.close()
    monkeypatch.undo()
    assert opened(file) == ("", 30)


@pytest.mark.nightly
def test_a_file_that_is_written_anew_at_the_start_is_no_older_copy_later(tmp_path: Path) -> None:
    file = killed(tmp_path / "w.duckdb")
    for number in range(12):  # the old file has had more checkpoints than the new one will have
        database = Database(file)
        database.write(lambda c, number=number: c.execute("INSERT INTO texts VALUES (?, 'x')", [str(number)]))  # type: ignore[misc]
        database.close()
    vacuum.mark(file)
    assert killed(file, 1)
    assert opened(file)[0] == ""
