"""The functions that go on from a passage or a query: linked passages, and everything about a subject."""

from __future__ import annotations

from collections.abc import Generator

from workbench.agent.tools.attached_documents import AttachedDocuments
from workbench.agent.tools.context import ToolContext
from workbench.agent.tools.registry import CallRefused, Function, Outcome, function
from workbench.api.events import SweepProgress
from workbench.api.results import ResultPage
from workbench.api.search import SearchOptions
from workbench.retrieval.exhaustive import Sweeper


@function()
def archival_follow(workspace: ToolContext, passage: str, page: int = 0) -> Outcome:
    """List passages that belong to a passage by name, best first. It calls them by title, or shares a rare name with them.

    Args:
        passage: The passage's handle, like #a3.
        page: Page of results, from 0.
    """
    if page < 0:
        raise CallRefused("page counts from 0.", "Call again with page=0.")
    memory = workspace.memory
    handle = "#" + passage.strip().strip("[]").lstrip("#").lower()
    known = {name: key for key, name in memory.handles.items()}
    if handle not in known:
        raise CallRefused(f"No passage was shown as {passage[:20]!r}.", "Take a handle from a result, like #a3.")
    found = workspace.search.follow(
        workspace.sources(), known[handle], handle, page, workspace.budget, memory.handle_of, reader=workspace.reader
    )
    shown = f"p.{found.number + 1}/{found.pages}  " if found.pages else ""
    return Outcome(archive=found, summary=f"{handle}  {shown}{len(found.hits)} linked of {found.total}")


@function()
def archival_sweep(workspace: ToolContext, query: str, page: int = 0, source: str = "", document: str = "") -> Outcome:
    """Find everything about a query, a line for each passage. Pages are read while enough of them give something.

    Args:
        query: What to find all of.
        page: Page of the list, from 0.
        source: Sweep this source only.
        document: Sweep this document only.
    """
    if page < 0:
        raise CallRefused("page counts from 0.", "Call again with page=0.")
    if not query.strip():
        raise CallRefused("query is empty.", "Say what to find all of.")
    attached = AttachedDocuments.of(workspace)
    sweeper = Sweeper.of(
        workspace.search, attached.sources, reader=workspace.reader, share=workspace.settings.sweep_share
    )
    steps = sweeper.run(
        query, page, workspace.budget, workspace.memory.handle_of,
        restriction=attached.restriction(SearchOptions(source, document)), stopped=workspace.stopped,
    )  # fmt: skip
    told: list[SweepProgress] = []
    found = _drain(steps, told)
    ends = tuple(event for event in told if event.stage != "reading")
    coverage = found.note.strip("; ").split(";")[0]
    return Outcome(archive=found, summary=f'"{query[:48]}"  {found.total} found  {coverage}', events=ends)


def _drain(steps: Generator[SweepProgress, None, ResultPage], told: list[SweepProgress]) -> ResultPage:
    """Run a sweep to its end and keep what it tells."""
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            page: ResultPage = end.value
            return page


FUNCTIONS: tuple[Function, ...] = (archival_follow, archival_sweep)
