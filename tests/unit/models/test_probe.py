"""`workbench doctor` names every quirk that is planted in a server, says what is done about it, and remembers it."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai  # noqa: F401 - here, so that loading it does not count as a server's silence
import pytest

from tests.support.model_replies import Reply
from tests.support.model_server import ModelServer
from workbench.core.server_profile import BAD, CHAT, EMBEDDING, OK, ServerProfile
from workbench.core.settings import Settings
from workbench.models.base import Completion, ModelRequest
from workbench.models.openai import discovery
from workbench.models.openai.client import OpenAIChat
from workbench.models.openai.probe import load
from workbench.services.doctor import server_check
from workbench.services.server_profiles import ServerProfiles, fit_words, fitted, learnt
from workbench.services.server_survey import survey

Body = Mapping[str, Any]
Play = Callable[[Body, Reply], "Reply | None"]
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'


def good(body: Body) -> Reply:
    """A server without any quirk."""
    last = str(body["messages"][-1]["content"])
    if "get_weather" in last and body.get("tools"):
        return Reply(calls=[("get_weather", {"city": "Paris"})])
    if "colour" in last:
        return Reply(content='{"colour": "green"}')
    return Reply(content="1, 2, 3, 4", finish="length") if "Count" in last else Reply(content="OK")


def look(play: Play = lambda body, reply: reply, *, window: int = 2_048, **options: Any) -> ServerProfile:
    def script(body: Body) -> Reply:
        reply = good(body)
        return play(body, reply) or reply

    with ModelServer(script, models=("text-embedding-x", "some-model"), **options) as server:
        settings = Settings(base_url=server.url, window_tokens=window)
        (profile,) = survey(settings, "", ports=())
    return profile


def refuses(wrong: Callable[[Body], bool], status: int, error: Any) -> Play:
    return lambda body, reply: Reply(status=status, error=error) if wrong(body) else reply


def said(profile: ServerProfile) -> str:
    return "\n".join(f"{one.aspect}: {one.found}" for one in profile.quirks)


def test_a_good_server_has_no_quirk() -> None:
    profile = look()
    assert said(profile) == ""
    assert {(one.name, one.kind) for one in profile.models} == {("some-model", CHAT), ("text-embedding-x", EMBEDDING)}
    assert profile.model == "some-model", "the first that can chat"
    assert profile.whole_tokens
    assert profile.whole_tokens > 1_000
    aspects = {one.aspect for one in profile.findings if one.state == OK}
    assert {"streaming", "usage", "tools", "streaming tools", "structured output", "history", "context"} <= aspects


QUIRKS: dict[str, tuple[str, Play]] = {
    "no usage": ("usage: it sends none", lambda body, reply: Reply(**{**vars(reply), "usage": None})),
    "usage in words": (
        "usage: its numbers are not all numbers",
        lambda body, reply: Reply(**{**vars(reply), "usage": {"prompt_tokens": "30", "completion_tokens": "2 tok"}}),
    ),
    "no tools": (
        "tools: it has no function calling: some-model does not support tools",
        refuses(lambda body: "tools" in body, 400, {"error": {"message": "some-model does not support tools"}}),
    ),
    "calls as text": (
        "streaming tools: calls come as text",
        lambda body, reply: Reply(content=CALL) if reply.calls else reply,
    ),
    "no calls at all": (
        "tools: the model did not call the function",
        lambda body, reply: Reply(content="It is sunny.") if reply.calls else reply,
    ),
    "no stream_options": (
        "parameters: it refuses stream_options",
        refuses(lambda body: "stream_options" in body, 422, {"detail": "Unexpected fields: {'stream_options'}"}),
    ),
    "another name of the room": (
        "parameters: it wants max_completion_tokens in place of max_tokens",
        refuses(
            lambda body: "max_tokens" in body, 400,
            {"error": {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}},
        ),
    ),
    "call ids": (
        "history: it wants call ids of its own form",
        refuses(
            lambda body: any(len(c["id"]) != 9 for m in body["messages"] for c in m.get("tool_calls") or ()), 400,
            {"message": "Tool call id was ahead_1 but must be a-z, A-Z, 0-9, with a length of 9."},
        ),
    ),
    "strict turns": (
        "history: it wants strict turns",
        refuses(
            lambda body: [m["role"] for m in body["messages"]][-2:] == ["tool", "user"], 400,
            {"message": "Unexpected role 'user' after role 'tool'"},
        ),
    ),
    "no schema": (
        "structured output: it takes no JSON schema",
        refuses(lambda body: "response_format" in body, 400, {"error": {"message": "response_format is not supported"}}),
    ),
    "schema ignored": (
        "structured output: it takes a JSON schema and does not keep to it",
        lambda body, reply: Reply(content="Green.") if "response_format" in body else reply,
    ),
    "limit ignored": (
        "reply limit: it wrote",
        lambda body, reply: Reply(content="1, 2, 3, " * 60) if reply.finish == "length" else reply,
    ),
    "truncation": (
        "truncation: it reads only 1,026 tokens",
        lambda body, reply: Reply(
            **{**vars(reply), "usage": {"prompt_tokens": min(1_026, len(str(body)) // 4), "completion_tokens": 2}}
        ),
    ),
    "overflow": (
        "context: it refuses a prompt of about",
        refuses(
            lambda body: len(str(body["messages"])) > 4_000, 400,
            {"error": {"message": "This model's maximum context length is 1024 tokens, your prompt has 1700 tokens."}},
        ),
    ),
    "reasoning": (
        "reasoning: it sends its reasoning inside of its text",
        lambda body, reply: Reply(content=f"<think>Hm.</think>{reply.content}") if reply.content == "OK" else reply,
    ),
    "mark at the end": (
        "template marks: they stand in its text",
        lambda body, reply: Reply(content=f"{reply.content}<|im_end|>") if reply.content == "OK" else reply,
    ),
    "lines that end in CR": (
        "streaming: its stream has lines that end in CR alone",
        lambda body, reply: replace(reply, bend=lambda text: text.replace("\n", "\r")),
    ),
    "byte order mark": (
        "streaming: its stream begins with a byte order mark",
        lambda body, reply: replace(reply, bend=lambda text: f"\ufeff{text}"),
    ),
    "packed without a word": (
        "streaming: its stream is packed without saying so",
        lambda body, reply: replace(reply, bend=lambda text: gzip.compress(text.encode())),
    ),
    "all the text before it": (
        "streaming: each piece of a stream holds all the text before it",
        lambda body, reply: _of_chunks(_growing(), replace(reply, content="1, 2, 3, " * 4) if reply.finish == "length" else reply),
    ),
    "text in parts": (
        "streaming: its text comes as parts in a list",
        lambda body, reply: _of_chunks(_in_parts, reply),
    ),
    "calls in the old form": (
        "tool pieces: calls come in the old form",
        lambda body, reply: _of_chunks(_in_the_old_form, reply),
    ),
    "an error behind the reply": (
        "streaming: an error behind a reply that is whole: {\"message\": \"late trouble\"}",
        lambda body, reply: replace(reply, tail='data: {"error": {"message": "late trouble"}}\n\n'),
    ),
    "the same call four times": (
        "streaming tools: it makes 4 calls where one was asked for",
        lambda body, reply: replace(reply, calls=[*reply.calls] * 4),
    ),
}  # fmt: skip


def _of_chunks(change: Callable[[dict[str, Any]], Mapping[str, Any]], reply: Reply) -> Reply:
    """A reply whose deltas are changed one after the other."""

    def bend(text: str) -> str:
        if not text.startswith("data:"):
            return text
        chunks = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
        for choice in (choice for chunk in chunks for choice in chunk["choices"]):
            choice["delta"].update(change(choice["delta"]))
        return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"

    return replace(reply, bend=bend)


def _in_parts(delta: dict[str, Any]) -> Mapping[str, Any]:
    return {"content": [{"type": "text", "text": delta["content"]}]} if delta.get("content") else {}


def _in_the_old_form(delta: dict[str, Any]) -> Mapping[str, Any]:
    calls = delta.get("tool_calls")
    return {"tool_calls": None, "function_call": calls[0]["function"]} if calls else {}


def _growing() -> Callable[[dict[str, Any]], Mapping[str, Any]]:
    written = ""

    def grow(delta: dict[str, Any]) -> Mapping[str, Any]:
        nonlocal written
        written += delta.get("content") or ""
        return {"content": written} if delta.get("content") else {}

    return grow


def test_what_kept_a_server_from_answering_at_first_is_named() -> None:
    asked: list[Body] = []

    def play(body: Body, reply: Reply) -> Reply:
        asked.append(body)
        return Reply(status=503, error={"error": {"message": "Loading model"}}) if len(asked) < 2 else reply

    assert "availability: it refused once before it answered (503): Loading model" in said(look(play))


GATE = (
    "no tools",
    "calls as text",
    "no calls at all",
    "overflow",
    "limit ignored",
    "lines that end in CR",
    "calls in the old form",
)
"""The others are planted together in a test below, or in the nightly run."""


@pytest.mark.parametrize(
    "quirk", [name if name in GATE else pytest.param(name, marks=pytest.mark.nightly) for name in QUIRKS]
)
def test_a_planted_quirk_is_named_and_what_is_done_about_it(quirk: str) -> None:
    named, play = QUIRKS[quirk]
    profile = look(play)
    assert named in said(profile)
    assert all(one.does for one in profile.quirks)


def test_several_quirks_are_named_at_once_and_the_next_request_is_made_so(tmp_path: Path) -> None:
    planted = ["no stream_options", "call ids", "no schema", "truncation"]

    def play(body: Body, reply: Reply) -> Reply | None:
        for name in planted:
            changed = QUIRKS[name][1](body, reply)
            if changed is not None and (changed.status != 200 or name == "truncation"):
                return changed
        return reply

    profile = look(play)
    assert all(QUIRKS[name][0] in said(profile) for name in planted)
    assert profile.measured_tokens == 1_026
    assert profile.label == "cuts prompts"

    file = tmp_path / "servers.json"
    ServerProfiles(file).keep(profile)
    assert file.stat().st_mode & 0o077 == 0
    kept = ServerProfiles(file).get(profile.url, "some-model")
    assert kept is not None
    assert load(kept) == load(profile)

    with ModelServer(lambda body: play(body, good(body)) or good(body)) as server:
        model = OpenAIChat("some-model", server.url, learnt=learnt(Settings(), kept))
        call = {"id": "ahead_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
        messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "", "tool_calls": [call]},
                    {"role": "tool", "tool_call_id": "ahead_1", "content": "sunny"}]  # fmt: skip
        *_, reply = model.stream(ModelRequest("some-model", messages, (), 32), threading.Event())
        assert isinstance(reply, Completion)
        assert len(server.requests) == 1, "nothing has to be refused twice"


def test_a_dead_server_is_not_reachable(tmp_path: Path) -> None:
    settings = Settings(base_url="http://127.0.0.1:1/v1", model="some-model")
    (profile,) = survey(settings, "", ports=())
    assert not profile.reachable
    check = server_check(settings, profile)
    assert not check.ok
    assert "not reachable" in check.detail


def test_no_key_and_no_password_of_an_address_is_kept() -> None:
    profile = look(refuses(lambda body: True, 401, {"error": {"message": "Incorrect API key provided"}}))
    assert [one.state for one in profile.findings if one.aspect == "reply"] == [BAD]
    assert discovery.shown_url("http://me:secret@host.example/v1?key=abc") == "http://host.example/v1"
    assert "secret" not in json.dumps(profile.dump())


def test_a_window_is_fitted_to_what_the_server_has() -> None:
    profile = ServerProfile("x", "http://x/v1", True, model="m", declared_tokens=32_768, measured_tokens=4_096)
    settings = fitted(Settings(model="m", window_tokens=8_192), profile)
    assert settings.window_tokens == 4_096
    fit = fit_words(settings, 8_192, 1_200, profile)
    assert fit.notable
    assert "4,096 instead of 8,192" in fit.words[0]
    roomy = fit_words(Settings(model="m", window_tokens=8_192), 8_192, 1_200, None)
    assert not roomy.notable
    assert "workbench doctor" in roomy.words[-1]


def test_declared_contexts_and_kinds_are_read_from_the_lists_of_many_servers() -> None:
    listing = {"data": [
        {"id": "a", "max_model_len": 8192}, {"id": "b", "meta": {"n_ctx_train": 131072}}, {"id": "c", "context_window": "32768"},
        {"id": "d", "loaded_context_length": 4096, "max_context_length": 131072, "type": "llm"}, {"id": "e", "type": "embeddings"},
        {"id": "nomic-embed-text"}, {"id": "whisper-1"}, {"id": "f", "context_length": True},
    ]}  # fmt: skip
    found = {one.name: (one.kind, one.context_tokens) for one in discovery.listed(listing)}
    assert found == {
        "a": (CHAT, 8192), "b": (CHAT, 131072), "c": (CHAT, 32768), "d": (CHAT, 4096), "e": (EMBEDDING, None),
        "nomic-embed-text": (EMBEDDING, None), "whisper-1": ("other", None), "f": (CHAT, None),
    }  # fmt: skip
