"""A clock for tests that goes on by one second every time it is read."""

from __future__ import annotations

from datetime import datetime, timedelta


class Ticking:
    """Set `now` to move it by hand."""

    def __init__(self, start: datetime = datetime(2026, 1, 2, 3, 4, 5)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now
