"""The Python API: `workbench.open_workbench()` gives a Workbench that loads, searches and asks from a program.

import workbench

with workbench.open_workbench(agent="notes") as bench:
    bench.load("papers/", source="papers")
    answer = bench.answer("Who kept the light in 1902?")
    print(answer.text, [citation.where for citation in answer.citations])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from workbench.api.documents import LoadOptions
from workbench.api.events import AnswerDone, ContextAssembled, Event, Loaded, PageRead
from workbench.api.outcome import QuestionOutcome
from workbench.api.search import SearchOptions
from workbench.api.session import DocumentInfo, SourceInfo
from workbench.core.errors import UsageError, WorkError
from workbench.core.paths import locate
from workbench.core.settings import read_settings
from workbench.services.session import Session


def open_workbench(home: str | Path | None = None, *, agent: str | None = None, **settings: Any) -> Workbench:
    """Open the archive and an agent.

    Args:
        home: the folder of settings, data and logs; default: WORKBENCH_HOME, else the platform's own folders.
        agent: the agent's name, made when it is new; default: a fresh agent.
        settings: settings by name, for example model="reader", window_tokens=8192 (see `workbench help settings`);
            they stand above the settings file and the environment.

    Raises:
        ArchiveBusy: another process has the home open.
        UsageError: a setting or a name cannot be used.
    """
    paths = locate(Path(home).expanduser() if home is not None else None).ensure()
    session = Session(read_settings(paths.settings_file, settings), paths)
    try:
        session.open_agent(agent, fresh=agent is None)
    except BaseException:
        session.close()
        raise
    return Workbench(session)


class Workbench:
    """An open archive with one agent. Close it, or use it in a `with` statement. Safe to use from several threads; one
    question is answered at a time. Whatever was finished stays stored, however the program ends."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Workbench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers and close the database. Safe to call twice."""
        self._session.close()

    @property
    def agent(self) -> str:
        """The agent's name."""
        return self._session.agent

    def load(
        self,
        *paths: str | Path,
        source: str | None = None,
        attach: bool = True,
        options: LoadOptions | None = None,
        progress: Callable[[Event], None] | None = None,
    ) -> Loaded:
        """Load files, folders or web addresses into a source and attach it.

        Args:
            paths: what to load; a folder is read with everything in it that its ignore files allow.
            source: the source's name; default: the first path's last part.
            attach: whether the agent searches the source from now on.
            options: what to include, OCR, and so on.
            progress: called with every event of the load, from this thread.

        Returns:
            What is new, with a row (path, reason, remedy) for each file that could not be loaded.

        Raises:
            UsageError: there is nothing at a path. WorkError: the load ended without a result.
        """
        if not paths:
            raise UsageError("There is nothing to load.", "Name a file, a folder or a web address.")
        loaded: Loaded | None = None
        for event in self._session.load(list(paths), source, attach=attach, options=options):
            if progress is not None:
                progress(event)
            if isinstance(event, Loaded):
                loaded = event
        if loaded is None:
            raise WorkError("The load ended without a result.", "See the log file; what was stored is kept.")
        return loaded

    def attach(self, source: str) -> None:
        """Let the agent search a source. Raises NotFound when there is none of that name."""
        self._session.attach(source)

    def detach(self, source: str) -> None:
        """Take a source away from the agent. Raises NotFound when it is not attached."""
        self._session.detach(source)

    def search(self, query: str, page: int = 1, **options: Any) -> PageRead:
        """One page of results, as the model would read it, from the attached sources (from all where none is attached).

        Args:
            query: words, "exact phrases", identifiers, and -word for what must not occur.
            page: the page, from 1; `PageRead.pages` says how many there are, `total` how many results.
            options: fields of SearchOptions, such as source="papers" or document="a.pdf".
        """
        return self._session.search_service.search(query, page, SearchOptions(**options))

    def ask(self, question: str) -> Iterator[Event]:
        """Answer a question: the events of every step as they happen, last AnswerDone, Stopped or Failed.

        Raises UsageError for an empty question, and while another one is being answered.
        """
        return self._session.submit(question)

    def answer(self, question: str) -> AnswerDone:
        """Answer a question and return the answer alone, with its checked citations.

        `answered` is False when nothing in the documents says so. Raises WorkError with the reason and what to do when
        there is no answer: the model's server failed, or a limit ended the question.
        """
        return QuestionOutcome.of(self.ask(question)).required()

    def stop(self) -> None:
        """End the answer that runs, after its present step; called again, at once. For another thread."""
        self._session.stop()

    def context(self, step: int | None = None) -> ContextAssembled:
        """Exactly what was in the model's context at a step, segment by segment; default: what the next prompt holds."""
        return self._session.context(step)

    def sources(self) -> Sequence[SourceInfo]:
        """All sources of the archive."""
        return self._session.sources()

    def documents(self, source: str | None = None) -> Sequence[DocumentInfo]:
        """The documents of one source, or of all."""
        return self._session.documents(source)
