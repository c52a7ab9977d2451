"""Whole programs with their network calls and file writes recorded: the screen, servers, and what works on many documents."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import docx
import pytest
from mcp import Client as McpClient
from mcp import StdioServerParameters

from tests.support import model_scripts
from tests.support import papers as harbour
from tests.support.cross_encoder import save_cross_encoder
from tests.support.model_server import ModelServer
from tests.support.processes import listens, wait_until
from tests.support.pseudo_terminal import PseudoTerminal
from tests.support.recorded import ROOT, Recorded, write_papers
from workbench.client import Client

pytestmark = [pytest.mark.process, pytest.mark.nightly, pytest.mark.timeout(600)]

SECONDS = 120


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    return write_papers(tmp_path / "papers")


@contextmanager
def running(recorded: Recorded, *words: str, **more: str) -> Iterator[tuple[str, list[str]]]:
    """A server until the end of the block: the address that it says, and the lines that it has said by then."""
    started = subprocess.Popen(
        [sys.executable, "-m", "workbench", *words], cwd=ROOT, env=recorded.environment(**more), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert started.stdout is not None
    said: list[str] = []
    address = ""
    while not address:
        line = started.stdout.readline()
        assert line, said
        said.append(line)
        address = (re.findall(r"http://\S+", line) or [""])[0]
    if words[0] in ("serve", "mcp"):
        said.append(started.stdout.readline())
    assert wait_until(lambda: listens(address), SECONDS)
    yield address, said
    started.send_signal(signal.SIGINT)
    assert started.wait(SECONDS) == 0


def token_of(said: list[str]) -> str:
    return re.findall(r"wb_\S+", "".join(said))[0]


def port_of(address: str) -> int:
    return int(urlsplit(address).port or 0)


def test_what_works_on_many_documents_reaches_nobody(recorded: Recorded, papers: Path, tmp_path: Path) -> None:
    recorded.run("load", str(papers), "--source", "letters")
    recorded.run("load", str(harbour.write_papers(tmp_path / "harbour")), "--source", "harbour")
    (tmp_path / "mine.md").write_text(
        "The ferry of the east pier was painted green by Tove Lund. The lamp was lit by Alda.\n"
    )
    out = recorded.home / "out"
    for words in (
        ["table", "--question", "Who painted the ferry?", "--source", "letters", "--model", "reader", "--json"],
        ["table", "--question", "Who painted the ferry?", "--source", "letters", "--model", "reader", "--xlsx", f"{out}.xlsx"],
        ["check", str(tmp_path / "mine.md"), "--source", "letters"], ["compare", "a.md", "c.rst", "--source", "letters"],
        ["eval", "make", "--source", "harbour", "--limit", "3", "--out", f"{out}.json", "--model", "reader"],
        ["eval", "own", f"{out}.json", "--source", "harbour", "--model", "reader"],
    ):  # fmt: skip
        recorded.run(*words)
        recorded.reached_nobody()
    assert {"workbench.embedding.worker", "workbench.ingest.reader_worker"} <= recorded.modules()


def test_a_table_by_a_model_reaches_its_server_alone(recorded: Recorded, papers: Path) -> None:
    recorded.run("load", str(papers), "--source", "letters")
    with ModelServer(model_scripts.reads_pages("ferry", 1)) as server:
        given = {"OPENAI_BASE_URL": server.url, "WORKBENCH_MODEL": "scripted"}
        recorded.run("table", "--question", "Who painted the ferry?", "--source", "letters", **given)
        assert server.requests
    assert recorded.network() == {("127.0.0.1", port_of(server.url))}
    assert recorded.written_outside() == set()


def test_the_reranker_reaches_nobody(recorded: Recorded, papers: Path, tmp_path: Path) -> None:
    encoder = save_cross_encoder(tmp_path / "encoder")
    recorded.run("load", str(papers), "--source", "letters")
    assert "reranked" in recorded.run("search", "who painted the ferry", "--reranker", str(encoder), "--json")
    assert "workbench.embedding.reranker_worker" in recorded.modules()
    recorded.reached_nobody()


def test_the_screen_reaches_nobody(recorded: Recorded, papers: Path) -> None:
    terminal = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    with PseudoTerminal([sys.executable, "-m", "workbench", str(papers)], recorded.environment(**terminal)) as screen:
        screen.wait("loaded", SECONDS)
        screen.send("Who painted the ferry?\r")
        screen.wait("Tove", SECONDS)
    assert len(recorded.modules()) >= 3
    recorded.reached_nobody()


def test_the_server_talks_to_those_who_ask_it(recorded: Recorded, papers: Path) -> None:
    asked_to_tell = {
        "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://telemetry.invalid:4318",
    }
    with (
        running(recorded, "serve", "--port", "0", "--model", "reader", **asked_to_tell) as (address, said),
        Client(address, token_of(said), "notes") as bench,
    ):
        bench.create_agent(model="reader")
        bench.load(*sorted(papers.iterdir()), source="letters")
        bench.attach("letters")
        assert bench.answer("Who painted the ferry?").answered
        assert bench.search("ferry").total
    assert len(recorded.modules()) >= 3
    recorded.stayed_on_this_machine()


def test_mcp_reaches_nobody(recorded: Recorded, papers: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "workbench", "mcp", "--write"], env=recorded.environment(), cwd=str(ROOT)
    )

    async def use() -> None:
        async with McpClient(server) as client:
            await client.call_tool("load", {"path": str(papers), "source": "letters"})
            found = (await client.call_tool("search", {"query": "painted the ferry"})).structured_content
            assert found is not None
            assert found["total"]

    asyncio.run(use())
    assert len(recorded.modules()) >= 3
    recorded.stayed_on_this_machine()


def test_mcp_over_http_talks_to_those_who_ask_it(recorded: Recorded, papers: Path) -> None:
    with running(recorded, "mcp", "--http", "0") as (address, said):
        hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}  # fmt: skip
        headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token_of(said)}"}

        async def use() -> None:
            async with aiohttp.ClientSession() as client:
                async with client.post(address, json=hello) as refused:
                    assert refused.status == 401
                async with client.post(address, json=hello, headers=headers) as answered:
                    assert answered.status == 200
                    assert "memgpt-workbench" in await answered.text()
                async with client.post(address, json=hello, headers={**headers, "Host": "evil.example"}) as rebound:
                    assert rebound.status in (403, 421)

        asyncio.run(use())
    recorded.stayed_on_this_machine()


def test_the_screen_in_a_browser_talks_to_the_browser(recorded: Recorded, papers: Path) -> None:
    with running(recorded, "web", str(papers)) as (address, _):

        async def use() -> None:
            async with aiohttp.ClientSession() as client:
                socket_address = address.replace("http", "ws") + "ws?width=100&height=30"
                async with client.get(address) as page:
                    assert page.status == 200
                async with client.ws_connect(socket_address) as screen:
                    shown = b""
                    while b"ready" not in shown:
                        shown += (await screen.receive(SECONDS)).data
                    await screen.send_json(["stdin", "\x11"])
                    while (await screen.receive(SECONDS)).type != aiohttp.WSMsgType.CLOSE:
                        pass

        asyncio.run(use())
    recorded.stayed_on_this_machine()


def test_the_second_reader_of_damaged_files_tells_nobody(recorded: Recorded, tmp_path: Path) -> None:
    """unstructured reports each import and each call to its makers, unless it is told not to before it is imported."""
    letter = docx.Document()
    letter.add_paragraph("The keeper asks for forty barrels of oil.")
    letter.save(str(tmp_path / "letter.docx"))
    code = "import sys, pathlib; from loaders import second_reader; print(second_reader.load(pathlib.Path(sys.argv[1]), 'docx', 'w', 1))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "letter.docx")],
        env=recorded.environment(),
        cwd=ROOT,
        text=True,
        capture_output=True,
    )
    assert "forty barrels" in done.stdout, done.stderr
    recorded.reached_nobody()
