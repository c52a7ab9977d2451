"""References, links and contents are told from what a document says."""

from __future__ import annotations

import pytest

from workbench.text.references import ASKS_FOR_REFERENCES, is_reference, names_references, reference_share


@pytest.mark.parametrize("line", [
    '12. Jump up ^ "Tower bell cast again". The Harbour Post. Retrieved April 26, 2033.',
    '"Tower Bell Cast Again". The Harbour Post.', "[12] A. Smith. On bells. 2031.", "Abgerufen am 3. Mai 2033.",
    "Smith, J., Brown, A., On bells. In Proceedings of the Society, pp. 12–19.", "Retrieved 2033-02-03.",
])  # fmt: skip
def test_entries_of_a_list_of_references(line: str) -> None:
    assert is_reference(line)


@pytest.mark.parametrize("line", [
    '"The Bell" is a song of 2031 by the harbour choir.', '"What is it?" he said.', "The bell was retrieved from the wreck in 2031.",
    "The archive was moved from the original building.", "- 13 by Ada Holm, Harbour Club, on April 9, 2033", "He read the volume twice.",
])  # fmt: skip
def test_what_a_document_says(line: str) -> None:
    assert not is_reference(line)


def test_sections_in_several_languages() -> None:
    yes = (
        "Bell > References",
        "External links (edit)",
        "See also",
        "Einzelnachweise",
        "Véase también",
        "véase tambien",
        "参考文献",
    )
    assert all(map(names_references, yes))
    assert not any(map(names_references, ("Notes", "Bell", "References of applicants", "See also the annex", "")))


def test_a_share_of_lines_and_a_question_about_them() -> None:
    assert reference_share(
        "The bell rang.\n\n[1] A. Smith. On bells. 2031.\n[2] B. Brown. More bells. 2032."
    ) == pytest.approx(2 / 3)
    assert ASKS_FOR_REFERENCES.search("which papers are cited")
    assert not ASKS_FOR_REFERENCES.search("when did the bell ring")
