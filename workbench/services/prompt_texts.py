"""Lists the presets, personas and humans that agents are made with, and keeps the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.agent import prompts


@dataclass(frozen=True)
class PromptText:
    """A text by its name; `own` says that the user wrote it."""

    name: str
    own: bool


class PromptTextService:
    """Texts of three kinds: "presets", "personas" and "humans". `folder` holds the user's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self, kind: str) -> list[PromptText]:
        """All texts of a kind, by name."""
        names = prompts.names(kind, self._folder)
        return [PromptText(name, prompts.is_own(kind, name, self._folder)) for name in names]

    def add(self, kind: str, name: str, text: str, *, replace: bool = False) -> Path:
        """Keep a text; returns its file. Raises UsageError when the name is taken and not to be replaced."""
        return prompts.add(kind, name, text, self._folder, replace=replace)

    def remove(self, kind: str, name: str) -> None:
        """Delete a text of the user's own. Raises NotFound, and UsageError for one that came with the workbench."""
        prompts.remove(kind, name, self._folder)
