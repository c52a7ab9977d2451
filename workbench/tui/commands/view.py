"""Slash commands that look something up for the person: recall, documents, pages and answers; nothing of it enters the context."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.api.session import DocumentInfo
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.commands.display import Display
from workbench.tui.widgets.cells import number, plural

MOST_LISTED = 40


def recall(display: Display, words: Sequence[str]) -> None:
    """/recall [WORDS]"""
    text = " ".join(words)
    display.open_recall(text)
    display.say(
        f'recall storage is open for "{one_line(text, 120)}"' if text else "recall storage is open", passing=True
    )


def memory_map(display: Display, words: Sequence[str]) -> None:
    """/map"""
    display.open_map()
    display.say("the memory map is open", passing=True)


def docs(display: Display, words: Sequence[str]) -> None:
    """/docs [WORDS]"""
    wanted = " ".join(words).lower()

    def done(found: list[DocumentInfo]) -> None:
        chosen = [item for item in found if wanted in item.path.lower()]
        lines = [
            f"{one_line(item.path, 60):<36} {one_line(item.source, 24):<16} "
            + (f"{plural(item.pages, 'page'):>11} · {plural(item.passages, 'passage'):>14}" if item.status == "loaded" else item.status)
            for item in chosen[:MOST_LISTED]
        ]  # fmt: skip
        lines += [f"and {number(len(chosen) - MOST_LISTED)} more"] if len(chosen) > MOST_LISTED else []
        display.say(
            "\n".join(lines) if lines else "there is no such document" if wanted else "nothing is loaded yet: f2"
        )

    display.fetch(display.session.documents, done)


def document_named(display: Display, typed: str) -> str:
    """The document that is meant by a name, by "@" and a name, or by a part of the name of one alone."""
    known = {document.path for document in display.documents}
    bare = typed[1:] if typed.startswith("@") and typed not in known else typed
    near = [name for name in known if bare.lower() in name.lower()]
    return near[0] if bare not in known and len(near) == 1 else bare


def open_(display: Display, words: Sequence[str]) -> None:
    """/open DOCUMENT[:PAGE]"""
    if not words:
        raise UsageError("Open which document?", "For example /open lease.pdf:12; /docs lists them.")
    path, page = " ".join(words), 1
    head, _, tail = path.rpartition(":")
    if head and tail.isdigit() and path not in {document.path for document in display.documents}:
        path, page = head, max(1, int(tail))
    path = document_named(display, path)
    display.open_page(path, page)
    display.say(f"opening page {number(page)} of {one_line(path, 120)}", passing=True)


def answers(display: Display, words: Sequence[str]) -> None:
    """/answers"""
    display.open_answers()
    display.say("all answers are open", passing=True)


def timeline(display: Display, words: Sequence[str]) -> None:
    """/timeline"""
    display.open_timeline()
    display.say("the timeline is open", passing=True)


def faults(display: Display, words: Sequence[str]) -> None:
    """/faults"""
    display.open_faults()
    display.say("replaying the passages this conversation read at other windows", passing=True)


def replay(display: Display, words: Sequence[str]) -> None:
    """/replay"""
    display.open_map(play=True)
    display.say("playing the memory map from the first step; space pauses", passing=True)
