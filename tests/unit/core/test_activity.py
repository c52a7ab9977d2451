"""What a process is busy with, as whoever waits for it is told."""

from __future__ import annotations

import threading

from workbench.core.activity import Activities, Activity


def test_the_innermost_work_counts_and_of_all_threads_what_takes_longest() -> None:
    seconds = 0.0
    busy = Activities(lambda: seconds)
    assert busy.current() is None
    begun, over = threading.Event(), threading.Event()

    def load() -> None:
        with busy.doing("reading files"):
            begun.set()
            over.wait(60)

    with busy.doing("opening the agent"):
        with busy.doing("opening the database"):
            seconds = 2.0
            assert busy.current() == Activity("opening the database", 2.0)
        other = threading.Thread(target=load)
        other.start()
        begun.wait(60)
        seconds = 5.0
        assert busy.current() == Activity("opening the agent", 5.0)
    assert busy.current() == Activity("reading files", 3.0)
    over.set()
    other.join()
    assert busy.current() is None
