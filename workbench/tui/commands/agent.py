"""The slash commands over an agent's own things: memory lines, preset, functions, costs, bounds, files; lines in the chat go out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from workbench.api import rendering
from workbench.api.agents import FunctionView, Spent
from workbench.api.events import Event, MemoryEdited
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.controller import Controller
from workbench.tui.widgets.cells import number, plural

_UNITS = {"steps": "model calls", "seconds": "seconds", "tokens": "tokens, in and out", "cost": "by the prices set"}


def edit(controller: Controller, words: Sequence[str]) -> None:
    """/edit [BLOCK LINE]"""
    if not words:
        controller.open_memory()
        controller.say("the lines of the working memory are open")
        return
    if len(words) == 1:
        raise UsageError("What should the line say?", "For example /edit human prefers short answers.")
    block, text = words[0], " ".join(words[1:])
    controller.fetch(lambda: controller.session.edit_memory(block, "", text), lambda event: _edited(controller, event))


def _edited(controller: Controller, event: Event) -> None:
    controller.refresh_memory()
    if isinstance(event, MemoryEdited):
        controller.say(f"{one_line(event.block, 40)} · {number(event.chars)}/{number(event.limit_chars)} chars")


def pin(controller: Controller, words: Sequence[str]) -> None:
    """/pin [TEXT]"""
    if not words:
        controller.open_memory()
        controller.say("p pins a line, or lets it go; the model cannot change a pinned line")
        return
    text = " ".join(words)

    def work() -> str:
        found = [
            (block, line)
            for block in controller.session.memory()
            for line in block.lines
            if text.lower() in line.text.lower()
        ]
        if len(found) != 1:
            raise UsageError(f"{len(found)} lines hold {one_line(text, 80)!r}.", "Give the words of one line, or /pin.")
        block, line = found[0]
        controller.session.pin(block.name, line.text, not line.pinned)
        return f"{'pinned' if not line.pinned else 'let go'}: {one_line(line.text, 200)}"

    def done(said: str) -> None:
        controller.refresh_memory()
        controller.say(said)

    controller.fetch(work, done)


def preset(controller: Controller, words: Sequence[str]) -> None:
    """/preset [NAME]"""
    agent_service, agent = controller.session.agent_service, controller.session.agent
    if not words:
        controller.fetch(
            agent_service.presets,
            lambda names: controller.say(f"presets: {', '.join(one_line(name, 40) for name in names)}"),
        )
        return

    def done(_: None) -> None:
        controller.say(f"preset {one_line(words[0], 40)} from the next step on; /diff shows it then")

    controller.fetch(lambda: agent_service.preset(agent, words[0]), done)


def functions(controller: Controller, words: Sequence[str]) -> None:
    """/functions"""
    agent_service, agent = controller.session.agent_service, controller.session.agent

    def done(found: Sequence[FunctionView]) -> None:
        states = [
            ("● " if item.offered else "  ") + f"{one_line(item.name, 40):<28}{one_line(item.description, 160)}"
            + ("" if item.offered else "  (off)" if not item.on else "  (no room in this window)")
            for item in found
        ]  # fmt: skip
        controller.say("\n".join(states))

    controller.fetch(lambda: agent_service.functions(agent), done)


def cost(controller: Controller, words: Sequence[str]) -> None:
    """/cost"""

    def done(spent: Spent) -> None:
        price = f" · {spent.cost:,.4f}" if spent.cost is not None else " · no prices set"
        tokens = f"{number(spent.prompt_tokens)} tokens in · {number(spent.completion_tokens)} out"
        controller.say(f"{plural(spent.steps, 'step')} · {tokens} · {spent.model_seconds:,.1f} s of the model{price}")

    controller.fetch(controller.session.usage_service.spent, done)


def budget(controller: Controller, words: Sequence[str]) -> None:
    """/budget [WHAT NUMBER]"""
    usage_service = controller.session.usage_service
    if words:
        try:
            value = float(words[1].replace(",", "")) if len(words) == 2 else -1.0
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e15:
            raise UsageError("A bound is a name and a number.", "For example /budget tokens 20000; 0 is no bound.")
        usage_service.limit(words[0], value)
    lines = [
        f"{name:<9}{f'{value:,.10g}' if value else 'any':>12}  {_UNITS[name]}"
        for name, value in usage_service.limits().items()
    ]
    controller.say("a question ends, with what was found, at\n" + "\n".join(lines))


def export(controller: Controller, words: Sequence[str]) -> None:
    """/export [FILE]"""
    session, agent = controller.session, controller.session.agent
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in agent).lstrip(".")
    file = Path(" ".join(words) or f"{plain or 'agent'}.md").expanduser()

    def work() -> str:
        if file.suffix == ".agent":
            return f"{session.agent_service.export(agent, file):,} bytes, the whole agent"
        text = "\n".join(rendering.markdown_lines(agent, session.history())) + "\n"
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"{file} cannot be written: {os.strerror(error.errno or 0)}.", "Name another file."
            ) from None
        return "the conversation as Markdown"

    controller.fetch(work, lambda what: controller.say(f"written to {one_line(str(file.absolute()), 300)}: {what}"))


def copy(controller: Controller, words: Sequence[str]) -> None:
    """/copy"""
    text = controller.copy_answer()
    controller.say(
        f"copied {plural(len(text), 'character')} of the last answer" if text else "there is no answer to copy yet"
    )
