"""Opens the overlays: what they need is fetched off the event loop first, what they give back is acted on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from textual.app import App
from textual.screen import Screen

from workbench.api.events import AnswerDone, Citation, ContextAssembled, Event, PageRead, QuestionAsked
from workbench.api.history import ContextDiff
from workbench.api.paging import StepRecord, coverage, fault_table, references, steps_of
from workbench.api.results import Hit
from workbench.api.session import AgentInfo, BlockView, PagePicture, PageView
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.commands.display import Display
from workbench.tui.graphics import Terminal
from workbench.tui.layout import Arrangement
from workbench.tui.panes.pane import Pane
from workbench.tui.regions import Regions
from workbench.tui.screens.answers import UNASKED, AnswersScreen, Asked
from workbench.tui.screens.ask_for import AddDocuments, AskFor
from workbench.tui.screens.choose import Choice, Choose
from workbench.tui.screens.help import HelpScreen
from workbench.tui.screens.jump import Jump
from workbench.tui.screens.library import LibraryScreen
from workbench.tui.screens.memory_lines import MemoryLinesScreen, Show, Wish
from workbench.tui.screens.memory_map import MemoryMap, Paging
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.page_faults import FaultView, PageFaults
from workbench.tui.screens.page_picture import PagePictureScreen
from workbench.tui.screens.recall import RecallScreen
from workbench.tui.screens.source_page import SourcePage
from workbench.tui.screens.step_diff import StepDiff
from workbench.tui.screens.timeline import TimelineScreen
from workbench.tui.screens.xray import XRay
from workbench.tui.widgets.cells import number, page_place, plural

GENERAL_HELP = (
    "A language model with a small, fixed context window reads your documents by paging: "
    "it searches the archive, reads a page of results, writes what matters into its working "
    "memory, and answers with quotes. The bar at the top is its window, live: S system and functions, "
    "M working memory, Σ summary of what left, C chat, P pages of documents, then what is free and R, "
    "reserved for the answer. Past the dotted mark the model is warned, past the line old messages leave."
)


class Dialogs:
    """The overlays of the app."""

    def __init__(self, app: App[int], regions: Regions, arrangement: Arrangement, display: Display) -> None:
        self._app = app
        self._regions = regions
        self._arrangement = arrangement
        self._display = display
        self._terminal = Terminal(app)

    def _push(self, screen: Screen[None]) -> None:
        self._app.push_screen(screen)

    def citation(
        self,
        citation: Citation,
        all: Sequence[Citation] = (),
        sources: Sequence[str] | None = None,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """The page a citation names, its quote marked; n and N go through the others. By default of attached `sources`."""
        others = [item for item in all if item.quote] or [citation]
        turn, picture = partial(self._turn, sources), partial(self._picture, sources)

        def show(found: PageView) -> None:
            self._push(SourcePage(found, turn, others, citation, picture))

        self._display.fetch(
            lambda: self._display.session.page(citation.document, citation.page, citation.passage, sources),
            show,
            failed,
        )

    def hit(self, hit: Hit) -> None:
        """The page a hit comes from."""
        self._source(hit.document, hit.page, hit.passage)

    def document(self, path: str, page: int = 1) -> None:
        """A page of a document."""
        self._source(path, page, None)

    def recall(self, words: str) -> None:
        """What was said with these words, and more to be found."""
        self._push(
            RecallScreen(
                lambda text, show: self._display.fetch(lambda: self._display.session.search_service.recall(text), show),
                words,
            )
        )

    def answers(self) -> None:
        """Every question of the conversation with its answer."""
        session = self._display.session
        self._display.fetch(
            lambda: asked_of(session.history()),
            lambda asked: self._push(
                AnswersScreen(asked, lambda item, quotes, failed: self.citation(item, quotes, failed=failed))
            ),
        )

    def agents(self) -> None:
        """The agents, the one on the screen first."""

        def show(found: Sequence[AgentInfo]) -> None:
            current = self._display.session.agent
            ordered = sorted(found, key=lambda item: item.last_used, reverse=True)
            choices = [
                Choice(
                    item.name,
                    f"{plural(item.steps, 'step')} · {item.model} {number(item.window)} · {item.last_used[:16].replace('T', ' ')}",
                    "",
                    item.name,
                    "here" if item.name == current else "",
                )
                for item in ordered
            ]
            self._app.push_screen(Choose("Agents", choices, "the name of an agent"), chosen)

        def chosen(name: str | None) -> None:
            if name and name != self._display.session.agent:
                try:
                    self._display.switch_agent(name)
                except UsageError as error:
                    self._display.say(f"{error.message} {error.hint}")

        self._display.fetch(self._display.session.agents, show)

    def memory_map(self, *, play: bool = False) -> None:
        """The three tiers at every step."""
        session, places = self._display.session, self._regions.archive.places()

        def work() -> Paging:
            history = list(session.history())
            read = {
                hit.passage: f"{one_line(hit.document, 200)} {page_place(hit.page, hit.label)}"
                for event in history
                if isinstance(event, PageRead)
                for hit in event.hits
            }
            return Paging(steps_of(history), len(session.transcript()), session.sources(), {**read, **places})

        def fetch(step: int | None, show: Callable[[ContextAssembled], None]) -> None:
            self._fetch_context(step, 0, lambda context: show(replace(context, step=step)))

        self._display.fetch(work, lambda paging: self._push(MemoryMap(paging, fetch, play=play)))

    def page_faults(self) -> None:
        """The reference string of the conversation at other windows."""
        session = self._display.session

        def work() -> FaultView:
            history, now = list(session.history()), session.context()
            paged = sum(item.tokens for item in now.segments if item.name == "paged")
            room = max(0, now.usable - now.used + paged)
            string = references(history)
            return FaultView(string, fault_table(string, now.window, room), now.window)

        self._display.fetch(work, lambda view: self._push(PageFaults(view)))

    def timeline(self) -> None:
        """All steps; the panes go to the one that is chosen."""
        session = self._display.session

        def show(found: tuple[list[StepRecord], ContextAssembled]) -> None:
            steps, now = found
            usable = now.usable
            marks = (now.warn / usable, now.flush / usable) if usable and now.warn else (0.7, 1.0)
            self._app.push_screen(TimelineScreen(steps, marks, self.context, self.diff), chosen)

        def chosen(step: int | None) -> None:
            if step is not None:
                self._display.show_moment(step)

        self._display.fetch(lambda: (steps_of(session.history()), session.context()), show)

    def _source(self, document: str, page: int, passage: int | None) -> None:
        self._display.fetch(
            lambda: self._display.session.page(document, page, passage),
            lambda found: self._push(
                SourcePage(found, partial(self._turn, None), picture=partial(self._picture, None))
            ),
        )

    def _turn(self, sources: Sequence[str] | None, document: str, page: int, show: Callable[[PageView], None]) -> None:
        self._display.fetch(lambda: self._display.session.page(document, page, sources=sources), show)

    def _picture(self, sources: Sequence[str] | None, page: PageView, quote: str) -> None:
        def fetch(width: int, height: int, show: Callable[[PagePicture], None]) -> None:
            session = self._display.session
            self._display.fetch(
                lambda: session.page_picture(page.document, page.number, quote, width, height, sources), show
            )

        title = f"{one_line(page.document, 200)} · page {page.number} of {page.pages}"
        self._push(PagePictureScreen(title, fetch, *self._terminal.pictures(), self._terminal.write))

    def add_documents(self) -> None:
        """Ask for paths and load them."""

        def done(text: str | None) -> None:
            if text:
                self._display.load_paths(text.split("\n"))

        self._app.push_screen(AddDocuments(), done)

    def search(self) -> None:
        """Ask for a query and search as the user."""

        def done(query: str | None) -> None:
            if query:
                self._display.start_search(query)

        hints = (
            "the archive shows the results as yours; the model does not see them",
            'an identifier or a "quoted phrase" is matched word for word; -word leaves out',
            "--document D, --pages 3-9, --since 2021 behind it restrict the search",
        )
        self._app.push_screen(AskFor("Search the archive", "what to look for", hints), done)

    def library(self) -> None:
        """Sources and documents; on a narrow screen they have a tab."""
        session = self._display.session
        self._display.fetch(
            lambda: (session.sources(), session.documents(), coverage(session.history())),
            lambda found: self._push(LibraryScreen(*found)),
        )

    def memory(self) -> None:
        """The lines of the working context."""

        def act(wish: Wish, show: Show) -> None:
            def work() -> Sequence[BlockView]:
                if wish.pin is not None:
                    self._display.session.pin(wish.block, wish.old, wish.pin)
                else:
                    self._display.session.edit_memory(wish.block, wish.old, wish.new)
                return self._display.session.memory()

            def done(blocks: Sequence[BlockView]) -> None:
                self._regions.memory.show(blocks)
                show(blocks)

            self._display.fetch(work, done)

        self._display.fetch(self._display.session.memory, lambda blocks: self._push(MemoryLinesScreen(blocks, act)))

    def context(self, step: int | None) -> None:
        """The X-ray of a step."""
        last = self._regions.trace.last_step
        wanted = None if step is not None and last is not None and step > last else step
        self._fetch_context(wanted, 0, lambda context: self._push(XRay(context, self._fetch_context, self.diff)))

    def _fetch_context(self, step: int | None, by: int, show: Callable[[ContextAssembled], None]) -> None:
        session = self._display.session

        def work() -> ContextAssembled:
            return session.context(_moved([*session.timeline.steps(), None], step, by) if by else step)

        self._display.fetch(work, show)

    def diff(self, first: int | None, second: int | None) -> None:
        """What changed from one step to another: None is the next prompt, as the first the step before the second."""
        self._fetch_diff(
            first, second, -1 if first is None else 0, 0, lambda diff: self._push(StepDiff(diff, self._fetch_diff))
        )

    def _fetch_diff(
        self, first: int | None, second: int | None, by_first: int, by_second: int, show: Callable[[ContextDiff], None]
    ) -> None:
        timeline = self._display.session.timeline

        def work() -> ContextDiff:
            steps: list[int | None] = [*timeline.steps(), None]
            start = second if first is None else first
            return timeline.compare(_moved(steps, start, by_first), _moved(steps, second, by_second))

        self._display.fetch(work, show)

    def help(self) -> None:
        """Help on the overlay that is open, else on the pane with the focus."""
        over = self._app.screen
        if isinstance(over, Overlay):
            self._push(HelpScreen("this window", " ".join((over.HELP or over.__class__.__doc__ or "").split())))
            return
        focused = self._app.focused
        pane = next((node for node in focused.ancestors_with_self if isinstance(node, Pane)), None) if focused else None
        if pane is None:
            self._push(HelpScreen("workbench", GENERAL_HELP))
        else:
            # Lines of the source are joined: the window breaks them at its own width.
            about = " ".join(pane.HELP.split())
            self._push(HelpScreen(pane.TITLE, f"{about}\n\n{GENERAL_HELP}"))

    def commands(self) -> None:
        """The list of commands."""
        self._push(HelpScreen("commands", ""))

    def jump(self) -> None:
        """Letters over the panes."""

        def done(letter: str | None) -> None:
            if letter:
                self._arrangement.jump(letter)

        self._app.push_screen(Jump(self._arrangement.places()), done)


def asked_of(history: Iterable[Event]) -> list[Asked]:
    """The questions of a conversation, each with its answer, and what the agent said unasked."""
    asked: list[Asked] = []
    for event in history:
        if isinstance(event, QuestionAsked):
            asked.append(Asked(event.text))
        elif isinstance(event, AnswerDone) and asked and asked[-1].answer is None:
            asked[-1] = replace(asked[-1], answer=event)
        elif isinstance(event, AnswerDone):
            asked.append(Asked(UNASKED, event))
    return asked


def _moved(steps: Sequence[int | None], step: int | None, by: int) -> int | None:
    """The step so many further on, as far as there are any; one that is not recorded is left to be refused."""
    if step not in steps:
        return step
    return steps[min(max(0, steps.index(step) + by), len(steps) - 1)]
