"""Our byte pair encoding beside tiktoken's, over the same ranks: the same tokens for any text."""

from __future__ import annotations

import base64
import functools
import gzip
import importlib.util
import random
from pathlib import Path
from typing import Any

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import tokens
from workbench.byte_pairs import BytePairs

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("o200k_base", "cl100k_base")
PATTERNS = {
    # As tiktoken's own package writes them.
    "o200k_base": "|".join(
        [
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ]
    ),
    "cl100k_base": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
}


@functools.cache
def theirs(name: str) -> tiktoken.Encoding:
    spec = importlib.util.find_spec("bpe_openai")
    assert spec
    assert spec.origin
    lines = gzip.decompress((Path(spec.origin).parent / "data" / f"{name}.tiktoken.gz").read_bytes()).splitlines()
    ranks = {base64.b64decode(word): int(rank) for word, rank in (line.split() for line in lines if line)}
    assert list(ranks.values()) == list(range(len(ranks)))
    return tiktoken.Encoding(name=name, pat_str=PATTERNS[name], mergeable_ranks=ranks, special_tokens={})


def check(text: str) -> None:
    for name in NAMES:
        expected = theirs(name).encode_ordinary(text)
        assert tokens.encoding(name).ranks(text) == expected, (name, text[:200])
        assert tokens.encoding(name).count(text) == len(expected)


@pytest.mark.parametrize("file", ["README.md", "sample_docs/kitchen-book.md", "workbench/cli.py"])
def test_files(file: str) -> None:
    check((ROOT / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n", "a", "It's We'LL they'RE I'M you'd he'S won'T 'ſ x'ſ", "1234567 12,345.678", "x" * 3_000, "ab" * 900,
        " " * 500, "\n" * 300 + " \n \n", "end of it \n", "end\n", "\t\t x\r\n\r\n y", "café naïve “quoted” – it’s 5 € ½ ² Ⅷ",
        "人工知能は、情報処理の分野です。", "مرحبا بالعالم", "שלום עולם", "привет МИР Привет", "नमस्ते दुनिया", "👩‍👩‍👧‍👦 flags 🇩🇪",
        "e\u0301a\u0308", "Ǆǅǆ ªº ʰ", "\x00\x01\x1c\x1d\x1e\x1f \x7f\x85\xa0\u2028\u2029\u3000x", "a\u00a0b \u00a0 c", "//path/to///x\n//",
        "lone \ud800 surrogate \udfff\ud800", "\ufeffstart", "AAAAbbbbCCCC dddEEE FfGg", "https://a.b/c?d=e&f=g#h",
    ],
)  # fmt: skip
def test_odd_texts(text: str) -> None:
    check(text)


def test_every_character_between_others() -> None:
    # Letters that are newer than one of the two tables of Unicode are nobody's to know.
    import unicodedata

    codes = [*range(0x2200), *range(0x2200, 0x30000, 41)]
    known = [chr(code) for code in codes if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]
    for start in range(0, len(known), 500):
        check("".join(f"a{one}1 {one}B'{one}\n" for one in known[start : start + 500]))


def test_random_mixtures() -> None:
    rolled = random.Random(5)
    characters = "aaAAzZ019  \t\r\n'’sSdDmMtTlvre/.,-_é ß Ω ж 中 \u00a0 \u2003 ́ 🙂 ½"
    for _ in range(3_000):
        check("".join(rolled.choices(characters, k=rolled.randint(1, 40))))


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cn"], max_codepoint=0x3FFFF), max_size=60))
def test_any_text(text: str) -> None:
    check(text)


def test_a_long_piece_takes_no_longer_than_its_length_says() -> None:
    """A quadratic way would take an hour for it."""
    text = "".join(random.Random(3).choices("abcdefgh", k=150_000))
    assert tokens.encoding("o200k_base").count(text) == len(theirs("o200k_base").encode_ordinary(text))


def test_what_is_kept_of_counted_pieces_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench import byte_pairs

    monkeypatch.setattr(byte_pairs, "_KEPT_PIECES", 10)
    made = BytePairs([bytes([code]) for code in range(256)] + [b"ab"], r"\s+|[^\s]+")
    kept: Any = made._counts
    assert [made.count(f"ab{number}") for number in range(100)] == [1 + len(str(number)) for number in range(100)]
    assert len(kept) <= 10
    assert made.count("x" * 100) == 100
    assert "x" * 100 not in kept
