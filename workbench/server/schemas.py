"""What clients send to the server, checked by pydantic; what they get back are the views and events of `api`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^/\\\x00-\x1f\x7f]+$")]
"""Of an agent, a source or a file: no path, no control characters."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewAgent(_Strict):
    """An agent to make. What is left out is as the server's settings say."""

    name: Name
    model: str | None = Field(None, max_length=200, description='a model of the configured server, or "reader"')
    window_tokens: int | None = Field(None, ge=1024, le=10_000_000)
    preset: str | None = Field(None, max_length=80)
    persona: str | None = Field(None, max_length=80)
    human: str | None = Field(None, max_length=80)
    drive: str | None = Field(
        None, max_length=20, description="who searches: the model itself, or the reader for it (guided)"
    )


class AgentChange(_Strict):
    """A new name, another preset, who searches, functions switched on or off."""

    name: Name | None = None
    preset: str | None = Field(None, max_length=80)
    drive: str | None = Field(None, max_length=20)
    functions: dict[str, bool] | None = None


class Question(_Strict):
    """A message to an agent."""

    text: str = Field(min_length=1, max_length=500_000)
    stream: bool = Field(False, description="server-sent events of every step, the answer last")


class MemoryChange(_Strict):
    """An edit of a memory block: `old` becomes `new`; an empty `old` appends, an empty `new` deletes."""

    old: str = Field("", max_length=100_000)
    new: str = Field("", max_length=100_000)


class NewUser(_Strict):
    """A user to make, or to give a new token."""

    name: str = Field(min_length=1, max_length=31)


class ChatMessage(BaseModel):
    """A message as OpenAI's clients send it; parts of it that are no text are refused by the endpoint."""

    role: str
    content: str | list[dict[str, Any]] | None = None


class ChatRequest(BaseModel):
    """POST /v1/chat/completions. Fields of other servers (temperature, tools …) are accepted and have no effect here."""

    model: str = Field(max_length=200, description="an agent's name")
    messages: list[ChatMessage] = Field(min_length=1, max_length=10_000)
    stream: bool = False
    stream_options: dict[str, Any] | None = None
