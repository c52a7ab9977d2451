"""The slash commands that change an agent's past: undo, retry, fork, forget and their like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workbench.api.events import Event
from workbench.api.history import ErasurePlan, ErasureServiceProtocol, Moved
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.commands.display import Display
from workbench.tui.widgets.cells import number


def undo(display: Display, words: Sequence[str]) -> None:
    """/undo"""
    _move(display, lambda: display.session.timeline.undo())


def redo(display: Display, words: Sequence[str]) -> None:
    """/redo"""
    _move(display, lambda: display.session.timeline.redo())


def pop(display: Display, words: Sequence[str]) -> None:
    """/pop [N]"""
    messages = whole_number(words[0], "number of messages") if words else None
    _move(display, lambda: display.session.timeline.pop(messages))


def rethink(display: Display, words: Sequence[str]) -> None:
    """/rethink TEXT"""
    _move(display, lambda: display.session.timeline.rethink(" ".join(words)))


def rewrite(display: Display, words: Sequence[str]) -> None:
    """/rewrite TEXT"""
    _move(display, lambda: display.session.timeline.rewrite(" ".join(words)))


def retry(display: Display, words: Sequence[str]) -> None:
    """/retry"""
    display.look_for_server()
    _turn(
        display,
        display.session.timeline.retry,
        "asking the last question again; /undo brings the answer before back",
    )


def btw(display: Display, words: Sequence[str]) -> None:
    """/btw TEXT"""
    if not words:
        raise UsageError("Ask what?", "For example /btw what does TLB stand for?")
    display.ask_aside(" ".join(words))


def summarize(display: Display, words: Sequence[str]) -> None:
    """/summarize"""
    _turn(display, display.session.timeline.summarize, "evicting what was said before the last question")


def heartbeat(display: Display, words: Sequence[str]) -> None:
    """/heartbeat"""
    _turn(display, display.session.timeline.heartbeat, "a turn for the model")


def memory_warning(display: Display, words: Sequence[str]) -> None:
    """/memorywarning"""
    _turn(display, display.session.timeline.memory_warning, "telling the model that its context is filling")


def diff(display: Display, words: Sequence[str]) -> None:
    """/diff [A [B]]"""
    if len(words) > 2:
        raise UsageError("Two steps are compared.", "For example /diff 3 4; /diff 3 compares with the next prompt.")
    chosen = [whole_number(word, "step") for word in words]
    first = chosen[0] if chosen else None
    second = chosen[1] if len(chosen) > 1 else None
    display.open_diff(first, second)
    names = [f"step {number(step)}" if step else "the next prompt" for step in (first, second)]
    display.say(f"comparing {names[0] if first else 'the newest step'} with {names[1]}", passing=True)


def fork(display: Display, words: Sequence[str]) -> None:
    """/fork STEP [NAME]"""
    if not words:
        raise UsageError("Fork from which step?", "For example /fork 3; /context shows the steps.")
    step = whole_number(words[0], "step")
    name = " ".join(words[1:]) or None

    def work() -> str:
        made = display.session.timeline.fork(step, name)
        display.session.open_agent(made)
        return made

    def done(made: str) -> None:
        display.refresh_identity()
        display.refresh_library()
        display.redraw(
            lambda: display.say(f"{one_line(made, 80)} goes on from step {number(step)}; the other agent is as it was")
        )

    _idle(display)
    display.fetch(work, done)


def forget(display: Display, words: Sequence[str]) -> None:
    """/forget QUERY"""
    what = " ".join(words).strip()
    if not what:
        raise UsageError(
            "Forget what?", "/forget WORDS of a message, /forget #NUMBER, /forget @DOCUMENT or /forget source NAME."
        )
    _idle(display)
    display.fetch(lambda: _planned(display.session.timeline.eraser, what), lambda plan: display.confirm_erasure(plan))
    display.say(f"looking for {one_line(what, 120)}; nothing is erased before you say so")


def _planned(eraser: ErasureServiceProtocol, what: str) -> ErasurePlan:
    if what.startswith("#") and what[1:].isdigit():
        return eraser.message(int(what[1:]))
    if what.startswith("@"):
        return eraser.document(what[1:])
    if what.startswith("source "):
        return eraser.source(what.removeprefix("source ").strip())
    return eraser.words(what)


def whole_number(word: str, noun: str) -> int:
    """A number from 1 on. Raises UsageError."""
    try:
        found = int(word.lstrip("#").replace(",", ""))
    except ValueError:
        found = 0
    if found < 1:
        raise UsageError(f"{one_line(word, 40)!r} is not a {noun}.", "It is a whole number from 1 on.")
    return found


def _move(display: Display, work: Callable[[], Moved]) -> None:
    _idle(display)

    def done(moved: Moved) -> None:
        display.redraw(lambda: display.say(one_line(moved.text, 300)))

    display.fetch(work, done)


def _turn(display: Display, start: Callable[[], Iterator[Event]], said: str) -> None:
    _idle(display)
    display.say(said)
    display.turn(start)


def _idle(display: Display) -> None:
    if display.asking:
        raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")
