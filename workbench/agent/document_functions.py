"""The functions over archival storage: queries come in, pages of passages with true totals come out."""

from __future__ import annotations

from workbench.agent.functions import CallRefused, Function, Outcome, function
from workbench.agent.workspace import Workspace


@function(small=True)
def archival_memory_search(workspace: Workspace, query: str, page: int = 0) -> Outcome:
    """Search the attached documents and your own notes, by meaning and by words. An identifier or a "quoted phrase" finds
    exact matches only. Results come in pages; the line "Next:" is the exact call for the next page.

    Args:
        query: What to look for.
        page: Page of results, from 0.
    """
    if page < 0:
        raise CallRefused("page counts from 0.", "Call again with page=0.")
    if not query.strip():
        raise CallRefused("query is empty.", "Say what to look for.")
    memory = workspace.memory
    found = workspace.search.page(
        workspace.sources(), query, page, workspace.budget, memory.handle_of, reader=f"agent {memory.agent.id}"
    )
    shown = f"p.{page + 1}/{found.pages}  " if found.pages else ""
    noted = memory.working.note_search(f'"{query}" page {page}/{max(0, found.pages - 1)}', step=workspace.step)
    memory.set_working(noted, step=workspace.step)
    return Outcome(archive=found, summary=f'"{query}"  {shown}{len(found.hits)} hits of {found.total}')


@function(small=True)
def archival_memory_insert(workspace: Workspace, content: str) -> Outcome:
    """Keep a note in archival storage, where archival_memory_search finds it again.

    Args:
        content: The text to keep, in sentences that can be understood on their own.
    """
    if not content.strip():
        raise CallRefused("content is empty.", "Give the text to keep.")
    passages = workspace.insert_note(content)
    return Outcome(f"Stored as {passages} passage{'s' * (passages != 1)}.", summary=f"{len(content):,} characters")


FUNCTIONS: tuple[Function, ...] = (archival_memory_search, archival_memory_insert)
