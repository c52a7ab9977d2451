"""Writes events, pages, prompts and differences as lines, for pipes, scripts, CI and screen readers."""

from __future__ import annotations

import json as json_module
import re
import textwrap
from collections.abc import Callable, Iterator

from workbench.api import events as ev
from workbench.api.citation_marks import cited, numbered
from workbench.api.events import ContextAssembled, PageRead
from workbench.api.history import SIGNS, ContextDiff
from workbench.api.matching import best_first
from workbench.api.rendering import file_lines, loaded_line, plural, progress_line, reembedded_line, why
from workbench.core.sanitize import json_text, one_line, sanitize, unbroken

_STOPPED = {
    "user": "by you",
    "steps": "the cap on steps is reached",
    "tokens": "the cap on tokens is reached",
    "time": "the cap on time is reached",
    "cost": "the cap on cost is reached",
    "repeated": "the model kept repeating itself",
    "error": "by an error",
}


def json_line(event: ev.Event) -> str:
    """One event as one JSON object, "event" and "step" first."""
    return json_text(event.as_dict())


Link = Callable[[int | None, str], str]
"""Makes words, cleaned already, a link to the file of a passage; a display that has no links gives them back as they are."""


def unlinked(passage: int | None, words: str) -> str:
    """The words alone."""
    return words


def event_line(event: ev.Event, link: Link = unlinked) -> str | None:
    """One event for people, several lines for an answer; None where there is nothing to say. No control characters but links."""
    lines = [text for _, text in _lines(event, link)]
    return "\n".join(lines) if lines else None


def _lines(event: ev.Event, link: Link) -> list[tuple[str, str]]:
    match event:
        case ev.QuestionAsked():
            return [("question", f"> {one_line(event.text)}")]
        case ev.AnswerDone():
            return list(_answer(event, link))
        case ev.Stopped():
            why = _STOPPED.get(event.reason, one_line(event.reason))
            return [("note", f"stopped: {why}{_aside(event.detail)}")]
        case ev.Failed():
            hint = f" {one_line(event.hint)}" if event.hint else ""
            return [("failed", f"failed: {one_line(event.message)}{hint}")]
        case ev.Notice():
            return [
                ("note", f"note: {one_line(event.message, 600)}" + (f" {one_line(event.hint)}" if event.hint else ""))
            ]
        case ev.LoadProgress() | ev.Loaded() | ev.Reembedded() | ev.Attached() | ev.Detached():
            return list(_library(event))
        case _:
            text = _step(event)
            return (
                [("failed" if isinstance(event, ev.FunctionReturned) and not event.ok else "step", text)]
                if text
                else []
            )


def _step(event: ev.Event) -> str:
    match event:
        case ev.ContextAssembled():
            about = "" if event.exact else "~"
            step = f"step {event.step}" if event.step is not None else "next prompt"
            return f"{step}: {about}{event.used:,}/{event.usable:,} tokens ({event.fullness:.0%})"
        case ev.FunctionCalled():
            if event.function == "send_message":
                return ""
            said = ", ".join(
                f"{one_line(key, 40)}={one_line(json_module.dumps(value, ensure_ascii=False), 200)}"
                for key, value in event.arguments.items()
            )
            return f"  call {one_line(event.function, 60)}({said})" + (
                " [ahead of the model]" if event.origin == "system" else ""
            )
        case ev.FunctionReturned():
            if not event.ok:
                return f"  failed {one_line(event.function, 60)}: {one_line(event.summary)}"
            return (
                f"  result {one_line(event.summary, 300)} (+{event.tokens:,} tokens)"
                if event.function != "send_message"
                else ""
            )
        case ev.PageRead():
            return _page(event)
        case ev.SweepProgress():
            return f"  {event.words}"
        case ev.MemoryEdited():
            return (
                f"  memory {one_line(event.block, 40)}: {event.chars:,}/{event.limit_chars:,} chars, {_edit(event)}"
                + (f" [after reading {one_line(event.led_by, 120)}]" if event.led_by else "")
            )
        case ev.HopChanged():
            where = f", {one_line(event.document, 120)} p.{event.document_page}" if event.document else ""
            return f"  task {one_line(event.hop, 200)}: {one_line(event.status, 40)}{where}"
        case ev.PressureWarning():
            return f"  pressure: {event.used:,} of {event.usable:,} usable tokens are taken, the model was told"
        case ev.Evicted():
            return f"  evicted {plural(event.messages, 'message')} to recall storage (-{event.tokens:,} tokens)"
        case ev.PagedOut():
            return f"  {event.words} (-{event.tokens:,} tokens)"
        case ev.SummaryWritten():
            return f"  summary rewritten ({event.tokens:,} tokens)"
        case _:
            return ""


def _page(event: ev.PageRead) -> str:
    query = one_line(event.query, 200)
    if not event.total:
        return f'  page of "{query}": no results'
    who = {"user": " (yours)", "model": ""}.get(event.origin, " (ahead of the model)")
    places = ", ".join(
        dict.fromkeys(
            f"{one_line(hit.document, 120)} p.{one_line(hit.label or str(hit.page), 12)}" for hit in event.hits
        )
    )
    where = f"{event.first:,}-{event.last:,} of {event.total:,}"
    return f'  page {event.page}/{event.pages} of "{query}"{who}: {where}: {places}'


def _edit(event: ev.MemoryEdited) -> str:
    if event.added:
        return ("replaced with" if event.removed else "added") + f' "{one_line(event.added, 200)}"'
    return f'removed "{one_line(event.removed, 200)}"' if event.removed else "rewritten"


_OURS = re.compile(r"\[\d+\]|\w+:|[>|]|not loaded\b|loaded\b|loading\b|step \d|  ", re.IGNORECASE)
"""How lines of ours begin at the left margin: citations, notes, complaints, questions, loads, steps."""


def _answer(event: ev.AnswerDone, link: Link) -> Iterator[tuple[str, str]]:
    citations = cited(event.quotes)
    for line in numbered(event.text, citations, event.unquoted).split("\n"):
        # What the model says never begins like a line of ours.
        yield "answer", f"  {line}" if _OURS.match(line) else line
    for citation in citations:
        where = one_line(citation.where, 400)
        where = link(citation.passage, where) if not citation.origin else where
        yield "citation", f'[{citation.number}] {where}: "{one_line(citation.quote)}"'
    if event.standing:
        yield "note", f"note: {event.standing}"
    for sentence in event.unsupported if event.state == "partly" else ():
        yield "note", f'note: rests on no quote: "{one_line(sentence, 300)}"'
    for note in event.notes:
        yield "note", f"note: {one_line(note)}"


def _library(
    event: ev.LoadProgress | ev.Loaded | ev.Reembedded | ev.Attached | ev.Detached,
) -> Iterator[tuple[str, str]]:
    source = one_line(event.source, 120)
    match event:
        case ev.LoadProgress():
            yield "load", progress_line(event)
        case ev.Loaded():
            yield "load", loaded_line(event)
            for line in file_lines(event):
                yield "load", line
            for failed in event.failed:
                said = why(one_line(failed.reason), one_line(failed.remedy))
                yield "failed", f"not loaded {one_line(failed.path, 300)}: {said}"
        case ev.Reembedded():
            yield "load", reembedded_line(event)
        case ev.Attached():
            size = f"{plural(event.documents, 'document')}, {plural(event.passages, 'passage')}"
            # A source is attached before its first document is loaded.
            yield "load", f"attached {source}: {size}" if event.documents else f"attached {source}"
        case ev.Detached():
            yield "load", f"detached {source}"


def _aside(text: str) -> str:
    return f" ({one_line(text, 300)})" if text else ""


# Longer texts: a page of results, a prompt segment by segment, a comparison.

_BAR = 32


Mark = Callable[[str], str]
"""Makes a word of the query stand out."""


def page_lines(
    page: PageRead, *, explain: bool = False, link: Link = unlinked, mark: Mark = lambda word: word
) -> Iterator[str]:
    """A page of results: one block a hit, from the sentence on that fits the query; how each score came about, if asked.

    Each line is clean: no control characters but links and marks of ours.
    """
    if not page.total:
        yield "No results."
        return
    note = f", {page.note}" if page.note else ""
    yield unbroken(f"{page.first}-{page.last} of {page.total:,} (page {page.page}/{page.pages}){note}")
    for rank, hit in enumerate(page.hits, page.first):
        label = f" ({hit.label})" if hit.label and hit.label != str(hit.page) else ""
        heading = f"  {hit.heading}" if hit.heading else ""
        yield ""
        where = link(hit.passage, unbroken(f"{hit.document} p.{hit.page}{label}"))
        # A score orders the hits of one search and means nothing beside that of another: it is told where it is explained.
        score = f"  {hit.score or 0.0:.3f}" if explain else ""
        yield f"{rank:>3}. {where}{unbroken(score + heading)}"
        if explain and hit.why:
            yield from (f"     · {unbroken(line)}" for line in hit.why.lines())
        yield from (f"     {line}" for line in _passage_lines(hit.shown, page.query, mark))


_PASSAGE_CELLS, _PASSAGE_LINES = 76, 6
_START, _END = "\ue000", "\ue001"
"""Private signs around marked words while the text is wrapped; a passage is stripped of them first."""


def _passage_lines(text: str, query: str, mark: Mark) -> list[str]:
    """The passage from the sentence on that fits the query, a few lines of it, the words of the query marked."""
    match = best_first(text.replace(_START, "").replace(_END, ""), query)
    whole = "".join(f"{_START}{part}{_END}" if marked else part for part, marked in match.pieces)
    lines = textwrap.wrap(("… " if match.cut else "") + whole, _PASSAGE_CELLS, break_on_hyphens=False)
    if len(lines) > _PASSAGE_LINES:
        lines = [*lines[: _PASSAGE_LINES - 1], f"{lines[_PASSAGE_LINES - 1]} …"]
    return [re.sub(f"{_START}([^{_END}]*){_END}", lambda found: mark(found[1]), line) for line in lines]


def finding_lines(page: PageRead) -> Iterator[str]:
    """The findings of a sweep: the coverage, then a line each."""
    place = f"{page.first}-{page.last} of {page.total:,}" if page.total else "nothing found"
    yield sanitize(f"{place}; {page.note}" if page.note else place)
    for rank, hit in enumerate(page.hits, page.first):
        label = f" ({hit.label})" if hit.label and hit.label != str(hit.page) else ""
        yield sanitize(f"{rank:>4}. {hit.document} p.{hit.page}{label}: {' '.join(hit.shown.split())}")


def context_lines(event: ContextAssembled, cacheable_share: float) -> Iterator[str]:
    """A prompt, segment by segment, with its sizes and its whole text, and what of it a prefix cache can reuse.

    The text is indented: a document's "== system" is none of our lines.
    """
    about = "" if event.exact else "~"
    yield f"{about}{event.used:,} of {event.usable:,} usable tokens (window {event.window:,}, {event.reserve:,} kept for the reply)"
    if cacheable_share:
        yield f"{cacheable_share:.0%} of it stood at the start of the request before: a prefix cache can reuse that"
    for segment in event.segments:
        share = round(_BAR * segment.tokens / max(1, event.usable))
        yield f"{segment.tokens:>7,}  {segment.name:<16} {'#' * share:<{_BAR}} {unbroken(segment.title)}"
    for segment in event.segments:
        yield ""
        yield f"== {segment.name}: {unbroken(segment.title)} ({segment.tokens:,} tokens)"
        yield from (f"  {line}".rstrip(" ") for line in sanitize(segment.text).split("\n"))


def diff_lines(diff: ContextDiff) -> Iterator[str]:
    """Two prompts compared: a line a segment that came, went or changed, and the lines that changed in it."""
    steps = [f"step {step}" if step is not None else "the next prompt" for step in (diff.first, diff.second)]
    yield f"{steps[0]} to {steps[1]}: {diff.used_before:,} to {diff.used_after:,} tokens, {diff.unchanged:,} segments the same"
    for change in diff.changes:
        segment = change.segment
        yield ""
        yield sanitize(f"{SIGNS[change.kind]} {segment.name}: {segment.title} ({change.tokens:+,} tokens)")
        lines = change.lines or [f"{SIGNS[change.kind]}{line}" for line in segment.text.splitlines()]
        yield from (f"    {sanitize(line)}" for line in lines)
