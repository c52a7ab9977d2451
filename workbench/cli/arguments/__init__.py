"""The commands and their arguments, a module a topic: nothing comes in, a table of commands goes out; instant to import."""

from __future__ import annotations

from workbench.cli.arguments import (
    agent_files,
    agents,
    documentation,
    history,
    measures,
    memgpt,
    questions,
    search,
    sources,
    tables,
)
from workbench.cli.arguments.entry import Entry

COMMANDS: dict[str, Entry] = {
    **questions.COMMANDS,
    **search.COMMANDS,
    **sources.COMMANDS,
    **tables.COMMANDS,
    **agent_files.COMMANDS,
    **agents.COMMANDS,
    **history.COMMANDS,
    **measures.COMMANDS,
    **memgpt.COMMANDS,
    **documentation.COMMANDS,
}
"""Every command by its name, in the order of the help."""
