"""Runs a worker process and exchanges frames of JSON and raw bytes with it over two pipes.

The parent holds a Worker, the child a Channel; both speak the same frames. The child has no terminal and no socket, its
output goes to the log, it runs at low priority, and it ends when its pipe does: a killed parent leaves no orphan.
Frames are JSON and raw bytes, never pickles: a worker that read a hostile file must not run code in its parent.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from workbench.core import offline
from workbench.core.secrets import environment_without_keys

Frame = tuple[dict[str, Any], bytes]

FRAME_BYTES = 1 << 30
"""A frame that claims to be larger is a fault."""

_LENGTHS = struct.Struct(">II")
_POLL_SECONDS = 0.05
_GOODBYE_SECONDS = 2.0
_FULL_SECONDS = 60.0
"""A child reads its pipe ahead, whatever else it does: one that takes nothing for so long stands still."""
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
}
_FRUGAL = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
"""Arrow's own pools reserve address space, which is what the memory of a reader is measured by."""


class CancelledError(Exception):
    """The person stopped the work; what was not finished is not there."""


class WorkerGoneError(Exception):
    """The worker ended without an answer. `signal_number` is what killed it, 0 when it exited by itself."""

    def __init__(self, message: str, signal_number: int = 0) -> None:
        super().__init__(message)
        self.signal_number = signal_number


def _packed(header: dict[str, Any], blob: bytes) -> bytes:
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _LENGTHS.pack(len(head), len(blob)) + head + blob


class _Inbox:
    """Bytes as they come from a pipe, cut into frames."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def frame(self) -> Frame | None:
        """The next whole frame, None while it is incomplete. Raises ValueError when the stream is not ours."""
        if len(self.buffer) < _LENGTHS.size:
            return None
        head_bytes, blob_bytes = _LENGTHS.unpack_from(self.buffer)
        if head_bytes + blob_bytes > FRAME_BYTES:
            raise ValueError("the worker's answer is too large")
        end = _LENGTHS.size + head_bytes + blob_bytes
        if len(self.buffer) < end:
            return None
        head = bytes(self.buffer[_LENGTHS.size : _LENGTHS.size + head_bytes])
        blob = bytes(self.buffer[_LENGTHS.size + head_bytes : end])
        del self.buffer[:end]
        return json.loads(head.decode("utf-8", "surrogatepass")), blob


def _is_ready(pipe: IO[bytes], event: int, seconds: float) -> bool:
    """Whether a pipe can be read or written, or has ended, within some seconds. select() knows no file above the 1024th."""
    poll = select.poll()
    poll.register(pipe, event)
    return bool(poll.poll(seconds * 1000))


class Worker:
    """The parent's end: starts `python -m module` and exchanges frames with it. One thread receives, any may send."""

    def __init__(self, module: str, arguments: Sequence[str] = (), *, log_file: Path | None = None) -> None:
        self._inbox = _Inbox()
        self._sending = threading.RLock()
        with contextlib.ExitStack() as stack:
            output: IO[bytes] | int = subprocess.DEVNULL
            if log_file is not None:
                with contextlib.suppress(OSError):  # a worker without a log is better than none
                    log_file.parent.mkdir(parents=True, exist_ok=True)
                    output = stack.enter_context(log_file.open("ab"))
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                bufsize=0,
                env=_environment(),
                start_new_session=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdin.fileno(), False)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the child is still there."""
        return self._process.poll() is None

    def send(self, header: dict[str, Any], blob: bytes = b"", full: Callable[[], None] | None = None) -> None:
        """Send one frame. Raises WorkerGoneError.

        `full` is called again and again while the pipe takes nothing, and may kill the child; without it that is done after a minute.
        """
        data = memoryview(_packed(header, blob))
        try:
            with self._sending:
                since = time.monotonic()
                while data:
                    if written := self._stdin.write(data):
                        data, since = data[written:], time.monotonic()
                    elif not _is_ready(self._stdin, select.POLLOUT, _POLL_SECONDS):
                        if full is not None:
                            full()
                        elif time.monotonic() - since > _FULL_SECONDS:
                            self.kill()
                            raise WorkerGoneError("the worker stopped answering")
        except (OSError, ValueError):
            raise self._gone() from None

    def receive(self, timeout_seconds: float | None = None, cancel: threading.Event | None = None) -> Frame | None:
        """The next frame; None when the time is up or `cancel` was set first. Raises WorkerGoneError."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while True:
            try:
                if (frame := self._inbox.frame()) is not None:
                    return frame
                if cancel is not None and cancel.is_set():
                    return None
                wait = _POLL_SECONDS if cancel is not None else 1.0
                if deadline is not None:
                    if (left := deadline - time.monotonic()) <= 0:
                        return None
                    wait = min(wait, left)
                if not _is_ready(self._stdout, select.POLLIN, wait):
                    continue
                data = os.read(self._stdout.fileno(), 1 << 20)
            except (OSError, ValueError):
                raise self._gone() from None
            if not data:
                raise self._gone()
            self._inbox.buffer += data

    def _gone(self) -> WorkerGoneError:
        try:
            code = self._process.wait(_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return WorkerGoneError("the worker stopped answering")
        if code >= 0:
            return WorkerGoneError(f"the worker ended with exit code {code}")
        with contextlib.suppress(ValueError):
            return WorkerGoneError(f"the worker was ended by {signal.Signals(-code).name}", -code)
        return WorkerGoneError(f"the worker was ended by signal {-code}", -code)

    def kill(self) -> None:
        """End the child at once, with whatever it started."""
        # Also when the child has ended: what it started may still run, and keeps the group's number from being reused.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._close_pipes()

    def close(self) -> None:
        """Let the child go: it ends with its pipe; one that does not is killed."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close_pipes()

    def _close_pipes(self) -> None:
        # Not under the hands of a thread that sends: its number may be another file's by then. The dead child's pipe ends its wait.
        with self._sending, contextlib.suppress(OSError):
            self._stdin.close()
        with contextlib.suppress(OSError):
            self._stdout.close()


def _environment() -> dict[str, str]:
    """The child finds our packages where the parent did, never in the current folder, and is told to stay offline.

    It does not inherit the model server's key: no worker asks a model, and one that reads a hostile file must have nothing
    to give away.
    """
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    return {
        **environment_without_keys(),
        **_OFFLINE,
        **_FRUGAL,
        "PYTHONPATH": os.pathsep.join([root, inherited] if inherited else [root]),
    }


class Channel:
    """The child's end. Frames are read by a thread that ends the process with the pipe, whatever else is going on."""

    def __init__(self, source: int, sink: int) -> None:
        self._source, self._sink = source, sink
        self._sending = threading.Lock()
        self.frames: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="frames", daemon=True).start()

    @classmethod
    def take_over(cls, niceness: int) -> Channel:
        """Make standard input and output the channel and send whatever else is printed to the log."""
        offline.refuse_if_told()
        os.nice(niceness)
        source, sink = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        return cls(source, sink)

    def _read(self) -> None:
        inbox = _Inbox()
        while data := os.read(self._source, 1 << 20):
            inbox.buffer += data
            while (frame := inbox.frame()) is not None:
                self.frames.put(frame)
        _leave()

    def send(self, header: dict[str, Any], blob: bytes = b"") -> None:
        """Send one frame; the process ends when nobody is there to take it."""
        data = memoryview(_packed(header, blob))
        try:
            with self._sending:
                while data:
                    data = data[os.write(self._sink, data) :]
        except OSError:
            _leave()


def _leave() -> None:
    """End at once, with whatever this process started."""
    with contextlib.suppress(OSError):
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(0)
