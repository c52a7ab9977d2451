"""Following once more: what only a followed passage leads to is found, across documents alone, and behind the first five."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.retrieval.index.builder import IndexedPassage, SearchIndex
from workbench.retrieval.ranking import second_hop
from workbench.retrieval.ranking.result import Ranking

QUESTION = "What was exported from the birthplace of the architect of the Tern Point light?"
LIGHT = ("Tern Point light", "The Tern Point light was drawn by Ottilie Marsh and first lit in 1871.")
PERSON = ("Ottilie Marsh", "She was a quiet child of Skerrow and drew bridges before she turned to towers.")
TOWN = ("Skerrow", "A village of weavers. Slate was exported from here until the quay fell in.")
NEAR = [
    (
        f"Harbour {n}",
        f"The birthplace of pilot {n} had a light; what was exported was counted by the architect."
        + " Gulls cried." * n,
    )
    for n in range(12)
]
FILLER = [*NEAR, *((f"Market day {n}", f"On day {n} rope and barley rose to a price of {n}.") for n in range(120))]


def ranking(texts: list[tuple[str, str]], document_of: dict[int, int] | None = None) -> Ranking:
    rows = [
        IndexedPassage(n, (document_of or {}).get(n, n), 1, n, title, "", text) for n, (title, text) in enumerate(texts)
    ]
    index = SearchIndex.build(rows, np.eye(len(rows), 384, dtype=np.float32))
    return index.search(QUESTION, None)


@pytest.fixture
def without_thirds(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(second_hop, "THIRD_BONUS", 0.0)
    return monkeypatch


def test_the_third_passage_of_a_chain_comes_with_the_pair_that_leads_to_it(without_thirds: pytest.MonkeyPatch) -> None:
    texts = [LIGHT, PERSON, TOWN, *FILLER]
    before = ranking(texts)
    without_thirds.undo()
    after = ranking(texts)
    place = after.ids.index(2)
    assert place == 5 < before.ids.index(2)
    assert after.why[place].partner in (0, 1)
    assert after.why[place].link > before.why[before.ids.index(2)].link
    assert after.ids[:5] == before.ids[:5]
    assert list(after.scores) == sorted(after.scores, reverse=True)


def test_pages_of_the_pair_s_own_document_are_no_thirds(without_thirds: pytest.MonkeyPatch) -> None:
    texts = [LIGHT, PERSON, TOWN, *FILLER]
    one_book = dict.fromkeys(range(len(texts)), 7)
    before = ranking(texts, one_book)
    without_thirds.undo()
    assert ranking(texts, one_book) == before


def test_a_small_archive_has_as_many_pairs_as_it_has() -> None:
    assert ranking([LIGHT]).ids == (0,)
    assert set(ranking([LIGHT, PERSON]).ids) == {0, 1}
    assert second_hop.likeliest(np.zeros((0, 0)), [], [], []) == []
    pairs = second_hop.likeliest(np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.1]]), [4, 9], [4, 9, 2], [40, 90, 20])
    assert [pair[:2] for pair in pairs] == [(4, 2), (4, 9), (9, 2)]
