"""The commands and their arguments, a module a topic: nothing comes in, a table of commands goes out; instant to import."""

from __future__ import annotations

from workbench.flags import agents, finding, measures, memgpt, past, questions, roster, sources, tables
from workbench.flags.entry import Entry

COMMANDS: dict[str, Entry] = {
    **questions.COMMANDS,
    **finding.COMMANDS,
    **sources.COMMANDS,
    **tables.COMMANDS,
    **roster.COMMANDS,
    **agents.COMMANDS,
    **past.COMMANDS,
    **measures.COMMANDS,
    **memgpt.COMMANDS,
}
"""Every command by its name, in the order of the help."""
