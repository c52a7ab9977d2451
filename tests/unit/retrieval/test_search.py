"""The search index against a brute-force reference: nothing missed, nothing twice, exact queries exact."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.properties import examples
from workbench.retrieval.index import vectors as vector_index
from workbench.retrieval.index.builder import IndexedPassage, Ranking, SearchIndex
from workbench.retrieval.index.postings import hashed
from workbench.retrieval.index.vectors import Codes, VectorIndex
from workbench.text import phrases

DIMENSIONS = 16
WORDS = ["lamp", "keeper", "harbour", "oil", "HX-204/7", "HX-204", "storm", "灯塔", "守卫", "2019", "wick's", "café"]


def normal(seed: int, count: int, dimensions: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def unit(seed: int, count: int = 1) -> np.ndarray:
    return normal(seed, count, DIMENSIONS)


def passage(number: int, text: str, document: int = 1, title: str = "notes", heading: str = "") -> IndexedPassage:
    return IndexedPassage(number, document, 1, 0, title, heading, text)


def index_of(*texts: str) -> SearchIndex:
    return SearchIndex.build([passage(i, text) for i, text in enumerate(texts)], unit(1, len(texts)))


def ids(index: SearchIndex, query: str, **kwargs: object) -> tuple[int, ...]:
    ranking: Ranking = index.search(query, None, **kwargs)  # type: ignore[arg-type]
    assert len(set(ranking.ids)) == len(ranking.ids) == len(ranking.scores) == len(ranking.why)
    return ranking.ids


operations = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 12), st.lists(st.sampled_from(WORDS), min_size=1, max_size=6)),
        st.tuples(st.just("remove"), st.integers(0, 12), st.just([])),
    ),
    min_size=1,
    max_size=25,
)


@examples(40)
@given(operations, st.sampled_from(WORDS), st.sampled_from([None, frozenset({0}), frozenset({0, 2})]))
def test_every_change_is_seen_by_the_next_search(ops, word, documents) -> None:  # type: ignore[no-untyped-def]
    index = SearchIndex(DIMENSIONS)
    model: dict[int, IndexedPassage] = {}
    for kind, number, words in ops:
        if kind == "add":
            model[number] = passage(number, " ".join(words), document=number % 3)
            index.add([model[number]], unit(number))
        else:
            model.pop(number, None)
            index.remove([number])
        seen = {n: p for n, p in model.items() if documents is None or p.document in documents}
        expected = {n for n, p in seen.items() if phrases.contains(p.text, word)}
        exact = index.search(f'"{word}"', None, documents=documents)
        assert (set(exact.ids), exact.mode, exact.num_searched) == (expected, "exact", len(seen))
        assert len(exact.ids) == len(expected)
        query = unit(3)[0]
        ranking = index.search("nothing here", query, documents=documents, follow=False)
        near = {n for n in seen if float(unit(n)[0] @ query) >= 0.5}
        assert near <= set(ranking.ids) <= set(seen)
    assert len(index) == len(model)


def test_exact_queries_have_no_cap_and_their_true_number() -> None:
    texts = [f"part HX-204/{n % 2}0 of crate {n}" for n in range(700)]
    index = index_of(*texts)
    assert sorted(ids(index, "HX-204/10", limit=5)) == list(range(1, 700, 2))
    assert ids(index, "HX-204/1") == ()
    assert len(ids(index, '"crate 69"')) == 1


def test_a_uuid_is_found_alone_and_where_it_is_the_key_first() -> None:
    one, two = "94071d67-86df-455c-8ee9-691e492ff740", "0d7ba717-e034-410e-88ab-c13d37cc6499"
    other = "88b322bb-571c-4e55-9934-aa8df11b3349"
    index = index_of(f"pair: key = {other}, value = {one}", f"pair: key = {one}, value = {two}", "no identifier")
    assert ids(index, one) == (1, 0)
    assert ids(index, one.upper()) == (1, 0)
    assert ids(index, f"which value belongs to the key {other}")[0] == 0


def test_an_identifier_is_found_with_other_separators_when_it_stands_nowhere_as_typed() -> None:
    index = index_of("order AX-4410/B", "order AX4410C", "order AX-4410/C", "a total of 12,345.67")
    assert ids(index, "AX4410B") == ids(index, "ax_4410_b") == (0,)
    assert ids(index, "AX4410C") == (1,)
    assert ids(index, "AX4410D") == ()
    assert ids(index, "12345.67") == (3,)
    assert ids(index, "AX4410B", pages=(2, 2)) == ()


def test_quantities_signs_and_single_characters_are_found() -> None:
    index = index_of(
        "5 ml and 50 mg, 8 mg", "written in C# by one", "written in C by two", "猫がいる", "a 🦊", "take 5 mg"
    )
    assert ids(index, "5mg")[0] == ids(index, "5 mg")[0] == ids(index, "take 5mg")[0] == 5
    assert ids(index, "50mg")[0] == 0
    assert ids(index, '"5mg"') == (5,)
    assert ids(index, "C#")[0] == 1
    assert ids(index, "猫") == (3,)
    assert ids(index, "🦊") == (4,)


def test_words_are_found_without_what_is_written_together_with_them() -> None:
    index = index_of("ذهب إلى المدرسة", "הילד הלך לבית", "столица России", "in Köln")
    assert [ids(index, word) for word in ("مدرسة", "ילד", "Россия", "Koeln")] == [(0,), (1,), (2,), (3,)]


def test_phrases_are_compared_in_normalised_form() -> None:
    lit, lights = "The  Halloran\nLIGHT was lit", "the Halloran lights"
    index = index_of(lit, lights, "a light-\nhouse keeper", "a well-\nknown rock")
    assert ids(index, '"halloran light"') == (0,)
    assert ids(index, "“lighthouse keeper”") == (2,)
    assert ids(index, '"well-known"') == (3,)
    assert ids(index, '"ﬁne lamp"') == ()


def test_phrases_and_excluded_words_bind_in_a_list_of_words_but_not_in_a_sentence() -> None:
    index = index_of("the lamp oil of the keeper", "the lamp of the keeper", "the keeper of the oil")
    assert set(ids(index, 'keeper "the lamp"')) == {0, 1}
    assert set(ids(index, "keeper -oil")) == {1}
    assert set(ids(index, "oil at -5 degrees")) == {0, 2}
    assert 2 in ids(index, 'Who is the keeper that wrote "the lamp"?')


def test_scripts_without_spaces_are_found_by_pairs() -> None:
    index = index_of("灯塔守卫在第5条规定下工作", "港口的风暴很大", "كِتَابٌ عن المنارة", "שָׁלוֹם לכולם")
    assert ids(index, "守卫")[0] == 0
    assert ids(index, '"第5条"') == (0,)
    assert ids(index, '"5条"') == (0,)
    assert ids(index, '"港"') == (1,)
    assert ids(index, "كتاب") == (2,)
    assert ids(index, "שלום") == (3,)


def test_title_and_stem_count() -> None:
    index = SearchIndex.build(
        [passage(1, "it was repaired in spring", title="Halloran light"), passage(2, "it was painted", title="Pier")],
        unit(1, 2),
    )
    assert ids(index, "repairing the Halloran light")[0] == 1


def test_ties_are_ordered_by_passage_and_searches_are_repeatable() -> None:
    vectors = np.repeat(unit(5), 30, axis=0)
    order = np.random.default_rng(2).permutation(30)
    index = SearchIndex.build([passage(int(n), "the same text") for n in order], vectors)
    first = index.search("same text", unit(5)[0])
    assert first.ids == tuple(range(30))
    assert first == index.search("same text", unit(5)[0])


def test_meaning_is_capped_and_empty_is_empty() -> None:
    index = index_of(*[f"storm number {n}" for n in range(300)])
    assert len(index.search("storm", unit(1, 300)[7]).ids) == 200
    assert index.search("  ", None).ids == ()
    assert SearchIndex(DIMENSIONS).search("storm", None) == Ranking((), (), "meaning", 0)
    assert index.search("storm", None, documents=frozenset()).num_searched == 0


@pytest.mark.parametrize("spread", [0.02, 0.3, 1.5])
def test_coded_search_is_the_scan_s_at_any_depth(monkeypatch: pytest.MonkeyPatch, spread: float) -> None:
    dimensions = 128
    centres = normal(9, 60, dimensions)
    rng = np.random.default_rng(4)
    vectors = centres[rng.integers(0, 60, 9000)] + spread * rng.normal(size=(9000, dimensions)).astype(np.float32)
    vectors[8000:] *= (
        rng.random((1000, dimensions)) < 0.1
    )  # some point another way than those that the codes are made for
    vectors[5:9], vectors[4000:4040] = 0.0, vectors[3000:3040]
    vectors = (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    exact = VectorIndex.build(vectors)
    monkeypatch.setattr(vector_index, "EXACT_ROWS", 100)
    monkeypatch.setattr(vector_index, "_TAIL_ROWS", 500)
    monkeypatch.setattr(vector_index, "_PART_ROWS", 3_000)
    ids = np.arange(9000)
    coded = VectorIndex(vectors[:0], ids[:0], Codes(dimensions))
    for rows in (2000, 6000, 8700, 9000):
        coded = coded.grown(vectors[:rows], ids[:rows])
    assert (exact.coded, coded.coded) == (0, 8700)
    asked: list[int] = []
    monkeypatch.setattr(Codes, "search", lambda *given, _plain=Codes.search: asked.append(1) or _plain(*given))
    for allowed in (None, rng.random(9000) < 0.8, rng.random(9000) < 0.3):
        for query in normal(3, 8, dimensions):
            for count in (1, 10, 200, 600):
                wanted, cosines = exact.search(query, count, allowed)
                found, scores = coded.search(query, count, allowed)
                assert found.tolist() == wanted.tolist()
                assert scores.tolist() == cosines.tolist()
    assert len(asked) > 50


def test_what_is_wiped_leaves_the_codes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_index, "EXACT_ROWS", 10)
    monkeypatch.setattr(vector_index, "_TAIL_ROWS", 10)
    index = VectorIndex.build(normal(1, 400, 16).copy())
    assert index.coded == 400
    index.wipe(np.array([7, 300]))
    codes = index.codes._parts[0].reconstruct_n(0, 400)
    assert not codes[[7, 300]].any()
    assert codes[[6, 8]].any(axis=1).all()
    best = index.search(normal(1, 400, 16)[7], 5)[0]
    assert 7 not in best


def test_nothing_of_an_erased_document_stays_in_memory() -> None:
    index = SearchIndex(DIMENSIONS)
    secret = passage(2, "The quixotic Zebulon Marsh keeps HX-991", 2, "Zebulon ledger", "Private zebra")
    others = [passage(1, "Lamp oil", 1, "Oil book"), passage(3, "Zebulon trades oil", 3, "Harbour", "Stores")]
    index.add([others[0], secret, others[1]], unit(1, 3))
    index.erase([2])
    assert ids(index, '"Zebulon"') == (3,)
    assert ids(index, "quixotic zebra ledger HX-991") == ()
    (block,) = index.snapshot.blocks
    assert [block.columns[name].to_pylist()[1] for name in ("text", "heading", "called")] == ["", "", ""]
    for field, words in {"text": ["quixotic", "hx-991"], "title": ["ledger"], "heading": ["zebra"],
                         "names": ["zebulon_marsh"], "called": ["zebulon_ledger"]}.items():  # fmt: skip
        assert not np.isin(hashed(words), block.postings[field].hashes).any()
    assert not index.snapshot.vectors.vectors[1].any()
    assert "zebulon" not in index.snapshot.titles.first_words
    fresh = SearchIndex.build(others, unit(1, 3)[[0, 2]])
    for query in ("Zebulon oil", "harbour stores", "Lamp"):
        assert index.search(query, None) == fresh.search(query, None)


@pytest.mark.filterwarnings("error")
def test_a_field_that_only_removed_passages_had_counts_for_nothing() -> None:
    index = SearchIndex.build([passage(1, "oil lamp", heading="Oil"), passage(2, "oil keeper")], unit(1, 2))
    index.remove([1])
    assert ids(index, "oil") == (2,)


def test_searches_run_while_the_index_changes() -> None:
    """Every change waits until one more search has begun, so that none is made after the searches are over."""
    index = index_of(*["storm lamp"] * 50)
    searchers, began, ended = 3, threading.Semaphore(0), threading.Event()

    def search() -> list[int]:
        counts: list[int] = []
        while not ended.is_set():
            began.release()
            counts.append(len(ids(index, '"storm lamp"')))
        return counts

    with ThreadPoolExecutor(searchers) as pool:
        running = [pool.submit(search) for _ in range(searchers)]
        try:
            for number in range(100, 120):
                assert began.acquire(timeout=60)
                index.add([passage(number, "storm lamp")], unit(number))
        finally:
            ended.set()
        for each in running:
            counts = each.result(60)
            assert counts == sorted(counts), "a search saw less than one before it"
            assert all(50 <= count <= 70 for count in counts)
    assert sum(len(each.result()) for each in running) >= 20
    assert len(ids(index, '"storm lamp"')) == 70


def test_references_stand_behind_what_a_document_says_unless_they_are_asked_for() -> None:
    said = passage(0, "The lamp of the harbour was lit at dusk.", heading="Bell > Lamp")
    cited = passage(1, "[1] A. Smith. The lamp of the harbour keeper. 2019.\n[2] B. Brown. The harbour lamp. 2020.")
    linked = passage(2, "The lamp of the harbour keeper", heading="Bell > External links")
    index = SearchIndex.build([said, cited, linked], unit(1, 3))
    assert ids(index, "lamp of the harbour keeper")[0] == 0
    assert ids(index, "references on the lamp of the harbour keeper")[0] != 0
