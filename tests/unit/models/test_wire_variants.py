"""What servers of many providers write, kind by kind: too long prompts, calls as text, thoughts, ends, streams, usage, errors.

The words are those of public bug reports and documentation.
"""

# ruff: noqa: E501 - tables of words as they are sent

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from workbench.models.base import TextDelta
from workbench.models.openai.content import TextSplitter, read_content
from workbench.models.openai.errors import Server, explained, refusal
from workbench.models.openai.refusal_kinds import Kind, written_wait_seconds
from workbench.models.openai.response import ReplyReader, kind_of_end
from workbench.models.openai.sse import read_response

F = {"archival_memory_search", "send_message", "core_memory_append", "pause_heartbeats"}
N = "archival_memory_search"
A = {"query": "lamp colour", "page": 1, "request_heartbeat": True}
J = json.dumps
NA = J({"name": N, "arguments": A})
D = {
    "hermes": f"<tool_call>\n{NA}\n</tool_call>",
    "hermes two": f"<tool_call>\n{NA}\n</tool_call>\n<tool_call>\n{NA}\n</tool_call>",
    "hermes unclosed": f"<tool_call>\n{NA}",
    "hermes only closing": f"{NA}\n</tool_call>",
    "hermes py quotes": f"<tool_call>\n{ {'name': N, 'arguments': A} }\n</tool_call>",
    "hermes double braces": "<tool_call>\n{" + NA + "}\n</tool_call>",
    "hermes extra brace": f"<tool_call>\n{NA}}}\n</tool_call>",
    "hermes missing brace": f"<tool_call>\n{NA[:-1]}\n</tool_call>",
    "hermes args str": f"<tool_call>\n{J({'name': N, 'arguments': J(A)})}\n</tool_call>",
    "hermes trailing comma": '<tool_call>\n{"name": "archival_memory_search", "arguments": {"query": "lamp colour", "page": 1,}}\n</tool_call>',
    "hermes nl in string": '<tool_call>\n{"name": "send_message", "arguments": {"message": "line one\nline two"}}\n</tool_call>',
    "tools tag": f"<tools>\n{NA}\n</tools>",
    "function_call tag": f"<function_call>{NA}</function_call>",
    "functioncall": f"<functioncall> {NA} </functioncall>",
    "functioncall str": '<functioncall> {"name": "archival_memory_search", "arguments": \'{"query": "lamp colour"}\'}',
    "llama3.1 fn": f"<function={N}>{J(A)}</function>",
    "llama3.1 fn attr": f'<function name="{N}">{J(A)}</function>',
    "llama3.1 eom": f"<function={N}>{J(A)}</function><|eom_id|>",
    "llama builtin": f'<|python_tag|>{N}.call(query="lamp colour", page=1)',
    "llama parameters": J({"name": N, "parameters": A}),
    "llama semicolon": J({"name": N, "parameters": A}) + "; " + J({"name": N, "parameters": A}),
    "llama4": f'[{N}(query="lamp colour", page=1, request_heartbeat=true)]',
    "llama4 start": f'<|python_start|>[{N}(query="lamp colour", page=1)]<|python_end|>',
    "granite": f"<|tool_call|>[{NA}]",
    "granite2": f"<tool_call>[{NA}]",
    "phi4": f"<|tool_call|>[{J({'type': 'function', 'function': {'name': N, 'arguments': A}})}]<|/tool_call|>",
    "phi4 functools": f"functools[{NA}]",
    "mistral nemo": f"[TOOL_CALLS] [{NA}]",
    "mistral id": f"[TOOL_CALLS][{J({'name': N, 'arguments': A, 'id': 'abcdefghi'})}]</s>",
    "mistral v13": f"[TOOL_CALLS]{N}[CALL_ID]abcdefghi[ARGS]{J(A)}",
    "mistral two": f"[TOOL_CALLS]{N}[ARGS]{J(A)}[TOOL_CALLS]{N}[ARGS]{J(A)}",
    "mistral brace name": f"[TOOL_CALLS]{N}{J(A)}",
    "deepseek v3.1": f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>{N}<｜tool▁sep｜>{J(A)}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "deepseek r1": f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>{N}\n```json\n{J(A)}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
    "deepseek ascii": f"<|tool_calls_begin|><|tool_call_begin|>function<|tool_sep|>{N}\n```json\n{J(A)}\n```<|tool_call_end|><|tool_calls_end|>",
    "deepseek dsml": f'<｜DSML｜function_calls>\n<｜DSML｜invoke name="{N}">\n<｜DSML｜parameter name="query" string="true">lamp colour</｜DSML｜parameter>\n<｜DSML｜parameter name="page" string="false">1</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
    "invoke xml": f'<function_calls>\n<invoke name="{N}">\n<parameter name="query">lamp colour</parameter>\n<parameter name="page">1</parameter>\n</invoke>\n</function_calls>',
    "invoke old": f"<function_calls>\n<invoke>\n<tool_name>{N}</tool_name>\n<parameters>\n<query>lamp colour</query>\n<page>1</page>\n</parameters>\n</invoke>\n</function_calls>",
    "invoke ns": f'<ns:function_calls>\n<ns:invoke name="{N}">\n<ns:parameter name="query">lamp colour</ns:parameter>\n</ns:invoke>\n</ns:function_calls>',
    "minimax m1": f"<tool_calls>\n{NA}\n</tool_calls>",
    "minimax m2": f'<minimax:tool_call>\n<invoke name="{N}">\n<parameter name="query">lamp colour</parameter>\n</invoke>\n</minimax:tool_call>',
    "qwen coder": f"<tool_call>\n<function={N}>\n<parameter=query>\nlamp colour\n</parameter>\n</function>\n</tool_call>",
    "qwen coder no open": f"<function={N}>\n<parameter=query>\nlamp colour\n</parameter>\n</function>\n</tool_call>",
    "qwen coder unclosed param": f"<tool_call>\n<function={N}>\n<parameter=query>\nlamp colour\n<parameter=page>\n1\n</function>\n</tool_call>",
    "glm": f"<tool_call>{N}\n<arg_key>query</arg_key>\n<arg_value>lamp colour</arg_value>\n</tool_call>",
    "glm one line": f"<tool_call>{N}<arg_key>query</arg_key><arg_value>lamp colour</arg_value></tool_call>",
    "glm4 name newline": f"{N}\n{J(A)}",
    "glm4 observation": f"{N}\n{J(A)}<|observation|>",
    "glm two": f"<tool_call>{N}\n<arg_key>query</arg_key>\n<arg_value>lamp colour</arg_value>\n</tool_call>\n<tool_call>{N}\n<arg_key>query</arg_key>\n<arg_value>lamp colour</arg_value>\n</tool_call>",
    "kimi": f"<|tool_calls_section_begin|><|tool_call_begin|>functions.{N}:0<|tool_call_argument_begin|>{J(A)}<|tool_call_end|><|tool_calls_section_end|>",
    "harmony": f"<|channel|>commentary to=functions.{N} <|constrain|>json<|message|>{J(A)}<|call|>",
    "harmony role to": f"<|start|>assistant to=functions.{N}<|channel|>commentary json<|message|>{J(A)}<|call|>",
    "harmony stripped": f"commentary to=functions.{N} json{J(A)}",
    "harmony stripped2": f"analysisI should look.assistantcommentary to=functions.{N} json{J(A)}",
    "harmony analysis to": f"<|channel|>analysis to=functions.{N} code<|message|>{J(A)}<|call|>",
    "command-r": f"Action: ```json\n[{J({'tool_name': N, 'parameters': A})}]\n```",
    "cohere 2": f"<|START_ACTION|>[\n {J({'tool_call_id': '0', 'tool_name': N, 'parameters': A})}\n]<|END_ACTION|>",
    "cohere thinking": f"<|START_THINKING|>I will search.<|END_THINKING|><|START_ACTION|>[\n {J({'tool_call_id': '0', 'tool_name': N, 'parameters': A})}\n]<|END_ACTION|>",
    "react": f"Action: {N}\nAction Input: {J(A)}",
    "react thought": f"Thought: I should search.\nAction: {N}\nAction Input: {J(A)}",
    "react obs": f"Thought: I should search.\nAction: {N}\nAction Input: {J(A)}\nObservation:",
    "action json": J({"action": N, "action_input": A}),
    "fence": f"```json\n{NA}\n```",
    "fence bare": f"```\n{NA}\n```",
    "fence tool_call": f"```tool_call\n{NA}\n```",
    "fence tool_code": f'```tool_code\n{N}(query="lamp colour", page=1)\n```',
    "fence python": f'```python\n{N}(query="lamp colour", page=1)\n```',
    "fence xml": f"```xml\n<tool_call>{NA}</tool_call>\n```",
    "gemma json": f"```json\n{J({'name': N, 'parameters': A})}\n```",
    "gemma3n": f'```tool_code\nprint(default_api.{N}(query="lamp colour", page=1))\n```',
    "functiongemma": f"<start_function_call>call:{N}{{query:<escape>lamp colour<escape>,page:1}}<end_function_call>",
    "xlam": f"[{NA}]",
    "nemotron": f"<TOOLCALL>[{NA}]</TOOLCALL>",
    "openai shape": J({"tool_calls": [{"id": "x", "type": "function", "function": {"name": N, "arguments": J(A)}}]}),
    "openai shape2": J({"function_call": {"name": N, "arguments": J(A)}}),
    "function key": J({"function": N, "parameters": A}),
    "tool key": J({"tool": N, "tool_input": A}),
    "name as key": J({N: A}),
    "flat args": J({"function": N, **A}),
    "flat name": J({"name": N, **A}),
    "memgpt style": J({"function": N, "params": {"inner_thoughts": "x", **A}}),
    "openfunctions": f'<<function>>{N}(query="lamp colour", page=1)',
    "firefunction": f" functools[{NA}]",
    "hammer": f"```\n[{NA}]\n```",
    "seed": f"<seed:tool_call>\n<function={N}>\n<parameter=query>lamp colour</parameter>\n</function>\n</seed:tool_call>",
    "longcat": f"<longcat_tool_call>{N}\n<longcat_arg_key>query</longcat_arg_key>\n<longcat_arg_value>lamp colour</longcat_arg_value>\n</longcat_tool_call>",
    "step3": f'<｜tool_calls_begin｜><｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="{N}"><steptml:parameter name="query">lamp colour</steptml:parameter></steptml:invoke><｜tool_call_end｜><｜tool_calls_end｜>',
    "hunyuan": f"<tool_calls>[{NA}]</tool_calls>",
    "ernie": f"<tool_call>\n{NA}\n</tool_call>\n",
    "internlm": f"<|action_start|><|plugin|>\n{J({'name': N, 'parameters': A})}<|action_end|>",
    "lfm2": f'<|tool_call_start|>[{N}(query="lamp colour", page=1)]<|tool_call_end|>',
    "apertus": f"<|tools_prefix|>[{J({N: A})}]<|tools_suffix|>",
    "olmo3": f'<function_calls>\n{N}(query="lamp colour", page=1)\n</function_calls>',
    "jamba": f"<tool_calls>[\n  {NA}\n]</tool_calls>",
    "exaone": f"<tool_call>{NA}</tool_call>",
    "think then": f"<think>I should.</think>\n<tool_call>\n{NA}\n</tool_call>",
    "inside think end": f"I should.\n</think>\n\n<tool_call>\n{NA}\n</tool_call>",
    "bold": f'**{N}**(query="lamp colour")',
    "positional": f'{N}("lamp colour")',
    "backtick one": f'`{N}(query="lamp colour")`',
    "watt": f'[{N}(query="lamp colour"), {N}(query="lamp colour", page=1)]',
    "assistant prefix": f"assistant\n\n{J({'name': N, 'parameters': A})}",
    "smollm": f"<tool_call>[{NA}]</tool_call>",
    "yaml": f"<tool_call>\nname: {N}\narguments:\n  query: lamp colour\n  page: 1\n</tool_call>",
    "tag is name": f"<{N}>\n<query>lamp colour</query>\n<page>1</page>\n</{N}>",
    "tag is name json": f"<{N}>{J(A)}</{N}>",
    "use_mcp": f"<tool_use>\n<name>{N}</name>\n<arguments>{J(A)}</arguments>\n</tool_use>",
}

MENDED = {
    "hermes double braces",
    "hermes missing brace",
    "hermes trailing comma",
    "hermes nl in string",
    "functioncall str",
}
"""Their arguments are not JSON; the executor mends them."""
TOLD = {"positional", "yaml"}
"""Their arguments cannot be read; the model is told so."""


@pytest.mark.parametrize("family", D)
def test_a_call_written_as_text_is_a_call_and_is_not_shown(family: str) -> None:
    text = D[family]
    content = read_content(text, F)
    assert content.calls
    assert all(name in F for name, _ in content.calls), content
    assert not content.text.strip()
    if family in MENDED:
        from workbench.agent.executor import parse_arguments

        given = parse_arguments(content.calls[0][1])
    elif family in TOLD:
        return
    else:
        given = json.loads(content.calls[0][1])
    assert given.get("query") == "lamp colour" or "message" in given
    if "analysis" in text[:9] or family == "inside think end":
        return  # it begins like a text, and streams as one until its mark comes
    splitter = TextSplitter(F)
    shown = "".join(
        d.text for i in range(0, len(text), 7) for d in splitter.feed(text[i : i + 7]) if isinstance(d, TextDelta)
    )
    assert not shown.strip()


OV = [
    (
        400,
        {"error": {"message": "Input is too long for requested model.", "type": "ValidationException"}},
        None,
    ),  # Bedrock
    (400, {"message": "Input is too long for requested model."}, None),
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "The input token count (1196265) exceeds the maximum number of tokens allowed (1048576).",
                "status": "INVALID_ARGUMENT",
            }
        },
        1048576,
    ),
    (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "The input token count exceeds the maximum number of tokens allowed 32768.",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
        32768,
    ),
    (
        400,
        {"error": {"message": "prompt is too long: 205032 tokens > 200000 maximum", "type": "invalid_request_error"}},
        200000,
    ),
    (
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (7976 in the messages, 1024 in the completion). Please reduce the length of the messages or completion.",
            "type": "BadRequestError",
            "code": 400,
        },
        8192,
    ),  # vllm
    (
        400,
        {
            "error": {
                "message": "The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller than the number of text tokens.",
                "type": "BadRequestError",
                "code": 400,
            }
        },
        8192,
    ),
    (
        400,
        {
            "error": {
                "message": "'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's maximum context length is 4096 tokens and your request has 4000 input tokens (1024 > 4096 - 4000).",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            }
        },
        4096,
    ),
    (400, {"error": {"message": "max_tokens must be at least 1, got -508.", "code": 400}}, None),
    (
        413,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 1024 `max_new_tokens`",
            "error_type": "validation",
        },
        4096,
    ),  # TGI
    (
        422,
        {
            "error": "Input validation error: `inputs` must have less than 4095 tokens. Given: 5378",
            "error_type": "validation",
        },
        4095,
    ),
    (
        400,
        {
            "error": {
                "message": "The input (5378 tokens) is longer than the model's context length (4096 tokens).",
                "type": "BadRequestError",
                "code": 400,
            }
        },
        4096,
    ),  # sglang
    (
        400,
        {
            "object": "error",
            "message": "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5402 tokens: 4378 tokens from the input messages and 1024 tokens for the completion. Please reduce the number of tokens in the input messages or the completion to fit within the limit.",
            "type": "BadRequest",
        },
        4096,
    ),
    (
        400,
        {
            "error": {
                "message": "Trying to keep the first 5378 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input"
            }
        },
        4096,
    ),  # LMStudio
    (
        500,
        {
            "error": {
                "code": 500,
                "message": "the request exceeds the available context size. try increasing the context size or enable context shift",
                "type": "server_error",
            }
        },
        None,
    ),
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "request (5378 tokens) exceeds the available context size (4096 tokens), try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 5378,
                "n_ctx": 4096,
            }
        },
        4096,
    ),
    (500, {"error": {"code": 500, "message": "context shift is disabled", "type": "server_error"}}, None),
    (400, {"error": {"message": "Requested tokens (5378) exceed context window of 4096"}}, 4096),
    (500, {"detail": "Prompt length of 5378 exceeds max_seq_len of 4096"}, 4096),  # tabby
    (400, {"detail": "Prompt length 5378 is greater than max_seq_len 4096"}, 4096),
    (
        400,
        {"error": {"message": "Range of input length should be [1, 30720]", "code": "InvalidParameter"}},
        30720,
    ),  # dashscope
    (
        400,
        {
            "error": {
                "message": "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]",
                "type": "invalid_request_error",
                "code": "invalid_parameter_error",
            }
        },
        129024,
    ),
    (400, {"error": {"code": "1261", "message": "Prompt exceeds max length"}}, None),  # zhipu
    (400, {"error": {"code": "1210", "message": "API 调用参数有误:输入长度超过模型最大长度限制"}}, None),
    (
        200,
        {"base_resp": {"status_code": 2013, "status_msg": "invalid params, context window exceeds limit"}},
        None,
    ),  # minimax
    (200, {"base_resp": {"status_code": 1039, "status_msg": "token limit"}}, None),
    (
        400,
        {
            "error": {
                "message": "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens (66000 in the messages, 4000 in the completion). Please reduce the length of the messages or completion.",
                "type": "invalid_request_error",
            }
        },
        65536,
    ),  # deepseek
    (
        400,
        {
            "error": {
                "message": "Please reduce the length of the messages or completion. Current length is 9216 while limit is 8192",
                "type": "invalid_request_error",
                "param": "messages",
                "code": "context_length_exceeded",
            }
        },
        8192,
    ),  # cerebras
    (
        400,
        {
            "message": "Please reduce the length of the messages or completion. Current length is 9216 while limit is 8192",
            "type": "invalid_request_error",
            "code": "context_length_exceeded",
        },
        8192,
    ),
    (
        400,
        {
            "error": {
                "message": "Please reduce the length of the messages or completion.",
                "type": "invalid_request_error",
                "param": "messages",
                "code": "context_length_exceeded",
            }
        },
        None,
    ),  # groq
    (
        413,
        {
            "error": {
                "message": "Request too large for model `llama-3.1-8b-instant` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your message size and try again.",
                "type": "tokens",
                "code": "rate_limit_exceeded",
            }
        },
        6000,
    ),  # groq
    (
        400,
        {
            "message": "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5378. Try using a shorter prompt, or enabling prompt truncating."
        },
        4081,
    ),  # cohere
    (
        400,
        {
            "error": {
                "message": "Prompt contains 5378 tokens, too large for model with 4096 maximum context length",
                "type": "invalid_request_prompt",
                "code": "3051",
            }
        },
        4096,
    ),  # mistral
    (
        400,
        {
            "object": "error",
            "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            "type": "invalid_request_error",
            "param": None,
            "code": "3051",
        },
        32768,
    ),
    (
        422,
        {
            "error": {
                "message": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`",
                "type": "invalid_request_error",
            }
        },
        8193,
    ),  # together
    (
        400,
        {
            "error": {
                "object": "error",
                "type": "invalid_request_error",
                "message": "The prompt is too long: 5378, model maximum context length: 4095",
            }
        },
        4095,
    ),  # fireworks
    (400, {"error": {"message": "input must have less than 8192 tokens"}}, 8192),
    (
        400,
        {
            "error": {
                "code": "string_above_max_length",
                "message": "Invalid 'messages[1].content': string too long. Expected a string with maximum length 10485760, but got a string with length 12000000 instead.",
                "type": "invalid_request_error",
                "param": "messages[1].content",
            }
        },
        None,
    ),
    (
        400,
        {
            "error": {
                "message": "Your input exceeds the context window of this model. Please adjust your input and try again.",
                "type": "invalid_request_error",
                "param": "input",
                "code": "context_length_exceeded",
            }
        },
        None,
    ),  # responses
    (
        400,
        {
            "error": {
                "message": "input tokens exceeds the configured limit of 272000 tokens. Your messages resulted in 300000 tokens. Please reduce the length of the messages.",
                "code": "context_length_exceeded",
            }
        },
        272000,
    ),
    (
        400,
        {
            "error": {
                "message": 'This endpoint\'s maximum context length is 131072 tokens. However, you requested about 143042 tokens (141042 of text input, 2000 in the output). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.',
                "code": 400,
            }
        },
        131072,
    ),  # openrouter
    (
        413,
        {
            "error": {
                "code": "tokens_limit_reached",
                "message": "Request body too large for gpt-4o model. Max size: 8000 tokens.",
                "details": "Request body too large for gpt-4o model. Max size: 8000 tokens.",
            }
        },
        8000,
    ),  # github models
    (
        400,
        {
            "error": {
                "message": "prompt token count of 140000 exceeds the limit of 128000",
                "code": "model_max_prompt_tokens_exceeded",
            }
        },
        128000,
    ),  # copilot
    (400, {"error": {"message": "The total number of tokens 5378 exceeds the maximum 4096"}}, 4096),
    (400, {"error": {"message": "Conversation too long: please start a new chat"}}, None),
    (400, {"error": "input length exceeds maximum context length"}, None),  # ollama
    (400, {"error": "the input length exceeds the context length"}, None),
    (
        400,
        {
            "error": {
                "message": "prompt too long; exceeded max context length by 282 tokens",
                "type": "invalid_request_error",
            }
        },
        None,
    ),  # ollama
    (
        400,
        {
            "errors": [
                {
                    "message": "AiError: AiError: The estimated number of input and maximum output tokens (5400) exceeded this model context window limit (4096). (2fb7)",
                    "code": 8007,
                }
            ],
            "success": False,
        },
        4096,
    ),  # cloudflare
    (
        400,
        {
            "errors": [
                {
                    "message": "5021: The estimated number of input and maximum output tokens (9000) exceeded this model context window limit (7968).",
                    "code": 5021,
                }
            ],
            "success": False,
            "result": {},
            "messages": [],
        },
        7968,
    ),
    (
        400,
        {
            "error": {
                "message": "Validation: the length of the prompt (5,378) is larger than the max sequence length (4,096)"
            }
        },
        4096,
    ),
    (
        424,
        {
            "ErrorCode": "INFERENCE",
            "OriginalStatusCode": 400,
            "OriginalMessage": '{"object":"error","message":"This model\'s maximum context length is 4096 tokens. However, you requested 5378 tokens in the messages, Please reduce the length of the messages.","type":"BadRequestError","code":400}',
        },
        4096,
    ),  # sagemaker
    (
        400,
        {
            "error_code": "BAD_REQUEST",
            "message": '{"error_code":"BAD_REQUEST","message":"Bad request: prompt tokens (5378) + max_tokens (1024) exceeds 4096"}',
        },
        4096,
    ),  # databricks
    (
        400,
        {
            "error": {
                "message": "Invalid request: the number of tokens in the prompt 5378 is more than the maximum 4096"
            }
        },
        4096,
    ),
    (400, {"code": 400, "reason": "INVALID_REQUEST_BODY", "message": "token length exceeds max_model_len"}, None),
    (500, {"error": "llama runner process has terminated: prompt exceeds n_ctx"}, None),
    (400, {"msg": "the input message exceeds the maximum length", "code": 20015}, None),  # siliconflow
    (
        400,
        {
            "code": 20015,
            "message": "length of prompt_tokens (5378) must be less than max_seq_len (4096).",
            "data": None,
        },
        4096,
    ),  # siliconflow
    (400, {"error": {"code": "336007", "message": "the max length of current question is 11200"}}, 11200),  # baidu;
    (400, {"error_code": 336103, "error_msg": "Prompt tokens too long"}, None),
    (
        400,
        {
            "error": {
                "message": "Total tokens of image and text exceed max message tokens. Request id: 0217",
                "type": "BadRequest",
                "code": "InvalidParameter",
            }
        },
        None,
    ),  # volcengine
    (
        400,
        {"error": {"message": "Input length 5378 exceeds the maximum length 4096", "code": "InvalidParameter"}},
        4096,
    ),
    (400, {"detail": "Input length (5378 tokens) exceeds limit. Max 4096"}, 4096),
    (
        400,
        {
            "error": {
                "message": "You passed 4097 input tokens and requested 1024 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 3072 tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=4097)",
                "type": "BadRequestError",
                "param": "input_tokens",
                "code": 400,
            }
        },
        "?",
    ),
    (
        400,
        {
            "error": {
                "message": "ValidationException: The model returned the following errors: Input is too long. Max length is 16384 tokens, but got 20000 tokens."
            }
        },
        16384,
    ),
    (400, {"error": {"message": "messages too long, limit 8192 tokens", "code": "bad_request"}}, 8192),
    (400, "Bad Request: context_length_exceeded", None),
    (400, {"error": {"message": "Anfrage zu lang: das Kontextfenster von 4096 Token wird überschritten"}}, 4096),
    (400, {"error": {"message": "Context size has been exceeded."}}, None),  # LM Studio
    (
        400,
        {
            "error": "Error: Reached context length of 4096 tokens with model (arch: llama) that does not currently support mid-generation context overflow. Try reloading with a larger context length or shortening the prompt/chat."
        },
        4096,
    ),
    (
        429,
        {
            "error": {
                "message": "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 40000. The input or output tokens must be reduced in order to run successfully. Visit https://platform.openai.com/account/rate-limits to learn more.",
                "type": "tokens",
                "code": "rate_limit_exceeded",
            }
        },
        30000,
    ),
    (
        400,
        {
            "error": {
                "message": "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: OpenAIException - This model's maximum context length is 8192 tokens. However, your messages resulted in 10010 tokens.",
                "code": "400",
            }
        },
        8192,
    ),
]
NOT = [
    (
        429,
        {
            "error": {
                "message": "Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 3000. Please try again in 4s.",
                "code": "rate_limit_exceeded",
            }
        },
        Kind.RATE,
    ),
    (
        400,
        {
            "error": {
                "message": "max_tokens is too large: 32768. This model supports at most 16384 completion tokens, whereas you provided 32768.",
                "param": "max_tokens",
            }
        },
        Kind.ROOM,
    ),
    (
        400,
        {
            "error": {
                "message": "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude-3-5",
                "type": "invalid_request_error",
            }
        },
        Kind.ROOM,
    ),
    (400, {"error": {"message": "Range of max_tokens should be [1, 2000]"}}, Kind.ROOM),
    (
        400,
        {"error": {"message": "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"}},
        Kind.ROOM,
    ),  # deepseek
    (
        400,
        {
            "error": {
                "message": "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model"
            }
        },
        Kind.ROOM,
    ),  # groq
    (
        400,
        {
            "error": {
                "message": "Invalid 'tools[3].function.name': string too long. Expected a string with maximum length 64, but got a string with length 70 instead."
            }
        },
        None,
    ),
    (
        400,
        {
            "error": {
                "message": "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 140 instead."
            }
        },
        None,
    ),
    (
        400,
        {
            "error": {
                "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            }
        },
        None,
    ),
    (400, {"error": {"message": "temperature must be between 0 and 1, got 1.2"}}, None),
    (503, {"error": {"message": "The model is overloaded, too many requests in queue"}}, None),
    (400, {"error": {"message": "The maximum number of tools is 128"}}, None),
    (401, {"error": {"message": "Incorrect API key provided: the input is too long"}}, Kind.KEY),
    (400, {"error": {"message": "Unrecognized request argument supplied: context_length"}}, None),
    (500, {"error": {"message": "CUDA out of memory. Tried to allocate 2.00 GiB"}}, None),
    (
        429,
        {
            "error": {
                "message": "You exceeded your current quota, please check your plan and billing details. Quota exceeded for metric: input_token_count, limit: 250000",
                "status": "RESOURCE_EXHAUSTED",
            }
        },
        "!",
    ),
]


@pytest.mark.parametrize(("status", "body", "limit"), OV)
def test_a_prompt_that_is_too_long_is_known_in_any_words(status: int, body: Any, limit: Any) -> None:
    refused = refusal(status, body if isinstance(body, str) else json.dumps(body, ensure_ascii=False), {})
    assert refused.overflow, refused.kind
    assert limit == "?" or refused.numbers.limit == limit


@pytest.mark.parametrize(("status", "body", "kind"), NOT)
def test_what_only_sounds_like_it_is_not(status: int, body: Any, kind: Any) -> None:
    refused = refusal(status, json.dumps(body), {})
    assert not refused.overflow
    assert not isinstance(kind, Kind) or refused.kind is kind


T = [
    ("<think>x</think>A.", "A."),
    ("<think>\n\n</think>\n\nA.", "A."),
    ("x y\n</think>\n\nA.", "A."),
    ("<thinking>x</thinking>\nA.", "A."),
    ("<thought>x</thought>A.", "A."),
    ("<reasoning>x</reasoning>\n\nA.", "A."),
    ("[THINK]x[/THINK]A.", "A."),
    ("<|begin_of_thought|>x<|end_of_thought|><|begin_of_solution|>A.<|end_of_solution|>", "A."),
    ("<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>A.<|return|>", "A."),
    ("<|channel|>final<|message|>A.", "A."),
    ("◁think▷x◁/think▷A.", "A."),
    ("<seed:think>x</seed:think>A.", "A."),
    ("<|thinking|>x<|/thinking|>A.", "A."),
    ("<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>A.<|END_RESPONSE|>", "A."),
    ("<Thought>x</Thought>A.", "A."),
    ("<reflection>x</reflection>A.", "A."),
    ("<think>x</think><answer>A.</answer>", "A."),
    ("<answer>A.</answer>", "A."),
    ("<response>A.</response>", "A."),
    ("<output>A.</output>", "A."),
    ("<|im_start|>assistant\nA.<|im_end|>", "A."),
    ("<|assistant|>\nA.<|end|>", "A."),
    ("assistant\n\nA.", None),
    ("A.<|eot_id|>", "A."),
    ("A.</s>", "A."),
    ("A.<end_of_turn>", "A."),
    ("A.<eos>", "A."),
    ("A.<|endoftext|>", "A."),
    ("A.<|end_of_text|>", "A."),
    ("A.<|im_end|>\n<|im_start|>user\nmore", "A."),
    ("A.\n### User:\nfoo", None),
    ("A.<｜end▁of▁sentence｜>", "A."),
    ("A.<|user|>", "A."),
    ("A.<|eom_id|>", "A."),
    ("A.[/INST]", "A."),
    ("A.<|fim_pad|>", None),
    ("A.<|observation|>", "A."),
    ("<think>x\n\nstill thinking", ""),
    ("<tool_response>stuff</tool_response>\nA.", None),
    ("<analysis>x</analysis>A.", "A."),
    ("<scratchpad>x</scratchpad>\nA.", "A."),
    ("<think>x</think><think>y</think>A.", "A."),
    ("Use the tag <think> to think.", "Use the tag <think> to think."),
    ("The mark </think> closes it.", "The mark </think> closes it."),
    ("<inner_thoughts>x</inner_thoughts>A.", "A."),
    ("<internal_monologue>x</internal_monologue>A.", "A."),
    ("<|start_of_thought|>x<|end_of_thought|>A.", "A."),
    ("<|channel>thought\nx<channel|>A.", "A."),
    ("<think>x</thinking>A.", "A."),
    ("<mm:think>x</mm:think>A.", "A."),
    ("<longcat_think>x</longcat_think>A.", "A."),
    ('<details type="reasoning" done="true">x</details>A.', "A."),
    ("<unused94>thought\nx<unused95>A.", "A."),
    ("<think>x</think><|im_start|>assistant\nA.", "A."),
    ("<|start|>assistant<|channel|>analysis<|message|>only", ""),
    ("<think type=deep>x</think>A.", "A."),
]


@pytest.mark.parametrize(("text", "said"), [(text, said) for text, said in T if said is not None])
def test_thoughts_and_marks_are_no_part_of_the_answer(text: str, said: str) -> None:
    assert read_content(text, F).text.strip() == said


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (reason, kind)
        for reason, kind in [
            ("stop", "whole"),
            ("STOP", "whole"),
            ("end_turn", "whole"),
            ("eos_token", "whole"),
            ("eos", "whole"),
            ("stop_sequence", "whole"),
            ("COMPLETE", "whole"),
            ("tool_calls", "whole"),
            ("tool_use", "whole"),
            ("function_call", "whole"),
            ("STOP_SEQUENCE", "whole"),
            ("MAX_TOKENS", "cut"),
            ("max_tokens", "cut"),
            ("length", "cut"),
            ("max_output_tokens", "cut"),
            ("model_length", "cut"),
            ("ERROR_LIMIT", "cut"),
            ("model_context_window_exceeded", "cut"),
            ("token_limit", "cut"),
            ("limit", "cut"),
            ("content_filter", "filtered"),
            ("SAFETY", "filtered"),
            ("RECITATION", "filtered"),
            ("PROHIBITED_CONTENT", "filtered"),
            ("BLOCKLIST", "filtered"),
            ("SPII", "filtered"),
            ("refusal", "filtered"),
            ("sensitive", "filtered"),
            ("content_filtered", "filtered"),
            ("guardrail_intervened", "filtered"),
            ("ERROR_TOXIC", "filtered"),
            ("MALFORMED_FUNCTION_CALL", "malformed"),
            ("UNEXPECTED_TOOL_CALL", "malformed"),
            ("error", "failed"),
            ("network_error", "failed"),
            ("abort", "failed"),
            ("insufficient_system_resource", "failed"),
            ("pause_turn", "whole"),
            ("unknown", ""),
            ("user_cancelled", "failed"),
            ("timeout", "failed"),
            ("repetition_truncation", "cut"),
            ("LANGUAGE", "filtered"),
            ("OTHER", "other"),
            ("IMAGE_SAFETY", "filtered"),
            ("too_many_tool_calls", None),
            ("null", ""),
            ("None", ""),
        ]
        if kind is not None
    ],
)
def test_an_end_means_what_it_says(reason: str, kind: str) -> None:
    assert kind_of_end(reason) == kind


def ch(delta, fin=None, **m):
    return {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": fin}], **m}


C = [ch({"role": "assistant", "content": ""}), ch({"content": "Hello "}), ch({"content": "world"}), ch({}, "stop")]


def D_(o):
    return "data: " + json.dumps(o) + "\n\n"


S = {
    "no space": "".join("data:" + json.dumps(c) + "\n\n" for c in C) + "data:[DONE]\n\n",
    "event lines": "".join("event: message\nid: 3\n" + D_(c) for c in C) + "event: done\ndata: [DONE]\n\n",
    "event done empty": "".join(D_(c) for c in C) + "event: done\ndata: {}\n\n",
    "multi-line data": "".join(
        "".join("data: " + part + "\n" for part in json.dumps(c, indent=1).split("\n")) + "\n" for c in C
    )
    + "data: [DONE]\n\n",
    "ping event json": 'event: ping\ndata: {"type": "ping"}\n\n' + "".join(D_(c) for c in C) + "data: [DONE]\n\n",
    "retry field": "retry: 3000\n\n" + "".join(D_(c) for c in C) + "data: [DONE]\n\n",
    "lowercase done": "".join(D_(c) for c in C) + "data: [done]\n\n",
    "done no bracket": "".join(D_(c) for c in C) + "data: DONE\n\n",
    "double data": "".join("data: " + D_(c) for c in C) + "data: data: [DONE]\n\n",
    "DATA upper": "".join("Data: " + json.dumps(c) + "\n\n" for c in C) + "data: [DONE]\n\n",
    "leading newline": "\n\n\n" + "".join(D_(c) for c in C) + "data: [DONE]\n\n",
    "json array": json.dumps(C),
    "ndjson": "\n".join(json.dumps(c) for c in C),
    "concat json": "".join(json.dumps(c) for c in C),
    "null data": "data: null\n\n" + "".join(D_(c) for c in C) + "data: [DONE]\n\n",
    "error null": "".join(D_({**c, "error": None}) for c in C) + "data: [DONE]\n\n",
    "error empty": "".join(D_({**c, "error": {}}) for c in C) + "data: [DONE]\n\n",
    "choices null": D_({"id": "x", "choices": None}) + "".join(D_(c) for c in C) + "data: [DONE]\n\n",
    "azure prompt filter": D_(
        {
            "choices": [],
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}],
        }
    )
    + "".join(D_(c) for c in C)
    + "data: [DONE]\n\n",
    "azure async filter": "".join(D_(c) for c in C[:3])
    + D_({"choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {}, "content_filter_results": {}}]})
    + D_(C[3])
    + "data: [DONE]\n\n",
    "usage null": "".join(D_({**c, "usage": None}) for c in C) + "data: [DONE]\n\n",
    "message in chunk": "".join(
        D_(
            {
                "choices": [
                    {"index": 0, "message": c["choices"][0]["delta"], "finish_reason": c["choices"][0]["finish_reason"]}
                ]
            }
        )
        for c in C
    )
    + "data: [DONE]\n\n",
    "delta and message": "".join(
        D_(
            {
                "choices": [
                    {
                        "index": 0,
                        "delta": c["choices"][0]["delta"],
                        "message": {"role": "assistant", "content": ""},
                        "finish_reason": c["choices"][0]["finish_reason"],
                    }
                ]
            }
        )
        for c in C
    ),
    "last chunk whole message": "".join(D_(c) for c in C[:3])
    + D_(
        {
            "choices": [
                {
                    "index": 0,
                    "delta": {"content": ""},
                    "message": {"role": "assistant", "content": "Hello world"},
                    "finish_reason": "stop",
                }
            ]
        }
    )
    + "data: [DONE]\n\n",
    "text completion": "".join(
        D_(
            {
                "choices": [
                    {
                        "index": 0,
                        "text": c["choices"][0]["delta"].get("content", ""),
                        "finish_reason": c["choices"][0]["finish_reason"],
                    }
                ]
            }
        )
        for c in C
    ),
    "index str": "".join(D_({"choices": [{**c["choices"][0], "index": "0"}]}) for c in C),
    "no index": "".join(
        D_({"choices": [{"delta": c["choices"][0]["delta"], "finish_reason": c["choices"][0]["finish_reason"]}]})
        for c in C
    ),
    "choices dict": "".join(D_({"choices": {"0": c["choices"][0]}}) for c in C),
    "content list": "".join(
        D_(
            ch(
                {"content": [{"type": "text", "text": c["choices"][0]["delta"].get("content", "")}]},
                c["choices"][0]["finish_reason"],
            )
        )
        for c in C
    ),
    "content thinking list": D_(ch({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hmm"}]}]}))
    + "".join(D_(c) for c in C),
    "delta null": D_({"choices": [{"index": 0, "delta": None, "finish_reason": None}]}) + "".join(D_(c) for c in C),
    "finish_reason in delta": "".join(D_(c) for c in C[:3])
    + D_({"choices": [{"index": 0, "delta": {"finish_reason": "stop"}}]})
    + "data: [DONE]\n\n",
    "finishReason camel": "".join(D_(c) for c in C[:3])
    + D_({"choices": [{"index": 0, "delta": {}, "finishReason": "stop"}]})
    + "data: [DONE]\n\n",
    "stop_reason": "".join(D_(c) for c in C[:3])
    + D_({"choices": [{"index": 0, "delta": {}, "finish_reason": None, "stop_reason": "end_turn"}]})
    + "data: [DONE]\n\n",
    "html in stream end": "".join(D_(c) for c in C) + "data: [DONE]\n\n<html>bye</html>",
    "nan": "".join(D_(c) for c in C[:3])
    + 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop","logprobs":NaN}]}\n\n',
    "control chars raw": 'data: {"choices":[{"index":0,"delta":{"content":"Hello world"},"finish_reason":null}],"x":"a\tb"}\n\n'
    + D_(C[3]),
    "ollama native": json.dumps({"model": "m", "message": {"role": "assistant", "content": "Hello "}, "done": False})
    + "\n"
    + json.dumps({"model": "m", "message": {"role": "assistant", "content": "world"}, "done": False})
    + "\n"
    + json.dumps(
        {
            "model": "m",
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 10,
            "eval_count": 2,
        }
    ),
    "gzip-ish bom each": "".join("\ufeff" + D_(c) for c in C) + "data: [DONE]\n\n",
    "comment blocks": ": OPENROUTER PROCESSING\n\n" * 5 + "".join(D_(c) for c in C) + "data: [DONE]\n\n",
    "unicode line sep": D_(ch({"content": "Hello world"})) + D_(C[3]),
    "xssi": ")]}'\n"
    + json.dumps({"choices": [{"index": 0, "message": {"content": "Hello world"}, "finish_reason": "stop"}]}),
    "data json string": 'data: "' + json.dumps(C[1]).replace('"', '\\"') + '"\n\n' + "".join(D_(c) for c in C),
    "wrapped data": "".join(D_({"code": 0, "data": c}) for c in C),
    "wrapped output": json.dumps(
        {
            "output": {
                "choices": [{"message": {"role": "assistant", "content": "Hello world"}, "finish_reason": "stop"}]
            },
            "usage": {"input_tokens": 3, "output_tokens": 2},
        }
    ),
    "vt line": "".join(D_(c) for c in C).replace("\n\n", "\r\r"),
}


@pytest.mark.parametrize("oddity", S)
def test_a_stream_is_read_however_it_is_written(oddity: str) -> None:
    reader = ReplyReader({"messages": [{"role": "user", "content": "x"}], "stream": True, "max_tokens": 64})
    raw = S[oddity].encode()
    for event in read_response(raw[i : i + 11] for i in range(0, len(raw), 11)):
        list(reader.feed(event))
    list(reader.end())
    assert reader.completion().content == "Hello world"
    assert reader.kind == "whole"


@pytest.mark.parametrize(
    ("usage", "counts"),
    {
        '{"prompt_tokens":10,"completion_tokens":2}': (10, 2, 0),
        '{"input_tokens":10,"output_tokens":2,"input_tokens_details":{"cached_tokens":4}}': (10, 2, 4),
        '{"prompt_tokens":"10","completion_tokens":"2"}': (10, 2, 0),
        '{"prompt_tokens":10.0,"completion_tokens":2.0}': (10, 2, 0),
        '{"promptTokens":10,"completionTokens":2}': (10, 2, 0),
        '{"promptTokenCount":10,"candidatesTokenCount":2,"cachedContentTokenCount":4}': (10, 2, 4),
        '{"prompt_tokens":10,"completion_tokens":2,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":6}': (
            10,
            2,
            4,
        ),
        '{"prompt_tokens":10,"completion_tokens":2,"cached_tokens":4}': (10, 2, 4),
        '{"total_tokens":12,"completion_tokens":2}': (10, 2, 0),
        '{"prompt_tokens":6,"completion_tokens":2,"cache_read_input_tokens":4,"total_tokens":8}': (6, 2, 4),
        '{"input_tokens":6,"cache_read_input_tokens":40,"cache_creation_input_tokens":4,"output_tokens":2}': (
            50,
            2,
            40,
        ),
        '{"prompt_tokens":1e1,"completion_tokens":-1}': (10, 0, 0),
    }.items(),
)
def test_usage_is_read_under_any_name(usage: str, counts: tuple[int, int, int]) -> None:
    reader = ReplyReader({"messages": [], "max_tokens": 64})
    for event in read_response([(D_(C[1]) + D_(C[3]) + f'data: {{"choices":[],"usage":{usage}}}\n\n').encode()]):
        list(reader.feed(event))
    list(reader.end())
    read = reader.completion().usage
    assert read is not None
    assert (read.prompt_tokens, read.completion_tokens, read.cached_tokens) == counts


E = [
    (400, '{"error":"plain text error"}', r"plain text error", None),
    (400, '{"error":{"msg":"in msg"}}', r"in msg", None),
    (400, '{"errors":{"messages":["is invalid"]}}', r"is invalid", None),
    (400, '{"detail":{"error":"nested detail"}}', r"nested detail", None),
    (400, '{"detail":[{"loc":["body","messages"],"msg":"field required"}]}', r"messages: field required", None),
    (422, '{"title":"Unprocessable","detail":"bad schema"}', r"bad schema", None),
    (400, '{"fault":{"faultstring":"Policy fault","detail":{"errorcode":"x"}}}', r"Policy fault", None),
    (400, '{"status":"error","reason":"model asleep"}', r"model asleep", None),
    (400, '{"type":"about:blank","title":"Bad Request","status":400,"detail":"why not"}', r"why not", None),
    (400, '{"response":{"error":{"message":"deep"}}}', r"deep", None),
    (500, '{"errorMessage":"lambda broke","errorType":"Runtime"}', r"lambda broke", None),
    (
        400,
        '[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[]}}]',
        r"API key not valid.*OPENAI_API_KEY",
        None,
    ),
    (400, '{"error":{"message":null,"code":"weird_code"}}', r"weird_code", None),
    (400, '{"success":false,"error":{"code":"E1","description":"described"}}', r"described", None),
    (403, '{"message":"Forbidden"}', r"Forbidden", None),
    (403, "<html><head><title>Just a moment...</title></head>", r"Just a moment.*OPENAI_BASE_URL|firewall", None),
    (502, "<html><title>502 Bad Gateway</title>", r"502 Bad Gateway.*busy", None),
    (521, "error code: 521", r"521", None),
    (524, "error code: 524", r"524", None),
    (504, "", r"504", None),
    (400, "", r"400", None),
    (401, '{"error":{"message":"","type":"invalid_request_error"}}', r"OPENAI_API_KEY", None),
    (
        429,
        '{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","code":"insufficient_quota"}}',
        r"balance|quota left",
        r"Wait and",
    ),
    (
        403,
        '{"error":{"message":"Key limit exceeded (monthly limit). Manage it using https://openrouter.ai/settings/keys","code":403}}',
        r"balance|quota|limit",
        r"Check OPENAI_API_KEY",
    ),
    (
        402,
        '{"error":{"message":"This request requires more credits, or fewer max_tokens. You requested up to 4096 tokens, but can only afford 100."}}',
        r"balance|account",
        None,
    ),
    (400, '{"error":{"message":"Your credit balance is too low to access the Anthropic API."}}', r"balance", None),
    (429, '{"error":{"message":"余额不足或无可用资源包,请充值。","code":"1113"}}', r"balance", None),
    (403, '{"error":{"message":"Your account is suspended due to overdue payment"}}', r"account", r"Check OPENAI"),
    (
        403,
        '{"error":{"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}',
        r"country|network",
        r"Check OPENAI",
    ),
    (400, '{"error":{"message":"User location is not supported for the API use."}}', r"country|network", None),
    (
        403,
        '{"error":{"message":"Access denied due to Virtual Network/Firewall rules."}}',
        r"network|firewall",
        r"Check OPENAI_API_KEY\.",
    ),
    (403, '{"error":{"message":"Access from your country is prohibited"}}', r"country or network", None),
    (451, "", r"country", None),
    (403, '{"detail":"This service is not available in your region"}', r"country or network", None),
    (
        400,
        '{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI\'s content management policy.","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}',
        r"filter flagged",
        None,
    ),
    (
        400,
        '{"error":{"message":"Input data may contain inappropriate content.","code":"data_inspection_failed"}}',
        r"filter flagged",
        None,
    ),
    (400, '{"error":{"message":"Content Exists Risk"}}', r"filter flagged|flagged", None),
    (400, '{"error":{"message":"high risk","code":"content_filter"}}', r"flagged", None),
    (
        400,
        '{"contentFilter":[{"level":1,"role":"user"}],"error":{"code":"1301","message":"系统检测到输入或生成内容可能包含不安全或敏感内容"}}',
        r"flagged",
        None,
    ),
    (404, '{"error":{"message":"model \'llama9\' not found, try pulling it first"}}', r"--model", None),
    (
        404,
        '{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","code":"model_not_found"}}',
        r"--model",
        None,
    ),
    (400, '{"error":{"message":"some-model is not a valid model ID"}}', r"--model", None),
    (
        400,
        '{"error":{"message":"No models loaded. Please load a model in the developer page or use the `lms load` command."}}',
        r"load|--model",
        None,
    ),
    (404, '{"error":{"code":"404","message":"Resource not found"}}', r"OPENAI_BASE_URL|model", None),
    (410, '{"error":"This model is deprecated"}', r"--model", None),
    (
        404,
        '{"error":{"message":"The model `x` has been decommissioned and is no longer supported."}}',
        r"--model",
        None,
    ),
    (400, '{"error":{"message":"模型不存在,请检查模型代码。","code":"1211"}}', r"--model", None),
    (405, '{"detail":"Method Not Allowed"}', r"OPENAI_BASE_URL", None),
    (404, "404 page not found", r"OPENAI_BASE_URL", None),
    (404, '{"error":"Unexpected endpoint or method. (POST /chat/completions)"}', r"OPENAI_BASE_URL", None),
    (200, '{"error":"Unexpected endpoint or method. (POST /chat/completions)"}', r"OPENAI_BASE_URL", None),
    (503, '{"error":{"message":"Loading model","code":503}}', r"loaded", None),
    (503, '{"error":"Model meta-llama/x is currently loading","estimated_time":20.0}', r"loaded", None),
    (400, '{"error":{"message":"registry.ollama.ai/library/gemma does not support tools"}}', r"functions", None),
    (
        400,
        '{"error":{"message":"\\"auto\\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set"}}',
        r"functions|tool calls",
        None,
    ),
    (404, '{"error":{"message":"No endpoints found that support tool use."}}', r"functions", None),
    (400, '{"error":{"message":"`tool calling` is not supported with this model"}}', r"functions", None),
    (400, '{"error":{"message":"tools param requires --jinja flag"}}', r"functions", None),
    (500, '{"error":{"message":"tools param requires --jinja flag","code":500}}', r"functions", None),
    (400, '{"error":{"message":"Function calling is not enabled for models/gemma-3"}}', r"functions", None),
    (422, '{"detail":"This model does not support function calling"}', r"functions", None),
    (400, '{"message":"Hugging Face: the model does not support the tools field"}', r"functions", None),
]


@pytest.mark.parametrize(("status", "body", "must", "never"), E)
def test_a_refusal_is_told_in_its_words_with_a_hint_by_its_meaning(
    status: int, body: str, must: str, never: str | None
) -> None:
    said = explained(refusal(status, body, {}), Server("http://127.0.0.1:1/v1", "some-model")).one_line()
    assert re.search(must, said)
    assert never is None or not re.search(never, said)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please retry after 14 seconds.", 14),
        ("Please try again in 1m20s.", 80),
        ("try again in 7.66s", 7.66),
        ('"retryDelay": "38s"', 38),
        ("retry in 500ms", 0.5),
        ("Rate limit resets in 12s", 12),
        ("Try again in 2 minutes", 120),
        ("wait 30 seconds before", 30),
        ("Please try again in 6m0s", 360),
        ("retry_after: 5", 5),
        ('{"retry_after": 5}', 5),
        ('"estimated_time":20.0', 20),
        ("Retry-After: 7", 7),
        ("try again after 3 s", 3),
        ("Please try again in 1h2m3s", 3723),
        ("请在 10 秒后重试", 10),
    ],
)
def test_a_wait_is_read_out_of_the_words(text: str, seconds: float) -> None:
    assert written_wait_seconds(text) == seconds
