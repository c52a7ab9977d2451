"""Questions about the figures of a report: measures become lines of statements, and the lines nearest to them are quoted."""

from __future__ import annotations

import pytest

from tests.support.reader_harness import Archive, Harness, Outcome, Passage, word_score
from workbench.models.extractive.financial import figures, line_match, statements_titled
from workbench.models.extractive.model import ExtractiveReader

REPORT = "larkmoor_10k.pdf"
PAGES = [
    "Larkmoor Ferries carries passengers and parcels between nine islands. We compete on punctuality and on soup.",
    "Risks\nA margin of error in the tide tables could strand a vessel. Operating a ferry in fog is a risk of our business.",
    "Consolidated Statements of Income 4\nConsolidated Balance Sheets 5\nConsolidated Statements of Cash Flows 6",
    "LARKMOOR FERRIES\nCONSOLIDATED STATEMENTS OF INCOME\n(in thousands)\nYears ended 30 April\n2031 2030\nFares 8,120 7,004\n"
    "Parcels 911 850\nTotal revenue 9,031 7,854\nCrew and fuel 5,020 4,800\nOperating income 1,204 1,377\nNet income 902 1,011",
    "LARKMOOR FERRIES\nCONSOLIDATED BALANCE SHEETS\n(in thousands)\n30 April\n2031 2030\nCash and cash equivalents 414 731\n"
    "Inventories of soup 12 9\nTotal current assets 1,560 1,702\nAccounts payable 301 288\nTotal current liabilities 870 790",
    "LARKMOOR FERRIES\nCONSOLIDATED STATEMENTS OF CASH FLOWS\n(in thousands)\nNet cash provided by operating activities 1,330 1,402\n"
    "Purchases of property and equipment (1,950) (610)\nDividends paid (120) (100)",
    "Our chairman retired in 2031 after forty years. He was given a clock, a goat and a lifetime of free crossings.",
    "Legal proceedings\nA passenger has sued us over the soup. We believe that the soup was as described.",
]


def ask(question: str, pages: list[str] = PAGES, **options: int) -> Outcome:
    shelf = Archive([Passage(REPORT, number, "", text) for number, text in enumerate(pages, 1)], word_score)
    return Harness(ExtractiveReader(word_score), shelf, **options).ask(question)


@pytest.mark.parametrize(
    ("question", "page", "line"),
    [
        ("Does Larkmoor have an improving operating margin profile as of FY2031?", 4, "Operating income 1,204 1,377"),
        ("What is the FY2031 capital expenditure amount for Larkmoor?", 6, "Purchases of property and equipment"),
        ("Is Larkmoor's quick ratio healthy in FY2031?", 5, "Total current liabilities 870 790"),
        ("Was there any drop in cash & cash equivalents between FY2030 and FY2031?", 5, "414 731"),
        ("How much did Larkmoor pay in dividends in fiscal 2031?", 6, "Dividends paid (120) (100)"),
    ],
)
def test_a_measure_is_answered_by_the_lines_it_is_made_of(question: str, page: int, line: str) -> None:
    outcome = ask(question)
    assert page in [cited for _, cited, _, _ in outcome.cited][:2]
    assert any(line in quote for _, _, quote, _ in outcome.cited)
    assert all(verified for *_, verified in outcome.cited)
    assert len(outcome.cited) <= 5
    assert outcome.steps <= 8


def test_a_figure_that_a_row_names_goes_before_the_lines_it_is_made_of() -> None:
    pages = [*PAGES, "Non-GAAP measures\n(in thousands)\n2031 2030\nAdjusted EBITDA 1,610 1,702\nOther 3 4"]
    first = ask("What was Larkmoor's adjusted EBITDA for FY2031?", pages).cited[0]
    assert first[1] == len(pages)
    assert first[2].startswith("Adjusted EBITDA 1,610 1,702")


def test_findings_survive_the_eviction_of_every_result() -> None:
    outcome = ask("Does Larkmoor have an improving operating margin profile as of FY2031?", queue_chars=1_500)
    assert (REPORT, 4) in {(document, page) for document, page, _, _ in outcome.cited}


def test_a_measure_of_which_no_line_is_there_is_not_found() -> None:
    outcome = ask("What were Larkmoor's research and development expenses in FY2031?")
    assert outcome.abstained
    assert not outcome.cited


def test_a_question_about_one_document_is_answered_by_its_nearest_lines_too() -> None:
    outcome = ask("What was the chairman given when he retired?")
    assert (REPORT, 7) in {(document, page) for document, page, _, _ in outcome.cited}


def test_what_is_a_question_about_a_report() -> None:
    assert figures("What is the operating margin?") is not None
    assert figures("What happened in Q2 of FY2024?") is not None
    assert figures("Who raised the bell of the wreck?") is None
    assert figures("How much debt had he?") is None
    assert figures("How much debt had it at the end of fiscal 2031?") is not None


def test_queries_name_the_statement_and_its_lines() -> None:
    asked = figures("Calculate the DPO from the balance sheet and the P&L statement.")
    assert asked is not None
    assert asked.statements == {"balance", "income"}
    assert any("balance sheets accounts payable" in query for query in asked.queries)


def test_a_row_is_a_line_by_its_label() -> None:
    assert line_match(("net sales", "operating income"), "Operating income 6,098 5,802") == (1.0, "operating income")
    assert line_match(("operating income",), "Total non-operating income (expense), net (90) (97)")[0] < 0.6
    assert line_match(("operating income",), "We earn operating income wherever we can.") == (0.0, "")
    assert line_match(("net sales",), "Gain on sale of subsidiary, net (21) -") == (0.0, "")


def test_a_title_is_no_entry_of_a_table_of_contents() -> None:
    assert statements_titled("ACME\nCONSOLIDATED BALANCE SHEETS (unaudited)\n2031") == {"balance"}
    assert not statements_titled("Consolidated Balance Sheets 41\nNotes 44")


def test_what_drove_a_figure_is_answered_with_the_sentence_that_says_why() -> None:
    reason = "As a percentage of total revenue, crew and fuel fell to 55.6% from 61.1%, primarily due to lower wages."
    question = "What drove the reduction of crew and fuel as a percent of total revenue in FY2031?"
    assert reason in ask(question, [*PAGES, reason]).text
    assert reason in ask(question, [reason, *PAGES]).text.splitlines()[1]


@pytest.mark.parametrize(("asked", "line"), [("FY2031", "EBITDA 2,117 2,018"), ("Q4 of 2031", "EBITDA 609 540")])
def test_a_row_of_another_span_of_time_is_not_what_is_asked_for(asked: str, line: str) -> None:
    page = "Reconciliation\n{} ended June 30\n($ million) 2030 2031\nNet income 2 3\nAdjusted {}"
    quarter = page.format("Three months", "EBITDA 609 540")
    pages = [quarter, PAGES[1], page.format("Twelve months", "EBITDA 2,117 2,018"), PAGES[6]]
    assert line in ask(f"What was the adjusted EBITDA of Larkmoor in {asked}?", pages).cited[0][2]
