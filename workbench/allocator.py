"""How the process asks for memory: nothing goes in; afterwards freed memory is shared by all threads instead of kept by each."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_M_ARENA_MAX = -8
_ARENAS = 2


def share_freed_memory() -> None:
    """At most two heaps (glibc keeps one for every thread otherwise, each with its own leftovers); elsewhere nothing."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
