"""Checks at run time whether a value from outside matches a type hint, at every depth.

It only says yes or no and never converts, as pydantic's TypeAdapter does by default ("1" for 1); importing pydantic for the few
values that are checked (settings, an agent's file) takes 0.25 seconds of every start.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints


def matches_type(value: Any, kind: Any) -> bool:
    """Whether the value is of the hinted type: plain types, unions, lists, tuples, mappings and dataclasses of them."""
    if kind is Any:
        return True
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return any(matches_type(value, part) for part in parts)
    if origin is tuple:
        many = parts[1:] == (...,)
        whole = many or len(parts) == len(value) if isinstance(value, tuple) else False
        return whole and all(matches_type(item, parts[0] if many else parts[at]) for at, item in enumerate(value))
    if origin in (list, Sequence):
        return isinstance(value, (list, tuple)) and all(matches_type(item, parts[0]) for item in value)
    if origin in (dict, Mapping):
        return isinstance(value, Mapping) and all(
            matches_type(k, parts[0]) and matches_type(v, parts[1]) for k, v in value.items()
        )
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return isinstance(value, kind) and all(
            matches_type(getattr(value, f.name), hints[f.name]) for f in fields(kind)
        )
    return isinstance(value, kind)
