"""Work that may hang where nobody can reach it: it runs in a thread of its own, and is left behind when its time is up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from loaders.document import LoadError

T = TypeVar("T")

_POLL_SECONDS = 0.05


def within(
    limit_seconds: float,
    work: Callable[[], T],
    *,
    what: str,
    remedy: str,
    abort: Callable[[], None] = lambda: None,
    cancel: threading.Event | None = None,
) -> T:
    """What `work` returns or raises; LoadError once the time is up or `cancel` is set, after asking it to `abort`.

    `what` names the work in the reason: "`what` took more than 60 seconds".
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="errand", daemon=True)
    thread.start()
    end = time.monotonic() + limit_seconds
    while thread.is_alive():
        thread.join(_POLL_SECONDS)
        stopped = cancel is not None and cancel.is_set()
        if thread.is_alive() and (stopped or time.monotonic() > end):
            abort()
            if stopped:
                raise LoadError("it was stopped", "Load it again.")
            raise LoadError(f"{what} took more than {limit_seconds:g} seconds", remedy)
    if errors:
        raise errors[0]
    return results[0]
