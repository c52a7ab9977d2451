"""What a quote must be to show anything, and which sentences of a paragraph it supports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workbench.agent.answers.citations import Checked, Place, check, notes_of, says_something
from workbench.agent.answers.grounding import Grounding, grounding

LOG = Place(
    1, "#a1", "keepers-log.txt", 4, None,
    "The lamp was lit at six on 3 May 1861. Alda Marner kept the light for three years and handed on the keys to Benno "
    "Quist. The oil came from Bergen at 40 marks a barrel.",
)  # fmt: skip
LEDGER = Place(2, "#a2", "ledger.txt", 1, None, "A rope of 90 fathoms was sold to the harbour board in June.")
NOTE = Place(
    3, "#a3", "note 1", 1, None, "The lamp exploded in 1900. The lamp was lit at six on 3 May 1861.", origin="note"
)
PASTED = Place(4, "#a4", "note 2", 1, None, "My uncle says that the tower is made of glass.", origin="pasted")
PLACES = {place.handle: place for place in (NOTE, PASTED, LOG, LEDGER)}


def checked(answer: str, said: tuple[str, ...] = ()) -> Checked:
    def read() -> Iterator[Place]:
        yield from PLACES.values()

    return check(answer, PLACES.get, read, lambda: said)


def state(answer: str, question: str = "") -> Grounding:
    found = checked(answer)
    return grounding(answer, found.support, len(found.missing), abstains=False, question=question)


@pytest.mark.parametrize(
    "quote",
    ["a", "the", "of the", "A", "6", "it was in the", "was", "May", "3", ",", "…", "an", "“”", "и", "は"],
)
def test_a_quote_that_stands_everywhere_shows_nothing(quote: str) -> None:
    assert not says_something(quote)


@pytest.mark.parametrize(
    "quote",
    [
        "lit at six",
        "Alda Marner",
        "1861",
        "HX-204",
        "40 marks",
        "£5.20",
        "灯台は赤い",
        "лампа была зажжена",
        "90 fathoms",
    ],
)
def test_a_short_quote_may_show_something(quote: str) -> None:
    assert says_something(quote)


@pytest.mark.parametrize("quote", ["a", "the", "was", "in June", "of the"])
def test_a_tiny_quote_beside_a_false_sentence_supports_nothing(quote: str) -> None:
    answer = f'The whole crew drowned that night "{quote}" [#a2].'
    found = checked(answer)
    assert (found.support, found.missing) == ((), ())
    assert state(answer).state == "not grounded"
    if found.tiny:
        assert any("Too short to show anything" in note for note in notes_of(found, answer))


@pytest.mark.parametrize(
    "sentence",
    [
        "The tower is made of cheese and Napoleon built it.",
        "The harbour master was hanged for piracy.",
        "Alda Marner poisoned the bishop with mercury.",
        "The light cost 7,000 marks.",
        "Alda Marner kept the light for 12 years.",
        "The lamp was lit at six on 3 May 1961.",
    ],
)
def test_a_true_quote_beside_a_false_sentence_does_not_support_it(sentence: str) -> None:
    answer = f'{sentence} "The lamp was lit at six on 3 May 1861." [#a1]'
    found = state(answer)
    assert (found.state, found.unquoted) == ("partly", (1,))
    assert sentence in found.sentences[0]


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("The lamp was first lit in May 1861.", "The lamp was lit at six on 3 May 1861."),
        ("Alda kept it for 3 years.", "Alda Marner kept the light for three years"),
        ("Benno Quist got the keys.", "handed on the keys to Benno Quist"),
        ("Alda Marner leuchtete drei Jahre.", "Alda Marner kept the light for three years"),
        ("A barrel of oil was 40 marks.", "The oil came from Bergen at 40 marks a barrel."),
        ("According to the document (p. 4), the lamp was lit at six.", "The lamp was lit at six on 3 May 1861."),
        ("Yes.", "The lamp was lit at six on 3 May 1861."),
    ],
)
def test_a_paraphrase_of_what_is_quoted_is_supported(sentence: str, quote: str) -> None:
    assert state(f'{sentence} "{quote}" [#a1]').state == "grounded"


def test_partly_says_which_sentence_rests_on_no_quote() -> None:
    answer = (
        'The lamp was lit in 1861: "The lamp was lit at six on 3 May 1861." [#a1] Mr. Quist later sold cocaine to sailors. '
        "Alda handed him the keys.\n\nThe rope went to the board in June."
    )
    found = state(answer, "When was the lamp lit?")
    assert found.state == "partly"
    assert found.sentences == ("Mr. Quist later sold cocaine to sailors.", "The rope went to the board in June.")
    assert found.unquoted == (1, 3)


def test_words_of_the_question_are_no_support() -> None:
    answer = 'Yes, the rope strangled the mayor. "The lamp was lit at six on 3 May 1861." [#a1]'
    assert state(answer, "Did the rope strangle the mayor?").state == "partly"


@pytest.mark.parametrize("handle", ["#a3", "#a1", "#z9"])
def test_a_note_is_cited_as_a_note_and_verifies_nothing(handle: str) -> None:
    answer = f'It blew up: "The lamp exploded in 1900." [{handle}]'
    (cited,) = checked(answer).citations
    assert (cited.verified, cited.shown, cited.origin, cited.where) == (
        False,
        True,
        "note",
        "from the agent's own note (note 1)",
    )
    assert state(answer).state == "not grounded"
    assert any("verifies nothing" in note for note in notes_of(checked(answer), answer))


def test_what_stands_in_a_document_is_cited_from_the_document_though_a_note_has_it_too() -> None:
    (cited,) = checked('"The lamp was lit at six on 3 May 1861." [#a3]').citations
    assert (cited.document, cited.verified, cited.state) == ("keepers-log.txt", True, "corrected")


def test_what_the_user_said_is_cited_as_such() -> None:
    for handle, said, origin in (
        ("#a4", (), "pasted"),
        ("#a1", ("Surely the tower is made of glass.",), "conversation"),
    ):
        answer = f'It is of glass: "the tower is made of glass" [{handle}]'
        (cited,) = checked(answer, said).citations
        assert (cited.verified, cited.origin) == (False, "pasted")
        assert state(answer).state == "not grounded"
        assert origin
    (cited,) = checked('"the sea is boiling hot" [#a1]', ("Is it true that the sea is boiling hot?",)).citations
    assert (cited.origin, cited.where, cited.verified) == ("conversation", "from the conversation", False)
    loose = checked('You asked whether "the sea is boiling hot today".', ("the sea is boiling hot today",))
    assert loose.citations == ()
