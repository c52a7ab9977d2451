"""The citation verifier: every verbatim quote is accepted however a page was set, and no altered one is."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.properties import examples
from workbench.agent.answers.citations import NOT_FOUND, Checked, Place, check, notes_of, repair_request, says_not_found
from workbench.api.events import Citation
from workbench.text.quotes import is_on_page

_NAMES = [
    "Alda Marner",
    "Benno Quist",
    "Cato Ibsen",
    "Dora Lunt",
    "Edda Fjord",
    "Falk Øster",
    "Gesa Niño",
    "Henk de Wit",
]
_THINGS = [
    "the harbour light",
    "a co-operative store",
    "the fifth lock",
    "an office of affinity",
    "the Halloran ledger",
    "waffle irons",
]
_DEEDS = ["surveyed", "repaired", "sold", "inherited", "re-opened", "certified"]


def _sentence(draw: random.Random) -> str:
    kind = draw.randrange(4)
    name, thing, deed = draw.choice(_NAMES), draw.choice(_THINGS), draw.choice(_DEEDS)
    year, sum_, share = draw.randrange(1700, 1990), draw.randrange(1_000, 99_000), draw.randrange(1, 99)
    return [
        f"In {year}, {name} {deed} {thing} for {sum_:,} marks at {share}.{share % 10} per cent.",
        f"{name}’s deputy {deed} {thing} on {share % 28 + 1} May {year}, with efficient fittings.",
        f"The bill of {name} (no. HX-{sum_}/{share}) came to £{sum_:,}.{share:02}.",
        f"{thing[0].upper()}{thing[1:]} was {deed} by {name} between {year} and {year + share}.",
    ][kind]


def _pages(draw: random.Random, number: int) -> list[list[str]]:
    return [[_sentence(draw) for _ in range(14)] for _ in range(number)]


def _set(draw: random.Random, sentences: list[str]) -> str:
    """A page as a PDF gives it: ligatures, typographic quotes, lines of some width with words broken at their ends."""
    text = " ".join(sentences)
    if draw.random() < 0.5:
        text = text.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("ff", "ﬀ")
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) < 58:
            line = f"{line} {word}".strip()
            continue
        if word.isalpha() and len(word) > 5 and draw.random() < 0.8:
            cut = draw.randrange(2, len(word) - 2)
            lines.append(f"{line} {word[:cut]}" + draw.choice(["-", "\u00ad", "‐"]))
            line = word[cut:]
        else:
            lines.append(line)
            line = word
    return "\n".join([*lines, line])


def _places(draw: random.Random, sentences: list[list[str]]) -> list[Place]:
    return [Place(n, f"#a{n}", f"paper-{n % 3}.pdf", n, None, _set(draw, page)) for n, page in enumerate(sentences, 1)]


def _check(answer: str, places: list[Place]) -> Checked:
    by_handle = {place.handle: place for place in places}

    def read() -> Iterator[Place]:
        yield from places

    return check(answer, by_handle.get, read)


def _altered_number(draw: random.Random, sentence: str) -> str:
    digits = [match.start() for match in re.finditer(r"\d", sentence)]
    at = draw.choice(digits)
    return sentence[:at] + draw.choice([d for d in "0123456789" if d != sentence[at]]) + sentence[at + 1 :]


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_quotes_of_six_kinds(seed: int) -> None:
    draw = random.Random(seed)
    sentences = _pages(draw, 8)
    places = _places(draw, sentences)
    everything = {sentence for page in sentences for sentence in page}
    counts: dict[str, int] = {}
    for number in range(100):
        kind = ["verbatim", "hyphenated", "wrong page", "stitched", "number", "invented"][number % 6]
        at = draw.randrange(len(sentences))
        page, place = sentences[at], places[at]
        quote = draw.choice(page)
        if kind == "hyphenated":
            # As it stands on the page, line breaks and all.
            start = draw.randrange(0, len(place.text) - 150)
            start = place.text.index(" ", start) + 1
            quote = place.text[start : place.text.index(" ", start + 100)]
            # A quote that begins or ends inside a broken word is no quote of whole words.
            quote = quote.strip().strip("-\u00ad‐")
        if kind in ("verbatim", "hyphenated", "wrong page"):
            if kind == "hyphenated" and not is_on_page(quote, place.text):
                pytest.fail(repr(quote))
            other = draw.choice([p for p in places if not is_on_page(quote, p.text)])
            handle = other.handle if kind == "wrong page" else place.handle
            checked = _check(f'It says "{quote}" [{handle}].', places)
            assert len(checked.citations) == 1, (kind, quote, place.text)
            cited = checked.citations[0]
            assert cited.verified
            assert is_on_page(quote, places[cited.page - 1].text)
            assert cited.state == ("corrected" if kind == "wrong page" else "verified")
            counts[kind] = counts.get(kind, 0) + 1
            continue
        if kind == "stitched":
            one, two = draw.sample(range(len(page)), 2)
            while abs(one - two) == 1:
                one, two = draw.sample(range(len(page)), 2)
            a, b = page[one].split(), page[two].split()
            quote = " ".join(a[: len(a) // 2 + 1] + b[len(b) // 2 :])
        elif kind == "number":
            quote = _altered_number(draw, quote)
        else:
            quote = _sentence(random.Random(seed * 1_000 + number + 77_777))
        if quote in everything or any(quote in " ".join(p) for p in sentences):
            continue
        checked = _check(f'It says "{quote}" [{place.handle}].', places)
        assert checked.citations == (), (kind, quote)
        assert checked.missing == (quote,)
        assert quote[:60] in repair_request(checked)
        assert any(quote[:60] in note for note in notes_of(checked, "…"))
        counts[kind] = counts.get(kind, 0) + 1
    assert len(counts) == 6
    assert all(number >= 12 for number in counts.values()), "nearly every one was a case that could fail"


@examples(300)
@given(st.integers(0, 10**6), st.sampled_from(["number", "word", "negation", "sign", "cut"]))
def test_no_small_change_passes(seed: int, change: str) -> None:
    draw = random.Random(seed)
    page = [_sentence(draw) for _ in range(10)]
    text = _set(draw, page)
    sentence = draw.choice(page)
    words = sentence.split()
    at = draw.randrange(1, len(words) - 1)
    if change == "number":
        quote = _altered_number(draw, sentence)
    elif change == "word":
        quote = " ".join([*words[:at], words[at] + "s", *words[at + 1 :]])
    elif change == "negation":
        quote = " ".join([*words[:at], "not", *words[at:]])
    elif change == "sign":
        quote = re.sub(r"(?<=\d)[,.](?=\d)", "", sentence, count=1)
    else:
        # One end cut inside a number or a word.
        quote = sentence[: sentence.index(words[at]) + max(1, len(words[at]) // 2)]
        middle = len(words[at]) // 2
        assume(middle > 0 and words[at][middle - 1].isalnum() and words[at][middle].isalnum())
    assume(quote != sentence and quote not in " ".join(page))
    assert not is_on_page(quote, text), quote


@pytest.mark.parametrize(
    ("quote", "page", "there"),
    [
        ("efficient", "an eﬃ-\ncient lamp", True),
        ("co-operative store", "the co-\noperative store", True),
        ("co-operative store", "the cooperative store", True),
        ("in 1911-12", "it was in 1911-\n12 that", True),
        ("in 191112", "it was in 1911-\n12 that", False),
        ("1,200 marks", "cost 11,200 marks", False),
        ("1,200 marks", "cost 1,2000 marks", False),
        ("12", "1.12 marks", False),
        ("5 per cent", "-5 per cent", False),
        ("5 marks", "was –5 marks", False),
        ("$5", "-$5", False),
        ("5 marks", "pages 3-5 marks", False),
        ("the lamp … of oil", "the lamp had a barrel of oil", True),
        ("of oil … the lamp", "the lamp had a barrel of oil", False),
        ("…", "anything", False),
        ("", "anything", False),
        ("The Lamp", "the lamp", False),
        ("灯台は赤い", "港の灯台は赤いです。", True),
        ("“quoted” words", 'the "quoted" words', True),
        ("re-\nsign", "they resign", True),
        ("x² = 4", "x2 = 4", False),
        ("10⁶ ships", "106 ships", False),
        ("½ mark", "1/2 mark", False),
        ("the lamp [ ... ] of oil", "the lamp had a barrel of oil", True),
        ("the lamp (…) of oil", "the lamp had a barrel of oil", True),
        ("the lamp . . . of oil", "the lamp had a barrel of oil", True),
        ("the lamp.... of oil", "the lamp had a barrel of oil", True),
        ("the keeper did … meet the ship", "the keeper did not meet the ship", False),
        ("he … n't go there", "he couldn't go there", False),
        ("le gardien … allumé la lampe", "le gardien n'a jamais allumé la lampe", False),
        ("董事会…批准了预算", "董事会没有批准了预算", False),
        ("Revenue … decreased", "Revenue grew. Costs decreased.", False),
        ("Revenue … grew", "Revenue of the port grew.", True),
        ("Revenue of … the port grew", "Revenue of oil fell. Revenue of the island and the port grew", True),
        ("the keeper was ill … the lamp was lit", "the keeper was ill. He did not eat. At six the lamp was lit.", True),
        ("1 Overview ..... 6", "Contents\n1 Overview ..... 6\n2 Stores ..... 9", True),
        ("it cost 1.", "it cost 1.5 marks", False),
        ("it cost 1,", "it cost 1,500 marks", False),
        (".5 marks", "it cost 1.5 marks", False),
        ("-5 marks", "pages 3-5 marks", False),
        ("Boeing 737-", "Boeing 737-\n9", False),
        ("it grew by 5", "it grew by 5% in May", False),
        ("ships of 10", "ships of 10⁶ tons", False),
        ("the Qwen2- 72B model", "the Qwen2-\n72B model", True),
        (". . .", "a . . . b", False),
        (
            "the ship … came to the pier in May",
            "He came home … and ate. … (The) ship never came to the pier in May",
            False,
        ),
        ("it is … said that S … q is a sum", "it is often said that S = h, . . . , q is a sum", True),
        ("there is … need for special content", "There there is no need for special content. " * 3, False),
    ],
)
def test_single_quotes(quote: str, page: str, there: bool) -> None:
    assert is_on_page(quote, page) is there


def test_forms_of_citing() -> None:
    place = Place(1, "#a1", "log.pdf", 4, "iv", "The lamp was lit at six. The keeper slept till nine.")
    other = Place(2, "#b12", "log.pdf", 5, None, "The oil ran out.")
    both = [place, other]
    for answer in (
        'It says "The lamp was lit at six." [#a1]', "It says “The lamp was lit at six.” [#a1].", '"The lamp was lit at six" (#a1)',
        'Both: "The lamp was lit at six." [#b12, #a1]', '"The lamp was lit at six".[#a1]', "「The lamp was lit at six.」[#a1]",
        'He said "yes" and: "The lamp was lit at six." [#a1]', '"The lamp was lit at six."\n[#a1]', '"The lamp was lit at six." [#A1]',
    ):  # fmt: skip
        found = _check(answer, both).citations
        assert [(item.page, item.verified) for item in found] == [(4, True)], answer
    two = _check('"The lamp was lit at six." [#a1] and "The oil ran out." [#b12]', both)
    assert [(item.number, item.page) for item in two.citations] == [(1, 4), (2, 5)]
    loose = _check('It says "The keeper slept till nine." somewhere.', both)
    assert [item.state for item in loose.citations] == ["found"]
    assert _check("Nothing is quoted here [#a1].", both).unquoted
    unknown = _check('"The lamp was lit at six." [#z9]', both)
    assert [item.state for item in unknown.citations] == ["corrected"]


def test_a_quote_may_go_on_behind_the_end_of_a_page() -> None:
    behind = "5\nkeeper slept till nine."
    one = Place(1, "#a1", "log.pdf", 4, None, "The lamp was lit at six. The tired\n\n- 4 -", next_text=lambda: behind)
    other = Place(2, "#a2", "log.pdf", 9, None, "The oil ran out.", next_text=lambda: "It was bought anew.")
    quote = "The tired keeper slept till nine."
    (cited,) = _check(f'"{quote}" [#a1]', [one, other]).citations
    assert (cited.page, cited.state, cited.quote) == (4, "verified", quote)
    (cited,) = _check(f'"{quote}" [#a2]', [one, other]).citations
    assert (cited.page, cited.state) == (4, "corrected")
    for false in (
        "The tired keeper slept till ten.",
        "The oil ran out. The tired keeper slept",
        "lit at six. keeper slept till nine.",
    ):
        assert _check(f'"{false}" [#a1]', [one, other]).citations == ()


def test_several_quotes_nested_quotes_and_handles_of_nothing() -> None:
    one = Place(1, "#a1", "log.pdf", 4, None, 'He said "the lamp is out" and "send oil" twice. The ship came in.')
    other = Place(2, "#b1", "ledger.pdf", 7, None, "Oil | 12 barrels | 4,500 marks\nRope | 3 coils | 210 marks")
    answer = (
        'First "He said "the lamp is out" and "send oil" twice." [#a1], then "Rope | 3 coils | 210 marks" [#b1] and '
        '"The ship came in." [#b1]; "Oil | 12 barrels | 4,600 marks" [#b1], "send oil" [#q7] and "the lamp is lit" [#a1].'
    )
    checked = _check(answer, [one, other])
    found = [(item.quote, item.document, item.state) for item in checked.citations]
    assert found == [
        ('He said "the lamp is out" and "send oil" twice.', "log.pdf", "verified"),
        ("Rope | 3 coils | 210 marks", "ledger.pdf", "verified"),
        ("The ship came in.", "log.pdf", "corrected"),
        ("send oil", "log.pdf", "corrected"),
    ]
    assert checked.missing == ("Oil | 12 barrels | 4,600 marks", "the lamp is lit")


def test_a_quote_that_holds_quotation_marks_is_cited_once() -> None:
    whole = 'It says only two things. One is "Mind the paint".'
    place = Place(1, "#a1", "log.pdf", 4, None, f"The box has a label. {whole} The other is lost.")
    assert [item.quote for item in _check(f'The document says:\n"{whole}" [#a1]', [place]).citations] == [whole]


def test_a_quote_without_a_handle_that_is_nowhere_is_no_citation() -> None:
    place = Place(1, "#a1", "log.pdf", 4, None, "The lamp was lit at six.")
    checked = _check('It says "The lamp was never lit at all." there.', [place])
    assert checked.citations == ()


def test_not_found_is_recognised() -> None:
    assert says_not_found(f"{NOT_FOUND} I searched.")
    assert says_not_found('"Not found in the documents."')
    assert not says_not_found("The lamp was not found in the documents.")


@pytest.mark.parametrize(
    ("document", "label", "heading", "where"),
    [
        ("report.pdf", "iv", "Annexes > Annex B", "report.pdf, Annex B, p. iv (PDF page 6)"),
        ("report.pdf", "iv", "", "report.pdf, p. iv (PDF page 6)"),
        ("report.pdf", "6", "", "report.pdf p.6"),
        ("report.pdf", None, "Annex B", "report.pdf, Annex B, p.6"),
        ("books.xlsx", "Rents", "", "books.xlsx, Rents (page 6)"),
    ],
)
def test_where_a_citation_stands_as_people_write_it(document: str, label: str | None, heading: str, where: str) -> None:
    assert Citation(document, 6, label, "q", True, heading=heading).where == where


def test_what_a_quote_quotes_itself_is_no_quote_of_its_own() -> None:
    text = 'Because its core is still called "lead", many people think that a pencil holds lead.'
    checked = _check(f'The document says:\n"{text}" [#a1]', [Place(1, "#a1", "pencil.txt", 1, None, text)])
    assert [one.quote for one in checked.citations] == [text]
