"""Reads a reply of the Responses API as the chunks of a chat completion, so that one reader serves both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.core.responses_request import REASONING_ITEMS
from workbench.models.openai.sse import Chunk, Event

_TEXT = "response.output_text.delta"
_REFUSAL = "response.refusal.delta"
_THOUGHTS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta", "response.reasoning.delta")
_TEXT_DONE = "response.output_text.done"
_CALL_BEGUN = "response.output_item.added"
_ARGUMENTS = "response.function_call_arguments.delta"
_ARGUMENTS_DONE = "response.function_call_arguments.done"
_CALLS = ("function_call", "custom_tool_call")
_ITEM_DONE = "response.output_item.done"
_ENDED = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done")
_REASONS = {"max_output_tokens": "length", "max_tokens": "length"}


class ResponseEvents:
    """The events of one reply, in order. Items that were not streamed are taken from where they are told whole."""

    def __init__(self) -> None:
        self._streamed: set[tuple[str, Any]] = set()
        self._calls: dict[Any, int] = {}
        self._places: dict[str, int] = {}
        """Of items whose events do not say which in the output they are."""
        self._ended = False

    def read(self, event: Event) -> Iterator[Event]:
        """What an event means as chunks of a chat completion; anything that is none of the API's passes as it is."""
        value = event.value if isinstance(event, Chunk) else None
        if not isinstance(value, Mapping) or "choices" in value:
            yield event
            return
        kind = str(value.get("type") or "")
        inner = value.get("response")
        if value.get("object") == "response" or isinstance(value.get("output"), list):
            yield from self._end(value)
        elif not kind and isinstance(inner, Mapping) and isinstance(inner.get("output"), list):
            yield from self._end(inner)
        elif kind in _ENDED and isinstance(value.get("response"), Mapping):
            yield from self._end(value["response"])
        elif kind == "error" or (value.get("error") and not kind.startswith("response.")):
            yield Chunk({"error": value.get("error") or {k: v for k, v in value.items() if k != "type"}})
        elif kind.startswith("response."):
            yield from self._piece(kind, value)
        elif not kind:
            yield event

    def _piece(self, kind: str, value: Mapping[str, Any]) -> Iterator[Event]:
        piece = value.get("delta")
        item = value.get("item") if isinstance(value.get("item"), Mapping) else {}
        at = self._place(value, item or {})
        if kind == _TEXT and isinstance(piece, str):
            self._streamed.add(("text", at))
            yield _delta({"content": piece})
        elif kind == _TEXT_DONE and isinstance(value.get("text"), str) and ("text", at) not in self._streamed:
            self._streamed.add(("text", at))
            yield _delta({"content": value["text"]})
        elif kind == _REFUSAL and isinstance(piece, str):
            self._streamed.add(("text", at))
            yield _delta({"refusal": piece})
        elif kind in _THOUGHTS and isinstance(piece, str):
            self._streamed.add(("thought", at))
            yield _delta({"reasoning_content": piece})
        elif kind == _CALL_BEGUN and item and item.get("type") in _CALLS:
            yield self._call(at, item, _arguments(item))
        elif kind == _ARGUMENTS and isinstance(piece, str):
            yield self._call(at, {}, piece)
        elif kind == _ARGUMENTS_DONE and ("arguments", at) not in self._streamed:
            yield self._call(at, value, _arguments(value))
        elif kind == _ITEM_DONE and item:
            yield from self._item(at, item)

    def _place(self, value: Mapping[str, Any], item: Mapping[str, Any]) -> Any:
        """Which item of the output an event is about."""
        if value.get("output_index") is not None:
            return value["output_index"]
        return self._places.setdefault(str(value.get("item_id") or item.get("id") or ""), len(self._places))

    def _item(self, at: Any, item: Mapping[str, Any]) -> Iterator[Event]:
        """An item that is whole: what of it was not streamed."""
        if ("done", at) in self._streamed:
            return
        self._streamed.add(("done", at))
        kind = item.get("type")
        if kind in _CALLS:
            if ("arguments", at) not in self._streamed:
                yield self._call(at, item, _arguments(item))
            elif ("name", at) not in self._streamed:
                yield self._call(at, item, "")
        elif kind == "reasoning":
            if ("thought", at) not in self._streamed and (
                said := _texts(item.get("summary")) or _texts(item.get("content"))
            ):
                yield _delta({"reasoning_content": said})
            if item.get("encrypted_content"):
                kept = {key: item[key] for key in ("type", "id", "encrypted_content") if key in item}
                yield _delta({REASONING_ITEMS: [{**kept, "summary": item.get("summary") or []}]})
        elif kind == "message" and ("text", at) not in self._streamed:
            parts = item.get("content")
            if refused := _texts(parts, "refusal"):
                yield _delta({"refusal": refused})
            if said := _texts(parts) or (parts if isinstance(parts, str) else ""):
                yield _delta({"content": said})

    def _call(self, at: Any, item: Mapping[str, Any], arguments: str) -> Chunk:
        number = self._calls.setdefault(at, len(self._calls))
        entry: dict[str, Any] = {"index": number, "type": "function", "function": {"arguments": arguments}}
        if arguments:
            self._streamed.add(("arguments", at))
        if item.get("name"):
            self._streamed.add(("name", at))
            entry["id"] = item.get("call_id") or item.get("id") or ""
            entry["function"]["name"] = item["name"]
        return _delta({"tool_calls": [entry]})

    def _end(self, response: Mapping[str, Any]) -> Iterator[Event]:
        """The whole response, as it is told at the end of a stream or as an answer of its own."""
        if self._ended:
            return
        self._ended = True
        if error := response.get("error"):
            yield Chunk({"error": error})
            return
        output = response.get("output")
        for at, item in enumerate(output if isinstance(output, list) else ()):
            if isinstance(item, Mapping):
                yield from self._item(at, item)
        said = response.get("output_text")
        if not output and isinstance(said, str) and not any(what == "text" for what, _ in self._streamed):
            yield _delta({"content": said})
        details = response.get("incomplete_details")
        reason = str(details.get("reason") or "") if isinstance(details, Mapping) else ""
        status = str(response.get("status") or "completed")
        if status in ("failed", "cancelled"):
            finish = status
        elif reason or status == "incomplete":
            finish = _REASONS.get(reason, reason) or "incomplete"
        else:
            finish = "tool_calls" if self._calls else "stop"
        choice = {"index": 0, "delta": {}, "finish_reason": finish}
        yield Chunk({"choices": [choice], "usage": response.get("usage")})


def _delta(delta: Mapping[str, Any]) -> Chunk:
    return Chunk({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


def _arguments(item: Mapping[str, Any]) -> str:
    """The arguments of a call as text, whatever they are."""
    given = next((item[key] for key in ("arguments", "input") if item.get(key)), "")
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def _texts(parts: Any, key: str = "text") -> str:
    if not isinstance(parts, list):
        return ""
    return "".join(str(part.get(key) or "") for part in parts if isinstance(part, Mapping))
