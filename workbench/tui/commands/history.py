"""The slash commands over an agent's past: words come in, the branch moves, and the conversation is drawn again as it now is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workbench.api.events import Event
from workbench.api.history import EraserProtocol, ErasurePlan, Moved
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.controller import Desk
from workbench.tui.widgets.cells import number


def undo(desk: Desk, words: Sequence[str]) -> None:
    """/undo"""
    _move(desk, lambda: desk.session.timeline.undo())


def redo(desk: Desk, words: Sequence[str]) -> None:
    """/redo"""
    _move(desk, lambda: desk.session.timeline.redo())


def pop(desk: Desk, words: Sequence[str]) -> None:
    """/pop [N]"""
    messages = whole_number(words[0], "number of messages") if words else None
    _move(desk, lambda: desk.session.timeline.pop(messages))


def rethink(desk: Desk, words: Sequence[str]) -> None:
    """/rethink TEXT"""
    _move(desk, lambda: desk.session.timeline.rethink(" ".join(words)))


def rewrite(desk: Desk, words: Sequence[str]) -> None:
    """/rewrite TEXT"""
    _move(desk, lambda: desk.session.timeline.rewrite(" ".join(words)))


def retry(desk: Desk, words: Sequence[str]) -> None:
    """/retry"""
    _turn(desk, desk.session.timeline.retry, "asking the last question again; /undo brings the answer before back")


def summarize(desk: Desk, words: Sequence[str]) -> None:
    """/summarize"""
    _turn(desk, desk.session.timeline.summarize, "evicting what was said before the last question")


def heartbeat(desk: Desk, words: Sequence[str]) -> None:
    """/heartbeat"""
    _turn(desk, desk.session.timeline.heartbeat, "a turn for the model")


def memory_warning(desk: Desk, words: Sequence[str]) -> None:
    """/memorywarning"""
    _turn(desk, desk.session.timeline.memory_warning, "telling the model that its context is filling")


def diff(desk: Desk, words: Sequence[str]) -> None:
    """/diff [A [B]]"""
    if len(words) > 2:
        raise UsageError("Two steps are compared.", "For example /diff 3 4; /diff 3 compares with the next prompt.")
    chosen = [whole_number(word, "step") for word in words]
    first = chosen[0] if chosen else None
    second = chosen[1] if len(chosen) > 1 else None
    desk.open_diff(first, second)
    names = [f"step {number(step)}" if step else "the next prompt" for step in (first, second)]
    desk.say(f"comparing {names[0] if first else 'the newest step'} with {names[1]}")


def fork(desk: Desk, words: Sequence[str]) -> None:
    """/fork STEP [NAME]"""
    if not words:
        raise UsageError("Fork from which step?", "For example /fork 3; /context shows the steps.")
    step = whole_number(words[0], "step")
    name = " ".join(words[1:]) or None

    def work() -> str:
        made = desk.session.timeline.fork(step, name)
        desk.session.open_agent(made)
        return made

    def done(made: str) -> None:
        desk.refresh_identity()
        desk.refresh_library()
        desk.redraw(
            lambda: desk.say(f"{one_line(made, 80)} goes on from step {number(step)}; the other agent is as it was")
        )

    _idle(desk)
    desk.fetch(work, done)


def forget(desk: Desk, words: Sequence[str]) -> None:
    """/forget QUERY"""
    what = " ".join(words).strip()
    if not what:
        raise UsageError(
            "Forget what?", "/forget WORDS of a message, /forget #NUMBER, /forget @DOCUMENT or /forget source NAME."
        )
    _idle(desk)
    desk.fetch(lambda: _planned(desk.session.timeline.eraser, what), lambda plan: desk.confirm_erasure(plan))
    desk.say(f"looking for {one_line(what, 120)}; nothing is erased before you say so")


def _planned(eraser: EraserProtocol, what: str) -> ErasurePlan:
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


def _move(desk: Desk, work: Callable[[], Moved]) -> None:
    _idle(desk)

    def done(moved: Moved) -> None:
        desk.redraw(lambda: desk.say(one_line(moved.text, 300)))

    desk.fetch(work, done)


def _turn(desk: Desk, start: Callable[[], Iterator[Event]], said: str) -> None:
    _idle(desk)
    desk.say(said)
    desk.turn(start)


def _idle(desk: Desk) -> None:
    if desk.work.asking:
        raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")
