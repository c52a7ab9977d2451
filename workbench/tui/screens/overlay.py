"""The base of all overlays: a frame in the middle of a dimmed screen that escape closes, and that closes only once."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from workbench.tui.widgets.key_bar import KeyBar
from workbench.tui.widgets.text_fields import HoldsKeys

Result = TypeVar("Result")


class DismissOnce(Screen[Result]):
    """A screen that may be dismissed any number of times and is closed once.

    Keys that are typed quickly wait in the queue of the screen they were meant for. A second key that closes is
    handled after the screen has left the stack, and Textual would then pop whatever lies on top: another overlay, or
    the main screen, which ends the program ("Can't pop screen; there must be at least one screen on the stack").
    """

    _dismissed = False

    @property
    def is_dismissed(self) -> bool:
        """Whether it has been closed, although keys may still wait in its queue."""
        return self._dismissed

    @property
    def is_open(self) -> bool:
        """Whether what arrives for it may be shown: closed, it loses its widgets before it is detached itself."""
        return self.is_attached and not self._dismissed

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close with a result; does nothing when the screen is closed already or another one lies over it."""
        if self._dismissed or self.app.screen is not self:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)


class Overlay(ModalScreen[Result], DismissOnce[Result], HoldsKeys):
    """Base of the overlays; escape closes them without a result.

    Textual takes styles and component classes from the first base, so the mixins come behind it.
    """

    BINDINGS = [
        Binding("escape", "close", "Close", show=False),
        Binding("f1", "app.help", "Help", show=False),
    ]
    HELP: ClassVar[str] = ""
    """What f1 says about it."""

    def on_mount(self) -> None:
        """What is there takes the focus first, then the keys that were typed while the overlay opened."""
        self.app.call_later(self.begin, self.app)

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss(None)

    @staticmethod
    def named(widget: Widget, title: str, keys: str = "esc close") -> Widget:
        """Put plain words, never parsed as markup, into the frame of `widget`; keys without room are left out whole."""
        widget.border_title = Content(title)
        widget.border_subtitle = KeyBar(keys)
        return widget
