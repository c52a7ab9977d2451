"""Mail folders: a page for every message, whatever its text pretends."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders import registry
from loaders.document import Document, LoadError

FIRST = """From ada@example.org Mon Mar  1 09:30:00 2021
From: Ada <ada@example.org>
To: Grace <grace@example.org>
Subject: Rent of the flat
Date: Mon, 01 Mar 2021 09:30:00 +0100

The rent is 500.

From the first of May it will be 550.
>From then on it is due monthly.
"""
SECOND = """From grace@example.org Tue Mar  2 10:00:00 2021
From: Grace <grace@example.org>
Subject: =?utf-8?q?Antwort_=C3=BCber_alles?=
Date: nonsense
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=xx

--xx
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Das K=C3=BCrzeste zuerst.
--xx
Content-Type: application/pdf; name=lease.pdf
Content-Disposition: attachment; filename=lease.pdf
Content-Transfer-Encoding: base64

AAAA
--xx--
"""
THIRD = "From - Wed Mar 03 11:00:00 2021\nX-Mozilla-Status: 0001\nFrom: x@example.org\n\nNo subject at all.\n"


def read(folder: Path, name: str, *messages: str, end: str = "\n") -> Document:
    file = folder / name
    file.write_bytes("\n".join(messages).replace("\n", end).encode())
    return registry.read(file)


@pytest.mark.parametrize("name", ["all.mbox", "Inbox", "2021-March.txt", "wrong.eml"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_message_is_a_page_with_its_day_and_subject(tmp_path: Path, name: str, end: str) -> None:
    document = read(tmp_path, name, FIRST, SECOND, THIRD, end=end)
    assert document.loader == "mail_folder"
    assert [page.number for page in document.pages] == [1, 2, 3]
    assert [page.label for page in document.pages] == ["2021-03-01 Rent of the flat", "Antwort über alles", None]
    first, second, third = document.pages
    assert first.headings[0].title == "Rent of the flat"
    assert first.text.startswith("Rent of the flat\n\nFrom: Ada <ada@example.org>\n")
    assert "\n\nFrom the first of May it will be 550.\nFrom then on it is due monthly." in first.text
    assert "Das Kürzeste zuerst." in second.text
    assert document.attachments == ("lease.pdf",)
    assert third.text == "From: x@example.org\n\nNo subject at all."


def test_a_single_message_gives_the_document_its_title(tmp_path: Path) -> None:
    document = read(tmp_path, "one.mbox", FIRST)
    assert (document.title, len(document.pages)) == ("Rent of the flat", 1)


def test_a_mail_states_its_date(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_text(FIRST.partition("\n")[2])
    assert registry.read(tmp_path / "a.eml").metadata == {"date": "Mon, 01 Mar 2021 09:30:00 +0100"}


@pytest.mark.parametrize("text", ["Nothing of the kind.\n", "From here on\nit is: prose\n", "\n\n\n"])
def test_what_is_no_mail_folder_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(LoadError) as caught:
        read(tmp_path, "a.mbox", text)
    assert caught.value.remedy


def test_a_letter_that_begins_with_from_stays_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", "From London at 10:30 we went on.\nThen it rained.\n").loader == "text"


def test_a_folder_of_too_much_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from loaders import limits

    monkeypatch.setattr(limits, "PAGES", 2)
    with pytest.raises(LoadError, match="more than 2 messages"):
        read(tmp_path, "a.mbox", FIRST, SECOND, THIRD)
