"""What each slash command does: the desk and the words come in, at least one line in the chat goes out."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.api.events import Attached, ContextAssembled, Detached, Event
from workbench.api.session import BlockView, SourceInfo
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.controller import Controller
from workbench.tui.widgets.cells import number, plural
from workbench.tui.widgets.message_lines import wire_lines
from workbench.tui.widgets.segment_styles import PARTS, tokens_by_part

DUMPED_MESSAGES = 10


def load(controller: Controller, words: Sequence[str]) -> None:
    """/load PATH…"""
    if not words:
        raise UsageError("Which files or folders?", "For example /load ~/papers; f2 helps with the path.")
    controller.start_load(words)
    controller.say(f"loading {', '.join(one_line(word, 80) for word in words)}; ask meanwhile, esc stops it")


def attach(controller: Controller, words: Sequence[str]) -> None:
    """/attach SOURCE"""
    _link(controller, words, attach=True)


def detach(controller: Controller, words: Sequence[str]) -> None:
    """/detach SOURCE"""
    _link(controller, words, attach=False)


def _link(controller: Controller, words: Sequence[str], *, attach: bool) -> None:
    name = " ".join(words)
    if not name:
        controller.fetch(controller.session.sources, lambda found: _which(controller, found, attach=attach))
        return

    def done(event: Event) -> None:
        if isinstance(event, Attached):
            size = f"{plural(event.documents, 'doc')} · {plural(event.passages, 'passage')}"
            controller.say(f"attached {one_line(event.source, 80)} · {size}")
        elif isinstance(event, Detached):
            controller.say(f"detached {one_line(event.source, 80)}; it stays loaded")
        controller.refresh_library()

    controller.fetch(lambda: controller.session.attach(name) if attach else controller.session.detach(name), done)


def _which(controller: Controller, found: list[SourceInfo], *, attach: bool) -> None:
    names = [one_line(source.name, 60) for source in found if source.attached != attach]
    verb = "attach" if attach else "detach"
    controller.say(f"/{verb} SOURCE: {', '.join(names)}" if names else f"there is nothing to {verb}")


def sources(controller: Controller, words: Sequence[str]) -> None:
    """/sources"""

    def done(found: list[SourceInfo]) -> None:
        lines = [
            f"{'●' if source.attached else ' '} {one_line(source.name, 40):<24} {plural(source.documents, 'doc'):>9}"
            f" · {plural(source.pages, 'page'):>11} · {plural(source.passages, 'passage'):>14}"
            for source in found
        ]
        controller.say("\n".join(lines) if lines else "nothing is loaded yet: f2 or /load PATH")

    controller.fetch(controller.session.sources, done)


def memory(controller: Controller, words: Sequence[str]) -> None:
    """/memory"""

    def done(blocks: tuple[BlockView, ...]) -> None:
        parts = [
            f"{one_line(block.name, 40)} · {number(block.chars)}/{number(block.limit_chars)} chars\n"
            + "\n".join(f"  {line}" for line in (sanitize(block.text).strip() or "(empty)").split("\n"))
            for block in blocks
        ]
        controller.say("\n".join(parts) if parts else "the working context is empty")

    controller.fetch(controller.session.memory, done)


def tokens(controller: Controller, words: Sequence[str]) -> None:
    """/tokens"""

    def done(context: ContextAssembled) -> None:
        totals = tokens_by_part(context.segments)
        sign = "" if context.exact else "~"
        lines = [f"{part.letter} {part.label:<10}{number(totals[part.letter]):>9}" for part in PARTS]
        lines.append(f"  {'used':<10}{sign + number(context.used):>9} of {number(context.window)}")
        lines.append(f"R {'reserved':<10}{number(context.reserve):>9} for the answer")
        lines.append(f"  warn at {number(context.warn)}, evict at {number(context.flush)} tokens")
        controller.say("\n".join(lines))

    controller.fetch(controller.session.context, done)


def context(controller: Controller, words: Sequence[str]) -> None:
    """/context [STEP]"""
    step = _count(words, "step") if words else None
    controller.open_context(step)
    controller.say(f"the prompt of step {step} is open" if step is not None else "the next prompt is open")


def dump(controller: Controller, words: Sequence[str]) -> None:
    """/dump [N]"""
    last = _count(words, "number of messages") if words else DUMPED_MESSAGES
    controller.fetch(
        lambda: controller.session.transcript(last),
        lambda found: controller.say(
            "\n".join(text for text, _ in wire_lines(found)) if found else "nothing has been said yet"
        ),
    )


def model(controller: Controller, words: Sequence[str]) -> None:
    """/model [NAME]"""
    if not words:
        window = f"window {number(controller.session.window_tokens)} tokens"
        controller.say(f"{one_line(controller.session.model_label, 80)}, {window}; /model NAME changes it")
        return

    def done(label: str) -> None:
        controller.say(f"{one_line(label, 80)} answers from now on")
        controller.refresh_identity()

    controller.fetch(lambda: controller.session.use_model(words[0]), done)


def theme(controller: Controller, words: Sequence[str]) -> None:
    """/theme [NAME]"""
    if not words:
        controller.say("themes: " + ", ".join(controller.theme_names()))
        return
    controller.choose_theme(words[0])
    controller.say(f"theme {words[0]}")


def stop(controller: Controller, words: Sequence[str]) -> None:
    """/stop"""
    controller.say(controller.stop())


def save(controller: Controller, words: Sequence[str]) -> None:
    """/save"""
    controller.fetch(
        controller.session.save, lambda where: controller.say(f"saved as it happens, in {one_line(where, 300)}")
    )


def help_(controller: Controller, words: Sequence[str]) -> None:
    """/help [COMMAND]"""
    # The table is above this module: it names these functions.
    from workbench.tui.commands import registry

    if words:
        command = registry.find(words[0].lstrip("/"))
        controller.say(f"{command.usage}: {command.help}")
        return
    controller.say("\n".join(registry.help_lines()))


def exit_(controller: Controller, words: Sequence[str]) -> None:
    """/exit"""
    controller.say("leaving")
    controller.leave()


def _count(words: Sequence[str], noun: str) -> int:
    try:
        count = int(words[0].replace(",", ""))
    except ValueError:
        count = 0
    if count < 1:
        raise UsageError(f"{one_line(words[0], 40)!r} is not a {noun}.", "It is a whole number from 1 on.")
    return count
