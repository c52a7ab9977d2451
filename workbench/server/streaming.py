"""Brings the events of work that blocks into the event loop, and keeps a stream alive while nothing happens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

from workbench.api.events import Event

KEEP_ALIVE_SECONDS = 15.0
"""How long a stream of events may be silent before a comment is sent, so that no proxy takes it for dead."""
KEEP_ALIVE = ": working\n\n"
"""A comment of server-sent events; clients pass over it."""


class _End:
    """The last thing that a worker thread says: the error that ended it, or None."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


async def events_of(work: Callable[[], Iterator[Event]], stop: Callable[[], None]) -> AsyncGenerator[Event, None]:
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


async def kept_alive(events: AsyncGenerator[Event, None]) -> AsyncIterator[Event | None]:
    """The events as they come, and None whenever none came for KEEP_ALIVE_SECONDS. The events are closed with this."""
    pending: asyncio.Task[Event] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait([pending], timeout=KEEP_ALIVE_SECONDS)
            if not done:
                yield None
                continue
            try:
                event = pending.result()
            except StopAsyncIteration:
                return
            finally:
                pending = None
            yield event
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        await events.aclose()
