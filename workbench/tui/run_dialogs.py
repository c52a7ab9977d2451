"""Opens the overlays on many documents: a table of answers, the check of a text, the comparison of two documents."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from textual.app import App

from workbench.api.check import Comparison, Quote, comparison_report, report
from workbench.api.events import Citation
from workbench.api.question_table import AnswerTable, Cell
from workbench.api.session import SourceInfo
from workbench.api.table_text import as_csv, as_markdown
from workbench.core import private_file
from workbench.core.errors import UsageError
from workbench.core.sanitize import as_file_stem, one_line
from workbench.tui.commands.display import Display
from workbench.tui.dialogs import Dialogs
from workbench.tui.screens.answer_table import AnswerTableScreen
from workbench.tui.screens.ask_for import AskFor
from workbench.tui.screens.comparison import ComparisonScreen
from workbench.tui.screens.run import Item, Run
from workbench.tui.screens.text_check import TextCheckScreen
from workbench.tui.widgets.cells import number

_FORMS = ("comma-separated values with the quotes; a name ending in .md gets a Markdown table",)


class RunDialogs:
    """The overlays on many documents. A run ends with its overlay; what it found is kept, so the same command goes on."""

    def __init__(self, app: App[int], display: Display, dialogs: Dialogs) -> None:
        self._app = app
        self._display = display
        self._dialogs = dialogs

    def _run(self, group: str, start: Callable[[], Iterator[Item]], stop: Callable[[], None]) -> Run[Item]:
        """A run in a thread. Of each group one runs at a time."""
        return Run(
            lambda each, over: self._display.stream(group, start, each, over),
            lambda: self._display.fetch(stop, lambda _: None),
        )

    # -- a table of answers --------------------------------------------------------------------

    def table(self, questions: Callable[[], str], source: str) -> None:
        """Ask the questions of every document of a source."""
        service, session = self._display.session.question_tables, self._display.session

        def work() -> AnswerTable:
            chosen = one_source(session.sources(), source)
            return service.table(service.columns(questions()), chosen)

        self._display.fetch(work, self._show_table)

    def _show_table(self, table: AnswerTable) -> None:
        display, service = self._display, self._display.session.question_tables
        columns, source = table.columns, table.source

        def again(document: str, column: str, then: Callable[[Cell], None], failed: Callable[[str], None]) -> None:
            display.fetch(lambda: service.ask_again(columns, source, document, column), then, failed)

        def closed(_: None) -> None:
            if screen.going:
                run.stop()
            known = f"{number(screen.known)} of {number(table.total)} cells are known"
            goes_on = "; the same /table goes on there" if screen.known < table.total else ""
            display.say(f"table of {one_line(source, 80)}: {known}{goes_on}")

        run = self._run("table", lambda: service.run(columns, source), service.stop)
        screen = AnswerTableScreen(
            table,
            run,
            again,
            lambda document, cell: self._evidence(source, document, cell, screen.tell),
            lambda shown: self._write(
                "Write the table",
                f"{as_file_stem(source, 'result')}.csv",
                lambda file: table_text(shown, file),
                screen.tell,
                _FORMS,
            ),
        )
        self._app.push_screen(screen, closed)

    def _evidence(self, source: str, document: str, cell: Cell | None, failed: Callable[[str], None]) -> None:
        """The page of the first quote of a cell, the others behind it; without a cell the first page of the document."""
        quotes = [
            Citation(document, item.page, item.label, item.quote, True, "", item.passage or None)
            for item in (cell.evidence if cell else ())
        ] or [Citation(document, 1, None, "", False)]
        self._dialogs.citation(quotes[0], quotes, (source,), failed)

    # -- the check of a text --------------------------------------------------------------------

    def check(self, name: str, text: Callable[[], str], source: str) -> None:
        """Check a text against a source, or against what is attached."""
        display, session = self._display, self._display.session

        def work() -> Sequence[str] | None:
            if source:
                return (source,)
            known = session.sources()
            return None if any(item.attached for item in known) else [item.name for item in known]

        def show(sources: Sequence[str] | None) -> None:
            against = source or ("what is attached" if sources is None else "all sources")

            def closed(_: None) -> None:
                if screen.going:
                    run.stop()
                said = f"check of {one_line(name, 80)}: {number(screen.checked)} of {number(screen.total)} sentences"
                display.say(said + ("; the same /check goes on there" if screen.checked < screen.total else ""))

            run = self._run("check", lambda: session.checks.check(text(), source), session.checks.stop)
            screen = TextCheckScreen(
                name,
                against,
                run,
                lambda quotes: self._quotes(quotes, sources, screen.tell),
                lambda found, total: self._write(
                    "Write the report",
                    f"{as_file_stem(Path(name).stem, 'result')}-check.md",
                    lambda file: report(found, _title(name, len(found), total), against),
                    screen.tell,
                ),
            )
            self._app.push_screen(screen, closed)

        display.fetch(work, show)

    # -- two documents ------------------------------------------------------------------------------

    def compare(self, first: str, second: str, source: str) -> None:
        """What two documents state differently."""
        display, checks = self._display, self._display.session.checks

        def show(found: Comparison) -> None:
            def written(shown: Comparison) -> None:
                stems = (as_file_stem(Path(name).stem, "document") for name in (shown.first, shown.second))
                self._write(
                    "Write the report", f"{'-'.join(stems)}.md", lambda _: comparison_report(shown), screen.tell
                )

            screen = ComparisonScreen(found, lambda quotes: self._quotes(quotes, sources, screen.tell), written)
            self._app.push_screen(screen)

        sources = (source,) if source else None
        display.fetch(lambda: checks.compare(first, second, source), show)

    def _quotes(self, quotes: Sequence[Quote], sources: Sequence[str] | None, failed: Callable[[str], None]) -> None:
        found = [
            Citation(item.document, item.page, item.label, item.text, True, "", item.passage or None) for item in quotes
        ]
        self._dialogs.citation(found[0], found, sources, failed)

    # -- files ------------------------------------------------------------------------------------

    def _write(
        self, title: str, name: str, text: Callable[[Path], str], tell: Callable[[str], None], hints: Sequence[str] = ()
    ) -> None:
        """Ask for a file and write into it."""

        def done(typed: str | None) -> None:
            if not typed:
                return
            file = Path(typed).expanduser()

            def work() -> str:
                try:
                    private_file.write(file, text(file))
                except OSError as error:
                    raise UsageError(
                        f"{file} cannot be written: {os.strerror(error.errno or 0)}.", "Name another file."
                    ) from None
                return one_line(str(file.absolute()), 300)

            self._display.fetch(work, lambda written: tell(f"written to {written}"), tell)

        self._app.push_screen(AskFor(title, "the name of a file", hints, name), done)


def table_text(table: AnswerTable, file: Path) -> str:
    """The table as the ending of a file asks for it: Markdown for .md, else CSV."""
    return as_markdown(table) if file.suffix.lower() == ".md" else as_csv(table)


def one_source(sources: Sequence[SourceInfo], wanted: str) -> str:
    """The source that is meant: the one named, the only one attached, or the only one there is. Raises UsageError."""
    if wanted:
        return wanted
    chosen = [item.name for item in sources if item.attached] or [item.name for item in sources]
    if not chosen:
        raise UsageError("There is no document to ask.", "f2 adds documents.")
    if len(chosen) > 1:
        names = ", ".join(one_line(name, 60) for name in chosen[:8])
        raise UsageError(f"Which source? There are {names}.", "Write --source NAME behind the questions.")
    return chosen[0]


def _title(name: str, checked: int, total: int) -> str:
    return name if checked >= total else f"{name} (the first {checked} of {total} sentences)"
