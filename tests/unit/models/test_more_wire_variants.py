"""More of what servers of many providers write, beside test_wire_variants: each row is of a kind that was not understood before it."""

# ruff: noqa: E501, RUF001 - tables of words as they are sent

from __future__ import annotations

import email.utils
import json
import re
import time
from typing import Any

import pytest

from workbench.agent.executor import parse_arguments
from workbench.models.base import Completion, TextDelta
from workbench.models.openai.content import TextSplitter, read_content
from workbench.models.openai.errors import Server, explained, refusal
from workbench.models.openai.refusal_kinds import written_wait_seconds
from workbench.models.openai.response import ReplyReader, kind_of_end
from workbench.models.openai.sse import read_response

FUNCTIONS = ("archival_memory_search", "send_message", "core_memory_append")
NAME = "archival_memory_search"
GIVEN = {"query": "lamp colour", "page": 1}
J = json.dumps
G = J(GIVEN)
CALL = J({"name": NAME, "arguments": GIVEN})


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        (
            "default_max_tokens (-282) must be greater than 0, default_max_tokens (-282) = max_seq_len (4096) - splited_prompt_len (4378)",
            4096,
        ),
        ("Context is full, increase the context length or start a new chat", None),
        ("Prompt tokens: 5378; maximum 4096 allowed", 4096),
        ("Превышено максимальное количество токенов в запросе: 9000 > 8192", 8192),
        ("Длина контекста превышает допустимый предел 4096 токенов", 4096),
        ("La longitud del contexto supera el máximo de 4096 tokens", 4096),
        ("Il prompt supera la lunghezza massima del contesto (4096 token)", 4096),
        ("입력 토큰 수가 최대 컨텍스트 길이(4096)를 초과했습니다.", 4096),
        ("the input tokens is over limit, input 9000 limit 8000", 8000),
        ("Request body is too large: 6 MB where 4 MB are allowed", None),
        ("The conversation and its attachments are too long", None),
        ("Unable to parse 'input_ids': shape [1,5378] exceeds max_input_len [1,4096]", 4096),
    ],
)
def test_a_prompt_that_is_too_long_is_known(message: str, limit: int | None) -> None:
    refused = refusal(400, J({"error": {"message": message}}, ensure_ascii=False), {})
    assert refused.overflow, refused.kind
    assert refused.numbers.limit == limit


@pytest.mark.parametrize(
    "message",
    [
        "Image input exceeds the maximum size of 20 MB",
        "stop: array too long, at most 4 stop sequences allowed",
        "The input queue is full",
    ],
)
def test_what_else_is_too_large_is_not_the_prompt(message: str) -> None:
    assert not refusal(400, J({"error": {"message": message}}), {}).overflow


DIALECTS = {
    "Gemma 4": f'<|tool_call>call:{NAME}{{page:1,query:<|"|>lamp colour<|"|>}}<tool_call|>',
    "MiniMax with its end": f'<minimax:tool_call>\n<invoke name="{NAME}">\n<parameter name="query">lamp colour</parameter>\n</invoke>\n</minimax:tool_call>[e~[',
    "a tag with a number": f'<tool_call id="1">\n{CALL}\n</tool_call>',
    "the name in the tag": f'<tool_call name="{NAME}">\n{G}\n</tool_call>',
    "a tool with its name": f'<tool name="{NAME}">{G}</tool>',
    "Gemini": J({"functionCall": {"name": NAME, "args": GIVEN}}),
    "Gemini's parts": J({"parts": [{"functionCall": {"name": NAME, "args": GIVEN}}]}),
    "keys without quotes": '{name: "archival_memory_search", arguments: {query: "lamp colour", page: 1}}',
    "a word before it": f"TOOL_CALL: {CALL}",
    "tool and arguments": f"Tool: {NAME}\nArguments: {G}",
    "half an opening": f"tool_call>\n{CALL}\n</tool_call>",
    "Qwen's flowers": f"✿FUNCTION✿: {NAME}\n✿ARGS✿: {G}\n✿RESULT✿",
    "escaped": f"&lt;tool_call&gt;\n{CALL}\n&lt;/tool_call&gt;",
    "a dictionary in Python": f"{NAME}(**{GIVEN})",
    "awaited": f'await {NAME}(query="lamp colour")',
    "assigned": f'result = {NAME}(query="lamp colour")',
    "printed": f'print({NAME}(query="lamp colour"))',
    "tildes": f"~~~json\n{CALL}\n~~~",
    "Nemotron": f"<TOOLCALL>[{CALL}]</TOOLCALL><SPECIAL_12>",
    "Solar": f"<|tool_call:begin|>ab12<|tool_call:name|>{NAME}<|tool_call:args|>{G}<|tool_call:end|><|calls|>",
    "smolagents": f'Thought: look\nCode:\n```py\n{NAME}(query="lamp colour")\n```<end_code>',
    "elements in one": f"<function>\n<name>{NAME}</name>\n<parameters><query>lamp colour</query></parameters>\n</function>",
    "a colon": f"{NAME}: {G}",
}


@pytest.mark.parametrize("family", DIALECTS)
def test_a_call_in_another_dialect_is_carried_out_and_not_shown(family: str) -> None:
    text = DIALECTS[family]
    ((name, arguments),) = read_content(text, FUNCTIONS).calls
    assert name == NAME
    assert parse_arguments(arguments)["query"] == "lamp colour"
    splitter = TextSplitter(FUNCTIONS)
    pieces = (delta for at in range(0, len(text), 7) for delta in splitter.feed(text[at : at + 7]))
    assert not "".join(delta.text for delta in pieces if isinstance(delta, TextDelta)).strip()


@pytest.mark.parametrize(
    "text",
    [
        f'You can call {NAME}(query="x") to look it up.',
        f"Here is an example: {CALL} which means search.",
        "result = 4",
        "Tool: hammer\nArguments: none",
        "<tool name='hammer'>heavy</tool>",
        "Code:\n```py\nprint(1)\n```",
        "The mark is <|endofprompt|>",
        "It is written `<|foo|>`",
    ],
)
def test_what_only_looks_like_a_call_or_a_mark_is_said(text: str) -> None:
    content = read_content(text, FUNCTIONS)
    assert (content.text, content.calls) == (text, ())


@pytest.mark.parametrize(
    "text",
    [
        "<|begin_of_box|>A.<|end_of_box|>",
        "Here are my reasoning steps:\nx\n[BEGIN FINAL RESPONSE]\nA.\n[END FINAL RESPONSE]",
        "<seed:think>x</seed:think><seed:cot_budget_reflect>y</seed:cot_budget_reflect>A.",
        "<|thought|>x<|/thought|>A.",
        "<reasoning_content>x</reasoning_content>A.",
        "<final_response>A.</final_response>",
        "assistant<|message|>A.<|end|>",
        *(
            f"A.{mark}"
            for mark in (
                "<|role_end|>",
                "[|endofturn|]",
                "<SPECIAL_12>",
                "[e~[",
                "<|hy_place▁holder▁no▁2|>",
                "\n<|im_sep|>",
            )
        ),
    ],
)
def test_no_mark_and_no_thought_is_left_of_an_answer(text: str) -> None:
    assert read_content(text, FUNCTIONS).text.strip() == "A."


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        ("whole", "end_of_turn eot natural ended model_stop final"),
        ("cut", "finish_length context_length_exceeded max_context_length length_capped"),
        ("filtered", "PII violation harmful_content risk"),
        ("failed", "disconnect preempted"),
        ("malformed", "MISSING_THOUGHT_SIGNATURE TOO_MANY_TOOL_CALLS"),
        ("", "not_finished in_progress"),
    ],
)
def test_an_end_of_any_name_means_what_it_says(kind: str, reasons: str) -> None:
    assert {reason: kind_of_end(reason) for reason in reasons.split()} == dict.fromkeys(reasons.split(), kind)


def reply_of(*chunks: Any) -> Completion:
    tools = [{"type": "function", "function": {"name": name}} for name in FUNCTIONS]
    reader = ReplyReader({"messages": [{"role": "user", "content": "x"}], "max_tokens": 64, "tools": tools})
    raw = "".join(one if isinstance(one, str) else f"data: {J(one)}\n\n" for one in chunks).encode()
    for event in read_response(raw[at : at + 11] for at in range(0, len(raw), 11)):
        list(reader.feed(event))
    list(reader.end())
    return reader.completion()


def chunk(delta: Any, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


WHOLE = {"index": 0, "id": "a", "function": {"name": NAME, "arguments": G}}


@pytest.mark.parametrize(
    "delta",
    [
        {"tool_calls": WHOLE},
        {"tool_calls": {"0": WHOLE}},
        {"tool_calls": J([WHOLE])},
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": NAME, "parameters": GIVEN}}]},
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": NAME, "arguments": [GIVEN]}}]},
        {"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": NAME, "input": G}}]},
        {"content": [{"type": "tool_use", "id": "a", "name": NAME, "input": GIVEN}]},
    ],
)
def test_a_call_is_read_in_any_form(delta: dict[str, Any]) -> None:
    (call,) = reply_of(chunk(delta), chunk({}, "tool_calls"), "data: [DONE]\n\n").calls
    assert (call.id, call.name, json.loads(call.arguments)) == ("a", NAME, GIVEN)


@pytest.mark.parametrize("text", [{"type": "text", "text": "Hello"}, [{"type": "output_text", "text": "Hello"}]])
def test_text_is_read_in_any_form(text: Any) -> None:
    assert reply_of(chunk({"content": text}), chunk({}, "stop")).content == "Hello"
    assert reply_of(chunk("Hello"), chunk({}, "stop")).content == "Hello"


@pytest.mark.parametrize(
    "usage",
    [
        {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2}},
        {"x_groq": {"id": "req", "usage": {"prompt_tokens": 10, "completion_tokens": 2}}},
    ],
)
def test_usage_is_found_where_it_is(usage: dict[str, Any]) -> None:
    read = reply_of(chunk({"content": "hi"}), chunk({}, "stop", **usage)).usage
    assert read is not None
    assert (read.prompt_tokens, read.completion_tokens) == (10, 2)


def test_an_event_that_is_cut_is_not_an_error() -> None:
    reply = reply_of(chunk({"content": "Hello"}), 'data: {"choices": [{"index": 0, "de')
    assert (reply.content, reply.finish_reason) == ("Hello", "")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit-reset": "7"}, 7),
        ({"x-ratelimit-reset": "{seconds}"}, 20),
        ({"x-ratelimit-reset": "{milliseconds}"}, 20),
        ({"retry-after": "{date}"}, 20),
        ({"x-ratelimit-reset-tokens": "7.66s"}, 7.66),
        (
            {
                "x-ratelimit-reset-requests": "6m0s",
                "x-ratelimit-remaining-requests": "12",
                "x-ratelimit-reset-tokens": "3s",
                "x-ratelimit-remaining-tokens": "0",
            },
            3,
        ),
        ({"x-ms-retry-after-ms": "2000"}, 2),
        ({"retry-after-ms": "soon", "retry-after": "4"}, 4),
        ({"retry-after": "00:00:12"}, 12),
        ({"retry-after": "nan"}, None),
    ],
)
def test_a_wait_is_read_out_of_any_header(headers: dict[str, str], seconds: float | None) -> None:
    then = int(time.time()) + 20
    times = {"seconds": then, "milliseconds": then * 1000, "date": email.utils.formatdate(then, usegmt=True)}
    sent = {name: written.format(**times) for name, written in headers.items()}
    read = refusal(429, J({"error": {"message": "slow down"}}), sent).retry_after_seconds
    assert read == (None if seconds is None else pytest.approx(seconds, abs=2))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Rate limit exceeded, retry after 00:01:12", 72),
        ("Bitte versuchen Sie es in 12 Sekunden erneut", 12),
        ("Réessayez dans 20 secondes", 20),
        ("Inténtalo de nuevo en 15 segundos", 15),
    ],
)
def test_a_wait_is_read_in_other_words(text: str, seconds: float) -> None:
    assert written_wait_seconds(text) == seconds


def test_a_budget_that_is_spent_is_money() -> None:
    error = {
        "error": {
            "message": "Budget has been exceeded! Current cost: 10.2, Max budget: 10.0",
            "type": "budget_exceeded",
        }
    }
    said = explained(refusal(400, J(error), {}), Server("http://127.0.0.1:1/v1", "some-model")).one_line()
    assert re.search("balance|quota", said)


@pytest.mark.parametrize(
    "pieces",
    [
        "T|he lamp| is green.",
        "A| keeper| named Alda.",
        "arch|aeology| of lamps",
        "*|*Bold** |words",
        "pri|ntable| pages",
    ],
)
def test_a_reply_that_begins_like_a_call_and_is_none_is_shown_as_it_comes(pieces: str) -> None:
    splitter, shown = TextSplitter(FUNCTIONS), ""
    *before, last = pieces.split("|")
    for piece in before:
        shown += "".join(delta.text for delta in splitter.feed(piece) if isinstance(delta, TextDelta))
    assert shown == "".join(before)
    assert "".join(delta.text for delta in splitter.feed(last) if isinstance(delta, TextDelta)) == last
    assert splitter.finish()[1].text == pieces.replace("|", "")
