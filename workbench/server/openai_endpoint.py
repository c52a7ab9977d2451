"""An endpoint that clients of OpenAI's Chat Completions can talk to: a model is an agent, the last user message its question.

The agent keeps the conversation itself, so earlier messages of the request are not sent to it again. The text is sent once its
quotes were checked, never before; while the agent works, a stream is kept alive by comments.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from workbench.api.events import AnswerDone, Event, Failed, StepFinished, Stopped
from workbench.core.errors import UsageError, WorkbenchError, WorkError
from workbench.server.access import Access, current_user
from workbench.server.displays import Displays
from workbench.server.rest import KEEP_ALIVE_SECONDS, answer_events, owned_agent
from workbench.server.schemas import ChatMessage, ChatRequest
from workbench.server.tokens import User

_PIECE_CHARS = 60
Somebody = Annotated[User, Depends(current_user)]


class Finished:
    """What came of a question: the text with its sources, why it ended, and the tokens of its steps."""

    def __init__(self) -> None:
        self.answer: AnswerDone | None = None
        self.ended: Stopped | Failed | None = None
        self.prompt_tokens = 0
        self.completion_tokens = 0

    def take(self, event: Event) -> None:
        """Note an event of the question."""
        if isinstance(event, AnswerDone):
            self.answer = event
        elif isinstance(event, Stopped | Failed):
            self.ended = event
        elif isinstance(event, StepFinished):
            self.prompt_tokens += event.used
            self.completion_tokens += event.completion_tokens

    @property
    def text(self) -> str:
        """The answer, and the sources of its quotes below it. Raises WorkError where there is no answer."""
        if self.answer is None:
            if isinstance(self.ended, Failed):
                raise WorkError(self.ended.message, self.ended.hint)
            raise WorkError(self.ended.detail if self.ended else "The question ended without an answer.", "Ask again.")
        quotes = [quote for quote in (self.answer.citations or self.answer.nearest) if quote.shown]
        lines = [f"[{quote.number or number}] {quote.where}: “{quote.quote}”" for number, quote in enumerate(quotes, 1)]
        return "\n\n".join(part for part in (self.answer.text, "\n".join(lines)) if part)

    @property
    def reason(self) -> str:
        """As `finish_reason` says it."""
        return "length" if self.ended is not None and isinstance(self.ended, Stopped) else "stop"

    @property
    def usage(self) -> dict[str, int]:
        """Tokens of all steps of the question."""
        total = self.prompt_tokens + self.completion_tokens
        return {
            "prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens, "total_tokens": total,
        }  # fmt: skip


def routes(access: Access, displays: Displays) -> APIRouter:
    """/v1/models and /v1/chat/completions."""
    api = APIRouter(prefix="/v1", tags=["openai"])

    @api.get("/models")
    def list_models(user: Somebody) -> dict[str, Any]:
        """The user's agents, as models."""
        with access.session() as session:
            named = [(user.shown(info.name), info.created) for info in session.agents()]
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "workbench"} for name, _ in named if name]
        return {"object": "list", "data": rows}

    @api.post("/chat/completions")
    async def complete(request: ChatRequest, user: Somebody) -> Any:
        """Ask the agent that `model` names the last message of the user."""
        question = _question(request.messages)
        name = await run_in_threadpool(owned_agent, access, user, request.model)
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": request.model}
        if request.stream:
            with_usage = bool((request.stream_options or {}).get("include_usage"))
            chunks = _chunks(answer_events(displays, name, question), head, with_usage)
            return StreamingResponse(chunks, media_type="text/event-stream")
        done = Finished()
        async for event in answer_events(displays, name, question):
            done.take(event)
        message = {"role": "assistant", "content": done.text}
        choice = {"index": 0, "message": message, "finish_reason": done.reason, "logprobs": None}
        return {**head, "object": "chat.completion", "choices": [choice], "usage": done.usage}

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


async def _chunks(events: AsyncIterator[Event], head: dict[str, Any], with_usage: bool) -> AsyncIterator[str]:
    done, pending = Finished(), None
    body = {**head, "object": "chat.completion.chunk"}

    def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return f"data: {json.dumps({**body, 'choices': [choice]}, ensure_ascii=False)}\n\n"

    try:
        yield chunk({"role": "assistant", "content": ""})
        while True:
            pending = pending or asyncio.ensure_future(anext(events))
            if not (await asyncio.wait([pending], timeout=KEEP_ALIVE_SECONDS))[0]:
                yield ": working\n\n"
                continue
            try:
                done.take(pending.result())
            except StopAsyncIteration:
                pending = None
                break
            pending = None
        text = done.text
        for start in range(0, len(text), _PIECE_CHARS):
            yield chunk({"content": text[start : start + _PIECE_CHARS]})
        yield chunk({}, done.reason)
        if with_usage:
            yield f"data: {json.dumps({**body, 'choices': [], 'usage': done.usage})}\n\n"
    except WorkbenchError as error:
        yield f"data: {json.dumps({'error': {'message': error.one_line(), 'type': 'server_error'}})}\n\n"
    finally:
        if pending is not None and not pending.done():
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        await events.aclose()  # type: ignore[attr-defined]
    yield "data: [DONE]\n\n"
