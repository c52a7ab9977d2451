"""What a slash command may do on the screen: the protocol that the controller implements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from workbench.api.events import Event, PageRead
from workbench.api.history import ErasurePlan
from workbench.api.session import DocumentInfo, SessionProtocol

Result = TypeVar("Result")


class Display(Protocol):
    """The session, and what the screen does for a command. Everything that blocks goes through `fetch` or `start_*`."""

    @property
    def session(self) -> SessionProtocol:
        """The session. Its methods block: call them in `fetch`."""
        ...

    @property
    def documents(self) -> Sequence[DocumentInfo]:
        """The documents as they were last listed."""
        ...

    @property
    def asking(self) -> bool:
        """Whether a question is being answered, here or in another workbench."""
        ...

    def say(self, text: str, *, passing: bool = False) -> None:
        """Write a line in the chat; one in `passing` goes when the next line of ours comes, so that answers stay in sight."""
        ...

    def fetch(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Run `work` in a thread, then `then` with its result on the event loop.

        An error becomes a line in the chat, unless `failed` takes its words.
        """
        ...

    def stream(
        self,
        group: str,
        start: Callable[[], Iterator[Result]],
        each: Callable[[Result], None],
        over: Callable[[str], None],
    ) -> bool:
        """Run what yields items in a thread: `each` gets them, `over` is told at the end why it failed, "" if it did not.

        False while a run of this group has not ended.
        """
        ...

    def ask_aside(self, text: str) -> None:
        """Ask a question that leaves nothing behind in the conversation."""
        ...

    def load_paths(self, paths: Sequence[str]) -> None:
        """Load and attach files and folders, after the load that runs."""
        ...

    def start_load(self, start: Callable[[], Iterator[Event]]) -> bool:
        """Run a load of another kind; False when one is running."""
        ...

    def start_search(self, query: str, page: int = 1) -> None:
        """Search as the user, options behind the query; the archive shows the page."""
        ...

    def start_sweep(self, start: Callable[[], Iterator[Event]]) -> bool:
        """Sweep the archive; False when a sweep is running."""
        ...

    def show_page(self, find: Callable[[], PageRead]) -> None:
        """Find a page of results in a thread and show it in the archive."""
        ...

    def turn(self, start: Callable[[], Iterator[Event]]) -> None:
        """Let the agent act without a new question; the conversation is drawn anew when it is over."""
        ...

    def redraw(self, then: Callable[[], None]) -> None:
        """Draw the conversation as it is now, then do the rest."""
        ...

    def switch_agent(self, name: str) -> None:
        """Go on with another agent."""
        ...

    def confirm_erasure(self, plan: ErasurePlan) -> None:
        """Ask before anything is erased, then erase it."""
        ...

    def refresh_library(self) -> None:
        """Sources or documents may have changed."""
        ...

    def refresh_memory(self) -> None:
        """The working context may have changed."""
        ...

    def refresh_identity(self) -> None:
        """Agent or model may have changed."""
        ...

    def look_for_server(self) -> None:
        """See whether the model server is there; the status says so."""
        ...

    def open_agents(self) -> None:
        """Open the list of agents."""
        ...

    def open_context(self, step: int | None) -> None:
        """Open the X-ray of a step, None for the next prompt."""
        ...

    def open_diff(self, first: int | None, second: int | None) -> None:
        """Compare two steps."""
        ...

    def open_recall(self, words: str) -> None:
        """Open recall storage with these words."""
        ...

    def open_map(self, *, play: bool = False) -> None:
        """Open the memory map; with `play` it runs through all steps."""
        ...

    def open_answers(self) -> None:
        """Open all questions of the conversation with their answers."""
        ...

    def open_timeline(self) -> None:
        """Open the timeline of all steps."""
        ...

    def show_moment(self, step: int) -> None:
        """Put the panes back to a step, until escape or the next event."""
        ...

    def open_faults(self) -> None:
        """Open the page faults at other windows and policies."""
        ...

    def open_page(self, document: str, page: int) -> None:
        """Open a page of a document."""
        ...

    def open_table(self, questions: Callable[[], str], source: str) -> None:
        """Open the table of answers to these questions; "" is the source that is attached. `questions` may block."""
        ...

    def open_check(self, name: str, text: Callable[[], str], source: str) -> None:
        """Open the check of a text; "" is what is attached. `text` may block."""
        ...

    def open_comparison(self, first: str, second: str, source: str) -> None:
        """Open what two documents state differently; "" is what is attached."""
        ...

    def open_memory(self) -> None:
        """Open the lines of the working context, to edit and pin."""
        ...

    def copy_answer(self) -> str:
        """Put the last answer on the clipboard; returns it, "" when there is none."""
        ...

    def choose_theme(self, name: str) -> None:
        """Change the colours. Raises UsageError for an unknown theme."""
        ...

    def theme_names(self) -> Sequence[str]:
        """The themes, the one in force first."""
        ...

    def command_help(self, name: str) -> str:
        """The help of a command. Raises UsageError for an unknown command."""
        ...

    def open_help(self) -> None:
        """Open the list of commands."""
        ...

    def stop(self) -> str:
        """Stop the answer after this step (again: now), else the sweep or the load; says what it did."""
        ...

    def leave(self) -> None:
        """Quit; everything is saved."""
        ...
