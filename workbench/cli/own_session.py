"""Opens a session of this process, with the settings that a command line gives, and serves other processes while it lives."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from workbench.core import paths
from workbench.core.activity import doing
from workbench.core.errors import WorkbenchError
from workbench.core.settings import Settings, read_settings

if TYPE_CHECKING:
    from workbench.services.session import Session

PATIENCE_SECONDS = 5.0
"""How long the owner of the database is asked in vain before that is an error."""
PAUSE_SECONDS = 0.2
"""The time between two tries."""

FLAGS = (
    "model", "base_url", "drive", "window_tokens", "steps", "minutes", "question_tokens", "question_cost", "price_in", "price_out",
    "preset", "persona", "human", "read_ahead", "verify", "reranker", "embedding_model", "ascii", "theme",
)  # fmt: skip
"""Settings that flags give, by the names of both."""


def settings_of(chosen: argparse.Namespace, places: paths.Paths) -> Settings:
    """The settings in force for a command line. Raises ConfigError."""
    flags: dict[str, Any] = {name: getattr(chosen, name, None) for name in FLAGS}
    return read_settings(places.settings_file, flags)


@contextmanager
def own_session(chosen: argparse.Namespace, complain: Callable[[str], object]) -> Iterator[Session]:
    """A session that owns the database, and runs the commands of other processes while it lives.

    Args:
        chosen: the parsed command line.
        complain: takes a sentence about what is wrong but does not keep the session from opening.

    Raises ArchiveBusy when another process owns the database.
    """
    with doing("loading the program's code"):
        from workbench.cli.main import LocalCommands
        from workbench.ipc.command_output import TERMINATED
        from workbench.ipc.server import CommandServer
        from workbench.services.session import Session

    places = paths.locate().ensure()
    _log_to(places, complain)
    with ExitStack() as after, Session(settings_of(chosen, places), places) as session:
        if session.app.database.damage:
            complain(session.app.database.damage)
        owner = CommandServer(session.app, LocalCommands())
        after.callback(owner.release)
        try:
            yield session
            owner.close(patient=not TERMINATED.is_set())
        except WorkbenchError:
            owner.close()
            raise
        finally:
            owner.close(patient=False)


def _log_to(places: paths.Paths, complain: Callable[[str], object]) -> None:
    """Log into the file; without a log where that cannot be."""
    try:
        logging.basicConfig(
            filename=places.log_file, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
    except OSError as error:
        complain(f"Nothing is logged: {places.log_file} cannot be written ({error.strerror}). Move it away.")
        logging.basicConfig(handlers=[logging.NullHandler()])
