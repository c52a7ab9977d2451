"""Reads files in a worker process and returns a document with its passages, or a LoadError."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loaders import ocr
from loaders.document import Document, LoadError
from loaders.options import ReadOptions
from loaders.page_picture import Picture
from workbench.core import temporary
from workbench.core.worker_process import CancelledError, Frame, Worker, WorkerGoneError
from workbench.ingest.passage import PassageDraft
from workbench.ingest.prepare import Reading
from workbench.storage.bulk_insert import Counted

_MODULE = "workbench.ingest.reader_worker"
_WANT_OF_MEMORY = (signal.SIGABRT, signal.SIGTRAP, signal.SIGILL)
"""How libraries in C end that are given no more memory."""

_CONVERT = "Convert it to PDF or plain text, or split it, and load that."


class BrokeLimitsError(LoadError):
    """A file whose reading took too much time or memory, or crashed the reader: trying it again would cost as much again."""


class Reader:
    """One worker process that reads file after file; whatever a file does to it, the next one gets a fresh worker."""

    def __init__(
        self,
        *,
        log_file: Path | None = None,
        limit_seconds: float = 120.0,
        memory_bytes: int = 2 << 30,
        options: ReadOptions | None = None,
    ) -> None:
        self.options = options or ReadOptions()
        self.limit_seconds = limit_seconds
        self.memory_bytes = memory_bytes
        self._log_file = log_file
        self._worker: Worker | None = None
        self._folder = ""
        self._busy = threading.Lock()
        self.page = (0, 0)
        """The page that is read now, of how many; (0, 0) where that is not known."""

    def start(self) -> None:
        """Start the worker ahead of the first file; does not wait for it."""
        with self._busy:
            self._ready()

    def read(self, path: Path, cancel: threading.Event | None = None, passwords: Sequence[str] = ()) -> Reading:
        """The file at `path`, opened with one of `passwords` if it needs one.

        Raises LoadError, or CancelledError once `cancel` is set.
        """
        with self._busy:
            try:
                worker = self._ready()
                asked = {"passwords": list(passwords), "options": self.options.as_dict()}
                worker.send({"path": str(path.absolute()), **asked})
                frame = self._answer(worker, cancel)
            except WorkerGoneError as gone:
                self._discard()
                raise self._crashed(gone) from None
            except ValueError as error:
                self._discard()
                raise LoadError(f"the reading worker gave a false answer: {error}", _CONVERT) from None
            if frame is None:
                self._discard()
                if cancel is not None and cancel.is_set():
                    raise CancelledError
                raise BrokeLimitsError(f"reading it took more than {self.limit_seconds:g} seconds", _CONVERT)
            reply, blob = frame
            if reply["spent"]:
                self._discard()
        return _reading(reply, blob)

    def draw(
        self, path: Path, number: int, size: tuple[int, int], quote: str = "", passwords: Sequence[str] = ()
    ) -> Picture:
        """Page `number` (from 1) of a file as a picture that fits into `size` pixels, `quote` marked. Raises LoadError."""
        with self._busy:
            try:
                worker = self._ready()
                drawing = {"page": number, "size": list(size), "quote": quote}
                worker.send(
                    {
                        "path": str(path.absolute()),
                        "passwords": list(passwords),
                        "options": self.options.as_dict(),
                        "draw": drawing,
                    }
                )
                frame = self._answer(worker, None)
            except WorkerGoneError as gone:
                self._discard()
                raise self._crashed(gone) from None
            if frame is None:
                self._discard()
                raise BrokeLimitsError(f"drawing it took more than {self.limit_seconds:g} seconds", _CONVERT)
        reply, blob = frame
        if not reply["ok"]:
            raise LoadError(reply["reason"], reply["remedy"])
        width, height = (int(value) for value in reply["size"])
        if len(blob) != width * height * 3:
            raise LoadError("its picture came damaged from the worker", "Try again.")
        return Picture(width, height, blob, tuple(tuple(box) for box in reply["boxes"]))

    def _answer(self, worker: Worker, cancel: threading.Event | None) -> Frame | None:
        """The worker's answer; the time counts anew after each sign of life, which OCR gives with every page."""
        self.page = (0, 0)
        now = time.monotonic()
        until, end = now + self.limit_seconds, now + self.limit_seconds + ocr.DOCUMENT_SECONDS
        while (frame := worker.receive(max(0.0, until - now), cancel)) is not None:
            now, header = time.monotonic(), frame[0]
            if "page" in header and "ok" not in header:
                self.page = (int(header["page"]), int(header["pages"]))
            elif "alive" in header:
                until = now + self.limit_seconds
                if now > end:
                    return None
            else:
                break
        self.page = (0, 0)
        return frame

    def stop(self) -> None:
        """End the worker; the next file starts a new one."""
        with self._busy:
            self._discard()

    def _ready(self) -> Worker:
        if self._worker is None or not self._worker.running:
            self._discard()
            self._folder = temporary.make_folder()
            arguments = [str(self.memory_bytes), str(self.limit_seconds), self._folder]
            self._worker = Worker(_MODULE, arguments, log_file=self._log_file)
        return self._worker

    def _discard(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def _crashed(self, gone: WorkerGoneError) -> LoadError:
        if gone.signal_number == signal.SIGKILL:
            return BrokeLimitsError("the system ended its reader, most likely for want of memory", _CONVERT)
        if gone.signal_number in _WANT_OF_MEMORY:
            limit = f"{self.memory_bytes >> 20:,} MB"
            reason = f"reading it needs more than {limit} of memory, or crashed the reader ({gone})"
            return BrokeLimitsError(reason, "It may be damaged, or a decompression bomb. " + _CONVERT)
        return BrokeLimitsError(f"reading it crashed the reader ({gone})", "The file is probably damaged. " + _CONVERT)


def _reading(reply: dict[str, Any], blob: bytes) -> Reading:
    if not reply["ok"]:
        kind = BrokeLimitsError if reply.get("broke_limits") else LoadError
        raise kind(reply["reason"], reply["remedy"])
    document = Document.from_dict(reply["document"], blob)
    pages = {page.number: page.text for page in document.pages}
    passages = tuple(
        PassageDraft(number, start, end, pages[number][start:end], heading, context)
        for number, start, end, heading, context in reply["passages"]
    )
    counted = tuple(Counted(*row) for row in reply["counted"])
    return Reading(document, passages, counted, bytes.fromhex(reply["sketch"]))
