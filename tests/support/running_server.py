"""The HTTP server on a free port of this machine, in this process."""

from __future__ import annotations

import socket
import threading
from typing import Any

import httpx2 as httpx
import uvicorn

from workbench.client import Client
from workbench.server.app import Limits, Server
from workbench.services.session import Session


class Running:
    """A server of this test: its address and the administrator's token."""

    def __init__(self, session: Session, limits: Limits) -> None:
        self.session = session
        self.server = Server(session.app, limits)
        self.token = str(self.server.first_token())
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._uvicorn = uvicorn.Server(uvicorn.Config(self.server.web, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._uvicorn.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()

    def client(self, agent: str, token: str = "") -> Client:
        return Client(self.url, token or self.token, agent)

    def raw(self, method: str, path: str, token: str | None = None, **request: Any) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.request(method, self.url + path, headers=headers, timeout=60, verify=False, **request)

    def end(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(20)
        self.server.close()
