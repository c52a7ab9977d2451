"""The working context: limits, duplicates, where lines come from, and what the user edits and pins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted import Scripted, using
from workbench.api.events import FunctionReturned, MemoryEdited
from workbench.core.errors import UsageError
from workbench.memory.working_context import BlockError, WorkingContext

FRESH = WorkingContext.fresh(983, "I am an analyst.", "A person.")


def test_a_line_is_not_kept_twice() -> None:
    context = FRESH.append("task", "the lamp is red\nthe lamp is red\nit burns oil")
    assert context.block("task").text == "the lamp is red\nit burns oil"
    with pytest.raises(BlockError, match="holds that already"):
        context.append("task", "it burns oil")
    assert context.append("task", "it burns oil\nand gas").block("task").text.endswith("it burns oil\nand gas")
    with pytest.raises(BlockError, match="twice"):
        context.replace("task", "it burns oil", "the lamp is red")


def test_an_overfull_block_says_the_numbers_and_what_to_do() -> None:
    with pytest.raises(BlockError) as refused:
        FRESH.append("human", "x" * 5_000)
    assert "holds at most" in refused.value.message
    assert "5,0" in refused.value.message
    assert "core_memory_replace" in refused.value.hint


def test_all_blocks_together_stay_within_their_share_of_the_window() -> None:
    context = WorkingContext.fresh(245, "", "")
    refusals = []
    for number in range(180):
        try:
            context = context.append(("persona", "human", "task")[number % 3], f"灯台{number}: 油")
        except BlockError as full:
            refusals.append(full.message)
    assert any("tokens" in refusal for refusal in refusals)
    assert context.tokens <= 2_048 * 0.12


def test_deleting_is_replacing_by_nothing() -> None:
    context = FRESH.append("task", "one\ntwo\nthree").replace("task", "two", "")
    assert context.block("task").text == "one\nthree"
    with pytest.raises(BlockError, match="does not hold"):
        context.replace("task", "two", "x")


def test_a_pinned_line_is_the_users_to_change() -> None:
    context = FRESH.append("human", "Likes short answers.", origin="user").pin("human", "short answers", True)
    with pytest.raises(BlockError, match="pinned"):
        context.replace("human", "short", "long")
    edited = context.replace("human", "short", "long", origin="user")
    line = edited.block("human").lines[-1]
    assert (line.text, line.origin, line.pinned) == ("Likes long answers.", "user", True)
    assert (
        edited.pin("human", "long", False)
        .replace("human", "long", "very long")
        .block("human")
        .text.endswith("very long answers.")
    )
    with pytest.raises(BlockError, match="0 lines"):
        context.pin("human", "no such line", True)


def test_lines_know_the_step_document_and_page_they_come_from_and_survive_storage() -> None:
    places = {"#a3": ("lease.pdf", 4)}
    context = FRESH.append("task", 'rent [#a3] "due in May"\nno handle', step=7, place_of=places.get)
    first, second = context.block("task").lines
    assert (first.step, first.document, first.page) == (7, "lease.pdf", 4)
    assert (second.step, second.document, second.page) == (7, "", None)
    assert WorkingContext.load(context.dump(), 983) == context


def test_pinned_lines_stay_when_the_next_question_begins() -> None:
    context = (
        FRESH.start_question("one?").append("task", "keep me").append("task", "drop me").pin("task", "keep me", True)
    )
    assert context.start_question("two?").block("task").text == "question: two?\nkeep me"


def test_the_user_edits_and_pins_through_the_session_and_it_survives_a_restart(make_session: Any, papers: Path) -> None:
    def plan(request: Any, number: int) -> Any:
        if number == 0:
            return "core_memory_replace", {
                "name": "human",
                "old_content": "Prefers tables",
                "new_content": "Prefers prose",
            }
        return "send_message", {"message": "Good day."}

    with using(Scripted(plan)) as model:
        session = make_session(model="scripted")
        session.open_agent("tester")
        event = session.edit_memory("human", "", "Prefers tables.")
        assert (event.by, event.added, event.block) == ("user", "Prefers tables.", "human")
        assert session.pin("human", "Prefers tables.").by == "user"
        returned = [item for item in session.submit("Hello?") if isinstance(item, FunctionReturned)]
        assert not returned[0].ok
        assert "Prefers tables." in model.bodies[-1]
        running = session.submit("Again?")
        next(running)
        with pytest.raises(UsageError):
            session.edit_memory("human", "tables", "charts")
        list(running)
        session.edit_memory("human", "tables", "charts")
        session.close()
        again = make_session(model="scripted")
        again.open_agent("tester")
        human = next(block.text for block in again.memory() if block.name == "human")
        assert human.endswith("Prefers charts.")
        mine = [item for item in again.history() if isinstance(item, MemoryEdited) and item.by == "user"]
        assert [item.added for item in mine] == ["Prefers tables.", "", "charts"]
        with pytest.raises(BlockError):
            again.current_agent.workspace.memory.working.replace("human", "charts", "prose")


def test_what_the_model_notes_carries_its_place(make_session: Any, papers: Path) -> None:
    def plan(request: Any, number: int) -> Any:
        if number == 0:
            return "core_memory_append", {"name": "task", "content": 'found [#a1] "a sentence"'}
        return "send_message", {"message": "Done."}

    with using(Scripted(plan)):
        session = make_session(model="scripted")
        session.open_agent("tester")
        list(session.load([papers]))
        list(session.submit("Who kept the harbour light?"))
        line = session.current_agent.workspace.memory.working.block("task").lines[-1]
        assert line.document.endswith(".md")
        assert line.page == 1
        assert line.step == 1
