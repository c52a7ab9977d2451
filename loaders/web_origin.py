"""A web address as an origin of documents: it is fetched into a folder of ours, and what was fetched is a file to read."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from loaders import fetch, fetched, web_secrets
from loaders.document import LoadError
from loaders.folder import Found

_VALIDATORS = (("etag", "if-none-match"), ("last-modified", "if-modified-since"))


@dataclass(frozen=True)
class WebOrigin:
    """One web address; `folder` keeps what was fetched, so that a page that has not changed is not sent again.

    The tokens in it are sent to its server and kept nowhere: everything else sees the address without them.
    """

    url: str = field(repr=False)
    folder: Path
    private: bool = False

    @property
    def name(self) -> str:
        """The address, with *** in place of its secrets."""
        return web_secrets.shown(self.url)

    @property
    def key(self) -> str:
        """What tells this address from others: the address without its secrets, so that a new token is not another page."""
        return self.name

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
        if names := web_secrets.hidden_names(self.url):
            raise LoadError(
                f"its address needs what stood at {' and '.join(f'{name}=' for name in names)}, which is kept nowhere",
                "Load it by its whole address again, into the same source.",
            )
        url = fetch.normal(self.url)
        shown = web_secrets.shown(url)
        stem = self.folder / hashlib.sha256(shown.encode()).hexdigest()[:32]
        kept, notes = stem.with_suffix(fetched.SUFFIX), stem.with_suffix(".json")
        answer = self._fetched(url, _validators(kept, notes), cancel)
        if answer.body is not None:
            if not answer.body:
                raise LoadError("the server answers with nothing (0 bytes)", "Check the address.")
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(kept, fetched.packed(shown, replace(answer, url=web_secrets.shown(answer.url))))
            known = {name: answer.headers[name] for name, _ in _VALIDATORS if name in answer.headers}
            _write(notes, json.dumps(known).encode())
        yield Found(kept, shown, size_bytes=kept.stat().st_size)

    def _fetched(self, url: str, headers: dict[str, str], cancel: threading.Event) -> fetch.Fetched:
        """What is there. Raises LoadError, in which no secret of the address stands that a server echoed."""
        try:
            return fetch.fetch(url, private=self.private, headers=headers, cancel=cancel)
        except LoadError as error:
            reason = error.reason
            for secret in web_secrets.secrets_of(url):
                reason = reason.replace(secret, web_secrets.HIDDEN)
            raise LoadError(reason, error.remedy) from None


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
