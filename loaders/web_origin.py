"""A web address as an origin of documents: it is fetched into a folder of ours, and what was fetched is a file to read."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loaders import fetch, fetched
from loaders.document import LoadError
from loaders.folder import Found

_VALIDATORS = (("etag", "if-none-match"), ("last-modified", "if-modified-since"))


@dataclass(frozen=True)
class WebOrigin:
    """One web address; `folder` keeps what was fetched, so that a page that has not changed is not sent again."""

    url: str
    folder: Path
    private: bool = False

    @property
    def name(self) -> str:
        """The address as it was given."""
        return self.url

    @property
    def key(self) -> str:
        """What tells this address from others."""
        return self.url

    @property
    def short(self) -> str:
        """What a source made for it is called: its host."""
        return urllib.parse.urlsplit(self.url).hostname or "web"

    @property
    def parents(self) -> tuple[str, ...]:
        """None: an address is unique."""
        return ()

    def found(self, cancel: threading.Event) -> Iterator[Found]:
        """The page as one file. Raises LoadError when it cannot be fetched."""
        url = fetch.normal(self.url)
        stem = self.folder / hashlib.sha256(url.encode()).hexdigest()[:32]
        kept, notes = stem.with_suffix(fetched.SUFFIX), stem.with_suffix(".json")
        answer = fetch.fetch(url, private=self.private, headers=_validators(kept, notes), cancel=cancel)
        if answer.body is not None:
            if not answer.body:
                raise LoadError("the server answers with nothing (0 bytes)", "Check the address.")
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(kept, fetched.packed(url, answer))
            known = {name: answer.headers[name] for name, _ in _VALIDATORS if name in answer.headers}
            _write(notes, json.dumps(known).encode())
        yield Found(kept, url, size_bytes=kept.stat().st_size)


def _validators(kept: Path, notes: Path) -> dict[str, str]:
    """Headers that ask for the page only if it has changed since it was kept."""
    try:
        known = json.loads(notes.read_text(encoding="utf-8")) if kept.is_file() else {}
        return {header: str(known[name]) for name, header in _VALIDATORS if name in known}
    except (OSError, ValueError, AttributeError):
        return {}


def _write(file: Path, data: bytes) -> None:
    """All or nothing: a process that is killed leaves the old file."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    new.write_bytes(data)
    new.replace(file)
