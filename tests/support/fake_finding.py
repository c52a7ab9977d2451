"""Finding for displays: results as the fake session has them, links that are asked for, a sweep with a gate in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from workbench.api.events import Event, PageRead, SweepProgress
from workbench.api.search import Said, SearchOptions
from workbench.core.errors import NotFound


class FakeFinding:
    """Implements FindingProtocol over a FakeSession."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def search(self, query: str, page: int = 1, options: SearchOptions | None = None) -> PageRead:
        self._session.calls.append(f"find {query} {page}{(options or SearchOptions()).flags()}")
        scope = f'document="{options.document}", ' if options and options.document else ""
        results = self._session.results or PageRead()
        return replace(results, query=query, page=page, first=5 * page - 4, last=5 * page, origin="user", scope=scope)

    def grep(self, pattern: str, page: int = 1) -> PageRead:
        self._session.calls.append(f"grep {pattern} {page}")
        return PageRead(query=pattern, function="archival_grep", origin="user")

    def follow(self, passage: int, page: int = 1) -> PageRead:
        self._session.calls.append(f"follow {passage} {page}")
        results = self._session.results or PageRead()
        return replace(
            results, query="lease.pdf p.1", page=page, function="archival_follow", passage=passage, origin="user"
        )

    def sweep(self, query: str, page: int = 1, options: SearchOptions | None = None) -> Iterator[Event]:
        self._session.calls.append(f"sweep {query} {page}{(options or SearchOptions()).flags()}")
        if page == 1:
            about = SweepProgress(query=query, stage="forecast", pages=90, forecast_pages=50, forecast_tokens=9_000)
            yield about
            yield replace(about, stage="reading", read=10, found=3)
            # It waits in the middle for a test that made the gate, at most as long as a script would.
            for _ in range(1_000 if "sweep" in self._session._gates else 0):
                if self._session.gate("sweep").wait(0.01) or "end sweep" in self._session.calls:
                    break
            stopped = "end sweep" in self._session.calls
            yield replace(
                about, stage="done", read=10 if stopped else 50, found=3, reason="user" if stopped else "quiet"
            )
        results = self._session.results or PageRead()
        yield replace(results, query=query, page=page, function="archival_sweep", origin="user")

    def recall(self, words: str = "") -> list[Said]:
        self._session.calls.append(f"recall {words}")
        said = [
            Said(7, "you", "The rent is 500 [b]a month[/b]\x1b[31m.", "2026-01-02T03:04:06", True),
            Said(2, "user", "What is the rent?", "2026-01-02T03:04:05", False),
        ]
        return [item for item in said if words.lower() in item.text.lower()]

    def stop(self) -> None:
        self._session.calls.append("end sweep")

    def passage_of(self, handle: str) -> int:
        if not handle.startswith("#a"):
            raise NotFound(f"There is no passage {handle!r}.", "Handles stand in results and citations, like #a3.")
        return int(handle[2:])
