"""What the reader does next when its chain is whole: it follows the passage once where it may, then stops."""

from __future__ import annotations

from dataclasses import replace

from tests.support.reader_harness import word_score
from workbench.api.results import Hit
from workbench.models.extractive.policy import decide
from workbench.models.extractive.prompt_parser import Note, Search, View, read

QUESTION = "What bird did the designer of the iron beacon on Gannet Ledge keep?"
TEXTS = {
    "#a1": ("harbour.md", "The iron beacon on Gannet Ledge was designed by the designer Otto Perrin."),
    "#a2": ("ledger.md", "The designer Otto Perrin did keep one bird, a lame heron, and fed it on sprats."),
    "#a3": ("market.md", "On Fridays there is a market. Cheese is sold by weight."),
}


def seen(**changes: object) -> View:
    passages = {handle: Hit(1, handle, document, 1, None, "", text) for handle, (document, text) in TEXTS.items()}
    notes = tuple(Note(handle, document, 1, text, "") for handle, (document, text) in TEXTS.items())
    first = Search(QUESTION, 0, 0, 3, tuple(TEXTS))
    view = View(
        QUESTION, "note", ("set (3 documents, 3 passages)",), notes, (first,), passages, "",
        frozenset({"archival_follow"}), results=(tuple(TEXTS),),
    )  # fmt: skip
    return replace(view, **changes)  # type: ignore[arg-type]


def test_a_whole_chain_is_followed_once_where_that_is_offered() -> None:
    made = decide(seen(), word_score)
    name, arguments = made.name, made.arguments
    assert name == "archival_follow"
    assert arguments["passage"] in ("#a1", "#a2")
    assert decide(seen(functions=frozenset()), word_score).name == "archival_memory_search"
    followed = (Search("#a1", 0, 0, 1, ("#a2",)),)
    assert decide(seen(followed=followed), word_score).name != "archival_follow"


def test_results_that_bring_nothing_to_a_whole_chain_end_the_search() -> None:
    first = tuple(TEXTS)
    assert decide(seen(results=(first, ("#a3",))), word_score).name != "send_message"
    assert decide(seen(results=(first, ("#a3",), ("#a1",))), word_score).name == "send_message"
    late = seen(results=(("#a1", "#a3"), ("#a3",), ("#a2",)))
    assert decide(late, word_score).name != "send_message"


def test_linked_passages_are_read_like_results() -> None:
    lines = [
        "Showing 1 of 1 results (page 0/0) that belong together by name",
        "#a2 | ledger.md | document_page 1 | score 0.910 | by otto perrin",
        "  Otto Perrin.",
        "No more results.",
    ]
    body = "\n".join(lines)
    call = {"id": "c1", "type": "function", "function": {"name": "archival_follow", "arguments": '{"passage": "#a1"}'}}
    messages = [
        {"role": "user", "content": '{"type": "user_message", "message": "Who?"}'},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": {"status": "OK", "message": body}},
    ]
    view = read(messages, [])
    assert [search.query for search in view.followed] == ["#a1"]
    assert view.results == (("#a2",),)
    assert view.passages["#a2"].text == "Otto Perrin."
    assert view.after == "search"


def test_a_language_without_stems_of_its_own_is_read_on_instead_of_searched_by_names() -> None:
    question = "Wann wurde die Brücke über den Fluss erbaut?"
    first = Search(question, 0, 1, 9, ("#a1",))
    passages = {
        "#a1": Hit(1, "#a1", "market.md", 1, None, "", "Am Freitag ist Markt. Käse wird nach Gewicht verkauft.")
    }
    view = View(question, "search", ("s (9 documents, 9 passages)",), (), (first,), passages, "", results=(("#a1",),))
    made = decide(view, word_score)
    assert (made.name, made.arguments["query"], made.arguments["page"]) == ("archival_memory_search", question, 1)
