"""Merges the pieces of function calls that a stream brings into whole calls, the same however they were cut."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.core.sanitize import paired
from workbench.models.base import CallDelta, FunctionCall
from workbench.models.openai.written_calls import known_name

_LONGEST_ID_CHARS = 40
"""OpenAI refuses longer ids in a history, and a conversation may go on with another server."""

_ARGUMENTS = ("arguments", "parameters", "args", "input")
_OWN_KEYS = frozenset({"index", "id", "type", "function", "custom", "name", *_ARGUMENTS})
_LONGEST_EXTRA_CHARS = 32_768
_TAIL_MARKS = re.compile(r"(?:\s*(?:</?[\w:-]+>|<[|｜][^<>|｜]{1,40}[|｜]>|```))+\s*$")


@dataclass
class _Open:
    """A call that is still being written."""

    index: int | None
    id: str = ""
    name: str = ""
    arguments: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    """What the server wants back with the call, such as Gemini's thought_signature in extra_content."""

    @property
    def complete(self) -> bool:
        """Whether the arguments are a whole object, so that another brace can only begin another call."""
        if not self.arguments.rstrip().endswith("}"):
            return False
        try:
            return isinstance(json.loads(self.arguments), dict)
        except ValueError:
            return False


class CallMerger:
    """Merges the `tool_calls` of deltas into calls.

    By index, but a new id opens a new call (Ollama numbers every call 0), and so does, where there are no ids, another
    name or a second object of arguments. An id or a name that comes again is the same one (llama.cpp repeats both); an
    id without a name goes on with arguments that are not whole (vLLM makes a new one for each piece of a call that was
    asked for by name). Arguments may be an object instead of text, or null, or come whole, or come whole again at the end,
    or as all that there is so far with every piece (DashScope). A name may come in pieces too.
    """

    def __init__(self, functions: Collection[str] = ()) -> None:
        """`functions` are the names on offer: a name with a prefix or a channel's mark means one of them."""
        self._open: list[_Open] = []
        self._functions = functions

    def feed(self, entries: Any) -> list[CallDelta]:
        """Take the `tool_calls` of one delta, or of a whole message; what they add."""
        if isinstance(entries, str):
            entries = _loaded(entries)
        if isinstance(entries, Mapping):
            numbered = entries and all(str(key).isdigit() for key in entries)
            entries = list(entries.values()) if numbered else [entries]
        added = (
            (self._take(entry) for entry in entries if isinstance(entry, Mapping)) if isinstance(entries, list) else ()
        )
        return [delta for delta in added if delta is not None]

    def calls(self, seed: str) -> tuple[FunctionCall, ...]:
        """The calls so far, in the order they were opened; without a name it is no call. Missing ids come of `seed`."""
        named = [call for call in self._open if call.name]
        taken: set[str] = set()
        calls = []
        for position, call in enumerate(named):
            ident = _usable(call.id, f"{seed}:{position}:{call.name}:{call.arguments}", taken)
            taken.add(ident)
            name, arguments = known_name(call.name, self._functions), paired(_bare(call.arguments))
            calls.append(FunctionCall(ident, paired(name), arguments if arguments.strip() else "{}", call.extra))
        return tuple(calls)

    def _take(self, entry: Mapping[str, Any]) -> CallDelta | None:
        source = next((entry[key] for key in ("function", "custom") if isinstance(entry.get(key), Mapping)), entry)
        index, ident = _index(entry.get("index")), str(entry.get("id") or "")
        given = next((source[key] for key in _ARGUMENTS if source.get(key) is not None), None)
        name, piece = str(source.get("name") or ""), _text(given)
        call = self._current(index, ident)
        if call is None or (not self._goes_on(call, name) and _is_another(call, ident, name, piece)):
            if not (ident or name or piece):
                return None
            call = _Open(index)
            self._open.append(call)
        call.id = call.id or ident
        named = bool(name and not call.name)
        call.name = f"{call.name}{name}" if self._goes_on(call, name) else call.name or name
        piece = _added(call, piece)
        call.arguments += piece
        for key, value in entry.items():
            if key not in _OWN_KEYS and value is not None and len(str(value)) <= _LONGEST_EXTRA_CHARS:
                call.extra[key] = value
        return CallDelta(self._open.index(call), call.name, piece) if piece or named else None

    def _goes_on(self, call: _Open, name: str) -> bool:
        """Whether a name is the next piece of a call's name, of which so far there is only the beginning."""
        if not name or not call.name or call.arguments or call.name in self._functions:
            return False
        return any(function.startswith(f"{call.name}{name}") for function in self._functions)

    def _current(self, index: int | None, ident: str) -> _Open | None:
        """The call an entry may belong to: the latest of its index, and among those the one with its id."""
        alike = [call for call in self._open if index is None or call.index == index]
        if ident and (same := [call for call in alike if call.id == ident]):
            return same[-1]
        return alike[-1] if alike else None


def _added(call: _Open, piece: str) -> str:
    """What a piece adds to the arguments: no JSON object goes on with itself, so its beginning is not meant twice."""
    held = call.arguments
    if len(held) < 2 or not held.startswith("{") or not piece.startswith(held):
        return piece
    return piece[len(held) :]


def _is_another(call: _Open, ident: str, name: str, piece: str) -> bool:
    if ident and call.id:
        return ident != call.id and (bool(name) or call.complete)
    if not ident and name and call.name and name != call.name:
        return True
    return bool(name) and piece.lstrip().startswith("{") and call.complete


def _index(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _text(arguments: Any) -> str:
    if arguments is None:
        return ""
    if isinstance(arguments, list) and len(arguments) == 1 and isinstance(arguments[0], Mapping):
        arguments = arguments[0]
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _bare(arguments: str) -> str:
    """Arguments without the template's marks behind them."""
    return _TAIL_MARKS.sub("", arguments) if arguments.rstrip().endswith((">", "`")) else arguments


def _usable(ident: str, seed: str, taken: set[str]) -> str:
    """The server's id; a short hash instead of one that is missing, taken or too long. The same reply, the same ids."""
    if ident and len(ident) <= _LONGEST_ID_CHARS and ident not in taken:
        return ident
    return f"call_{hashlib.sha256(f'{ident}:{seed}'.encode('utf-8', 'replace')).hexdigest()[:16]}"
