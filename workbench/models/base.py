"""The ChatModel protocol: what is asked of a model, and the pieces of its reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any, Protocol, runtime_checkable

from workbench.api.results import RenderedPage

Message = Mapping[str, Any]
"""One message of the Chat Completions wire: role, content, and tool_calls or tool_call_id."""


@dataclass(frozen=True)
class ModelRequest:
    """What is sent: exactly these messages and tools. `max_tokens` is the reserve for the output.

    `response_format` asks for constrained output, as {"type": "json_schema", "json_schema": {"name", "strict", "schema"}}.
    Where the server does not take it, it is asked for plain JSON, or for nothing: the `body` of the Completion says what was
    sent, so the messages must say what form is wanted too.
    """

    model: str
    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]]
    max_tokens: int
    options: Mapping[str, Any] = field(default_factory=dict)
    response_format: Mapping[str, Any] | None = None
    results: Sequence[RenderedPage | None] = ()
    """What each of `messages` shows of archival storage, for the embedded reader. It goes over no wire, and says nothing that
    the messages do not say; empty where nobody knows."""

    def body(self) -> dict[str, Any]:
        """The JSON body of a streaming Chat Completions request."""
        body: dict[str, Any] = {"model": self.model, "messages": list(self.messages)}
        if self.tools:
            body["tools"] = list(self.tools)
        if self.response_format is not None:
            body["response_format"] = dict(self.response_format)
        usage = {"include_usage": True}
        return {**body, "max_tokens": self.max_tokens, "stream": True, "stream_options": usage, **self.options}


@dataclass(frozen=True)
class FunctionCall:
    """A call as the model wrote it; `arguments` is JSON text and may be malformed."""

    id: str
    name: str
    arguments: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What the server sent beside it and wants back in the history, such as a thought_signature."""


@dataclass(frozen=True)
class Usage:
    """Tokens as the server counted them."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True)
class TextDelta:
    """A piece of the message's content."""

    text: str


@dataclass(frozen=True)
class ReasoningDelta:
    """A piece of the model's reasoning, where the server shows it."""

    text: str


@dataclass(frozen=True)
class CallDelta:
    """A piece of a function call: `arguments` is what has been added. `index` is the position of the call."""

    index: int
    name: str
    arguments: str


@dataclass(frozen=True)
class Sending:
    """The request is sent otherwise than its `body()` says: the server has refused something in it, or is known to.

    `shape` is how its messages were written anew for the server (see workbench.core.chat_turns), empty when they were not.
    """

    body: Mapping[str, Any]
    shape: Mapping[str, Any] = field(default_factory=dict)


REFUSAL = "refusal"
"""How a reply is filtered when the model itself refused."""


@dataclass(frozen=True)
class ReplyEnd:
    """How a reply ended, beyond the word for it.

    `cut` is True when it ends in its middle because of a limit on its length, `runaway` when the server ignored that
    limit and the reply was cut here. `filtered` and `malformed` name the server's own word for a reply that its filter
    took parts of, or for a call that it could not read. `mixed` is a function call that the text ends in, which was
    not carried out because the reply says something else as well. `written` is the text whose calls were read, where they
    were text.
    """

    cut: bool = False
    runaway: bool = False
    filtered: str = ""
    malformed: str = ""
    mixed: str = ""
    written: str = ""


@dataclass(frozen=True)
class Assessment:
    """What a model that scores its own answer says of it.

    `confidence` is how likely the answer is right, 0 to 1, None where nothing was scored; `scorer` names the fitted weights
    that say so, which a replay needs; `lacks` is a sentence about what the nearest passages do not say, "" for an answer;
    `remark` is a sentence that ends an answer and explains its quotes, such as the columns of a table row; `form` is list,
    count, summary or compare where the answer rests on many quotes, "" where one may hold it.
    """

    confidence: float | None
    scorer: str = ""
    lacks: str = ""
    remark: str = ""
    form: str = ""


@dataclass(frozen=True)
class Completion:
    """The whole reply. `body` is the request as it was finally sent (a retry may have dropped optional keys).

    `handback` is what the server wants to see again with the message: its reasoning under the key it came by, and details
    that it signed. `assessment` comes with the answers of a model that scores them.
    """

    content: str
    calls: tuple[FunctionCall, ...]
    finish_reason: str
    usage: Usage | None = None
    reasoning: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    shape: Mapping[str, Any] = field(default_factory=dict)
    ending: ReplyEnd = ReplyEnd()
    handback: Mapping[str, Any] = field(default_factory=dict)
    assessment: Assessment | None = None


Delta = TextDelta | ReasoningDelta | CallDelta | Sending | Completion


@runtime_checkable
class ChatModel(Protocol):
    """Anything that answers a request. Raises ModelError and its leaves, nothing else."""

    name: str

    def stream(self, request: ModelRequest, cancel: Flag) -> Iterator[Delta]:
        """Yield deltas as they come and, last, exactly one Completion. Ends early (no Completion) once `cancel` is set."""
        ...
