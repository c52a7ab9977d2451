"""Files of question sets: a path goes in; its JSON comes out, or one sentence that says what is wrong with it."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workbench.errors import UsageError


def read_rows(path: Path) -> Any:
    """The JSON of a file (a list of lines for .jsonl), also compressed; None for other files and hidden ones.

    Raises UsageError when it is not what its name says.
    """
    name = path.name.removesuffix(".gz")
    if not name.endswith((".json", ".jsonl")) or name.startswith("."):
        return None
    opener: Callable[..., Any] = gzip.open if path.name.endswith(".gz") else open
    at = 0
    try:
        with opener(path, "rt", encoding="utf-8-sig") as lines:
            if not name.endswith(".jsonl"):
                return json.load(lines)
            rows = []
            for line in lines:
                at += 1
                if line.strip():
                    rows.append(json.loads(line))
            return rows
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        line = at or getattr(error, "lineno", 0)
        where = f" line {line}" if line else ""
        reason = getattr(error, "msg", "") or getattr(error, "strerror", "") or type(error).__name__
        raise UsageError(f"{path}{where} cannot be read as JSON: {reason}.", "Mend it, or take it away.") from None


@contextlib.contextmanager
def rows_that_fit(what: Path) -> Iterator[None]:
    """Whoever reads rows of `what` inside: one that lacks a field, or has another kind of value there, is a UsageError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        missing = f"a row has no {error}" if isinstance(error, KeyError) else str(error)[:160]
        raise UsageError(
            f"{what} does not fit its layout: {missing}.", "See README, Measuring, for the layouts."
        ) from None
