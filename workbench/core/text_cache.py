"""Caches of functions whose arguments or results hold words of documents, owned by one object that empties them all.

What a user has forgotten must not stay in memory, so such a function is decorated with `text_cache`, never with
`functools.lru_cache`; `functools.cache` is left for what holds no text of a user's (a tokenizer, a pattern of ours).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class TextCaches:
    """Owns the caches of a process that hold texts."""

    def __init__(self) -> None:
        self._clears: list[Callable[[], None]] = []

    def cached(self, entries: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Keep the results of a function for its last arguments, at most `entries` of them; thread-safe.

        As fast as `functools.lru_cache`, which it is: a hit runs no Python code of ours.
        """

        def decorate(function: Callable[P, R]) -> Callable[P, R]:
            cached: Any = functools.lru_cache(maxsize=entries)(function)
            self._clears.append(cached.cache_clear)
            return cached  # type: ignore[no-any-return]

        return decorate

    def clear(self) -> None:
        """Keep nothing."""
        for clear in self._clears:
            clear()


TEXT_CACHES = TextCaches()
"""The owner of all of them: the functions are used by every agent of the process, so the caches are too."""

text_cache = TEXT_CACHES.cached
