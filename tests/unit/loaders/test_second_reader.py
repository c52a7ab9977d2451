"""Where our own reader finds an office file damaged, unstructured reads it, and the document says so."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest

from loaders import second_reader, word
from loaders.document import Document, LoadError, PasswordNeededError


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    document = docx.Document()
    document.add_heading("Letter", 1)
    document.add_paragraph("The keeper asks for forty barrels of oil.")
    document.save(str(tmp_path / "letter.docx"))
    return tmp_path / "letter.docx"


def refuses(error: LoadError) -> object:
    def own(path: Path) -> Document:
        raise error

    return own


def test_a_file_that_ours_reads_is_left_to_it(letter: Path) -> None:
    assert "left_out" not in word.load(letter).metadata


def test_what_ours_finds_damaged_is_read_with_a_remark(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word, "read_docx", refuses(LoadError("it is damaged (an element that cannot be)")))
    document = word.load(letter)
    assert "forty barrels" in document.pages[0].text
    assert document.title == "Letter"
    assert document.metadata["left_out"] == second_reader.REMARK
    assert (document.loader, document.loader_version) == (word.LOADER.name, word.VERSION)


@pytest.mark.parametrize("error", [PasswordNeededError(), LoadError("it has no text"), LoadError("it is too large")])
def test_other_refusals_stay(letter: Path, error: LoadError) -> None:
    with pytest.raises(LoadError) as raised:
        second_reader.read(letter, refuses(error), "docx", "word", 1)  # type: ignore[arg-type]
    assert raised.value is error


def test_what_neither_reads_has_the_reason_of_ours(tmp_path: Path) -> None:
    (tmp_path / "noise.docx").write_bytes(b"PK\x03\x04 no archive at all")
    with pytest.raises(LoadError) as raised:
        word.load(tmp_path / "noise.docx")
    assert "damaged" in raised.value.reason
