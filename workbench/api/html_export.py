"""Writes a conversation as one HTML file that anyone can scrub: timeline, memory map, exact prompts, answers with evidence.

Everything of documents and models is data in a JSON block and reaches the page through `textContent` alone. A policy in
the page allows only its own script, by hash, and no request to anywhere, so that not even a fault here could run or
fetch anything of a document. A segment that stands in many prompts is written once: prompts differ little from step to
step, and a long conversation in a large window would otherwise take hundreds of megabytes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib import resources
from typing import Any

from workbench.api.citation_marks import cited, numbered
from workbench.api.events import AnswerDone, Citation, ContextAssembled, Event, PageRead, QuestionAsked, Stopped
from workbench.api.matching import quote_span
from workbench.api.paging import StepRecord, steps_of
from workbench.api.segment_titles import segment_title
from workbench.api.session import PageView, SessionProtocol
from workbench.core.errors import WorkbenchError
from workbench.core.sanitize import one_line, sanitize

LETTERS = {
    "system": "S",
    "functions": "S",
    "overhead": "S",
    "working_context": "M",
    "summary": "Σ",
    "conversation": "C",
    "paged": "P",
}
LABELS = {"S": "system", "M": "memory", "Σ": "summary", "C": "chat", "P": "paged in"}

LATELY_STEPS = 3
"""What was evicted in the last steps is drawn in another colour than what left before."""

AROUND_QUOTE_CHARS = 2_000
"""Of an evidence page so much is shown on each side of its quote: a text file is one page, however long."""

FetchPage = Callable[[Citation], PageView | None]


def session_page(session: SessionProtocol) -> str:
    """The page of the session's agent, with the pages that its answers quote."""
    history = list(session.history())
    sent = [item.step for item in steps_of(history) if item.used]
    contexts = (replace(session.context(step), step=step) for step in sent)

    def fetch(citation: Citation) -> PageView | None:
        try:
            return session.page(citation.document, citation.page, citation.passage)
        except WorkbenchError:  # it was removed since: the quote stands without its page
            return None

    return page(session.agent, history, contexts, fetch)


def page(
    agent: str,
    history: Sequence[Event],
    contexts: Iterable[ContextAssembled],
    fetch: FetchPage = lambda citation: None,
) -> str:
    """The whole file.

    Args:
        agent: The agent's name.
        history: The durable events of its branch, oldest first.
        contexts: The prompt of each recorded step, with `step` set.
        fetch: The page that a citation names; None where it cannot be had.
    """
    talk, asked = _talk(history, fetch)
    parts = _Parts()
    data = {
        "labels": LABELS,
        "steps": _steps(history, {context.step: context for context in contexts}, asked, parts),
        "parts": parts.listed,
        "talk": talk,
        "names": _places(history),
    }
    # Inside a script element only "</" and "<!--" mean anything: without "<" there is neither.
    block = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    block = block.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    script, style = _asset("html_export.js"), _asset("html_export.css")
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = html.escape(one_line(agent), quote=True)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer"><title>{title} · MemGPT Workbench</title><style>{style}</style></head><body>
<h1 dir="auto">{title}</h1>
<p class="dim">A conversation of MemGPT Workbench: the bars are its prompts, one a model call, stacked by what filled the window.
Click a bar, drag the slider or press left and right: everything below shows that moment.
<span class="warned-sign"></span>the model was warned <span class="out-sign"></span>messages were evicted</p>
<div id="chart"><div id="bars"></div></div><div id="signs"></div>
<input id="step" type="range" min="0" aria-label="step">
<p><button id="play">Play</button> <span id="now" role="status"></span></p><ul id="moved"></ul>
<main><section>
<h2>Main context <span class="sum" id="context-sum"></span></h2><div id="map"></div><p id="legend"></p>
<h2>Recall storage <span class="sum" id="recall-sum"></span></h2><div id="recall"></div>
<h2>Archival storage <span class="sum" id="archive-sum"></span></h2><div id="archive"></div>
<h2>The exact prompt, segment by segment</h2><div id="segments"></div>
</section><section id="conversation"><h2>The conversation</h2><div id="talk"></div></section></main>
<noscript>The conversation is in this file as data; its own script shows it, and needs JavaScript.</noscript>
<script type="application/json" id="data">{block}</script><script>{script}</script></body></html>
"""


class _Parts:
    """The segments of all prompts, each once: what a prompt holds are numbers of these."""

    def __init__(self) -> None:
        self.listed: list[dict[str, str]] = []
        self._known: dict[tuple[str, str, int | None, str], int] = {}

    def number(self, name: str, title: str, message: int | None, text: str, letter: str) -> int:
        """The number of a segment; `key` is the same for what only moved on to the next prompt."""
        wanted = (name, title, message, text)
        if wanted not in self._known:
            self._known[wanted] = len(self.listed)
            key = f"{name} {message}" if message is not None else f"{name} {title} {_mark_of(text)}"
            self.listed.append({"key": key, "letter": letter, "title": title, "text": sanitize(text)})
        return self._known[wanted]


def _mark_of(text: str) -> str:
    """A short mark of a text, the same in every run."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _steps(
    history: Sequence[Event], prompts: dict[int | None, ContextAssembled], asked: dict[int, int], parts: _Parts
) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    gone: list[int] = []
    held: set[int] = set()
    talk = -1
    for item in steps_of(history):
        context = prompts.get(item.step) or ContextAssembled(step=item.step)
        messages = {segment.message for segment in context.segments if segment.message is not None}
        gone.append(len(held - messages) if context.segments else 0)
        held = messages or held
        talk = asked.get(item.step, talk)
        steps.append(
            {
                "step": item.step,
                "talk": talk,
                "first": bool(item.question),
                "used": item.used or context.used,
                "usable": item.usable or context.usable,
                "window": context.window,
                "reserve": context.reserve,
                "warn": context.warn,
                "flush": context.flush or context.usable,
                "exact": context.exact,
                "warned": item.warned,
                "did": _did(item),
                "messages": len(messages),
                "evicted": gone[-1],
                "lately": sum(gone[-LATELY_STEPS:]),
                "gone": sum(gone),
                "inside": sorted(context.in_context),
                "segments": [
                    [
                        parts.number(
                            segment.name,
                            segment_title(segment),
                            segment.message,
                            segment.text,
                            LETTERS.get(segment.name, "C"),
                        ),
                        segment.tokens,
                    ]
                    for segment in context.segments
                ],
            }
        )
    return steps


def _did(item: StepRecord) -> list[str]:
    did = [_counted(len(item.hits), "passage") + " read"] if item.hits else []
    did += [_counted(item.edits, "memory edit")] if item.edits else []
    did += ["warned that the window fills"] if item.warned else []
    did += [_counted(len(item.receipts), "passage") + " not cited and dropped"] if item.receipts else []
    did += ["answered"] if item.answer else []
    return did or ["nothing read or written"]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _talk(history: Sequence[Event], fetch: FetchPage) -> tuple[list[dict[str, Any]], dict[int, int]]:
    """The turns, and the turn that each step belongs to."""
    talk: list[dict[str, Any]] = []
    asked: dict[int, int] = {}

    def turn() -> dict[str, Any]:
        if not talk:
            talk.append(_turn(""))
        return talk[-1]

    for event in history:
        match event:
            case QuestionAsked():
                talk.append(_turn(sanitize(event.text)))
            case AnswerDone():
                shown = cited(event.quotes)
                turn().update(
                    answer=numbered(event.text, shown, event.unquoted),
                    state=event.standing,
                    citations=[
                        {
                            "quote": sanitize(item.quote),
                            "where": f"[{item.number}] {sanitize(item.where)}",
                            "page": _around(item, fetch(item) if item.verified else None),
                        }
                        for item in shown
                    ],
                )
            case Stopped():
                turn()["stopped"] = sanitize(event.reason)
        if event.step is not None and talk:
            asked[event.step] = len(talk) - 1
    return talk, asked


def _turn(question: str) -> dict[str, Any]:
    return {"question": question, "answer": "", "state": "", "stopped": "", "citations": []}


def _around(citation: Citation, page: PageView | None) -> list[str]:
    """The text before a quote on its page, the quote, and the text behind it; [] where there is no page."""
    if page is None:
        return []
    start, end = quote_span(page.text, citation.quote) or (page.start, page.end)
    first, last = max(0, start - AROUND_QUOTE_CHARS), min(len(page.text), end + AROUND_QUOTE_CHARS)
    before = f"… {_counted(first, 'character')} before\n" if first else ""
    behind = f"\n{_counted(len(page.text) - last, 'character')} more …" if last < len(page.text) else ""
    pieces = page.text[first:start], page.text[start:end], page.text[end:last]
    head, quote, tail = map(sanitize, pieces)
    return [before + head, quote, tail + behind]


def _places(history: Iterable[Event]) -> dict[int, str]:
    """Where passages come from, as people write it, by their numbers."""
    return {
        hit.passage: f"{one_line(hit.document, 200)} p.{hit.page}"
        for event in history
        if isinstance(event, PageRead)
        for hit in event.hits
    }


def _asset(name: str) -> str:
    return resources.files("workbench.api").joinpath(name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
