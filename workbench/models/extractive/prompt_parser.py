"""Parses a request: the question, its notes, its searches and the passages in sight."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.api.results import Hit, RenderedPage
from workbench.models.base import Message
from workbench.text.spelling import remarked
from workbench.text.template_tokens import as_written

_HEADER = re.compile(
    r"^(?P<handle>#[a-z]+\d+) \| (?P<document>.+?) \| document_page (?P<page>\d+)(?: \(label (?P<label>[^|]*)\))?"
    r" \| (?:(?P<heading>.*) \| )?score (?P<score>-?[\d.]+)(?: \| [^|]*)*\s*$"
)
_SHOWING = re.compile(r"^Showing (\d+) of ([\d,]+) results \(page (\d+)/(\d+)\)")
_COVERED = re.compile(r"\A[^\n]*?\b(read [\d,]+ of [\d,]+ pages)")
_NOTE = re.compile(
    r"^\s*(?:-\s*)?\[(?P<handle>#[a-z]+\d+)\] (?P<document>.+) p\.(?P<page>\d+): [\"“](?P<quote>.+)[\"”]\s*$"
)
_SEARCHED = re.compile(r"\"((?:[^\"\\]|\\.)*)\" page (\d+)/(\d+)")


@dataclass(frozen=True)
class Note:
    """A finding in the task block; `line` is exactly as it stands there."""

    handle: str
    document: str
    document_page: int
    quote: str
    line: str


@dataclass(frozen=True)
class Search:
    """A search made for the question. `page` and `last_page` are 0-based; `handles` is None when its result is out of sight,

    and then a long `query` is known by its beginning only and ends with "…".
    """

    query: str
    page: int
    last_page: int
    total: int = 0
    handles: tuple[str, ...] | None = None

    def is_of(self, query: str, page: int) -> bool:
        """Whether this is that search, as far as is known."""
        return page == self.page and self.begins(query)

    def begins(self, text: str) -> bool:
        """Whether the text is this query, or begins with it: a search of the system's cuts a long question."""
        known, flat = " ".join(self.query.removesuffix("…").split()), " ".join(text.split())
        return flat.startswith(known) if len(known) >= CUT_CHARS // 2 else flat == known


CUT_CHARS = 48
"""About what the list of searches keeps of a query."""


@dataclass(frozen=True)
class View:
    """One request, read. `repeating`: a call was refused for being made again.

    `after` says what came last: "user", "search", "note", "failed" or "other".
    """

    question: str
    after: str
    sources: tuple[str, ...]
    notes: tuple[Note, ...]
    searches: tuple[Search, ...]
    passages: Mapping[str, Hit]
    task: str
    functions: frozenset[str] = field(default_factory=frozenset)
    window_tokens: int = 8192
    repeating: bool = False
    followed: tuple[Search, ...] = ()
    """The passages that were followed and are in sight: `query` is the handle."""
    results: tuple[tuple[str, ...], ...] = ()
    """The handles of every page of results in sight, in the order in which they came."""
    swept: str = ""
    """What a sweep for this question covered, in words; "" where none was made."""
    held: Mapping[str, int] = field(default_factory=dict)
    """How many documents and passages the sources hold between them, where the state says so."""
    before: tuple[str, str] = ("", "")
    """The question before this one and what was answered, as far as they are in sight."""
    failures: tuple[str, ...] = ()
    """What was said of searches for this question that could not be made."""
    read_as: Mapping[str, str] = field(default_factory=dict)
    """Words that stand in no document, each with the word that a search in sight took it for."""

    @property
    def documents(self) -> int:
        """How many documents the sources hold between them."""
        return self._held("documents")

    @property
    def archive_passages(self) -> int:
        """How many passages the sources hold between them."""
        return self._held("passages")

    def _held(self, what: str) -> int:
        if what in self.held:
            return self.held[what]
        # A state of before 2026-12 had the counts in the names.
        found = (match for source in self.sources for match in _HELD.finditer(source))
        return sum(int(match[what].replace(",", "")) for match in found)


_HELD = re.compile(r"\((?P<documents>\d[\d,]*) documents?, (?P<passages>\d[\d,]*) passages?\)\s*$")
_FOLLOW = "archival_follow"
_SWEEP = "archival_sweep"
_FINDING = ("archival_memory_search", _FOLLOW, _SWEEP)
_REPEATED = "with the same arguments"
"""What the executor says of a call made again and again."""


def read(
    messages: Sequence[Message],
    tools: Sequence[Mapping[str, Any]],
    results: Sequence[RenderedPage | None] = (),
) -> View:
    """Read a request. Anything malformed is passed over: a reader never fails on what it is shown.

    `results` say what each message shows of archival storage. One holds only where the message says its very text, so nothing
    is read that is not in this prompt. Without them (a request that another program made) the text is read.
    """
    found = _Reading()
    for number, message in enumerate(messages):
        found.take(message, results[number] if number < len(results) else None)
    task = str(_object(found.state.get("working_context")).get("task", ""))
    for known in _searched(task):
        if not any(known.is_of(search.query, search.page) for search in found.searches.values()):
            found.searches[known.query, known.page] = known
    written = re.search(r"^question: (.+)$", task, re.MULTILINE)
    context = _object(found.state.get("context"))
    return View(
        question=found.question or (written.group(1) if written else ""),
        after=found.after,
        sources=tuple(str(source) for source in found.state.get("sources") or ()),
        notes=parse_notes(task),
        searches=tuple(found.searches.values()),
        passages=found.passages,
        task=task,
        functions=frozenset(str(tool.get("function", {}).get("name")) for tool in tools),
        window_tokens=int(context.get("window") or 8192),
        repeating=found.repeating,
        followed=tuple(found.followed.values()),
        results=tuple(found.results),
        swept=found.swept,
        held={key: int(found.state[key]) for key in ("documents", "passages") if isinstance(found.state.get(key), int)},
        before=found.before,
        failures=tuple(found.failures),
        read_as=found.read_as,
    )


@dataclass
class _Reading:
    """What the messages up to here say; the fields are those of a View. Searches and results are those of the last question."""

    state: dict[str, Any] = field(default_factory=dict)
    question: str = ""
    after: str = "other"
    repeating: bool = False
    passages: dict[str, Hit] = field(default_factory=dict)
    searches: dict[tuple[str, int], Search] = field(default_factory=dict)
    followed: dict[str, Search] = field(default_factory=dict)
    results: list[tuple[str, ...]] = field(default_factory=list)
    before: tuple[str, str] = ("", "")
    said: str = ""
    swept: str = ""
    failures: list[str] = field(default_factory=list)
    read_as: dict[str, str] = field(default_factory=dict)
    _calls: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def take(self, message: Message, result: RenderedPage | None = None) -> None:
        """Read one message more."""
        role, content = message.get("role"), _object(message.get("content"))
        if role == "user" and content.get("type") == "state":
            self.state = content
        elif role == "user" and content.get("type") == "user_message":
            self.before, self.said = (self.question, self.said), ""
            self.question, self.after = str(content.get("message", "")), "user"
            self.searches, self.followed, self.results, self.repeating = {}, {}, [], False
            self.swept, self.failures, self.read_as = "", [], {}
        elif role == "assistant":
            for call in message.get("tool_calls") or ():
                function = call.get("function", {})
                arguments = _object(function.get("arguments"))
                self._calls[str(call.get("id"))] = (str(function.get("name")), arguments)
                if function.get("name") == "send_message":
                    self.said = str(arguments.get("message", ""))
        elif role == "tool":
            name, arguments = self._calls.get(str(message.get("tool_call_id")), ("", {}))
            self._returned(name, arguments, content, result)

    def _returned(
        self, name: str, arguments: dict[str, Any], content: Mapping[str, Any], result: RenderedPage | None
    ) -> None:
        body, done = str(content.get("message", "")), content.get("status") == "OK"
        if name in _FINDING and done:
            self._found(name, arguments, body, result if result is not None and result.text == body else _parsed(body))
        elif name in _FINDING:
            # The list of searches is bounded: one that fell off it may be made again, and is refused.
            self.repeating, self.after = self.repeating or _REPEATED in body, "failed"
            if _REPEATED not in body:
                self.failures.append(body)
        elif name.startswith("core_memory"):
            self.after = "note" if done else "failed"
        else:
            self.after = "other" if done else "failed"

    def _found(self, name: str, arguments: dict[str, Any], body: str, result: RenderedPage) -> None:
        hits = {hit.handle: hit for hit in result.hits}
        self.results.append(tuple(hits))
        if name == _SWEEP:
            # A sweep shows one line of each passage; what is in sight of a passage already is more.
            self.passages.update({handle: hit for handle, hit in hits.items() if handle not in self.passages})
            covered = _COVERED.search(body)
            self.swept, self.after = covered.group(1) if covered else "read all", "search"
            return
        self.passages.update(hits)
        if name == _FOLLOW:
            search = _search({**arguments, "query": arguments.get("passage", "")}, result)
            self.followed[search.query] = search
        else:
            self.read_as.update(remarked(body.split("\n", 1)[0]))
            search = _search(arguments, result)
            self.searches[search.query, search.page] = search
        self.after = "search"


def _object(value: Any) -> dict[str, Any]:
    """`value` as a mapping: itself, or the JSON object that it is the text of, or nothing."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            parsed = json.loads(value)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}
    return {}


def _search(arguments: Mapping[str, Any], result: RenderedPage) -> Search:
    page = int(arguments.get("page") or 0)
    handles = tuple(dict.fromkeys(hit.handle for hit in result.hits))
    last_page = page if result.last_page is None else result.last_page
    return Search(str(arguments.get("query", "")), page, last_page, result.total, handles)


def _parsed(body: str) -> RenderedPage:
    """What a page of results says in its text."""
    shown, passages = _SHOWING.match(body), tuple(parse_hits(body).values())
    if not shown:
        return RenderedPage(body, passages)
    return RenderedPage(body, passages, int(shown.group(2).replace(",", "")), int(shown.group(4)))


def _searched(task: str) -> list[Search]:
    """The searches whose results are out of sight: the task block keeps their list."""
    line = re.search(r"^searched: (.+)$", task, re.MULTILINE)
    if not line:
        return []
    return [
        Search(match.group(1).replace('\\"', '"'), int(match.group(2)), int(match.group(3)))
        for match in _SEARCHED.finditer(line.group(1))
    ]


def parse_hits(body: str) -> dict[str, Hit]:
    """The hits of a page of results. Text is indented, so nothing inside a document passes for a header."""
    hits: dict[str, Hit] = {}
    header: re.Match[str] | None = None
    lines: list[str] = []

    def close() -> None:
        if header:
            hits[header["handle"]] = Hit(
                0, header["handle"], as_written(header["document"]), int(header["page"]), header["label"],
                as_written((header["heading"] or "").strip()), as_written("\n".join(lines)), float(header["score"]),
            )  # fmt: skip

    for line in body.split("\n"):
        match = _HEADER.match(line)
        if match:
            close()
            header, lines = match, []
        elif line.startswith("  "):
            lines.append(line[2:])
        elif line.strip():
            close()
            header, lines = None, []
        else:
            lines.append("")
    close()
    return hits


def parse_notes(task: str) -> tuple[Note, ...]:
    """The findings in the task block, in order."""
    found = []
    for line in task.split("\n"):
        match = _NOTE.match(line)
        if match:
            found.append(Note(match["handle"], match["document"], int(match["page"]), match["quote"], line))
    return tuple(found)
