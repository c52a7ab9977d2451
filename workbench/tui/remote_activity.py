"""What other displays and commands do to the agent on this screen: their events come in, and are drawn as if done here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.api.events import Changed, ContextAssembled, Event, QuestionAsked, StepStarted

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


class RemoteActivity:
    """Draws what was done elsewhere, and what is in context after every change, here or there."""

    def __init__(self, app: WorkbenchApp) -> None:
        self._app = app
        self._missed = False
        self._left: ContextAssembled | None = None

    def heard(self, event: Event) -> None:
        """Draw an event that was not asked for here."""
        app, controller = self._app, self._app.controller
        if not controller.drawn:
            # What is drawn next may hold it or not: then it is drawn once more.
            self._missed = self._missed or event.durable or isinstance(event, Changed)
            return
        match event:
            case Changed(what="branch"):
                controller.redraw(lambda: None)
            case Changed(what="library"):
                controller.refresh_library()
            case Changed(what="agent"):
                controller.refresh_identity()
            case Changed():
                self._over()
            case ContextAssembled(step=None) if controller.work.asking:
                # What an answer leaves in context comes by another way than its last steps: they are drawn first.
                self._left = event
            case ContextAssembled(step=None):
                app.bridge.draw(event)
                controller.refresh_memory()
            case _:
                if isinstance(event, (QuestionAsked, StepStarted)) and controller.work.begin_elsewhere():
                    app.status.started()
                app.bridge.draw(event)

    def catch_up(self) -> None:
        """The conversation was drawn: once more if something happened meanwhile."""
        if self._missed:
            self._missed = False
            self._app.controller.redraw(lambda: None)

    def answered(self) -> None:
        """A question is over: what it left in context is there now."""
        left, self._left = self._left, None
        if left is not None:
            self._app.bridge.draw(left)

    def _over(self) -> None:
        if self._app.controller.work.end_elsewhere():
            self._app.controller.answered()
