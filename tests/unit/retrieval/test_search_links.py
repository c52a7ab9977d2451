"""Following names from passage to passage: the second hop comes first, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.retrieval.index.builder import IndexedPassage, SearchIndex
from workbench.text.entities import names_in, title_keys

SUBJECTS = ["rope", "barley", "glass", "sealing wax", "pottery", "cattle", "tar", "wool", "slate", "honey"]


def corpus() -> list[tuple[str, str]]:
    filler = [(f"Market day {n}", f"On day {n} the price of {SUBJECTS[n % 10]} rose by {n}.") for n in range(200)]
    return [
        ("Tern Point light", "The Tern Point light was drawn by Ottilie Marsh and first lit in 1871."),
        ("Ottilie Marsh", "Born in Skerrow, she studied bridges before she turned to towers."),
        ("Gannet Bay light", "The Gannet Bay light was drawn by Piers Dunmore."),
        ("Piers Dunmore", "Born in Halden, he kept bees."),
        *filler,
    ]


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    rows = [IndexedPassage(n, n, 1, 0, title, "", text) for n, (title, text) in enumerate(corpus())]
    return SearchIndex.build(rows, np.eye(len(rows), 384, dtype=np.float32))


def test_a_passage_named_by_the_best_hit_follows_it(index: SearchIndex) -> None:
    question = "Where was the architect of the Tern Point light born?"
    assert set(index.search(question, None).ids[:2]) == {0, 1}
    assert 1 not in index.search(question, None, follow=False).ids[:2]


def test_following_keeps_to_the_documents_searched_and_to_what_is_there(index: SearchIndex) -> None:
    question = "Where was the architect of the Tern Point light born?"
    within = index.search(question, None, documents=frozenset({0, 2, 3}))
    assert set(within.ids) <= {0, 2, 3}
    copy = SearchIndex.build(
        [IndexedPassage(n, n, 1, 0, t, "", x) for n, (t, x) in enumerate(corpus())], np.eye(204, 384, dtype=np.float32)
    )
    copy.remove([1])
    assert 1 not in copy.search(question, None).ids


def test_a_ranking_with_links_has_no_passage_twice_and_says_why(index: SearchIndex) -> None:
    ranking = index.search("Where was the architect of the Tern Point light born?", None)
    assert len(set(ranking.ids)) == len(ranking.ids)
    assert list(ranking.scores) == sorted(ranking.scores, reverse=True)
    assert ranking.why[ranking.ids.index(1)].link > 0.5
    assert ranking.why[ranking.ids.index(1)].keyword_rank != 1


def test_names_are_word_groups_identifiers_and_book_titles() -> None:
    found = set(names_in("Ottilie Marsh of the Isle of Skerrow kept log HX-204/7; see 《灯塔之书》."))
    assert {"ottilie_marsh", "isle_of_skerrow", "skerrow", "hx_204_7", "灯塔之书"} <= found
    assert not {"of", "kept", "the"} & found
    assert title_keys("Ed Wood (film)") == ("ed_wood_film", "ed_wood")
    assert title_keys("harbour_survey.pdf", "Part 2 > The Halloran light") == ("harbour_survey", "the_halloran_light")


def test_the_order_in_which_passages_came_in_changes_nothing() -> None:
    texts = ["Ada Marlow kept the Gannet Rock light.", "The Gannet Rock light.", "Ada Marlow of Osk Harbour."] * 40
    rows = [
        IndexedPassage(n, n // 4, 1, 0, ["Gannet Rock", "Ada Marlow"][n % 2], "", text) for n, text in enumerate(texts)
    ]
    vectors = np.eye(7, 384, dtype=np.float32)[np.arange(len(rows)) % 7]
    forth, back = SearchIndex.build(rows, vectors), SearchIndex.build(rows[::-1], vectors[::-1].copy())
    for query in ("Who kept the light at Gannet Rock?", "Ada Marlow", "Osk Harbour"):
        assert forth.search(query, vectors[3]) == back.search(query, vectors[3])
