"""Fits the fixed parts of a prompt (system instructions and functions) into their share of an agent's window."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from workbench.agent import prompts
from workbench.agent.tools import selection
from workbench.agent.tools.registry import Function
from workbench.core.settings import Settings
from workbench.memory.agent_memory import AgentMemory
from workbench.memory.agent_repository import AgentRepository


def fixed_parts(
    settings: Settings, folder: Path, off: Collection[str] = ()
) -> tuple[list[Function], str, list[dict[str, Any]]]:
    """Functions, system instructions and tools as they are sent.

    Args:
        settings: the window in tokens, the share of the fixed parts, and the preset.
        folder: the user's own presets and functions.
        off: names of functions that are switched off.
    """
    chosen = selection.select(
        selection.available(folder).functions,
        off,
        int(settings.window_tokens * settings.fixed_share),
        lambda small: prompts.system_instructions(settings.preset, small=small, folder=folder),
    )
    return list(chosen.functions), chosen.system, chosen.tools


class FixedParts:
    """The fixed parts of one agent, for when its window changes while it works."""

    def __init__(self, folder: Path, agents: AgentRepository, memory: AgentMemory) -> None:
        self._folder = folder
        self._agents = agents
        self._memory = memory

    def fit(self, settings: Settings) -> tuple[list[Function], str, list[dict[str, Any]]]:
        """Functions, system instructions and tools for these settings, without the functions switched off for the agent."""
        off = self._agents.get(self._memory.agent.name).settings.get("functions_off", ())
        return fixed_parts(settings, self._folder, off)
