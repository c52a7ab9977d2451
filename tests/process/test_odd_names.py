"""Names and arguments whose bytes are not UTF-8, and homes that cannot be used: told or loaded, never a fault of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from workbench.api.rendering import why
from workbench.cli.main import main
from workbench.core.errors import ArchiveError
from workbench.core.sanitize import readable
from workbench.ingest.file_uri import path_of, place
from workbench.storage.database import Database

ODD = os.fsdecode(b"caf\xe9.txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / os.fsdecode(b"d\xfcr")
    made.mkdir()
    (made / ODD).write_text("The zebra costs twelve dollars.\n", encoding="utf-8")
    (made / os.fsdecode(b"\xff.pdf")).write_bytes(b"%PDF-1.4 nothing")
    return made


def test_a_place_gives_its_path_again() -> None:
    for path in ("/a/b c%20.txt", "/ä/€.md", "/x/" + ODD, "/x/" + os.fsdecode(b"%\xff\xc3\xa9")):
        place(path).encode()
        assert path_of(place(path)) == path
    assert place("/a/b c%20.txt") == "/a/b c%20.txt"


def test_files_whose_names_are_not_utf8_are_loaded_tried_again_and_missed(make_session: Any, folder: Path) -> None:
    session = make_session()
    loaded = [event for event in list(session.load([folder])) if event.name == "loaded"][-1]
    assert loaded.source == "d�r"
    assert (loaded.documents, [failed.path for failed in loaded.failed]) == (1, ["�.pdf"])
    assert session.search("zebra").hits[0].document == "caf�.txt"
    (folder / os.fsdecode(b"\xff.pdf")).write_bytes(b"")
    again = [event for event in list(session.library.retry()) if event.name == "loaded"][-1]
    assert [failed.reason for failed in again.failed] == ["the file is empty (0 bytes)"]
    (folder / ODD).unlink()
    gone = [event for event in list(session.library.reload("d�r")) if event.name == "loaded"][-1]
    assert gone.gone == ("caf�.txt",)


def test_the_same_path_is_one_source_for_everybody(make_session: Any, papers: Path) -> None:
    archive = make_session().app.archive
    name = archive.source_for_path(str(papers), "papers")
    real = archive.database.archive_row
    # The other display made the source after this one had looked for it.
    archive.database.archive_row = lambda sql, parameters=(): None if "root" in sql else real(sql, parameters)
    assert archive.source_for_path(str(papers), "papers") == name == "papers"


def test_arguments_are_made_unicode(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    assert readable(os.fsdecode("é".encode())) == "é"
    assert main(["ask", os.fsdecode(b"caf\xe9?"), "--attach", os.fsdecode(b"n\xe9")]) == 2
    assert "'n�'" in capsys.readouterr().err


@pytest.mark.parametrize("blocked", ["file", "folder"])
def test_a_home_that_cannot_be_used_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, blocked: str
) -> None:
    home = tmp_path / "home"
    if blocked == "file":
        home.write_text("here already")
    else:
        (home / "logs").mkdir(parents=True)
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "logs")
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    assert main(["sources"]) == 1
    said = capsys.readouterr().err
    assert "cannot be used" in said
    assert "WORKBENCH_HOME" in said


def test_a_database_of_a_trial_version_is_named(tmp_path: Path) -> None:
    file = tmp_path / "old.duckdb"
    Database(file).close()
    with duckdb.connect(str(file)) as connection:
        connection.execute("ALTER TABLE steps DROP COLUMN exact")
    with pytest.raises(ArchiveError, match=r"trial version.*steps\.exact"):
        Database(file)
    # It was let go of again.
    duckdb.connect(str(file)).close()


def test_reason_and_remedy_are_sentences() -> None:
    assert why("it is empty", "Delete it.") == "it is empty. Delete it."
    assert (why("Gone.", "Look."), why("", "Look."), why("it is empty", "")) == ("Gone. Look.", "Look.", "it is empty")
