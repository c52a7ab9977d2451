"""One reading worker for all sessions of a test process: starting one for every session took most of their time (0.7 s of a core each)."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from loaders.options import ReadOptions
from workbench.api.documents import LoadOptions
from workbench.ingest.prepare import Reading
from workbench.ingest.reader_client import Reader
from workbench.services.container import AppContext

_ONE = Reader()
_IN_TURN = threading.Lock()
atexit.register(_ONE.stop)


class SharedReader(Reader):
    """Reads in the one worker, which outlives it. A file that damages the worker gets a fresh one, as everywhere."""

    def start(self) -> None:
        _ONE.start()

    def read(self, path: Path, cancel: threading.Event | None = None, passwords: Sequence[str] = ()) -> Reading:
        with _IN_TURN:
            _ONE.options = self.options
            return _ONE.read(path, cancel, passwords)

    def stop(self) -> None: ...


@contextmanager
def reading_in_one_worker() -> Iterator[None]:
    """While this lasts, every workbench of this process reads files in the one worker."""

    def shared(app: AppContext, options: LoadOptions) -> Reader:
        return SharedReader(options=ReadOptions(options.ocr, options.ocr_languages))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AppContext, "file_reader", shared)
        yield
