"""The client for asyncio; `synchronous` has the same methods for plain Python. What each one sends is in `calls`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2 as httpx

from workbench.api.agents import FunctionView
from workbench.api.events import AnswerDone, ContextAssembled, Event, Loaded, MemoryEdited, PageRead
from workbench.api.search import SaidPage
from workbench.api.session import AgentInfo, BlockView, DocumentInfo, SourceInfo
from workbench.client import calls, wire
from workbench.client.calls import Call, Result


class AsyncClient:
    """An agent on a server. Close it, or use it in an `async with` statement."""

    def __init__(self, url: str, token: str, agent: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Talk to a server.

        Args:
            url: where it listens, for example "http://127.0.0.1:8283".
            token: what it showed at its first start, or a user's.
            agent: the agent that questions go to; `create_agent` makes it.
            transport: replaces the network, for tests.
        """
        self.agent = agent
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self._url, headers=wire.headers(token), timeout=wire.TIMEOUT, transport=transport,
            trust_env=wire.trusts_environment(self._url), verify=wire.certificates(self._url),
        )  # fmt: skip

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._http.aclose()

    async def _run(self, call: Call[Result]) -> Result:
        try:
            response = await self._http.request(call.method, call.path, **call.options)
        except httpx.HTTPError as error:
            raise wire.unreachable(error, self._url) from None
        wire.check(response)
        return wire.result(call.parse, response)

    async def agents(self) -> list[AgentInfo]:
        """The user's agents."""
        return await self._run(calls.agents())

    async def create_agent(self, **settings: Any) -> None:
        """Make this client's agent, with model, window_tokens, preset, persona or human. Raises UsageError."""
        await self._run(calls.create_agent(self.agent, settings))

    async def delete_agent(self) -> None:
        """Delete this client's agent. Raises NotFound."""
        await self._run(calls.delete_agent(self.agent))

    async def change_agent(self, **change: Any) -> None:
        """Change this client's agent: name, preset, drive, functions ({name: bool}). Raises UsageError, NotFound."""
        self.agent = await self._run(calls.change_agent(self.agent, change))

    async def functions(self) -> list[FunctionView]:
        """What the agent's model may call, and what of it is switched off."""
        return await self._run(calls.functions(self.agent))

    async def sources(self) -> list[SourceInfo]:
        """All sources."""
        return await self._run(calls.sources())

    async def documents(self, source: str) -> list[DocumentInfo]:
        """The documents of a source. Raises NotFound."""
        return await self._run(calls.documents(source))

    async def load(self, *files: str | Path, source: str) -> Loaded:
        """Send files and load them into a source. Raises UsageError without a file, WorkError when the load fails."""
        number = 0
        for name, content in wire.files(files):
            number = await self._run(calls.upload(source, name, content))
        while (loaded := await self._run(calls.load_state(number))) is None:
            await asyncio.sleep(wire.POLL_SECONDS)
        return loaded

    async def attach(self, source: str) -> None:
        """Let the agent search a source. Raises NotFound."""
        await self._run(calls.attach(self.agent, source))

    async def detach(self, source: str) -> None:
        """Take a source away from the agent. Raises NotFound."""
        await self._run(calls.detach(self.agent, source))

    async def search(self, query: str, page: int = 1, **options: str) -> PageRead:
        """A page of results from what the agent is attached to; options are source and document."""
        return await self._run(calls.search(self.agent, query, page, options))

    async def ask(self, question: str) -> AsyncIterator[Event]:
        """The events of a question as they happen, last AnswerDone, Stopped or Failed."""
        body = {"text": question, "stream": True}
        path = calls.of_agent(self.agent, "/messages")
        try:
            async with self._http.stream("POST", path, json=body) as response:
                if not response.is_success:
                    await response.aread()
                    wire.check(response)
                lines = wire.Lines()
                async for piece in response.aiter_text():
                    for line in lines.feed(piece):
                        if (event := wire.event_of_line(line)) is not None:
                            yield event
        except httpx.HTTPError as error:
            raise wire.unreachable(error, self._url) from None

    async def answer(self, question: str) -> AnswerDone:
        """The answer with its checked citations. Raises WorkError with the reason where there is none."""
        return await self._run(calls.answer(self.agent, question))

    async def stop(self) -> None:
        """Stop the answer after its present step; called again, at once."""
        await self._run(calls.stop(self.agent))

    async def memory(self) -> list[BlockView]:
        """The blocks of the working context."""
        return await self._run(calls.memory(self.agent))

    async def edit_memory(self, block: str, old: str = "", new: str = "") -> MemoryEdited:
        """Edit a block as the user: `old` becomes `new`; an empty `old` appends, an empty `new` deletes. Raises UsageError."""
        return await self._run(calls.edit_memory(self.agent, block, old, new))

    async def recall(self, query: str = "", page: int = 1) -> SaidPage:
        """A page of what was said with these words, the newest first; all of it without words."""
        return await self._run(calls.recall(self.agent, query, page))

    async def context(self, step: int | None = None) -> ContextAssembled:
        """Exactly what was in the model's context at a step; without one, what the next prompt holds."""
        return await self._run(calls.context(self.agent, step))
