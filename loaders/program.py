"""Runs programs that are not ours (tesseract, LibreOffice) within limits of time."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from loaders.document import LoadError

_OUTPUT_BYTES = 64 << 20
_GRACE_SECONDS = 10


def find(*names: str) -> str | None:
    """Where the first of these programs is that is installed, or None."""
    return next((place for name in names if (place := shutil.which(name))), None)


def run(
    command: Sequence[str], what: str, limit_seconds: float, *, folder: Path, data: bytes = b"",
    variables: Mapping[str, str] | None = None,
) -> bytes:  # fmt: skip
    """What `command` prints, with `data` as its input and `folder` as its home. `what` is how a person would call it.

    `variables` stand in its environment, whatever is in ours.

    Raises LoadError when it takes longer, fails or cannot be started. Whatever it starts ends with it.
    """
    environment = {
        **os.environ,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "OMP_THREAD_LIMIT": "1",
        "LC_ALL": "C.UTF-8",
        **(variables or {}),
    }
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=environment
        )
    except OSError as error:
        raise LoadError(f"{what} cannot be started: {error.strerror or error}", f"Install {what} anew.") from None
    with process:
        _bound(process.pid, limit_seconds)
        try:
            output, errors = process.communicate(data, timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise LoadError(
                f"{what} took more than {limit_seconds:g} seconds", "Split the file, or convert it."
            ) from None
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        said = " ".join(errors.decode("utf-8", "replace").split())[-200:] or f"exit code {process.returncode}"
        raise LoadError(f"{what} failed: {said}", "The file is probably damaged.")
    return output[:_OUTPUT_BYTES]


def _bound(pid: int, limit_seconds: float) -> None:
    """The kernel's limits: a program whose parent was killed must not run on, nor leave core dumps."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        cpu_seconds = int(limit_seconds) + _GRACE_SECONDS
        resource.prlimit(pid, resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
