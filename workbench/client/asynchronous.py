"""The client for asyncio. Each method does what the one of the same name in `synchronous` does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from workbench.api.events import AnswerDone, ContextAssembled, Event, Loaded, PageRead
from workbench.api.session import AgentInfo, BlockView, DocumentInfo, SourceInfo
from workbench.client import wire
from workbench.core.errors import WorkError


class AsyncClient:
    """An agent on a server. Close it, or use it in an `async with` statement."""

    def __init__(self, url: str, token: str, agent: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """See Client; `transport` replaces the network, for tests."""
        self.agent = agent
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self._url, headers=wire.headers(token), timeout=wire.TIMEOUT, transport=transport
        )

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._http.aclose()

    async def agents(self) -> list[AgentInfo]:
        """The user's agents."""
        return [wire.view(AgentInfo, row) for row in await self._ask("GET", "/api/agents")]

    async def create_agent(self, **settings: Any) -> None:
        """Make this client's agent, with model, window_tokens, preset, persona or human. Raises UsageError."""
        await self._ask("POST", "/api/agents", json={"name": self.agent, **settings})

    async def delete_agent(self) -> None:
        """Delete this client's agent. Raises NotFound."""
        await self._ask("DELETE", self._path(""))

    async def sources(self) -> list[SourceInfo]:
        """All sources."""
        return [wire.view(SourceInfo, row) for row in await self._ask("GET", "/api/sources")]

    async def documents(self, source: str) -> list[DocumentInfo]:
        """The documents of a source."""
        path = f"/api/sources/{quote(source, safe='')}/documents"
        return [wire.view(DocumentInfo, row) for row in await self._ask("GET", path)]

    async def load(self, *files: str | Path, source: str) -> Loaded:
        """Send files and load them into a source. Raises WorkError when the load fails."""
        number = 0
        for path in files:
            name, content = wire.file_bytes(path)
            where = f"/api/sources/{quote(source, safe='')}/documents/{quote(name, safe='')}"
            number = (await self._ask("PUT", where, content=content))["load"]
        while True:
            job = await self._ask("GET", f"/api/loads/{number}")
            if job["state"] == "failed":
                raise WorkError(job["error"] or "The load failed.", "Send the file again.")
            if job["state"] == "done":
                loaded = wire.event(job["result"])
                assert isinstance(loaded, Loaded)
                return loaded
            await asyncio.sleep(wire.POLL_SECONDS)

    async def attach(self, source: str) -> None:
        """Let the agent search a source. Raises NotFound."""
        await self._ask("POST", self._path(f"/sources/{quote(source, safe='')}"))

    async def detach(self, source: str) -> None:
        """Take a source away from the agent. Raises NotFound."""
        await self._ask("DELETE", self._path(f"/sources/{quote(source, safe='')}"))

    async def search(self, query: str, page: int = 1, **options: str) -> PageRead:
        """A page of results from what the agent is attached to; options are source and document."""
        params = {"query": query, "page": page, "agent": self.agent, **options}
        return wire.view(PageRead, _without_name(await self._ask("GET", "/api/search", params=params)))

    async def ask(self, question: str) -> AsyncIterator[Event]:
        """The events of a question as they happen, last AnswerDone, Stopped or Failed."""
        body = {"text": question, "stream": True}
        try:
            async with self._http.stream("POST", self._path("/messages"), json=body) as response:
                if not response.is_success:
                    await response.aread()
                    wire.check(response)
                async for line in response.aiter_lines():
                    if (event := wire.event_of_line(line)) is not None:
                        yield event
        except httpx.HTTPError as error:
            raise wire.unreachable(error, self._url) from None

    async def answer(self, question: str) -> AnswerDone:
        """The answer with its checked citations. Raises WorkError with the reason where there is none."""
        last = await self._ask("POST", self._path("/messages"), json={"text": question})
        return wire.answer_of(wire.event(last))

    async def stop(self) -> None:
        """Stop the answer after its present step; called again, at once."""
        await self._ask("POST", self._path("/stop"))

    async def memory(self) -> list[BlockView]:
        """The blocks of the working context."""
        return [wire.view(BlockView, row) for row in await self._ask("GET", self._path("/memory"))]

    async def context(self, step: int | None = None) -> ContextAssembled:
        """Exactly what was in the model's context at a step; without one, what the next prompt holds."""
        params = {"step": step} if step is not None else {}
        return wire.view(ContextAssembled, _without_name(await self._ask("GET", self._path("/context"), params=params)))

    def _path(self, rest: str) -> str:
        return f"/api/agents/{quote(self.agent, safe='')}{rest}"

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        try:
            response = await self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise wire.unreachable(error, self._url) from None
        wire.check(response)
        return response.json()


def _without_name(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "event"}
