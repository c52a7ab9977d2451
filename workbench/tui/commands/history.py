"""The slash commands over an agent's past: words come in, the branch moves, and the conversation is drawn again as it now is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workbench.api.events import Event
from workbench.api.history import ErasurePlan, ErasureServiceProtocol, Moved
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.controller import Controller
from workbench.tui.widgets.cells import number


def undo(controller: Controller, words: Sequence[str]) -> None:
    """/undo"""
    _move(controller, lambda: controller.session.timeline.undo())


def redo(controller: Controller, words: Sequence[str]) -> None:
    """/redo"""
    _move(controller, lambda: controller.session.timeline.redo())


def pop(controller: Controller, words: Sequence[str]) -> None:
    """/pop [N]"""
    messages = whole_number(words[0], "number of messages") if words else None
    _move(controller, lambda: controller.session.timeline.pop(messages))


def rethink(controller: Controller, words: Sequence[str]) -> None:
    """/rethink TEXT"""
    _move(controller, lambda: controller.session.timeline.rethink(" ".join(words)))


def rewrite(controller: Controller, words: Sequence[str]) -> None:
    """/rewrite TEXT"""
    _move(controller, lambda: controller.session.timeline.rewrite(" ".join(words)))


def retry(controller: Controller, words: Sequence[str]) -> None:
    """/retry"""
    _turn(
        controller,
        controller.session.timeline.retry,
        "asking the last question again; /undo brings the answer before back",
    )


def summarize(controller: Controller, words: Sequence[str]) -> None:
    """/summarize"""
    _turn(controller, controller.session.timeline.summarize, "evicting what was said before the last question")


def heartbeat(controller: Controller, words: Sequence[str]) -> None:
    """/heartbeat"""
    _turn(controller, controller.session.timeline.heartbeat, "a turn for the model")


def memory_warning(controller: Controller, words: Sequence[str]) -> None:
    """/memorywarning"""
    _turn(controller, controller.session.timeline.memory_warning, "telling the model that its context is filling")


def diff(controller: Controller, words: Sequence[str]) -> None:
    """/diff [A [B]]"""
    if len(words) > 2:
        raise UsageError("Two steps are compared.", "For example /diff 3 4; /diff 3 compares with the next prompt.")
    chosen = [whole_number(word, "step") for word in words]
    first = chosen[0] if chosen else None
    second = chosen[1] if len(chosen) > 1 else None
    controller.open_diff(first, second)
    names = [f"step {number(step)}" if step else "the next prompt" for step in (first, second)]
    controller.say(f"comparing {names[0] if first else 'the newest step'} with {names[1]}")


def fork(controller: Controller, words: Sequence[str]) -> None:
    """/fork STEP [NAME]"""
    if not words:
        raise UsageError("Fork from which step?", "For example /fork 3; /context shows the steps.")
    step = whole_number(words[0], "step")
    name = " ".join(words[1:]) or None

    def work() -> str:
        made = controller.session.timeline.fork(step, name)
        controller.session.open_agent(made)
        return made

    def done(made: str) -> None:
        controller.refresh_identity()
        controller.refresh_library()
        controller.redraw(
            lambda: controller.say(
                f"{one_line(made, 80)} goes on from step {number(step)}; the other agent is as it was"
            )
        )

    _idle(controller)
    controller.fetch(work, done)


def forget(controller: Controller, words: Sequence[str]) -> None:
    """/forget QUERY"""
    what = " ".join(words).strip()
    if not what:
        raise UsageError(
            "Forget what?", "/forget WORDS of a message, /forget #NUMBER, /forget @DOCUMENT or /forget source NAME."
        )
    _idle(controller)
    controller.fetch(
        lambda: _planned(controller.session.timeline.eraser, what), lambda plan: controller.confirm_erasure(plan)
    )
    controller.say(f"looking for {one_line(what, 120)}; nothing is erased before you say so")


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


def _move(controller: Controller, work: Callable[[], Moved]) -> None:
    _idle(controller)

    def done(moved: Moved) -> None:
        controller.redraw(lambda: controller.say(one_line(moved.text, 300)))

    controller.fetch(work, done)


def _turn(controller: Controller, start: Callable[[], Iterator[Event]], said: str) -> None:
    _idle(controller)
    controller.say(said)
    controller.turn(start)


def _idle(controller: Controller) -> None:
    if controller.work.asking:
        raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")
