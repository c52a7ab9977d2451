"""A typed value is of the kind that is asked for; where a sentence leaves two readings or speaks of another thing, there is none."""

from __future__ import annotations

import pytest

from workbench.agent.answers.typed_answer import (
    DATES,
    NUMBERS,
    YES_NO,
    Typed,
    disagrees,
    read_column,
    read_name,
    read_value,
)

REVENUE = "What was the revenue of the last quarter?"
NET_INCOME = "What was the net income?"
PER_SHARE = "What were the diluted earnings per share?"
STAFF = "How many employees does the company have?"
PERIOD_END = "On which date did the fiscal period end?"


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        (REVENUE, "In the first six months of fiscal 2031 revenue came in line with our plans."),
        (PER_SHARE, "Reconciliation of basic and diluted earnings per share (in millions, except per share amounts)"),
        (PER_SHARE, "There were 3,400,000 shares of common stock, $0.02 par value per share, outstanding."),
        (PER_SHARE, "Basic earnings per share were $3.10."),
        ("How much dividend per share was declared?", "Common stock, par value $0.02 per share."),
        (NET_INCOME, "Operating income rose 12.0% to $1.4 billion, or 14.2% of net sales."),
        (NET_INCOME, "We expect net income of $90 million in the next fiscal year."),
        (NET_INCOME, "Adjusted net income was $77 million."),
        (NET_INCOME, "Net income 4,312 4,101 3,988"),
        (NET_INCOME, "Of this, $9 million of net income was related to subsidiaries abroad."),
        (
            "How many shares were outstanding?",
            "The firm reduced its outstanding share count by approximately 191 million shares.",
        ),
        ("How many directors were elected?", "Directors, executive officers and corporate governance 93"),
        (STAFF, "Options were granted to two employee groups."),
        (
            "How much dividend was declared?",
            "The board declared a seven-for-one split in the form of a stock dividend.",
        ),
        (STAFF, "We grant up to 15 working days of leave a year to employees who look after children."),
        ("How many stores does it have?", "It plans to close 20 to 30 stores this year."),
        ("What is the rent?", "The rent is $1,100 – $1,250 a month, by size."),
        ("How many people does it employ?", "It employs 40-50 people in summer."),
    ],
)
def test_a_number_of_another_thing_is_not_read(question: str, quote: str) -> None:
    assert read_value(NUMBERS, question, quote) is None


@pytest.mark.parametrize(
    ("question", "quote", "value", "unit"),
    [
        (
            NET_INCOME,
            "Net income increased 23.5% to $340.8 million, compared to $289.4 million a year before.",
            "340800000",
            "$",
        ),
        (NET_INCOME, "Net earnings were $12 million.", "12000000", "$"),
        (PER_SHARE, "GAAP diluted earnings per share were 41.5 cents.", "41.5", "cents"),
        (STAFF, "As of 3 May 2031 we employed 8,214 people.", "8214", "people"),
        (STAFF, "We had approximately 3,700 total employees.", "3700", "employees"),
        (STAFF, "Number of employees: 8,214", "8214", ""),
        ("What is the monthly rent?", "The rent is €950 per month.", "950", "€"),
        ("How long is the notice period?", "Either party may give three months' notice.", "3", "months"),
        ("How many stores does it have?", "The number of stores rose from 20 to 30 stores.", "30", "stores"),
    ],
)
def test_the_number_that_is_asked_for_is_read(question: str, quote: str, value: str, unit: str) -> None:
    read = read_value(NUMBERS, question, quote)
    assert read is not None
    assert (read.value, read.unit) == (value, unit)


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        (PERIOD_END, "Refer to our annual report on Form 10-K for the fiscal year ended June 30, 2029."),
        (PERIOD_END, "For the period ending June 30, 2031, the company expects growth."),
        (PERIOD_END, "Statements of income for the three months ended July 29, 2031, and July 30, 2030"),
        (PERIOD_END, "Recurring revenue at the end of fiscal 2031 was $2 billion."),
        ("When did the fiscal year begin?", "Cash at the beginning of fiscal 2031 includes $75 million held for sale."),
        ("When did the fiscal year begin?", "Fiscal 2031 was a good year; it closed on 3 June 2031."),
    ],
)
def test_a_day_of_another_thing_is_not_read(question: str, quote: str) -> None:
    assert read_value(DATES, question, quote) is None


def test_the_day_of_the_thing_asked_about_is_read() -> None:
    quote = "The board declared a split in the form of a dividend that was paid on July 14, 2031 to holders as of July 2, 2031."
    read = read_value(DATES, "On which date was the dividend paid?", quote)
    assert read is not None
    assert read.value == "2031-07-14"


def test_an_attribute_is_no_statement() -> None:
    question = "Are the financial statements audited?"
    assert (
        read_value(YES_NO, question, "The balance sheet has been condensed from the audited financial statements.")
        is None
    )
    growth = "Is the company an emerging growth company?"
    assert read_value(YES_NO, growth, "Smaller Reporting Company Emerging Growth Company") is None
    assert (
        read_value(YES_NO, growth, "See the definition of “emerging growth company” in the rules of the company.")
        is None
    )
    said = read_value(YES_NO, growth, "The company is not an emerging growth company.")
    assert said is not None
    assert said.value == "no"
    said = read_value(YES_NO, question, "The financial statements have not been audited.")
    assert said is not None
    assert said.value == "no"


@pytest.mark.parametrize(
    ("question", "quote", "name"),
    [
        (
            "Who signed the report?",
            "Pursuant to the Securities Exchange Act, the registrant has signed this report.",
            None,
        ),
        (
            "Who is the chief executive officer?",
            "Certification of the Chief Executive Officer pursuant to Rules 13a-14(a)",
            None,
        ),
        ("Who is the chief executive officer?", "Senior Vice President and Chief Accounting Officer", None),
        (
            "Who is the chief executive officer?",
            "“A strong year,” said Tessa Okafor, chief executive officer.",
            "Tessa Okafor",
        ),
        (
            "Which firm is the independent auditor?",
            "We appointed KPMG LLP as independent auditor for Lindqvist.",
            "KPMG LLP",
        ),
        ("Who is the tenant?", "Landlord: Hugo Jansen\nTenant: Rosa Castillo", "Rosa Castillo"),
        (
            "Which firm audited the accounts?",
            "We have audited, by the rules of the Board (Ireland), the accounts.",
            None,
        ),
        ("Who is the tenant?", "The flat in Mill Lane is let (tenant: Rosa Castillo).", "Rosa Castillo"),
    ],
)
def test_a_name_is_of_one_who_can_act(question: str, quote: str, name: str | None) -> None:
    read = read_name(question, quote)
    assert (read.shown if read else None) == name


COLUMNS = "Columns: 2031, 2030, 2029 (in millions, except per share data)."


@pytest.mark.parametrize(
    ("question", "row", "columns", "value"),
    [
        (
            "What was the total revenue in fiscal 2031?",
            "Total revenue $ 17,606 $ 15,785 $ 12,868 12 %",
            COLUMNS,
            "17606000000",
        ),
        ("What was the total revenue in fiscal 2030?", "Total revenue 17,606 15,785 12,868", COLUMNS, "15785000000"),
        ("What were the earnings per share in 2029?", "Earnings per share $ 10.13 $ 10.10 $ 9.95", COLUMNS, "9.95"),
        ("What was the total revenue in fiscal 2028?", "Total revenue 17,606 15,785 12,868", COLUMNS, None),
        ("What was the total revenue in fiscal 2031?", "Total revenue 17,606 15,785", COLUMNS, None),
        ("How much was goodwill in 2031?", "Goodwill and other intangible assets 17,606 15,785 12,868", COLUMNS, None),
        ("How much was goodwill in 2031?", "Goodwill, net 17,606 15,785 12,868", COLUMNS, "17606000000"),
        ("What was the total revenue in fiscal 2031?", "Total assets 17,606 15,785 12,868", COLUMNS, None),
        (
            "What was the total revenue in 2031?",
            "Total revenue 17,606 15,785",
            "Columns: 2031, 2031 (in millions).",
            None,
        ),
    ],
)
def test_the_figure_of_a_row_is_that_of_the_year_asked_for(
    question: str, row: str, columns: str, value: str | None
) -> None:
    read = read_column(question, row, columns)
    assert (read.value if read else None) == value


def test_a_rounded_figure_is_no_other() -> None:
    exact = Typed("17,606", "17606000000", "$")
    assert not disagrees(NUMBERS, Typed("$17.61 billion", "17610000000", "$"), exact)
    assert disagrees(NUMBERS, Typed("$17.62 billion", "17620000000", "$"), exact)
    assert disagrees(NUMBERS, Typed("20 billion", "20000000000", "$"), exact)
