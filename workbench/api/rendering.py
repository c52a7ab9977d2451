"""Renders the events of a load, and conversations as Markdown, in the same words for every display."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workbench.api.citation_marks import cited, numbered
from workbench.api.events import AnswerDone, Event, Loaded, LoadProgress, QuestionAsked, Reembedded, Stopped
from workbench.core.sanitize import one_line, sanitize, unbroken

_NAMED = 20


def progress_line(event: LoadProgress) -> str:
    """How far a load is, on one line."""
    if event.stage == "scan":
        found = f", {plural(event.files_total, 'file')} so far" if event.files_total else ""
        return f"looking for files in {one_line(event.source, 120)}{found}"
    parts = [f"{event.files_done:,}/{event.files_total:,} files"] if event.files_total else []
    if event.pages:
        parts.append(plural(event.pages, "page"))
    if event.passages_total:
        parts.append(f"{event.passages_done:,}/{event.passages_total:,} passages")
    if event.passages_per_second:
        parts.append(f"{event.passages_per_second:,.0f}/s")
    if event.remaining_seconds is not None:
        parts.append(f"{event.remaining_seconds:,.0f} s left")
    if event.failed:
        parts.append(f"{event.failed:,} failed")
    current = f" {one_line(event.current, 200)}" if event.current else ""
    return f"loading{current}: {one_line(event.stage, 20)} {', '.join(parts)}"


def loaded_line(event: Loaded) -> str:
    """What a load brought, on one line."""
    new = [plural(event.documents, "document"), plural(event.pages, "page"), plural(event.passages, "passage")]
    said = ", ".join(new) if event.documents else "nothing new"
    for count, what in (
        (event.changed, "changed"),
        (event.reused, "passages as they were"),
        (event.unchanged, "unchanged"),
        (len(event.moved), "moved"),
        (event.excluded, "left out by rule"),
        (len(event.gone), "gone from the disk and kept"),
        (len(event.dropped), "gone and dropped"),
    ):
        said += f", {count:,} {what}" if count else ""
    stopped = ", stopped by you" if event.stopped else ""
    return f"loaded {one_line(event.source, 120)}: {said} in {event.seconds:,.1f} s{stopped}"


def reembedded_line(event: Reembedded) -> str:
    """What a change of the embedding model did, on one line."""
    source, model = one_line(event.source, 120), one_line(event.model, 120)
    count = f"{plural(event.passages, 'passage')} embedded"
    before = f", {event.kept:,} were already" if event.kept else ""
    if event.stopped:
        return (
            f"stopped: {count} with {model} in {event.seconds:,.1f} s, {event.left:,} to go; {source} is searched as before. "
            f"The same command goes on there."
        )
    shared = f"; {plural(len(event.shared), 'other source')} with the same documents too" if event.shared else ""
    return f"{source} is searched with {model} now: {count}{before}, {event.seconds:,.1f} s{shared}"


def why(reason: str, remedy: str) -> str:
    """Why a file is not loaded and what to do, as sentences."""
    ended = f"{reason}." if reason and remedy and reason[-1] not in ".!?" else reason
    return f"{ended} {remedy}".strip()


def file_lines(event: Loaded) -> Iterator[str]:
    """What became of files that a person would ask about: moved, gone, alike. Long lists are cut, and say so."""
    lists: tuple[tuple[str, list[str]], ...] = (
        ("moved", [f"{_path(old)} -> {_path(new)}" for old, new in event.moved]),
        ("gone, still in the source (--prune drops it)", [_path(path) for path in event.gone]),
        ("dropped", [_path(path) for path in event.dropped]),
        ("remark", [f"{_path(path)}: {one_line(said, 300)}" for path, said in event.remarks]),
        ("nearly the same", [", ".join(_path(path) for path in group[:_NAMED]) for group in event.alike]),
    )
    for what, items in lists:
        for item in items[:_NAMED]:
            yield f"{what}: {item}"
        if len(items) > _NAMED:
            yield f"{what}: and {len(items) - _NAMED:,} more"


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _path(text: str) -> str:
    return one_line(text, 300)


# Conversations as Markdown: questions, answers, and their checked citations.


def markdown_lines(agent: str, events: Iterable[Event]) -> Iterator[str]:
    """A conversation as Markdown: questions, answers, and their checked citations."""
    yield f"# {one_line(agent)}"
    for event in events:
        if isinstance(event, QuestionAsked):
            yield from ("", f"## {' '.join(sanitize(event.text).split())}", "")
        elif isinstance(event, AnswerDone):
            citations = cited(event.quotes)
            yield from _answer_lines(numbered(event.text, citations, event.unquoted))
            yield from ("", OURS)
            yield from _block(
                unbroken(f"{one.number}. {one.where}: “{' '.join(one.quote.split())}”") for one in citations
            )
            yield from _block([*_standing(event), *(f"> {unbroken(note)}" for note in event.notes)])
        elif isinstance(event, Stopped):
            yield from _block([f"*Stopped: {unbroken(event.detail or event.reason)}*"])
        elif isinstance(event, Loaded) and event.documents:
            new = f"{plural(event.documents, 'document')}, {plural(event.passages, 'passage')}"
            yield from _block([f"*Loaded {unbroken(event.source)}: {new}*"])


def _block(lines: Iterable[str]) -> list[str]:
    """Lines as a block of Markdown: parted by an empty line from what stands before; nothing where there are none."""
    block = list(lines)
    return ["", *block] if block else []


OURS = "---"
"""Stands below each answer; what follows it up to the next question is the workbench's. No line of an answer can be one."""


def _answer_lines(text: str) -> Iterator[str]:
    """An answer, with a backslash before what would make a heading of ours, a remark of ours, or the line that parts them."""
    for line in sanitize(text).split("\n"):
        mark = _LIKE_OURS.match(line)
        yield f"{line[: mark.end()]}\\{line[mark.end() :]}" if mark else line


_LIKE_OURS = re.compile(r"\s*(?=#{1,2}(?:\s|$)|>|(?:[-*_=]\s*){3,}$)")


def _standing(answer: AnswerDone) -> Iterator[str]:
    """How far an answer rests on quotes, and its sentences that rest on none, word for word."""
    if answer.standing:
        yield f"> {answer.standing}"
    lines = answer.text.split("\n")
    for sentence in answer.unsupported:
        yield f"> Rests on no quote: “{' '.join(sanitize(sentence).split())}”"
    for number in answer.unquoted if not answer.unsupported else ():  # an answer of an older version
        if 0 < number <= len(lines):
            yield f"> Not quoted, line {number}: “{' '.join(sanitize(lines[number - 1]).split())}”"
    for quote in answer.false_quotes:
        yield f"> Not found on any page that was read: “{' '.join(sanitize(quote).split())}”"
