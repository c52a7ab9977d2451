"""Draws what other displays and commands do to the agent on this screen, as if it were done here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from workbench.api.events import Changed, ContextAssembled, Event, QuestionAsked, StepStarted


class Conversation(Protocol):
    """What is drawn, and what is under way: the controller."""

    @property
    def drawn(self) -> bool:
        """Whether the conversation as it is now is on the screen."""
        ...

    @property
    def asking(self) -> bool:
        """Whether a question is being answered, here or elsewhere."""
        ...

    def draw(self, event: Event) -> None:
        """Draw an event."""
        ...

    def begin_elsewhere(self) -> None:
        """A question is being answered that was asked elsewhere."""
        ...

    def end_elsewhere(self) -> None:
        """It is over."""
        ...

    def redraw(self, then: Callable[[], None]) -> None:
        """Draw the conversation anew."""
        ...

    def refresh_library(self) -> None:
        """Ask for sources and documents again."""
        ...

    def refresh_memory(self) -> None:
        """Ask for the working context again."""
        ...

    def refresh_identity(self) -> None:
        """Show agent and model again."""
        ...


class RemoteActivity:
    """What is heard from elsewhere, and what is in context after every change, here or there."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._missed = False
        self._left: ContextAssembled | None = None

    def heard(self, event: Event) -> None:
        """Draw an event that was not asked for here."""
        here = self._conversation
        if not here.drawn:
            # What is drawn next may hold it or not: then it is drawn once more.
            self._missed = self._missed or event.durable or isinstance(event, Changed)
            return
        match event:
            case Changed(what="branch"):
                here.redraw(lambda: None)
            case Changed(what="library"):
                here.refresh_library()
            case Changed(what="agent"):
                here.refresh_identity()
            case Changed():
                here.end_elsewhere()
            case ContextAssembled(step=None) if here.asking:
                # What an answer leaves in context comes by another way than its last steps: they are drawn first.
                self._left = event
            case ContextAssembled(step=None):
                here.draw(event)
                here.refresh_memory()
            case _:
                if isinstance(event, (QuestionAsked, StepStarted)):
                    here.begin_elsewhere()
                here.draw(event)

    def catch_up(self) -> None:
        """The conversation was drawn: once more if something happened meanwhile."""
        if self._missed:
            self._missed = False
            self._conversation.redraw(lambda: None)

    def answered(self) -> None:
        """A question is over: what it left in context is there now."""
        left, self._left = self._left, None
        if left is not None:
            self._conversation.draw(left)
