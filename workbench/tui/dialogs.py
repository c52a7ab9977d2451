"""Opens the overlays: what they need is fetched off the event loop first, what they give back is acted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.screen import Screen

from workbench.api.events import Citation, ContextAssembled, Hit
from workbench.api.history import ContextDiff
from workbench.api.session import BlockView, PageView
from workbench.tui.panes.pane import Pane
from workbench.tui.screens.ask_for import AddDocuments, AskFor
from workbench.tui.screens.help import HelpScreen
from workbench.tui.screens.jump import Jump
from workbench.tui.screens.library import LibraryScreen
from workbench.tui.screens.memory_lines import MemoryLinesScreen, Show, Wish
from workbench.tui.screens.memory_map import MemoryMap, Tiers
from workbench.tui.screens.recall import RecallScreen
from workbench.tui.screens.source_page import SourcePage
from workbench.tui.screens.step_diff import StepDiff
from workbench.tui.screens.xray import XRay

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

GENERAL_HELP = (
    "A language model with a small, fixed context window reads your documents by paging:\n"
    "it searches the archive, reads a page of results, writes what matters into its working\n"
    "memory, and answers with quotes. The bar at the top is its window, live."
)


class Windows:
    """The overlays of the app."""

    def __init__(self, app: WorkbenchApp) -> None:
        self._app = app

    def _push(self, screen: Screen[None]) -> None:
        self._app.push_screen(screen)

    def citation(self, citation: Citation) -> None:
        """The page a citation names."""
        if not citation.document:
            self.recall(citation.quote)  # what was said is in recall storage, on no page
            return
        self._source(citation.document, citation.page, citation.passage)

    def hit(self, hit: Hit) -> None:
        """The page a hit comes from."""
        self._source(hit.document, hit.page, hit.passage)

    def document(self, path: str, page: int = 1) -> None:
        """A page of a document."""
        self._source(path, page, None)

    def recall(self, words: str) -> None:
        """What was said with these words, and more to be found."""
        controller = self._app.controller
        self._push(
            RecallScreen(
                lambda text, show: controller.fetch(lambda: controller.session.search_service.recall(text), show), words
            )
        )

    def memory_map(self) -> None:
        """The three tiers as they are now."""
        session, places = self._app.controller.session, self._app.archive.places()

        def work() -> Tiers:
            messages = len(session.transcript())
            return Tiers(session.context(), session.memory(), messages, session.sources(), places)

        self._app.controller.fetch(work, lambda tiers: self._push(MemoryMap(tiers)))

    def _source(self, document: str, page: int, passage: int | None) -> None:
        app = self._app
        app.controller.fetch(
            lambda: app.controller.session.page(document, page, passage),
            lambda found: self._push(SourcePage(found, self._turn)),
        )

    def _turn(self, document: str, page: int, show: Callable[[PageView], None]) -> None:
        self._app.controller.fetch(lambda: self._app.controller.session.page(document, page), show)

    def add_documents(self) -> None:
        """Ask for paths and load them."""

        def done(text: str | None) -> None:
            if text:
                self._app.controller.start_load(text.split("\n"))

        self._app.push_screen(AddDocuments(), done)

    def search(self) -> None:
        """Ask for a query and search as the user."""

        def done(query: str | None) -> None:
            if query:
                self._app.controller.start_search(query)

        hints = (
            "the archive shows the results as yours; the model does not see them",
            'an identifier or a "quoted phrase" is matched word for word; -word leaves out',
            "--document D, --pages 3-9, --since 2021 behind it restrict the search",
        )
        self._app.push_screen(AskFor("Search the archive", "what to look for", hints), done)

    def library(self) -> None:
        """Sources and documents; on a narrow screen they have a tab."""
        app = self._app
        session = app.controller.session
        app.controller.fetch(
            lambda: (session.sources(), session.documents()), lambda found: self._push(LibraryScreen(*found))
        )

    def memory(self) -> None:
        """The lines of the working context."""
        controller = self._app.controller

        def act(wish: Wish, show: Show) -> None:
            def work() -> Sequence[BlockView]:
                if wish.pin is not None:
                    controller.session.pin(wish.block, wish.old, wish.pin)
                else:
                    controller.session.edit_memory(wish.block, wish.old, wish.new)
                return controller.session.memory()

            def done(blocks: Sequence[BlockView]) -> None:
                self._app.memory.show(blocks)
                show(blocks)

            controller.fetch(work, done)

        controller.fetch(controller.session.memory, lambda blocks: self._push(MemoryLinesScreen(blocks, act)))

    def context(self, step: int | None) -> None:
        """The X-ray of a step."""
        last = self._app.trace.last_step
        wanted = None if step is not None and last is not None and step > last else step
        self._fetch_context(wanted, 0, lambda context: self._push(XRay(context, self._fetch_context, self.diff)))

    def _fetch_context(self, step: int | None, by: int, show: Callable[[ContextAssembled], None]) -> None:
        session = self._app.controller.session

        def work() -> ContextAssembled:
            return session.context(_moved([*session.timeline.steps(), None], step, by) if by else step)

        self._app.controller.fetch(work, show)

    def diff(self, first: int | None, second: int | None) -> None:
        """What changed from one step to another: None is the next prompt, as the first the step before the second."""
        self._fetch_diff(
            first, second, -1 if first is None else 0, 0, lambda diff: self._push(StepDiff(diff, self._fetch_diff))
        )

    def _fetch_diff(
        self, first: int | None, second: int | None, by_first: int, by_second: int, show: Callable[[ContextDiff], None]
    ) -> None:
        timeline = self._app.controller.session.timeline

        def work() -> ContextDiff:
            steps: list[int | None] = [*timeline.steps(), None]
            start = second if first is None else first
            return timeline.compare(_moved(steps, start, by_first), _moved(steps, second, by_second))

        self._app.controller.fetch(work, show)

    def help(self) -> None:
        """Help on the pane with the focus."""
        focused = self._app.focused
        pane = next((node for node in focused.ancestors_with_self if isinstance(node, Pane)), None) if focused else None
        if pane is None:
            self._push(HelpScreen("workbench", GENERAL_HELP))
        else:
            self._push(HelpScreen(pane.TITLE, f"{pane.HELP}\n\n{GENERAL_HELP}"))

    def jump(self) -> None:
        """Letters over the panes."""

        def done(letter: str | None) -> None:
            if letter:
                self._app.arrangement.jump(letter)

        self._app.push_screen(Jump(self._app.arrangement.places()), done)


def _moved(steps: Sequence[int | None], step: int | None, by: int) -> int | None:
    """The step so many further on, as far as there are any; one that is not recorded is left to be refused."""
    if step not in steps:
        return step
    return steps[min(max(0, steps.index(step) + by), len(steps) - 1)]
