"""Scripted models: a request's body goes in, the next reply comes out, chosen from what the functions' results say."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.support.model_replies import Reply, calls, says

Body = Mapping[str, Any]

_HIT = re.compile(
    r"^(#[a-z]+\d+) \| ([^|\n]+?) \| document_page (\d+)[^\n]*\n((?:  [^\n]*(?:\n|$)|\n(?=  ))+)", re.MULTILINE
)
_SENTENCE = re.compile(r"[A-Z][^.!?\"“”|]{25,200}[.!?](?=\s|$)")


@dataclasses.dataclass(frozen=True)
class Hit:
    """One passage of a result page as the model sees it."""

    handle: str
    document: str
    document_page: int
    text: str

    def sentence(self) -> str:
        """A verbatim sentence of the passage, or the longest piece without quotation marks."""
        flat = " ".join(self.text.split())
        if found := _SENTENCE.search(flat):
            return found.group()
        return max(re.split(r"[\"“”]", flat), key=len)[:200].strip()

    def note(self) -> str:
        """The sentence as a line of the task block."""
        return f'[{self.handle}] {self.document} p.{self.document_page}: "{self.sentence()}"'


def hits(text: str) -> list[Hit]:
    """The hits of a page of results."""
    return [Hit(handle, document, int(page), body) for handle, document, page, body in _HIT.findall(text)]


def question_of(body: Body) -> str:
    """The latest thing the user said, with its time, so that asking twice is two questions. Empty: nothing."""
    for message in reversed(body["messages"]):
        if message["role"] == "user" and (said := _object(message["content"])).get("type") == "user_message":
            return json.dumps([said.get("message", ""), said.get("time")])
    return ""


def last_result(body: Body) -> str:
    """The text of the last function result."""
    for message in reversed(body["messages"]):
        if message["role"] == "tool":
            return str(_object(message["content"]).get("message", message["content"]))
    return ""


def functions_of(body: Body) -> set[str]:
    """The names of the functions offered."""
    return {tool["function"]["name"] for tool in body.get("tools") or ()}


def _object(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def reads_pages(
    query: str | None = None, pages: int = 3, *, notes: bool = True, **options: Any
) -> Callable[[Body], Reply]:
    """A model that reads pages 0 to `pages` - 1 of one search, noting a sentence of each, and answers with a quote.

    The query is the user's question unless given. It stops early when a page says that there are no more results. The
    quote is a sentence of the first hit on the last page read. `options` are fields of every Reply.
    """
    return _ReadsPages(query, pages, notes, options)


class _ReadsPages:
    """The state of one conversation: which question, how many pages, what to quote."""

    def __init__(self, query: str | None, pages: int, notes: bool, options: Mapping[str, Any]) -> None:
        self._query, self._pages, self._notes, self._options = query, pages, notes, options
        self._start("")

    def _start(self, question: str) -> None:
        self._question, self._page, self._noted = question, -1, True
        self._quote: Hit | None = None
        self._more = True

    def __call__(self, body: Body) -> Reply:
        if not functions_of(body):
            return Reply(content="Earlier: the question was asked and pages of results were read.", **self._options)
        if (question := question_of(body)) != self._question:
            self._start(question)
        return dataclasses.replace(self._next(body), **self._options)

    def _next(self, body: Body) -> Reply:
        result = last_result(body)
        if self._page >= 0 and not self._noted:
            self._noted = True
            self._more = "No more results." not in result and "No results found." not in result
            if found := hits(result):
                self._quote = found[0]
                if self._notes and "core_memory_append" in functions_of(body):
                    return calls("core_memory_append", name="task", content=found[0].note(), request_heartbeat=True)
        if self._page + 1 < self._pages and (self._page < 0 or self._more):
            self._page, self._noted = self._page + 1, False
            query = self._query or str(json.loads(self._question or '[""]')[0])
            return calls("archival_memory_search", query=query, page=self._page, request_heartbeat=True)
        return says(self._answer())

    def _answer(self) -> str:
        if self._quote is None:
            return "Not found in the documents."
        return f'Page {self._page + 1} of the results says: "{self._quote.sentence()}" [{self._quote.handle}]'


def from_json(source: Any, **options: Any) -> Callable[[Body], Reply]:
    """A script from JSON: a list of replies, or {"script": "reads_pages", "query": …, "pages": …}.

    A reply is a text, or an object with the fields of Reply; the list starts again at its end. `options` are fields of
    every reply.
    """
    if isinstance(source, Mapping) and source.get("script") == "reads_pages":
        pages, notes = int(source.get("pages", 3)), bool(source.get("notes", True))
        return reads_pages(source.get("query"), pages, notes=notes, **options)
    if not isinstance(source, Sequence) or isinstance(source, str) or not source:
        raise ValueError('a script is a list of replies or {"script": "reads_pages", …}')
    replies = [dataclasses.replace(_reply(item), **options) for item in source]
    turns = iter(range(10**9))
    return lambda body: replies[next(turns) % len(replies)]


def _reply(item: Any) -> Reply:
    if isinstance(item, str):
        return Reply(content=item)
    fields = dict(item)
    fields["calls"] = [(name, arguments) for name, arguments in fields.get("calls", ())]
    return Reply(**fields)


def quoting(body: Any) -> Reply:
    """Answers with a sentence of the first page of results that it sees."""
    for message in body["messages"]:
        found = hits(json.loads(message["content"])["message"]) if message["role"] == "tool" else []
        if found:
            return calls("send_message", message=f'It says "{found[0].sentence()}" [{found[0].handle}]')
    return calls("archival_memory_search", query="harbour light", request_heartbeat=True)
