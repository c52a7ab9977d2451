"""Numbers, names and letters of data files stay as they were written, and their tables can be sorted and added up."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from loaders import registry
from loaders.date_text import dates
from loaders.document import Document
from loaders.tex_letters import with_letters

BOTH = [(2033, 2, 3), (2033, 2, 14)]


def read(folder: Path, name: str, data: str | bytes) -> Document:
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return registry.read(folder / name)


def text(folder: Path, name: str, data: str | bytes) -> str:
    return read(folder, name, data).pages[0].text


def columns(document: Document) -> dict[str, list[Any]]:
    table = pa.ipc.open_stream(document.tables[0].data).read_all()
    return {name: table.column(name).to_pylist() for name in table.schema.names if name != "_row"}


def test_numbers_of_json_are_not_rounded_and_no_member_is_lost(tmp_path: Path) -> None:
    shown = text(
        tmp_path, "a.json", '{"price": 1.10, "id": 12345678901234567890, "fee": 900, "big": 1E400, "fee": 700}'
    )
    assert shown.split("\n") == ["price: 1.10", "id: 12345678901234567890", "fee: 900, 700", "big: 1E400"]


def test_markup_inside_values_is_read_as_its_reader_sees_it(tmp_path: Path) -> None:
    assert text(tmp_path, "a.json", '{"body": "<p>Fee of <b>nine</b>.</p><p>Paid.</p>", "code": "a < b"}') == (
        "body: Fee of nine.\n\nPaid.\ncode: a < b"
    )
    feed = "<rss><item><title>One</title><description><![CDATA[<p>Hello <b>world</b>.</p>]]></description></item></rss>"
    assert text(tmp_path, "a.xml", feed) == "title: One\ndescription: Hello world."


def test_what_elements_of_xml_say_of_themselves(tmp_path: Path) -> None:
    data = '<invoice number="R-77"><p>See <ref id="K-12">the clause</ref> now</p><line sku="a">5</line></invoice>'
    assert text(tmp_path, "a.xml", data).split("\n") == [
        "invoice (number=R-77)", "", "p: See the clause now", "ref (id=K-12): the clause", "", "line (sku=a): 5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "read_as"),
    [
        (("03.02.2033", "14.2.2033"), BOTH), (("02/03/2033", "02/14/2033"), BOTH),
        (("03/02/2033", "14/02/2033"), BOTH), (("03/02/2033", "04/02/2033"), None),
        (("2033/02/03", "2033年2月14日"), BOTH), (("3 February 2033", "Feb 14, 2033"), BOTH),
        (("3. März 2033",), [(2033, 3, 3)]), (("31.02.2033",), None), (("03.02.2033", "soon"), None), (("1.2.3",), None),
    ],
)  # fmt: skip
def test_days_as_people_write_them(cells: tuple[str, ...], read_as: list[tuple[int, int, int]] | None) -> None:
    assert dates(cells) == (None if read_as is None else [datetime.date(*day) for day in read_as])


def test_days_of_a_table_are_days_in_sql(tmp_path: Path) -> None:
    document = read(tmp_path, "a.csv", "Site;Due\nUlm;03.02.2033\nAu;\nBonn;14.02.2033\n")
    assert columns(document)["due"] == [datetime.date(2033, 2, 3), None, datetime.date(2033, 2, 14)]


def test_names_that_come_again_are_no_row(tmp_path: Path) -> None:
    document = read(tmp_path, "a.csv", "Port,Toll\nHull,12\nPort,Toll\nYork,9\n")
    assert document.pages[0].text == "Port | Toll\nPort: Hull | Toll: 12\nPort: York | Toll: 9"
    assert columns(document) == {"port": ["Hull", "York"], "toll": [12, 9]}


@pytest.mark.parametrize(
    ("name", "data", "rows"),
    [
        (
            "a.csv", 'Name,Note\nAda,"open\nBo,two\nEve,three\n',
            ['Name: Ada | Note: "open', "Name: Bo | Note: two", "Name: Eve | Note: three"],
        ),
        ("a.csv", 'Name,Note\nAda,"one\ntwo, more"\nBo,x\n', ["Name: Ada | Note: one two, more", "Name: Bo | Note: x"]),
        ("a.tsv", 'Name\tNote\n"Ada\tx\n"Bo\ty\nEve\tz\n', ['Name: "Ada | Note: x', 'Name: "Bo | Note: y', "Name: Eve | Note: z"]),
    ],
)  # fmt: skip
def test_quotation_marks_that_nobody_closes_swallow_no_rows(
    tmp_path: Path, name: str, data: str, rows: list[str]
) -> None:
    assert text(tmp_path, name, data).split("\n")[1:] == rows


def test_escapes_of_settings_are_letters(tmp_path: Path) -> None:
    assert text(tmp_path, "a.properties", "city=Z\\u00fcrich\npath=C:\\\\u0041\n") == "city=Zürich\npath=C:\\\\u0041\n"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"M{\"u}ller, J{\o}rgen", "Müller, Jørgen"), (r"\'{E}cole, caf\'e's", "École, café's"), (r"Erd\H{o}s \v s", "Erdős š"),
        (r"{\'\i} Stra{\ss}e \o re", "í Straße øre"), (r"5\% \& co", "5% & co"),
        (r"\\'quoted' \cite{a}", r"\\'quoted' \cite{a}"), (r"\vspace{1em}", r"\vspace{1em}"),
    ],
)  # fmt: skip
def test_letters_of_tex(source: str, shown: str) -> None:
    assert with_letters(source) == shown


def test_escape_sequences_that_are_spelled_out_or_move_the_cursor(tmp_path: Path) -> None:
    log = "^[[31mERROR^[[0m disk\n\\033[32mok\\033[0m\nAt\x1b[10;20HThere \x1b[2Kx\n"
    assert text(tmp_path, "a.log", log) == "ERROR disk\nok\nAt There x\n"
    assert text(tmp_path, "b.log", "[31mERROR[0m a[1]\n") == "ERROR a[1]\n"
    assert text(tmp_path, "c.log", "see [31m] and [12m\n") == "see [31m] and [12m\n"


def test_words_of_a_caption_beside_a_drawing(tmp_path: Path) -> None:
    head = "[Events]\nFormat: Start, End, Name, Text\n"
    line = "Dialogue: 0:00:01.00,0:00:03.00,Ada,Hello{\\p1}m 0 0 l 5 5{\\p0} world\n"
    assert text(tmp_path, "a.ass", head + line) == "[00:00:01] Ada: Hello world"


def test_names_that_a_file_gives_a_text_and_letters_that_html_names(tmp_path: Path) -> None:
    stated = '<!DOCTYPE r SYSTEM "http://x.example/r.dtd" [<!ENTITY co "Acme &amp; Son"><!ENTITY s SYSTEM "file:///etc/hostname">]>'
    assert (
        text(tmp_path, "a.xml", f"{stated}<r><p>By &co; of caf&eacute; &s;</p></r>") == "p: By Acme & Son of café &s;"
    )
    growing = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    grown = text(tmp_path, "b.xml", f'<!DOCTYPE r [<!ENTITY a0 "lol lol lol">{growing}]><r><p>x &a8; y</p></r>')
    assert len(grown) < 2_000


def test_letters_that_the_folding_of_a_line_has_cut(tmp_path: Path) -> None:
    begin, end = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20320914T160000Z\r\n", b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    event = begin + b"SUMMARY:K\xc3\r\n \xa4se f\xc3\xbcr alle\r\n" + end
    assert text(tmp_path, "a.ics", event).startswith("Event: Käse für alle | ")


def test_quotation_marks_behind_a_space(tmp_path: Path) -> None:
    data = 'name, note, n\n"x, y", "z, w", 1\n"a", "b, c", 2\n'
    assert text(tmp_path, "a.csv", data).split("\n")[1:] == [
        "name: x, y | note: z, w | n: 1",
        "name: a | note: b, c | n: 2",
    ]
