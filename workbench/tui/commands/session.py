"""What each slash command does: the desk and the words come in, at least one line in the chat goes out."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.api.events import Attached, ContextAssembled, Detached, Event
from workbench.api.session import BlockView, SourceInfo
from workbench.core.errors import UsageError
from workbench.core.sanitize import clean, one_line
from workbench.tui.controller import Desk
from workbench.tui.widgets.cells import number, plural
from workbench.tui.widgets.message_lines import wire_lines
from workbench.tui.widgets.segment_styles import PARTS, tokens_by_part

DUMPED_MESSAGES = 10


def load(desk: Desk, words: Sequence[str]) -> None:
    """/load PATH…"""
    if not words:
        raise UsageError("Which files or folders?", "For example /load ~/papers; f2 helps with the path.")
    desk.start_load(words)
    desk.say(f"loading {', '.join(one_line(word, 80) for word in words)}; ask meanwhile, esc stops it")


def attach(desk: Desk, words: Sequence[str]) -> None:
    """/attach SOURCE"""
    _link(desk, words, attach=True)


def detach(desk: Desk, words: Sequence[str]) -> None:
    """/detach SOURCE"""
    _link(desk, words, attach=False)


def _link(desk: Desk, words: Sequence[str], *, attach: bool) -> None:
    name = " ".join(words)
    if not name:
        desk.fetch(desk.session.sources, lambda found: _which(desk, found, attach=attach))
        return

    def done(event: Event) -> None:
        if isinstance(event, Attached):
            size = f"{plural(event.documents, 'doc')} · {plural(event.passages, 'passage')}"
            desk.say(f"attached {one_line(event.source, 80)} · {size}")
        elif isinstance(event, Detached):
            desk.say(f"detached {one_line(event.source, 80)}; it stays loaded")
        desk.refresh_library()

    desk.fetch(lambda: desk.session.attach(name) if attach else desk.session.detach(name), done)


def _which(desk: Desk, found: list[SourceInfo], *, attach: bool) -> None:
    names = [one_line(source.name, 60) for source in found if source.attached != attach]
    verb = "attach" if attach else "detach"
    desk.say(f"/{verb} SOURCE: {', '.join(names)}" if names else f"there is nothing to {verb}")


def sources(desk: Desk, words: Sequence[str]) -> None:
    """/sources"""

    def done(found: list[SourceInfo]) -> None:
        lines = [
            f"{'●' if source.attached else ' '} {one_line(source.name, 40):<24} {plural(source.documents, 'doc'):>9}"
            f" · {plural(source.pages, 'page'):>11} · {plural(source.passages, 'passage'):>14}"
            for source in found
        ]
        desk.say("\n".join(lines) if lines else "nothing is loaded yet: f2 or /load PATH")

    desk.fetch(desk.session.sources, done)


def memory(desk: Desk, words: Sequence[str]) -> None:
    """/memory"""

    def done(blocks: tuple[BlockView, ...]) -> None:
        parts = [
            f"{one_line(block.name, 40)} · {number(block.chars)}/{number(block.limit_chars)} chars\n"
            + "\n".join(f"  {line}" for line in (clean(block.text).strip() or "(empty)").split("\n"))
            for block in blocks
        ]
        desk.say("\n".join(parts) if parts else "the working context is empty")

    desk.fetch(desk.session.memory, done)


def tokens(desk: Desk, words: Sequence[str]) -> None:
    """/tokens"""

    def done(context: ContextAssembled) -> None:
        totals = tokens_by_part(context.segments)
        sign = "" if context.exact else "~"
        lines = [f"{part.letter} {part.label:<10}{number(totals[part.letter]):>9}" for part in PARTS]
        lines.append(f"  {'used':<10}{sign + number(context.used):>9} of {number(context.window)}")
        lines.append(f"R {'reserved':<10}{number(context.reserve):>9} for the answer")
        lines.append(f"  warn at {number(context.warn)}, evict at {number(context.flush)} tokens")
        desk.say("\n".join(lines))

    desk.fetch(desk.session.context, done)


def context(desk: Desk, words: Sequence[str]) -> None:
    """/context [STEP]"""
    step = _count(words, "step") if words else None
    desk.open_context(step)
    desk.say(f"the prompt of step {step} is open" if step is not None else "the next prompt is open")


def dump(desk: Desk, words: Sequence[str]) -> None:
    """/dump [N]"""
    last = _count(words, "number of messages") if words else DUMPED_MESSAGES
    desk.fetch(
        lambda: desk.session.transcript(last),
        lambda found: desk.say(
            "\n".join(text for text, _ in wire_lines(found)) if found else "nothing has been said yet"
        ),
    )


def model(desk: Desk, words: Sequence[str]) -> None:
    """/model [NAME]"""
    if not words:
        window = f"window {number(desk.session.window_tokens)} tokens"
        desk.say(f"{one_line(desk.session.model_label, 80)}, {window}; /model NAME changes it")
        return

    def done(label: str) -> None:
        desk.say(f"{one_line(label, 80)} answers from now on")
        desk.refresh_identity()

    desk.fetch(lambda: desk.session.use_model(words[0]), done)


def theme(desk: Desk, words: Sequence[str]) -> None:
    """/theme [NAME]"""
    if not words:
        desk.say("themes: " + ", ".join(desk.theme_names()))
        return
    desk.choose_theme(words[0])
    desk.say(f"theme {words[0]}")


def stop(desk: Desk, words: Sequence[str]) -> None:
    """/stop"""
    desk.say(desk.stop())


def save(desk: Desk, words: Sequence[str]) -> None:
    """/save"""
    desk.fetch(desk.session.save, lambda where: desk.say(f"saved as it happens, in {one_line(where, 300)}"))


def help_(desk: Desk, words: Sequence[str]) -> None:
    """/help [COMMAND]"""
    # The table is above this module: it names these functions.
    from workbench.tui.commands import registry

    if words:
        command = registry.find(words[0].lstrip("/"))
        desk.say(f"{command.usage}: {command.help}")
        return
    desk.say("\n".join(registry.help_lines()))


def exit_(desk: Desk, words: Sequence[str]) -> None:
    """/exit"""
    desk.say("leaving")
    desk.leave()


def _count(words: Sequence[str], noun: str) -> int:
    try:
        count = int(words[0].replace(",", ""))
    except ValueError:
        count = 0
    if count < 1:
        raise UsageError(f"{one_line(words[0], 40)!r} is not a {noun}.", "It is a whole number from 1 on.")
    return count
