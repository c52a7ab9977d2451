"""A keyring for processes of tests: it holds what stands in the file that KEYRING_FILE names, for any server.

A process takes it by PYTHON_KEYRING_BACKEND=tests.support.file_keyring.FileKeyring.
"""

from __future__ import annotations

import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileKeyring(KeyringBackend):  # type: ignore[misc]  # keyring says nothing of its types
    """One secret, the same for every service and user; what is kept is not told from what was there."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """The secret."""
        return Path(os.environ["KEYRING_FILE"]).read_text(encoding="utf-8") or None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Put another secret in its place."""
        Path(os.environ["KEYRING_FILE"]).write_text(password, encoding="utf-8")

    def delete_password(self, service: str, username: str) -> None:
        """Take it out."""
        Path(os.environ["KEYRING_FILE"]).write_text("", encoding="utf-8")
