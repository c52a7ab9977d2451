"""Receipts: a result whose question is answered goes in, one line comes out, and whole only the passages that the answer cited."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from workbench.memory.result_page import ResultPage, header

_LINE_CHARS = 120
_QUERY_CHARS = 100


def receipt(page: ResultPage, kept: Sequence[int], texts: Mapping[int, str]) -> str:
    """A page of results after its question: what it was, how to see it again, and the passages `kept` under their handles."""
    query = page.query if len(page.query) <= _QUERY_CHARS else page.query[: _QUERY_CHARS - 1] + "…"
    again = f"{page.function}({page.key}={json.dumps(query, ensure_ascii=False)}, {page.extra}page={page.number})"
    hits = [hit for hit in page.hits if hit.passage in kept]
    cited = f"{len(hits)} cited, below" if hits else "none cited"
    lines = [f"Receipt: {len(page.hits)} of {page.total} results, {cited}. Again: {again}"]
    for hit in hits:
        lines += [header(hit), hit.shown(texts.get(hit.passage, "[erased]"))]
    return "\n".join(lines)


def short_receipt(text: str) -> str:
    """Any other result after its question: its first line, when that is shorter."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(first) > _LINE_CHARS:
        first = first[: _LINE_CHARS - 1] + "…"
    short = f"Receipt: {first}"
    return short if len(short) + 40 < len(text) else text
