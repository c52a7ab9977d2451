"""What stands on a PDF page beside its text: fields and ticks with their labels, notes, link targets; what is left out is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loaders import registry


@pytest.fixture
def sheet(tmp_path: Path) -> Any:
    from reportlab.pdfgen import canvas

    made = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    made.setFont("Helvetica", 10)
    return made


def lines(sheet: Any, tmp_path: Path) -> list[str]:
    sheet.save()
    return [line for line in registry.read(tmp_path / "a.pdf").pages[0].text.split("\n") if line]


def test_values_stand_behind_their_labels(sheet: Any, tmp_path: Path) -> None:
    sheet.drawString(60, 700, "Applicant: ________________ Born: ________")
    sheet.acroForm.textfield(name="who", value="Ida Holm", x=108, y=694, width=90, height=16)
    sheet.acroForm.textfield(name="born", value="3 May 1988", x=232, y=694, width=80, height=16)
    sheet.drawString(60, 670, "Town:")
    sheet.acroForm.textfield(name="town", value="Hull", x=100, y=664, width=90, height=16)
    sheet.drawString(60, 640, "Left empty:")
    sheet.acroForm.textfield(name="empty", value="", x=130, y=634, width=90, height=16)
    assert lines(sheet, tmp_path) == ["Applicant: Ida Holm Born: 3 May 1988", "Town: Hull", "Left empty:"]


def test_ticks_stand_at_the_words_they_belong_to(sheet: Any, tmp_path: Path) -> None:
    for x, y, text in ((80, 700, "Fire"), (180, 700, "Flood"), (60, 670, "Theft:"), (80, 640, "Yes"), (140, 640, "No")):
        sheet.drawString(x, y, text)
    form = sheet.acroForm
    form.checkbox(name="fire", checked=True, x=64, y=698, size=12)
    form.checkbox(name="flood", checked=False, x=164, y=698, size=12)
    form.checkbox(name="theft", checked=True, x=100, y=668, size=12)
    form.radio(name="ok", value="yes", selected=False, x=64, y=638, size=12)
    form.radio(name="ok", value="no", selected=True, x=124, y=638, size=12)
    assert lines(sheet, tmp_path) == ["[x] Fire [ ] Flood", "Theft: [x]", "[ ] Yes [x] No"]


def test_choices_and_fields_without_words_beside_them(sheet: Any, tmp_path: Path) -> None:
    sheet.drawString(60, 700, "Colour:")
    sheet.acroForm.choice(name="colour", value="blue", options=["red", "blue"], x=120, y=694, width=90, height=16)
    sheet.acroForm.textfield(name="remarks", tooltip="Remarks", value="none so far", x=300, y=500, width=90, height=16)
    sheet.drawString(60, 620, "Street and number")
    sheet.acroForm.textfield(name="street", value="Quay 4", x=60, y=600, width=120, height=16)
    assert lines(sheet, tmp_path) == ["Colour: blue", "Street and number Quay 4", "Remarks: none so far"]


def test_typed_and_sticky_notes(sheet: Any, tmp_path: Path) -> None:
    sheet.drawString(60, 700, "The pump is to be of iron.")
    sheet.drawString(60, 670, "Checked by:")
    sheet.freeTextAnnotation("Per Lund", "/Helv 10 Tf 0 g", Rect=[130, 664, 200, 682])
    sheet.textAnnotation("Bronze would be better.", Rect=[300, 700, 320, 720], addtopage=1)
    sheet.highlightAnnotation("Of what grade?", Rect=[140, 696, 200, 712])
    text = "\n".join(lines(sheet, tmp_path))
    assert text.startswith("The pump is to be of iron.\nChecked by: Per Lund\n")
    assert "Note: Bronze would be better." in text
    assert ": Of what grade?" in text


def test_link_targets_that_the_page_does_not_spell_out(sheet: Any, tmp_path: Path) -> None:
    sheet.drawString(60, 700, "Read the tide tables before you sail.")
    sheet.linkURL("https://tides.example/tables", (85, 696, 150, 710), relative=0)
    sheet.drawString(60, 670, "https://canal.example/")
    sheet.linkURL("https://canal.example", (60, 666, 170, 680), relative=0)
    sheet.linkURL("javascript:alert(1)", (60, 600, 170, 620), relative=0)
    found = lines(sheet, tmp_path)
    assert found[:2] == ["Read the tide tables before you sail.", "https://canal.example/"]
    assert len(found) == 3
    assert found[2].startswith("Link: ")
    assert "tide" in found[2]
    assert found[2].endswith("<https://tides.example/tables>")


def test_what_is_seen_and_not_read_is_told(sheet: Any, tmp_path: Path) -> None:
    from loaders import pdf_notes

    sheet.drawString(60, 700, "Sources")
    for number in range(pdf_notes._LINKS + 5):
        sheet.linkURL(f"https://example.org/{number}", (60, 10 + number, 100, 12 + number), relative=0)
    sheet.save()
    assert registry.read(tmp_path / "a.pdf").metadata["left_out"] == "not read: 5 link targets"
