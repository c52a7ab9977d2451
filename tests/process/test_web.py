"""The screen in a browser: who is let in, what the page loads, and the screen itself over the WebSocket and in Chromium."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from PIL import ImageChops

from tests.support.browser import MISSING, PROGRAM, browsing
from tests.support.processes import environment, listens, wait_until

pytestmark = pytest.mark.process

SECONDS = 90
SEVERAL_CELLS = 60
"""Pixels: wider than a cursor that blinks."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where `workbench web` says that it serves."""
    words = [sys.executable, "-m", "workbench", "web", "--json"]
    with subprocess.Popen(words, env=environment(tmp_path / "home"), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())["address"]
        assert wait_until(lambda: listens(said), SECONDS), "the address is said before the server listens"
        yield said
        server.send_signal(signal.SIGTERM)
        assert server.wait(SECONDS) == 0


async def _status(client: aiohttp.ClientSession, address: str, **headers: str) -> int:
    async with client.get(address, headers=headers) as response:
        return response.status


def test_only_the_owner_gets_in_and_the_screen_works(address: str) -> None:
    """Without the secret there is nothing; another host's name and another site's page are refused."""

    async def scenario() -> None:
        async with aiohttp.ClientSession() as client:
            assert await _status(client, address) == 200
            assert address.startswith("http://127.0.0.1:")
            root = address[: address.index("/", 8) + 1]
            assert [await _status(client, root + path) for path in ("", "ws", "static/js/textual.js")] == [404] * 3
            assert await _status(client, address, Host="example.org") == 403
            assert await _status(client, address, Origin="http://example.org") == 403
            assert await _status(client, f"{address}ws", Origin="http://127.0.0.1:1") == 403
            async with client.get(address) as response:
                assert "connect-src 'self'" in response.headers["Content-Security-Policy"]
                assert "https://" not in await response.text()
            async with client.ws_connect(address.replace("http", "ws") + "ws?width=100&height=30") as screen:
                shown = b""
                while b"ready" not in shown:
                    shown += (await screen.receive(SECONDS)).data
                await screen.send_json(["stdin", "Which vessel?"])
                while b"Which vessel?" not in shown:
                    shown += (await screen.receive(SECONDS)).data
                await screen.send_json(["stdin", "\x11"])
                while (await screen.receive(SECONDS)).type != aiohttp.WSMsgType.CLOSE:
                    pass

    asyncio.run(asyncio.wait_for(scenario(), SECONDS))


@pytest.mark.browser
@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_a_page_whose_server_has_ended_says_so(tmp_path: Path) -> None:
    """Two pages, a reload, and the end of the server: each visit has its screen, and none is left behind without a word."""
    words = [sys.executable, "-m", "workbench", "web", "--json"]

    async def scenario(server: subprocess.Popen[str], address: str) -> None:
        async with browsing(tmp_path / "profile") as browser:
            await browser.open(address)
            await browser.wait_for_text(b"ready")
            browser.received.clear()
            await browser.call("Page.reload")
            await browser.wait_for_text(b"ready")
            server.send_signal(signal.SIGTERM)

            async def covered() -> bool:
                shown = "getComputedStyle(document.querySelector('.ended')).display"
                return bool(await browser.value(shown) == "flex")

            await browser.wait(covered, "the notice")
            assert await asyncio.to_thread(server.wait, SECONDS) == 0
            await browser.value("document.getElementById('again').click()")

            async def told() -> bool:
                return "Run workbench web again" in str(await browser.value("document.body.innerText"))

            await browser.wait(told, "what to do next")

    with subprocess.Popen(words, env=environment(tmp_path / "home"), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = json.loads(server.stdout.readline())["address"]
        assert wait_until(lambda: listens(address), SECONDS)
        asyncio.run(asyncio.wait_for(scenario(server, address), SECONDS * 2))


@pytest.mark.browser
@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_the_screen_in_chromium(address: str, tmp_path: Path) -> None:
    """The page asks for nothing outside this server; the screen is drawn, and shows what is typed."""

    async def scenario() -> None:
        async with browsing(tmp_path / "profile") as browser:
            await browser.open(address)
            await browser.wait_for_text(b"ready")
            before = await browser.picture()
            await browser.type("Which vessel")
            await browser.wait_for_text(b"Which vessel")

            async def drawn() -> bool:
                changed = ImageChops.difference(before, await browser.picture()).getbbox()
                return changed is not None and changed[2] - changed[0] > SEVERAL_CELLS

            await browser.wait(drawn, "the words on the screen")
            root = address[: address.index("/", 8)]
            assert browser.requested
            # A smaller window has no bars of the browser's around the screen.
            size = {"width": 700, "height": 500, "deviceScaleFactor": 1, "mobile": False}
            await browser.call("Emulation.setDeviceMetricsOverride", **size)
            await browser.wait_for_text(b"Library")  # the narrow layout, with its tabs
            assert await browser.value("[innerWidth, innerHeight]") == await browser.value(
                "[document.documentElement.clientWidth, document.documentElement.clientHeight]"
            )
            assert all(one.removeprefix("ws").removeprefix("http").startswith(root[4:]) for one in browser.requested)

    asyncio.run(asyncio.wait_for(scenario(), SECONDS * 2))
