"""A run behind an overlay: what it yields comes here one by one, and it can be stopped and started again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Run(Generic[Item]):
    """How an overlay starts and stops what it shows; everything comes back on the event loop.

    `start` takes what gets each item and what is told at the end (why it failed, "" when it did not); it returns False
    while an earlier run has not ended yet. `stop` ends it after the present item.
    """

    start: Callable[[Callable[[Item], None], Callable[[str], None]], bool]
    stop: Callable[[], None]
