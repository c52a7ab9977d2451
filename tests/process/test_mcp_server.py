"""`workbench mcp` used by the SDK's own client, over stdio as other programs start it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.support.processes import ROOT

pytestmark = pytest.mark.process


def server(home: Path, *flags: str) -> StdioServerParameters:
    environment = {"WORKBENCH_HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return StdioServerParameters(
        command=sys.executable, args=["-m", "workbench", "mcp", *flags], env=environment, cwd=str(home.parent)
    )


def content(result: Any) -> Any:
    return result.structured_content


def test_another_program_loads_searches_opens_follows_and_checks_quotes(tmp_path: Path, papers: Path) -> None:
    async def use() -> None:
        async with Client(server(tmp_path / "home", "--write")) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names == {
                "search", "follow", "open_page", "verify_quote", "list_sources", "list_documents", "load", "note",
            }  # fmt: skip
            loaded = content(await client.call_tool("load", {"path": str(papers), "source": "papers"}))
            assert loaded["documents"] == 12
            found = content(await client.call_tool("search", {"query": '"HX-203/7"'}))
            first = found["passages"][0]
            assert (found["total"], first["document"], first["source"]) == (1, "03-dora.md", "papers")
            page = content(await client.call_tool("open_page", {"document": "03-dora.md"}))
            sentence = next(line for line in page["text"].splitlines() if "HX-203/7" in line)
            asked = {"quote": sentence, "document": "03-dora.md", "page": 1}
            assert content(await client.call_tool("verify_quote", asked))["verified"] is True
            forged = {**asked, "quote": sentence.replace("HX-203/7", "HX-203/8")}
            assert content(await client.call_tool("verify_quote", forged)) == {
                "verified": False, "document": "03-dora.md", "page": 1, "stands_on_pages": [],
            }  # fmt: skip
            linked = content(await client.call_tool("follow", {"passage": found["passages"][0]["passage"]}))
            assert linked["total"] >= 1
            wrong = await client.call_tool("open_page", {"document": "../../etc/passwd"})
            assert wrong.is_error
            assert "There is no page 1" in wrong.content[0].text  # type: ignore[union-attr]

    asyncio.run(use())


def test_nothing_is_written_without_the_flag(tmp_path: Path) -> None:
    async def use() -> None:
        async with Client(server(tmp_path / "home")) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert not names & {"load", "note"}

    asyncio.run(use())
