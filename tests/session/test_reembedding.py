"""Sources with embedding models of their own: remembered, explained, and changed while the old vectors serve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.embedding_server import EmbeddingStandIn, embedding_server
from workbench.api.events import LoadProgress, Notice, Reembedded
from workbench.core.errors import ConfigError, EmbedderError
from workbench.core.settings import Settings
from workbench.services.session import Session


@pytest.fixture
def server() -> Iterator[EmbeddingStandIn]:
    with embedding_server() as running:
        yield running


def named(server: EmbeddingStandIn) -> str:
    return f"openai:words-embed@{server.url}"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    for number, what in enumerate(("whale oil for the lamp", "forty fathoms of rope", "a bell that rang twice a day")):
        (folder / f"{number}.txt").write_text(f"The keeper bought {what}.", encoding="utf-8")
    return folder


def beside(session: Any, **settings: Any) -> Session:
    """Another display of the same workbench, with other settings."""
    return Session(Settings(**settings), session.app.paths, app=session.app)


def found(session: Any, query: str) -> list[str]:
    page = session.search_service.search(query)
    return [hit.document for hit in page.hits]


def ranked_by(session: Any, query: str) -> list[float]:
    """The cosine that each passage had with the query, best first."""
    archive = session.app.archive
    paths = archive.paths([row.id for row in archive.sources()])
    return [why.cosine for why in session.app.search.ranking(paths, query).why]


def switch(session: Any, source: str, model: str) -> Reembedded:
    last = list(session.library.reembed(source, model))[-1]
    assert isinstance(last, Reembedded)
    return last


def test_a_source_keeps_the_model_that_it_began_with(make_session: Any, shelf: Path, server: EmbeddingStandIn) -> None:
    session = make_session(embedding_model=named(server))
    list(session.load([shelf], "s", attach=False))
    assert session.sources()[0].embedding == "words-embed (48 numbers)"
    [model] = session.app.archive.models.all().values()
    assert (model.dimensions, model.normalised, model.address) == (48, True, named(server))
    (shelf / "new.txt").write_text("A new book about lamps.", encoding="utf-8")
    before = len(server.texts)
    events = list(beside(session).library.reload("s"))
    [notice] = [event for event in events if isinstance(event, Notice)]
    assert "s keeps its embedding model" in notice.message
    assert "workbench reembed s" in notice.hint
    assert any("new book" in text for text in server.texts[before:])
    assert session.app.archive.waiting.by_source() == {}


def test_each_source_is_ranked_by_its_own_vectors(
    make_session: Any, shelf: Path, tmp_path: Path, server: EmbeddingStandIn
) -> None:
    session = make_session()
    list(session.load([shelf], "old", attach=False))
    letters = tmp_path / "letters"
    letters.mkdir()
    (letters / "a.txt").write_text("The lamp of the lighthouse wants whale oil.", encoding="utf-8")
    (letters / "b.txt").write_text("Nothing happened on Sunday.", encoding="utf-8")
    list(beside(session, embedding_model=named(server)).load([letters], "new", attach=False))
    before = len(server.texts)
    hits = found(session, "whale oil lamp")
    assert set(hits[:2]) == {"0.txt", "a.txt"}
    assert server.texts[before:] == ["whale oil lamp"]  # once, however many passages
    assert session.sources()[0].embedding == ""


def test_the_old_vectors_serve_until_all_new_ones_are_there(
    make_session: Any, shelf: Path, server: EmbeddingStandIn
) -> None:
    session = make_session()
    list(session.load([shelf], "s", attach=False))
    before = ranked_by(session, "whale oil")
    name = session.app.embedders.resolve(named(server))
    key = session.app.archive.find_source("s")
    [first, *_] = session.app.archive.models.next_lacking(key, name, 0, 10)
    session.app.archive.models.keep(name, [first.id], np.ones((1, 48), np.float32) / np.sqrt(48))
    assert session.app.archive.models.switch(key, name) is None
    assert ranked_by(session, "whale oil") == before
    result = switch(session, "s", named(server))
    assert (result.documents, result.passages, result.kept) == (3, 2, 1)
    assert ranked_by(session, "whale oil") != before
    rows = session.app.database.rows("SELECT (SELECT count(*) FROM embeddings), (SELECT count(*) FROM model_vectors)")
    assert rows == [(0, 3)]
    assert switch(session, "s", "minilm").documents == 3
    assert ranked_by(session, "whale oil") == before
    assert session.app.database.rows("SELECT count(*) FROM model_vectors") == [(0,)]


@pytest.mark.nightly
def test_what_a_stopped_or_failed_change_embedded_stays(
    make_session: Any, tmp_path: Path, server: EmbeddingStandIn
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(150):
        (folder / f"{number:03}.txt").write_text(f"Entry {number} of the keeper.", encoding="utf-8")
    session = make_session()
    list(session.load([folder], "s", attach=False))
    session.app.embedders.resolve(named(server))
    events = session.library.reembed("s", named(server))
    assert isinstance(next(events), LoadProgress)
    session.stop_load()
    [stopped] = list(events)
    assert (stopped.stopped, stopped.passages, stopped.left) == (True, 96, 54)
    assert session.sources()[0].embedding == ""
    server.failures = [(400, {"error": "cannot"})] * 20
    with pytest.raises(EmbedderError):
        list(session.library.reembed("s", named(server)))
    server.failures = []
    before = len(server.texts)
    result = switch(session, "s", named(server))
    assert (result.passages, result.kept) == (54, 96)
    assert sum("Entry" in text for text in server.texts[before:]) == 54
    assert session.app.archive.waiting.by_source() == {}


def test_a_change_that_is_given_up_leaves_nothing(make_session: Any, shelf: Path, server: EmbeddingStandIn) -> None:
    session = make_session()
    list(session.load([shelf], "s", attach=False))
    name, key = session.app.embedders.resolve(named(server)), session.app.archive.find_source("s")
    [first, *_] = session.app.archive.models.next_lacking(key, name, 0, 10)
    session.app.archive.models.keep(name, [first.id], np.ones((1, 48), np.float32))
    assert switch(session, "s", "minilm").passages == 0
    assert session.app.database.rows("SELECT count(*) FROM model_vectors") == [(0,)]


def test_a_server_that_is_down_leaves_words(make_session: Any, shelf: Path) -> None:
    session = make_session()
    with embedding_server() as server:
        list(session.load([shelf], "s", attach=False))
        switch(session, "s", named(server))
    assert found(session, "whale oil")[0] == "0.txt"
    [name] = session.app.archive.models.all()
    page = session.search_service.search("rope fathoms")
    assert page.hits[0].document == "1.txt"
    assert f"{name} cannot be asked" in page.note
    (shelf / "new.txt").write_text("A new book.", encoding="utf-8")
    with pytest.raises(EmbedderError, match="Nothing answers"):
        list(session.library.reload("s"))
    assert session.sources()[0].documents == 4
    assert session.sources()[0].unembedded == 1


def test_another_model_at_the_same_address_is_explained_and_replaced(
    make_session: Any, shelf: Path, server: EmbeddingStandIn
) -> None:
    session = make_session(embedding_model=named(server))
    list(session.load([shelf], "s", attach=False))
    session.app.embedders.stop()
    server.dimensions, server.salt = 32, "two"
    (shelf / "new.txt").write_text("A new book.", encoding="utf-8")
    with pytest.raises(EmbedderError, match="vectors of 32 numbers where it gave 48") as raised:
        list(session.library.reload("s"))
    assert "workbench reembed" in raised.value.hint
    result = switch(session, "s", "")
    assert (result.model, result.documents) == ("words-embed (2)", 4)
    assert found(session, "whale oil")[0] == "0.txt"


def test_a_model_that_moved_is_known_by_its_vectors(make_session: Any, shelf: Path, server: EmbeddingStandIn) -> None:
    session = make_session(embedding_model=named(server))
    list(session.load([shelf], "s", attach=False))
    with embedding_server() as elsewhere:
        result = switch(session, "s", named(elsewhere))
        assert (result.documents, result.passages, result.kept) == (0, 0, 3)
        [model] = session.app.archive.models.all().values()
        assert model.address == named(elsewhere)
        assert not any("keeper bought" in text for text in elsewhere.texts)


def test_a_document_of_two_sources_changes_in_both(make_session: Any, shelf: Path, server: EmbeddingStandIn) -> None:
    session = make_session()
    list(session.load([shelf], "s", attach=False))
    list(session.load([shelf / "0.txt"], "t", attach=False))
    assert switch(session, "s", named(server)).shared == ("t",)
    assert session.sources()[1].embedding == "words-embed (48 numbers)"
    assert found(session, "whale oil")[0] == "0.txt"


def test_nothing_of_a_vector_stays_when_its_document_goes(
    make_session: Any, shelf: Path, server: EmbeddingStandIn
) -> None:
    session = make_session(embedding_model=named(server))
    list(session.load([shelf], "s", attach=False))
    assert found(session, "whale oil")
    session.library.remove("s", "0.txt")
    assert session.app.database.rows("SELECT count(*) FROM model_vectors") == [(2,)]
    session.library.remove("s")
    assert session.app.database.rows("SELECT count(*) FROM model_vectors") == [(0,)]
    assert session.app.database.rows("SELECT count(*) FROM source_models") == [(0,)]


def test_the_key_and_the_password_stay_in_the_settings(
    make_session: Any, home: Path, shelf: Path, server: EmbeddingStandIn
) -> None:
    server.key = "sk-secret-0123456789"
    session = make_session(embedding_model=named(server), embedding_api_key=server.key)
    list(session.load([shelf], "s", attach=False))
    assert found(session, "whale oil")[0] == "0.txt"
    server.key = ""
    address = server.url.replace("http://", "http://me:pass-0987654321@")
    again = beside(session, embedding_model=f"openai:words-embed@{address}")
    list(again.load([shelf / "0.txt"], "t", attach=False))
    assert [model.address for model in session.app.archive.models.all().values()] == [named(server)]
    session.app.database.write(lambda connection: connection.execute("CHECKPOINT"), transaction=False)
    held = b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())
    assert b"0123456789" not in held
    assert b"0987654321" not in held


@pytest.mark.parametrize("name", ["nonsense", "openai:", "openai:@http://x/v1", "sentence-transformers:"])
def test_a_name_that_means_nothing_says_what_can_be_named(name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Settings(embedding_model=name)
    assert "minilm" in raised.value.hint


def test_the_command_says_what_it_did(run: Any, shelf: Path, server: EmbeddingStandIn) -> None:
    run("load", str(shelf), "--source", "s")
    code, lines, _ = run("reembed", "s", "--embedding-model", named(server))
    assert code == 0
    assert (lines[-1]["event"], lines[-1]["passages"], lines[-1]["stopped"]) == ("reembedded", 3, False)
    assert run("sources")[1][-1]["sources"][0]["embedding"] == "words-embed (48 numbers)"
    assert run("reembed", "nothing", "--embedding-model", named(server))[0] == 2
    assert run("reembed", "s", "--embedding-model", "nonsense")[0] == 2
