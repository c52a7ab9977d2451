"""A workbench agent in a team of AutoGen's, with a second one and a user proxy."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from autogen_agentchat.agents import UserProxyAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat

from workbench.server.autogen import WorkbenchAgent
from workbench.services.python_api import Workbench


def test_two_agents_and_a_user_proxy_answer_from_the_documents(make_session: Any, papers: Path) -> None:
    session = make_session(model="reader")
    session.open_agent("librarian")
    bench = Workbench(session)
    bench.load(papers, source="papers")
    second = type(session)(session.settings, session.app.paths, app=session.app)
    second.open_agent("archivist")
    second.attach("papers")
    other = Workbench(second)

    async def talk() -> TaskResult:
        team = RoundRobinGroupChat(
            [
                WorkbenchAgent("librarian", bench),
                UserProxyAgent("user", input_func=lambda _: "Who ordered part number HX-203/7?"),
                WorkbenchAgent("archivist", other),
            ],
            termination_condition=MaxMessageTermination(4),
        )
        return await team.run(task="Who ordered part number HX-203/7?")

    try:
        result = asyncio.run(talk())
    finally:
        second.close()
    said = {message.source: message.to_text() for message in result.messages}  # type: ignore[union-attr]
    assert "03-dora.md" in said["librarian"]
    assert "03-dora.md" in said["archivist"]
