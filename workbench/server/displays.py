"""Keeps a session for each agent that clients of the server work with, and runs its questions one after the other.

The screen holds one session; a server holds many, over the same AppContext. A question that comes while another one is
answered waits for its turn, so that no message of a client is refused because another client was quicker.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from workbench.api.events import Event
from workbench.core.errors import ArchiveBusy, UsageError
from workbench.core.settings import read_settings
from workbench.services.container import AppContext
from workbench.services.session import Session

_OPEN_AT_MOST = 64
"""Sessions of agents that nobody has asked for lately are closed beyond this many; the agents stay as they are."""
_CHOSEN_BY_CLIENTS = ("model", "window_tokens", "preset", "persona", "human")
"""What a client may choose for a new agent. Never an address: the key of the settings would be sent there."""


class Display:
    """One agent's session on the server."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.turn = asyncio.Lock()
        """Held while a question is answered; others wait for it."""
        self.users = 0
        """How many requests work with it now."""


class Displays:
    """The open sessions by the agent's name in the archive. Used from the event loop; what blocks runs in threads."""

    def __init__(self, app: AppContext) -> None:
        self._app = app
        self._open: OrderedDict[str, Display] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def app(self) -> AppContext:
        """What all sessions share."""
        return self._app

    def create(self, stored: str, chosen: dict[str, Any]) -> None:
        """Make an agent. Blocks. Raises UsageError for a taken name or an unknown setting, NotFound for an unknown preset."""
        settings = read_settings(
            self._app.paths.settings_file,
            {key: chosen[key] for key in _CHOSEN_BY_CLIENTS if chosen.get(key) is not None},
        )
        with Session(settings, self._app.paths, app=self._app) as session:
            session.agent_service.create(stored)

    @contextmanager
    def using(self, stored: str) -> Iterator[Display]:
        """The display of an agent that is there. Blocks when it is opened. Raises NotFound, ArchiveBusy while the server ends."""
        display = self._take(stored)
        try:
            yield display
        finally:
            with self._lock:
                display.users -= 1
            self._close_idle()

    def _take(self, stored: str) -> Display:
        with self._lock:
            if self._closed:
                raise ArchiveBusy("The server is about to end.", "Start it again with `workbench serve`.")
            display = self._open.get(stored)
            if display is None:
                session = Session(read_settings(self._app.paths.settings_file), self._app.paths, app=self._app)
                try:
                    session.open_existing(stored)
                except BaseException:
                    session.close()
                    raise
                display = self._open[stored] = Display(session)
            self._open.move_to_end(stored)
            display.users += 1
            return display

    def forget(self, stored: str) -> None:
        """Close the session of an agent that is about to be renamed or deleted. Raises UsageError while it answers."""
        with self._lock:
            display = self._open.get(stored)
            if display is None:
                return
            if display.users or display.session.busy:
                raise UsageError(f"Agent {stored!r} is answering a question.", "Wait for it, or stop it.")
            del self._open[stored]
        display.session.close()

    def _close_idle(self) -> None:
        idle: list[Display] = []
        with self._lock:
            for name in list(self._open):
                if len(self._open) <= _OPEN_AT_MOST:
                    break
                if not self._open[name].users and not self._open[name].session.busy:
                    idle.append(self._open.pop(name))
        for display in idle:
            display.session.close()

    def close(self) -> None:
        """Stop what runs, and close every session."""
        with self._lock:
            self._closed = True
            displays = list(self._open.values())
            self._open.clear()
        for display in displays:
            display.session.close()


class _End:
    """The last thing that a worker thread says: the error that ended it, or None."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


async def events_of(work: Callable[[], Iterator[Event]], stop: Callable[[], None]) -> AsyncIterator[Event]:
    """Run a generator that blocks in a thread of its own, and give its events here as they come.

    Whoever stops listening ends it: `stop` is called twice (after the step; at once), and the thread runs out by itself.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | _End] = asyncio.Queue()

    def tell(item: Event | _End) -> None:
        try:
            loop.call_soon_threadsafe(queue.put_nowait, item)
        except RuntimeError:
            stop()  # the loop has ended: so has whoever listened

    def run() -> None:
        try:
            for event in work():
                tell(event)
        except BaseException as error:  # whatever it was, the listener is told
            tell(_End(error))
        else:
            tell(_End(None))

    thread = threading.Thread(target=run, name="server-question", daemon=True)
    thread.start()
    ended = False
    try:
        while True:
            item = await queue.get()
            if isinstance(item, _End):
                ended = True
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        if not ended:
            stop()
            stop()
            await asyncio.shield(asyncio.to_thread(thread.join, 30.0))
