"""Runs commands by name for the server: the CommandRunner that the composition root hands to `ipc`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.cli.commands import COMMANDS
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.services.session import Session


class LocalCommands:
    """The commands of this version that work on the archive."""

    resumable = frozenset(name for name, command in COMMANDS.items() if command.resumable)

    def run(self, session: Session, command: str, arguments: Mapping[str, Any]) -> int:
        """See ipc.server.CommandRunner."""
        run = COMMANDS[command].run if command in COMMANDS else None
        if run is None:
            raise UsageError(f"There is no command {command!r} here.", "Both workbenches must be of the same version.")
        return run(session, argparse.Namespace(**arguments))
