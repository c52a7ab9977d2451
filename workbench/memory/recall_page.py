"""A page of past messages, stored as references and rendered for the model whenever it is needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.api.results import TOMBSTONE
from workbench.retrieval.paging.text_page import TextPage
from workbench.text.template_tokens import neutralise

RENDERER = 2

Lines = Mapping[int, str]
"""Messages by id, each as recall shows it on one line."""


@dataclass(frozen=True)
class RecallPage:
    """A page of conversation_search or conversation_search_date. `number` counts from 0; `total` is true.

    `items` are (message, characters of its line that are shown; None for all of it).
    """

    function: str
    arguments: Mapping[str, Any]
    number: int
    pages: int
    total: int
    items: tuple[tuple[int, int | None], ...] = ()
    renderer: int = 1
    """Version of the text: from 2 on without control tokens of chat templates. Old steps keep theirs."""

    @classmethod
    def of(
        cls, function: str, arguments: Mapping[str, Any], found: Lines, number: int, page_tokens: int, hits: int
    ) -> RecallPage:
        """Page `number` of what was found, at most `hits` messages and no more than fit a result of `page_tokens`.

        Raises UsageError when the call for the next page alone would fill it.
        """
        blank = cls(function, arguments, number, 0, 0)
        page = TextPage.of(list(found.values()), number, page_tokens, blank.call, hits)
        ids = list(found)[page.first : page.first + page.shown]
        items = tuple(
            (key, None if shown == found[key] else len(shown) - 1) for key, shown in zip(ids, page.lines, strict=True)
        )
        return cls(function, arguments, number, page.pages, page.total, items, RENDERER)

    def call(self, number: int) -> str:
        """The exact call that gives a page."""
        given = "".join(f"{key}={json.dumps(value, ensure_ascii=False)}, " for key, value in self.arguments.items())
        return f"{self.function}({given}page={number})"

    def render(self, lines: Lines) -> str:
        """The page as the model reads it; a message that is gone leaves a tombstone."""
        shown = [_cut(lines.get(key, TOMBSTONE), chars) for key, chars in self.items]
        text = TextPage.written(shown, self.number, self.pages, self.total, self.call)
        return neutralise(text) if self.renderer > 1 else text

    @property
    def summary(self) -> str:
        """One line for people, who count pages from 1."""
        where = f"p.{self.number + 1}/{self.pages} " if self.pages else ""
        return f"{where}{len(self.items)} of {self.total}"

    def dump(self) -> dict[str, Any]:
        """JSON-ready; what was said stays in its messages."""
        items = [key if chars is None else [key, chars] for key, chars in self.items]
        return {**vars(self), "arguments": dict(self.arguments), "items": items}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> RecallPage:
        """The inverse of `dump`."""
        items = tuple((item, None) if isinstance(item, int) else (item[0], item[1]) for item in data["items"])
        return cls(**{**data, "items": items})


def recalled(body: Mapping[str, Any]) -> Sequence[int]:
    """The messages that a stored message shows again."""
    page = body.get("recall")
    return [item if isinstance(item, int) else item[0] for item in page["items"]] if page else ()


def with_messages(body: Mapping[str, Any], of: Callable[[int], int]) -> dict[str, Any]:
    """A message's body with `of` applied to every message that it shows again."""
    page = body.get("recall")
    if not page:
        return dict(body)
    items = [of(item) if isinstance(item, int) else [of(item[0]), item[1]] for item in page["items"]]
    return {**body, "recall": {**page, "items": items}}


def _cut(line: str, chars: int | None) -> str:
    return line if chars is None or len(line) <= chars else line[:chars] + "…"
