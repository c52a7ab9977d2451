"""Merges neighbouring messages for chat templates that insist on strictly alternating roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

USERS = "users"
"""Messages of the user's that follow each other become one."""

RESULTS = "results"
"""They are folded into the result before them too: templates that look away from calls and results see one user's turn."""


def merge_turns(messages: Sequence[Mapping[str, Any]], how: str) -> list[dict[str, Any]]:
    """The messages, a user's folded into its neighbour before it; `how` is USERS or RESULTS. Nothing is lost or moved."""
    into = {"user"} if how == USERS else {"user", "tool"}
    done: list[dict[str, Any]] = []
    for message in messages:
        if done and message["role"] == "user" and done[-1]["role"] in into:
            done[-1] = {**done[-1], "content": f"{done[-1]['content']}\n\n{message['content']}"}
        else:
            done.append(dict(message))
    return done


def how_folded(sent: Sequence[Mapping[str, Any]], messages: Sequence[Mapping[str, Any]]) -> str | None:
    """How messages were folded before they were sent; None: they were not."""
    if len(sent) == len(messages):
        return None
    return next((how for how in (USERS, RESULTS) if len(merge_turns(messages, how)) == len(sent)), None)
