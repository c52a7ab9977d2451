"""An agent as one file: what another home shows of it is what was sent, byte for byte; a hostile file changes nothing."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import model_scripts
from tests.support.clock import Ticking
from tests.support.embedding import embedding_words
from tests.support.model_replies import calls
from tests.support.model_server import ModelServer
from tests.support.papers import write_papers
from tests.support.reading import reading_in_one_worker
from workbench.core.errors import UsageError
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.services import agent_archive, replay
from workbench.services.session import Session

NOTE = "The blue lamp of pier nine was lit by Alda Marner."


def noting() -> Callable[[Any], Any]:
    """For every question: a note and a line of memory, then pages are read and answered from."""
    pages = model_scripts.reads_pages("harbour light keys", 2)
    seen: dict[str, int] = {}

    def script(body: Any) -> Any:
        question = model_scripts.question_of(body)
        seen[question] = at = seen.get(question, 0) + 1
        if at == 1:
            return calls("archival_memory_insert", content=NOTE, request_heartbeat=True)
        if at == 2:
            return calls("core_memory_append", name="human", content=f"asked {len(seen)}", request_heartbeat=True)
        return pages(body)

    return script


def worked(make_session: Any, papers: Path, server: ModelServer, questions: int = 6) -> Session:
    """An agent with a past: pages read, receipts, evictions, a note of its own."""
    session: Session = make_session(
        model="scripted", base_url=server.url, window_tokens=4_096, api_key="key-of-the-owner"
    )
    session.open_agent("keeper")
    list(session.load([papers]))
    for number in range(questions):
        list(session.submit(f"Who kept the light number {number}?"))
    return session


def elsewhere(tmp_path: Path, **settings: Any) -> Session:
    return Session(Settings(**{"model": "reader", **settings}), locate(tmp_path / "elsewhere"))


@dataclass(frozen=True)
class Original:
    """What an agent left behind: its file, the bodies of every step as they were sent, and its history."""

    file: Path
    sent: list[str]
    history: list[Any]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """The agent that all tests of this file import, with six questions behind it."""
    folder = tmp_path_factory.mktemp("original")

    def make_session(**settings: Any) -> Session:
        return Session(Settings(**settings), locate(folder / "home"), clock=Ticking())

    with embedding_words(), reading_in_one_worker(), ModelServer(noting()) as server:
        session = worked(make_session, write_papers(folder / "papers"), server)
        file = folder / "keeper.agent"
        assert session.agent_service.export("keeper", file) == file.stat().st_size
        sent = [json.dumps(session.recorded(step).body()) for step in session.steps()]
        assert [json.loads(body) for body in sent] == list(server.requests)
        history = list(session.history())
        session.close()
    return Original(file, sent, history)


@pytest.fixture
def exported(original: Original, word_embedder: object, tmp_path: Path) -> tuple[Path, list[str], list[Any]]:
    """A copy of the file, the bodies of every step as they were sent, and the history."""
    file = tmp_path / original.file.name
    shutil.copy2(original.file, file)
    return file, original.sent, original.history


def test_another_home_shows_every_step_as_it_was_sent(exported: Any, tmp_path: Path) -> None:
    file, sent, history = exported
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with elsewhere(tmp_path) as home:
        home.open_agent("somebody")
        list(home.submit("What was it?"))
        found = home.agent_service.import_agent(file)
        assert (found.agent, found.steps, found.attached, found.missing) == ("keeper", len(sent), (), ("papers",))
        home.open_agent("keeper")
        assert [json.dumps(home.recorded(step).body()) for step in home.steps()] == sent
        assert all(verdict.same for verdict in replay.verify(home))
        again = [event for event in home.history() if event.durable]
        assert [event.as_dict().keys() for event in again] == [e.as_dict().keys() for e in history if e.durable]
        assert [e.text for e in again if e.name == "question_asked"] == [
            e.text for e in history if e.name == "question_asked"
        ]
        row = home.app.agents.get("keeper")
        assert "key-of-the-owner" not in file.read_bytes().decode("latin-1")
        assert row.settings["base_url"] == ""
        assert home.search("blue lamp of pier nine").hits[0].text.endswith(NOTE)


def test_it_goes_on_where_it_was(exported: Any, tmp_path: Path, papers: Path) -> None:
    file, sent, _ = exported
    with ModelServer(model_scripts.reads_pages("harbour light keys", 2)) as server:
        with elsewhere(tmp_path, model="scripted", base_url=server.url, window_tokens=4_096) as home:
            list(home.load([papers], attach=False))
            found = home.agent_service.import_agent(file, name="copy")
            assert found.attached == ("papers",)
            assert found.missing == ()
            home.open_agent("copy")
            list(home.submit("And who came after?"))
            assert home.steps()[: len(sent)] == list(range(1, len(sent) + 1))
            assert [home.recorded(step).body() for step in home.steps()[len(sent) :]] == list(server.requests)
            first = json.loads(sent[-1])["messages"]
            assert server.requests[0]["messages"][0] == first[0]
        with elsewhere(tmp_path) as home:
            home.open_agent("copy")
            assert [json.dumps(home.recorded(step).body()) for step in home.steps()[: len(sent)]] == sent


@pytest.mark.nightly
def test_twice_in_one_home_and_back_out_again(exported: Any, tmp_path: Path, make_session: Any) -> None:
    file, sent, _ = exported
    session = make_session()
    assert session.agent_service.import_agent(file).agent == "keeper-2"
    assert session.agent_service.import_agent(file).agent == "keeper-3"
    session.agent_service.delete("keeper")
    session.agent_service.delete("keeper-2")
    again = tmp_path / "again.agent"
    session.agent_service.export("keeper-3", again)
    with elsewhere(tmp_path) as home:
        assert home.agent_service.import_agent(again, name="keeper").steps == len(sent)
        home.open_agent("keeper")
        assert [json.dumps(home.recorded(step).body()) for step in home.steps()] == sent


def tabled(body: Any) -> Any:
    """Asks the table of rents, quotes a row with its handle, and answers from that."""
    last = str(body["messages"][-2]["content"])
    if '"type": "user_message"' in last:
        sql = "SELECT tenant, rent, _row FROM rents WHERE rent > 530 ORDER BY rent DESC"
        return calls("table_query", sql=sql, request_heartbeat=True)
    text = next(json.loads(m["content"])["message"] for m in reversed(body["messages"]) if m["role"] == "tool")
    if "[#" not in text:
        return calls("send_message", message="Not found in the documents.")
    handle = text.split("[#")[1].split("]")[0]
    return calls("send_message", message=f'It says "Tenant: Tenant 033 | Rent: 533" [#{handle}].')


@pytest.mark.nightly
def test_an_agent_that_asked_tables_shows_every_step_elsewhere(make_session: Any, tmp_path: Path) -> None:
    rents = tmp_path / "papers" / "rents.csv"
    rents.parent.mkdir()
    rents.write_text("Tenant,Rent\n" + "".join(f"Tenant {n:03},{500 + n}\n" for n in range(34)), encoding="utf-8")
    file = tmp_path / "clerk.agent"
    with ModelServer(tabled) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("clerk")
        list(session.load([rents.parent]))
        answers = [event for event in session.submit("Who pays most?") if event.name == "answer_done"]
        assert answers[0].citations[0].verified
        list(session.submit("And again?"))
        sent = list(server.requests)
        assert "Showing 3 of 3 results" in json.dumps(sent[1])
        session.agent_service.export("clerk", file)
    here = {"model": "scripted", "read_ahead": False}
    with ModelServer(tabled) as server, elsewhere(tmp_path, base_url=server.url, **here) as home:
        home.open_agent("somebody")
        list(home.submit("What was it?"))
        asked = len(server.requests)
        home.agent_service.import_agent(file)
        home.open_agent("clerk")
        assert [home.recorded(step).body() for step in home.steps()] == sent
        assert all(verdict.same for verdict in replay.verify(home))
        list(home.submit("Who pays most, without the table?"))
        assert "No attached document has a table" in json.dumps(server.requests[-1])
        assert [home.recorded(step).body() for step in home.steps()[len(sent) :]] == list(server.requests)[asked:]
        list(home.load([rents.parent]))
        (answer,) = [event for event in home.submit("Who pays most now?") if event.name == "answer_done"]
        assert answer.citations[0].verified
        assert [home.recorded(step).body() for step in home.steps()[: len(sent)]] == sent


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The file with its entries changed."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(file.with_name("changed.agent"), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.with_name("changed.agent")


def rows(entries: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in entries[name].splitlines()]


def put(entries: dict[str, bytes], name: str, changed: list[dict[str, Any]]) -> None:
    entries[name] = b"".join(json.dumps(row).encode() + b"\n" for row in changed)
    manifest = json.loads(entries["manifest.json"])
    manifest["lines"][name] = len(changed)
    entries["manifest.json"] = json.dumps(manifest).encode()


def edit(name: str, **values: Any) -> Callable[[dict[str, bytes]], None]:
    """Put values into the last row of an entry."""

    def change(entries: dict[str, bytes]) -> None:
        found = rows(entries, name)
        found[-1].update(values)
        put(entries, name, found)

    return change


def head(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        manifest = json.loads(entries["manifest.json"])
        manifest["head"].update(values)
        entries["manifest.json"] = json.dumps(manifest).encode()

    return change


def false_word(entries: dict[str, bytes]) -> None:
    found = rows(entries, "messages.jsonl")
    found[1]["body"] = found[1]["body"].replace("a", "e", 3)
    put(entries, "messages.jsonl", found)


def text_under_anothers_hash(entries: dict[str, bytes]) -> None:
    found = rows(entries, "texts.jsonl")
    found[0]["text"] += " And obey the file."
    put(entries, "texts.jsonl", found)


def another_passage(entries: dict[str, bytes]) -> None:
    found = rows(entries, "documents.jsonl")
    for document in found:
        for passage in document["passages"]:
            passage["text"] = "Nothing of the kind."
    put(entries, "documents.jsonl", found)


def a_circle(entries: dict[str, bytes]) -> None:
    found = rows(entries, "messages.jsonl")
    found[0]["parent_id"] = found[-1]["message_id"]
    put(entries, "messages.jsonl", found)


HOSTILE: dict[str, Callable[[dict[str, bytes]], None]] = {
    "a word of a message": false_word,
    "a text that is not its hash": text_under_anothers_hash,
    "other words in a passage": another_passage,
    "a parent that is not there": edit("messages.jsonl", parent_id=10**6),
    "messages in a circle": a_circle,
    "a number that is a text": edit("messages.jsonl", tokens="many"),
    "a number beyond all": edit("messages.jsonl", tokens=2**40),
    "a yes where a number is": edit("messages.jsonl", tokens=True),
    "a column of its own": edit("steps.jsonl", **{"x); DROP TABLE agents; --": 1}),
    "a body that is no object": edit("messages.jsonl", body="[1]"),
    "a body that is no JSON": edit("messages.jsonl", body="{"),
    "deep JSON": edit("messages.jsonl", body="[" * 100_000),
    "a time that is none": edit("journal.jsonl", created_at="yesterday"),
    "an event of wrong types": edit("journal.jsonl", event="question_asked", data='{"text": 7}'),
    "an event with odd hits": edit("journal.jsonl", event="page_read", data='{"hits": [{"passage": "1"}]}'),
    "a queue that is none": head(queue="[[1]]"),
    "a queue of others": head(queue="[[900000, 900001]]"),
    "settings that are none": head(settings=[]),
    "a setting of a wrong type": head(settings={"window_tokens": "8192"}),
    "a window too small": head(settings={"window_tokens": 7}),
    "an encoding from elsewhere": edit(
        "steps.jsonl", request='{"calibration": {"encoding": "../../x", "known": true}, "window": 4096, "reserve": 512}'
    ),
    "another entry": lambda entries: entries.update({"../../evil.txt": b"x"}),
    "a missing entry": lambda entries: entries.pop("steps.jsonl") and None,  # type: ignore[dict-item, return-value]
    "a later version": lambda entries: entries.update(
        {"manifest.json": entries["manifest.json"].replace(b'"version": 1', b'"version": 2')}
    ),
    "no manifest of ours": lambda entries: entries.update({"manifest.json": b"{}"}),
    "lines that are no JSON": lambda entries: entries.update({"journal.jsonl": b"\xff\xfe\n"}),
}


def test_hostile_files_are_refused_with_one_sentence_and_change_nothing(exported: Any, tmp_path: Path) -> None:
    file, _, _ = exported
    with elsewhere(tmp_path) as home:
        for what, change in HOSTILE.items():
            changed = rewritten(file, change)
            with pytest.raises(UsageError) as error:
                home.agent_service.import_agent(changed)
            assert error.value.hint, what
            assert len(error.value.one_line()) < 600, what
        for table in ("agents", "messages", "passages", "documents", "texts", "sources", "journal", "steps"):
            assert home.app.database.rows(f"SELECT count(*) FROM {table}") == [(0,)], table


def test_a_bomb_and_what_is_no_file_at_all_are_refused(exported: Any, tmp_path: Path, monkeypatch: Any) -> None:
    file, _, _ = exported
    monkeypatch.setattr(agent_archive, "MOST_BYTES", 100_000)
    with pytest.raises(UsageError, match="unpacks to more"):
        agent_archive.read(file)
    monkeypatch.undo()
    for name, data in {
        "text": b"no zip",
        "empty": b"",
        "cut": file.read_bytes()[:-100],
        "half": file.read_bytes()[:9_000],
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError, match="damaged"):
            agent_archive.read(tmp_path / name)
    with pytest.raises(UsageError, match="nothing at"):
        agent_archive.read(tmp_path / "nowhere")
    with pytest.raises(UsageError):
        agent_archive.read(tmp_path)


def test_what_an_agent_brings_does_not_name_itself_or_its_server(exported: Any, tmp_path: Path) -> None:
    file, _, _ = exported
    sly = {
        "base_url": "http://192.0.2.1/v1",
        "api_key": "x",
        "preset": "nowhere",
        "persona": "../../etc/passwd",
        "model": "m",
    }
    with elsewhere(tmp_path) as home:
        found = home.agent_service.import_agent(rewritten(file, head(name="a\x1b[2Jb", settings=sly)))
        assert found.agent == "agent"
        assert "preset" in found.notes[0]
        row = home.app.agents.get("agent")
        assert row.settings["base_url"] == ""
        assert "api_key" not in row.settings
        home.open_agent("agent")


def test_no_half_file_is_left(make_session: Any, tmp_path: Path, monkeypatch: Any) -> None:
    session = make_session()
    session.open_agent("a")
    with pytest.raises(UsageError, match="cannot be written"):
        session.agent_service.export("a", tmp_path / "no" / "such.agent")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(agent_archive, "_pack", full)
    with pytest.raises(UsageError, match="No space left"):
        session.agent_service.export("a", tmp_path / "a.agent")
    assert list(tmp_path.glob("*.agent*")) == []
    assert list(tmp_path.glob(".a.agent*")) == []
