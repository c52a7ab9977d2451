"""Tells the C allocator to return freed memory to the system instead of keeping it in an arena for each thread."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_ARENAS = 2
_LARGE_BYTES = 1 << 20
"""Pieces of this size are mapped and unmapped one by one; glibc would raise this to 32 MB, and keep them."""

_KEPT_BYTES = 8 << 20


def give_memory_back() -> None:
    """At most two heaps (glibc keeps one for every thread otherwise, each with its own leftovers), Arrow's memory among it.

    Call it before pyarrow is imported; elsewhere than on Linux it does nothing.
    """
    if sys.platform == "linux":
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None)
            libc.mallopt(_M_ARENA_MAX, _ARENAS)
            libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
            libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def return_freed() -> None:
    """Return now what lies free in the heaps; worth its milliseconds after something large was built and thrown away."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
