"""What a model answers stands in a cell as verified only where a verified quote says it."""

from __future__ import annotations

import pytest

from workbench.agent.answers.cells import NO_ANSWER, Answer, Candidate, settle
from workbench.api.question_table import Column, Evidence

QUOTE = "The mill of Alder was sold to Ida Maring for 4,200 crowns on 3 May 1902."


@pytest.mark.parametrize(
    ("column", "text", "verified"),
    [
        (Column("Buyer", "Who bought the mill?", "text"), "Ida Maring bought it.", True),
        (Column("Buyer", "Who bought the mill?", "text"), "Otto Brandt bought it.", False),
        (Column("Sale", "How was the mill of Alder sold?", "text"), "The mill of Alder went for 4,200 crowns.", True),
        (Column("Sale", "How was the mill of Alder sold?", "text"), "It went for 2,400 crowns.", False),
        (Column("Price", "For how many crowns was the mill sold?", "number"), "For 4,200 crowns.", True),
        (Column("Price", "For how many crowns was the mill sold?", "number"), "For 2,400 crowns.", False),
        (Column("Day", "On which day was the mill sold?", "date"), "On 3 May 1902.", True),
        (Column("Day", "On which day was the mill sold?", "date"), "On 5 May 1902.", False),
    ],
)
def test_a_value_is_verified_only_by_a_quote_that_states_it(column: Column, text: str, verified: bool) -> None:
    answer = Answer(True, text, (Evidence(QUOTE, 1),), 0.9, True, False)
    assert settle("alder.md", column, answer, ()).verified is verified


def test_a_figure_of_another_year_is_no_value() -> None:
    column = Column("Profit", "What was the net income in 2030?", "number")
    other = Candidate(
        "Net income was $340 million.", "", "Results of 2031", Evidence("Net income was $340 million.", 1), 0.7
    )
    assert settle("a.pdf", column, NO_ANSWER, [other]).state != "found"
    own = Candidate(
        "Net income of 2030 was $289 million.", "", "", Evidence("Net income of 2030 was $289 million.", 2), 0.7
    )
    cell = settle("a.pdf", column, NO_ANSWER, [other, own])
    assert (cell.state, cell.typed, cell.verified) == ("found", "289000000", True)


LINES = [
    Candidate(text, "", "", Evidence(text, page), 0.1)
    for page, text in enumerate(
        (
            "Twelve people find room in the hut.",
            "The grebes breed below it.",
            "On 3 May 2019 Anna Holt had the roof replaced.",
        ),
        1,
    )
]


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("Is the Grebe mentioned?", 2),
        ("Does it mention Grebes?", 2),
        ("Is Anna Holt named in the report?", 3),
        ("Does the document name Anna Holt?", 3),
        ("Is the Heron mentioned?", 0),
        ("Is Anna Smith mentioned?", 0),
        ("Is the owner named?", 0),
    ],
)
def test_a_thing_is_mentioned_where_a_line_names_it(question: str, page: int) -> None:
    cell = settle("a.md", Column("Named", question, "yes/no"), NO_ANSWER, LINES)
    if page:
        assert (cell.state, cell.typed, [one.page for one in cell.evidence]) == ("found", "yes", [page])
    else:
        assert (cell.state, cell.typed) == ("not found", "")


def test_the_one_date_of_a_document_is_what_a_question_without_a_subject_asks_for() -> None:
    column = Column("Date", "What date is given?", "date")
    cell = settle("a.md", column, NO_ANSWER, LINES)
    assert (cell.state, cell.typed, cell.evidence[0].page, cell.verified) == ("found", "2019-05-03", 3, True)
    again = Candidate("The roof of 2019-05-03 is tight, built in 1987.", "", "", Evidence("", 4), 0.1)
    assert settle("a.md", column, NO_ANSWER, [*LINES, again]).typed == "2019-05-03"
    other = Candidate("It was painted on 5 June 2020.", "", "", Evidence("", 5), 0.1)
    unsure = settle("a.md", column, NO_ANSWER, [*LINES, other])
    assert (unsure.state, [one.page for one in unsure.evidence]) == ("not sure", [3, 5])
    year = settle(
        "a.md", column, NO_ANSWER, [Candidate("It stood in 1954.", "", "", Evidence("It stood in 1954.", 1), 0.1)]
    )
    assert (year.state, len(year.evidence)) == ("not sure", 1)
    assert settle("a.md", Column("Sale", "When was it sold?", "date"), NO_ANSWER, LINES).state != "found"


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("The repair of the roof cost 1,840 euros.", "1,840 euros"),
        ("The repair of the roof cost €1,840.", "€1,840"),
        ("The repair of the roof cost 1,840 dollars.", "1,840 dollars"),
    ],
)
def test_a_value_has_its_unit_once(stated: str, shown: str) -> None:
    column = Column("Cost", "What did the repair of the roof cost?", "number")
    cell = settle("a.md", column, NO_ANSWER, [Candidate(stated, "", "", Evidence(stated, 1), 0.8)])
    assert (cell.state, cell.value, cell.typed) == ("found", shown, "1840")
