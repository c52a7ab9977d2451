"""Writes a file that only its owner can read, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write(file: Path, text: str) -> None:
    """Write `text` to `file` with mode 0600 under any umask. What was there stays until all is written. Raises OSError."""
    near = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(near, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as raw:
            raw.write(text)
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="utf-8")  # a device or a pipe
        else:
            near.replace(file)
    finally:
        near.unlink(missing_ok=True)
