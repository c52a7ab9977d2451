"""The roles of a shared archive: a reader searches and shows, a loader loads and removes, the owner alone changes the schema."""

from __future__ import annotations

from importlib import resources

import pytest

from tests.support.archives import EMBEDDER, arrival, unit_vectors
from tests.support.postgres import execute, new_database, url_of
from workbench.core.errors import ArchiveError
from workbench.storage.archive import ArchivalStorage
from workbench.storage.passage_search import Within
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.roles import statements
from workbench.storage.postgres.schema import scripts
from workbench.storage.postgres.server import PostgresServer


@pytest.fixture(scope="module")
def database() -> str:
    """A database with one document, and the two roles."""
    url = new_database()
    name = url.split("@/")[1].split("?")[0]
    owner = PostgresArchive(PostgresServer(url), "owner")
    owner.store(arrival(owner.source_id("papers"), "a.txt", ["The lamp burns oil."]), unit_vectors(1))
    owner.close()
    for role in ("reader", "loader"):
        execute(f"DO $$ BEGIN CREATE ROLE test_{role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        for statement in statements(role, f"test_{role}"):
            execute(statement, name)
    return name


def opened(database: str, role: str) -> PostgresArchive:
    return PostgresArchive(PostgresServer(url_of(database, user=f"test_{role}")), role)


def search(archive: ArchivalStorage) -> list[int]:
    assert archive.search is not None
    paths = archive.paths([archive.find_source("papers")])
    return archive.search.among(paths).nearest(unit_vectors(1)[0], 5, Within()).ids.tolist()


def test_a_reader_searches_and_shows_and_changes_nothing(database: str) -> None:
    archive = opened(database, "reader")
    found = search(archive)
    assert len(found) == 1
    archive.refer(found)
    assert execute("SELECT count(*) FROM workbench.referred WHERE home = 'reader'", database) == [(1,)]
    changes = (
        lambda: archive.source_id("mine"),
        lambda: archive.store(arrival(1, "b.txt", ["Rope."])),
        lambda: archive.holdings.remove(archive.find_source("papers")),
        lambda: archive.notes.set(archive.find_source("papers"), "", "Read this."),
    )
    for change in changes:
        with pytest.raises(ArchiveError, match="You may not do that") as refused:
            change()
        assert "loader" in refused.value.hint
    archive.close()


def test_a_loader_loads_embeds_and_removes(database: str) -> None:
    archive = opened(database, "loader")
    source = archive.source_id("loaded")
    archive.store(arrival(source, "b.txt", ["Rope of hemp."]))
    (waiting,) = archive.waiting.claim(0, 10, EMBEDDER)
    archive.waiting.store([waiting.id], unit_vectors(2), EMBEDDER)
    archive.holdings.remove(source)
    assert archive.collect() == 1
    archive.close()


def test_a_loader_does_not_change_the_schema(database: str) -> None:
    newest = max(scripts())
    execute(f"DELETE FROM workbench.schema_versions WHERE version = {newest}", database)
    try:
        with pytest.raises(
            ArchiveError, match=f"has schema {newest - 1}, this workbench needs {newest}, and you may not"
        ):
            opened(database, "loader")
    finally:
        execute(f"INSERT INTO workbench.schema_versions VALUES ({newest}, now())", database)


def test_the_documentation_has_the_statements() -> None:
    page = (resources.files("workbench") / "docs" / "postgres.md").read_text(encoding="utf-8")
    for role, name in (("reader", "anna"), ("loader", "ben")):
        for statement in statements(role, name):
            assert f"    {statement};" in page


def test_who_may_load_is_known(database: str) -> None:
    for role, may in (("reader", False), ("loader", True)):
        archive = opened(database, role)
        assert archive.may_load() is may
        archive.close()


def test_there_are_no_other_roles() -> None:
    with pytest.raises(ValueError, match="admiral"):
        statements("admiral", "anna")
    assert all('"a""b"' in line for line in statements("reader", 'a"b'))
