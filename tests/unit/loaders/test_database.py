"""Rows of a database as documents: by any SQLAlchemy address (here SQLite files), nothing changed, no password kept."""

from __future__ import annotations

import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from loaders import database, registry
from loaders.database import QueryOrigin
from loaders.document import LoadError
from workbench.api.documents import LoadOptions
from workbench.core.errors import UsageError


@pytest.fixture
def leases(tmp_path: Path) -> Path:
    file = tmp_path / "leases.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE leases (id INTEGER, tenant TEXT, rent REAL, note TEXT, scan BLOB)")
        rows = [
            (7, "Ada", 500.5, "Pays early.", b"\x00"),
            (9, "Grace", 620, None, b""),
            (11, "Alan", 480, "Zürich", None),
        ]
        connection.executemany("INSERT INTO leases VALUES (?, ?, ?, ?, ?)", rows)
    connection.close()
    return file


def rows(file: Path, query: str, folder: Path) -> dict[str, str]:
    found = QueryOrigin(f"sqlite:///{file}", query, folder).found(threading.Event())
    return {row.relative: registry.read(row.path).pages[0].text for row in found}


def refused(url: str, query: str, folder: Path) -> LoadError:
    with pytest.raises(LoadError) as caught:
        list(QueryOrigin(url, query, folder).found(threading.Event()))
    assert caught.value.remedy
    return caught.value


def test_every_row_is_a_document_called_by_its_first_column(leases: Path, tmp_path: Path) -> None:
    assert rows(leases, "SELECT * FROM leases ORDER BY id", tmp_path / "kept") == {
        "id 7": "id: 7\ntenant: Ada\nrent: 500.5\nnote: Pays early.",
        "id 9": "id: 9\ntenant: Grace\nrent: 620.0",
        "id 11": "id: 11\ntenant: Alan\nrent: 480.0\nnote: Zürich",
    }
    assert list(rows(leases, "SELECT 'x' AS same, tenant FROM leases", tmp_path / "kept")) == [
        "row 1",
        "row 2",
        "row 3",
    ]


def test_a_single_text_is_that_text(leases: Path, tmp_path: Path) -> None:
    found = rows(leases, "SELECT note FROM leases WHERE note IS NOT NULL ORDER BY id", tmp_path / "kept")
    assert list(found.values()) == ["Pays early.", "Zürich"]


def test_nothing_is_changed_and_nothing_made(leases: Path, tmp_path: Path) -> None:
    refused(f"sqlite:///{leases}", "DELETE FROM leases", tmp_path / "kept")
    assert len(rows(leases, "SELECT * FROM leases", tmp_path / "kept")) == 3
    refused(f"sqlite:///{tmp_path}/missing.db", "SELECT 1", tmp_path / "kept")
    assert not (tmp_path / "missing.db").exists()


@pytest.mark.parametrize(
    ("url", "query", "words"),
    [
        ("sqlite:///{file}", "SELECT absent FROM leases", "no such column"),
        ("sqlite:///{file}", "SELEC", "syntax error"),
        ("nonsense://host/db", "SELECT 1", "no driver"),
        ("not an address", "SELECT 1", "cannot be understood"),
        ("mysql+oursql://u:hidden@host/db", "SELECT 1", ""),
    ],
)
def test_what_goes_wrong_is_told(leases: Path, tmp_path: Path, url: str, query: str, words: str) -> None:
    error = refused(url.format(file=leases), query, tmp_path / "kept")
    assert words in error.reason
    assert "hidden" not in error.reason


def test_without_sqlalchemy_the_row_says_what_to_install(
    leases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    error = refused(f"sqlite:///{leases}", "SELECT 1", tmp_path / "kept")
    assert "memgpt-workbench[database]" in error.remedy


def test_rows_and_time_are_limited(leases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    monkeypatch.setattr(database, "ROWS", 1_000)
    assert "more than 1,000 rows" in refused(f"sqlite:///{leases}", endless, tmp_path / "kept").reason
    monkeypatch.setattr(database, "SECONDS", 0.3)
    assert (
        "more than 0.3 seconds" in refused(f"sqlite:///{leases}", f"SELECT count(*) FROM ({endless})", tmp_path).reason
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://ada:s3cret@host:5432/db", "postgresql://ada:***@host:5432/db"),
        ("postgresql://ada:s3@cr@et@host/db?a=b@c", "postgresql://ada:***@host/db?a=b@c"),
        (
            "mssql+pyodbc:///?odbc_connect=UID%3Da%3BPWD%3Ds3cret%3BX%3D1",
            "mssql+pyodbc:///?odbc_connect=UID%3Da%3BPWD%3D***%3BX%3D1",
        ),
        ("snowflake://a:p@acc/db?private_key=s3cret&api_key=q", "snowflake://a:***@acc/db?private_key=***&api_key=***"),
        ("postgresql://host/db?user=a&password=s3cret&x=1", "postgresql://host/db?user=a&password=***&x=1"),
        ("sqlite:////tmp/a.db", "sqlite:////tmp/a.db"),
    ],
)
def test_a_password_stands_in_no_name(url: str, name: str, tmp_path: Path) -> None:
    origin = QueryOrigin(url, "SELECT 1", tmp_path)
    assert origin.name == name
    assert "s3cret" not in repr(origin) + origin.key + origin.short


def test_a_database_is_a_source_and_unchanged_rows_cost_nothing(make_session: Any, leases: Path) -> None:
    session = make_session()
    options = LoadOptions(query="SELECT id, tenant, rent FROM leases")

    def load() -> Any:
        return list(session.load([f"sqlite:///{leases}"], attach=False, options=options))[-1]

    first = load()
    assert (first.source, first.documents, first.failed) == ("leases", 3, ())
    with sqlite3.connect(leases) as connection:
        connection.execute("UPDATE leases SET rent = 700 WHERE id = 9")
    connection.close()
    again = load()
    assert (again.source, again.documents, again.unchanged) == ("leases", 1, 2)
    with pytest.raises(UsageError):
        list(session.load([f"sqlite:///{leases}"], attach=False))


def test_a_load_that_failed_is_tried_again_from_the_queue(make_session: Any, leases: Path) -> None:
    session = make_session()
    away = leases.with_name("my leases.db")
    options = LoadOptions(query="SELECT id, tenant\nFROM leases")
    assert list(session.load([f"sqlite:///{away}"], "db", attach=False, options=options))[-1].failed
    (row,) = session.library.queue()
    assert "there is no file" in row.reason
    assert list(session.library.retry())[-1].failed
    leases.rename(away)
    assert list(session.library.retry("db", [row.path]))[-1].documents == 2 + 1
    assert session.library.queue() == []
    with sqlite3.connect(away) as connection:
        connection.execute("DELETE FROM leases WHERE id = 7")
    connection.close()
    assert list(session.library.reload("db"))[-1].unchanged == 2


def test_two_queries_of_one_database_fail_apart(make_session: Any, tmp_path: Path) -> None:
    session = make_session()
    for query in ("SELECT 1", "SELECT 2"):
        options = LoadOptions(query=query)
        list(session.load([f"sqlite:///{tmp_path}/x.db"], "db", attach=False, options=options))
    assert [row.path.partition(" ")[2] for row in session.library.queue()] == ["SELECT 1", "SELECT 2"]


def test_the_password_of_an_address_is_given_again_and_stored_nowhere(
    make_session: Any, leases: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    tried: list[str] = []

    def run(errand: Any) -> list[dict[str, Any]]:
        tried.append(errand._url)
        if "s3%40cret" in errand._url and len(tried) > 1:
            return [{"id": 7, "tenant": "Ada"}]
        raise LoadError("the database refuses: password authentication failed", "Check the query.")

    monkeypatch.setattr(database._Errand, "run", run)
    session = make_session()
    options = LoadOptions(query="SELECT * FROM leases")
    list(session.load(["postgresql://ada:s3%40cret@host/db"], "db", attach=False, options=options))
    assert list(session.library.retry())[-1].failed[0].reason == "its address needs the password, which is kept nowhere"
    assert len(tried) == 1
    assert "--password" in session.library.queue()[0].remedy
    assert list(session.library.retry(passwords=["wrong", "s3@cret"]))[-1].documents == 1
    assert tried[1:] == ["postgresql://ada:wrong@host/db", "postgresql://ada:s3%40cret@host/db"]
    assert session.library.queue() == []
    session.close()
    kept = [file.read_bytes() for file in home.rglob("*") if file.is_file()]
    assert not any(b"s3%40cret" in data or b"s3@cret" in data for data in kept)
    assert any(b"postgresql://ada:***@host/db" in data for data in kept)
