"""Searches as a person: the same pages that the model reads, for the screen and for commands."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from workbench.agent.tools.attached_documents import AttachedDocuments
from workbench.agent.tools.context import ToolContext, page_read
from workbench.agent.tools.registry import CallRefused
from workbench.api.events import Event, PageRead
from workbench.api.results import ResultPage
from workbench.api.search import Said, SearchOptions
from workbench.core.errors import NotFound, UsageError
from workbench.core.settings import Settings
from workbench.retrieval.exhaustive import Sweeper
from workbench.retrieval.paging.cursors import Reader
from workbench.retrieval.paging.pager import Budget
from workbench.retrieval.query import Restriction
from workbench.retrieval.regex_search import ArchivalGrep
from workbench.services.container import AppContext
from workbench.services.open_agents import CurrentAgent
from workbench.storage.home import HomeStorage
from workbench.storage.write_ahead_log import Changes, Update

_LIFETIME = timedelta(hours=1)
"""So long after page 1, other commands continue its result when no agent is named."""


class _WrittenAtOnce:
    """An UpdateLog for people: no commit of an agent follows what they see."""

    def __init__(self, home: HomeStorage) -> None:
        self._home = home

    def later(self, update: Update) -> None:
        """Write it now."""
        self._home.keep(Changes(updates=[update]))


class SearchService:
    """Searches by the user. With an agent: over what it is attached to, in pages as it reads them; else over all sources."""

    def __init__(self, app: AppContext, settings: Settings, current: CurrentAgent) -> None:
        self._app = app
        self._settings = settings
        self._current = current
        self._stop = threading.Event()
        self._log = _WrittenAtOnce(app.home)

    def search(self, query: str, page: int = 1, options: SearchOptions | None = None) -> PageRead:
        """Page `page` (from 1) of a search. Raises UsageError, NotFound, RerankerError."""
        options = options or SearchOptions()
        _from_one(page)
        chosen = self._sources(options.source)
        space, reranker = self._space, options.reranker or self._settings.reranker
        result = self._app.search.page(
            chosen, query, page - 1, self._budget, self._handle_of, reader=self._reader,
            beside=space.reader if space else None, restriction=self.restriction(chosen, options),
            reranker=self._app.reranker(reranker) if reranker else None,
        )  # fmt: skip
        return self._page_read(result)

    def grep(self, pattern: str, page: int = 1) -> PageRead:
        """Page `page` (from 1) of the lines that match a regular expression. Raises UsageError."""
        _from_one(page)
        result = ArchivalGrep(self._app.search.pager).page(
            self._sources(""), pattern, page - 1, self._budget, self._handle_of, reader=self._reader
        )
        return self._page_read(result)

    def follow(self, passage: int, page: int = 1) -> PageRead:
        """Page `page` (from 1) of the passages that belong to one by name. Raises NotFound."""
        _from_one(page)
        stored = self._app.archive.passages([passage]).get(passage)
        if stored is None:
            raise NotFound(f"There is no passage {passage}.", "Follow a hit of a search.")
        space = self._space
        called = self._handle_of(passage) or f"passage {passage}"
        result = self._app.search.follow(
            self._sources(""), passage, called, page - 1, self._budget, self._handle_of, reader=self._reader,
            beside=space.reader if space else None,
        )  # fmt: skip
        where = f"{self._app.archive.path_of(stored.document)} p.{stored.page}"
        return replace(self._page_read(result), passage=passage, query=where)

    def recall(self, words: str = "") -> list[Said]:
        """What was said on the branch of the agent with these words, newest first; everything without words, nothing without agent."""
        if (space := self._space) is None:
            return []
        agent, branch = space.memory.agent.id, space.branch()
        here = {message.id for message in space.memory.queue.messages}
        items = (
            self._app.recall.search(agent, branch, words) if words.strip() else self._app.recall.items(agent, branch)
        )
        return [
            Said(item.message, item.who, item.text, item.created.isoformat(timespec="seconds"), item.message in here)
            for item in items
        ]

    def sweep(self, query: str, page: int = 1, options: SearchOptions | None = None) -> Iterator[Event]:
        """Everything about a query: SweepProgress (the forecast first)…, then page `page` of the findings as PageRead.

        `stop` ends it before the next page of a document; what was found so far is the result. Raises UsageError, NotFound.
        """
        options = options or SearchOptions()
        _from_one(page)
        if not query.strip():
            raise UsageError("The query is empty.", "Say what to find all of.")
        chosen, space = self._sources(options.source), self._space
        restriction = self.restriction(chosen, options)
        self._stop.clear()
        sweeper = Sweeper.of(
            self._app.search, chosen, reader=self._reader, beside=space.reader if space else None,
            share=self._settings.sweep_share,
        )  # fmt: skip
        result = yield from sweeper.run(
            query, page - 1, self._budget, self._handle_of, restriction=restriction, stopped=self._stop.is_set
        )
        yield self._page_read(result)

    def stop(self) -> None:
        """End the sweep that runs."""
        self._stop.set()

    def passage_of(self, handle: str) -> int:
        """The passage of a handle that the agent knows, with or without its #. Raises NotFound."""
        space = self._space
        known = {name: passage for passage, name in space.memory.handles.items()} if space else {}
        wanted = "#" + handle.strip().strip("[]").lstrip("#").lower()
        if wanted not in known:
            raise NotFound(f"There is no passage {handle!r}.", "Handles stand in results and citations, like #a3.")
        return known[wanted]

    def restriction(self, chosen: Sequence[int], options: SearchOptions) -> Restriction:
        """The options as a search takes them. Raises UsageError, NotFound."""
        try:
            return AttachedDocuments.over(self._app.archive, chosen).restriction(options)
        except CallRefused as refused:
            hint = refused.hint if "Name one" in refused.hint else "See `workbench sources --json`."
            raise NotFound(refused.message, hint) from None

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def _space(self) -> ToolContext | None:
        agent = self._current.opened
        return agent.workspace if agent else None

    def _page_read(self, result: ResultPage) -> PageRead:
        space = self._space
        event = page_read(result, self._app.search, space.in_context() if space else frozenset(), origin="user")
        return replace(event, agent=space.memory.agent.name if space else "")

    @property
    def _budget(self) -> Budget:
        space = self._space
        if space:
            return space.budget
        return Budget(int(self._settings.window_tokens * self._settings.page_share), self._settings.page_hits)

    @property
    def _reader(self) -> Reader:
        space = self._space
        return Reader("user", space.memory.agent.id, self._log) if space else Reader("people", 0, self._log, _LIFETIME)

    def _handle_of(self, passage: int) -> str:
        space = self._space
        return space.memory.handles.get(passage, "") if space else ""

    def _sources(self, source: str) -> list[int]:
        archive, space = self._app.archive, self._space
        if source:
            return [archive.find_source(source)]
        return list(space.sources()) if space and space.sources() else [row.id for row in archive.sources()]


def _from_one(page: int) -> None:
    if page < 1:
        raise UsageError("Pages count from 1.", "Use --page 1.")
