"""Passages: bounded, verbatim, never across pages, ending where a reader would pause."""

from __future__ import annotations

import itertools
import random

import pytest

from loaders.document import Document, Heading, Page
from workbench.embedding import minilm
from workbench.ingest.chunker import Chunker, ChunkLimits, is_row, sentence_starts
from workbench.ingest.passage import PassageDraft, embedding_text

SENTENCES = [
    "The keeper of the light wrote down every ship that passed.",
    "In 1891, the bell was recast at the foundry of J. R. Marden in Port Amity.",
    "Nobody could say who had rung it during the storm!",
    "Was it Mr. Ormerod, whose boat lay wrecked below?",
    "The inquiry heard eleven witnesses and believed none of them.",
]


@pytest.fixture(scope="module")
def chunker() -> Chunker:
    return Chunker.for_local_model()


def cut(chunker: Chunker, *pages: Page, title: str = "") -> list[PassageDraft]:
    return list(chunker.passages(Document(title, pages, "test", 1)))


def prose(seed: int, count: int, joiner: str = " ") -> str:
    chosen = random.Random(seed)
    return joiner.join(chosen.choice(SENTENCES) for _ in range(count))


TEXTS = {
    "prose": prose(1, 120),
    "paragraphs": prose(2, 80, "\n\n"),
    "one word": "x" * 30_000,
    "no spaces": "ab12," * 5_000,
    "chinese": "海岸に立つ灯台。船員は光を探す！本当か？" * 200,
    "no sentence ends": "keeper bell storm " * 1_500,
    "table": "\n".join(f"Station {n} {n * 3} {n * 7}.50 {n}%" for n in range(300)),
    "arabic": "تقف المنارة على الشاطئ. هل يبحث البحارة عن ضوئها؟ نعم يبحثون عنه كل ليلة. " * 60,
    "hebrew": "המגדלור עומד על החוף. המלחים מחפשים את אורו בלילה. " * 60,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 800,
    "combining": "e\u0301a\u0300" * 3_000,
    "white space": "word" + " " * 5_000 + "word" + "\n" * 3_000 + "end.",
}


@pytest.mark.parametrize("name", TEXTS)
def test_passages_are_verbatim_bounded_and_lose_nothing(chunker: Chunker, name: str) -> None:
    text = TEXTS[name]
    passages = cut(chunker, Page(1, None, text, (Heading(1, "A heading of the page", 0),)), title="The title of it all")
    end = 0
    for passage in passages:
        assert passage.text == text[passage.start_char : passage.end_char] == passage.text.strip()
        assert not text[end : passage.start_char].strip()
        end = passage.end_char
        assert len(passage.text) <= 2_000
        assert chunker.count_context(passage.text) <= 350
        assert minilm.count_tokens([passage.embedding_text])[0] + 2 <= 256
    assert not text[end:].strip()


def test_prose_ends_at_sentences_and_fills_passages(chunker: Chunker) -> None:
    passages = cut(chunker, Page(1, None, TEXTS["prose"]))
    assert all(passage.text[-1] in ".!?" for passage in passages)
    sizes = minilm.count_tokens([passage.text for passage in passages])
    assert min(sizes) > 120


def test_arabic_and_chinese_end_at_their_own_marks(chunker: Chunker) -> None:
    assert all(passage.text[-1] in "。！？" for passage in cut(chunker, Page(1, None, TEXTS["chinese"])))
    assert all(passage.text[-1] in ".؟" for passage in cut(chunker, Page(1, None, TEXTS["arabic"])))


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "灯台は海辺にある。船はどこへ行くのか？誰も知らない。",
            ["灯台は海辺にある。", "船はどこへ行くのか？", "誰も知らない。"],
        ),
        ("「もう遅い。」と彼は言った。雨が降っていた。", ["「もう遅い。」と彼は言った。", "雨が降っていた。"]),
        ("他说：“天黑了。”我们走吧！", ["他说：“天黑了。”", "我们走吧！"]),
        ("气温是３．５度。很冷。", ["气温是３．５度。", "很冷。"]),
        ("המגדלור עומד על החוף. מי מחפש את אורו? הספנים.", ["המגדלור עומד על החוף. ", "מי מחפש את אורו? ", "הספנים."]),
        ("تقف المنارة هنا. هل يراها أحد؟ نعم.", ["تقف المنارة هنا. ", "هل يراها أحد؟ ", "نعم."]),
        ("روشنی کہاں ہے؟ وہ یہاں ہے۔ سب سو گئے۔", ["روشنی کہاں ہے؟ ", "وہ یہاں ہے۔ ", "سب سو گئے۔"]),
        ("प्रकाश कहाँ है? वह यहाँ है। सब सो गए।", ["प्रकाश कहाँ है? ", "वह यहाँ है। ", "सब सो गए।"]),
    ],
)
def test_sentences_end_where_each_script_ends_them(text: str, sentences: list[str]) -> None:
    starts = [0, *sentence_starts(text), len(text)]
    assert [text[start:end] for start, end in itertools.pairwise(starts)] == sentences


def test_a_table_is_cut_between_its_rows(chunker: Chunker) -> None:
    rows = set(TEXTS["table"].split("\n"))
    for passage in cut(chunker, Page(1, None, TEXTS["table"])):
        assert set(passage.text.split("\n")) <= rows


def test_no_passage_crosses_a_page_and_headings_reach_the_next(chunker: Chunker) -> None:
    first = Page(1, "i", "Harbours\n" + prose(3, 4), (Heading(1, "Harbours", 0),))
    second = Page(2, "ii", prose(4, 4) + "\nLights\n" + prose(5, 14) + "\nBells\n" + prose(6, 14))
    starts = [second.text.index("Lights\n"), second.text.index("Bells\n")]
    second = Page(2, "ii", second.text, (Heading(2, "Lights", starts[0]), Heading(2, "Bells", starts[1])))
    passages = cut(chunker, first, second, title="Survey")
    assert [passage.heading for passage in passages if passage.page_number == 1] == ["Harbours"]
    on_second = [passage for passage in passages if passage.page_number == 2]
    assert on_second[0].heading == "Harbours"
    assert {passage.start_char for passage in on_second} >= set(starts)
    bells = [passage for passage in on_second if passage.start_char >= starts[1]]
    assert {passage.heading for passage in bells} == {"Harbours > Bells"}
    assert bells[0].embedding_text.startswith("Survey > Harbours > Bells\n")


def test_a_heading_is_never_left_alone_at_an_end(chunker: Chunker) -> None:
    text, starts = "", []
    for number in range(30):
        starts.append(len(text))
        text += f"Section {number}\n{prose(number, 3)}\n"
    page = Page(1, None, text, tuple(Heading(1, f"Section {n}", start) for n, start in enumerate(starts)))
    for passage in cut(chunker, page):
        assert not passage.text.split("\n")[-1].startswith("Section")


def test_other_limits_are_obeyed() -> None:
    words = Chunker(
        lambda texts: [len(text.split()) for text in texts],
        lambda text: len(text.split()),
        ChunkLimits(embedder_tokens=32, mark_tokens=2, target_tokens=15, context_line_tokens=10),
    )
    passages = cut(words, Page(1, None, TEXTS["prose"]))
    assert max(len(passage.text.split()) for passage in passages) <= 20


def test_words_cut_by_a_line_end_are_whole_for_the_embedder() -> None:
    assert embedding_text("the har-\nbour of 1890-\n1891", "Survey") == "Survey\nthe harbour of 1890-\n1891"


def test_abbreviations_and_initials_end_no_sentence() -> None:
    line = "Mr. J. R. Marden paid No. 5 of the U.S. fleet. Then he left. “Why?” She asked."
    assert [line[start:][:4] for start in sentence_starts(line)] == ["Then", "“Why", "She "]


@pytest.mark.parametrize("row", ["| a | b |", "- a point", "12. an item", "Total 1,200 (340) 12%", "a\tb"])
def test_rows_are_told_from_prose(row: str) -> None:
    assert is_row(row)
    assert not is_row("The bell of 1891 was recast at the foundry.")
