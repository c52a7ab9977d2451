"""Calls of pdfium without the checks of their arguments, for functions that are called hundreds of times a page."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any


class Address(ctypes.c_void_p):
    """What a function of pdfium gives that returns an address; it is false when there is none."""


def unchecked(function: Any, result: Any) -> Callable[..., Any]:
    """A function of the binding without declared arguments: it takes numbers, an `Address` and what `address` made.

    It keeps the interpreter's lock, for it returns within microseconds: giving the lock up takes longer than the call.
    """
    place = ctypes.cast(function, ctypes.c_void_p).value
    made: Callable[..., Any] = ctypes.PYFUNCTYPE(result)(place or 0)
    return made


def address(place: int | None) -> Any:
    """An address as an argument of an unchecked call, converted once and not at each call."""
    return ctypes.c_void_p.from_param(place)
