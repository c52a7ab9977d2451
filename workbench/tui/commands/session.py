"""The slash commands of every day: load, attach, memory, tokens, dump, model, theme, help."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.api.events import Attached, ContextAssembled, Detached, Event
from workbench.api.session import BlockView, SourceInfo
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.commands.display import Display
from workbench.tui.widgets.cells import number, plural
from workbench.tui.widgets.message_lines import wire_lines
from workbench.tui.widgets.segment_styles import PARTS, tokens_by_part

DUMPED_MESSAGES = 10


def load(display: Display, words: Sequence[str]) -> None:
    """/load PATH…"""
    if not words:
        raise UsageError("Which files or folders?", "For example /load ~/papers; f2 helps with the path.")
    display.load_paths(words)
    display.say(f"loading {', '.join(one_line(word, 80) for word in words)}; ask meanwhile, esc stops it")


def attach(display: Display, words: Sequence[str]) -> None:
    """/attach SOURCE"""
    _link(display, words, attach=True)


def detach(display: Display, words: Sequence[str]) -> None:
    """/detach SOURCE"""
    _link(display, words, attach=False)


def _link(display: Display, words: Sequence[str], *, attach: bool) -> None:
    name = " ".join(words)
    if not name:
        display.fetch(display.session.sources, lambda found: _which(display, found, attach=attach))
        return

    def done(event: Event) -> None:
        if isinstance(event, Attached):
            size = f"{plural(event.documents, 'doc')} · {plural(event.passages, 'passage')}"
            display.say(f"attached {one_line(event.source, 80)} · {size}")
        elif isinstance(event, Detached):
            display.say(f"detached {one_line(event.source, 80)}; it stays loaded")
        display.refresh_library()

    display.fetch(lambda: display.session.attach(name) if attach else display.session.detach(name), done)


def _which(display: Display, found: list[SourceInfo], *, attach: bool) -> None:
    names = [one_line(source.name, 60) for source in found if source.attached != attach]
    verb = "attach" if attach else "detach"
    display.say(f"/{verb} SOURCE: {', '.join(names)}" if names else f"there is nothing to {verb}")


def sources(display: Display, words: Sequence[str]) -> None:
    """/sources"""

    def done(found: list[SourceInfo]) -> None:
        lines = [
            f"{'●' if source.attached else ' '} {one_line(source.name, 40):<24} {plural(source.documents, 'doc'):>9}"
            f" · {plural(source.pages, 'page'):>11} · {plural(source.passages, 'passage'):>14}"
            + (f" · {one_line(source.embedding, 60)}" if source.embedding else "")
            for source in found
        ]
        display.say("\n".join(lines) if lines else "nothing is loaded yet: f2 or /load PATH")

    display.fetch(display.session.sources, done)


def memory(display: Display, words: Sequence[str]) -> None:
    """/memory"""

    def done(blocks: tuple[BlockView, ...]) -> None:
        parts = [
            f"{one_line(block.name, 40)} · {number(block.chars)}/{number(block.limit_chars)} chars\n"
            + "\n".join(f"  {line}" for line in (sanitize(block.text).strip() or "(empty)").split("\n"))
            for block in blocks
        ]
        display.say("\n".join(parts) if parts else "the working context is empty")

    display.fetch(display.session.memory, done)


def tokens(display: Display, words: Sequence[str]) -> None:
    """/tokens"""

    def done(context: ContextAssembled) -> None:
        totals = tokens_by_part(context.segments)
        sign = "" if context.exact else "~"
        lines = [f"{part.letter} {part.label:<10}{number(totals[part.letter]):>9}" for part in PARTS]
        lines.append(f"  {'used':<10}{sign + number(context.used):>9} of {number(context.usable)}")
        lines.append(f"R {'reserved':<10}{number(context.reserve):>9} for the answer")
        lines.append(f"  warn at {number(context.warn)}, evict at {number(context.flush)} tokens")
        display.say("\n".join(lines))

    display.fetch(display.session.context, done)


def context(display: Display, words: Sequence[str]) -> None:
    """/context [STEP]"""
    step = _count(words, "step") if words else None
    display.open_context(step)
    display.say(f"the prompt of step {step} is open" if step is not None else "the next prompt is open", passing=True)


def dump(display: Display, words: Sequence[str]) -> None:
    """/dump [N]"""
    last = _count(words, "number of messages") if words else DUMPED_MESSAGES
    display.fetch(
        lambda: display.session.transcript(last),
        lambda found: display.say(
            "\n".join(text for text, _ in wire_lines(found)) if found else "nothing has been said yet"
        ),
    )


def model(display: Display, words: Sequence[str]) -> None:
    """/model [NAME]"""
    if not words:
        window = f"window {number(display.session.window_tokens)} tokens"
        display.say(f"{one_line(display.session.model_label, 80)}, {window}; /model NAME changes it")
        return

    def done(label: str) -> None:
        display.say(f"{one_line(label, 80)} answers from now on")
        display.refresh_identity()

    display.fetch(lambda: display.session.use_model(words[0]), done)


def theme(display: Display, words: Sequence[str]) -> None:
    """/theme [NAME]"""
    if not words:
        display.say("themes: " + ", ".join(display.theme_names()))
        return
    display.choose_theme(words[0])
    display.say(f"theme {words[0]}")


def stop(display: Display, words: Sequence[str]) -> None:
    """/stop"""
    display.say(display.stop())


def save(display: Display, words: Sequence[str]) -> None:
    """/save"""
    display.fetch(display.session.save, lambda where: display.say(f"saved as it happens, in {one_line(where, 300)}"))


def help_(display: Display, words: Sequence[str]) -> None:
    """/help [COMMAND]"""
    if words:
        display.say(display.command_help(words[0].lstrip("/")))
        return
    # In the chat, which stays at its end, one would begin to read at the last command.
    display.open_help()
    display.say("the list of commands is open; f1 is the help on the pane with the focus", passing=True)


def exit_(display: Display, words: Sequence[str]) -> None:
    """/exit"""
    display.say("leaving")
    display.leave()


def _count(words: Sequence[str], noun: str) -> int:
    try:
        count = int(words[0].replace(",", ""))
    except ValueError:
        count = 0
    if count < 1:
        raise UsageError(f"{one_line(words[0], 40)!r} is not a {noun}.", "It is a whole number from 1 on.")
    return count
