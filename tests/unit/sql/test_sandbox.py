"""Tables of documents: what SQL may ask of them, and that it can reach nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loaders import registry
from tests.support.tables import RENTS, ask, store
from workbench.core.errors import UsageError
from workbench.sql import sandbox
from workbench.sql.catalog import named_tables
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.garbage_collection import collect
from workbench.storage.rows import Arrival
from workbench.storage.tables import stored_tables


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[DuckDBArchive]:
    database = Database(tmp_path / "w.duckdb")
    yield DuckDBArchive(database)
    database.close()


def test_cells_have_types_and_rows_know_their_line(archive: DuckDBArchive, tmp_path: Path) -> None:
    key = store(archive, tmp_path, "rents.csv", RENTS)
    (table,) = stored_tables(archive.database, {key: None})
    assert [(item.name, item.type, item.label) for item in table.columns] == [
        ("tenant", "VARCHAR", "Tenant"), ("rent", "BIGINT", "Rent"), ("since", "DATE", "Since"), ("paid", "BOOLEAN", "Paid"),
        ("_row", "BIGINT", ""),
    ]  # fmt: skip
    found = ask(archive, "SELECT tenant, rent, _row FROM rents ORDER BY rent DESC NULLS LAST")
    assert found.columns == ("tenant", "rent", "_row")
    assert found.rows == (("Grace", "1250", "3"), ("Ada", "500", "2"), ("Alan", None, "4"))
    lines = archive.page(key, 1)
    assert lines is not None
    assert [lines.text.split("\n")[int(row[2] or 0) - 1].split(" | ")[0] for row in found.rows] == [
        "Tenant: Grace", "Tenant: Ada", "Tenant: Alan",
    ]  # fmt: skip


def test_queries_join_tables_and_use_their_own_names(archive: DuckDBArchive, tmp_path: Path) -> None:
    store(archive, tmp_path, "rents.csv", RENTS)
    store(archive, tmp_path, "flats/2021 plan.csv", "Tenant;Flat\nAda;3\nGrace;7\n")
    found = ask(
        archive,
        "WITH r AS (SELECT * FROM rents) SELECT p.flat, r.rent FROM r JOIN t_2021_plan p USING (tenant) ORDER BY 1",
    )
    assert found.rows == (("3", "500"), ("7", "1250"))
    assert [item.path for item in found.tables] == ["rents.csv", "flats/2021 plan.csv"]


def test_tables_of_one_name_are_told_apart_and_reserved_words_avoided(archive: DuckDBArchive, tmp_path: Path) -> None:
    first = store(archive, tmp_path, "a/data.csv", RENTS)
    second = store(archive, tmp_path, "b/data.csv", RENTS.replace("Ada", "Eve"))
    third = store(archive, tmp_path, "order.csv", RENTS)
    names = list(named_tables(archive, [archive.find_source("docs")]))
    assert names == [f"data_{first}", f"data_{second}", f"order_{third}"]
    assert ask(archive, f"SELECT tenant FROM data_{second} LIMIT 1").rows == (("Eve",),)


def test_only_the_sources_given_are_there(archive: DuckDBArchive, tmp_path: Path) -> None:
    store(archive, tmp_path, "rents.csv", RENTS)
    store(archive, tmp_path, "secret.csv", RENTS, source="private")
    with pytest.raises(UsageError, match="no table 'secret'") as caught:
        ask(archive, "SELECT * FROM secret")
    assert "rents" in caught.value.hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM rents WHERE tenant IN (SELECT content FROM read_text('/etc/passwd'))", "FROM glob('*')",
        "SELECT (SELECT file FROM glob('/*') LIMIT 1)", "WITH x AS (FROM read_blob('/etc/passwd')) SELECT * FROM x",
        "ATTACH 'x.db'", "PRAGMA database_list", "COPY rents TO '/tmp/x.csv'", "COPY (SELECT 1) TO '/tmp/x.csv'",
        "INSTALL httpfs", "LOAD httpfs", "SET threads = 8", "CALL duckdb_settings()", "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()", "SELECT * FROM information_schema.tables", "SELECT * FROM main.rents",
        "INSERT INTO rents VALUES (1)", "DELETE FROM rents", "CREATE TABLE x AS SELECT 1", "DROP TABLE rents",
        "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE rents", "EXPORT DATABASE 'x'", "DESCRIBE rents", "SHOW TABLES",
        "SUMMARIZE rents", "EXPLAIN SELECT 1", "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('rents')",
        "SELECT getenv('HOME')", "VACUUM", "CHECKPOINT", "SELECT * FROM pragma_database_list", "SELECT * FROM sqlite_master",
        "SELECT * FROM archive", "SELECT * FROM tables.d1_1", "SELECT * FROM memory.main.rents", "", ";", "SELEC 1",
        "SELECT * FROM rents, LATERAL (SELECT * FROM read_csv('/etc/passwd'))", "FROM parquet_scan('x')", "SELECT nextval('s')",
    ],
)  # fmt: skip
def test_nothing_else_can_be_said(archive: DuckDBArchive, tmp_path: Path, sql: str) -> None:
    store(archive, tmp_path, "rents.csv", RENTS)
    with pytest.raises(UsageError) as caught:
        ask(archive, sql)
    assert "\n" not in caught.value.one_line()
    assert caught.value.hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM rents", "FROM rents", "SELECT * FROM range(3)", "VALUES (1)", "SELECT 'a;b'",
        "SELECT tenant FROM RENTS UNION ALL SELECT 'x'", "SELECT avg(rent) OVER () FROM rents",
        "SELECT unnest([1, 2])", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT * FROM n",
        "SELECT * FROM rents -- with a comment; and more", "SELECT * FROM rents AS r(a, b, c, d, e)",
    ],
)  # fmt: skip
def test_any_select_over_the_tables_can(archive: DuckDBArchive, tmp_path: Path, sql: str) -> None:
    store(archive, tmp_path, "rents.csv", RENTS)
    assert ask(archive, sql).columns


def test_what_a_query_may_cost_is_bounded(
    archive: DuckDBArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(archive, tmp_path, "rents.csv", RENTS)
    found = ask(archive, f"SELECT * FROM range({sandbox.ROWS * 3})")
    assert (len(found.rows), found.cut) == (sandbox.ROWS, True)
    assert (
        ask(archive, "SELECT string_agg('xyz', '') FROM range(9999)").rows[0][0] == ("xyz" * 999)[: sandbox.CELL_CHARS]
    )
    with pytest.raises(UsageError, match="repeat cannot be used"):
        ask(archive, "SELECT upper(REPEAT('x', 1000000000))")
    monkeypatch.setattr(sandbox, "SECONDS", 0.2)
    with pytest.raises(UsageError, match="more than 0.2 seconds"):
        ask(archive, "SELECT count(*) FROM range(10000000) a, range(10000000) b")
    monkeypatch.setattr(sandbox, "SECONDS", 60.0)
    monkeypatch.setattr(sandbox, "MEMORY_MB", 40)
    with pytest.raises(UsageError, match="more than 40 MB"):
        ask(archive, "SELECT list(a.range) FROM range(30000000) a")
    monkeypatch.setattr(sandbox, "CELLS", 3)
    with pytest.raises(UsageError, match="too large"):
        ask(archive, "SELECT * FROM rents")


def test_a_mistake_is_told_as_the_database_tells_it(archive: DuckDBArchive, tmp_path: Path) -> None:
    store(archive, tmp_path, "rents.csv", RENTS)
    with pytest.raises(UsageError, match=r'"rents_paid" not found'):
        ask(archive, "SELECT rents_paid FROM rents")


def test_a_query_changes_nothing_and_tables_go_with_their_document(archive: DuckDBArchive, tmp_path: Path) -> None:
    key = store(archive, tmp_path, "rents.csv", RENTS)
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'tables'"
    ask(archive, "SELECT * FROM rents")
    assert archive.database.rows(tables) == [(f"d{key}_1",)]
    archive.holdings.remove(archive.find_source("docs"))
    collect(archive.database)
    assert archive.database.rows(tables) == []
    assert stored_tables(archive.database, {key: None}) == []


def test_what_comes_from_a_hostile_reader_is_checked(archive: DuckDBArchive, tmp_path: Path) -> None:
    from dataclasses import replace

    file = tmp_path / "a.csv"
    file.write_text(RENTS)
    document = registry.read(file)
    (table,) = document.tables
    broken = replace(document, tables=(replace(table, data=table.data[: len(table.data) // 2]),))
    source = archive.source_id("docs")
    with pytest.raises(Exception, match=r"(?i)invalid|expected|ipc|buffer|eof|body"):
        archive.store(Arrival(source, "a.csv", "x", broken, (), "none", 1))
    assert archive.documents(source) == []
