"""The line of keys at the bottom, built anew only when it would show other keys.

Textual's footer builds all its widgets again whenever the focus moves or an action is checked, mostly to show the same: five
times while the screen starts, twice for every step of the tab key.
"""

from __future__ import annotations

from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer


class KeyFooter(Footer):
    """Textual's footer, but for when it is built anew."""

    _built_for: tuple[tuple[Binding, bool, str], ...] | None = None

    def bindings_changed(self, screen: Screen[object]) -> None:
        """The keys of a screen may be others now."""
        if not (screen.app.app_focus and self.is_attached and screen is self.screen):
            return
        shown = tuple(
            (binding, enabled, tooltip)
            for _, binding, enabled, tooltip in screen.active_bindings.values()
            if binding.show
        )
        if shown != self._built_for:
            self._built_for = shown
            super().bindings_changed(screen)
