"""The learnt scorer: what it ranks first, that it says how sure it is, and that its file and its features belong together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.reader_harness import word_score
from workbench.api.results import Hit
from workbench.models.extractive import answer_scorer
from workbench.models.extractive.answer_ranking import QUOTE_CHARS, Ranking, rank
from workbench.models.extractive.answer_scorer import fitted, from_json
from workbench.models.extractive.features import Asked, candidates, matrix
from workbench.models.extractive.prompt_parser import Search, View

LEASE = {
    "#a1": Hit(1, "#a1", "lease.txt", 1, None, "", "The lease of the mill was signed in Lund. The rent of the mill is 40 crowns a month."),
    "#a2": Hit(1, "#a2", "bees.txt", 1, None, "", "Bees sleep in winter. A hive holds forty thousand bees."),
}  # fmt: skip


def ranked(question: str, passages: dict[str, Hit]) -> Ranking:
    search = Search(question, 0, 0, len(passages), tuple(passages))
    view = View(
        question, "search", ("s (2 documents, 2 passages)",), (), (search,), passages, "", results=(tuple(passages),)
    )
    return rank(question, view, word_score, fitted())


def test_the_sentence_with_the_answer_comes_first_and_its_likelihood_is_a_share() -> None:
    found = ranked("What is the rent of the mill?", LEASE)
    assert "40 crowns" in found.quotes()[0].text
    assert all(0.0 <= value <= 1.0 for value in found.probabilities)
    assert list(found.probabilities) == sorted(found.probabilities, reverse=True)


def test_a_question_about_nothing_there_is_less_sure() -> None:
    there = ranked("What is the rent of the mill?", LEASE).confidence
    absent = ranked("Which admiral discovered the southern glacier?", LEASE).confidence
    assert absent < 0.3 < there


def test_the_same_request_is_scored_the_same() -> None:
    first, second = (ranked("How many bees does a hive hold?", LEASE) for _ in range(2))
    assert first.probabilities == second.probabilities
    assert first.confidence == second.confidence


def test_a_heading_that_repeats_the_question_is_no_answer() -> None:
    text = "3. Penalties for late return\nPenalties for late return ........ 4\nWho brings a book back late pays 80 cents a day."
    found = ranked("What are the penalties for late return?", {"#a1": Hit(1, "#a1", "rules.txt", 1, None, "", text)})
    assert "80 cents" in found.quotes()[0].text


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("What may not be thrown into yellow bins?", "Glass is never thrown into yellow bins.", "All sharps are thrown into yellow bins."),
        ("Was darf nicht in die gelbe Tonne?", "Glas darf nie in die gelbe Tonne.", "Papier darf in die gelbe Tonne."),
        ("¿Qué no se tira en el cubo amarillo?", "El vidrio nunca se tira en el cubo amarillo.", "El papel se tira en el cubo amarillo."),
    ],
)  # fmt: skip
def test_a_denial_is_not_lost(question: str, right: str, wrong: str) -> None:
    found = ranked(question, {"#a1": Hit(1, "#a1", "bins.txt", 1, None, "", f"{wrong} {right}")})
    assert found.quotes()[0].text == right
    assert all(wrong not in quote.text for quote in found.quotes())


def test_quotes_are_few_and_short_and_say_nothing_twice() -> None:
    sentences = " ".join(f"The mill has a wheel number {n} of oak and iron." for n in range(30))
    quotes = ranked(
        "How many wheels has the mill?", {"#a1": Hit(1, "#a1", "mill.txt", 1, None, "", sentences)}
    ).quotes()
    assert 1 <= len(quotes) <= 3
    assert all(len(quote.text) <= QUOTE_CHARS for quote in quotes)
    assert len({quote.text for quote in quotes}) == len(quotes)


def test_a_form_left_blank_gives_no_value() -> None:
    text = "Order form\nContract date:\nCustomer:\nDelivery to\nPrice 52 euros"
    found = ranked("What is the contract date?", {"#a1": Hit(1, "#a1", "order.txt", 1, None, "", text)})
    assert found.confidence < fitted().thresholds.answer


def test_weights_fitted_for_other_features_are_refused() -> None:
    data = json.loads(Path(answer_scorer.__file__).with_name("answer_scorer.json").read_text())
    assert from_json(data).version == fitted().version
    with pytest.raises(ValueError, match="fitted for other features"):
        from_json({**data, "features_version": -1})
    with pytest.raises(ValueError, match="fitted for other features"):
        from_json({**data, "features": data["features"][1:]})


def test_the_file_says_what_it_was_fitted_on() -> None:
    data = json.loads(Path(answer_scorer.__file__).with_name("answer_scorer.json").read_text())
    assert data["fitted_on"]
    assert data["licence"]
    assert not any("finance" in name.lower() or "locomo" in name.lower() for name in data["fitted_on"])


def test_no_passage_gives_no_candidates() -> None:
    assert matrix(Asked("Who?"), candidates({}, {}), word_score).shape[0] == 0
    assert ranked("Who?", {}).quotes() == []


LOG = "03.02.2033 A fire alarm sounded in ward B.\n\n17.03.2033 A lift stopped in ward B.\n\n07.06.2033 A pipe burst in ward B."


@pytest.mark.parametrize("day", ["17 March 2033", "March 17th, 2033", "2033-03-17"])
def test_a_day_is_known_in_any_form_and_another_day_is_no_filler(day: str) -> None:
    found = ranked(f"What happened in ward B on {day}?", {"#a1": Hit(1, "#a1", "log.txt", 1, None, "", LOG)})
    assert [quote.text for quote in found.quotes()] == ["17.03.2033 A lift stopped in ward B."]


def test_the_time_after_a_day_is_answered_by_other_days() -> None:
    question = "What happened in ward B after 17 March 2033?"
    found = ranked(question, {"#a1": Hit(1, "#a1", "log.txt", 1, None, "", LOG)})
    likely = dict(zip((one.text for one in found.candidates), found.probabilities, strict=True))
    on_a_day = ranked("What happened in ward B on 17 March 2033?", {"#a1": Hit(1, "#a1", "log.txt", 1, None, "", LOG)})
    less = dict(zip((one.text for one in on_a_day.candidates), on_a_day.probabilities, strict=True))
    burst = "07.06.2033 A pipe burst in ward B."
    assert likely[burst] > 2 * less[burst]


@pytest.mark.parametrize("mark", ["3. ", "2.1 ", "§ 4 ", "## "])
def test_the_sentence_below_the_heading_that_is_asked_for_answers(mark: str) -> None:
    filler = "The house belongs to the city. It is run by the office for culture."
    text = f"{mark}Fees for lost books\nWhoever loses a volume is charged 90 cents a page.\n\n{filler}"
    found = ranked("What are the fees for lost books?", {"#a1": Hit(1, "#a1", "rules.txt", 1, None, "", text)})
    assert found.quotes()[0].text == "Whoever loses a volume is charged 90 cents a page."
    assert found.confidence >= fitted().thresholds.answer


def test_numbered_items_of_a_list_are_no_headings() -> None:
    text = "What to bring\n1. Two towels\n2. Warm socks\n3. Tin of tea\nEverything fits in the locker."
    pieces = candidates({"#a1": Hit(1, "#a1", "camp.txt", 1, None, "", text)}, {})
    assert {"1. Two towels", "2. Warm socks", "3. Tin of tea"} <= {one.text for one in pieces}


def test_a_line_that_is_only_a_number_is_no_heading() -> None:
    passage = Hit(1, "#a1", "a.txt", 1, None, "", "The lamp.\n4.\nThe lamp burnt colza oil.")
    assert any("colza" in item.text for item in candidates({"#a1": passage}, {}))


def test_another_sentence_that_says_all_that_is_asked_is_shown_beside_the_best() -> None:
    passages = {
        "#a1": Hit(1, "#a1", "survey.txt", 7, None, "", "In fog we steered with Gorm Frith by cornet to the pier."),
        "#a2": Hit(
            1, "#a2", "survey.txt", 6, None, "", "In fog Gorm Frith used a cornet to steer. He was never aground."
        ),
    }
    quotes = ranked("What did Gorm Frith steer by in fog?", passages).quotes()
    assert {quote.document_page for quote in quotes} == {6, 7}
