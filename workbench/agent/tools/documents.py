"""The functions over archival storage, with pages of passages and true totals."""

from __future__ import annotations

import re

from workbench.agent.tools.attached_documents import AttachedDocuments
from workbench.agent.tools.context import ToolContext
from workbench.agent.tools.registry import CallRefused, Function, Outcome, function
from workbench.agent.tools.tables import described
from workbench.api.results import ResultPage
from workbench.api.search import SearchOptions
from workbench.retrieval.paging.documents import open_document
from workbench.retrieval.paging.text_page import TextPage


@function(small=True, spare=("pages", "since", "until"))
def archival_memory_search(
    workspace: ToolContext, query: str, page: int = 0, source: str = "", document: str = "", pages: str = "",
    since: str = "", until: str = "",
) -> Outcome:  # fmt: skip
    """Search the attached documents and your own notes, by meaning and by words. An identifier or a "quoted phrase" finds
    exact matches only. Results come in pages; the line "Next:" is the exact call for the next page.

    Args:
        query: What to look for.
        page: Page of results, from 0.
        source: Search this source only.
        document: Search this document only.
        pages: Search these pages of documents only, like 3 or 3-9.
        since: Search documents from this day on, YYYY-MM-DD, a month or a year.
        until: Search documents up to this day.
    """
    _counts_from_zero(page)
    if not query.strip():
        raise CallRefused("query is empty.", "Say what to look for.")
    memory, attached = workspace.memory, AttachedDocuments.of(workspace)
    found = workspace.search.page(
        attached.sources, query, page, workspace.budget, memory.handle_of,
        reader=workspace.reader, links=workspace.links,
        restriction=attached.restriction(SearchOptions(source, document, pages, since, until)),
        reranker=workspace.reranker,
    )  # fmt: skip
    noted = memory.working.note_search(query, f"page {page}/{max(0, found.pages - 1)}", step=workspace.step)
    memory.set_working(noted, step=workspace.step)
    return _page(f'"{query}"', found)


@function()
def document_list(workspace: ToolContext, page: int = 0) -> Outcome:
    """List the attached documents with their number of pages, and their tables.

    Args:
        page: Page of the list, from 0.
    """
    _counts_from_zero(page)
    tables: dict[int, list[str]] = {}
    for item in workspace.tables().values():
        tables.setdefault(item.stored.document, []).append(described(item))
    items = AttachedDocuments.of(workspace).lines(tables)
    found = TextPage.of(items, page, workspace.budget.page_tokens, lambda number: f"document_list(page={number})")
    return Outcome(found.text, summary=found.summary)


@function()
def document_open(workspace: ToolContext, document: str, document_page: int = 1, page: int = 0) -> Outcome:
    """Read a page of a document in order. Its parts have handles and can be cited.

    Args:
        document: The document as results name it.
        document_page: Page of the document, from 1.
        page: Page of the result when the document's page is long, from 0.
    """
    _counts_from_zero(page)
    attached = AttachedDocuments.of(workspace)
    key, path = attached.document(document)
    archive, handle_of = workspace.search.archive, workspace.memory.handle_of
    found = open_document(archive, key, path, document_page, page, workspace.budget, handle_of)
    return _page(f"{path[:60]} p.{document_page}", found)


@function()
def archival_grep(workspace: ToolContext, pattern: str, page: int = 0, source: str = "", document: str = "") -> Outcome:
    """Find lines of the attached documents that match a regular expression, with the lines around them.

    Args:
        pattern: A regular expression; (?i) at its start ignores case.
        page: Page of results, from 0.
        source: Look in this source only.
        document: Look in this document only.
    """
    _counts_from_zero(page)
    attached = AttachedDocuments.of(workspace)
    found = workspace.grep.page(
        attached.sources, pattern, page, workspace.budget, workspace.memory.handle_of,
        reader=workspace.reader, restriction=attached.restriction(SearchOptions(source, document)),
    )  # fmt: skip
    return _page(f"/{pattern[:60]}/", found)


@function(small=True)
def archival_memory_insert(workspace: ToolContext, content: str) -> Outcome:
    """Keep a note in archival storage, where archival_memory_search finds it again.

    Args:
        content: The text to keep, in sentences that can be understood on their own.
    """
    if not content.strip():
        raise CallRefused("content is empty.", "Give the text to keep.")
    working = workspace.memory.working.block("task").lines
    question = next((line.text for line in working if line.text.startswith("question: ")), "")
    handles = [handle for handle in dict.fromkeys(re.findall(r"#[a-z]+\d+", content)) if workspace.knows(handle)]
    origin = {
        "agent": workspace.memory.agent.name,
        "step": workspace.step,
        "question": question[10:300],
        "handles": handles,
    }
    passages = workspace.insert_note(content, origin)
    if not passages:
        return Outcome("That note is stored already; nothing was changed.", summary="stored already")
    stored = f"Stored as {passages} passage{'s' * (passages != 1)}; archival_memory_search finds it from now on."
    return Outcome(stored, summary=f"{len(content):,} characters")


def _counts_from_zero(page: int) -> None:
    if page < 0:
        raise CallRefused("page counts from 0.", "Call again with page=0.")


def _page(what: str, found: ResultPage) -> Outcome:
    shown = f"p.{found.number + 1}/{found.pages}  " if found.pages else ""
    return Outcome(archive=found, summary=f"{what}  {shown}{len(found.hits)} hits of {found.total}")


FUNCTIONS: tuple[Function, ...] = (
    archival_memory_search,
    archival_memory_insert,
    document_list,
    document_open,
    archival_grep,
)
