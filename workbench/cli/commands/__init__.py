"""All commands of the command line by name; the module of a command is imported when the command is wanted.

`workbench ask` need not import what the other forty commands need, and the screen paints its first frame before most of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from workbench.cli.command import Command

MODULES = {
    "open": "screen",
    "web": "web",
    "ask": "questions",
    "sweep": "search",
    "search": "search",
    "load": "load",
    "sources": "sources",
    "reembed": "sources",
    "queue": "sources",
    "note": "sources",
    "attach": "load",
    "detach": "load",
    "sql": "tables",
    "table": "question_table",
    "check": "check",
    "compare": "check",
    "agents": "agents",
    "export": "agents",
    "import": "agents",
    "context": "history",
    "replay": "history",
    "functions": "agents",
    "forget": "history",
    "fork": "history",
    "eval": "evaluation",
    "doctor": "setup",
    "backup": "backups",
    "restore": "backups",
    "worker": "worker",
    "copy": "copy",
    "run": "memgpt",
    "quickstart": "setup",
    "configure": "setup",
    "list": "memgpt",
    "add": "memgpt",
    "delete": "memgpt",
    "serve": "serve",
    "server": "serve",
    "mcp": "serve",
    "completion": "completion",
    "help": "help",
}
"""The module, in this package, whose COMMANDS holds a command; in the order of the help."""


class CommandTable(Mapping[str, Command]):
    """The commands by name. Names are known without an import; a command is imported with its module."""

    def __getitem__(self, name: str) -> Command:
        commands: Mapping[str, Command] = import_module(f"{__name__}.{MODULES[name]}").COMMANDS
        return commands[name]

    def __contains__(self, name: object) -> bool:
        return name in MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


COMMANDS: Mapping[str, Command] = CommandTable()
