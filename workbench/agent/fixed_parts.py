"""Fits the fixed parts of a prompt (system instructions and functions) into their share of an agent's window."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from workbench.agent import prompts
from workbench.agent.tools import selection
from workbench.agent.tools.registry import Function
from workbench.core.settings import Settings
from workbench.core.tokens import encoding_for
from workbench.memory.agent_memory import AgentMemory
from workbench.storage.home import Agents

_ROOMY_TOKENS = 6_144
_TEMPLATE_FACTOR = 1.3
_FOLLOW = "archival_follow"


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
        off if settings.follow else {*off, _FOLLOW},
        _limit_tokens(settings),
        lambda small: prompts.system_instructions(settings.preset, small=small, folder=folder),
        () if settings.uses_reader else selection.SPARED_FIRST,
    )
    return list(chosen.functions), chosen.system, chosen.tools


def _limit_tokens(settings: Settings) -> int:
    """What instructions and functions may take. The chat templates of servers of one's own write functions with about a third
    more tokens than are counted here, which a small window feels."""
    limit = int(settings.window_tokens * settings.fixed_share)
    exact = settings.uses_reader or encoding_for(settings.model)[1]
    return limit if exact or settings.window_tokens >= _ROOMY_TOKENS else int(limit / _TEMPLATE_FACTOR)


class FixedParts:
    """The fixed parts of one agent, for when its window changes while it works."""

    def __init__(self, folder: Path, agents: Agents, memory: AgentMemory) -> None:
        self._folder = folder
        self._agents = agents
        self._memory = memory

    def fit(self, settings: Settings) -> tuple[list[Function], str, list[dict[str, Any]]]:
        """Functions, system instructions and tools for these settings, without the functions switched off for the agent."""
        off = self._agents.get(self._memory.agent.name).settings.get("functions_off", ())
        return fixed_parts(settings, self._folder, off)
