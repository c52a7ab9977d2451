"""Settling: what was kept is durable at once and seen by every reader, and it reaches its tables whatever happens in between."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workbench.core.errors import ArchiveError
from workbench.storage.database import Database
from workbench.storage.write_ahead_log import LARGE, MOST, Changes, apply

NOON = datetime(1905, 6, 1, 12, tzinfo=UTC).replace(tzinfo=None)


def said(number: int, text: str = "The lamp was lit.") -> list[Any]:
    return [number, 1, number - 1 or None, None, "user", "user_message", text, 5, NOON]


def step(number: int) -> list[Any]:
    """A step that was sent and has no reply, as a row of `steps`."""
    row = {
        "agent_id": 1, "step": number, "status": "sent", "question_id": None, "head": 3, "queue": "[[1,3]]", "summary_id": None,
        "context_version": 1, "system_hash": "s", "tools_hash": "t", "state": "{}", "request": "{}", "prefix_hash": "p",
        "counted_tokens": 9, "used_tokens": 9, "exact": True, "reply": None, "usage": None, "model_seconds": None,
        "own_seconds": None, "created_at": NOON, "point_after": None, "forgotten": False,
    }  # fmt: skip
    return list(row.values())


def finish(number: int, reply: str = "{}") -> tuple[str, list[Any]]:
    return "finish", ["done", reply, "{}", 1.5, 0.25, "{}", 1, number]


STATUS, REQUEST = 2, 11
"""Columns of `steps`."""


def stored(database: Database, table: str) -> list[tuple[Any, ...]]:
    """What is in the table itself."""
    return database.read().execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()


def killed(database: Database, folder: Path) -> Database:
    """The same file as after a kill: nothing but what is on the disk."""
    copy = folder / "killed" / database.file.name
    copy.parent.mkdir()
    for file in database.file.parent.glob(f"{database.file.name}*"):
        shutil.copy(file, copy.parent / file.name)
    return Database(copy)


def test_every_reader_sees_what_was_kept(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.duckdb")
    database.keep(Changes({"messages": [said(1)]}))
    assert database.rows("SELECT body FROM messages") == [("The lamp was lit.",)]
    database.keep(Changes({"messages": [said(2, "It went out.")]}))
    counted = database.write(lambda connection: connection.execute("SELECT count(*) FROM messages").fetchall())
    assert counted == [(2,)], "also a writer's own job"
    assert database.number("messages", "message_id") == 3
    assert stored(database, "unsettled") == []
    database.close()


def test_what_was_kept_outlives_a_kill(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.duckdb")
    database.keep(Changes({"messages": [said(1, 'A "quoted" \\ line\nand 火.')], "steps": [step(1)]}))
    database.keep(Changes({"journal": [[1, 0, 1, "step_started", "{}", NOON]]}, [finish(1, '{"content": "ünder"}')]))
    again = killed(database, tmp_path)
    assert len(stored(again, "unsettled")) == 2
    for table in ("messages", "steps", "journal"):
        assert again.rows(f"SELECT * FROM {table}") == database.rows(f"SELECT * FROM {table}")
    assert again.rows("SELECT status, reply, created_at FROM steps") == [("done", '{"content": "ünder"}', NOON)]
    again.keep(Changes({"messages": [said(2)]}))
    again.close()
    database.close()
    third = Database(again.file)
    assert len(stored(third, "messages")) == 2
    assert stored(third, "unsettled") == [], "closing settles"
    third.close()


def test_many_changes_at_once_end_as_one_by_one(tmp_path: Path) -> None:
    """Folding is an economy and nothing else: heads, cursors and ends of steps come out the same."""
    head = ["[]", None, None, 1, NOON, 1]
    written = [
        Changes({"steps": [step(1)], "texts": [["k", "text"]]}, [("head", [1, *head])]),
        Changes({}, [finish(1), ("cursor", [1, "model", 5, "lamp", "a", NOON]), ("head", [2, *head])]),
        Changes({"steps": [step(2)], "texts": [["k", "text"]]}, [("request", ['{"a": 1}', 1, 2])]),
        Changes({}, [("cursor", [1, "model", 5, "oil", "b", NOON]), finish(2), ("request", ['{"b": 2}', 1, 1])]),
    ]
    seen = []
    for name, batches in (
        ("each", [[one] for one in written]),
        ("all", [written]),
        ("two", [written[:1], written[1:]]),
    ):
        database = Database(tmp_path / f"{name}.duckdb")
        agent = [1, "a", None, None, None, None, None, "{}", NOON, NOON]
        database.write(lambda c, agent=agent: c.execute(f"INSERT INTO agents VALUES ({', '.join('?' * 10)})", agent))
        for batch in batches:
            database.write(lambda connection, batch=batch: apply(batch, connection))
        seen.append([stored(database, table) for table in ("steps", "agents", "cursors", "texts")])
        database.close()
    assert seen[0] == seen[1] == seen[2]
    assert [(row[STATUS], row[REQUEST]) for row in seen[0][0]] == [("done", '{"b": 2}'), ("done", '{"a": 1}')]


def test_much_is_settled_unasked(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.duckdb")
    for number in range(MOST):
        database.keep(Changes({"messages": [said(number + 1)]}))
    database.write(lambda connection: None)
    assert len(stored(database, "messages")) == MOST
    database.keep(Changes({"messages": [said(number + 1) for number in range(MOST, MOST + LARGE)]}))
    assert len(stored(database, "messages")) == MOST + LARGE, "a large commit goes to its tables at once"
    database.close()


def test_what_is_refused_keeps_nothing_else_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.duckdb")
    database.keep(Changes({"messages": [said(1)]}))
    database.keep(Changes({"messages": [said(1, "the same number")]}))
    database.keep(Changes({"messages": [said(2)]}))
    with pytest.raises(ArchiveError):
        database.rows("SELECT * FROM messages")
    assert [row[0] for row in database.rows("SELECT message_id FROM messages ORDER BY 1")] == [1, 2]
    database.keep(Changes({"messages": [said(3)]}))
    assert len(database.rows("SELECT * FROM messages")) == 3
    assert len(stored(database, "unsettled")) == 1, "it is not thrown away"
    database.close()


def test_no_statement_comes_from_the_file(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.duckdb")
    stranger = '[{}, [["DROP TABLE messages", []]]]', '[{"sources; DROP TABLE messages": [[1]]}, []]', "not JSON"
    for text in stranger:
        database.write(lambda c, text=text: c.execute("INSERT INTO unsettled VALUES (7, ?)", [text]))
    database.close()
    again = Database(tmp_path / "a.duckdb")
    again.keep(Changes({"messages": [said(1)]}))
    assert len(again.rows("SELECT * FROM messages")) == 1
    assert len(stored(again, "unsettled")) == len(stranger)
    again.close()
