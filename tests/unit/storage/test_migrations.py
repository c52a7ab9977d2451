"""Databases of every released schema open with all their rows; those of a newer workbench are refused with the reason."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.support.old_databases import build, versions
from workbench.core.errors import ArchiveError
from workbench.storage.database import Database
from workbench.storage.schema import newest_version
from workbench.storage.verification import verified

_COUNTED = (
    "texts",
    "sources",
    "documents",
    "pages",
    "passages",
    "embeddings",
    "messages",
    "agents",
    "attachments",
    "steps",
)


def counts(file: Path) -> dict[str, int]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM main.{name}").fetchall()[0][0] for name in _COUNTED}


@pytest.mark.parametrize("version", versions())
def test_an_old_database_opens_whole_and_is_of_this_schema_then(tmp_path: Path, version: int) -> None:
    file = build(tmp_path / "old.duckdb", version)
    before = counts(file)
    assert min(before.values()) >= 1
    database = Database(file)
    try:
        assert database.damage == ""
        assert [finding for finding in verified(database) if finding.wrong] == []
        assert database.rows("SELECT max(version) FROM schema_versions")[0][0] == newest_version()
    finally:
        database.close()
    assert counts(file) == before


def test_a_database_of_a_newer_workbench_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = build(tmp_path / "new.duckdb", newest_version())
    with duckdb.connect(str(file)) as connection:
        connection.execute("INSERT INTO schema_versions VALUES (999, now()::TIMESTAMP)")
        connection.execute("CREATE TABLE of_the_future (number INTEGER)")
    before = counts(file)
    with pytest.raises(ArchiveError, match="newer workbench.*999") as caught:
        Database(file)
    assert "Upgrade" in caught.value.hint
    assert counts(file) == before
