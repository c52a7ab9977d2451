"""The questions that rules make of passages: what they name is what their gold holds."""

from __future__ import annotations

from tests.benchmarks.linked_questions import Passage, made

FILMS = [
    Passage(
        f"The {name} Lamp", f"The {name} Lamp is a {year} British drama film directed by {who} and starring Ida Roe."
    )
    for name, year, who in (("Brass", 1931, "Alma Rill"), ("Iron", 1947, "Otto Venn"))
]
PEOPLE = [
    Passage("Alma Rill", "Alma Rill (4 May 1890 – 2 June 1951) was a British director. She was the daughter of Edwin Rill and Ada Moss."),
    Passage("Otto Venn", "Otto Venn (7 July 1901 – 9 June 1980) was a British film director. He married Greta Holm."),
    Passage("Edwin Rill", "Edwin Rill (1 May 1850 – 1 June 1920) was a British baker. He was the son of Amos Rill."),
    Passage("Amos Rill", "Amos Rill (1 May 1820 – 1 June 1890) was a British miller. He was a quiet man."),
    Passage("The Lamp", "The Lamp is a word of many meanings; nobody directed by accident is in it."),
]  # fmt: skip


def test_each_question_comes_with_the_passages_that_hold_its_facts() -> None:
    asked = made([*FILMS, *PEOPLE], 60, 1)
    gold = {one.question: one.gold for one in asked}
    assert gold["When did the director of film The Brass Lamp die?"] == ("The Brass Lamp", "Alma Rill")
    assert gold["Who is the father of the director of film The Brass Lamp?"] == ("The Brass Lamp", "Alma Rill")
    assert gold["Who is the paternal grandfather of Alma Rill?"] == ("Alma Rill", "Edwin Rill")
    assert gold["When did Edwin Rill's father die?"] == ("Edwin Rill", "Amos Rill")
    compared = [one for one in asked if one.kind == "bridge comparison"]
    assert compared
    assert all(set(one.gold) == {"The Brass Lamp", "Alma Rill", "The Iron Lamp", "Otto Venn"} for one in compared)
    assert {one.kind for one in asked} == {"compositional", "inference", "comparison", "bridge comparison"}
    assert len(asked) == len(gold)
    assert asked == made([*FILMS, *PEOPLE], 60, 1)
