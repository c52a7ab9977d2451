"""Keeps Python's garbage collector from stopping a program with a screen for as long as a person notices."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 4_000
"""As many more objects than have gone since: then the young ones are looked through. Python's own 700 are one frame's."""


def collect_briefly() -> None:
    """Never look again through what is there now, which is nearly all modules; through what is new less often.

    A whole collection of 400,000 objects takes 0.1 s, 0.3 s on a busy machine, and all threads wait for it; while an answer
    streams there was one every two seconds (tests/benchmarks/screen_load.py).
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
