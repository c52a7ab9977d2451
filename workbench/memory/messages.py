"""Messages as they are stored, with references in place of texts kept elsewhere, and as they go on the wire."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from workbench.api.events import Segment
from workbench.api.results import RenderedPage, ResultPage
from workbench.core.tokens import count_message
from workbench.memory.recall_page import RecallPage, recalled


class Texts(Protocol):
    """Looks up what messages refer to: texts of passages by id, and past messages as recall shows them."""

    def __call__(self, passages: Sequence[int], /) -> Mapping[int, str]: ...
    def said(self, messages: Sequence[int], /) -> Mapping[int, str]: ...


NOTICE_KINDS = ("user_message", "heartbeat", "login", "system_alert")


O200K = "o200k_base"
"""The encoding that messages are stored with their count in."""


class PromptPart(NamedTuple):
    """What a message puts into every prompt that it stands in: what is sent, its hash, and what it is to whoever looks."""

    wire: Mapping[str, Any]
    digest: bytes
    tokens: int
    segment: Segment
    result: RenderedPage | None
    passages: tuple[int, ...]


@dataclass(frozen=True)
class StoredMessage:
    """One immutable message. `body` is what is stored, `wire` what is sent, `tokens` its count with framing.

    `kept` is None, or, once its question is answered, the passages that stay in it: it is then sent as a receipt. A question
    that no longer fits has no passages and is sent with its ends only.
    kind: user_message | heartbeat | login | system_alert | assistant | function_result.
    """

    id: int
    parent: int | None
    role: str
    kind: str
    body: Mapping[str, Any]
    wire: Mapping[str, Any]
    tokens: int
    created: datetime
    step: int | None = None
    kept: tuple[int, ...] | None = None
    result: RenderedPage | None = None
    """What `wire` shows of archival storage, as data."""

    @cached_property
    def passages(self) -> tuple[int, ...]:
        """Passages whose text this message brings into context."""
        page = self.body.get("archive")
        every = tuple(hit["passage"] for hit in page["hits"]) if page else ()
        return every if self.kept is None else tuple(passage for passage in every if passage in self.kept)

    def part(self, encoding: str) -> PromptPart:
        """What it puts into a prompt; made once in its life for each encoding."""
        if (known := self.parts.get(encoding)) is None:
            tokens = self.tokens if encoding == O200K else count_message(self.wire, encoding)
            name = "paged" if self.passages else "conversation"
            segment = Segment(name, tokens, wire_text(self.wire), str(self.wire["role"]), self.id, self.kind)
            known = PromptPart(self.wire, wire_digest(self.wire), tokens, segment, self.result, self.passages)
            self.parts[encoding] = known
        return known

    @cached_property
    def parts(self) -> dict[str, PromptPart]:
        """What `part` has made, by encoding."""
        return {}

    @property
    def spoken(self) -> str:
        """What a person said or was told in this message; empty for calls, results and alerts."""
        if self.kind == "user_message":
            return str(self.body.get("message", ""))
        return " ".join(
            str(_arguments(call).get("message", ""))
            for call in self.body.get("calls", ())
            if call["name"] == "send_message"
        )


_TO_THE_SECOND = len("2026-01-31T23:59:59")


def stamp(moment: datetime) -> str:
    """A time as models and people read it: UTC, to the second."""
    # Not strftime, which takes five times as long: a page of recall stamps every message that was found.
    return f"{moment.isoformat()[:_TO_THE_SECOND]}Z"


def to_json(value: Mapping[str, Any]) -> str:
    """JSON as it stands on the wire: compact to read, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False)


def wire_digest(message: Mapping[str, Any]) -> bytes:
    """A hash of a message as it is sent."""
    data = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).digest()


def wire_text(message: Mapping[str, Any]) -> str:
    """What a message says: its content and its calls."""
    content = str(message.get("content") or "")
    calls = message.get("tool_calls") or ()
    written = (f"{call['function']['name']}({call['function']['arguments']})" for call in calls)
    return "\n".join(filter(None, [content, *written])) if calls else content


def render(
    role: str, kind: str, body: Mapping[str, Any], created: datetime, texts: Texts, kept: Sequence[int] | None = None
) -> dict[str, Any]:
    """The wire message of a stored one. With `kept`, a result is sent as its receipt with only those passages, a question shortened."""
    return render_with_result(role, kind, body, created, texts, kept)[0]


def render_with_result(
    role: str, kind: str, body: Mapping[str, Any], created: datetime, texts: Texts, kept: Sequence[int] | None = None
) -> tuple[dict[str, Any], RenderedPage | None]:
    """The same, and what the message shows of archival storage; None for one that shows nothing of it."""
    if body.get("archive"):
        result = _rendered_page(body["archive"], texts, kept)
        envelope = {"status": body["status"], "message": result.text, "time": stamp(created)}
        return {"role": role, "tool_call_id": body["call"], "content": to_json(envelope)}, result
    return _without_result(role, kind, body, created, texts, kept), None


def _without_result(
    role: str, kind: str, body: Mapping[str, Any], created: datetime, texts: Texts, kept: Sequence[int] | None
) -> dict[str, Any]:
    if kind == "user_message" and kept is not None:
        body = {**body, "message": shortened(str(body.get("message", "")))}
    if kind in NOTICE_KINDS:
        return {"role": "user", "content": to_json({"type": kind, **body, "time": stamp(created)})}
    if kind == "assistant":
        message: dict[str, Any] = {"role": "assistant", "content": body.get("content", "")}
        if body.get("calls"):
            message["tool_calls"] = [
                {
                    "id": call["id"],
                    "type": "function",
                    "function": {"name": call["name"], "arguments": call["arguments"]},
                    **call.get("extra", {}),
                }
                for call in body["calls"]
            ]
        # What a server sent beside its calls and wants back: reasoning, signatures.
        return {**message, **body.get("handback", {})}
    envelope = {"status": body["status"], "message": _result_text(body, texts, kept), "time": stamp(created)}
    return {"role": role, "tool_call_id": body["call"], "content": to_json(envelope)}


def render_receipt(
    message: StoredMessage, texts: Texts, kept: Sequence[int]
) -> tuple[dict[str, Any], RenderedPage | None]:
    """The wire message of a result or a question that was sent whole until now, and what it still shows of archival storage.

    Only what is `kept` of an archive's page is looked up.
    """
    if message.body.get("archive") or message.kind == "user_message":
        return render_with_result(message.role, message.kind, message.body, message.created, texts, kept)
    sent = json.loads(message.wire["content"])
    return {**message.wire, "content": to_json({**sent, "message": short_receipt(sent["message"])})}, None


def _result_text(body: Mapping[str, Any], texts: Texts, kept: Sequence[int] | None) -> str:
    recall = body.get("recall")
    text = RecallPage.load(recall).render(texts.said(recalled(body))) if recall else str(body.get("text", ""))
    return text if kept is None else short_receipt(text)


def _rendered_page(stored: Mapping[str, Any], texts: Texts, kept: Sequence[int] | None) -> RenderedPage:
    """A page of results as it is sent, whole or as its receipt."""
    page = ResultPage.load(stored)
    wanted = [hit.passage for hit in page.hits] if kept is None else kept
    return page.rendered(texts(wanted) if wanted or kept is None else {}, kept)


def _arguments(call: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        value = json.loads(call["arguments"])
    except (ValueError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


# Compact results: once its question is answered, a result is one line, and whole only in the passages that the answer cited.

_LINE_CHARS = 120
_ENDS_CHARS = 100


def short_receipt(text: str) -> str:
    """Any other result after its question: its first line, when that is shorter."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(first) > _LINE_CHARS:
        first = first[: _LINE_CHARS - 1] + "…"
    short = f"Receipt: {first}"
    return short if len(short) + 40 < len(text) else text


def shortened(text: str) -> str:
    """A question that no longer fits beside what cannot leave: its ends, and where the whole of it is, when that is shorter."""
    flat = " ".join(text.split())
    short = (
        f"{flat[:_ENDS_CHARS]} […] {flat[-_ENDS_CHARS:]}\n(The message has {len(text):,} characters and no longer fits here. "
        "The whole text is in archival storage now: search it with archival_memory_search.)"
    )
    return short if len(short) < len(text) else text
