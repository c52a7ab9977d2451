"""The library of a session and its commands: reload, rename, remove, retry with a password, skip, watch."""

from __future__ import annotations

import argparse
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.ingest_fakes import pdf
from workbench.api.documents import LoadOptions
from workbench.api.events import Loaded, LoadProgress
from workbench.cli.commands import load as loading
from workbench.cli.commands import sources as commands
from workbench.core.errors import EmbedderError, NotFound, UsageError
from workbench.services.folder_watch import snapshot, watch


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    (folder / "old").mkdir(parents=True)
    (folder / "lamp.md").write_text("# Lamp\n\nThe lamp burned whale oil until 1890.\n", encoding="utf-8")
    (folder / "old" / "bell.txt").write_text("The bell rang twice a day.", encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    return folder


@pytest.fixture
def session(make_session: Any, shelf: Path) -> Any:
    made = make_session()
    list(made.load([shelf], "shelf", attach=False))
    return made


def chosen(**values: Any) -> argparse.Namespace:
    return argparse.Namespace(**{"json": True, "passwords": [], "source": None, "names": [], **values})


def last_line(text: str) -> dict[str, Any]:
    return dict(json.loads(text.strip().splitlines()[-1]))


def test_reload_looks_where_the_source_was_loaded_by_the_same_rules(make_session: Any, shelf: Path) -> None:
    session = make_session()
    list(session.load([shelf], "s", attach=False, options=LoadOptions(exclude=("old/",), passwords=("secret",))))
    (shelf / "new.txt").write_text("A new book.", encoding="utf-8")
    (shelf / "lamp.md").unlink()
    loaded = list(session.library.reload("s", prune=True))[-1]
    assert (loaded.documents, loaded.dropped) == (1, ("lamp.md",))
    assert "old/bell.txt" not in {item.path for item in session.documents("s")}
    [root] = session.app.archive.holdings.roots(session.app.archive.find_source("s"))
    assert "secret" not in root.rules


def test_rename_and_remove(session: Any) -> None:
    session.library.rename("shelf", "books")
    assert [source.name for source in session.sources()] == ["books"]
    with pytest.raises(UsageError):
        session.library.rename("books", " ")
    session.app.archive.source_id("other")
    with pytest.raises(UsageError):
        session.library.rename("books", "other")
    assert session.library.remove("books", "lamp.md") == 1
    assert session.library.remove("books", "empty.txt") == 0
    with pytest.raises(NotFound):
        session.library.remove("books", "lamp.md")
    assert [item.path for item in session.documents("books")] == ["old/bell.txt"]
    assert session.library.remove("books") == 1
    assert [source.name for source in session.sources()] == ["other"]
    assert session.app.database.rows("SELECT * FROM documents") == []


def test_what_an_agent_was_shown_stays_when_its_source_is_removed(session: Any) -> None:
    session.open_agent("a")
    session.attach("shelf")
    list(session.submit("Until when did the lamp burn whale oil?"))
    before = [session.recorded(step).body() for step in session.steps()]
    session.library.remove("shelf")
    assert [session.recorded(step).body() for step in session.steps()] == before
    assert session.app.database.rows("SELECT * FROM documents") != []
    assert session.search("whale oil").hits == ()


def test_the_queue_survives_and_a_password_opens(session: Any, shelf: Path, capsys: Any) -> None:
    pdf(shelf / "vault.pdf", ["The vault holds seventeen coins."], password="sesame")
    list(session.library.reload("shelf"))
    rows = session.library.queue("shelf")
    assert [(row.path, row.state, row.attempts) for row in rows] == [
        ("empty.txt", "failed", 1),
        ("vault.pdf", "failed", 1),
    ]
    capsys.readouterr()
    assert commands.queue(session, chosen(action="retry", names=["vault.pdf"], passwords=["wrong"])) == 1
    assert commands.queue(session, chosen(action="retry", names=["vault.pdf"], passwords=["sesame"])) == 0
    result = last_line(capsys.readouterr().out)
    assert (result["event"], result["documents"], result["failed"]) == ("loaded", 1, [])
    assert "vault.pdf" in {item.path for item in session.documents("shelf") if item.status == "loaded"}
    assert commands.queue(session, chosen(action="list")) == 0
    assert [row["path"] for row in last_line(capsys.readouterr().out)["files"]] == ["empty.txt"]
    with pytest.raises(NotFound):
        commands.queue(session, chosen(action="retry", names=["nowhere.pdf"]))


def test_skipping_ends_the_complaints(session: Any, shelf: Path, capsys: Any) -> None:
    assert commands.queue(session, chosen(action="skip", names=["empty.txt"], source="shelf")) == 0
    loaded = list(session.library.reload("shelf"))[-1]
    assert (loaded.failed, loaded.excluded) == ((), 1)
    (shelf / "empty.txt").write_text("Not empty any more.", encoding="utf-8")
    assert commands.queue(session, chosen(action="retry", names=["empty.txt"])) == 0
    assert session.library.queue() == []
    with pytest.raises(UsageError):
        commands.queue(session, chosen(action="skip"))


def test_sources_tell_everything(session: Any, shelf: Path, capsys: Any) -> None:
    (shelf / "lamp-copy.md").write_bytes((shelf / "lamp.md").read_bytes())
    list(session.library.reload("shelf"))
    session.library.note("shelf", "lamp.md", "the second edition")
    capsys.readouterr()
    assert commands.sources(session, chosen(action="")) == 0
    [source] = last_line(capsys.readouterr().out)["sources"]
    assert (source["documents"], source["unembedded"], source["queued"]) == (2, 0, 1)
    assert source["alike"] == [["lamp-copy.md", "lamp.md"]]
    files = {row["path"]: row for row in source["files"]}
    assert files["lamp.md"]["note"] == "the second edition"
    assert files["lamp.md"]["alike"] == ["lamp-copy.md"]
    assert files["empty.txt"]["status"] == "failed"
    assert files["empty.txt"]["reason"]
    assert files["empty.txt"]["remedy"]


def test_notes_are_listed_and_taken_away(session: Any, capsys: Any) -> None:
    given = {"source": "shelf", "document": "old/", "text": "worm-eaten", "remove": False}
    assert commands.note(session, chosen(**given)) == 0
    capsys.readouterr()
    commands.note(session, chosen(**{**given, "source": ""}))
    assert last_line(capsys.readouterr().out)["notes"] == [{"source": "shelf", "path": "old/", "text": "worm-eaten"}]
    with pytest.raises(UsageError):
        commands.note(session, chosen(**{**given, "text": ""}))
    assert commands.note(session, chosen(**{**given, "text": "", "remove": True})) == 0
    assert session.library.notes() == []


def test_a_load_says_what_it_did(session: Any, shelf: Path, capsys: Any) -> None:
    (shelf / "lamp.md").rename(shelf / "old" / "lamp.md")
    (shelf / "old" / "bell.txt").unlink()
    (shelf / "empty.txt").unlink()
    events = session.library.reload("shelf")
    assert loading.finished(loading.loads(session, events, as_json=True), as_json=True) == 0
    result = last_line(capsys.readouterr().out)
    assert result["moved"] == [{"from": "lamp.md", "to": "old/lamp.md"}]
    assert result["gone"] == ["old/bell.txt"]
    assert result["dropped"] == []


def test_passages_left_without_vectors_are_embedded_by_resume(session: Any) -> None:
    database = session.app.database
    database.write(lambda connection: connection.execute("DELETE FROM embeddings"))
    assert session.sources()[0].unembedded == 2
    events = list(session.library.resume())
    assert all(isinstance(event, LoadProgress) for event in events)
    assert session.sources()[0].unembedded == 0
    assert list(session.library.resume()) == []


def test_watching_loads_what_changes_and_ends_when_told(make_session: Any, shelf: Path) -> None:
    session = make_session()
    seen: list[Loaded] = []
    changed = threading.Event()

    def keep() -> None:
        for event in watch(session.library, [str(shelf)], "shelf", LoadOptions(prune=True)):
            if isinstance(event, Loaded):
                seen.append(event)
                changed.set()

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        assert changed.wait(60)
        changed.clear()
        (shelf / "new.txt").write_text("A new book.", encoding="utf-8")
        (shelf / "old" / "bell.txt").unlink()
        assert changed.wait(60)
    finally:
        session.stop_load()
        thread.join(60)
    assert not thread.is_alive()
    assert [event.documents for event in seen] == [2, 1]
    assert seen[1].dropped == ("old/bell.txt",)


def test_a_snapshot_sees_files_that_change_and_passes_over_hidden_ones(shelf: Path) -> None:
    before = snapshot([str(shelf), str(shelf / "nowhere")])
    assert {Path(path).name for path in before} == {"lamp.md", "bell.txt", "empty.txt"}
    (shelf / ".hidden").write_text("x", encoding="utf-8")
    assert snapshot([str(shelf)]) == before
    (shelf / "lamp.md").write_text("Longer than it was before, by some words.", encoding="utf-8")
    assert snapshot([str(shelf)]) != before
    assert list(snapshot([str(shelf / "lamp.md")])) == [str(shelf / "lamp.md")]


def test_a_load_whose_embedding_model_is_not_there_leaves_no_empty_source(make_session: Any, shelf: Path) -> None:
    session = make_session(embedding_model="openai:any@http://127.0.0.1:9/v1")
    for source in (None, "named"):
        with pytest.raises(EmbedderError, match="Nothing answers"):
            list(session.load([shelf], source, attach=True))
    assert session.sources() == []
    other = make_session()
    list(other.load([shelf], "kept", attach=False))
    with pytest.raises(EmbedderError):
        list(session.load([shelf], "another", attach=False))
    assert [source.name for source in session.sources()] == ["kept"]
