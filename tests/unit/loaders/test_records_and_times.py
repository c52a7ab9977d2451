"""JSON lines with torn ones among them, subtitles, calendars and contacts."""

from __future__ import annotations

from pathlib import Path

from loaders import registry
from loaders.document import Document


def read(folder: Path, name: str, text: str) -> Document:
    file = folder / name
    file.write_bytes(text.encode("utf-8"))
    return registry.read(file)


# -- JSON -----------------------------------------------------------------------------------------


def test_torn_lines_do_not_spoil_the_good_ones(tmp_path: Path) -> None:
    good = '{"id": %d, "what": "Br\\u00fccke %d"}'
    lines = [good % (1, 1), '{"id": 2, "wh', good % (3, 3), "]]", good % (5, 5)]
    document = read(tmp_path / "", "log.jsonl", "\n".join(lines))
    assert document.pages[0].text == (
        'id: 1\nwhat: Brücke 1\n\n{"id": 2, "wh\n\nid: 3\nwhat: Brücke 3\n\n]]\n\nid: 5\nwhat: Brücke 5'
    )
    assert document.metadata["note"].startswith("2 lines (2, 4) are not valid JSON and kept as written")


def test_values_of_several_lines_may_follow_each_other(tmp_path: Path) -> None:
    document = read(tmp_path, "two.json", '{\n "a": 1\n}\n{\n "a": 2\n}\n')
    assert document.pages[0].text == "a: 1\n\na: 2"
    assert not document.metadata


def test_what_is_hardly_json_stays_text(tmp_path: Path) -> None:
    torn = '{\n "a": [1,\n "b": 2\n}\n'
    document = read(tmp_path, "torn.json", torn)
    assert document.pages[0].text == torn
    assert document.metadata == {"note": "not valid JSON, kept as text"}


# -- subtitles ------------------------------------------------------------------------------------


def test_cues_are_joined_into_sentences_with_their_time(tmp_path: Path) -> None:
    cues = (
        "1\n00:00:01,000 --> 00:00:03,000\nThe lock was built\n\n"
        "2\n00:00:03,100 --> 00:00:05,000\n<i>by Ida Holm</i>\nin one summer.\n\n"
        "3\n00:01:10,000 --> 00:01:12,000\n{\\an8}It leaks &amp; always did\n\n"
        "4\n00:01:30,000 --> 00:01:31,000\nNobody minds\n"
    )
    document = read(tmp_path, "a.srt", cues)
    assert document.pages[0].text == (
        "[00:00:01] The lock was built by Ida Holm in one summer.\n\n"
        "[00:01:10] It leaks & always did\n\n[00:01:30] Nobody minds"
    )


def test_webvtt_names_its_speakers_and_rolls_up(tmp_path: Path) -> None:
    cues = (
        "WEBVTT\n\nNOTE made by hand\n\nSTYLE\n::cue { color: red }\n\n"
        "00:01.000 --> 00:02.000 align:start\n<v Ada>We meet at\n\n"
        "00:02.000 --> 00:03.000\n<v Ada>We meet at\n<v Ada>the <c.loud>gate</c>.\n\n"
        "00:03.500 --> 00:04.000\n<v Nils>Which gate?\n"
    )
    document = read(tmp_path, "a.vtt", cues)
    assert document.pages[0].text == "[00:00:01] Ada: We meet at the gate.\n\n[00:00:03] Nils: Which gate?"
    assert document.metadata["left_out"] == "not read: 2 blocks of notes or styles"


def test_cues_without_blank_lines_and_dialogue_dashes(tmp_path: Path) -> None:
    cues = "1\n00:00:01,000 --> 00:00:02,000\n- Who is it?\n- The pilot.\n2\n00:00:02,500 --> 00:00:03,000\n- Let him in.\n"
    assert read(tmp_path, "a.srt", cues).pages[0].text == (
        "[00:00:01] - Who is it?\n\n[00:00:01] - The pilot.\n\n[00:00:02] - Let him in."
    )


def test_a_subtitle_file_without_cues_is_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a.srt", "only words").loader == "text"


# -- calendars and contacts -----------------------------------------------------------------------

EVENT = (
    "BEGIN:VCALENDAR\r\nX-WR-CALNAME:Harbour\r\nX-WR-TIMEZONE:Europe/Lisbon\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\n"
    "DTSTART:20330704T080000Z\r\nDTEND;TZID=Europe/Lisbon:20330704T103000\r\nSUMMARY:Dredging\\, part two\r\n"
    'LOCATION:Quay 4\r\nORGANIZER;CN="Sund, Berit":mailto:berit@example.org\r\n'
    "ATTENDEE;CN=Nils;PARTSTAT=ACCEPTED:MAILTO:nils@example.org\r\n"
    "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20331231\r\nDESCRIPTION:The bar is clo\r\n sed.\\nBring boots.\r\n"
    "BEGIN:VALARM\r\nTRIGGER:-PT30M\r\nACTION:DISPLAY\r\nEND:VALARM\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20330801\r\nDTEND;VALUE=DATE:20330803\r\nSUMMARY:Regatta\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20330901\r\nDTEND;VALUE=DATE:20330902\r\nSUMMARY:Inventory\r\nEND:VEVENT\r\n"
    "BEGIN:VTODO\r\nSUMMARY:Paint the buoy\r\nDUE:20330910T120000\r\nSTATUS:NEEDS-ACTION\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
)


def test_events_are_rows_of_fields_with_their_times(tmp_path: Path) -> None:
    document = read(tmp_path, "a.ics", EVENT)
    first, described, regatta, inventory, task = document.pages[0].text.split("\n\n")
    assert document.title == "Harbour"
    assert first.split(" | ") == [
        "Event (invitation): Dredging, part two",
        "Start: Monday 4 July 2033, 09:00 (Europe/Lisbon, UTC+01:00; 08:00 UTC)",
        "End: Monday 4 July 2033, 10:30 (Europe/Lisbon, UTC+01:00)",
        "Repeats: every 2 weeks on Monday and Thursday, until Saturday 31 December 2033",
        "Organizer: Sund, Berit <berit@example.org>",
        "Attendees: Nils <nils@example.org> (accepted)",
        "Location: Quay 4",
        "Reminder: 30 minutes before the start",
    ]
    assert described == "The bar is closed.\nBring boots."
    assert regatta == ("Event (invitation): Regatta | Start: Monday 1 August 2033 | End: Tuesday 2 August 2033")
    assert (
        inventory
        == "Event (invitation): Inventory | Start: Thursday 1 September 2033 | All day: Thursday 1 September 2033"
    )
    assert task.endswith("Due: Saturday 10 September 2033, 12:00 | Status: NEEDS-ACTION")


def test_a_calendar_with_bad_values_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    text = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=Nowhere Standard Time:20330230T250000\nthis is no line\n"
        "SUMMARY:Odd\nATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA\nDTEND;TZID=Nowhere Standard Time:20330302T100000\n"
    )
    document = read(tmp_path, "a.ics", text)
    assert document.pages[0].text == (
        "Event: Odd | Start: 20330230T250000 | End: Wednesday 2 March 2033, 10:00 (Nowhere Standard Time)"
    )
    assert document.metadata["left_out"] == "not read: 1 attachment, 1 line that cannot be read"


def test_contacts_of_every_version(tmp_path: Path) -> None:
    cards = (
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=98yen;=C3=\n=85sa\n"
        "TEL;WORK;VOICE:+47 22 00 11 22\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:4.0\nFN:Dr. Per Lund\nORG:Lund\\, Sons & Co;Pumps\nitem1.EMAIL;TYPE=work:per@example.org\n"
        "ADR;TYPE=home:;;12 Quay St;Hull;;HU1;UK\nBDAY:19710203\nPHOTO:data:image/png;base64,AAAA\n"
        "NOTE:Calls back\\nonly on Mondays.\nEND:VCARD\n"
    )
    document = read(tmp_path, "a.vcf", cards)
    assert document.pages[0].text.split("\n\n") == [
        "Name: Åsa Øyen | Phone (work): +47 22 00 11 22",
        "Name: Dr. Per Lund | Organisation: Lund, Sons & Co, Pumps | E-mail (work): per@example.org | "
        "Address (home): 12 Quay St, Hull, HU1, UK | Birthday: 1971-02-03",
        "Calls back\nonly on Mondays.",
    ]
    assert document.metadata["left_out"] == "not read: 1 picture, sounds or keys"


def test_other_formats_of_subtitles_are_joined_too(tmp_path: Path) -> None:
    files = {
        "a.ass": "[Events]\nFormat: Layer, Start, End, Style, Name, Text\nComment: 0,0:00:00.00,0:00:01.00,D,,note\n"
        "Dialogue: 0,0:00:01.00,0:00:03.00,D,,The lock, {\\i1}as it was,\\Nwas\nDialogue: 0,0:00:03.10,0:00:05.00,D,,shut.\n",
        "a.sbv": "0:00:01.000,0:00:03.000\nThe lock, as it was, was\n\n0:00:03.100,0:00:05.000\nshut.\n",
        "a.lrc": "[00:01.00]The lock, as it was, was\n[00:03.10]shut.\n",
        "a.ttml": '<tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1s" end="00:00:03.000">The lock, as it was,<br/>was</p>'
        '<p begin="00:00:03:02" dur="2s">shut.</p></body></tt>',
    }
    for name, content in files.items():
        assert read(tmp_path, name, content).pages[0].text == "[00:00:01] The lock, as it was, was shut.", name


def test_escapes_are_letters_in_json_with_comments_and_in_torn_lines(tmp_path: Path) -> None:
    commented = read(tmp_path, "a.json", '{"a": "Z\\u00fcrich // no", // where\n "b": [1, 2,],}')
    assert commented.pages[0].text == "a: Zürich // no\nb: 1, 2"
    torn = read(tmp_path, "b.jsonl", '{"a": 1}\n{"a": 2}\n{"a": "Gen\\u00e8ve')
    assert torn.pages[0].text.endswith('{"a": "Genève')
