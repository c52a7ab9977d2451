"""Suggests what to read next: linked passages that an answered part of the question leads to.

Prefetching as an operating system does it: what is near what was just used is offered, and costs nothing until it is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.agent.tools.attached_documents import AttachedDocuments
from workbench.agent.tools.context import ToolContext
from workbench.agent.tools.registry import CallRefused
from workbench.api.results import one_name

if TYPE_CHECKING:
    from workbench.retrieval.ranking.unread_links import Leads

_MOST_PASSAGES = 6
_NAME_CHARS = 60
_ANSWERED = re.compile(r"hop: .* - answered \((.*?)(?: p\.(\d+))?\)")


def offer(workspace: ToolContext) -> str:
    """What the hop answered last leads to, with the exact call that lists it; "" when that cannot be said, or followed."""
    place = _answered_last(workspace)
    if not workspace.links or place is None:
        return ""
    attached = AttachedDocuments.of(workspace)
    try:
        document, _ = attached.document(place[0])
    except CallRefused:  # the ledger takes any words for a document
        return ""
    known = workspace.memory.handles
    passages = [item.id for item in workspace.search.archive.passages_of(document, place[1])]
    read = [key for key in passages if key in known] or passages
    found = workspace.search.leads(attached.sources, read[-_MOST_PASSAGES:], known, _still_asked(workspace))
    return _sentence(workspace, attached, found) if found else ""


def _answered_last(workspace: ToolContext) -> tuple[str, int] | None:
    lines = [line.text for line in workspace.memory.working.block("task").lines if line.origin == "hop"]
    places = [match for line in lines if (match := _ANSWERED.fullmatch(line))]
    return (places[-1][1], int(places[-1][2] or 1)) if places else None


def _still_asked(workspace: ToolContext) -> str:
    """The words of the open hops, or of the question when none is open."""
    wanted = [hop for hop, status in workspace.hops.items() if status == "open"]
    lines = workspace.memory.working.block("task").lines
    return " ".join(wanted) or next((line.text[10:] for line in lines if line.text.startswith("question: ")), "")


def _sentence(workspace: ToolContext, attached: AttachedDocuments, found: Leads) -> str:
    handle = workspace.memory.handle_of(found.passage)
    if not found.unread:
        return f"Every passage linked to {handle} has been read ({found.linked})."
    stored = workspace.search.archive.passages([key for key, _ in found.first])
    places = [
        f"{one_name(attached.name(stored[key].document), _NAME_CHARS)} p.{stored[key].page}"
        + (f" by {one_name(name, _NAME_CHARS)}" if name else "")
        for key, name in found.first
        if key in stored and stored[key].document in attached.documents
    ]
    such = f" (first {'; '.join(places)})" if places else ""
    verb = "s are" if found.unread != 1 else " is"
    return f'{found.unread} linked passage{verb} not read yet{such}: archival_follow(passage="{handle}").'
