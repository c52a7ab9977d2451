"""The functions that go on from what was found: a passage or a query comes in, what belongs to it comes out in pages."""

from __future__ import annotations

from workbench.agent.functions import CallRefused, Function, Outcome, function
from workbench.agent.workspace import Workspace


@function()
def archival_follow(workspace: Workspace, passage: str, page: int = 0) -> Outcome:
    """List the passages that belong to a passage by name, best first: whose titles it names, or that share a rare name.

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


FUNCTIONS: tuple[Function, ...] = (archival_follow,)
