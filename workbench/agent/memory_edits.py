"""The user's own edits of the working context, committed with their events."""

from __future__ import annotations

from workbench.agent import journal
from workbench.agent.tools.context import ToolContext
from workbench.api.events import MemoryEdited
from workbench.memory.working_context import WorkingContext


def edit(space: ToolContext, block: str, old: str, new: str) -> MemoryEdited:
    """Replace text in a block; an empty `old` appends `new`, an empty `new` deletes `old`. Raises BlockError."""
    working = space.memory.working
    after = working.replace(block, old, new, origin="user") if old else working.append(block, new, origin="user")
    return _kept(space, block, after, added=new, removed=old)


def pin(space: ToolContext, block: str, line: str, pinned: bool) -> MemoryEdited:
    """Pin a line, or let it go: a pinned line is the user's to change and stays in the task block. Raises BlockError."""
    return _kept(space, block, space.memory.working.pin(block, line, pinned))


def _kept(space: ToolContext, name: str, after: WorkingContext, *, added: str = "", removed: str = "") -> MemoryEdited:
    memory = space.memory
    memory.operate_here("memory")
    memory.set_working(after)
    block = after.block(name)
    event = MemoryEdited(
        agent=memory.agent.name, block=name, text=block.text, added=added, removed=removed, chars=len(block.text),
        limit_chars=block.limit_chars, by="user",
    )  # fmt: skip
    memory.journal([(None, event.name, journal.dump(event))])
    memory.commit()
    return event
