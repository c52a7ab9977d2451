"""Refusals of many servers, known by what they mean: the sentences are theirs, no rule knows one of them as a whole."""

# ruff: noqa: E501 - the words of servers stand on one line, as they are sent

from __future__ import annotations

import json
from typing import Any

import pytest

from workbench.models.openai.errors import Server, explained, refusal
from workbench.models.openai.refusal_kinds import Kind, classify, overflow_numbers, room_number, written_wait_seconds

OVERFLOWS: list[tuple[int, str, int | None, int | None]] = [
    (
        400,
        "This model's maximum context length is 4097 tokens. However, your messages resulted in 4305 tokens. Please reduce the length of the messages.",
        4097,
        4305,
    ),
    (
        400,
        "This model's maximum context length is 4097 tokens, however you requested 4927 tokens (3927 in your prompt; 1000 for the completion). Please reduce your prompt; or completion length.",
        4097,
        3927,
    ),
    (
        400,
        "This model's maximum context length is 512 tokens. However, you requested 9020 tokens (9012 in the messages, 8 in the completion). Please reduce the length of the messages or completion.",
        512,
        9012,
    ),
    (
        400,
        "The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input",
        None,
        None,
    ),
    (
        400,
        "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 5378>= n_ctx: 4096)",
        4096,
        5378,
    ),
    (
        400,
        "input length and `max_tokens` exceed context limit: 4000 + 1024 > 4800, decrease input length or `max_tokens` and try again",
        4800,
        4000,
    ),
    (400, "prompt is too long: 213462 tokens > 200000 maximum", 200000, 213462),
    (400, "This model's maximum prompt length is 4096 but the request contains 5378 tokens.", 4096, 5378),
    (400, "Cannot truncate prompt with n_keep (4812) >= n_ctx (4096)", 4096, 4812),
    (400, "Invalid request: Your request exceeded model token limit: 4096 (requested: 5300)", 4096, 5300),
    (400, "Input length 877338 exceeds the maximum allowed input length of 639968 tokens", 639968, 877338),
    (400, "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).", 1048575, 1196265),
    (400, "The input (300 tokens) is longer than the model's context length (200 tokens).", 200, 300),
    (400, "prompt token count of 5000 exceeds the limit of 4096", 4096, 5000),
    (400, "Prompt has 5,000 tokens, but the configured context size is 4,096 tokens", 4096, 5000),
    (400, "InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]", 30720, None),
    (
        400,
        "the request exceeds the available context size. try increasing the context size or enable context shift",
        None,
        None,
    ),
    (400, "request (5378 tokens) exceeds the available context size (4096 tokens), try increasing it", 4096, 5378),
    (500, "Requested tokens (5378) exceed context window of 4096", 4096, 5378),
    (
        400,
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        32768,
        40000,
    ),
    (
        400,
        "This model's maximum context length is 262144 tokens. However, you requested 128000 output tokens and your prompt contains at least 134145 input tokens, for a total of at least 262145 tokens. Please reduce the length of the input prompt or the number of requested output tokens. (parameter=input_tokens, value=134145)",
        262144,
        134145,
    ),
    (
        400,
        "You passed 5378 input tokens and requested 1024 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 3072 tokens.",
        3072,
        5378,
    ),
    (
        422,
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4500 `inputs` tokens and 1024 `max_new_tokens`",
        4096,
        4500,
    ),
    (422, "Input validation error: `inputs` must have less than 1024 tokens. Given: 1500", 1024, 1500),
    (
        400,
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 6402 tokens: 5378 tokens from the input messages and 1024 tokens for the completion.",
        4096,
        5378,
    ),
    (400, "prompt too long; exceeded max context length by 1282 tokens", None, None),
    (
        413,
        "Request too large for model `llama3-8b` in organization `org_1` on tokens per minute (TPM): Limit 6000, Requested 7012, please reduce your message size and try again.",
        6000,
        7012,
    ),
    (
        429,
        "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 45000. The input or output tokens must be reduced in order to run successfully.",
        30000,
        45000,
    ),
    (413, "Request body too large for gpt-4o model. Max size: 8000 tokens.", 8000, None),
    (
        400,
        "too many tokens: total number of tokens (prompt and prediction) cannot exceed 4081 - received 5378. Try using a shorter prompt",
        4081,
        5378,
    ),
    (400, "Input is too long for requested model.", None, None),
    (
        400,
        "Unable to submit request because the input token count is 5378 but model only supports up to 4096.",
        4096,
        5378,
    ),
    (400, "The prompt is too long: 5378, model maximum context length: 4096", 4096, 5378),
    (400, "Prompt length 5378 is greater than max_seq_len 4096", 4096, 5378),
    (
        400,
        "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192",
        8192,
        9000,
    ),
    (400, "invalid params, context window exceeds limit (2013)", None, None),
    (400, "Prompt 超长", None, None),
    (400, "输入长度超过模型最大长度 8192", 8192, None),
    (400, "litellm.ContextWindowExceededError: BadRequestError\n\nsee the docs for advice", None, None),
    (500, "Trying to keep the first 900 tokens when context the overflows. Window is 512 tokens", 512, 900),
    (400, "Your input exceeds the context window of this model. Please adjust your input and try again.", None, None),
    (
        400,
        'This endpoint\'s maximum context length is 4096 tokens. However, you requested about 5300 tokens (4276 of text input, 1024 in the output). Please reduce the length of either one, or use the "middle-out" transform',
        4096,
        4276,
    ),
    (
        400,
        "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 1000 input tokens (5000 > 4096 - 1000).",
        4096,
        1000,
    ),
    (400, "model_context_window_exceeded", None, None),
    (
        400,
        "Invalid 'messages': array too long. Expected an array with maximum length 2048, but got an array with length 3000 instead.",
        None,
        None,
    ),
    (413, "Payload Too Large", None, None),
    (
        400,
        "The total number of tokens (prompt + max_tokens) is 9,216, which is more than the 8k window of this model",
        8192,
        9216,
    ),
    (
        400,
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens.",
        272000,
        300000,
    ),
    (400, "Requested input length 8193 exceeds maximum input length 8192", 8192, 8193),
]
"""Status, words, limit and what was asked for, in tokens; None where the words do not say."""

KINDS: list[tuple[int, str, str, Kind]] = [
    (
        429,
        "",
        "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 4500. Please try again in 6.5s.",
        Kind.RATE,
    ),
    (
        429,
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
        Kind.MONEY,
    ),
    (402, "", "Insufficient Balance", Kind.MONEY),
    (403, "unsupported_country_region_territory", "Country, region, or territory not supported", Kind.REGION),
    (400, "", "User location is not supported for the API use.", Kind.REGION),
    (403, "", 'Your chosen model requires moderation and your input was flagged for "violence"', Kind.MODERATION),
    (
        400,
        "content_filter",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        Kind.MODERATION,
    ),
    (
        400,
        "invalid_value",
        "max_tokens is too large: 1024. This model supports at most 512 completion tokens, whereas you provided 1024.",
        Kind.ROOM,
    ),
    (400, "", "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", Kind.ROOM),
    (
        400,
        "",
        "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude-3-5",
        Kind.ROOM,
    ),
    (
        400,
        "unsupported_parameter",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        Kind.OTHER,
    ),
    (400, "unsupported_value", "Your organization must be verified to stream this model.", Kind.STREAM),
    (400, "", "Streaming is not supported for this model", Kind.STREAM),
    (401, "", "Incorrect API key provided", Kind.KEY),
    (401, "", "", Kind.KEY),
    (403, "", "", Kind.KEY),
    (400, "", "The security token included in the request is invalid.", Kind.KEY),
    (404, "", "The model `x` does not exist", Kind.MODEL),
    (404, "DeploymentNotFound", "The API deployment for this resource does not exist.", Kind.MODEL),
    (404, "", "404 page not found", Kind.ADDRESS),
    (400, "model_not_llm", "Model is not llm. Embedding models do not support chat", Kind.NOT_CHAT),
    (400, "", "this model does not support tools", Kind.TOOLS),
    (400, "", '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', Kind.TOOLS),
    (503, "", "Loading model", Kind.LOADING),
    (503, "", "Service Unavailable", Kind.BUSY),
    (500, "", "Internal Server Error", Kind.FAULT),
    (400, "", "messages: roles must alternate", Kind.TURNS),
    (400, "", "Unexpected role 'user' after role 'tool'", Kind.TURNS),
    (500, "", "Jinja Exception: System role not supported", Kind.TURNS),
    (400, "", "Tool call id was ahead_1 but must be a-z, A-Z, 0-9, with a length of 9.", Kind.OTHER),
    (
        400,
        "",
        "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length 42 instead.",
        Kind.OTHER,
    ),
    (
        400,
        "",
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 3",
        Kind.OTHER,
    ),
    (400, "", "Unsupported value: 'temperature' does not support 0.2 with this model.", Kind.OTHER),
    (422, "", "Unexpected fields in the request: {'stream_options'}", Kind.OTHER),
    (400, "", "The parameter stream_options is not supported by this model", Kind.OTHER),
    (400, "", 'unknown field "temperature"', Kind.OTHER),
    (500, "", "7 validation errors: content: none is not an allowed value", Kind.FAULT),
    (400, "", "Access token has expired", Kind.KEY),
    (403, "", "Forbidden", Kind.KEY),
]

BODIES: list[tuple[int, Any, Kind]] = [
    (
        400,
        {"error": {"message": "This model's maximum context length is 8192 tokens, but 9000 tokens were given."}},
        Kind.OVERFLOW,
    ),
    (400, {"error": {"message": "Prompt is too large: 9000 tokens exceeds limit 8192"}}, Kind.OVERFLOW),
    (
        400,
        {"error": {"message": "tokens in request more than max tokens allowed", "type": "BadRequest"}},
        Kind.OVERFLOW,
    ),
    (400, {"message": "prompt exceeds maximum context length"}, Kind.OVERFLOW),
    (500, {"error": {"message": "Context overflow: prompt length 9000 > n_ctx 8192"}}, Kind.OVERFLOW),
    (400, {"error": {"message": "ValidationException: Input is too long for requested model."}}, Kind.OVERFLOW),
    (
        400,
        {
            "error": {
                "message": "The sequence length (9000) is longer than the specified maximum sequence length for this model (8192)"
            }
        },
        Kind.OVERFLOW,
    ),
    (400, {"error": "context length of 4096 exceeded, prompt has 5000 tokens"}, Kind.OVERFLOW),
    (400, {"error": {"message": "Token limit exceeded"}}, Kind.OVERFLOW),
    (
        400,
        {"error": {"message": "messages too long: your messages have 9000 tokens, while the model takes 8192"}},
        Kind.OVERFLOW,
    ),
    (
        422,
        {
            "error": {
                "message": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2300 `inputs` tokens and 1024 `max_new_tokens`",
                "type": "Input validation error",
            }
        },
        Kind.OVERFLOW,
    ),
    (400, {"error": {"message": "max_tokens must be at least 1, got -800", "type": "BadRequestError"}}, Kind.OVERFLOW),
    (
        400,
        {
            "object": "error",
            "message": "max_tokens must be at least 1, got -1282.",
            "type": "BadRequestError",
            "code": 400,
        },
        Kind.OVERFLOW,
    ),
    (400, {"error": {"message": "Failed to process regex: KV cache is full; prompt does not fit"}}, Kind.OVERFLOW),
    (400, {"error": {"message": "input is longer than the maximum number of positions 2048"}}, Kind.OVERFLOW),
    (
        400,
        {"error": {"message": "Unterminated: prompt + max_tokens (5324) exceeds the context window (4096)"}},
        Kind.OVERFLOW,
    ),
    (500, {"error": {"message": "llama_decode: failed, n_ctx_per_seq too small"}}, Kind.OVERFLOW),
    (400, {"error": {"message": "Requested tokens exceed max_model_len=4096 (prompt: 5000)"}}, Kind.OVERFLOW),
    (413, {"error": {"message": "Request Entity Too Large"}}, Kind.OVERFLOW),
    (400, {"error": {"message": "le prompt dépasse la longueur maximale du contexte (4096)"}}, Kind.OVERFLOW),
    (
        429,
        {
            "error": {
                "message": "Rate limit reached for model in organization on tokens per minute (TPM): Limit 6000, Used 5500, Requested 1200. Please try again in 7s"
            }
        },
        Kind.RATE,
    ),
    (400, {"error": {"message": "Too many tokens in prompt"}}, Kind.OVERFLOW),
    (
        400,
        {
            "error": {
                "message": "string too long. Expected a string with maximum length 1048576, but got a string with length 2000000 instead.",
                "param": "messages.[1].content",
            }
        },
        Kind.OVERFLOW,
    ),
    (
        400,
        {
            "error": {
                "message": "Invalid 'tools[0].function.description': string too long. Expected maximum length 1024"
            }
        },
        Kind.OTHER,
    ),
    (400, {"error": {"message": "max_completion_tokens must be <= 4096"}}, Kind.ROOM),
    (
        400,
        {"error": {"message": "Value of max_tokens (1024) exceeds the model's maximum output of 512 tokens"}},
        Kind.ROOM,
    ),
    (
        400,
        {
            "error": {
                "message": "`max_tokens` must be less than or equal to `512`, the maximum value for `max_tokens` is less than the `context_window` for this model"
            }
        },
        Kind.ROOM,
    ),
    (403, {"error": {"message": "Request not allowed", "type": "forbidden"}}, Kind.KEY),
    (403, "<html><title>Just a moment...</title></html>", Kind.KEY),
    (
        400,
        {
            "error": {
                "message": "Your credit balance is too low to access the API. Please go to Plans & Billing to upgrade or purchase credits."
            }
        },
        Kind.MONEY,
    ),
    (429, {"error": {"message": "You have run out of credits", "code": "credits_exhausted"}}, Kind.MONEY),
    (
        403,
        {
            "code": "The service is currently unavailable",
            "error": "Your team has either used all available credits or reached its monthly spending limit.",
        },
        Kind.MONEY,
    ),
    (404, {"error": {"message": "No endpoints found for foo/bar.", "code": 404}}, Kind.MODEL),
    (404, {"error": 'model "llama9" not found, try pulling it first'}, Kind.MODEL),
    (404, {"error": {"message": "This is a chat model and not supported in the v1/completions endpoint."}}, Kind.MODEL),
    (400, {"error": {"message": "registry.ollama.ai/library/gemma:2b does not support tools"}}, Kind.TOOLS),
    (404, {"error": {"message": "No endpoints found that support tool use."}}, Kind.TOOLS),
    (401, {"message": "Invalid API key", "request_id": "x"}, Kind.KEY),
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "API key not valid. Please pass a valid API key.",
                "status": "INVALID_ARGUMENT",
            }
        },
        Kind.KEY,
    ),
    (400, {"error": {"message": "Gemini API is not available in your region"}}, Kind.REGION),
    (
        503,
        {
            "error": {
                "message": "The model is overloaded. Please try again later.",
                "code": 503,
                "status": "UNAVAILABLE",
            }
        },
        Kind.BUSY,
    ),
    (200, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, Kind.BUSY),
    (424, {"error": {"message": "Failed Dependency"}}, Kind.OTHER),
    (409, {"error": "model is loading, please wait"}, Kind.LOADING),
    (500, {"error": {"message": "llama runner process has terminated: signal: killed"}}, Kind.FAULT),
]


@pytest.mark.parametrize(("status", "words", "limit", "requested"), OVERFLOWS)
def test_an_overflow_and_its_numbers(status: int, words: str, limit: int | None, requested: int | None) -> None:
    assert classify(status, "", words) is Kind.OVERFLOW
    numbers = overflow_numbers(words, (2013,))
    assert (numbers.limit, numbers.requested) == (limit, requested)


@pytest.mark.parametrize(("status", "code", "words", "kind"), KINDS)
def test_what_a_refusal_is_about(status: int, code: str, words: str, kind: Kind) -> None:
    assert classify(status, code, words) is kind


@pytest.mark.parametrize(("status", "body", "kind"), BODIES)
def test_a_body_is_one_sentence_with_a_hint(status: int, body: Any, kind: Kind) -> None:
    refused = refusal(status, body if isinstance(body, str) else json.dumps(body), {})
    assert refused.kind is kind
    error = explained(refused, Server("http://localhost:1234/v1", "some-model"))
    assert error.hint
    assert "\n" not in error.message


def test_an_excess_alone_says_how_much_is_too_much() -> None:
    assert overflow_numbers("prompt too long; exceeded max context length by 1282 tokens").over == 1282
    assert overflow_numbers("max_tokens must be at least 1, got -1282.").over == 1282


@pytest.mark.parametrize(
    ("words", "asked", "limit"),
    [
        (
            "max_tokens is too large: 1024. This model supports at most 512 completion tokens, whereas you provided 1024.",
            1024,
            512,
        ),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 16_384, 8192),
        ("max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens", 100_000, 8192),
        ("max_tokens is too large", 1024, None),
    ],
)
def test_the_longest_reply_is_read_out_of_the_words(words: str, asked: int, limit: int | None) -> None:
    assert room_number(words, asked) == limit


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please retry after 14 seconds.", 14.0),
        ("Please try again in 6.5s.", 6.5),
        ("Please try again in 1m20s", 80.0),
        ('"retryDelay": "38s"', 38.0),
        ("try again in 120ms", 0.12),
        ("Try again in 5 minutes.", 300.0),
        ("Rate limit reached", None),
    ],
)
def test_a_wait_is_read_out_of_the_words(words: str, seconds: float | None) -> None:
    assert written_wait_seconds(words) == (None if seconds is None else pytest.approx(seconds))
