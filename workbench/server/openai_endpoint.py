"""An endpoint that clients of OpenAI's Chat Completions can talk to: a model is an agent, the last user message its question.

The agent keeps the conversation itself, so earlier messages of the request are not sent to it again. The text is sent once its
quotes were checked, never before; while the agent works, a stream is kept alive by comments.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from workbench.api.events import Event
from workbench.api.outcome import QuestionOutcome, with_sources
from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.sanitize import json_text
from workbench.server.access import Access, current_user
from workbench.server.rest import answer_events
from workbench.server.schemas import ChatMessage, ChatRequest
from workbench.server.session_pool import SessionPool
from workbench.server.streaming import KEEP_ALIVE, kept_alive
from workbench.server.tokens import User

_PIECE_CHARS = 60
Somebody = Annotated[User, Depends(current_user)]


def routes(access: Access, pool: SessionPool) -> APIRouter:
    """/v1/models and /v1/chat/completions."""
    api = APIRouter(prefix="/v1", tags=["openai"])

    @api.get("/models")
    def list_models(user: Somebody) -> dict[str, Any]:
        """The user's agents, as models."""
        names = [user.shown(info.name) for info in access.session.agents()]
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "workbench"} for name in names if name]
        return {"object": "list", "data": rows}

    @api.post("/chat/completions")
    async def complete(request: ChatRequest, user: Somebody) -> Any:
        """Ask the agent that `model` names the last message of the user."""
        question = _question(request.messages)
        name = await run_in_threadpool(access.stored_name, user, request.model)
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": request.model}
        if request.stream:
            with_usage = bool((request.stream_options or {}).get("include_usage"))
            chunks = _chunks(answer_events(pool, name, question), head, with_usage)
            return StreamingResponse(chunks, media_type="text/event-stream")
        done = QuestionOutcome()
        async for event in answer_events(pool, name, question):
            done.take(event)
        message = {"role": "assistant", "content": with_sources(done.required())}
        choice = {"index": 0, "message": message, "finish_reason": _reason(done), "logprobs": None}
        return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(done)}

    return api


def _question(messages: list[ChatMessage]) -> str:
    """The text of the last message of the user. Raises UsageError where there is none, or where it holds anything but text."""
    last = next((message for message in reversed(messages) if message.role == "user"), None)
    content = last.content if last is not None else None
    if isinstance(content, list):
        if any(part.get("type") not in ("text", "input_text") for part in content):
            raise UsageError("A message may hold text alone.", "Leave out pictures and files; load documents instead.")
        content = "\n".join(str(part.get("text", "")) for part in content)
    if not content or not content.strip():
        raise UsageError("There is no message of the user with text.", 'Send {"role": "user", "content": "…"}.')
    return content


def _reason(done: QuestionOutcome) -> str:
    """As `finish_reason` says it."""
    return "length" if done.stopped is not None else "stop"


def _usage(done: QuestionOutcome) -> dict[str, Any]:
    """Tokens of all steps of the question."""
    return {
        "prompt_tokens": done.prompt_tokens,
        "completion_tokens": done.completion_tokens,
        "total_tokens": done.prompt_tokens + done.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": done.cached_tokens},
    }


async def _chunks(events: AsyncGenerator[Event, None], head: dict[str, Any], with_usage: bool) -> AsyncIterator[str]:
    done = QuestionOutcome()
    body = {**head, "object": "chat.completion.chunk"}

    def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return f"data: {json_text({**body, 'choices': [choice]})}\n\n"

    try:
        yield chunk({"role": "assistant", "content": ""})
        async for event in kept_alive(events):
            if event is None:
                yield KEEP_ALIVE
            else:
                done.take(event)
        text = with_sources(done.required())
        for start in range(0, len(text), _PIECE_CHARS):
            yield chunk({"content": text[start : start + _PIECE_CHARS]})
        yield chunk({}, _reason(done))
        if with_usage:
            yield f"data: {json.dumps({**body, 'choices': [], 'usage': _usage(done)})}\n\n"
    except WorkbenchError as error:
        yield f"data: {json.dumps({'error': {'message': error.one_line(), 'type': 'server_error'}})}\n\n"
    yield "data: [DONE]\n\n"
