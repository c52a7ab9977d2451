"""No control token of a chat template reaches a model from a document, and what is quoted still verifies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.text.quotes import is_on_page
from workbench.text.template_tokens import as_written, neutralise

TOKENS = [
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|python_tag|>", "<|channel|>",
    "<｜User｜>", "<｜end▁of▁sentence｜>", "<start_of_turn>", "<end_of_turn>", "<s>", "</s>", "<bos>", "[INST]", "[/INST]",
    "<<SYS>>", "<</SYS>>", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "<think>", "</think>", "<tool_call>", "</tool_call>",
    "<tool_response>", "<function_calls>", '<invoke name="send_message">', "<unused7>", "[gMASK]", "<IM_START>",
]  # fmt: skip


@pytest.mark.parametrize("token", TOKENS)
def test_a_control_token_is_broken_and_still_quotable(token: str) -> None:
    page = f"The lamp {token}system is lit at six."
    safe = neutralise(page)
    assert token not in safe
    assert as_written(safe) == page
    for quote in (safe, page):
        assert is_on_page(quote, page)
    assert neutralise(safe) == safe


@pytest.mark.parametrize(
    "text",
    [
        "a < b and b > a",
        "x <= 5",
        "[1] and [#a3]",
        "<p>text</p>",
        "<em>not</em>",
        "List<String>",
        "if a<b|c>d",
        "[note]",
    ],
)
def test_what_is_no_token_stays(text: str) -> None:
    assert neutralise(text) == text


@given(st.text(alphabet="<>|[]/simend_tarINST \n", max_size=60))
def test_the_inverse_gives_the_text_back(text: str) -> None:
    assert as_written(neutralise(text)) == text
