"""What the slash commands of the library do: the desk and the words come in, at least one line in the chat goes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.api.documents import NoteRow, QueueRow
from workbench.api.rendering import why
from workbench.api.session import SourceInfo
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.controller import Controller
from workbench.tui.widgets.cells import plural

_LISTED = 40


def reload(controller: Controller, words: Sequence[str]) -> None:
    """/reload SOURCE"""
    source = _name(words, "Load which source again?", "/reload leases")
    if controller.work.start_load(lambda: controller.session.library.reload(source)):
        controller.say(f"loading {one_line(source, 80)} again; esc stops it")
    else:
        controller.say("a load is running: esc stops it")


def queue(controller: Controller, words: Sequence[str]) -> None:
    """/queue [retry]"""
    if list(words) == ["retry"]:
        started = controller.work.start_load(lambda: controller.session.library.retry())
        controller.say("trying again what waits or failed" if started else "a load is running: esc stops it")
        return
    if words:
        raise UsageError(f"{one_line(words[0], 40)!r} is nothing to do with the queue.", "/queue, or /queue retry.")

    def done(rows: list[QueueRow]) -> None:
        lines = [
            f"{row.state:<12} {one_line(row.path, 80)}: {one_line(why(row.reason, row.remedy), 200)}" for row in rows
        ]
        more = [f"and {len(lines) - _LISTED:,} more"] if len(lines) > _LISTED else []
        controller.say("\n".join([*lines[:_LISTED], *more]) if lines else "nothing waits and nothing failed")

    controller.fetch(controller.session.library.queue, done)


def rename(controller: Controller, words: Sequence[str]) -> None:
    """/rename SOURCE NAME"""
    if len(words) != 2:
        raise UsageError("Which source, and what shall it be called?", '/rename leases "old leases"')
    old, new = words
    _then(
        controller,
        lambda: controller.session.library.rename(old, new),
        f"{one_line(old, 80)} is {one_line(new, 80)} now",
    )


def remove(controller: Controller, words: Sequence[str]) -> None:
    """/remove SOURCE [DOCUMENT]"""
    source = _name(words[:1], "Remove which source?", "/remove leases, or /remove leases lease-2019.pdf")
    document = " ".join(words[1:])
    library = controller.session.library

    def done(count: int) -> None:
        controller.say(f"removed {plural(count, 'doc')} of {one_line(source, 80)}; the files are where they were")
        controller.refresh_library()

    controller.fetch(lambda: library.remove(source, document), done)


def note(controller: Controller, words: Sequence[str]) -> None:
    """/note [SOURCE[:DOCUMENT] TEXT…]"""
    library = controller.session.library
    if not words:

        def done(rows: list[NoteRow]) -> None:
            lines = [
                f"{one_line(f'{row.source}:{row.path}'.rstrip(':'), 80)}: {one_line(row.text, 200)}" for row in rows
            ]
            controller.say("\n".join(lines) if lines else "there is no note yet: /note SOURCE TEXT")

        controller.fetch(library.notes, done)
        return
    if len(words) < 2:
        raise UsageError("What is the note?", '/note leases:lease-2019.pdf superseded in 2021; "-" takes it away.')
    text = " ".join(words[1:])

    def work() -> None:
        source, path = _place(words[0], controller.session.sources())
        library.note(source, path, "" if text == "-" else text)

    _then(controller, work, f"noted on {one_line(words[0], 80)}; the model reads it with every hit from there")


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


def _then(controller: Controller, work: Callable[[], None], said: str) -> None:
    def done(_: None) -> None:
        controller.say(said)
        controller.refresh_library()

    controller.fetch(work, done)
