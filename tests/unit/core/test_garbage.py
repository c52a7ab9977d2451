"""The garbage collector of a program with a screen."""

from __future__ import annotations

import gc

from workbench.core.garbage import collect_briefly

PYTHONS_OWN = (700, 10, 10)


def test_what_is_there_is_not_looked_through_again() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    gc.set_threshold(
        *PYTHONS_OWN
    )  # the tests have another, and what they collected is frozen (tests.support.selection)
    held = [[] for _ in range(10_000)]
    try:
        collect_briefly()
        assert gc.get_freeze_count() > frozen + len(held) // 2
        assert gc.get_threshold()[0] > PYTHONS_OWN[0]
    finally:
        gc.set_threshold(*before)
