"""The registry of open agents: displays of one agent share it, and it closes with the last of them."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.core.settings import Settings
from workbench.services.open_agents import AgentRegistry, CurrentAgent


def agent(number: int, *handles: int) -> Any:
    memory = SimpleNamespace(handles=dict.fromkeys(handles, ""))
    return SimpleNamespace(id=number, asking=threading.Lock(), workspace=SimpleNamespace(memory=memory))


@pytest.fixture
def registry() -> AgentRegistry:
    return AgentRegistry()


def display(registry: AgentRegistry, shown: Any) -> CurrentAgent:
    app: Any = SimpleNamespace(open_agents=registry)
    current = CurrentAgent(app, Settings())
    current.opened = shown
    if shown is not None:
        registry.add(shown)
    return current


def test_an_agent_stays_open_while_any_display_shows_it(registry: AgentRegistry) -> None:
    shown = agent(7)
    first, second = display(registry, shown), display(registry, shown)
    assert registry.displays_of(7) == 2
    first.close()
    assert registry.displays_of(7) == 1
    assert registry.find(7) is shown
    second.close()
    assert registry.displays_of(7) == 0
    assert registry.find(7) is None


def test_an_agent_that_still_answers_stays_open(registry: AgentRegistry) -> None:
    shown = agent(7)
    only = display(registry, shown)
    with shown.asking:
        only.close()
    assert registry.find(7) is shown


def test_every_display_of_an_agent_goes_on_with_the_one_that_replaces_it(registry: AgentRegistry) -> None:
    first, second, other = display(registry, agent(7)), display(registry, agent(7)), display(registry, agent(8))
    changed, before = agent(7), other.opened
    registry.replace(changed)
    assert first.opened is second.opened is registry.find(7) is changed
    assert other.opened is before


def test_passages_with_handles_are_those_of_all_open_agents(registry: AgentRegistry) -> None:
    display(registry, agent(7, 1, 2))
    display(registry, agent(8, 5))
    assert sorted(registry.handled_passages()) == [1, 2, 5]


def test_a_display_without_an_agent_shows_none(registry: AgentRegistry) -> None:
    empty = display(registry, None)
    assert not empty.shows(7)
    assert list(empty.source_ids) == []
    empty.close()
