"""All commands of the command line, one module a subject: arguments and what is done with them.

What is heavy is imported inside the functions that need it: `workbench --help` loads every module of this package.
"""

from __future__ import annotations

from workbench.cli.command import Command
from workbench.cli.commands import (
    agents,
    backups,
    evaluation,
    help,
    history,
    load,
    memgpt,
    questions,
    search,
    setup,
    sources,
    tables,
)

COMMANDS: dict[str, Command] = {
    **questions.COMMANDS,
    **search.COMMANDS,
    **load.COMMANDS,
    **sources.COMMANDS,
    **load.ATTACHMENT_COMMANDS,
    **tables.COMMANDS,
    **agents.COMMANDS,
    **history.COMMANDS,
    **agents.FUNCTION_COMMANDS,
    **history.CHANGES,
    **evaluation.COMMANDS,
    **setup.CHECKS,
    **backups.COMMANDS,
    **memgpt.OPEN_COMMANDS,
    **setup.COMMANDS,
    **memgpt.COMMANDS,
    **help.COMMANDS,
}
"""Every command by its name, in the order of the help."""
