"""Which words texts have: all texts at once give what each text gives when it is read alone, letter by letter."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from workbench.text.term_overlap import held_words

LETTERS = st.text("abAéß\u0130ﬁ½—–-_ .'1中文あK\0\u0301", max_size=24)
ROOTS = st.text("abeéi12kf中文あ-", min_size=1, max_size=11).map(str.lower)


def _alone(text: str, root: str) -> bool:
    lowered = " " + text.lower()
    if not root.isascii():
        return root in lowered
    spaced = lowered.replace("—", " ").replace("–", " ")
    plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
    return any(plain.startswith(root, at) and not plain[at - 1].isalnum() for at in range(1, len(plain)))


@given(st.lists(LETTERS, max_size=5), st.lists(ROOTS, max_size=5))
def test_texts_together_have_the_words_that_each_has_alone(texts: list[str], roots: list[str]) -> None:
    found = held_words(texts, roots)
    assert found.shape == (len(texts), len(roots))
    assert found.tolist() == [[_alone(text, root) for root in roots] for text in texts]


def test_a_root_begins_a_word_whatever_its_length() -> None:
    texts = ["The observatory's dome", "An internationalised étude", "", "well-known in 東京"]
    roots = ["obs", "observator", "internationalis", "tude", "etud", "known", "東"]
    assert held_words(texts, roots).tolist() == [
        [True, True, False, False, False, False, False],
        [False, False, True, False, True, False, False],
        [False] * 7,
        [False, False, False, False, False, True, True],
    ]
