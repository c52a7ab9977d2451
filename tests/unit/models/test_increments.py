"""A text is the same whether a server sends what is new, or all that there is so far with every piece."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.model_replies import Reply
from tests.support.model_server import ModelServer
from workbench.models.base import Completion, ModelRequest, ReasoningDelta, TextDelta
from workbench.models.openai.client import OpenAIChat
from workbench.models.openai.increments import Increments

ANSWER = "The lamp at the pier was lit at dusk by Alda, and the ledger says so."


def read(pieces: Sequence[str]) -> str:
    increments = Increments()
    return "".join([*(increments.feed(piece) for piece in pieces), increments.finish()])


def so_far(pieces: Sequence[str]) -> list[str]:
    return ["".join(pieces[: number + 1]) for number in range(len(pieces))]


WORDS = st.lists(st.sampled_from(["The ", "lamp ", "lit", " ", "\n", "1", "110 ", "ha", "é"]), min_size=1, max_size=30)


@given(WORDS)
def test_pieces_that_are_new_are_put_together(words: list[str]) -> None:
    assert read([f"In {len(words)} words: ", *words]) == f"In {len(words)} words: " + "".join(words)


@given(WORDS)
def test_pieces_that_hold_everything_are_taken_once(words: list[str]) -> None:
    pieces = ["The keeper", " of the harbour light says: ", *words]
    assert read(so_far(pieces)) == "".join(pieces)


@pytest.mark.parametrize(
    "pieces", [["1", "10"], ["ha", "haha", "ha"], ["\n", "\n", "So."], ["a", "ab", "abc"], ["", "x", ""], ["A."], []]
)
def test_short_pieces_that_repeat_by_accident_stay(pieces: list[str]) -> None:
    assert read(pieces) == "".join(pieces)


def test_the_first_piece_is_seen_at_once() -> None:
    assert Increments().feed("The ") == "The "


@pytest.mark.parametrize("kind", ["content", "reasoning"])
def test_a_server_that_says_everything_again_with_every_piece(kind: str) -> None:
    def again(text: str) -> str:
        pieces = so_far([ANSWER[start : start + 6] for start in range(0, len(ANSWER), 6)])
        key = "reasoning_content" if kind == "reasoning" else "content"
        said = [f'{{"choices": [{{"index": 0, "delta": {{"{key}": "{piece}"}}}}]}}' for piece in pieces]
        said.append('{"choices": [{"index": 0, "delta": {"content": "."}, "finish_reason": "stop"}]}')
        return "".join(f"data: {chunk}\n\n" for chunk in said)

    with ModelServer([Reply(bend=again)]) as server:
        request = ModelRequest("m", [{"role": "user", "content": "?"}], [], 100)
        *deltas, reply = OpenAIChat("m", server.url).stream(request, threading.Event())
    assert isinstance(reply, Completion)
    of: Callable[[type[TextDelta | ReasoningDelta]], str] = lambda wanted: "".join(  # noqa: E731
        delta.text for delta in deltas if isinstance(delta, wanted)
    )
    if kind == "reasoning":
        assert of(ReasoningDelta) == reply.reasoning == ANSWER
    else:
        assert of(TextDelta) == reply.content == f"{ANSWER}."
