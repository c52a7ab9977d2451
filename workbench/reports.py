"""Longer texts for people: a page of results, a prompt by segments, or a conversation come in; plain or Markdown lines go out."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.events import ContextAssembled, PageRead
from workbench.foreign import clean
from workbench.timeline_views import SIGNS, ContextDiff

_BAR = 32


def page_lines(page: PageRead, *, explain: bool = False) -> Iterator[str]:
    """A page of results: one block a hit, and where it stands among all results; how each score came about, if asked."""
    if not page.total:
        yield "No results."
        return
    note = f", {page.note}" if page.note else ""
    yield f"{page.first}-{page.last} of {page.total:,} (page {page.page}/{page.pages}){note}"
    for rank, hit in enumerate(page.hits, page.first):
        label = f" ({hit.label})" if hit.label and hit.label != str(hit.page) else ""
        heading = f"  {hit.heading}" if hit.heading else ""
        yield ""
        yield clean(f"{rank:>3}. {hit.document} p.{hit.page}{label}  {hit.score:.3f}{heading}")
        if explain and hit.why:
            yield from (f"     · {line}" for line in hit.why.lines())
        yield from (f"     {line.strip()}" for line in clean(hit.text).splitlines() if line.strip())


def finding_lines(page: PageRead) -> Iterator[str]:
    """The findings of a sweep: the coverage, then a line each."""
    place = f"{page.first}-{page.last} of {page.total:,}" if page.total else "nothing found"
    yield clean(f"{place}; {page.note}" if page.note else place)
    for rank, hit in enumerate(page.hits, page.first):
        label = f" ({hit.label})" if hit.label and hit.label != str(hit.page) else ""
        yield clean(f"{rank:>4}. {hit.document} p.{hit.page}{label}: {' '.join(hit.shown.split())}")


def context_lines(event: ContextAssembled, cacheable_share: float) -> Iterator[str]:
    """A prompt, segment by segment, with its sizes and its whole text, and what of it a prefix cache can reuse."""
    about = "" if event.exact else "~"
    usable = event.window - event.reserve
    yield f"{about}{event.used:,} of {usable:,} usable tokens (window {event.window:,}, {event.reserve:,} kept for the reply)"
    if cacheable_share:
        yield f"{cacheable_share:.0%} of it stood at the start of the request before: a prefix cache can reuse that"
    for segment in event.segments:
        share = round(_BAR * segment.tokens / max(1, usable))
        yield f"{segment.tokens:>7,}  {segment.name:<16} {'#' * share:<{_BAR}} {segment.title}"
    for segment in event.segments:
        yield ""
        yield f"== {segment.name}: {segment.title} ({segment.tokens:,} tokens)"
        yield clean(segment.text)


def diff_lines(diff: ContextDiff) -> Iterator[str]:
    """Two prompts compared: a line a segment that came, went or changed, and the lines that changed in it."""
    steps = [f"step {step}" if step is not None else "the next prompt" for step in (diff.first, diff.second)]
    yield f"{steps[0]} to {steps[1]}: {diff.used_before:,} to {diff.used_after:,} tokens, {diff.unchanged:,} segments the same"
    for change in diff.changes:
        segment = change.segment
        yield ""
        yield clean(f"{SIGNS[change.kind]} {segment.name}: {segment.title} ({change.tokens:+,} tokens)")
        lines = change.lines or [f"{SIGNS[change.kind]}{line}" for line in segment.text.splitlines()]
        yield from (f"    {clean(line)}" for line in lines)
