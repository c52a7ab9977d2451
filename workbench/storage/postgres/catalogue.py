"""Says when a shared archive has changed, whoever changed it."""

from __future__ import annotations

from collections.abc import Callable

from workbench.storage.postgres.server import PostgresServer


class Catalogue:
    """The version of an archive as one home sees it: changes of the archive, and of what the home keeps beside it."""

    def __init__(self, server: PostgresServer, home: str, beside: Callable[[], int] = lambda: 0) -> None:
        self.server, self.home = server, home
        self._beside = beside

    @property
    def version(self) -> int:
        """Rises with every change."""
        return self.server.version() + self._beside()
