"""Mails: the alternative that says most, invitations, inner messages, attached files, and what is quoted marked as such."""

from __future__ import annotations

import base64
import binascii
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loaders import limits, mail, outlook, registry
from loaders.document import Document
from loaders.mail_bodies import best_text, html_text
from loaders.mail_quotes import marked


def message(text: str = "", html: str = "", subject: str = "Harbour") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ada <ada@example.org>", "Nils <nils@example.org>", subject
    if text:
        made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    return made


def read(folder: Path, made: EmailMessage | bytes, name: str = "a.eml") -> Document:
    (folder / name).write_bytes(made if isinstance(made, bytes) else made.as_bytes())
    return registry.read(folder / name)


def body(document: Document) -> str:
    return document.pages[0].text.partition("nils@example.org>\n\n")[2]


# -- alternatives ---------------------------------------------------------------------------------


def test_a_stub_loses_against_the_part_that_says_something(tmp_path: Path) -> None:
    made = message(
        "Please open this in a browser.", "<p>The lock is closed on Sunday, 4 May, for repairs of the gate.</p>"
    )
    document = read(tmp_path, made)
    assert body(document) == "The lock is closed on Sunday, 4 May, for repairs of the gate."
    assert document.metadata["left_out"] == "not read: an alternative of the text that says less (6 words)"


def test_of_two_that_say_the_same_the_plain_one_is_read(tmp_path: Path) -> None:
    made = message("The lock is closed.\n\nAda\n", "<p>The <b>lock</b> is closed.</p><p>Ada</p>")
    document = read(tmp_path, made)
    assert body(document) == "The lock is closed.\n\nAda"
    assert "left_out" not in document.metadata


def test_two_that_say_different_things_at_length_are_both_read() -> None:
    first, second = " ".join(f"wind{n}" for n in range(50)), " ".join(f"rain{n}" for n in range(40))
    text, left_out = best_text([first, second])
    assert (text, left_out) == (f"{first}\n\n{second}", [])


def test_a_text_of_a_false_charset_is_read_as_what_it_is(tmp_path: Path) -> None:
    raw = b"From: a@example.org\nSubject: x\nContent-Type: text/plain; charset=iso-8859-1\n\nIt\xe2\x80\x99s caf\xc3\xa9 time.\n"
    assert "It’s café time." in read(tmp_path, raw).pages[0].text


def test_lines_wrapped_for_the_way_are_whole_again(tmp_path: Path) -> None:
    raw = (
        b"From: a@example.org\nSubject: x\nContent-Type: text/plain; format=flowed\n\n"
        b"The gate of the \nold lock leaks.\n> Is it \n> true?\n-- \nAda\n"
    )
    assert read(tmp_path, raw).pages[0].text.endswith("The gate of the old lock leaks.\n> Is it true?\n--\nAda")


# -- what is quoted -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Yes.\n\n>No?\n>>  Perhaps.\n", "Yes.\n\n> No?\n> >  Perhaps."),
        (
            "At ten.\n\nOn Tue, 4 May 2032 at 09:00, Nils\n<nils@example.org> wrote:\n> At nine?",
            "At ten.\n\n> On Tue, 4 May 2032 at 09:00, Nils\n> <nils@example.org> wrote:\n> At nine?",
        ),
        (
            "Um zehn.\n\nAm 4. Mai 2032 schrieb Nils:\n> Um neun?",
            "Um zehn.\n\n> Am 4. Mai 2032 schrieb Nils:\n> Um neun?",
        ),
        (
            "At ten.\n\nOn 4 May 2032 Nils wrote:\n\nAt nine?\n\nNils",
            "At ten.\n\n> On 4 May 2032 Nils wrote:\n\n> At nine?\n>\n> Nils",
        ),
        (
            "At ten.\n\n-----Original Message-----\nFrom: Nils\nSent: Monday\nSubject: When?\n\nAt nine?",
            "At ten.\n\n> -----Original Message-----\n> From: Nils\n> Sent: Monday\n> Subject: When?\n>\n> At nine?",
        ),
        (
            "Um zehn.\n________________________________\nVon: Nils\nGesendet: Montag\nAn: Ada\nBetreff: Wann?\n\nUm neun?",
            "Um zehn.\n\n> Von: Nils\n> Gesendet: Montag\n> An: Ada\n> Betreff: Wann?\n>\n> Um neun?",
        ),
        ("She wrote:\nall is well.", "She wrote:\nall is well."),
        ("From: the old town\nTo: the new one is a mile.", "From: the old town\nTo: the new one is a mile."),
        ("Tick one:\n-----\nten -> eleven\na > b", "Tick one:\n-----\nten -> eleven\na > b"),
    ],
)
def test_what_is_quoted_is_marked(text: str, shown: str) -> None:
    assert marked(text).text == shown
    assert marked(text).forwarded is None


def test_quotes_of_html_are_marked_and_indented_text_is_not() -> None:
    html = (
        "<div>At ten.<br>Bring boots.</div><div class='gmail_quote'><div>On 4 May 2032 Nils wrote:</div>"
        "<blockquote class='gmail_quote'>At nine?<blockquote>Or eight?</blockquote></blockquote></div>"
        "<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>Indented.</blockquote>"
    )
    text = "At ten.\nBring boots.\n\nOn 4 May 2032 Nils wrote:\n\n> At nine?\n>\n> > Or eight?\n\nIndented."
    assert html_text(html) == text
    assert marked(text).text == text.replace("On 4 May", "> On 4 May")


def test_a_forwarded_text_stands_on_its_own_page_with_its_sender(tmp_path: Path) -> None:
    text = (
        "See below.\n\nAda\n\n---------- Forwarded message ---------\nFrom: Per Lund <per@example.org>\n"
        "Date: Mon, 3 May 2032 at 10:00\nSubject: Price of the winch\nTo: Ada <ada@example.org>\n\nIt costs 900 euros.\n"
    )
    document = read(tmp_path, message(text))
    assert body(document) == "See below.\n\nAda"
    inner = document.pages[1]
    assert inner.label == "forwarded: Price of the winch"
    assert inner.headings[0].title == "Price of the winch"
    assert inner.text == (
        "Message sent by Per Lund <per@example.org> on Mon, 3 May 2032 at 10:00 to Ada <ada@example.org>: "
        "Price of the winch\n\nIt costs 900 euros."
    )


def test_a_block_of_outlook_is_forwarded_when_the_subject_says_so() -> None:
    text = "FYI\n\nFrom: Per Lund\nSent: Monday, 3 May 2032\nTo: Ada\nSubject: Winch\n\nIt costs 900 euros."
    assert marked(text, "RE: Winch").forwarded is None
    forwarded = marked(text, "FW: Winch").forwarded
    assert forwarded is not None
    assert (forwarded.sender, forwarded.date, forwarded.subject) == ("Per Lund", "Monday, 3 May 2032", "Winch")
    assert (marked(text, "FW: Winch").text, forwarded.text) == ("FYI", "It costs 900 euros.")


# -- parts ----------------------------------------------------------------------------------------

INVITATION = (
    "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nDTSTART;TZID=Europe/Oslo:20330110T100000\nSUMMARY:Tide talk\n"
    "LOCATION:Hall 2\nEND:VEVENT\nEND:VCALENDAR\n"
)


def test_an_invitation_is_read_once_wherever_it_stands(tmp_path: Path) -> None:
    made = message("You are invited.")
    made.add_alternative(INVITATION, subtype="calendar", params={"method": "REQUEST"})
    made.add_attachment(INVITATION.encode(), maintype="application", subtype="ics", filename="invite.ics")
    assert body(read(tmp_path, made)) == (
        "You are invited.\n\nEvent (invitation): Tide talk | "
        "Start: Monday 10 January 2033, 10:00 (Europe/Oslo, UTC+01:00) | Location: Hall 2"
    )


def test_inner_messages_and_files_are_pages(tmp_path: Path) -> None:
    inner = message("The winch costs 900 euros.", subject="Price")
    inner["Date"] = "Mon, 03 May 2032 10:00:00 +0200"
    made = message("See the files.")
    made.add_attachment(inner)
    made.add_attachment("part,count\nbolt,14\n", subtype="csv", filename="parts.csv")
    made.add_attachment(b"\x00\x01\x02", maintype="application", subtype="x-odd", filename="odd.bin")
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="logo.png", cid="<logo>")
    document = read(tmp_path, made)
    assert [page.label for page in document.pages] == [None, "forwarded: Price", "parts.csv"]
    assert document.pages[1].text.startswith("Message sent by Ada <ada@example.org> on Mon, 03 May 2032 10:00:00 +0200")
    assert document.pages[2].text == "part | count\npart: bolt | count: 14"
    assert [(table.name, table.page) for table in document.tables] == [("parts", 3)]
    assert document.attachments == ("logo.png", "parts.csv", "odd.bin")
    assert document.metadata["left_out"] == (
        "not read: 1 picture in the text; of the attached files: odd.bin (files of type .bin are not yet supported)"
    )


def test_a_file_in_a_file_keeps_its_headings_and_pages(tmp_path: Path) -> None:
    made = message("See the sheets.")
    made.add_attachment(b"one\ftwo", maintype="text", subtype="plain", filename="sheets.txt")
    made.add_attachment(b"# Head\n\nwords\n", maintype="text", subtype="markdown", filename="notes.md")
    pages = read(tmp_path, made).pages
    assert [page.label for page in pages] == [None, "sheets.txt p. 1", "sheets.txt p. 2", "notes.md"]
    assert [(heading.level, heading.title) for heading in pages[3].headings] == [(2, "notes.md"), (3, "Head")]


def test_mails_inside_mails_end(tmp_path: Path) -> None:
    made = message("innermost")
    for depth in range(30):
        outer = message(f"level {depth}")
        outer.add_attachment(made)
        made = outer
    document = read(tmp_path, made)
    assert len(document.pages) == 9
    assert document.metadata["left_out"] == "not read: a message nested too deeply"
    packed = message("innermost").as_bytes()
    for depth in range(10):
        outer = message(f"file {depth}")
        outer.add_attachment(packed, maintype="application", subtype="octet-stream", filename="inner.eml")
        packed = outer.as_bytes()
    (tmp_path / "deep.eml").write_bytes(packed)
    assert "nested too deeply" in registry.read(tmp_path / "deep.eml").metadata["left_out"]


def test_a_folder_puts_what_is_attached_behind_its_message(tmp_path: Path) -> None:
    made = message("See the list.")
    made["Date"] = "Mon, 03 May 2032 10:00:00 +0200"
    made.add_attachment("part,count\nbolt,14\n", subtype="csv", filename="parts.csv")
    raw = b"From ada@example.org Mon May  3 10:00:00 2032\n" + made.as_bytes() + b"\n"
    document = read(tmp_path, raw + raw, "a.mbox")
    labels = ["2032-05-03 Harbour", "2032-05-03 Harbour: parts.csv"]
    assert [page.label for page in document.pages] == labels * 2
    assert document.metadata["messages"] == "2"


# -- Outlook --------------------------------------------------------------------------------------


def _outlook(**changes: Any) -> Any:
    plain = {
        "subject": "Winch", "body": "Open in Outlook.", "html_body": "", "message_headers": {}, "sender": "Per <per@example.org>",
        "sent_date": None, "recipients": [SimpleNamespace(name="Ada", email_address="ada@example.org")], "attachments": [],
    }  # fmt: skip
    storage = SimpleNamespace(iter_attachment_storages=lambda: [SimpleNamespace(storages=[]) for _ in made.attachments])
    made = SimpleNamespace(**{**plain, **changes}, _storage=storage)
    return made


def test_a_message_of_outlook_is_read_like_any_other() -> None:
    attached = SimpleNamespace(file_name="terms.txt", file_bytes=b"Cash on delivery.", mime_type="text/plain")
    html = "<p>The winch costs 900 euros.</p><hr><p><b>From:</b> Ada<br><b>Sent:</b> Monday<br><b>Subject:</b> Winch?</p><p>How much?</p>"
    collected = mail.MailPages(limits.TextBudget())
    outlook._add(_outlook(html_body=html, attachments=[attached]), collected, 0)
    first, second = collected.pages
    assert first.text == (
        "Winch\n\nFrom: Per <per@example.org>\nTo: Ada <ada@example.org>\n\nThe winch costs 900 euros.\n\n"
        "> From: Ada\n> Sent: Monday\n> Subject: Winch?\n>\n> How much?"
    )
    assert (second.label, second.text) == ("terms.txt", "Cash on delivery.")


# -- what other programs write --------------------------------------------------------------------

HEAD = b"From: Ada <ada@example.org>\nTo: Nils <nils@example.org>\nSubject: Harbour\nMIME-Version: 1.0\n"


def test_a_message_that_was_encoded_for_the_way_is_a_message(tmp_path: Path) -> None:
    inner = base64.b64encode("From: Carl <c@example.org>\nSubject: Fee\n\nThe fee is 700 €.\n".encode())
    mixed = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee below.\n--b\nContent-Type: message/rfc822\n"
    document = read(tmp_path, HEAD + mixed + b"Content-Transfer-Encoding: base64\n\n" + inner + b"\n--b--\n")
    assert document.pages[1].text == "Message sent by Carl <c@example.org>: Fee\n\nThe fee is 700 €."


def test_headers_in_a_larger_encoding_than_they_name(tmp_path: Path) -> None:
    subject = base64.b64encode("租金由朱镕基支付".encode("gb18030"))
    made = HEAD.replace(b"Harbour", b"=?gb2312?B?" + subject + b"?=")
    document = read(tmp_path, made + b"Content-Type: text/plain; charset=gb2312\n\n" + "朱镕基".encode("gb18030"))
    assert document.title == "租金由朱镕基支付"
    assert body(document) == "朱镕基"
    assert "note" not in document.metadata


def test_mails_of_apple_and_files_written_into_the_text(tmp_path: Path) -> None:
    note = binascii.b2a_uu(b"The key is under the mat.\n")
    text = (
        HEAD + b"Reply-To: Desk <desk@example.org>\n\nSee the file.\n\nbegin 644 note.txt\n" + note + b"`\nend\nAda\n"
    )
    document = read(tmp_path, b"%d\n%s<?xml version='1.0'?><plist/>" % (len(text), text), "a.emlx")
    assert [page.text for page in document.pages] == [
        "Harbour\n\nFrom: Ada <ada@example.org>\nTo: Nils <nils@example.org>\nReply-To: Desk <desk@example.org>\n\nSee the file.\n\nAda",
        "The key is under the mat.\n",
    ]
    assert document.pages[1].label == "note.txt"


def test_marks_of_enriched_text_are_no_words(tmp_path: Path) -> None:
    document = read(
        tmp_path, HEAD + b"Content-Type: text/enriched\n\n<color><param>red</param>Shut</color> if a << b.\n"
    )
    assert body(document) == "Shut if a < b."
