"""The objects of a PDF page: what kind each is, and where it stands."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from loaders.pdf_calls import Address, address, unchecked

if TYPE_CHECKING:
    import pypdfium2


class _Calls(NamedTuple):
    """pdfium's functions for an object of a page, its kind and its bounds, without the checks of their arguments."""

    get_object: Callable[..., Address]
    kind_of: Callable[..., int]
    bounds: Callable[..., int]


@functools.cache
def _calls() -> _Calls:
    import pypdfium2.raw as raw

    return _Calls(
        unchecked(raw.FPDFPage_GetObject, Address),
        unchecked(raw.FPDFPageObj_GetType, ctypes.c_int),
        unchecked(raw.FPDFPageObj_GetBounds, ctypes.c_int),
    )


class PageObjects:
    """The objects of one open page; each is asked for its kind once, when somebody wants to know."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        import pypdfium2.raw as raw

        self.count = max(0, raw.FPDFPage_CountObjects(page.raw))
        self._page = address(ctypes.cast(page.raw, ctypes.c_void_p).value)
        self._known: list[tuple[Address, int]] = []
        self._floats = (ctypes.c_float * 4)()
        first, size = ctypes.addressof(self._floats), ctypes.sizeof(ctypes.c_float)
        self._places = tuple(address(first + number * size) for number in range(4))

    def first(self, count: int) -> Sequence[tuple[Address, int]]:
        """The address and the kind of each of the first `count` objects."""
        known, page = self._known, self._page
        if len(known) < min(count, self.count):
            get_object, kind_of, _ = _calls()
            for index in range(len(known), min(count, self.count)):
                item = get_object(page, index)
                known.append((item, kind_of(item) if item else 0))
        return known if len(known) <= count else known[:count]

    def some(self, count: int) -> Iterator[tuple[Address, int]]:
        """The address and the kind of `count` objects, spread over all of them."""
        get_object, kind_of, _ = _calls()
        for number in range(min(count, self.count)):
            item = get_object(self._page, number * self.count // count)
            yield item, kind_of(item) if item else 0

    def bounds(self, item: Address) -> tuple[float, float, float, float] | None:
        """Left, bottom, right and top of the object at an address, in points; None where it has none."""
        left, bottom, right, top = self._places
        return (*self._floats,) if _calls().bounds(item, left, bottom, right, top) else None
