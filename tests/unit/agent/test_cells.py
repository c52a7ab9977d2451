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
    other = Candidate("Net income was $340 million.", "", "Results of 2031", Evidence("Net income was $340 million.", 1), 0.7)
    assert settle("a.pdf", column, NO_ANSWER, [other]).state != "found"
    own = Candidate("Net income of 2030 was $289 million.", "", "", Evidence("Net income of 2030 was $289 million.", 2), 0.7)
    cell = settle("a.pdf", column, NO_ANSWER, [other, own])
    assert (cell.state, cell.typed, cell.verified) == ("found", "289000000", True)
