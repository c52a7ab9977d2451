"""The slash commands of the library: load again, rename, remove, notes, and the queue of what is not loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.api.documents import NoteRow, QueueRow
from workbench.api.rendering import why
from workbench.api.session import SourceInfo
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.commands.display import Display
from workbench.tui.widgets.cells import plural

_LISTED = 40


def reload(display: Display, words: Sequence[str]) -> None:
    """/reload SOURCE"""
    source = _name(words, "Load which source again?", "/reload leases")
    if display.start_load(lambda: display.session.library.reload(source)):
        display.say(f"loading {one_line(source, 80)} again; esc stops it")
    else:
        display.say("a load is running: esc stops it")


def reembed(display: Display, words: Sequence[str]) -> None:
    """/reembed SOURCE [MODEL]"""
    source = _name(
        words[:1],
        "Embed which source with another model?",
        "/reembed leases e5, or /reembed leases for the configured one",
    )
    model = " ".join(words[1:])
    if display.start_load(lambda: display.session.library.reembed(source, model)):
        with_model = f"with {one_line(model, 80)}" if model else "with the model of the settings"
        display.say(f"embedding {one_line(source, 80)} {with_model}; the old vectors serve meanwhile, esc stops it")
    else:
        display.say("a load is running: esc stops it")


def queue(display: Display, words: Sequence[str]) -> None:
    """/queue [retry]"""
    if list(words) == ["retry"]:
        started = display.start_load(lambda: display.session.library.retry())
        display.say("trying again what waits or failed" if started else "a load is running: esc stops it")
        return
    if words:
        raise UsageError(f"{one_line(words[0], 40)!r} is nothing to do with the queue.", "/queue, or /queue retry.")

    def done(rows: list[QueueRow]) -> None:
        lines = [
            f"{row.state:<12} {one_line(row.path, 80)}: {one_line(why(row.reason, row.remedy), 200)}" for row in rows
        ]
        more = [f"and {len(lines) - _LISTED:,} more"] if len(lines) > _LISTED else []
        display.say("\n".join([*lines[:_LISTED], *more]) if lines else "nothing waits and nothing failed")

    display.fetch(display.session.library.queue, done)


def rename(display: Display, words: Sequence[str]) -> None:
    """/rename SOURCE NAME"""
    if len(words) != 2:
        raise UsageError("Which source, and what shall it be called?", '/rename leases "old leases"')
    old, new = words
    _then(
        display,
        lambda: display.session.library.rename(old, new),
        f"{one_line(old, 80)} is {one_line(new, 80)} now",
    )


def remove(display: Display, words: Sequence[str]) -> None:
    """/remove SOURCE [DOCUMENT]"""
    source = _name(words[:1], "Remove which source?", "/remove leases, or /remove leases lease-2019.pdf")
    document = " ".join(words[1:])
    library = display.session.library

    def done(count: int) -> None:
        display.say(f"removed {plural(count, 'doc')} of {one_line(source, 80)}; the files are where they were")
        display.refresh_library()

    display.fetch(lambda: library.remove(source, document), done)


def note(display: Display, words: Sequence[str]) -> None:
    """/note [SOURCE[:DOCUMENT] TEXT…]"""
    library = display.session.library
    if not words:

        def done(rows: list[NoteRow]) -> None:
            lines = [
                f"{one_line(f'{row.source}:{row.path}'.rstrip(':'), 80)}: {one_line(row.text, 200)}" for row in rows
            ]
            display.say("\n".join(lines) if lines else "there is no note yet: /note SOURCE TEXT")

        display.fetch(library.notes, done)
        return
    if len(words) < 2:
        raise UsageError("What is the note?", '/note leases:lease-2019.pdf superseded in 2021; "-" takes it away.')
    text = " ".join(words[1:])

    def work() -> None:
        source, path = _place(words[0], display.session.sources())
        library.note(source, path, "" if text == "-" else text)

    _then(display, work, f"noted on {one_line(words[0], 80)}; the model reads it with every hit from there")


def _place(word: str, sources: Sequence[SourceInfo]) -> tuple[str, str]:
    """SOURCE or SOURCE:DOCUMENT; a source whose name has a colon is meant as a whole first."""
    names = {source.name for source in sources}
    if word in names or ":" not in word:
        return word, ""
    source, _, path = word.partition(":")
    return source, path


def _name(words: Sequence[str], question: str, example: str) -> str:
    if not words:
        raise UsageError(question, f"For example {example}.")
    return " ".join(words)


def _then(display: Display, work: Callable[[], None], said: str) -> None:
    def done(_: None) -> None:
        display.say(said)
        display.refresh_library()

    display.fetch(work, done)
