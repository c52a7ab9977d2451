"""A library for displays: it remembers what it was asked for, and does it to the fake session's lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from workbench.api.documents import NoteRow, QueueRow
from workbench.api.events import Event, Loaded, Reembedded
from workbench.core.errors import UsageError


class FakeLibrary:
    """Implements LibraryProtocol over a FakeSession."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def _did(self, *words: object) -> None:
        self._session.calls.append(" ".join(str(word) for word in words))

    def files(self, passages: Collection[int]) -> dict[int, str]:
        return {passage: f"file:///leases/passage%20{passage}.pdf" for passage in passages}

    def reload(
        self, source: str, *, prune: bool = False, passwords: Sequence[str] = (), ocr: bool = False
    ) -> Iterator[Event]:
        self._did("reload", source, *(["ocr"] if ocr else []))
        yield Loaded(source=source, unchanged=3)

    def reembed(self, source: str, embedding_model: str = "") -> Iterator[Event]:
        self._did("reembed", source, embedding_model)
        yield Reembedded(source=source, model=embedding_model)

    def resume(self) -> Iterator[Event]:
        self._did("resume")
        yield from ()

    def retry(
        self,
        source: str | None = None,
        paths: Sequence[str] = (),
        *,
        passwords: Sequence[str] = (),
        attach: bool = False,
    ) -> Iterator[Event]:
        self._did("retry", source, *paths, *passwords)
        papers = self._session.papers
        self._session.papers = [replace(item, status="loaded") if item.path in paths else item for item in papers]
        yield Loaded(source=source or "", documents=len(paths))

    def queue(self, source: str | None = None) -> list[QueueRow]:
        return [
            QueueRow(item.source, item.path, item.status, item.reason, item.remedy, item.bytes, 1)
            for item in self._session.papers
            if item.status != "loaded"
        ]

    def skip(self, source: str, path: str) -> None:
        self._did("skip", source, path)

    def remove(self, source: str, path: str = "") -> int:
        self._did("remove", source, path)
        self._session.papers = [
            item for item in self._session.papers if item.source != source or (path and item.path != path)
        ]
        if not path:
            self._session.shelf = [item for item in self._session.shelf if item.name != source]
        return 1

    def rename(self, source: str, name: str) -> None:
        if name == "taken":
            raise UsageError("There is a source named 'taken' already.", "Choose another name.")
        self._did("rename", source, name)
        shelf = self._session.shelf
        self._session.shelf = [replace(item, name=name) if item.name == source else item for item in shelf]

    def note(self, source: str, path: str, text: str) -> None:
        self._did("note", source, path, text)

    def notes(self) -> list[NoteRow]:
        return []

    def alike(self, source: str | None = None) -> list[tuple[str, ...]]:
        return []
