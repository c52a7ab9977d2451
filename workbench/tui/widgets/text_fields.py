"""Text fields in which keys take effect in the order in which they were typed, however late they are read.

Textual inserts a letter when its key reaches the field, but runs a binding only when the key has gone from the field up to the
app. While the program is busy for a moment, keys wait in the field's queue: of ctrl+u and a letter typed behind it the letter
comes first, and ctrl+u deletes it; letters behind f3 land in the field that had the focus before the search opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.widgets import Input, TextArea

if TYPE_CHECKING:
    from textual.widget import Widget as _Field
else:
    # Of a first base that is a widget Textual would take the styles.
    _Field = object


class KeysInOrder(_Field):
    """Mixin of text fields, before the class of Textual's."""

    async def _on_key(self, event: events.Key) -> None:
        if self.app.focused is not self:
            # A key before this one has moved the focus or opened an overlay: it is meant for what is there now.
            event.stop()
            event.prevent_default()
            self.app.post_message(events.Key(event.key, event.character))
            return
        await super()._on_key(event)
        if not event._stop_propagation and await self.app._check_bindings(event.key):
            event.stop()
            event.prevent_default()


class TypedLine(KeysInOrder, Input):
    """A field of one line."""


class TypedText(KeysInOrder, TextArea):
    """A field of several lines."""


class HoldsKeys:
    """Mixin of overlays: keys that were typed while one opens wait until it is there, or they would be lost."""

    _begun = False
    _early: tuple[events.Key, ...] = ()

    def hold(self, event: events.Key) -> bool:
        """Keep a key for later; False when the overlay can take it now."""
        if not self._begun:
            self._early = (*self._early, event)
        return not self._begun

    def begin(self, app: App[Any]) -> None:
        """Everything is in its place: the keys that were held come now."""
        self._begun = True
        for event in self._early:
            app.post_message(events.Key(event.key, event.character))
        self._early = ()


def is_early(event: events.Key, app: App[Any]) -> bool:
    """Whether a key that reaches the app came before what it was meant for; it is taken care of then."""
    if isinstance(app.screen, HoldsKeys) and app.screen.hold(event):
        return True
    if event.is_forwarded and (event.is_printable or event.key == "enter") and isinstance(app.focused, KeysInOrder):
        # It was typed before the field had the focus, and came back unused from what had it then.
        app.post_message(events.Key(event.key, event.character))
        return True
    return False
