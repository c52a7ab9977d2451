"""Runs commands by name for the server: the CommandRunner that the composition root hands to `ipc`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.cli.arguments import COMMANDS
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.services.session import Session

_BODIES = {entry.body: entry for entry in COMMANDS.values() if entry.body and entry.needs_archive}


class LocalCommands:
    """The commands of this version, each loaded when it is first run."""

    resumable = frozenset(body for body, entry in _BODIES.items() if entry.resumable)

    def run(self, session: Session, command: str, arguments: Mapping[str, Any]) -> int:
        """See ipc.server.CommandRunner."""
        if command not in _BODIES:
            raise UsageError(f"There is no command {command!r} here.", "Both workbenches must be of the same version.")
        module, _, function = command.partition(".")
        body: Callable[[Session, argparse.Namespace], int] = getattr(
            import_module(f"workbench.cli.commands.{module}"), function
        )
        return body(session, argparse.Namespace(**arguments))
