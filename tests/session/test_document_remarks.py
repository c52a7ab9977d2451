"""What is to be known of a loaded document: rows beyond its text, pages that were not read; in the list and on the screen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from loaders import registry, tables
from tests.support.desk import Desk, store_file
from tests.support.fake_session import FakeSession
from tests.support.grid import grid
from tests.support.ingest_fakes import archive_in, run
from tests.support.pilot import WIDE, piloted, running, wait_until
from workbench.api.rendering import file_lines
from workbench.api.session import DocumentInfo, SourceInfo
from workbench.cli.commands import sources
from workbench.storage.metadata import remark


def test_rows_beyond_the_text_are_said_to_be_reached_by_sql(
    make_session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "SHOWN_CHARS", 400)
    one = Desk(make_session())
    store_file(one, tmp_path, "rents.csv", "Tenant,Rent\n" + "".join(f"Tenant {n},{n}\n" for n in range(500)))
    store_file(one, tmp_path, "few.csv", "Tenant,Rent\nAda,1\nEve,2\n")
    said = {item.path: item.remark for item in one.session.documents("shelf")}
    assert said["few.csv"] == ""
    hidden = int(said["rents.csv"].split()[0])
    assert 400 < hidden < 500
    assert said["rents.csv"].endswith("more rows are not in the text: ask for them by SQL (workbench sql, table_query)")
    assert one.session.tables.query("SELECT count(*) FROM rents WHERE _row IS NULL").rows == ((str(hidden),),)
    sources.sources(one.session, argparse.Namespace(action=None, json=False))
    assert f"  rents.csv: {said['rents.csv']}" in capsys.readouterr().out.splitlines()


def test_rows_of_a_parquet_file_too(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.table({"n": range(5_000)}), tmp_path / "n.parquet")
    assert remark(registry.read(tmp_path / "n.parquet").metadata).startswith("3,000 more rows are not in the text")


def test_what_else_loaders_note() -> None:
    assert remark({}) == remark({"author": "Ada", "read_with": "pypdf"}) == ""
    assert remark({"pages_not_read": "3-4", "why": "Install tesseract."}) == (
        "pages 3-4 are pictures and were not read: Install tesseract."
    )
    assert remark({"note": "not valid JSON,\nkept as text"}) == "not valid JSON, kept as text"


@piloted
async def test_the_library_screen_shows_it() -> None:
    shelf = [SourceInfo("rents", 1, 1, 9, 900, True, "")]
    papers = [DocumentInfo("rents", "rents.csv", "", 1, 9, 900, remark="70 more rows are not in the text")]
    async with running(FakeSession(shelf=shelf, papers=papers), WIDE) as (app, pilot):
        await pilot.press("f4")
        await wait_until(pilot, lambda: "70 more rows are not in the text" in grid(app))


def test_a_load_tells_the_remarks_of_what_it_read(tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text('{"a": ', encoding="utf-8")
    (tmp_path / "whole.json").write_text('{"a": 1}', encoding="utf-8")
    archive = archive_in(tmp_path / "home")
    try:
        _, loaded = run([tmp_path / "torn.json", tmp_path / "whole.json"], archive)
        assert loaded.remarks == (("torn.json", "not valid JSON, kept as text"),)
        assert "remark: torn.json: not valid JSON, kept as text" in list(file_lines(loaded))
        assert run([tmp_path / "torn.json"], archive)[1].remarks == ()
    finally:
        archive.database.close()
