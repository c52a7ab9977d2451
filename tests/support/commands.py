"""The type of the fixture that runs a command in this process with --json: exit code, its lines, and standard error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Run = Callable[..., tuple[int, list[dict[str, Any]], str]]
