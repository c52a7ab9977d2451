"""Word classes by language, forms of questions, and follow-ups."""

from __future__ import annotations

import pytest

from workbench.models.extractive.follow_up import resolved
from workbench.models.extractive.languages import kind_of, language_of, negated
from workbench.models.extractive.question_forms import form_of, sides
from workbench.models.extractive.sentences import sentences


@pytest.mark.parametrize(
    ("question", "language", "kind"),
    [
        ("When did the mill burn down?", "en", "date"),
        ("how many people live in the valley", "en", "number"),
        ("What does the stew cost?", "en", "number"),
        ("Who drew the map?", "en", "person"),
        ("Is the bridge closed?", "en", "yes_no"),
        ("Wann wurde die Brücke gebaut?", "de", "date"),
        ("Wie hoch ist die Miete?", "de", "number"),
        ("Wer hat den Vertrag unterschrieben?", "de", "person"),
        ("Quand le pont a-t-il été construit ?", "fr", "date"),
        ("Combien d'habitants compte la vallée ?", "fr", "number"),
        ("¿Cuándo se construyó el puente?", "es", "date"),
        ("¿Quién firmó el contrato?", "es", "person"),
        ("桥是什么时候建成的？", "zh", "date"),
        ("谁签了合同？", "zh", "person"),
        ("橋はいつできましたか。", "ja", "date"),
        ("会議は誰が行いますか。", "ja", "person"),
    ],
)
def test_a_question_says_its_language_and_what_it_asks_for(question: str, language: str, kind: str) -> None:
    assert language_of(question).code == language
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    "text",
    ["Nobody came.", "Es kam niemand.", "Personne n'est venu.", "No vino nadie.", "没有人来。", "誰も来ません。"],
)
def test_negation_is_seen_in_every_language(text: str) -> None:
    assert negated(text, language_of(text))


def test_what_affirms_is_not_taken_for_a_denial() -> None:
    assert not negated("The nightingale came at noon.", language_of("The nightingale came at noon."))
    assert not negated("Alle kamen.", language_of("Alle kamen mit der Bahn."))


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("List all incidents of 2033.", "list"),
        ("Nenne alle Vorfälle des Jahres.", "list"),
        ("列出所有事故。", "list"),
        ("Summarise the log.", "summary"),
        ("Fass das Protokoll zusammen.", "summary"),
        ("Which is heavier, Alder Max or Birch Two?", "compare"),
        ("What is the difference between Alder and Birch?", "compare"),
        ("Who wrote the song All the Young Dudes?", ""),
        ("Where does all the salt come from?", ""),
        ("Who played for the Broncos and the Steelers?", ""),
    ],
)
def test_forms(question: str, form: str) -> None:
    assert form_of(question) == form


def test_the_two_sides_of_a_comparison() -> None:
    assert sides("Which is heavier, Alder Max or Birch Two?") == ("Alder Max", "Birch Two")
    assert sides("Which is the heaviest?") is None


@pytest.mark.parametrize(
    ("question", "before", "topic"),
    [
        ("And who built it?", ("Where is the Crane Bridge?", ""), "Crane Bridge"),
        ("How many of them died?", ("How many miners were below?", 'It says:\n"Forty miners of Elm Pit were below." [#a1]'), "miners"),
        ("Und wer hat sie gebaut?", ("Wo steht die Kapelle von Lindau?", ""), "Lindau"),
    ],
)  # fmt: skip
def test_a_follow_up_takes_its_topic_from_the_last_exchange(question: str, before: tuple[str, str], topic: str) -> None:
    assert topic in resolved(question, before)


@pytest.mark.parametrize(
    "question", ["Who built the Oak Bridge?", "What is the name of the parrot that Maud Clevering kept?"]
)
def test_a_question_of_its_own_stays_as_it_is(question: str) -> None:
    assert resolved(question, ("Where is the Crane Bridge?", "")) == question
    assert resolved("And who built it?", ("", "")) == "And who built it?"


def test_sentences_end_where_chinese_and_japanese_end_them_and_dots_that_lead_end_none() -> None:
    assert sentences("员工有十五天假。试用期没有。") == ["员工有十五天假。", "试用期没有。"]
    assert sentences("他说：“好。”然后走了。") == ["他说：“好。”", "然后走了。"]
    assert sentences("Stew ........................ 9.80") == ["Stew ........................ 9.80"]
