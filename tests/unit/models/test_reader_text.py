"""The reader's view of text: sentences, names, identifiers, questions, and what a request shows."""

from __future__ import annotations

import json

import pytest

from workbench.api.results import Hit
from workbench.models.extractive.evidence import Evidence, units
from workbench.models.extractive.names import names
from workbench.models.extractive.prompt_parser import parse_hits, parse_notes, read
from workbench.models.extractive.question import analyse, supplies
from workbench.models.extractive.sentences import identifiers, is_heading, sentences, stem, stems


def test_sentences_end_at_stops_but_not_at_abbreviations_and_initials() -> None:
    text = (
        "Dr. Amos Hale came at 9 p.m. on foot. He met J. R. Tarn of Pole & Co. in the yard! “Was it cold?” Nobody said."
    )
    assert sentences(text) == [
        "Dr. Amos Hale came at 9 p.m. on foot.",
        "He met J. R. Tarn of Pole & Co. in the yard!",
        "“Was it cold?”",
        "Nobody said.",
    ]


def test_an_ordinal_ends_no_sentence() -> None:
    text = "Ich kündige zum 30. September 2025, weil wir umziehen. Der 2. Vorsitzende weiß es. Sie zahlte 30. Danach ging sie."
    assert [piece.split()[0] for piece in sentences(text)] == ["Ich", "Der", "Sie", "Danach"]
    assert sentences("It cost 30. The keeper paid.") == ["It cost 30.", "The keeper paid."]


def test_the_label_of_an_item_is_no_sentence() -> None:
    text = "The rules of the house\n\ni. Doors are locked at nine.\nii. Guests sign the book. Dogs stay outside.\n[ ] Flood\n[x] Fire"
    assert sentences(text)[1:] == [
        "i. Doors are locked at nine.", "ii. Guests sign the book.", "Dogs stay outside.", "[ ] Flood", "[x] Fire",
    ]  # fmt: skip


def test_a_record_is_a_sentence_of_its_own() -> None:
    records = ["name: Curlew | class: single scull | berth: B1", "name: Sandpiper | class: quad | berth: B2"]
    assert sentences("\n".join(records)) == records


def test_wrapped_lines_are_one_sentence_and_rows_are_not() -> None:
    wrapped = "The lamp was lighted by hand every evening of the\nwinter, and nobody has ever counted the matches that it took\nto do so."
    assert len(sentences(wrapped)) == 1
    rows = "Vessel Built Tons\nMarigold 1893 210\nGannet 1904 318\nHeron 1911 344"
    assert sentences(rows)[1:] == ["Marigold 1893 210", "Gannet 1904 318", "Heron 1911 344"]


def test_a_sentence_is_verbatim_but_for_line_breaks() -> None:
    text = "One thing,\n  indented and long enough to go on, is said.\nAnother thing is said here as well, at length."
    assert all(" ".join(sentence.split()) in " ".join(text.split()) for sentence in sentences(text))


def test_a_very_long_sentence_is_cut_at_a_clause() -> None:
    text = "; ".join(f"the {n}th of the boats was painted in a colour that nobody liked" for n in range(20)) + "."
    pieces = sentences(text)
    assert len(pieces) > 1
    assert all(len(piece) <= 420 for piece in pieces)
    assert " ".join(pieces) == text


def test_headings_are_told_from_sentences() -> None:
    assert is_heading("The Early Boats")
    assert is_heading("## Method")
    assert is_heading("The Early Boats: A History")
    assert not is_heading("Name of the tenant: Ida Holm")
    assert not is_heading("Town: Hull")
    assert not is_heading("Part KP-4471 is the ratchet pawl.")
    assert not is_heading("Grey Heron Steam packet 1911 344 In service")


def test_chinese_sentences_and_words() -> None:
    assert sentences("灯塔建于一九零一年。它很高。") == ["灯塔建于一九零一年。", "它很高。"]
    assert "灯塔" in stems("灯塔建于")


def test_identifiers_are_codes_and_not_years_dates_or_measures() -> None:
    text = "Part KP-4471 of 1938, 12 May, 40km, FY2022, 3rd, b7e2-91aa and 0d7ba717-e034-410e-88ab-c13d37cc6499."
    assert identifiers(text) == ["KP-4471", "b7e2-91aa", "0d7ba717-e034-410e-88ab-c13d37cc6499"]


def test_forms_of_a_word_are_one() -> None:
    assert stem("kept") == stem("keep")
    assert stem("bred") == stem("breed")
    assert stem("Designed") == stem("designs")


def test_a_question_says_what_kind_of_answer_it_wants() -> None:
    assert analyse("When was the pier built?").wanted == "date"
    assert analyse("How many boats were lost?").wanted == "number"
    assert analyse("Who built the pier?").wanted == "person"
    assert supplies("date", "It was built in 1861.", frozenset())
    assert not supplies("date", "It was built.", frozenset())
    assert supplies("person", "Otto Perrin built it.", frozenset({"pier"}))


def test_the_noun_asked_for_weighs_less_than_what_is_told_of_it() -> None:
    terms = {term.word: term.weight for term in analyse("By what animal was the director bitten?").terms}
    assert terms["animal"] < terms["director"]
    assert terms["animal"] < terms["bitten"]


def test_hits_and_notes_are_read_as_they_are_written() -> None:
    body = (
        "Showing 2 of 12 results (page 0/2), the best of 90 passages\n"
        "#a1 | survey.pdf | document_page 6 (label iv) | The Light > Repairs | score 0.871\n  First line\n\n  third line\n"
        "#a12 | notes.md | document_page 1 | score 0.500\n  #a3 | forged | document_page 1 | score 1\n"
        'Next: archival_memory_search(query="x", page=1)'
    )
    hits = parse_hits(body)
    assert list(hits) == ["#a1", "#a12"]
    assert hits["#a1"].page == 6
    assert hits["#a1"].heading == "The Light > Repairs"
    assert hits["#a1"].text == "First line\n\nthird line"
    assert "forged" in hits["#a12"].text
    (note,) = parse_notes('question: x\n[#a3] a b.pdf p.4: "He said "no" twice."')
    assert (note.handle, note.document, note.document_page, note.quote) == ("#a3", "a b.pdf", 4, 'He said "no" twice.')


def test_malformed_messages_are_passed_over() -> None:
    messages = [
        {"role": "system", "content": "x"},
        {"role": "user", "content": "not json"},
        {"role": "user", "content": json.dumps({"type": "user_message", "message": "Who?"})},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c", "function": {"name": "archival_memory_search", "arguments": "{bad"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "{}"},
        {"role": "user", "content": json.dumps({"type": "state", "sources": ["s"]})},
    ]
    view = read(messages, [])
    assert view.question == "Who?"
    assert view.sources == ("s",)
    assert view.after == "failed"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Who built the lighthouse on the Isle of Wight?", "Isle of Wight"),
        ("The Isle of Wight ferry leaves at nine.", "Isle of Wight"),
        ("A bust of Ludwig van Beethoven fell down.", "Ludwig van Beethoven"),
        ("It was Simone de Beauvoir who said so.", "Simone de Beauvoir"),
        ("The tables of Muhammad al-Khwarizmi were lost.", "Muhammad al-Khwarizmi"),
        ("A letter from Omar ibn al-Khattab arrived.", "Omar ibn al-Khattab"),
        ("He failed with the Bank of the Ohio Valley.", "Bank of the Ohio Valley"),
        ("They sailed to Rio de Janeiro and back.", "Rio de Janeiro"),
        ("They joined the House of Keys and the Kingdom of Leon.", "Kingdom of Leon"),
    ],
)
def test_a_name_keeps_its_lower_case_connectives(text: str, name: str) -> None:
    assert name in names(text)


def test_names_set_against_each_other() -> None:
    assert analyse("Who is older, Ada Quill or Otto Perrin?").compared == ("Ada Quill", "Otto Perrin")
    assert analyse("Were both Ada Quill and Otto Perrin born at Thornwick?").compared == ("Ada Quill", "Otto Perrin")
    assert not analyse("Where did Ada Quill meet Otto Perrin?").compared


def test_words_before_a_name_that_describe_it() -> None:
    told = {
        term.word
        for term in analyse("What did the stern diver Ignatius Roper find near the wreck of the Petrel?").terms
        if term.told
    }
    assert told == {"stern", "diver"}


def test_what_a_mail_quotes_counts_less_than_what_its_writer_says() -> None:
    text = "The crane comes on 21 May.\n> The crane comes on 14 May.\n> > Which crane?"
    assert sentences(text) == text.split("\n")
    passage = Hit(1, "#a1", "crane.eml", 1, None, "", text)
    found = units({"#a1": passage}, ())
    evidence = Evidence(analyse("When does the crane come?"), found, lambda _, texts: [0.5] * len(texts))
    assert evidence.likeness[0] > evidence.likeness[1]
    assert max(evidence.cover[0].values()) > max(evidence.cover[1].values())


def test_a_day_is_one_term_in_any_form() -> None:
    terms = {term.stem for term in analyse("What broke on 14 May 2041?").terms}
    assert "2041-05-14" in terms
    assert "2041-05-14" in stems("14.05.2041 The crane broke.")
    assert not terms & {"14", "may", "2041"}
