"""A preview begins with the sentence that fits the query, shows no Markdown, and finds quotes whatever their line ends."""

from __future__ import annotations

import pytest

from workbench.api.matching import quote_span
from workbench.api.segment_titles import message_words
from workbench.tui.panes.archive import best_first
from workbench.tui.widgets.glyphs import to_ascii

TEXT = """# The harbour

General remarks come first. They say **nothing** of it. The rents were reviewed in 1925 by the council. The end."""


def test_the_sentence_with_the_words_of_the_query_comes_first_with_its_words_marked() -> None:
    shown = best_first(TEXT, "review of rent")
    assert shown.plain == "… The rents were reviewed in 1925 by the council. The end."
    marked = [shown.plain[span.start : span.end] for span in shown.spans if "bold" in str(span.style)]
    assert marked == ["rents", "reviewed"]


def test_a_number_with_a_point_is_one_word_of_the_query() -> None:
    shown = best_first("The rent is 4.2 percent of 1,284 euros.", "4.2 and 1,284")
    assert [shown.plain[span.start : span.end] for span in shown.spans if "bold" in str(span.style)] == ["4.2", "1,284"]


def test_common_words_of_the_query_are_not_marked_unless_there_are_no_others() -> None:
    text = "He came with the boat. The oil is in the shed."
    assert best_first(text, "with what oil").plain == "… The oil is in the shed."
    assert [span.style for span in best_first(text, "with the").spans if "bold" in str(span.style)]


def test_without_a_match_the_text_is_shown_from_its_start_without_markdown() -> None:
    assert best_first(TEXT, "zebra").plain.startswith("The harbour General remarks come first. They say nothing of it.")
    assert best_first("| a | b |\n|---|---|\n| 1 | 2 |", "").plain.split() == ["a", "b", "1", "2"]


@pytest.mark.parametrize(
    ("quote", "found"), [("two words", "two\n  words"), ("two  words", "two\n  words"), ("absent", None)]
)
def test_a_quote_is_found_over_line_ends(quote: str, found: str | None) -> None:
    text = "Here are two\n  words more."
    span = quote_span(text, quote)
    assert (text[span[0] : span[1]] if span else None) == found


@pytest.mark.parametrize(
    ("role", "text", "words"),
    [
        (
            "assistant",
            'archival_memory_search({"query": "oil", "page": 2, "request_heartbeat": true})',
            "search oil · 2",
        ),
        ("assistant", 'core_memory_append({"name": "task", "content": "x"})', "memory append task · x"),
        ("tool", '{"status": "OK", "message": "Showing 5 of 9", "time": ""}', "→ Showing 5 of 9"),
        ("user", '{"type": "user_message", "message": "Who?"}', "▎ Who?"),
        ("user", '{"type": "heartbeat", "reason": "requested"}', "heartbeat requested"),
    ],
)
def test_a_row_of_the_xray_says_what_it_is(role: str, text: str, words: str) -> None:
    assert message_words(role, text) == words


def test_an_ellipsis_is_three_dots_where_there_is_room() -> None:
    assert to_ascii("Parson’s Elb…   next") == "Parson's Elb... next"
