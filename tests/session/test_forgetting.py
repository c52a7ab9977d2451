"""Forgetting: what a user wants erased is nowhere any more, and an old step shows a tombstone where it showed it."""

from __future__ import annotations

import json
import random
import stat
import string
from pathlib import Path
from typing import Any

import pytest

from tests.support import model_scripts
from tests.support.conversations import SECRET, ask, keeps, recalled, state, talks, told, verdicts
from tests.support.model_replies import Reply, calls
from tests.support.model_server import ModelServer
from workbench.api.results import TOMBSTONE
from workbench.core.errors import NotFound, UsageError
from workbench.core.tokens import count_message
from workbench.memory.erasure.redaction import Redaction


def everything(session: Any) -> str:
    """Every value of every table, as one text."""
    database = session.app.database
    tables = database.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY 1")
    assert len(tables) > 15
    rows = (row for (table,) in tables for row in database.rows(f"SELECT * FROM {table}"))
    return "\n".join(json.dumps([str(value) for value in row], ensure_ascii=False) for row in rows)


def sound(session: Any) -> None:
    """The queue's counts equal a recount, and the next prompt is what is stored."""
    state(session)
    memory = session.current_agent.workspace.memory
    for message in memory.queue.messages:
        assert message.tokens == count_message(message.wire)


def test_a_message_is_nowhere_any_more(make_session: Any) -> None:
    with ModelServer(keeps) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False, window_tokens=4096)
        session.open_agent("tester")
        ask(session, "Good morning to you.")
        before = len(session.steps())
        ask(session, SECRET)
        ask(session, "Find it again, please.")
        list(session.timeline.summarize())
        for number in range(3):
            ask(session, f"Chat {number}: " + "the gulls sat on the pier and looked at the sea. " * 5)
        session.open_agent(session.timeline.fork(session.steps()[4], "twin"))
        session.open_agent("tester")
        assert any("brass key" in body for (body,) in session.app.database.rows("SELECT body FROM summaries"))
        assert everything(session).count("brass key") > 12

        plan = session.timeline.eraser.words("brass key of the old")
        assert [line.split(":")[0].split()[1] for line in plan.message_lines] == ["user", "model", "model", "model"][
            : len(plan.messages)
        ]
        said = session.timeline.eraser.erase(plan)
        assert said.startswith("forgotten: ")
        found = everything(session)
        assert "brass key of" not in found
        assert "third stone of the harbour wall" not in found
        assert "third stone of the harbour wall" not in json.dumps([vars(e) for e in session.history()], default=str)
        sound(session)
        assert any(TOMBSTONE in text for text in told(session))
        assert len(recalled(session)) == len(told(session))
        assert [step for step, verdict in verdicts(session).items() if verdict == "same"][:before] == session.steps()[
            :before
        ]
        assert set(verdicts(session).values()) == {"same", "forgotten"}
        first = session.recorded(before + 1)
        assert first.forgotten
        assert any(TOMBSTONE in str(m["content"]) for m in first.prompt.messages)
        ask(session, "And now?")
        assert "brass key of" not in json.dumps(server.requests[-1])
        assert session.recorded(session.steps()[-1]).body() == server.requests[-1]
        session.open_agent("twin")
        sound(session)
        assert set(verdicts(session).values()) == {"same", "forgotten"}

        session.close()
        assert b"third stone" not in session.app.database.file.read_bytes()
        again = make_session(model="scripted", base_url=server.url, read_ahead=False)
        again.open_agent("tester")
        assert "third stone" not in everything(again)
        sound(again)
        with pytest.raises(NotFound):
            again.timeline.eraser.words("brass key of the old")


def test_one_message_by_its_number(make_session: Any) -> None:
    with ModelServer(keeps) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        ask(session, "My number is 4711-88.")
        ask(session, "Another sentence about the weather today.")
        line = session.timeline.eraser.words("4711-88").message_lines[0]
        plan = session.timeline.eraser.message(int(line[1:].split()[0]))
        assert len(plan.messages) == 1
        session.timeline.eraser.erase(plan)
        assert "4711-88" not in everything(session)
        assert "Another sentence about the weather today." in told(session)
        sound(session)
        with pytest.raises(NotFound):
            session.timeline.eraser.message(99_999)
        with pytest.raises(UsageError, match="too short"):
            session.timeline.eraser.words("yes")


def test_what_a_message_says_beside_the_words_is_not_hunted(make_session: Any) -> None:
    with ModelServer(talks) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        ask(session, "first thing")
        ask(session, "second thing")
        session.timeline.eraser.erase(session.timeline.eraser.words("second thing"))
        assert "second thing" not in everything(session)
        assert list(verdicts(session).values()) == ["same", "same", "forgotten", "forgotten"]
        assert "I should note it." in str(session.transcript()[1])


def test_what_other_messages_say_in_the_same_words_stays(make_session: Any) -> None:
    with ModelServer(keeps) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        for number in (11, 12, 13):
            ask(session, f"The number of the {number}th lamp on the long western pier is {number * 37}.")
        session.timeline.eraser.erase(session.timeline.eraser.words("the 12th lamp"))
        found = everything(session)
        assert "12th" not in found
        assert "is 444" not in found
        for number in (11, 13):
            assert (
                f"You said this: The number of the {number}th lamp on the long western pier is {number * 37}." in found
            )


def test_a_document_is_nowhere_any_more(make_session: Any, papers: Path) -> None:
    def script(body: Any) -> Reply:
        found = [m for m in body["messages"] if m["role"] == "tool" and "Showing" in m["content"]]
        if len(server.requests) % 3 == 1:
            return calls("archival_memory_search", query="Benno Marner oil barrels", request_heartbeat=True)
        hit = next(
            h
            for m in reversed(found)
            for h in model_scripts.hits(json.loads(m["content"])["message"])
            if "Benno Marner ordered" in h.text
        )
        if len(server.requests) % 3 == 2:
            return calls("core_memory_append", name="task", content=hit.note(), request_heartbeat=True)
        return calls("send_message", message=f'It says "{hit.sentence()}" [{hit.handle}] in {hit.document}.')

    with ModelServer(script) as server:
        session = make_session(model="scripted", base_url=server.url, window_tokens=8192, verify=False)
        session.open_agent("tester")
        list(session.load([papers]))
        ask(session, "Who ordered how much oil?")
        ask(session, "Who was it again?")
        document = "01-benno.md"
        assert everything(session).count("kept the harbour light number 1 for") >= 4
        assert document in everything(session)
        plan = session.timeline.eraser.document(document)
        assert plan.document_lines == ("papers: 01-benno.md",)
        session.timeline.eraser.erase(plan)
        found = everything(session)
        for gone in (
            "Benno Marner ordered 11 barrels",
            "kept the harbour light number 1 for",
            document,
            "Papers of Benno",
        ):
            assert gone not in found, gone
        assert "Cato Marner ordered 12 barrels of oil" in found
        assert session.search("Benno Marner ordered 11 barrels").total >= 0
        assert all("Benno Marner ordered" not in hit.text for hit in session.search("Benno Marner oil").hits)
        assert [d.path for d in session.documents("papers")] == sorted(
            p.name for p in papers.iterdir() if "benno" not in p.name
        )
        step = session.recorded(session.steps()[-1])
        assert step.forgotten
        assert any(f"| {TOMBSTONE} | document_page" in str(m["content"]) for m in step.prompt.messages)
        assert set(verdicts(session).values()) == {"forgotten"}
        answers = [event for event in session.history() if event.name == "answer_done"]
        assert all(TOMBSTONE in answer.text for answer in answers)
        sound(session)
        session.close()
        data = session.app.database.file.read_bytes()
        assert b"HX-201/7" not in data
        again = make_session(model="scripted", base_url=server.url, window_tokens=8192, verify=False)
        again.open_agent("tester")
        loaded = [e for e in again.load([papers]) if e.name == "loaded"][0]
        assert loaded.documents == 1


def test_a_source_goes_with_its_documents_and_pasted_text_with_its_note(make_session: Any, papers: Path) -> None:
    pasted = " ".join(
        f"Line {n} of the long letter mentions the {n}th lamp of the western breakwater." for n in range(400)
    )

    with ModelServer(lambda body: calls("send_message", message="I see.")) as server:
        session = make_session(model="scripted", base_url=server.url, window_tokens=4096)
        session.open_agent("tester")
        list(session.load([papers]))
        ask(session, pasted)
        assert "300th lamp" in everything(session)
        plan = session.timeline.eraser.words("Line 0 of the long letter")
        assert len(plan.document_lines) == 1
        session.timeline.eraser.erase(plan)
        found = everything(session)
        assert "Line 0 of the long letter" not in found
        assert "300th lamp" not in found
        session.timeline.eraser.erase(session.timeline.eraser.source("papers"))
        assert session.sources() == []
        assert "barrels of oil" not in everything(session)
        sound(session)


def test_nothing_is_forgotten_while_an_agent_answers(make_session: Any) -> None:
    with ModelServer(keeps) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        ask(session, SECRET)
        plan = session.timeline.eraser.words("brass key")
        events = session.submit("more")
        next(events)
        with pytest.raises(UsageError, match="being answered"):
            session.timeline.eraser.erase(plan)
        list(events)
        session.timeline.eraser.erase(plan)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("He said: one two,  three FOUR five six!", f"He said: {TOMBSTONE}!"),
        ("two three four five six seven", f"{TOMBSTONE} seven"),
        ("one two three four", "one two three four"),
        ("the PIN is 12-34-56.", f"the PIN is {TOMBSTONE}."),
        ("see lease-2019.pdf p.3", f"see {TOMBSTONE} p.3"),
        ("nothing of it", "nothing of it"),
        ("said one two three four fi", f"said {TOMBSTONE}"),
        ("said one two three four fi […] wo three four five six, then", f"said {TOMBSTONE}, then"),
        ("the PIN is 12-34-5", "the PIN is 12-34-5"),
        ("the password is lighthou", f"the password is {TOMBSTONE}"),
    ],
)
def test_stretches_are_found_whatever_stands_between_the_words(text: str, cleaned: str) -> None:
    redaction = Redaction(["One two three four five six.", "12 34 56", "ok", "lighthouse"], ["lease-2019.pdf"])
    assert redaction.text(text) == cleaned
    nested = {"arguments": json.dumps({"message": text}), "name": text}
    found = redaction.value(nested)
    assert json.loads(found["arguments"]) == {"message": cleaned}
    assert found["name"] == text


def test_the_bytes_leave_the_file(make_session: Any) -> None:
    """Also when the workbench that erased was killed before it could write the file anew."""
    chance = random.Random(3)
    tokens = ["".join(chance.choices(string.ascii_letters + string.digits, k=300)) for _ in range(2)]
    with ModelServer(keeps) as server:

        def opened() -> Any:
            session = make_session(model="scripted", base_url=server.url, read_ahead=False)
            session.open_agent("tester")
            return session

        def held(token: str) -> bool:
            data = opened_file.read_bytes()
            return any(token[at : at + 12].encode() in data for at in range(0, 288, 12))

        session = opened()
        opened_file = session.app.database.file
        for token in tokens:
            ask(session, f"Keep {token} for me.")
        session.close()
        assert all(held(token) for token in tokens)

        session = opened()
        session.timeline.eraser.erase(session.timeline.eraser.words(tokens[0]))
        session.close()
        assert [held(token) for token in tokens] == [False, True]
        assert stat.S_IMODE(opened_file.stat().st_mode) == 0o600

        session = opened()
        session.timeline.eraser.erase(session.timeline.eraser.words(tokens[1]))
        marked = Path(f"{opened_file}.scrub")
        marked.unlink()
        session.close()
        marked.touch()
        session = opened()
        assert not marked.exists()
        assert sorted(p.name for p in opened_file.parent.iterdir() if p.name.startswith("workbench.duckdb") and p.suffix != ".mark") == [
            "workbench.duckdb", "workbench.duckdb.wal",
        ][: 1 + Path(f"{opened_file}.wal").exists()]  # fmt: skip
        ask(session, "Hello again.")
        sound(session)
        session.close()
        assert not any(held(token) for token in tokens)


def test_pages_of_a_result_go_on_after_something_in_it_was_forgotten(make_session: Any, papers: Path) -> None:
    session = make_session()
    list(session.load([str(papers)], "papers"))
    first = session.search_service.search("harbour light Marner")
    assert first.pages > 2
    hits = list(first.hits)
    eraser = session.timeline.eraser
    eraser.erase(eraser.document("07-henk.md"))
    for number in range(2, first.pages + 1):
        page = session.search_service.search("harbour light Marner", number)
        assert (page.total, page.pages) == (first.total, first.pages)
        hits += page.hits
    assert len({hit.passage for hit in hits}) == len(hits) == first.total
    assert all("henk" not in hit.document and "Henk Marner ordered" not in hit.text for hit in hits[len(first.hits) :])
