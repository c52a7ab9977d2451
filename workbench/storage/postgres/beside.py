"""What a home keeps beside a shared archive, as far as the archive must know: what its agents have shown and are attached to."""

from __future__ import annotations

from collections.abc import Collection

from workbench.storage.archive import Cursors
from workbench.storage.cursors import CursorRepository, CursorRow
from workbench.storage.database import Database


class Beside:
    """Keeps nothing: for what only copies or embeds."""

    def __init__(self) -> None:
        self.cursors: Cursors = _NoCursors()

    def version(self) -> int:
        """Rises with every change of what agents are attached to."""
        return 0

    def shown_passages(self) -> Collection[int]:
        """The passages that the agents of the home have handles for."""
        return ()

    def detach(self, source: int) -> None:
        """No agent of the home is attached to this source any more."""


class _NoCursors:
    """Where nothing is kept of what a reader pages through."""

    def get(self, agent: int, reader: str, slot: int) -> CursorRow | None:
        """Nothing."""
        return None


class HomeDatabase(Beside):
    """The home's own database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.cursors = CursorRepository(database)

    def version(self) -> int:
        """See Beside."""
        return self._database.catalogue

    def shown_passages(self) -> Collection[int]:
        """See Beside."""
        return [int(key) for (key,) in self._database.rows("SELECT DISTINCT passage_id FROM handles")]

    def detach(self, source: int) -> None:
        """See Beside."""
        self._database.write(
            lambda connection: connection.execute("DELETE FROM attachments WHERE source_id = ?", [source])
        )
