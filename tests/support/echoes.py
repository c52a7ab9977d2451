"""A model's server that hands the key it was sent back in every way that servers and gateways have, and what finds it again."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from tests.support.model_replies import Reply, calls, refusal, says

KEY = "sk-proj-Ab3+/dE5fGh7iJk9LmN1oPq3RsT5uVw7XyZ"
HIDDEN = (KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), KEY.replace("/", "\\/"))
PARTS = tuple(form[start : start + 12] for form in HIDDEN for start in range(len(form) - 11))

Echo = Callable[[str], Reply]
"""Given the Authorization header of a request, the reply."""


def _in_place_of(old: str, content: str = "Good day.", **more: Any) -> Echo:
    """A good answer with the key in place of something that the server chose."""
    return lambda sent: Reply(content=content, bend=lambda text: text.replace(old, json.dumps(sent)[1:-1]), **more)


ECHOES: dict[str, Echo] = {
    "401": lambda sent: refusal(401, f"Incorrect API key provided: {sent}."),
    "401 masked": lambda sent: refusal(401, f"Incorrect API key provided: {sent[7:19]}…{sent[-4:]}."),
    "401 as text": lambda sent: Reply(status=401, error=f"Who are you? Authorization: {sent}"),
    "401 cut": lambda sent: refusal(401, "x" * 280 + sent),
    "401 in its header": lambda sent: Reply(status=401, error="", headers={"WWW-Authenticate": f'Bearer error="{sent}"'}),
    "403 as a page": lambda sent: Reply(status=403, error=f"<html><title>{sent}</title><body>{sent}</body></html>"),
    "422 list": lambda sent: Reply(status=422, error={"detail": [{"loc": ["header", sent], "msg": f"bad {sent}"}]}),
    "400 base64": lambda sent: refusal(400, "Headers: " + base64.b64encode(sent.encode()).decode()),
    "400 escaped": lambda sent: refusal(400, f"GET /?key={quote(sent[7:], safe='')} {json.dumps(sent)}"),
    "400 type and parameter": lambda sent: Reply(
        status=400, error={"error": {"message": "bad", "type": sent, "param": sent, "code": sent}}
    ),
    "400 of the provider behind": lambda sent: Reply(
        status=400, error={"error": {"message": "upstream", "metadata": {"raw": json.dumps({"error": sent})}}}
    ),
    "400 too long": lambda sent: refusal(400, f"maximum context length is 900 tokens for {sent}", "context_length_exceeded"),
    "402": lambda sent: refusal(402, f"No credits left for {sent}"),
    "404 model": lambda sent: refusal(404, f"The model does not exist for {sent}", code=sent),
    "307 to an address with it": lambda sent: Reply(
        status=307, error="", headers={"Location": f"https://{quote(sent[7:])}@gate.example/{quote(sent[7:])}?api_key={quote(sent[7:])}"}
    ),
    "429 until then": lambda sent: Reply(
        status=429, error={"error": {"message": f"Slow down, {sent}"}}, headers={"Retry-After": sent, "x-request-id": sent}
    ),
    "500": lambda sent: refusal(500, f"KeyError: {sent!r} is not valid"),
    "200 with an error": lambda sent: Reply(error={"error": {"message": f"no {sent}"}}),
    "200 as a page": lambda sent: Reply(bend=lambda text: f"<!doctype html><title>{sent}</title>{sent}", content_type="text/html"),
    "200 with a broken body": lambda sent: Reply(bend=lambda text: f'{{"choices": [{{"message": "{sent}', content_type="application/json"),
    "200 packed": lambda sent: Reply(bend=lambda text: gzip.compress(sent.encode())),
    "200 in UTF-16": lambda sent: Reply(bend=lambda text: f'{{"error": "{sent}"}}'.encode("utf-16")),
    "200 without an answer": lambda sent: Reply(bend=lambda text: json.dumps({"headers": {"authorization": sent}})),
    "comments and fields of a stream": lambda sent: Reply(
        content="Good day.", bend=lambda text: f": {sent}\nevent: {sent}\nid: {sent}\nretry: {sent}\ndata: : {sent}\n\n{text}"
    ),
    "error in the stream": lambda sent: Reply(
        content="Good ", done=False, finish=None, tail=f"data: {json.dumps({'error': {'message': f'no {sent}'}})}\n\n"
    ),
    "no JSON in the stream": lambda sent: Reply(done=False, finish=None, tail=f"data: {{'headers': '{sent}'\n\n"),
    "pieces of an answer": lambda sent: Reply(content=f"You sent me {sent}, thank you.", chunk_chars=3),
    "pieces of an answer that is cut": lambda sent: Reply(content=f"You sent me {sent}", chunk_chars=3, disconnect_after_chunks=18),
    "a function's arguments": lambda sent: says(f"You sent me {sent}, thank you.", chunk_chars=5),
    "arguments that do not parse": lambda sent: Reply(calls=[("send_message", f'{{"message": {sent}')]),
    "a call as text": lambda sent: Reply(content=f'<tool_call>{{"name": "{sent}", "arguments": {{"q": "{sent}"}}}}</tool_call>'),
    "reasoning": lambda sent: Reply(reasoning=f"The header is {sent}. Hm.", content="Good day.", chunk_chars=4),
    "reasoning inside the text": lambda sent: Reply(content=f"<think>{sent}</think>Good day.", chunk_chars=4),
    "an unknown function": lambda sent: calls(sent.replace(" ", "_"), query=sent),
    "an argument of a name": lambda sent: Reply(calls=[("archival_memory_search", {"query": "ferry", "source": sent, sent: 1})]),
    "the id of a call": lambda sent: Reply(calls=[("send_message", {"message": "Good day."})],
                                           bend=lambda text: text.replace('"call_', f'"{sent[7:]}_')),
    "a finish reason": lambda sent: Reply(content="Good day.", finish=sent),
    "usage": lambda sent: Reply(content="Good day.", usage={"prompt_tokens": sent, "completion_tokens": {sent: 1}}),
    "the model's name": _in_place_of("scripted"),
    "the answer's id": _in_place_of("chatcmpl"),
    "the role": _in_place_of("assistant"),
}  # fmt: skip
"""By the place of the echo."""


def leaked(text: str) -> set[str]:
    """The parts of the key that stand in a text."""
    return {part for part in PARTS if part in text}


def leaked_bytes(raw: bytes) -> set[str]:
    """The parts of the key that stand in a file."""
    return {part for part in PARTS if part.encode() in raw}


def in_turn(echoes: Iterable[Echo], header: Callable[[], str]) -> Callable[[Any], Reply]:
    """A script for ModelServer that plays them one after the other, over and over."""
    listed, at = list(echoes), -1

    def script(body: Any) -> Reply:
        nonlocal at
        at += 1
        return listed[at % len(listed)](header())

    return script
