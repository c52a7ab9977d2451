"""Temporary folders of this process that are removed after it even when it was killed.

Each is named after its process. Whoever makes the next one first removes those of processes that are gone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

_PREFIX = "workbench-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-\w+")


def make_folder() -> str:
    """A new folder that only this user can look into."""
    sweep()
    return tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")


def sweep() -> None:
    """Remove the folders of this user's processes that are no more."""
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            name = _NAME.fullmatch(entry.name)
            with contextlib.suppress(OSError):
                if name and not entry.is_symlink() and entry.stat().st_uid == os.geteuid() and _is_gone(int(name[1])):
                    shutil.rmtree(Path(entry.path), ignore_errors=True)


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
