"""What a question measures, which period it is about, and what the columns of a quoted row are."""

from __future__ import annotations

import pytest

from workbench.models.extractive.languages import kind_of, language_of
from workbench.models.extractive.measures import counted, counts, gives, measure_of
from workbench.models.extractive.periods import lies_in, period_of
from workbench.models.extractive.tables import columns_of


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("How long was the siren silent?", "It was silent for forty minutes.", "It was built in 1912 by 3 men."),
        ("How much did a berth cost?", "A berth cost two shillings.", "A berth was nine feet long."),
        ("Wie teuer ist der Kurs?", "Die Gebühr beläuft sich auf 85 Euro.", "Der Kurs dauert 3 Tage."),
        ("¿Cuánto cuesta el abono?", "El abono cuesta 42 euros.", "El abono vale 3 meses."),
        ("Combien de temps dure le préavis ?", "Le préavis est de deux mois.", "Le loyer est de 900 euros."),
        ("押金是多少？", "押金为八十元。", "访客须在十点前离开。"),
        ("How much did the barometer sell for?", "It went for £40 at the sale.", "It is 40 inches tall."),
        (
            "What is the amount of the gain on the ferry?",
            "It brought a gain of $20 million.",
            "The ferry has 20 seats.",
        ),
        ("How many square kilometers is the basin?", "It covers 700 square kilometres.", "It has 700 rivers."),
        ("How many metric tons of coal are stored?", "Some 12 tonnes lie there.", "Some 12 men work there."),
        ("What is the turbine inlet temperature of the boat?", "It runs at 565 °C.", "It has 565 blades."),
        ("What percentage of the herd was sick?", "About 12 percent were sick.", "The herd has 40 cows."),
    ],
)
def test_a_measure_needs_its_unit(question: str, right: str, wrong: str) -> None:
    kinds = measure_of(question)
    assert kinds
    assert gives(kinds, right)
    assert not gives(kinds, wrong)


def test_how_much_of_a_thing_asks_for_no_money() -> None:
    assert measure_of("How much coal was sold?") == ()
    assert measure_of("How much did it rain?") == ()


def test_a_number_counts_what_it_stands_beside() -> None:
    assert counted("How many slides are there for the lantern?") == "slides"
    assert counts("slide", "Two hundred and six slides in boxes.")
    assert not counts("slide", "The slides were bought in 1906.")
    assert counted("Why are there slides?") == ""


@pytest.mark.parametrize(
    ("question", "inside", "outside"),
    [
        ("What happened after 17 March 2033?", "07.06.2033 A pipe burst.", "3 February 2033: an alarm."),
        ("Which ships were built between 1900 and 1910?", "Built 14 May 1905.", "Built in 1911."),
        ("Was geschah vor dem 3. Mai 2031?", "14.02.2031 Störung.", "03.05.2031 Störung."),
        ("What was repaired since 2030?", "Repaired in 2030.", "Repaired in 2029."),
        ("1930年以前有哪些船？", "1928年建造。", "1931年建造。"),
    ],
)
def test_a_period_leaves_out_other_times(question: str, inside: str, outside: str) -> None:
    period = period_of(question)
    assert period is not None
    assert lies_in(period, inside) is True
    assert lies_in(period, outside) is False
    assert lies_in(period, "Nobody was hurt.") is None


def test_a_year_without_a_word_of_order_is_no_period() -> None:
    assert period_of("How many alarms were there in 2033?") is None


def test_a_row_is_explained_by_its_table() -> None:
    income = "(in millions)\nYears ended June 30, 2022 2021\nNet sales 10 9\nTotal revenue 1,234 1,111"
    assert columns_of("Total revenue 1,234 1,111", income) == "Columns: 2022, 2021 (in millions)."
    parts = "| Part | Life |\n| --- | --- |\n| Belt | One year |\n| Wire | Four years |"
    assert columns_of("| Wire | Four years |", parts) == "Columns: Part, Life."
    assert columns_of("A sentence with no row.", income) == ""


def test_a_german_question_whose_words_are_english_too() -> None:
    assert language_of("Was geschah am 6. Januar 1936?").code == "de"
    assert kind_of("Was geschah am 6. Januar 1936?") != "yes_no"
    assert kind_of("Was it built in 1930?") == "yes_no"
