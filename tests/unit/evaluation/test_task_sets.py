"""The layouts that experiments read: what is asked, over what, and what is gold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import public_sets
from workbench.core.errors import UsageError
from workbench.evaluation import task_sets
from workbench.evaluation.task_sets import ANY_PAGE, DOCUMENTS


def test_one_passage_of_half_of_the_questions_is_deleted(tmp_path: Path) -> None:
    found = task_sets.refusals(public_sets.musique(tmp_path))
    gone = [one for one in found.questions if not one.answerable]
    assert 1 <= len(gone) <= 7
    there = found.materials[DOCUMENTS].texts.keys()
    for question in found.questions:
        missing = {document for document, _ in question.gold} - there
        assert len(missing) == (0 if question.answerable else 1), question
    assert found == task_sets.refusals(tmp_path)


def test_an_article_goes_with_its_questions(tmp_path: Path) -> None:
    found = task_sets.refusals(public_sets.squad(tmp_path))
    there = {(document, ANY_PAGE) for document in found.materials[DOCUMENTS].texts}
    assert {one.answerable for one in found.questions} == {True, False}
    assert all(one.answerable == (one.gold <= there) for one in found.questions)


def test_several_hops_are_told_apart(tmp_path: Path) -> None:
    found = task_sets.several_hops(public_sets.musique(tmp_path / "two"))
    assert {one.group for one in found.questions} == {"2 hops"}
    assert found.questions[0].gold == {("Harbour.txt", ANY_PAGE), ("Jonas Harbourson.txt", ANY_PAGE)}
    with pytest.raises(UsageError, match="needs several passages"):
        task_sets.several_hops(public_sets.nq(tmp_path / "one"))


def test_evidence_pages_count_from_0_in_one_layout_and_from_1_in_the_other(tmp_path: Path) -> None:
    found = {one.id: one for one in task_sets.pages(public_sets.report_pages(tmp_path, b"")).questions}
    assert found["f1"].gold == {("report.pdf", 1)}
    assert found["0"].gold == {("report.pdf", 1), ("report.pdf", 2)}
    assert (found["1"].answerable, found["1"].gold, found["1"].answers) == (False, frozenset(), ())


def test_a_question_whose_pdf_is_not_there_is_left_out(tmp_path: Path) -> None:
    public_sets.report_pages(tmp_path, b"")
    (tmp_path / "pdfs" / "report.pdf").unlink()
    assert [one.id for one in task_sets.pages(tmp_path).questions] == ["0", "1"]
    for file in tmp_path.rglob("*.pdf"):
        file.unlink()
    with pytest.raises(UsageError, match="evidence pages"):
        task_sets.pages(tmp_path)


def test_files_of_records_in_both_layouts(tmp_path: Path) -> None:
    found = task_sets.filesystem(public_sets.files(tmp_path))
    asked = {one.text: one for one in found.questions}
    assert asked["Who owns Rex?"].answers == ("Ada Brush",)
    assert {one.group for one in found.questions} == {"multi-hop", "chain"}
    assert asked["Which pet has Ada Brush?"].gold == {("people.txt", ANY_PAGE), ("pets.txt", ANY_PAGE)}
    assert [file.name for file in found.materials[DOCUMENTS].files] == ["people.txt", "pets.txt"]


def test_a_conversation_is_talk_and_sessions(tmp_path: Path) -> None:
    path = public_sets.locomo(tmp_path)
    found = task_sets.conversations(path)
    material = found.materials["talk-1"]
    assert list(material.texts) == [f"session 0{n}, 0{n} May 2023.txt" for n in (1, 2, 3)]
    assert material.talk[0].text == "I bought a red kayak."
    assert material.talk[0].when.isoformat() == "2023-05-01T13:56:00"
    assert [(one.text, one.gold) for one in found.questions] == [
        ("What did Ada buy?", {("session 01, 01 May 2023.txt", ANY_PAGE)})
    ]
    both = task_sets.refusals(path).questions
    assert [one.answerable for one in both] == [True, False]


def test_an_opener_knows_only_what_was_said_before(tmp_path: Path) -> None:
    found = task_sets.openers(public_sets.locomo(tmp_path))
    assert len(found.materials["talk-1"].talk) == 4
    by_me = {one.id: one for one in found.questions}
    assert by_me["talk-1/Bo"].facts == ("Ada bought a red kayak.",)
    assert by_me["talk-1/Bo"].human == "Dry."
    assert by_me["talk-1/Ada"].facts == ("Bo likes boats.",)


@pytest.mark.parametrize("read", [task_sets.conversations, task_sets.openers, task_sets.filesystem, task_sets.pages])
def test_a_folder_without_the_layout_is_said(tmp_path: Path, read: object) -> None:
    with pytest.raises(UsageError):
        read(public_sets.nq(tmp_path))  # type: ignore[operator]
    with pytest.raises(UsageError, match="does not exist"):
        read(tmp_path / "nowhere")  # type: ignore[operator]


def test_a_dialogue_that_lacks_a_field_is_said(tmp_path: Path) -> None:
    file = public_sets.locomo(tmp_path) / "locomo.json"
    file.write_text(file.read_text().replace('"category"', '"kind"').replace('"speaker"', '"who"'))
    for read in (task_sets.conversations, task_sets.openers):
        with pytest.raises(UsageError, match="does not fit its layout"):
            read(file)
