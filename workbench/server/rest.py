"""The REST interface: agents, sources, documents, messages, memory, search and users, with an OpenAPI schema."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from workbench.api.events import Event, Failed
from workbench.api.outcome import QuestionOutcome
from workbench.api.search import SaidPage, SearchOptions
from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.sanitize import json_text
from workbench.server.access import Access, Unauthorised, administrator, current_user
from workbench.server.schemas import AgentChange, MemoryChange, NewAgent, NewUser, Question
from workbench.server.session_pool import SessionPool
from workbench.server.streaming import KEEP_ALIVE, events_of, kept_alive
from workbench.server.tokens import User

AgentName = Annotated[str, Path(max_length=120, description="an agent's name")]
Somebody = Annotated[User, Depends(current_user)]
Admin = Annotated[User, Depends(administrator)]


_RECALL_PAGE = 50
"""Messages on a page of recall storage."""


def plain(value: Any) -> Any:
    """A view or an event of `api` as JSON-ready data, in the form that `--json` prints."""
    if isinstance(value, Event):
        return value.as_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {key: plain(item) for key, item in asdict(value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def routes(access: Access, pool: SessionPool) -> APIRouter:
    """All routes below /api but health; each of them needs a token."""
    api = APIRouter(prefix="/api")

    # -- agents -----------------------------------------------------------------------------------------------------

    @api.get("/agents", tags=["agents"])
    def list_agents(user: Somebody) -> list[dict[str, Any]]:
        """The user's agents, the last used first."""
        named = [(user.shown(info.name), info) for info in access.session.agents()]
        return [{**plain(info), "name": name} for name, info in named if name is not None]

    @api.post("/agents", status_code=201, tags=["agents"])
    def create_agent(new: NewAgent, user: Somebody) -> dict[str, Any]:
        """Make an agent."""
        pool.create(user.stored(new.name), new.model_dump(exclude={"name"}))
        return {"name": new.name}

    @api.patch("/agents/{agent}", tags=["agents"])
    def change_agent(agent: AgentName, change: AgentChange, user: Somebody) -> dict[str, Any]:
        """Rename an agent, change its preset or who searches for it, or switch functions of its model on and off."""
        name = access.stored_name(user, agent)
        service = access.session.agent_service
        if change.preset is not None:
            service.preset(name, change.preset)
        if change.drive is not None:
            service.drive(name, change.drive)
        for function, on in (change.functions or {}).items():
            service.switch(name, function, on=on)
        if change.name is not None and change.name != agent:
            pool.forget(name)
            service.rename(name, user.stored(change.name))
        return {"name": change.name or agent}

    @api.delete("/agents/{agent}", tags=["agents"])
    def delete_agent(agent: AgentName, user: Somebody) -> dict[str, Any]:
        """Delete an agent with its messages and steps; documents stay."""
        name = access.stored_name(user, agent)
        pool.forget(name)
        access.session.agent_service.delete(name)
        return {"deleted": agent}

    @api.get("/agents/{agent}/functions", tags=["agents"])
    def list_functions(agent: AgentName, user: Somebody) -> list[dict[str, Any]]:
        """What the agent's model may call."""
        name = access.stored_name(user, agent)
        views = [plain(view) for view in access.session.agent_service.functions(name)]
        # Where the owner of the home keeps files is nobody else's business.
        return views if user.is_admin else [{**view, "origin": view["origin"].rpartition("/")[2]} for view in views]

    @api.get("/presets", tags=["agents"])
    def list_presets(user: Somebody) -> dict[str, list[str]]:
        """The presets, personas and humans that agents are made with."""
        kinds = ("presets", "personas", "humans")
        return {kind: [text.name for text in access.session.prompt_texts.list(kind)] for kind in kinds}

    # -- messages ---------------------------------------------------------------------------------------------------

    @api.post("/agents/{agent}/messages", tags=["messages"])
    async def send_message(agent: AgentName, question: Question, user: Somebody, request: Request) -> Any:
        """Ask. With `stream` the answer is a stream of server-sent events, each a JSON object; else the last of them."""
        name = await run_in_threadpool(access.stored_name, user, agent)
        if not question.text.strip():
            raise UsageError("The question is empty.", "Send a text.")
        if question.stream:
            return StreamingResponse(_as_sse(pool, name, question.text), media_type="text/event-stream")
        return await whole_answer(pool, name, question.text)

    @api.post("/agents/{agent}/stop", tags=["messages"])
    def stop_answer(agent: AgentName, user: Somebody) -> dict[str, Any]:
        """Stop the answer after its present step; called again, at once."""
        with pool.using(access.stored_name(user, agent)) as pooled:
            busy = pooled.session.busy
            pooled.session.stop()
        return {"stopped": busy}

    @api.get("/agents/{agent}/messages", tags=["messages"])
    def list_messages(
        agent: AgentName, user: Somebody, last: Annotated[int | None, Query(ge=1)] = None
    ) -> list[dict[str, Any]]:
        """The messages of the conversation as they are on the wire, oldest first."""
        with pool.using(access.stored_name(user, agent)) as pooled:
            return pooled.session.transcript(last)

    @api.websocket("/agents/{agent}/socket")
    async def socket(connection: WebSocket, agent: str) -> None:
        """A conversation over a WebSocket: the client sends {"text": …} or {"stop": true}, and gets events as JSON."""
        try:
            user = access.admit(connection)
        except UsageError as error:
            await connection.close(4401, error.message)
            return
        await connection.accept()
        try:
            name = await run_in_threadpool(access.stored_name, user, agent)
            await _converse(access, pool, name, connection)
        except Unauthorised as error:
            await connection.send_text(json_text(_failed(error)))
            await connection.close(4401, error.message)
        except WorkbenchError as error:
            await connection.send_text(json_text(_failed(error)))
            await connection.close(4404)
        except WebSocketDisconnect:
            pass

    # -- memory -----------------------------------------------------------------------------------------------------

    @api.get("/agents/{agent}/memory", tags=["memory"])
    def list_blocks(agent: AgentName, user: Somebody) -> list[dict[str, Any]]:
        """The blocks of the working context."""
        with pool.using(access.stored_name(user, agent)) as pooled:
            return [plain(block) for block in pooled.session.memory()]

    @api.patch("/agents/{agent}/memory/{block}", tags=["memory"])
    def edit_block(agent: AgentName, block: str, change: MemoryChange, user: Somebody) -> dict[str, Any]:
        """Edit a block as the user."""
        with pool.using(access.stored_name(user, agent)) as pooled:
            edited: dict[str, Any] = plain(pooled.session.edit_memory(block, change.old, change.new))
            return edited

    @api.get("/agents/{agent}/context", tags=["memory"])
    def show_context(
        agent: AgentName, user: Somebody, step: Annotated[int | None, Query(ge=1)] = None
    ) -> dict[str, Any]:
        """Exactly what was in main context at a step, segment by segment; without `step`, what the next prompt holds."""
        with pool.using(access.stored_name(user, agent)) as pooled:
            context: dict[str, Any] = plain(pooled.session.context(step))
            return context

    @api.get("/agents/{agent}/recall", tags=["memory"])
    def search_recall(
        agent: AgentName,
        user: Somebody,
        query: Annotated[str, Query(max_length=2000)] = "",
        page: Annotated[int, Query(ge=1)] = 1,
    ) -> dict[str, Any]:
        """A page of what was said in this conversation with these words, the newest first, with the true total."""
        with pool.using(access.stored_name(user, agent)) as pooled:
            said = pooled.session.search_service.recall(query)
        first = (page - 1) * _RECALL_PAGE
        shown = tuple(said[first : first + _RECALL_PAGE])
        found: dict[str, Any] = plain(SaidPage(query, len(said), page, -(-len(said) // _RECALL_PAGE), shown))
        return found

    # -- sources ----------------------------------------------------------------------------------------------------

    @api.post("/agents/{agent}/sources/{source}", tags=["sources"])
    def attach(agent: AgentName, source: str, user: Somebody) -> dict[str, Any]:
        """Let an agent search a source."""
        with pool.using(access.stored_name(user, agent)) as pooled:
            attached: dict[str, Any] = plain(pooled.session.attach(access.shared_source(source)))
            return attached

    @api.delete("/agents/{agent}/sources/{source}", tags=["sources"])
    def detach(agent: AgentName, source: str, user: Somebody) -> dict[str, Any]:
        """Take a source away from an agent."""
        with pool.using(access.stored_name(user, agent)) as pooled:
            detached: dict[str, Any] = plain(pooled.session.detach(access.shared_source(source)))
            return detached

    @api.get("/sources", tags=["sources"])
    def list_sources(user: Somebody) -> list[dict[str, Any]]:
        """The sources of the archive. They are shared by all users."""
        return [plain(info) for info in access.session.sources()]

    @api.get("/sources/{source}/documents", tags=["sources"])
    def list_documents(source: str, user: Somebody) -> list[dict[str, Any]]:
        """The documents of a source, then what could not be loaded with reason and remedy."""
        return [plain(info) for info in access.session.documents(access.shared_source(source))]

    @api.put("/sources/{source}/documents/{file}", status_code=202, tags=["sources"])
    async def upload(source: str, file: str, request: Request, user: Somebody) -> dict[str, Any]:
        """Send a file as the body of the request; it is loaded into the source. Follow the load under /api/loads/ID."""
        await run_in_threadpool(access.check_source_name, source)
        await access.uploads.receive(source, file, request.stream())
        job = access.uploads.load(source, user.name)
        return {"load": job.id, "source": source, "state": job.state}

    @api.get("/loads/{load}", tags=["sources"])
    def show_load(load: int, user: Somebody) -> dict[str, Any]:
        """How far a load is: waiting, loading, done or failed, with its progress and its result."""
        job = access.uploads.job(load, user.name)
        return {
            "load": job.id, "source": job.source, "state": job.state, "error": job.error,
            "progress": plain(job.progress), "result": plain(job.result),
        }  # fmt: skip

    @api.delete("/sources/{source}", tags=["sources"])
    def remove_source(source: str, user: Admin) -> dict[str, Any]:
        """Remove a source for everybody; the administrator only."""
        return {"removed": source, "documents": access.uploads.remove(access.shared_source(source))}

    # -- search -----------------------------------------------------------------------------------------------------

    @api.get("/search", tags=["search"])
    def search(
        user: Somebody,
        query: Annotated[str, Query(min_length=1, max_length=2000)],
        page: Annotated[int, Query(ge=1)] = 1,
        source: Annotated[str, Query(max_length=200)] = "",
        document: Annotated[str, Query(max_length=1000)] = "",
        agent: Annotated[str, Query(max_length=120)] = "",
    ) -> dict[str, Any]:
        """A page of results with the true total; over what an agent is attached to, or over all sources."""
        options = SearchOptions(source=access.shared_source(source), document=document)
        if agent:
            with pool.using(access.stored_name(user, agent)) as pooled:
                result = pooled.session.search_service.search(query, page, options)
        else:
            result = access.session.search_service.search(query, page, options)
        found: dict[str, Any] = plain(result)
        return found

    @api.get("/agents/{agent}/page", tags=["search"])
    def show_page(
        agent: AgentName,
        user: Somebody,
        document: Annotated[str, Query(max_length=1000)],
        number: Annotated[int, Query(ge=1)] = 1,
    ) -> dict[str, Any]:
        """A page of a document of what an agent is attached to."""
        with pool.using(access.stored_name(user, agent)) as pooled:
            shown: dict[str, Any] = plain(pooled.session.page(document, number))
            return shown

    # -- users ------------------------------------------------------------------------------------------------------

    @api.get("/users", tags=["users"])
    def list_users(user: Admin) -> list[str]:
        """The names of all users; the administrator only."""
        return access.tokens.users

    @api.post("/users", status_code=201, tags=["users"])
    def create_user(new: NewUser, user: Admin) -> dict[str, str]:
        """Make a user, or a new token for one; the token is shown this once. The administrator only."""
        return {"name": new.name, "token": access.tokens.issue(new.name)}

    @api.delete("/users/{name}", tags=["users"])
    def remove_user(name: str, user: Admin) -> dict[str, str]:
        """Forget a user; its agents stay. The administrator only."""
        access.tokens.revoke(name)
        return {"removed": name}

    return api


async def answer_events(pool: SessionPool, name: str, text: str) -> AsyncGenerator[Event, None]:
    """Ask an agent, after those who asked before, and give the events as they come."""
    taken = pool.using(name)
    pooled = await run_in_threadpool(taken.__enter__)
    try:
        async with pooled.turn:
            events = events_of(lambda: pooled.session.submit(text), pooled.session.stop)
            try:
                async for event in events:
                    yield event
            finally:
                await events.aclose()
    finally:
        await asyncio.shield(run_in_threadpool(taken.__exit__, None, None, None))


async def whole_answer(pool: SessionPool, name: str, text: str) -> dict[str, Any]:
    """The answer alone, else what ended the question."""
    outcome = QuestionOutcome()
    async for event in answer_events(pool, name, text):
        outcome.take(event)
    last: dict[str, Any] = plain(outcome.last or outcome.required())
    return last


def _failed(error: WorkbenchError) -> dict[str, Any]:
    return Failed(message=error.message, hint=error.hint, kind=type(error).__name__).as_dict()


async def _as_sse(pool: SessionPool, name: str, text: str) -> AsyncIterator[str]:
    """Events as server-sent events; an error in the middle is an event too, and comments keep the connection alive."""
    try:
        async for event in kept_alive(answer_events(pool, name, text)):
            yield KEEP_ALIVE if event is None else _sse(event.as_dict())
    except WorkbenchError as error:
        yield _sse(_failed(error))


def _sse(data: dict[str, Any]) -> str:
    return f"event: {data['event']}\ndata: {json_text(data)}\n\n"


def _question(message: Any) -> str:
    """The text of a message over a socket, held to what a request may hold. Raises UsageError."""
    try:
        question = Question.model_validate({"text": message["text"]} if isinstance(message, dict) else {})
    except (ValidationError, KeyError):
        raise UsageError("There is no question in this message.", 'Send {"text": "your question"}.') from None
    if not question.text.strip():
        raise UsageError("The question is empty.", "Send a text.")
    return question.text


async def _converse(access: Access, pool: SessionPool, name: str, connection: WebSocket) -> None:
    """Answer what comes over a socket; `stop` is heard while an answer runs. Raises Unauthorised once the token is nobody's."""
    asked: asyncio.Queue[str] = asyncio.Queue(maxsize=100)

    async def tell(error: WorkbenchError) -> None:
        await connection.send_text(json_text(_failed(error)))

    async def listen() -> None:
        while True:
            try:
                message = json.loads(await connection.receive_text())
            except (ValueError, KeyError, RecursionError):
                await tell(UsageError("This is no JSON.", 'Send {"text": "your question"}.'))
                continue
            try:
                access.admit(connection)  # as if each message were a request of its own
                if isinstance(message, dict) and message.get("stop") is True:
                    with pool.using(name) as pooled:
                        pooled.session.stop()
                else:
                    await asked.put(_question(message))
            except Unauthorised:
                raise
            except WorkbenchError as error:
                await tell(error)

    async def answer() -> None:
        while True:
            text = await asked.get()
            try:
                async for event in answer_events(pool, name, text):
                    await connection.send_text(json_text(event.as_dict()))
            except WorkbenchError as error:
                await tell(error)

    tasks = [asyncio.ensure_future(listen()), asyncio.ensure_future(answer())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
