"""What a model answers stands in a cell as verified only where a verified quote says it."""

from __future__ import annotations

import pytest

from workbench.agent.answers.cells import Answer, settle
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
