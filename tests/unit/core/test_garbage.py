"""The garbage collector of a program with a screen."""

from __future__ import annotations

import gc

from workbench.core.garbage import collect_briefly


def test_what_is_there_is_not_looked_through_again() -> None:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    held = [[] for _ in range(1_000)]
    try:
        collect_briefly()
        assert gc.get_freeze_count() > len(held)
        assert gc.get_threshold()[0] > 700
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
