"""What every implementation of HomeStorage promises (`workbench.storage.home`): one suite over all of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.archives import arrival
from tests.support.homes import HOMES, Opened
from workbench.core.errors import NotFound, UsageError
from workbench.storage.documents import NOTES_PREFIX
from workbench.storage.home import HomeStorage
from workbench.storage.write_ahead_log import LARGE, Changes

NOON = datetime(2026, 1, 2, 12)


@pytest.fixture(params=sorted(HOMES))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    with HOMES[request.param](tmp_path) as pair:
        yield pair


@pytest.fixture
def home(opened: Opened) -> HomeStorage:
    return opened[0]


def message(
    number: int, agent: int, parent: int | None, text: str, kind: str = "user_message", step: int = 1
) -> list[Any]:
    return [number, agent, parent, step, "user", kind, json.dumps({"message": text}, ensure_ascii=False), 5, NOON]


def step(agent: int, number: int, **given: Any) -> list[Any]:
    row = {
        "agent_id": agent, "step": number, "status": "sent", "question_id": None, "head": number, "queue": "[]", "summary_id": None,
        "context_version": None, "system_hash": "s", "tools_hash": "t", "state": "{}", "request": "{}", "prefix_hash": "p",
        "counted_tokens": 9, "used_tokens": 9, "exact": True, "reply": None, "usage": None, "model_seconds": None,
        "own_seconds": None, "created_at": NOON, "point_after": None, "forgotten": False,
    }  # fmt: skip
    return list({**row, **given}.values())


def finished(agent: int, number: int) -> tuple[str, list[Any]]:
    usage = json.dumps({"prompt_tokens": 100, "completion_tokens": 10, "cached_tokens": 20})
    return "finish", ["done", "{}", usage, 1.5, 0.25, '{"head": 1}', agent, number]


def test_agents_are_found_by_name_the_last_used_first(home: HomeStorage) -> None:
    first, second = home.agents.create("audit", {"steps": 4}), home.agents.create("lease", {})
    assert [row.name for row in home.agents.all()] == ["lease", "audit"]
    assert home.agents.find("audit") == first == home.agents.get("audit")
    assert (first.settings, first.head, home.agents.find("none")) == ({"steps": 4}, None, None)
    home.keep(Changes(updates=[("head", [None, "[]", None, None, None, datetime(2030, 1, 1), first.id])]))
    assert [row.id for row in home.agents.all()] == [first.id, second.id]
    with pytest.raises(NotFound, match="Did you mean lease") as raised:
        home.agents.get("leese")
    assert "audit" in str(raised.value.hint)
    with pytest.raises(NotFound, match="Did you mean audit"):
        home.agents.check_slip("audti")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 121])
def test_what_is_no_name_is_refused(home: HomeStorage, name: str) -> None:
    agent = home.agents.create("audit", {})
    for change in (lambda: home.agents.create(name, {}), lambda: home.agents.rename(agent, name)):
        with pytest.raises(UsageError):
            change()
    assert [row.name for row in home.agents.all()] == ["audit"]


def test_names_are_taken_once(home: HomeStorage) -> None:
    agent = home.agents.create("audit", {})
    home.agents.create("audit-2", {})
    assert home.agents.fresh_name("audit") == "audit-3"
    assert home.agents.fresh_name("lease") == "lease"
    with pytest.raises(UsageError, match="already"):
        home.agents.create("audit", {})
    with pytest.raises(UsageError, match="already"):
        home.agents.rename(agent, "audit-2")


def test_an_agent_takes_its_notes_along_and_leaves_no_trace(opened: Opened) -> None:
    home, archive = opened
    agent, other = home.agents.create("audit", {}), home.agents.create("other", {})
    notes = archive.source_id(NOTES_PREFIX + "audit")
    archive.store(arrival(notes, "n.txt", ["A note."], loader=f"note of {agent.id}"))
    home.agents.attach(agent.id, notes)
    home.keep(
        Changes(
            {
                "messages": [message(1, agent.id, None, "a"), message(2, other.id, None, "b")],
                "steps": [step(agent.id, 1)],
            }
        )
    )
    home.agents.rename(agent, "lease")
    assert archive.source_names([notes]) == {notes: NOTES_PREFIX + "lease"}
    assert home.agents.sizes() == {agent.id: (1, 1), other.id: (0, 1)}
    home.agents.delete(home.agents.get("lease"))
    assert [row.name for row in home.agents.all()] == ["other"]
    assert home.messages.messages(agent.id, [1, 2]) == []
    assert home.steps.numbers(agent.id) == []
    assert [row.id for row in home.messages.messages(other.id, [1, 2])] == [2]
    assert home.agents.all_attached() == []
    assert archive.paths([notes]) == {}


def test_sources_are_attached_by_name_and_once(opened: Opened) -> None:
    home, archive = opened
    agent = home.agents.create("audit", {})
    late, early = archive.source_id("zebra"), archive.source_id("apple")
    assert [home.agents.attach(agent.id, source) for source in (late, early, late)] == [True, True, False]
    assert home.agents.attached(agent.id) == [(early, "apple"), (late, "zebra")]
    assert home.agents.all_attached() == sorted([early, late])
    assert [home.agents.detach(agent.id, late) for _ in range(2)] == [True, False]
    assert home.agents.attached(agent.id) == [(early, "apple")]


def test_settings_of_an_agent_are_replaced(home: HomeStorage) -> None:
    agent = home.agents.create("audit", {"steps": 4, "model": "reader"})
    home.agents.update_settings(agent.id, {"steps": 5})
    assert home.agents.get("audit").settings == {"steps": 5}


def test_what_was_said_is_read_by_number_by_words_and_as_a_tree(home: HomeStorage) -> None:
    agent, other = home.agents.create("a", {}).id, home.agents.create("b", {}).id
    rows = [
        message(1, agent, None, "The LAMP and \"火\""), message(2, agent, 1, "rope", "assistant"),
        message(3, agent, 1, "lamp oil", "function_result"), message(4, other, None, "lamp"),
    ]  # fmt: skip
    home.keep(Changes({"messages": rows}))
    assert [row.id for row in home.messages.messages(agent, [3, 1, 4, 9])] == [1, 3]
    assert [row.id for row in home.messages.messages_between(agent, 2, 4)] == [2, 3]
    assert home.messages.parents(agent, 2) == {1: None, 2: 1}
    assert [row.id for row in home.messages.said(agent)] == [2, 1]
    assert [row.id for row in home.messages.said(agent, ["lamp", '"火"'])] == [1]
    assert home.messages.said(agent, ["%"]) == []
    assert {row.id for row in home.messages.said_by_id([4, 1, 9])} == {1, 4}
    assert home.messages.said_by_id([]) == []


def test_what_is_kept_in_mind_is_read_by_number(home: HomeStorage) -> None:
    agent = home.agents.create("a", {}).id
    home.keep(Changes({
        "summaries": [[1, agent, None, 1, '{"s": 1}', 3, NOON], [2, agent, 1, 2, '{"s": 2}', 3, NOON]],
        "context_versions": [[1, agent, None, 1, '{"v": 1}', NOON]],
        "texts": [["h", "The prompt."]],
        "handles": [[agent, "#a1", 7]],
    }))  # fmt: skip
    assert (home.messages.summary(2), home.messages.summary(9)) == ('{"s": 2}', None)
    assert [(row.id, row.parent) for row in home.messages.summaries([2, 1, 9])] == [(1, None), (2, 1)]
    assert (home.messages.context_version(1), home.messages.context_version(9)) == ('{"v": 1}', None)
    assert [row.blocks for row in home.messages.context_versions([1, 9])] == ['{"v": 1}']
    assert sorted(home.messages.kept_in_mind(agent)) == ['{"s": 1}', '{"s": 2}', '{"v": 1}']
    assert (home.messages.text("h"), home.messages.text("none")) == ("The prompt.", "")
    assert home.messages.handles(agent) == {7: "#a1"}


def test_steps_are_added_and_finished(home: HomeStorage) -> None:
    agent = home.agents.create("a", {}).id
    assert (home.steps.newest(agent), home.steps.last(agent)) == ((-1, 0), None)
    home.keep(Changes({"steps": [step(agent, 1), step(agent, 2)]}))
    assert home.steps.ends(agent, 9) == []
    home.keep(Changes(
        {"journal": [[agent, 0, 1, "step_started", "{}", NOON], [agent, 1, 2, "step_started", "{}", NOON]]}, [finished(agent, 1)]
    ))  # fmt: skip
    assert home.steps.numbers(agent) == [1, 2]
    first, last = home.steps.get(agent, 1), home.steps.last(agent)
    assert first is not None
    assert last is not None
    assert (first.status, first.model_seconds, last.status, last.step) == ("done", 1.5, "sent", 2)
    assert [row.step for row in home.steps.up_to(agent, 1)] == [1]
    assert home.steps.get(agent, 3) is None
    assert [(end.head, end.next_seq) for end in home.steps.ends(agent, 9)] == [(1, 1)]
    assert home.steps.newest(agent) == (1, 2)
    assert [row.seq for row in home.steps.events(agent)] == [0, 1]
    assert home.steps.events(agent, ["answer_done"]) == []


def test_usage_is_what_servers_counted_at_the_prices_of_the_time(home: HomeStorage) -> None:
    agent, other = home.agents.create("a", {}).id, home.agents.create("b", {}).id
    priced = json.dumps({"body": {"model": "m"}, "prices": [1.0, 0.5, 2.0]})
    own = json.dumps({"body": {"model": "reader"}})
    home.keep(Changes({"steps": [step(agent, 1, request=priced), step(agent, 2), step(other, 1, request=own)]}))
    home.keep(Changes(updates=[finished(agent, 1), finished(other, 1)]))
    used = home.steps.usage(agent)
    assert (used.steps, used.sent_tokens, used.written_tokens, used.cached_tokens) == (2, 109, 10, 20)
    assert used.cost == pytest.approx((80 * 1.0 + 20 * 0.5 + 10 * 2.0) / 1e6)
    assert home.steps.usage(other).cost is None
    assert home.steps.usage_since(NOON, "reader").steps == 2
    assert home.steps.usage_since(datetime(2030, 1, 1), "reader").steps == 0


def test_operations_of_the_user_are_in_order(home: HomeStorage) -> None:
    agent = home.agents.create("a", {}).id
    rows = [[1, agent, None, "question", 5, "{}", "[]", 0, NOON], [2, agent, 1, "undo", None, "{}", "[]", 3, NOON]]
    home.keep(Changes({"operations": rows}))
    assert [row.id for row in home.steps.operations(agent)] == [1, 2]
    newest = home.steps.operation_before(agent, None)
    assert newest is not None
    assert (newest.id, newest.kind, newest.parent) == (2, "undo", 1)
    assert home.steps.operation(1) == home.steps.operation_before(agent, 2) == home.steps.question_operation(agent, 5)
    assert (
        home.steps.operation_before(agent, 1)
        is home.steps.question_operation(agent, 6)
        is home.steps.operation(9)
        is None
    )


def test_a_fork_has_a_past_of_its_own_and_what_was_attached(opened: Opened) -> None:
    home, archive = opened
    agent, source = home.agents.create("a", {}), archive.source_id("papers")
    home.agents.attach(agent.id, source)
    home.keep(Changes({"handles": [[agent.id, "#a1", 7]]}))
    past = message(8, 0, None, "before")
    journal = [0, 1, "step_started", "{}", NOON]
    home.agents.add_fork(
        agent.id, "b", [8, "[]", None, None, None], {"steps": 2},
        {"messages": [[past[0], *past[2:]]], "journal": [journal], "steps": [step(0, 1)[1:]], "texts": [["h", "x"]]},
    )  # fmt: skip
    fork = home.agents.get("b")
    assert (fork.head, fork.settings) == (8, {"steps": 2})
    assert [row.body for row in home.messages.messages(fork.id, [8])] == [past[6]]
    assert (home.steps.newest(fork.id), home.messages.handles(fork.id)) == ((0, 1), {7: "#a1"})
    assert home.agents.attached(fork.id) == [(source, "papers")]
    assert home.messages.messages(agent.id, [8]) == []


def test_numbers_are_given_once_whoever_asks(home: HomeStorage) -> None:
    given: list[int] = []
    lock = threading.Lock()

    def take() -> None:
        for _ in range(50):
            first = home.number("messages", "message_id", 2)
            with lock:
                given.extend((first, first + 1))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == len(given) == 400


@pytest.mark.parametrize("rows", [1, LARGE + 1])
def test_what_was_kept_is_there_when_it_is_opened_again(tmp_path: Path, rows: int) -> None:
    for name, open_home in HOMES.items():
        folder = tmp_path / name
        folder.mkdir()
        with open_home(folder) as (home, _):
            agent = home.agents.create("a", {}).id
            home.keep(Changes({"messages": [message(number, agent, None, "x") for number in range(1, rows + 1)]}))
            assert home.number("messages", "message_id") == rows + 1
        with open_home(folder) as (home, _):
            assert home.agents.sizes() == {agent: (0, rows)}
            assert home.number("messages", "message_id") == rows + 1


def test_a_job_is_one_whoever_runs_it_and_keeps_the_last_result_of_an_item(home: HomeStorage) -> None:
    job = home.jobs.job("table", {"source": 1, "model": "m"})
    assert home.jobs.job("table", {"model": "m", "source": 1}) == job
    assert home.jobs.job("check", {"source": 1, "model": "m"}) != job
    home.jobs.keep(job, "1:a", {"value": 1}, [4])
    home.jobs.keep(job, "1:a", {"value": "火"}, [4])
    home.jobs.keep(job, "2:a", {"value": None})
    assert home.jobs.results(job) == {"1:a": {"value": "火"}, "2:a": {"value": None}}
    home.jobs.drop(job, ["1:a", "9:z"])
    assert home.jobs.results(job) == {"2:a": {"value": None}}
    home.jobs.drop(job)
    assert home.jobs.results(job) == {}
