"""The slash commands for many documents at once: a table of answers, the check of a text of the user's own, two documents compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from workbench.api.question_table import question_lines
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.commands.display import Display
from workbench.tui.commands.view import document_named

_SOURCE = re.compile(r"""(?:^|\s)--source[ =]("[^"]*"|'[^']*'|\S+)\s*$""")


def table(display: Display, words: Sequence[str]) -> None:
    """/table FILE or QUESTIONS [--source S]"""
    typed, source = _split(words)
    if not typed:
        raise UsageError(
            "Ask which questions?", "For example /table questions.txt, or /table What is the monthly rent? [number]"
        )
    file = _file(typed)
    display.open_table(lambda: question_lines(file) if file else typed, source)
    display.say(f"the same questions of every document: {one_line(typed, 120)}")


def check(display: Display, words: Sequence[str]) -> None:
    """/check FILE or TEXT [--source S]"""
    typed, source = _split(words)
    if not typed:
        raise UsageError("Check which text?", "For example /check report.md, or the text itself.")
    file, checks = _file(typed), display.session.checks
    name = file.name if file else f"“{one_line(typed, 24)}”"
    display.open_check(name, lambda: checks.text_of(file) if file else typed, source)
    display.say(f"checking {one_line(name, 80)} sentence by sentence", passing=True)


def compare(display: Display, words: Sequence[str]) -> None:
    """/compare DOCUMENT DOCUMENT [--source S]"""
    names, source = [*words], ""
    if "--source" in names[:-1]:
        at = names.index("--source")
        source = names[at + 1]
        del names[at : at + 2]
    if len(names) != 2:
        raise UsageError("Name the two documents to compare.", "For example /compare lease-2019.pdf amend-2021.pdf.")
    first, second = (document_named(display, name) for name in names)
    display.open_comparison(first, second, source)
    display.say(f"comparing {one_line(first, 80)} with {one_line(second, 80)}", passing=True)


def _split(words: Sequence[str]) -> tuple[str, str]:
    """What stands before --source, and the name behind it."""
    typed, source = " ".join(words), ""
    if match := _SOURCE.search(typed):
        typed, source = typed[: match.start()], match[1].strip("\"'")
    return typed.strip(), source


def _file(typed: str) -> Path | None:
    """The file that was meant, None where it is the text itself. Raises UsageError for a path at which there is none."""
    bare = typed[1:-1] if len(typed) > 2 and typed[0] == typed[-1] and typed[0] in "\"'" else typed
    try:
        path = Path(bare).expanduser()
        if path.is_file():
            return path.absolute()
    except (OSError, RuntimeError, ValueError):  # too long for a name, or ~ of nobody
        return None
    if not re.search(r"\s", bare) and ("/" in bare or path.suffix[1:].isalnum()):
        raise UsageError(f"There is no file at {one_line(bare, 200)}.", "Name a file, or type the words themselves.")
    return None
