"""The reading worker: loads the files it is sent and cuts them into passages, under limits of memory and time.

Run as `python -m workbench.ingest.reader_worker MEMORY_BYTES SECONDS FOLDER`; the limits are the kernel's, so that a file that
defeats a library still cannot take the machine with it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from loaders import options, page_picture, registry
from loaders.document import LoadError
from workbench.core.errors import WorkbenchError
from workbench.core.sanitize import readable
from workbench.core.worker_process import Channel
from workbench.ingest.chunker import Chunker
from workbench.ingest.prepare import prepare

NICENESS = 10
_GRACE_SECONDS = 5.0
_TELL_SECONDS = 0.25
_REPLACE_BYTES = 1 << 30
"""A worker that once needed this much memory is not given another file: its parent starts a fresh one."""


def main() -> None:
    """Answer one request after the other until the pipe ends."""
    memory_bytes, seconds = int(sys.argv[1]), float(sys.argv[2])
    tempfile.tempdir = sys.argv[3]  # The parent empties it, also when this process is killed.
    channel = Channel.take_over(NICENESS)
    faulthandler.enable()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s reading %(name)s: %(message)s")
    chunker = Chunker.for_local_model()
    limit = _limit_memory(memory_bytes)

    def alive() -> None:
        signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_SECONDS)
        channel.send({"alive": True})

    told = 0.0

    def at_page(page: int, pages: int) -> None:
        nonlocal told
        if (now := time.monotonic()) - told >= _TELL_SECONDS:
            told = now
            channel.send({"page": page, "pages": pages})

    while True:
        header, _ = channel.frames.get()
        # SIGALRM is left at its default: the kernel ends a worker that hangs even when nobody is left to kill it.
        signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_SECONDS)
        try:
            with options.reading(options.ReadOptions(**header["options"]), alive, at_page):
                path, passwords = Path(header["path"]), header["passwords"]
                drawing = header.get("draw")
                reply, blob = _draw(path, passwords, drawing) if drawing else _read(path, passwords, chunker)
        except MemoryError:
            reply, blob = _refused(
                f"reading it needs more than {memory_bytes >> 20:,} MB of memory", _TOO_MUCH, broke_limits=True
            )
        signal.setitimer(signal.ITIMER_REAL, 0)
        reply["spent"] = reply.get("spent", False) or _peak_bytes() > min(_REPLACE_BYTES, limit)
        channel.send(reply, blob)


Answer = tuple[dict[str, Any], bytes]
"""What goes to the parent: JSON, and the data of the tables."""

_TOO_MUCH = "Split the file, or convert it to PDF or plain text and load that."


def _read(path: Path, passwords: list[str], chunker: Chunker) -> Answer:
    try:
        document = registry.read(path, passwords)
    except LoadError as error:
        return _refused(error.reason, error.remedy)
    except RecursionError:
        return _refused("it is damaged: its parts contain each other", _TOO_MUCH)
    except OSError as error:
        return _refused(f"it cannot be read: {error.strerror or error}", "Check the file and try again.")
    except MemoryError:
        raise
    except Exception as error:
        logging.getLogger(__name__).exception("a loader failed on %s", path)
        return _refused(f"its loader failed: {type(error).__name__}: {error}", _TOO_MUCH)
    try:
        reading = prepare(document, chunker, readable(path.name))
    except WorkbenchError as error:
        # The file is sound; what counts its tokens is missing, for instance.
        return _refused(f"it was read, but cannot be cut into passages: {error.message}", error.hint)
    answer = {
        "ok": True,
        "document": document.as_dict(),
        "passages": [
            [item.page_number, item.start_char, item.end_char, item.heading, item.context] for item in reading.passages
        ],
        # Counted here, so that the process with the database and the screen has nothing to compute.
        "counted": reading.counted,
        "sketch": reading.sketch.hex(),
    }
    return answer, b"".join(table.data for table in document.tables)


def _draw(path: Path, passwords: list[str], wanted: dict[str, Any]) -> Answer:
    try:
        picture = page_picture.draw(path, wanted["page"], tuple(wanted["size"]), wanted["quote"], passwords)
    except LoadError as error:
        return _refused(error.reason, error.remedy)
    except OSError as error:
        return _refused(f"it cannot be read: {error.strerror or error}", "Check the file and try again.")
    return {"ok": True, "size": [picture.width, picture.height], "boxes": picture.boxes}, picture.rgb


def _refused(reason: str, remedy: str, *, broke_limits: bool = False) -> Answer:
    answer = {"ok": False, "reason": reason, "remedy": remedy, "broke_limits": broke_limits, "spent": broke_limits}
    return answer, b""


def _limit_memory(memory_bytes: int) -> int:
    """Cap the address space at `memory_bytes` over what is in use now; no core dumps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = _in_use_bytes() + memory_bytes
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return limit


def _in_use_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
