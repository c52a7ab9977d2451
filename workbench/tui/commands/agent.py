"""The slash commands about an agent itself: memory lines, preset, functions, cost, budget, files, other agents."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from workbench.api import html_export, rendering
from workbench.api.agents import FunctionView, Spent
from workbench.api.bibliography import Reference, bibtex, csl_json
from workbench.api.events import Event, MemoryEdited
from workbench.core.errors import UsageError
from workbench.core.sanitize import as_file_stem, one_line
from workbench.tui.commands.display import Display
from workbench.tui.widgets.cells import number, plural

_DRIVES = {
    "model": "the model searches and answers",
    "guided": "the built-in reader searches and the model writes the answer",
    "auto": "the model searches, and the built-in reader takes over where the model cannot",
}
_UNITS = {"steps": "model calls", "seconds": "seconds", "tokens": "tokens, in and out", "cost": "by the prices set"}


def edit(display: Display, words: Sequence[str]) -> None:
    """/edit [BLOCK LINE]"""
    if not words:
        display.open_memory()
        display.say("the lines of the working memory are open", passing=True)
        return
    if len(words) == 1:
        raise UsageError("What should the line say?", "For example /edit human prefers short answers.")
    block, text = words[0], " ".join(words[1:])
    display.fetch(lambda: display.session.edit_memory(block, "", text), lambda event: _edited(display, event))


def _edited(display: Display, event: Event) -> None:
    display.refresh_memory()
    if isinstance(event, MemoryEdited):
        display.say(f"{one_line(event.block, 40)} · {number(event.chars)}/{number(event.limit_chars)} chars")


def pin(display: Display, words: Sequence[str]) -> None:
    """/pin [TEXT]"""
    if not words:
        display.open_memory()
        display.say("p pins a line, or lets it go; the model cannot change a pinned line")
        return
    text = " ".join(words)

    def work() -> str:
        found = [
            (block, line)
            for block in display.session.memory()
            for line in block.lines
            if text.lower() in line.text.lower()
        ]
        if len(found) != 1:
            raise UsageError(f"{len(found)} lines hold {one_line(text, 80)!r}.", "Give the words of one line, or /pin.")
        block, line = found[0]
        display.session.pin(block.name, line.text, not line.pinned)
        return f"{'pinned' if not line.pinned else 'let go'}: {one_line(line.text, 200)}"

    def done(said: str) -> None:
        display.refresh_memory()
        display.say(said)

    display.fetch(work, done)


def preset(display: Display, words: Sequence[str]) -> None:
    """/preset [NAME]"""
    agent_service, agent = display.session.agent_service, display.session.agent
    if not words:
        display.fetch(
            agent_service.presets,
            lambda names: display.say(f"presets: {', '.join(one_line(name, 40) for name in names)}"),
        )
        return

    def done(_: None) -> None:
        display.say(f"preset {one_line(words[0], 40)} from the next step on; /diff shows it then")

    display.fetch(lambda: agent_service.preset(agent, words[0]), done)


def drive(display: Display, words: Sequence[str]) -> None:
    """/drive [model|guided|auto]"""
    session = display.session
    if not words:
        display.say(_DRIVES.get(session.drive, "the built-in reader searches and answers; /model NAME names a model"))
        return
    if words[0] not in _DRIVES:
        raise UsageError(f"/drive knows {', '.join(_DRIVES)}.", "For example /drive guided.")
    agent_service, agent = session.agent_service, session.agent

    def done(_: None) -> None:
        display.say(f"from the next question on {_DRIVES[words[0]]}")
        display.refresh_identity()

    display.fetch(lambda: agent_service.drive(agent, words[0]), done)


def functions(display: Display, words: Sequence[str]) -> None:
    """/functions"""
    agent_service, agent = display.session.agent_service, display.session.agent

    def done(found: Sequence[FunctionView]) -> None:
        states = [
            ("● " if item.offered else "  ") + f"{one_line(item.name, 40):<28}{one_line(item.description, 160)}"
            + ("" if item.offered else "  (off)" if not item.on else "  (no room in this window)")
            for item in found
        ]  # fmt: skip
        display.say("\n".join(states))

    display.fetch(lambda: agent_service.functions(agent), done)


def cost(display: Display, words: Sequence[str]) -> None:
    """/cost"""

    def done(spent: Spent) -> None:
        price = f" · {spent.cost:,.4f}" if spent.cost is not None else " · no prices set"
        cached = f" ({number(spent.cached_tokens)} cached)" if spent.cached_tokens else ""
        tokens = f"{number(spent.prompt_tokens)} tokens in{cached} · {number(spent.completion_tokens)} out"
        today = f" · {spent.today_cost:,.4f}" if spent.today_cost is not None else ""
        display.say(
            f"{plural(spent.steps, 'step')} · {tokens} · {spent.model_seconds:,.1f} s of the model{price}\n"
            f"today, all agents: {number(spent.today_tokens)} tokens{today}"
        )

    display.fetch(display.session.usage_service.spent, done)


def budget(display: Display, words: Sequence[str]) -> None:
    """/budget [WHAT NUMBER]"""
    usage_service = display.session.usage_service
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
    display.say("a question ends, with what was found, at\n" + "\n".join(lines))


def export(display: Display, words: Sequence[str]) -> None:
    """/export [FILE]"""
    session, agent = display.session, display.session.agent
    file = Path(" ".join(words) or f"{as_file_stem(agent, 'agent')}.md").expanduser()

    def work() -> str:
        cited: tuple[Reference, ...] = ()
        if file.suffix == ".agent":
            return f"{session.agent_service.export(agent, file):,} bytes, the whole agent"
        if file.suffix.lower() in (".html", ".htm"):
            text, what = html_export.session_page(session), "one page to scrub through, for any browser"
        else:
            text = "\n".join(rendering.markdown_lines(agent, session.history())) + "\n"
            what = "the conversation as Markdown"
            cited = session.references()
        try:
            file.write_text(text, encoding="utf-8")
            if cited:
                file.with_suffix(".bib").write_text(bibtex(cited), encoding="utf-8")
                file.with_suffix(".csl.json").write_text(csl_json(cited), encoding="utf-8")
                what += ", its bibliography beside it (.bib, .csl.json)"
        except OSError as error:
            raise UsageError(
                f"{file} cannot be written: {os.strerror(error.errno or 0)}.", "Name another file."
            ) from None
        return what

    display.fetch(work, lambda what: display.say(f"written to {one_line(str(file.absolute()), 300)}: {what}"))


def copy(display: Display, words: Sequence[str]) -> None:
    """/copy"""
    text = display.copy_answer()
    display.say(
        f"copied {plural(len(text), 'character')} of the last answer" if text else "there is no answer to copy yet"
    )


def agents(display: Display, words: Sequence[str]) -> None:
    """/agents [NAME]"""
    if words:
        display.switch_agent(" ".join(words))
    else:
        display.open_agents()
        display.say("the agents are open: enter switches to one")
