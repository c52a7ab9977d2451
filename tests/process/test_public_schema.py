"""The schema on disk is public: what users are told they can query is there under those names, in the file and by `workbench sql`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from workbench.cli.main import main
from workbench.core.errors import UsageError
from workbench.sql.catalog import VIEWS


def test_the_file_has_the_names_and_columns_that_are_promised(make_session: Any, papers: Path, home: Path) -> None:
    session = make_session()
    list(session.load([papers], attach=False))
    session.close()
    with duckdb.connect(str(home / "data" / "workbench.duckdb"), read_only=True) as connection:
        kinds = {row[0]: row[1] for row in connection.execute("DESCRIBE passages").fetchall()}
        assert kinds["embedding"] == "FLOAT[384]"
        rows = connection.execute(
            "SELECT s.name, l.path, p.text, list_sum(p.embedding) FROM source_documents l "
            "JOIN sources s ON s.source_id = l.source JOIN passages p ON p.document_id = l.document ORDER BY l.path"
        ).fetchall()
    assert rows
    assert {name for name, *_ in rows} == {"papers"}
    assert all(embedded is not None for *_, embedded in rows)


def test_what_was_not_embedded_yet_is_a_row_without_a_vector(make_session: Any, papers: Path) -> None:
    session = make_session()
    list(session.load([papers], attach=False))
    database = session.app.database
    database.write(lambda connection: connection.execute("DELETE FROM embeddings WHERE passage_id = 1"))
    assert database.rows("SELECT embedding IS NULL FROM main.passages WHERE passage_id < 3 ORDER BY 1") == [
        (False,),
        (True,),
    ]


@pytest.mark.nightly
def test_sql_reaches_them_unless_it_is_told_where_to_look(make_session: Any, papers: Path, tmp_path: Path) -> None:
    session = make_session()
    list(session.load([papers], attach=False))
    tables = session.tables
    assert (
        tables.query("SELECT count(*) FROM passages").rows == tables.query("SELECT count(embedding) FROM passages").rows
    )
    assert tables.query("SELECT * FROM passages").columns[-1] == "embedding"
    assert tables.query("SELECT path FROM source_documents ORDER BY path").rows[0] == ("00-alda.md",)
    for view in VIEWS:
        assert tables.query(f"SELECT count(*) FROM {view}").rows[0][0] != "0"
    for wrong in ("SELECT * FROM texts", "SELECT * FROM store.passages", "DELETE FROM passages"):
        with pytest.raises(UsageError):
            tables.query(wrong)
    # A document's own table goes before, and whoever is told a source sees that source only.
    (tmp_path / "pages.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    list(session.load([tmp_path / "pages.csv"], "numbers", attach=False))
    assert tables.query("SELECT a FROM pages").rows == (("1",),)
    with pytest.raises(UsageError, match="no table"):
        tables.query("SELECT * FROM passages", source="numbers")
    session.open_agent("reader")
    session.attach("numbers")
    with pytest.raises(UsageError, match="no table"):
        session.tables.query("SELECT * FROM passages")


def test_the_command_prints_them(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    assert main(["sql", "SELECT count(*) AS n FROM passages", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [["0"]]
