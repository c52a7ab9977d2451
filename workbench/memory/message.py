"""Messages: what is stored (references where there is a text elsewhere) goes in, what stands on the wire comes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.memory.result_page import ResultPage

Texts = Callable[[Sequence[int]], Mapping[int, str]]
"""Looks up texts of passages by id."""

NOTICE_KINDS = ("user_message", "heartbeat", "login", "system_alert")


@dataclass(frozen=True)
class StoredMessage:
    """One immutable message. `body` is what is stored, `wire` what is sent, `tokens` its count with framing.

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

    @property
    def passages(self) -> tuple[int, ...]:
        """Passages whose text this message brings into context."""
        page = self.body.get("archive")
        return tuple(hit["passage"] for hit in page["hits"]) if page else ()

    @property
    def spoken(self) -> str:
        """What a person said or was told in this message; empty for calls, results and alerts."""
        if self.kind == "user_message":
            return str(self.body.get("message", ""))
        return " ".join(
            str(_arguments(call).get("message", "")) for call in self.body.get("calls", ()) if call["name"] == "send_message"
        )


def stamp(moment: datetime) -> str:
    """A time as models and people read it: UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def to_json(value: Mapping[str, Any]) -> str:
    """JSON as it stands on the wire: compact to read, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False)


def render(role: str, kind: str, body: Mapping[str, Any], created: datetime, texts: Texts) -> dict[str, Any]:
    """The wire message of a stored one."""
    if kind in NOTICE_KINDS:
        return {"role": "user", "content": to_json({"type": kind, **body, "time": stamp(created)})}
    if kind == "assistant":
        message: dict[str, Any] = {"role": "assistant", "content": body.get("content", "")}
        if body.get("calls"):
            message["tool_calls"] = [
                {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
                for call in body["calls"]
            ]
        return message
    envelope = {"status": body["status"], "message": _result_text(body, texts), "time": stamp(created)}
    return {"role": role, "tool_call_id": body["call"], "content": to_json(envelope)}


def _result_text(body: Mapping[str, Any], texts: Texts) -> str:
    if page := body.get("archive"):
        loaded = ResultPage.load(page)
        return loaded.render(texts([hit.passage for hit in loaded.hits]))
    return str(body.get("text", ""))


def _arguments(call: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        value = json.loads(call["arguments"])
    except (ValueError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}
