"""Pages of lines: the sizes of lines are bounded without writing every one of them as JSON."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from workbench.retrieval.paging.text_page import TextPage
from workbench.text.result_text import text_tokens

LINE = st.text(st.one_of(st.characters(), st.sampled_from('"\\\x7f\n aé')), max_size=300)


@given(st.lists(LINE, min_size=1, max_size=30), st.integers(300, 900), st.integers(1, 8))
def test_every_line_is_on_one_page_and_every_page_fits(lines: list[str], page_tokens: int, hits: int) -> None:
    first = TextPage.of(lines, 0, page_tokens, "next({})".format, hits)
    pages = [TextPage.of(lines, number, page_tokens, "next({})".format, hits) for number in range(first.pages)]
    assert [page.first for page in pages] == [
        sum(page.shown for page in pages[:number]) for number in range(len(pages))
    ]
    assert sum(page.shown for page in pages) == first.total == len(lines)
    assert all(1 <= page.shown <= hits for page in pages)
    assert all(text_tokens(json.dumps(page.text, ensure_ascii=False)) <= page_tokens for page in pages)
