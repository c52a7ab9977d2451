"""Calls as they go into the history: what a model wrote comes in, what every server takes back goes out."""

from __future__ import annotations

import json
from dataclasses import replace

from workbench.model.chat_model import FunctionCall


def with_ids(calls: tuple[FunctionCall, ...], step: int) -> list[FunctionCall]:
    """Calls with ids that are not empty and not alike: some servers send none, or the same for all."""
    seen: set[str] = set()
    named = []
    for position, call in enumerate(calls):
        identifier = call.id if call.id and call.id not in seen else f"call_{step}_{position}"
        seen.add(identifier)
        named.append(replace(call, id=identifier))
    return named


def valid_arguments(arguments: str) -> str:
    """Arguments as they go back to a server: some refuse a history whose arguments are not JSON."""
    try:
        json.loads(arguments)
    except ValueError:
        return json.dumps({"malformed": arguments[:2_000]}, ensure_ascii=False)
    return arguments
