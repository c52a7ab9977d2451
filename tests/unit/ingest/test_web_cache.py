"""What was fetched for a source goes with it, unless another source names it too."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from loaders import fetch
from workbench.api.documents import LoadOptions

ONE, TWO = "https://example.org/one", "https://example.org/two"


@pytest.fixture
def session(make_session: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def fetched(url: str, **_: Any) -> fetch.Fetched:
        page = (
            f"<html><body><h1>Of {url[-3:]}</h1><p>The lamp of {url} burned whale oil for many years.</p></body></html>"
        )
        return fetch.Fetched(url, page.encode(), {"content-type": "text/html"})

    monkeypatch.setattr(fetch, "fetch", fetched)
    return make_session()


def load(session: Any, source: str, *named: str, query: str = "") -> Any:
    return list(session.load(list(named), source, attach=False, options=LoadOptions(query=query)))[-1]


def kept(home: Path, folder: str = "web") -> int:
    return sum(file.is_file() and file.suffix != ".json" for file in (home / "data" / folder).rglob("*"))


def test_a_page_goes_with_its_last_source(session: Any, home: Path) -> None:
    assert load(session, "a", ONE, TWO).documents == 2
    load(session, "b", TWO)
    assert kept(home) == 2
    session.library.remove("a")
    assert kept(home) == 1
    assert load(session, "b", TWO).unchanged == 1
    session.library.remove("b")
    assert not any((home / "data" / "web").iterdir())


def test_a_page_that_is_removed_is_not_loaded_again_with_its_source(session: Any, home: Path) -> None:
    load(session, "a", ONE, TWO)
    session.library.remove("a", ONE)
    assert kept(home) == 1
    loaded = list(session.library.reload("a"))[-1]
    assert (loaded.documents, loaded.unchanged) == (0, 1)


def test_rows_of_a_database_go_too_and_what_is_forgotten(session: Any, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'row one' AS a UNION ALL SELECT 'row two'")
    connection.close()
    load(session, "rows", f"sqlite:///{file}", query="SELECT a FROM t")
    load(session, "pages", ONE)
    assert (kept(home, "database"), kept(home)) == (2, 1)
    session.open_agent("ada")
    for source in ("rows", "pages"):
        session.timeline.eraser.erase(session.timeline.eraser.source(source))
    assert (kept(home, "database"), kept(home)) == (0, 0)
