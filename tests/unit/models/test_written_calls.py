"""Function calls as model families write them, and the marks and thoughts that are no part of an answer."""

# ruff: noqa: E501 - what models write stands on one line

from __future__ import annotations

import json

import pytest

from workbench.models.base import TextDelta
from workbench.models.openai.content import Content, TextSplitter, read_content
from workbench.models.openai.written_calls import known_name, written_calls

FUNCTIONS = ("archival_memory_search", "send_message", "core_memory_append", "document_open")
SEARCH = ("archival_memory_search", {"query": "lamp colour"})

DIALECTS = {
    "hermes": '<tool_call>\n{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}\n</tool_call>',
    "hermes2": '<tool_call>\n{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}\n</tool_call>\n<tool_call>\n{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}\n</tool_call>',
    "hermes unclosed": '<tool_call>\n{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}\n',
    "qwencoder": "<tool_call>\n<function=archival_memory_search>\n<parameter=query>\nlamp colour\n</parameter>\n<parameter=page>\n0\n</parameter>\n<parameter=request_heartbeat>\nTrue\n</parameter>\n</function>\n</tool_call>",
    "qwencoder bare": "<function=archival_memory_search>\n<parameter=query>\nlamp\n</parameter>\n</function>",
    "llama custom": '<function=archival_memory_search>{"query": "lamp colour", "page": 0, "request_heartbeat": true}</function>',
    "glm": "<tool_call>archival_memory_search\n<arg_key>query</arg_key>\n<arg_value>lamp colour</arg_value>\n<arg_key>page</arg_key>\n<arg_value>0</arg_value>\n<arg_key>request_heartbeat</arg_key>\n<arg_value>True</arg_value>\n</tool_call>",
    "llama tag": '<|python_tag|>{"name": "archival_memory_search", "parameters": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}<|eom_id|>',
    "llama tag call": '<|python_tag|>archival_memory_search.call(query="lamp colour")',
    "llama bare": '{"type":"function","name": "archival_memory_search", "parameters": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}; {"name": "archival_memory_search", "parameters": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}',
    "pythonic": '[archival_memory_search(query="lamp colour", page=0), send_message(message="x")]',
    "mistral": '[TOOL_CALLS][{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}]',
    "mistral new": '[TOOL_CALLS]archival_memory_search[ARGS]{"query": "lamp colour", "page": 0, "request_heartbeat": true}',
    "mistral id": '[TOOL_CALLS]archival_memory_search[CALL_ID]abc123def[ARGS]{"query": "lamp colour", "page": 0, "request_heartbeat": true}',
    "fence": '```json\n{"name": "archival_memory_search", "arguments": {\n "query": "lamp colour",\n "page": 0,\n "request_heartbeat": true\n}}\n```',
    "fence toolcode": '```tool_code\nprint(default_api.archival_memory_search(query="lamp colour"))\n```',
    "fence py": '```python\narchival_memory_search(query="lamp colour")\n```',
    "bare": '{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}',
    "lines": '{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}\n{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}',
    "array": '[{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}]',
    "wrapped": '{"tool_calls":[{"id":"x","type":"function","function":{"name": "archival_memory_search", "arguments": "{\\"query\\": \\"lamp colour\\", \\"page\\": 0, \\"request_heartbeat\\": true}"}}]}',
    "letta": '{"function": "archival_memory_search", "params": {"query": "lamp colour", "page": 0, "request_heartbeat": true}, "inner_thoughts": "x"}',
    "react": '{"action": "archival_memory_search", "action_input": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}',
    "keyed": '{"archival_memory_search": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}',
    "deepseek": '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>archival_memory_search\n```json\n{"query": "lamp colour", "page": 0, "request_heartbeat": true}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>',
    "deepseek31": '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>archival_memory_search<｜tool▁sep｜>{"query": "lamp colour", "page": 0, "request_heartbeat": true}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "kimi": '<|tool_calls_section_begin|><|tool_call_begin|>functions.archival_memory_search:0<|tool_call_argument_begin|>{"query": "lamp colour", "page": 0, "request_heartbeat": true}<|tool_call_end|><|tool_calls_section_end|>',
    "minimax": '<minimax:tool_call>\n<invoke name="archival_memory_search">\n<parameter name="query">lamp</parameter>\n</invoke>\n</minimax:tool_call>',
    "claude": '<function_calls>\n<invoke name="archival_memory_search">\n<parameter name="query">lamp</parameter>\n</invoke>\n</function_calls>',
    "dsml": '<｜DSML｜function_calls>\n<｜DSML｜invoke name="archival_memory_search">\n<｜DSML｜parameter name="query" string="true">lamp</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
    "harmony": '<|channel|>analysis<|message|>hmm<|end|><|start|>assistant<|channel|>commentary to=functions.archival_memory_search <|constrain|>json<|message|>{"query": "lamp colour", "page": 0, "request_heartbeat": true}<|call|>',
    "harmony2": '<|start|>assistant<|channel|>commentary to=functions.archival_memory_search <|constrain|>json<|message|>{"query": "lamp colour", "page": 0, "request_heartbeat": true}<|call|>',
    "cohere": '<|START_ACTION|>[{"tool_call_id":"0","tool_name":"archival_memory_search","parameters":{"query": "lamp colour", "page": 0, "request_heartbeat": true}}]<|END_ACTION|>',
    "granite": '<|tool_call|>[{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}]',
    "phi": '<|tool_call|>[{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}]<|/tool_call|>',
    "internlm": '<|action_start|><|plugin|>{"name": "archival_memory_search", "parameters": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}<|action_end|>',
    "lfm": '<|tool_call_start|>[archival_memory_search(query="lamp")]<|tool_call_end|>',
    "apertus": '<|tools_prefix|>[{"archival_memory_search": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}]<|tools_suffix|>',
    "functioncall": '<functioncall> {"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}} </functioncall>',
    "lmstudio": '[TOOL_REQUEST]{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}[END_TOOL_REQUEST]',
    "seed": "<seed:tool_call>\n<function=archival_memory_search>\n<parameter=query>lamp</parameter>\n</function>\n</seed:tool_call>",
    "think+hermes": '<think>\nhm\n</think>\n\n<tool_call>\n{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 0, "request_heartbeat": true}}\n</tool_call>',
    "name json": 'archival_memory_search {"query": "lamp colour", "page": 0, "request_heartbeat": true}',
    "functionary": '>>>archival_memory_search\n{"query": "lamp colour", "page": 0, "request_heartbeat": true}',
    "xml no wrapper end": "<tool_call>\n<function=archival_memory_search>\n<parameter=query>\nlamp\n</parameter>\n</function>",
}
"""By family, a call of archival_memory_search, some of them twice."""

TEXTS = [
    ("SECRET okay.\n</think>\n\nFINAL The lamp", "FINAL The lamp"),
    ("\n\n<thinking>S</thinking>\n\nFINAL x", "FINAL x"),
    ("[THINK]S[/THINK]FINAL x", "FINAL x"),
    ("FINAL x.<|im_end|>", "FINAL x."),
    ("FINAL x.<|im_end|>\n<|im_start|>user\nwhat", "FINAL x."),
    ("<|im_start|>assistant\nFINAL x.</s>", "FINAL x."),
    ("<|channel|>analysis<|message|>S<|end|><|start|>assistant<|channel|>final<|message|>FINAL x<|return|>", "FINAL x"),
    ("analysisWe need to.assistantfinalFINAL x", "FINAL x"),
    ("The tag </think> ends reasoning.", "The tag </think> ends reasoning."),
    ('The page says "</think>" there.', 'The page says "</think>" there.'),
    ("a < b and <tool is no tag <tool_call", "a < b and <tool is no tag <tool_call"),
    ('{"name": "Ann", "age": 7}', '{"name": "Ann", "age": 7}'),
    (
        'The page says <tool_call>{"name": "archival_memory_search", "arguments": {}}</tool_call> and more.',
        'The page says <tool_call>{"name": "archival_memory_search", "arguments": {}}</tool_call> and more.',
    ),
    (
        'The page says <tool_call>{"name": "archival_memory_search", "arguments": {}}</tool_call>',
        'The page says <tool_call>{"name": "archival_memory_search", "arguments": {}}</tool_call>',
    ),
    ("<think>only", ""),
    ("◁think▷S◁/think▷FINAL x", "FINAL x"),
    ("FINAL x<end_of_turn>\n", "FINAL x"),
    ("FINAL x<｜end▁of▁sentence｜>", "FINAL x"),
    ("reasoning here</think>FINAL x", "reasoning here</think>FINAL x"),
    ("<|start_header_id|>assistant<|end_header_id|>\n\nFINAL x<|eot_id|>", "FINAL x"),
    ("Ok <|eot_id|> is a token.", "Ok <|eot_id|> is a token."),
]
"""What a model wrote, and what of it is the answer."""


def streamed(text: str, size: int) -> tuple[str, Content]:
    splitter = TextSplitter(FUNCTIONS)
    shown = [delta for start in range(0, len(text), size) for delta in splitter.feed(text[start : start + size])]
    held, content = splitter.finish()
    return "".join(delta.text for delta in [*shown, *held] if isinstance(delta, TextDelta)), content


@pytest.mark.parametrize("family", DIALECTS)
def test_a_call_as_a_family_writes_it(family: str) -> None:
    content = read_content(DIALECTS[family], FUNCTIONS)
    assert content.text == ""
    assert content.calls
    for name, arguments in content.calls:
        assert name in ("archival_memory_search", "send_message")
        assert set(json.loads(arguments)) & {"query", "message"}
    for size in (1, 3, 1000):
        shown, again = streamed(DIALECTS[family], size)
        assert again == content
        assert shown.strip(" >") == "", "a call is never shown as text"


@pytest.mark.parametrize("family", DIALECTS)
def test_a_call_with_anything_beside_it_calls_nothing(family: str) -> None:
    call = DIALECTS[family]
    for text in (f"The page says:\n{call}", f"{call}\nThat is what it says."):
        if family == "think+hermes" and text.startswith("<think>"):
            continue
        content = read_content(text, FUNCTIONS)
        assert content.calls == () or content.text == "" and family in ("think+hermes", "harmony", "harmony2")


@pytest.mark.parametrize(("text", "said"), TEXTS)
def test_what_is_said_is_told_from_thoughts_and_marks(text: str, said: str) -> None:
    content = read_content(text, FUNCTIONS)
    assert content.text == said
    assert content.calls == ()
    for size in (1, 4, 1000):
        assert streamed(text, size)[1] == content


def test_marks_inside_of_arguments_are_text() -> None:
    written = '{"name": "send_message", "arguments": {"message": "see <tool_call>, <|x|> and ```y```"}}'
    for text in (written, f"<tool_call>{written}</tool_call>"):
        ((name, arguments),) = written_calls(text, FUNCTIONS)
        assert name == "send_message"
        assert json.loads(arguments) == {"message": "see <tool_call>, <|x|> and ```y```"}


def test_broken_arguments_reach_the_executor_and_unknown_names_too() -> None:
    broken = '<tool_call>\n{"name": "archival_memory_search", "arguments": {"query": "blue}\n</tool_call>'
    assert written_calls(broken, FUNCTIONS) == [("archival_memory_search", '{"query": "blue')]
    assert written_calls('<tool_call>{"name": "delete", "arguments": {}}</tool_call>', FUNCTIONS) == [("delete", "{}")]
    assert written_calls('{"name": "Ann", "age": 7}', FUNCTIONS) == []
    assert written_calls('{"name": "Ann", "arguments": {}}', ()) == []


@pytest.mark.parametrize(
    "name",
    [
        "archival_memory_search",
        "functions.archival_memory_search",
        "archival_memory_search<|channel|>commentary",
        "functions.archival_memory_search:0",
        "default_api:archival_memory_search",
        "ArchivalMemorySearch",
        "archival-memory-search",
        " archival_memory_search() ",
        "to=functions.archival_memory_search",
    ],
)
def test_a_name_means_a_function_whatever_is_added_to_it(name: str) -> None:
    assert known_name(name, FUNCTIONS) == "archival_memory_search"


@pytest.mark.parametrize("name", ["archival_memory", "search", "archival_memory_search_all", ""])
def test_another_name_is_another_function(name: str) -> None:
    assert known_name(name, FUNCTIONS) not in FUNCTIONS
