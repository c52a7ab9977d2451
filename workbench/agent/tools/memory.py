"""The functions over main context and recall storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime, timedelta

from workbench.agent.answers.follow_up import offer
from workbench.agent.tools.context import ToolContext
from workbench.agent.tools.registry import CallRefused, Function, Outcome, function
from workbench.api.events import HopChanged, MemoryEdited
from workbench.core.text_cache import text_cache
from workbench.memory.recall import RecallItem
from workbench.memory.recall_page import RecallPage
from workbench.memory.working_context import NOBODY, PERSONAL, Led, Line, WorkingContext
from workbench.text.analyzer import content_words
from workbench.text.template_tokens import neutralise

_LONGEST_PAUSE_MINUTES = 360
_HOP_STATES = ("open", "answered", "not found")


@function(chains=False, small=True)
def send_message(workspace: ToolContext, message: str) -> Outcome:
    """Send a message to the user. This is the only way to reach the user, and it ends your turn.

    Args:
        message: The whole message. Support claims with verbatim quotes and handles: "exact words" [#a3].
    """
    if not message.strip():
        raise CallRefused("The message is empty.", "Write what the user should read.")
    return Outcome("The message was sent.", summary=message[:80])


@function(chains=False)
def pause_heartbeats(workspace: ToolContext, minutes: int) -> Outcome:
    """Ignore timed heartbeats for a while. Messages of the user still come through.

    Args:
        minutes: How long, at most 360.
    """
    if not 0 < minutes <= _LONGEST_PAUSE_MINUTES:
        raise CallRefused(f"minutes must lie between 1 and {_LONGEST_PAUSE_MINUTES}.", "Choose a shorter pause.")
    workspace.paused_until = (workspace.memory.clock() + timedelta(minutes=minutes)).timestamp()
    return Outcome(f"Timed heartbeats are paused for {minutes} minutes.", summary=f"{minutes} min")


@function(small=True)
def core_memory_append(workspace: ToolContext, name: str, content: str) -> Outcome:
    """Append lines to a block of the working context, which always stays in view. Use it to keep findings.

    Args:
        name: The block: persona, human or task.
        content: The text to remember; each line becomes a line of the block.
    """
    content = neutralise(content)
    if asked := _asked(workspace, name, content):
        return asked
    after = workspace.memory.working.append(
        name, content, step=workspace.step, place_of=workspace.place_of, led=_led_by(workspace, name, content)
    )
    return _edited(workspace, name, after, added=content)


@function(small=True)
def core_memory_replace(workspace: ToolContext, name: str, old_content: str, new_content: str) -> Outcome:
    """Replace exact text in a block of the working context. An empty new_content deletes it.

    Args:
        name: The block: persona, human or task.
        old_content: The exact text to replace.
        new_content: The text that takes its place.
    """
    old_content, new_content = neutralise(old_content), neutralise(new_content)
    if asked := _asked(workspace, name, new_content, old_content):
        return asked
    after = workspace.memory.working.replace(
        name, old_content, new_content, step=workspace.step, place_of=workspace.place_of,
        led=_led_by(workspace, name, new_content),
    )  # fmt: skip
    return _edited(workspace, name, after, added=new_content, removed=old_content)


def _asked(workspace: ToolContext, name: str, new: str, old: str = "") -> Outcome | None:
    """With persona_edits "ask", an edit of persona or human is put to the user and not made."""
    if name not in PERSONAL or workspace.settings.persona_edits != "ask":
        return None
    workspace.proposals.append((name, old, new))
    return Outcome(
        f"Not written: the user decides what stands in block {name}, and is asked with your answer. Go on.",
        summary=f"{name}: the user is asked",
    )


def _led_by(workspace: ToolContext, name: str, written: str) -> Led:
    """The documents in context that say what the model writes about itself or the user; all that are there when none does."""
    if name not in PERSONAL:
        return NOBODY
    read = workspace.read_documents()
    words = set(content_words(written))
    likely = {key: document for key, document in read.items() if words and _say_half(document.texts, words)}
    chosen = likely or read
    return Led(tuple(chosen), next(iter(chosen.values())).path) if chosen else NOBODY


def _say_half(texts: Sequence[str], words: Set[str]) -> bool:
    """Whether at least half of the words stand in the texts."""
    said = [_words_of(text) for text in texts]
    return 2 * sum(any(word in one for one in said) for word in words) >= len(words)


@text_cache(512)
def _words_of(text: str) -> frozenset[str]:
    """The content words of a passage: every edit of the working context compares with all that are in the window."""
    return frozenset(content_words(text))


@function()
def task_update(workspace: ToolContext, hop: str, status: str, document: str = "", document_page: int = 0) -> Outcome:
    """Keep track of a part of the question in block task. An answer with an open part comes back to you once.

    Args:
        hop: The part of the question, in a few words; the same words update it.
        status: open, answered or not found.
        document: The document that answers it.
        document_page: The page of the document, counted from 1.
    """
    if status not in _HOP_STATES:
        raise CallRefused(f"status must be one of: {', '.join(_HOP_STATES)}.", "Correct it and call again.")
    hop = " ".join(hop.split())[:160]
    block = workspace.memory.working.block("task")
    where = f" ({document} p.{document_page})" if document and document_page else f" ({document})" if document else ""
    line = Line(f"hop: {hop} - {status}{where}", "hop", workspace.step)
    others = tuple(
        item for item in block.lines if not (item.origin == "hop" and item.text.startswith(f"hop: {hop} - "))
    )
    after = workspace.memory.working.with_lines("task", (*others, line))
    outcome = _edited(workspace, "task", after, added=line.text)
    workspace.hops[hop] = status
    changed = HopChanged(hop=hop, status=status, document=document, document_page=document_page or None)
    ahead = offer(workspace) if status != "not found" else ""
    shown = f"  {ahead.split(' (', 1)[0].split(':', 1)[0]}" if ahead else ""
    return Outcome(
        f"{outcome.text} {ahead}".strip(), summary=f"{hop[:48]} {status}{shown}", events=(*outcome.events, changed)
    )


@function(small=True)
def conversation_search(workspace: ToolContext, query: str, page: int = 0) -> Outcome:
    """Search past messages of this conversation, also those that were evicted, by words.

    Args:
        query: Words to look for.
        page: Page of results, from 0.
    """
    items = workspace.recall.search(workspace.memory.agent.id, workspace.branch(), query)
    return _recall_page(workspace, "conversation_search", {"query": query}, items, page)


@function()
def conversation_search_date(workspace: ToolContext, start_date: str, end_date: str, page: int = 0) -> Outcome:
    """Search past messages of this conversation by date, both days included.

    Args:
        start_date: First day, YYYY-MM-DD.
        end_date: Last day, YYYY-MM-DD.
        page: Page of results, from 0.
    """
    start, end = _day(start_date), _day(end_date)
    if end < start:
        raise CallRefused("end_date lies before start_date.", "Swap them.")
    after = end + timedelta(days=1) if end.date() < date.max else datetime.max
    items = workspace.recall.between(workspace.memory.agent.id, workspace.branch(), start, after)
    days = {"start_date": start_date, "end_date": end_date}
    return _recall_page(workspace, "conversation_search_date", days, items, page)


def _recall_page(
    workspace: ToolContext, function: str, arguments: Mapping[str, str], items: list[RecallItem], page: int
) -> Outcome:
    if page < 0:
        raise CallRefused("page counts from 0.", "Call again with page=0.")
    # The question that is being answered is in view already; it would be the first hit of every search.
    lines = {item.message: item.line() for item in items if item.message != workspace.memory.queue.question}
    budget = workspace.budget
    found = RecallPage.of(function, arguments, lines, page, budget.page_tokens, budget.hits)
    return Outcome(recall=found, summary=found.summary)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text.strip()[:10], "%Y-%m-%d")
    except ValueError:
        raise CallRefused(f"{text[:40]!r} is not a date.", "Write YYYY-MM-DD.") from None


def _edited(workspace: ToolContext, name: str, after: WorkingContext, *, added: str = "", removed: str = "") -> Outcome:
    workspace.memory.set_working(after, step=workspace.step)
    block = after.block(name)
    event = MemoryEdited(
        block=name, text=block.text, added=added, removed=removed, chars=len(block.text), limit_chars=block.limit_chars,
        led_by=next(
            (line.document for line in block.lines if line.led_by and added and (line.text in added or added in line.text)),
            "",
        ),
    )  # fmt: skip
    text = f"Block {name} now holds {len(block.text):,} of {block.limit_chars:,} characters."
    return Outcome(text, summary=f"{name} {len(block.text):,}/{block.limit_chars:,}", events=(event,))


FUNCTIONS: tuple[Function, ...] = (
    send_message,
    core_memory_append,
    core_memory_replace,
    task_update,
    conversation_search,
    conversation_search_date,
    pause_heartbeats,
)
