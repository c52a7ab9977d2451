"""A client of a scripted model's server, and a request for it."""

from __future__ import annotations

from typing import Any

from tests.support.model_server import ModelServer
from workbench.models.base import ModelRequest
from workbench.models.openai.client import OpenAIChat

REQUEST = ModelRequest("some-model", [{"role": "user", "content": "hello"}], [], 64)


def model_of(server: ModelServer, **options: Any) -> OpenAIChat:
    return OpenAIChat("some-model", server.url, **{"backoff_seconds": 0.01, "timeout_seconds": 5.0, **options})
