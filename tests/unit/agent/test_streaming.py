"""Pieces of a streamed answer are decoded as they come, wherever the stream is cut."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from workbench.agent.streaming import PartialMessage, partial_message
from workbench.core.sanitize import paired

TEXTS = st.text(st.sampled_from('ab"\\/\nué日😊{}\ud83d\ude0a'), max_size=20)


@given(TEXTS, st.booleans(), st.lists(st.integers(0, 60), max_size=6))
def test_a_message_in_pieces_is_the_message(text: str, escaped: bool, cuts: list[int]) -> None:
    """What is there before the end is its beginning, and never half a character or half an escape."""
    whole = json.dumps({"inner": 1, "message": text, "heartbeat": "no"}, ensure_ascii=escaped)
    places = sorted({min(cut, len(whole)) for cut in cuts} | {0, len(whole)})
    message, seen = PartialMessage(), []
    for start, end in zip(places, places[1:], strict=False):
        message.feed(whole[start:end])
        seen.append(message.text)
    assert seen[-1] == paired(text)
    assert all(later.startswith(earlier) for earlier, later in zip(seen, seen[1:], strict=False))


def test_what_is_no_json_ends_the_message_where_it_was_good() -> None:
    assert partial_message('{"message": "good \\uZZZZ bad') == "good "
    assert partial_message('{"thoughts": "none') == ""
