"""Days as workbooks store them: as a number of days since the end of 1899, or since 1904."""

from __future__ import annotations

import datetime

_EPOCH = datetime.datetime(1899, 12, 30)
_EPOCH_1904 = datetime.datetime(1904, 1, 1)
_LAST_DAY = 2_958_466
_FALSE_LEAP_DAY = 60
"""1900 was no leap year, but its 29 February has a number."""


def moment(serial: float, since_1904: bool = False) -> datetime.datetime | None:
    """The moment that is stored as `serial`, to the millisecond; None when it is none."""
    if not 0 <= serial < _LAST_DAY:
        return None
    epoch = _EPOCH_1904 if since_1904 else _EPOCH
    if not since_1904 and 1 <= serial < _FALSE_LEAP_DAY:
        serial += 1
    whole = int(serial)
    milliseconds = round((serial - whole) * 86_400_000)
    try:
        return epoch + datetime.timedelta(days=whole, milliseconds=milliseconds)
    except OverflowError:
        return None
