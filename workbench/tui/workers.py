"""Everything that blocks runs here, in worker threads: questions, loads, searches and small requests, a group each.

Results come back as messages to the app, so nothing of the session is ever waited for on the event loop.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message

from workbench.api.events import AnswerDelta, ContextAssembled, Event, Failed, LoadProgress, Thinking
from workbench.api.session import SessionProtocol
from workbench.core.errors import WorkbenchError

if TYPE_CHECKING:
    from textual.app import App

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Happened(Message):
    """An event of the session crossed into the display."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event

    def can_replace(self, message: Message) -> bool:
        """Frequent events are coalesced: only the latest of a run of them is drawn."""
        kind = type(self.event)
        return (
            kind in (LoadProgress, ContextAssembled) and isinstance(message, Happened) and type(message.event) is kind
        )


class Streamed(Message):
    """Pieces of an answer or of thoughts, as many as came until they are taken: a model writes some hundred a second."""

    def __init__(self, piece: AnswerDelta | Thinking) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._pieces: list[AnswerDelta | Thinking] | None = [piece]

    def add(self, piece: AnswerDelta | Thinking) -> bool:
        """Add what came next; False once they were taken."""
        with self._lock:
            if self._pieces is None:
                return False
            self._pieces.append(piece)
            return True

    def take(self) -> list[AnswerDelta | Thinking]:
        """What came, once; none the second time."""
        with self._lock:
            pieces, self._pieces = self._pieces, None
            return pieces or []


class Overheard(Happened):
    """An event of something that was not asked for on this screen."""


class Arrived(Message):
    """Something that was fetched is here."""

    def __init__(self, deliver: Callable[[], None]) -> None:
        super().__init__()
        self.deliver = deliver


class Ended(Message):
    """A question ("ask"), a load ("load") or a sweep ("sweep") is over."""

    def __init__(self, group: str) -> None:
        super().__init__()
        self.group = group


class Left(Message):
    """Everything was told to stop, for the end of the program."""


class Work:
    """The threads behind the screen: one question and one load at a time, side by side."""

    def __init__(self, app: App[int], session: SessionProtocol) -> None:
        self._app = app
        self._session = session
        self._waiting: deque[str] = deque()
        self._loads: deque[Callable[[], Iterator[Event]]] = deque()
        self._running: set[str] = set()
        self.leaving = False

    @property
    def asking(self) -> bool:
        """Whether a question is being answered, asked here or elsewhere."""
        return not self._running.isdisjoint(("ask", "elsewhere"))

    @property
    def elsewhere(self) -> bool:
        """Whether a question is being answered that another display asked."""
        return "elsewhere" in self._running

    def begin_elsewhere(self) -> bool:
        """Another display asks; False when it does already. What is asked here waits."""
        new = not self.asking
        self._running |= {"elsewhere"} if new else set()
        return new

    def end_elsewhere(self) -> bool:
        """It is over; False when there was nothing."""
        before = self.elsewhere
        self._running.discard("elsewhere")
        return before

    @property
    def loading(self) -> bool:
        """Whether documents are being loaded."""
        return "load" in self._running

    def ask(self, text: str) -> bool:
        """Answer a question; False when it has to wait for the one before."""
        if self.asking:
            self._waiting.append(text)
            return False
        self._drain("ask", partial(self._session.submit, text))
        return True

    def turn(self, start: Callable[[], Iterator[Event]]) -> None:
        """Run what the agent does without a question; nothing may be under way."""
        self._drain("ask", start)

    def next_question(self) -> str | None:
        """The question that waited longest, which is asked now."""
        if not self._waiting or self.asking:
            return None
        text = self._waiting.popleft()
        self.ask(text)
        return text

    @property
    def waiting(self) -> Sequence[str]:
        """The questions that wait, the next one first."""
        return tuple(self._waiting)

    def take_waiting(self) -> list[str]:
        """The questions that wait, which are no longer asked by themselves."""
        texts = list(self._waiting)
        self._waiting.clear()
        return texts

    @property
    def sweeping(self) -> bool:
        """Whether the archive is swept for the user."""
        return "sweep" in self._running

    def sweep(self, start: Callable[[], Iterator[Event]]) -> bool:
        """Sweep the archive beside whatever else runs; False when a sweep is running already."""
        if self.sweeping:
            return False
        self._drain("sweep", start)
        return True

    def load(self, paths: Sequence[str | Path]) -> None:
        """Load and attach; one load after the other."""
        self.queue_load(partial(self._session.load, [str(path) for path in paths]))

    def queue_load(self, start: Callable[[], Iterator[Event]]) -> None:
        """Run a load of any kind, after the one that runs."""
        if self.loading:
            self._loads.append(start)
        else:
            self._drain("load", start)

    def start_load(self, start: Callable[[], Iterator[Event]]) -> bool:
        """Run a load of another kind; False when one is running already."""
        if self.loading:
            return False
        self._drain("load", start)
        return True

    def next_load(self) -> None:
        """Start the load that waited longest."""
        if self._loads and not self.loading:
            self.queue_load(self._loads.popleft())

    def stream(
        self,
        group: str,
        start: Callable[[], Iterator[Result]],
        each: Callable[[Result], None],
        over: Callable[[str], None],
    ) -> bool:
        """Run what yields items in a thread; on the event loop `each` gets them and `over` is told why it failed, if it did.

        False while a run of this group has not ended.
        """
        if group in self._running:
            return False
        self._running.add(group)

        def ended(failure: str) -> None:
            self._running.discard(group)
            over(failure)

        def run() -> None:
            failure = ""
            try:
                for item in start():
                    if self.leaving:
                        return
                    self._app.post_message(Arrived(partial(each, item)))
            except Exception as error:
                failure = _told(error)
            finally:
                self._app.post_message(Arrived(partial(ended, failure)))

        self._app.run_worker(run, group=group, thread=True, exit_on_error=False)
        return True

    def fetch(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        group: str = "fetch",
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Run `work` in a thread, then `then` with its result on the event loop. Of searches the latest wins.

        An error is drawn like one of an answer, unless `failed` takes its words.
        """

        def run() -> None:
            try:
                result = work()
            except Exception as error:
                if failed is None:
                    self._fail(error)
                else:
                    self._app.post_message(Arrived(partial(failed, _told(error))))
            else:
                self._app.post_message(Arrived(partial(then, result)))

        self._app.run_worker(run, group=group, thread=True, exclusive=group == "search", exit_on_error=False)

    def listen(self) -> None:
        """Hear what is done elsewhere, until the end."""

        def run() -> None:
            for event in self._session.subscription.events():
                if not self.leaving:
                    self._app.post_message(Overheard(event))

        # A thread of its own: however the screen ends, nothing waits for one that only listens.
        threading.Thread(target=run, name="listen", daemon=True).start()

    @property
    def doing(self) -> str:
        """What is under way, for whoever waits for its end; "" when nothing is."""
        named = {
            "ask": "the answer",
            "load": "the load",
            "sweep": "the sweep",
            "table": "the table",
            "check": "the check",
        }
        return " and ".join(name for group, name in named.items() if group in self._running)

    def leave(self) -> None:
        """Tell everything to stop, for the end of the program; Left comes when it is told.

        In a thread: the process that owns the database may be one that does not answer.
        """
        self.leaving = True
        self._waiting.clear()
        self._loads.clear()

        def run() -> None:
            with contextlib.suppress(WorkbenchError):  # the process that runs them may have ended
                self._session.stop_load()
                self._session.stop()
                self._session.stop()
                if "table" in self._running:
                    self._session.question_tables.stop()
                if "check" in self._running:
                    self._session.checks.stop()
            self._session.subscription.close()
            self._app.post_message(Left())

        threading.Thread(target=run, name="leave", daemon=True).start()

    def ended(self, group: str) -> None:
        """A group is free again."""
        self._running.discard(group)

    def _drain(self, group: str, start: Callable[[], Iterator[Event]]) -> None:
        self._running.add(group)

        def run() -> None:
            stream: Streamed | None = None
            try:
                for event in start():
                    if self.leaving:
                        continue
                    if not isinstance(event, (AnswerDelta, Thinking)):
                        stream = None
                        self._app.post_message(Happened(event))
                    elif stream is None or not stream.add(event):
                        stream = Streamed(event)
                        self._app.post_message(stream)
            except Exception as error:
                self._fail(error)
            finally:
                self._app.post_message(Ended(group))

        self._app.run_worker(run, group=group, thread=True, exit_on_error=False)

    def _fail(self, error: Exception) -> None:
        if not self.leaving:
            self._app.post_message(Happened(_failed(error)))


def _failed(error: Exception) -> Failed:
    """What people read of an error; one that nobody expected is logged."""
    if isinstance(error, WorkbenchError):
        return Failed(message=error.message, hint=error.hint, kind=type(error).__name__)
    log.error("a worker of the screen failed", exc_info=error)
    return Failed(message=f"Something unexpected: {type(error).__name__}: {error}", hint="The log has the details.")


def _told(error: Exception) -> str:
    """What people read of an error, as one text."""
    failed = _failed(error)
    return f"{failed.message} {failed.hint}".strip()
