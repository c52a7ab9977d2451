"""Headless Chromium for tests, driven over its DevTools protocol: open a page, run scripts in it, type, take a picture."""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "Chromium is not installed: apt-get install chromium"
_SECONDS = 60.0


class Browser:
    """One page of a running Chromium."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.requested: list[str] = []
        """The addresses that the page asked for."""
        self.received = bytearray()
        """What came to the page over WebSockets, in binary messages."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol. Raises AssertionError with the browser's words when it fails."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = json.loads((await self._socket.receive(timeout=_SECONDS)).data)
            if message.get("method") in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                given = message["params"]
                self.requested.append(given["url"] if "url" in given else given["request"]["url"])
            if message.get("method") == "Network.webSocketFrameReceived":
                frame = message["params"]["response"]
                self.received += base64.b64decode(frame["payloadData"]) if frame["opcode"] == 2 else b""
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                result: dict[str, Any] = message["result"]
                return result

    async def open(self, address: str) -> None:
        """Go to an address."""
        await self.call("Network.enable")
        await self.call("Page.enable")
        await self.call("Page.navigate", url=address)

    async def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def wait(self, condition: Callable[[], Awaitable[bool]], what: str, seconds: float = _SECONDS) -> None:
        """Ask until a condition holds. Raises AssertionError with `what` was waited for."""
        end = time.monotonic() + seconds
        while not await condition():
            assert time.monotonic() < end, f"{what} never came"
            await asyncio.sleep(0.1)

    async def wait_for_text(self, text: bytes) -> None:
        """Wait until the page has received it over a WebSocket."""

        async def came() -> bool:
            await self.value("0")  # the browser tells what happened before it answers
            return text in self.received

        await self.wait(came, repr(text))

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        for letter in text:
            await self.call("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=letter)

    async def picture(self) -> Image.Image:
        """The page as it looks now."""
        data = base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])
        return Image.open(io.BytesIO(data)).convert("RGB")


@asynccontextmanager
async def browsing(folder: Path, width: int = 1_200, height: int = 800) -> AsyncIterator[Browser]:
    """A browser with a profile of its own in `folder`."""
    assert PROGRAM, MISSING
    process = subprocess.Popen(
        [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
         f"--user-data-dir={folder}", f"--window-size={width},{height}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ),
    )  # fmt: skip
    try:
        port = await _port(folder / "DevToolsActivePort")
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://127.0.0.1:{port}/json/list") as response:
                pages = [page for page in await response.json(content_type=None) if page["type"] == "page"]
            async with client.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Browser(socket)
    finally:
        process.kill()
        process.wait()


async def _port(file: Path) -> int:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if file.is_file() and (lines := file.read_text(encoding="ascii").split()):
            return int(lines[0])
        await asyncio.sleep(0.1)
    raise AssertionError("Chromium did not start")
