"""Terms: everything that identifies is kept, in every script; what two spellings share is the same term."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.retrieval.query import Query, is_identifier, parse_query
from workbench.text import analyzer, phrases


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HX-204/7", {"hx-204/7", "hx", "204", "7"}),
        ("§4.2 at 10kV", {"4.2", "10kv", "10", "kv"}),
        ("1,234.5 m²", {"1234.5", "m2"}),
        ("94071d67-86df-455c-8ee9-691e492ff740", {"94071d67-86df-455c-8ee9-691e492ff740"}),
        ("repairing the keeper's lamps", {"repairing", "repair", "keeper", "lamp", "lamps"}),
        ("Zürich café", {"zurich", "cafe"}),
        ("灯塔守卫", {"灯塔", "塔守", "守卫"}),
        ("كِتَابٌ", {"كتاب"}),
        ("שָׁלוֹם", {"שלום"}),
        ("light-\nhouse", {"lighthouse", "light", "house"}),
        ("5 mg, 3.5 kΩ at 25 °C, 30 km/h", {"5mg", "3.5kω", "25°c", "30km/h"}),
        ("AX-4410/B and e-mail", {"ax4410b", "email"}),
        ("U.S.A. O'Neill-Smith", {"usa", "oneill"}),
        ("12,345.67 or 1.234,50", {"12345.67", "1234.50"}),
        ("C++, C# and .NET, bug #88", {"c++", "c#", ".net", "#88"}),
        ("fox 🦊 sum ∑", {"🦊", "∑"}),
        ("猫がいる", {"猫が", "猫"}),
        ("高2m塔", {"2m", "2", "m", "塔"}),
        ("٤٥٦٧٨ १२३", {"45678", "123"}),
        ("المدرسة وبالقلم", {"مدرس", "قلم"}),
        ("והילד לבית", {"ילד", "בית"}),
        ("России Ελλάδας", {"росс", "ελλαδ"}),
        ("Köln, Łódź, Øre", {"koln", "koeln", "lodz", "ore", "oere"}),
    ],
)
def test_what_a_text_is_found_by(text: str, expected: set[str]) -> None:
    assert expected <= set(analyzer.index_terms(text))


_OF_A_LANGUAGE = re.compile(r"[a-z]{2}[:+]\w")


@given(st.text(max_size=80))
def test_terms_are_single_words_and_the_same_for_index_and_query(text: str) -> None:
    made = analyzer.index_terms(text)
    assert not any(set(term) & set(" \t\n") or not term for term in made)
    # Which language's stems a query means is unknown where its words tell none; a stored text has one language's at most.
    stored = {term for term in made if not _OF_A_LANGUAGE.match(term)}
    asked = {term for term in analyzer.query_terms(text) if not _OF_A_LANGUAGE.match(term)}
    beyond = stored - asked
    assert asked <= stored
    assert all(len(term) == 1 for term in beyond)


@given(
    st.text(alphabet="abm29-/'\n .灯塔守é§°", max_size=30),
    st.text(alphabet="abm29-/'\n .灯塔守é§°", min_size=1, max_size=6),
)
def test_a_passage_that_contains_a_phrase_has_its_runs_as_terms(text: str, phrase: str) -> None:
    whole = f"{text} {phrase} {text}"
    if phrases.contains(whole, phrase):
        assert set(analyzer.runs(phrase)) <= set(analyzer.index_terms(whole))


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("Das Lager fasst 12\u2009400 Kisten.", "12400"),
        ("Der Umsatz war 3’450’000 Franken.", "3450000"),
        ("un budget de 1\u202f284\u202f500 euros", "1284500"),
        ("On 3 February 2033 the lamp failed.", "03.02.2033"),
        ("Am 3. Februar 2033 fiel die Lampe aus.", "2033-02-03"),
        ("La lampe est tombée le 3 février 2033.", "February 3, 2033"),
        ("2033年2月3日に故障した。", "3 de febrero de 2033"),
        ("The lease ends in 2033-02.", "February 2033"),
        ("Umowę podpisano 12 września 2031 roku.", "2031-09-12"),
        ("Договор подписан 4 октября 2030 года.", "4 October 2030"),
        ("Sopimus alkoi 3. helmikuuta 2033.", "03.02.2033"),
        ("Υπογράφηκε στις 3 Φεβρουαρίου 2033.", "2033-02-03"),
        ("会費は１２，５００円です。", "12500"),
        ("The well cost 12,34,500 rupees.", "1234500"),
        ("Der Platz kostet € 1.250,00 im Jahr.", "1250"),
        ("Call +47 22 33 44 55 after six.", "+4722334455"),
        ("Die Kündigungsfrist für die Wohnung beträgt drei Monate.", "Kündigung"),
        ("Die Kündigungen werden von der Verwaltung bearbeitet.", "Kündigung"),
        ("Die Betriebskostenvorauszahlung ist zum Ersten fällig.", "Vorauszahlung"),
        ("De huurovereenkomst van het pand is niet verlengd.", "overeenkomst"),
        ("Les locataires ont résilié les contrats de la maison.", "résilier un contrat"),
        ("Los contratos de la casa fueron firmados por el dueño.", "contrato firmado"),
    ],
)
def test_other_spellings_forms_and_parts_of_compounds_are_found(stored: str, asked: str) -> None:
    common = set(analyzer.query_terms(asked)) & set(analyzer.index_terms(stored))
    telling = {term for term in common if term not in analyzer.index_terms("La de un das die het van el 3 2033")}
    assert telling


def test_a_number_that_is_no_date_is_none() -> None:
    assert not any(term.startswith("2033-") for term in analyzer.index_terms("31/02/2033 and version 1.2.20334"))
    assert "2033-04-05" in analyzer.index_terms("04/05/2033")
    assert "2033-05-04" in analyzer.index_terms("04/05/2033")


def test_english_text_has_no_terms_of_other_languages() -> None:
    text = "The keeper of the light was paid in barrels of oil, and the harbour was kept by the council for a year."
    assert not [term for term in analyzer.index_terms(text) if _OF_A_LANGUAGE.match(term)]
    assert not [term for term in analyzer.query_terms("who was the keeper of the light") if _OF_A_LANGUAGE.match(term)]


def test_common_words_weigh_less_but_are_kept() -> None:
    weights = analyzer.query_terms("who is the keeper")
    assert 0 < weights["the"] < weights["keeper"]


@pytest.mark.parametrize(
    "line", ["HX-204/7", "§4.2", "§ 12.3(b)", "12345", "2024-05-01", "a.b@c.de", "0d7ba717-e034-410e-88ab-c13d37cc6499"]
)
def test_identifiers_are_searched_exactly(line: str) -> None:
    assert parse_query(line) == Query("", phrases=(line,), compact=analyzer.compact(line))


@pytest.mark.parametrize("line", ["1999", "e-mail", "Halloran light", "U.S.", "-5 degrees", "x", ""])
def test_words_and_short_numbers_are_no_identifiers(line: str) -> None:
    assert not is_identifier(line)
    assert not parse_query(line).exact


def test_quotes_and_minus_signs() -> None:
    assert parse_query('"the lamp" “two words”').phrases == ("the lamp", "two words")
    assert parse_query('keeper "the lamp" -oil') == Query("keeper", ("the lamp",), ("oil",))
    assert parse_query('Who wrote "The Lamp"?').boosted == ("The Lamp",)
    assert parse_query("what is part HX-204/7 for").boosted == ("HX-204/7",)


@pytest.mark.parametrize("line", ["50mg", "0.5mg", "3.5kΩ", "100 m", "130km/h"])
def test_a_quantity_is_found_written_together_or_apart(line: str) -> None:
    assert not is_identifier(line)
    for text in (f"about {line} of it", "about " + line.replace("mg", " mg").replace("kΩ", " kΩ").replace("km", " km")):
        assert phrases.contains(text, line)
        assert set(analyzer.runs(line)) <= set(analyzer.index_terms(text))
    assert not phrases.contains(f"about 1{line} of it", line)


@pytest.mark.parametrize(
    ("typed", "stands"),
    [
        ("AX4410B", "AX-4410/B"),
        ("3f2504e04f8911d39a0c0305e82c3301", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        ("9783161484100", "978-3-16-148410-0"),
        ("12345.67", "12,345.67"),
        ("12,345.67", "12345.67"),
        ("1234.50", "1.234,50"),
    ],
)
def test_an_identifier_has_one_compact_form(typed: str, stands: str) -> None:
    assert analyzer.compact(typed) in analyzer.index_terms(f"See {stands}, page 3.")
    assert analyzer.compact("4.2") == "4.2"
    assert analyzer.compact("3:1") == analyzer.compact("§ 12.3(b)") == ""


def test_what_is_excluded_alone_is_excluded() -> None:
    assert parse_query("-oil").excluded == ("oil",)
