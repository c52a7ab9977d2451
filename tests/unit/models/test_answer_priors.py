"""What is known of a sentence apart from the fitted weights: measures, periods, titles, authors, logs; and lists that sweep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.reader_harness import word_score
from workbench.api.results import Hit
from workbench.models.extractive.answer_ranking import Ranking, rank
from workbench.models.extractive.answer_scorer import fitted, signals
from workbench.models.extractive.features import points_back
from workbench.models.extractive.policy import chain_confidence, decide
from workbench.models.extractive.prompt_parser import Note, Search, View


def seen(question: str, text: str, document: str = "paper.txt", *, swept: str = "") -> View:
    passages = {"#a1": Hit(1, "#a1", document, 1, None, "", text)}
    search = Search(question, 0, 0, 1, ("#a1",))
    return View(
        question, "search", ("s",), (), (search,), passages, "", functions=frozenset({"archival_sweep"}), results=(("#a1",),), swept=swept
    )  # fmt: skip


def ranked(question: str, text: str) -> Ranking:
    return rank(question, seen(question, text), word_score, fitted())


def test_a_number_of_another_measure_is_no_answer() -> None:
    text = "The siren was bought for 40 pounds. The siren was silent for twenty minutes. The siren has 12 valves."
    assert ranked("How long was the siren silent?", text).quotes()[0].text == "The siren was silent for twenty minutes."
    assert ranked("How many valves has the siren?", text).quotes()[0].text == "The siren has 12 valves."


def test_what_the_next_sentence_tells_is_quoted_with_it() -> None:
    text = "A party of excursionists was stranded on the sandbank.\nThey were there for two hours and a half. The ferry took them off."
    quote = ranked("How long was the party of excursionists stranded?", text).quotes()[0].text
    assert "two hours and a half" in quote


def test_a_sentence_about_her_is_quoted_with_the_one_that_names_her() -> None:
    text = "Ida Varga (born 1918) was a diver of the harbour. Since 1949, she was the keeper of the old lamp. The lamp is of brass."
    quote = ranked("Who was the keeper of the old lamp?", text).quotes()[0].text
    assert quote.startswith("Ida Varga (born 1918)")
    assert "keeper of the old lamp" in quote
    apart = text.replace("harbour. Since", "harbour.\n\nSince")
    assert not ranked("Who was the keeper of the old lamp?", apart).quotes()[0].text.startswith("Ida Varga")


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("Since 2009, he has been the head coach.", True),
        ("She is also the only one to have won.", True),
        ("Sie wurde 1918 geboren.", True),
        ("In 1990 Smith said he would go.", False),
        ("During that time, Dr. Jones said she would.", False),
        ("In 2009 it was said that the lamp is old.", False),
    ],
)
def test_a_sentence_that_only_another_one_explains(text: str, points: bool) -> None:
    assert points_back(text) is points


def test_a_dated_entry_is_quoted_with_what_happened() -> None:
    log = "6 January 1936. Fog. Oil 30. Sprague broke the lamp.\n\n9 January 1936. Fog. Oil 31. The boat came."
    quotes = ranked("What happened on 6 January 1936?", log).quotes()
    assert "Sprague broke the lamp." in quotes[0].text
    assert all("The boat came" not in quote.text for quote in quotes)


@pytest.mark.parametrize(
    ("question", "right"),
    [("What was repaired before March 2031?", "radar"), ("What was repaired after 1 June 2031?", "whistle")],
)
def test_a_time_outside_the_period_is_no_answer(question: str, right: str) -> None:
    text = "04.01.2031 The radar was repaired.\n\n03.05.2031 The stove was repaired.\n\n12.08.2031 The whistle was repaired."
    assert right in ranked(question, text).quotes()[0].text


def test_an_author_stands_on_the_title_page() -> None:
    text = "Reading by Lamplight\n\nIda Varga, Jon Aske and Ruth Palmer\n\nWe study how authors of papers read. The paper has authors."
    assert "Ida Varga" in ranked("Who are the authors of the paper?", text).quotes()[0].text


def test_an_empty_field_answers_nothing() -> None:
    found = ranked("Wer ist der Antragsteller?", "Antrag auf Urlaub\nName des Antragstellers:\nKostenstelle 4410")
    assert found.confidence < fitted().thresholds.answer


def test_the_rows_of_a_table_whose_head_is_asked_for_are_listed() -> None:
    rows = (
        "| Vessel | Kind | Built |",
        "| --- | --- | --- |",
        "| Marigold | Steamer | 1893 |",
        "| Dunlin | Packet | 1911 |",
    )
    fleet = "\n".join(["The Fleet", "", *rows, "", "It rained."])
    told = decide(seen("List all the vessels.", fleet, swept="read 1 of 1 pages"), word_score)
    assert all(word in str(told.arguments["message"]) for word in ("Marigold", "Dunlin"))


LOG = "\n\n".join((
    "04.01.2031 The radar was repaired.", "03.05.2031 The stove was repaired.", "12.08.2031 The whistle was repaired.",
    "Ninety people fit in.",
))  # fmt: skip


@pytest.mark.parametrize("question", ["List all repairs of 2031.", "How many repairs were there in 2031?"])
def test_lists_and_counts_sweep_and_say_what_they_covered(question: str) -> None:
    first = decide(seen(question, LOG), word_score)
    assert first.name == "archival_sweep"
    told = decide(seen(question, LOG, swept="read 1 of 1 pages"), word_score)
    assert told.name == "send_message"
    message = str(told.arguments["message"])
    assert all(word in message for word in ("radar", "stove", "whistle", "read 1 of 1 pages"))
    assert "Ninety people" not in message


def test_a_number_that_is_stated_is_not_counted_again() -> None:
    text = "In 2031 there were seven repairs.\n\n" + LOG
    assert decide(seen("How many repairs were there in 2031?", text), word_score).name != "archival_sweep"


def test_a_sentence_about_her_is_about_what_the_paragraph_names() -> None:
    text = (
        "The Patient Anna was a packet of 318 tons. She had run to the isles since 1904. Her master was Jon Aske. "
        "Her mate was Edwin Marsh and her cook was Ida Varga. The Grey Dunlin was launched in 1911."
    )
    assert "Edwin Marsh" in ranked("Who was the mate of the Patient Anna?", text).quotes()[0].text


def test_a_chain_is_as_sure_as_chains_of_its_coverage_were_right() -> None:
    shares = [chain_confidence(coverage / 20) for coverage in range(21)]
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert 0.4 < chain_confidence(0.9) < 0.6


def test_a_sentence_that_ends_with_a_colon_says_something_and_a_label_does_not() -> None:
    defeated = "(8) The proposal regarding a report on the noise of the foghorn was defeated:\n\nFor 3\n\nAgainst 39"
    label = "Noise of the foghorn:"
    found = ranked("What was the outcome of the proposal on the noise of the foghorn?", f"{label}\n\n{defeated}")
    likely = {one.text: probability for one, probability in zip(found.candidates, found.probabilities, strict=True)}
    assert max(likely, key=lambda text: likely[text]) == defeated.split("\n")[0]
    assert likely[label] < 0.1 * likely[defeated.split("\n")[0]]


def test_beside_the_measure_that_is_asked_for_a_sentence_without_it_is_not_quoted() -> None:
    found = ranked(
        "What did the siren cost?", "The siren cost 40 pounds.\n\nWhat the siren cost was in the papers of 1904."
    )
    alike = replace(found, probabilities=(0.5, 0.45))
    assert [quote.text for quote in alike.quotes()] == ["The siren cost 40 pounds."]
    neither = ranked(
        "What did the siren cost?", "The siren cost much.\n\nWhat the siren cost was in the papers of 1904."
    )
    assert len(replace(neither, probabilities=(0.5, 0.45)).quotes()) == 2


def test_an_acronym_is_met_by_its_words() -> None:
    text = "Our Chief Executive Officer is Ida Varga. Our harbour master is Jon Aske."
    found = ranked("Who is the CEO?", text)
    assert "Ida Varga" in found.quotes()[0].text
    assert found.feature("cover_own") == 1.0


def test_the_name_of_the_only_document_helps_and_does_not_decide() -> None:
    text = (
        "3.1 Certificate of Incorporation 10-Q 3.1 July 17, 2015\n\nLarkmoor, Inc. was incorporated on August 29, 1997 and sails."
        "\n\nRegistration Statement pertaining to the Larkmoor, Inc. 2002 Stock Plan and the Larkmoor, Inc. Employee Plan"
    )
    question, bare = "When was Larkmoor incorporated?", "When was incorporated?"
    both, alone, named = (
        {one.text: value for one, value in zip(found.candidates, found.probabilities, strict=True)}
        for found in (
            rank(bare, seen(bare, text), word_score, fitted(), named=question), ranked(bare, text), ranked(question, text),
        )
    )  # fmt: skip
    assert any(alone[key] != named[key] for key in both)
    assert all(min(alone[key], named[key]) <= both[key] <= max(alone[key], named[key]) for key in both)
    assert all(both[key] not in (alone[key], named[key]) for key in both if abs(alone[key] - named[key]) > 0.01)


def test_the_day_of_the_only_document_is_not_looked_for() -> None:
    text = "Larkmoor (30 August 2033) today told of its year.\n\nThe ferry business is now shown as sold, with a gain of 20 million pounds."
    question = "What was the gain of the ferry business, as of 30 August 2033?"
    view = replace(seen(question, text, "larkmoor_8K_2033-08-30.pdf"), held={"documents": 1, "passages": 1})
    made = decide(view, word_score)
    assert made.name == "archival_memory_search"
    assert made.arguments["query"] == "What was the gain of the ferry business ?"
    other = replace(view, passages={"#a1": replace(view.passages["#a1"], document="larkmoor_8K.pdf")})
    assert decide(other, word_score).arguments.get("query") != "What was the gain of the ferry business ?"


def test_a_question_of_several_passages_is_looked_up_again_before_it_is_given_up() -> None:
    question = "Where was the woman born who taught the designer of the beacon?"
    made = [Search(question, 0, 0, 5), *(Search(f"beacon {at}", 0, 0, 1, ("#a1",)) for at in range(8))]
    view = replace(seen(question, "The ferry was late. Nobody was hurt."), searches=tuple(made), after="note")
    assert decide(view, word_score).arguments["query"] == question
    seen_again = replace(view, searches=(replace(made[0], handles=("#a1",)), *made[1:]))
    assert decide(seen_again, word_score).name == "send_message"


def test_a_misspelt_word_counts_as_the_search_read_it() -> None:
    question, text = "Who painted the harbuor wall blue?", "Ida Varga painted the harbour wall blue in 1931."
    typed = replace(seen(question, text), repeating=True)
    read = replace(typed, read_as={"harbuor": "harbour"})
    meant = replace(seen(question.replace("harbuor", "harbour"), text), repeating=True)
    confidences = [decide(view, word_score).assessment for view in (typed, read, meant)]
    assert confidences[1] == confidences[2] != confidences[0]


def test_verbs_that_say_little_keep_no_answer_back() -> None:
    text = "The Timber Bridge Model allows the harbour to move its cranes at night."
    view = replace(seen("What does the Timber Bridge Model let the harbour do?", text), repeating=True)
    assert not decide(view, word_score).arguments["message"].startswith("Not sure")


def test_the_record_that_says_more_of_the_question_answers_it() -> None:
    records = (
        "name: Sandpiper | class: quad | built: 1999 | berth: B2\nname: Curlew | class: single scull | built: 1987 | berth: B1\n"
        "name: Grebe | class: single scull | built: 2010 | berth: B4"
    )
    assert [quote.text.split(" |")[0] for quote in ranked("Which boat was built in 1987?", records).quotes()] == [
        "name: Curlew"
    ]
    both = ranked("Which boats are single sculls?", records).quotes()
    assert {quote.text.split(" |")[0] for quote in both} == {"name: Curlew", "name: Grebe"}


def test_an_item_of_a_list_is_read_with_the_item_above_it() -> None:
    text = "- Most bells in a day\n  - 13 by Ada Holm\n- Most bells in a year\n  - 402 by Ole Berg"
    assert "402" in ranked("who has the most bells in a year", text).candidates[0].text
    assert "13" in ranked("who has the most bells in a day", text).candidates[0].text


def test_what_a_colon_introduces_is_quoted_with_it() -> None:
    text = (
        "We compared the lamp with the following set of older lamps:\n\n"
        "Argand burner: It has a hollow wick. It was the first of its kind.\n\n"
        "Dalen light: It burns acetylene.\n\n"
        "The tests took place in May."
    )
    quotes = ranked("Which set of older lamps was the lamp compared with?", text)
    assert [quote.text for quote in quotes.complete(quotes.quotes(1))] == [
        "We compared the lamp with the following set of older lamps:",
        "Argand burner: It has a hollow wick.",
        "Dalen light: It burns acetylene.",
    ]
    said = "When the inspector came again in May, the keeper told him this about the old lamp:"
    told = ranked("What did the keeper tell the inspector about the old lamp?", f"{said} It was never lit.\n\nHe left.")
    assert said in " ".join(quote.text for quote in told.complete(told.quotes(1)))
    assert "It was never lit." in " ".join(quote.text for quote in told.complete(told.quotes(1)))


def test_what_stands_right_behind_a_colon_is_one_quote_with_it() -> None:
    text = "(4) The proposal about the old lamp was defeated by the keepers:\n\nFor 17\n\nAgainst 204\n\nThe meeting then closed its doors."
    quotes = ranked("What was the outcome of the proposal about the old lamp?", text)
    told = quotes.complete(quotes.quotes(1))
    assert [quote.text for quote in told] == [
        "(4) The proposal about the old lamp was defeated by the keepers: For 17 Against 204"
    ]


def test_letters_are_answered_by_the_words_beside_them() -> None:
    text = "The TBM is the most common of the models in use. The Timber Bridge Model (TBM) was built in the harbour."
    view = replace(seen("What does TBM stand for?", text), repeating=True)
    assert ranked("What does TBM stand for?", text).quotes()[0].text.startswith("The Timber Bridge Model")
    made = decide(view, word_score)
    assert made.name == "send_message"
    assert "Not sure" not in made.arguments["message"]


def test_the_weights_are_too_shy_of_questions_that_are_answered_by_yes_or_no() -> None:
    text = "The lamp of the old tower was lit again in the spring."
    asked, sure = "Was the lamp of the tower lit in spring?", ranked("When was the lamp of the tower lit?", text)
    scored = fitted().confidence(
        signals(ranked(asked, text).probabilities, [float(v) for v in ranked(asked, text).rows[0]])
    )
    assert ranked(asked, text).confidence > scored
    told = signals(sure.probabilities, [float(v) for v in sure.rows[0]])
    assert sure.confidence == fitted().confidence(told)


def test_a_note_counts_after_its_results_have_left_the_window() -> None:
    said = "Ida Varga painted the harbour wall blue in the wet spring of 1931."
    note = Note("#a9", "annals.txt", 3, said, f'[#a9] annals.txt p.3: "{said}"')
    view = replace(
        seen("Who painted the harbour wall?", "The harbour was busy that year. The wall is of stone."),
        notes=(note,), searches=(Search("Who painted the harbour wall?", 0, 0, 5), Search("harbour wall", 0, 0, 1, ("#a1",))),
        repeating=True,
    )  # fmt: skip
    assert said in decide(view, word_score).arguments["message"]
    assert said not in decide(replace(view, notes=()), word_score).arguments["message"]
