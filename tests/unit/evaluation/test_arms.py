"""Fixed contexts, and how the places that an arm names are held against gold."""

from __future__ import annotations

from workbench.core.tokens import count
from workbench.evaluation.arms import Answered, cut_by_characters, cut_by_tokens, whole
from workbench.evaluation.task_sets import TaskQuestion
from workbench.evaluation.tasks import TASKS, answered_or_refused, chain_followed, matched, page_cited

TEXTS = ["one two three four five six seven eight"] * 4


def test_whole_passages_stop_where_the_next_does_not_fit() -> None:
    size = count(TEXTS[0]) + 2
    assert whole(TEXTS, 2 * size) == TEXTS[:2]
    assert whole(TEXTS, 2 * size - 1) == TEXTS[:1]
    assert whole(TEXTS, 0) == []


def test_cut_passages_share_the_room() -> None:
    by_tokens = cut_by_tokens(TEXTS, 24)
    assert [count(text) for text in by_tokens] == [4] * 4
    assert all(TEXTS[0].startswith(text) for text in by_tokens)
    assert cut_by_characters(TEXTS, 24) == ["one tw"] * 4  # the paper's: 6 characters where 6 tokens were meant
    assert cut_by_tokens([], 10) == []


def test_a_page_is_met_by_itself_and_a_document_by_any_page() -> None:
    assert matched(frozenset({("a.pdf", 3)}), (("folder/a.pdf", 3),)) == {("a.pdf", 3)}
    assert matched(frozenset({("a.pdf", 3)}), (("a.pdf", 2),)) == set()
    assert matched(frozenset({("a.pdf", 0), ("b.pdf", 0)}), (("a.pdf", 9),)) == {("a.pdf", 0)}


def test_what_failed_is_no_refusal() -> None:
    none = TaskQuestion("1", "q", (), "m", answerable=False)
    assert answered_or_refused(none, Answered("Not found.", False))
    assert not answered_or_refused(none, Answered("", False, failed="The server is gone."))
    assert not answered_or_refused(none, Answered("Oslo", True))
    assert page_cited(none, Answered("Not found.", False))


def test_what_is_right_depends_on_the_task() -> None:
    one = TaskQuestion("1", "q", ("Oslo",), "m", frozenset({("a.pdf", 2)}))
    assert TASKS["page-citation"].right(one, Answered("Bergen", True, cited=(("a.pdf", 2),)))
    assert not TASKS["page-citation"].right(one, Answered("Oslo", True, cited=(("a.pdf", 1),)))
    assert TASKS["multi-hop"].right(one, Answered("She lives in Oslo.", True))
    assert not TASKS["multi-hop"].right(one, Answered("Oslofjord", True))
    assert TASKS["conversation-opener"].right(one, Answered("Hello", True)) is None
    first, last = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
    chain = TaskQuestion("1", "q", (last,), "m")
    assert chain_followed(chain, Answered(f"{first}, then {last}", True))
    assert not chain_followed(chain, Answered(f"{last}, then {first}", True))
