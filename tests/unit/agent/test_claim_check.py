"""A claim is supported, contradicted by a value, or not spoken of; a true one is never called contradicted."""

from __future__ import annotations

import pytest

from workbench.agent.answers.claim_check import CONTRADICTED, NOT_FOUND, PARTLY, SUPPORTED, Finding, find
from workbench.agent.answers.claims import claims
from workbench.agent.answers.source_sentences import source_sentences
from workbench.storage.rows import Passage

SOURCE = """## Meeting of 12 May 1931

The board engaged the surveyor Ruth Alvarez to draw the boundary between Low Farm and the mill. Her fee was twenty guineas.

The mill was built in 1874 by Otto Brandt and burned for nine hours on 3 August 1902. It had 14 looms.

Ida Maring, a Polish painter, married the pilot Jan Koster in 1912, and nobody was there but the verger.

## The film Two Rivers (2016)

Two Rivers is a film that was written by Hedda Lund and directed by Tor Vik. It was shown first on 10 June 2016.

The guild was founded in 1844 by four weavers and moved in 1854 to Long Lane, with Ada Finn replacing Karen Moss as its clerk.

In 1996 the league set up a prize for chess. It was given first in 1997.

The band was founded by the drummer Lars Brun and the singer Nils Aas. Erik Holm has played the guitar since then.

No visitor may enter the boiler room. The ferry Corvina left at ten past six with forty-one persons.
"""


def check(claim: str) -> Finding:
    return find(claim, source_sentences([Passage(1, 1, 1, 0, len(SOURCE), "", SOURCE, 1)], "minutes.md"))[0]


@pytest.mark.parametrize(
    "claim",
    [
        "The mill was built by Otto Brandt in 1874.",
        "On 3 August 1902 the mill burned for 9 hours.",
        "The board engaged Ruth Alvarez, a surveyor, to draw the boundary between the mill and Low Farm.",
        "41 persons left on the ferry Corvina.",
        "The mill had fourteen looms.",
        "Ida Maring, a painter from Poland, married Jan Koster in 1912.",
    ],
)
def test_what_a_source_says_in_other_words_is_supported(claim: str) -> None:
    assert check(claim).state == SUPPORTED


@pytest.mark.parametrize(
    ("claim", "claimed", "stated"),
    [
        ("The mill was built by Otto Brandt in 1884.", "1884", "1874"),
        ("The mill was built in 1874 by Emil Hansen.", "Emil Hansen", "Otto Brandt"),
        ("On 3 August 1902 the mill burned for seven hours.", "seven", "nine"),
        ("The film Two Rivers was shown first on 17 June 2016.", "17 June 2016", "10 June 2016"),
        ("The band was founded by the drummer Erik Holm and the singer Nils Aas.", "Erik Holm", "Lars Brun"),
        ("The guild was founded in 1854 by four weavers.", "1854", "1844"),
        ("The league set up a prize for chess in 1986.", "1986", "1996"),
        ("The mill burned for nine hours on 5 August 1902.", "5 August 1902", "3 August 1902"),
        (
            "The board engaged the surveyor Ruth Alvarez to draw the boundary between High Farm and the mill.",
            "High Farm",
            "Low Farm",
        ),
        ("The ferry Corvina left at ten past six with fifty-one persons.", "fifty-one", "forty-one"),
    ],
)
def test_a_changed_value_is_shown_beside_what_the_source_states(claim: str, claimed: str, stated: str) -> None:
    found = check(claim)
    assert found.state == CONTRADICTED
    assert [(item.claimed, item.stated) for item in found.differences] == [(claimed, stated)]


@pytest.mark.parametrize(
    "claim",
    [
        "The mill was sold to a brewery.",
        "Ruth Alvarez kept bees on Low Farm.",
        "Emil Hansen wrote a novel about the mill.",
        "A second ferry was ordered from Norway in 1931.",
    ],
)
def test_what_no_source_says_is_not_found(claim: str) -> None:
    assert check(claim).state == NOT_FOUND


def test_a_denial_is_not_supported_by_the_statement() -> None:
    assert check("The mill was not built in 1874 by Otto Brandt.").state == PARTLY
    assert check("The mill wasn't built in 1874 by Otto Brandt.").state == PARTLY
    assert check("The mill wasn’t built in 1874 by Otto Brandt.").state == PARTLY
    assert check("Visitors may enter the boiler room.").state != SUPPORTED


def test_sentences_that_claim_nothing_are_named_with_the_reason() -> None:
    text = (
        "# The mill\n\nWho built it? I think it is pretty.\n\n```\nx = 1874\n```\n\nIt was built in 1874.\nSee above.\n"
    )
    found = [(item.text, item.line, item.why_not) for item in claims(text)]
    assert found == [
        ("The mill", 1, "a heading"),
        ("Who built it?", 3, "a question"),
        ("I think it is pretty.", 3, "an opinion or a wish"),
        ("```", 5, "code"),
        ("It was built in 1874.", 9, ""),
        ("See above.", 10, "too short"),
    ]
