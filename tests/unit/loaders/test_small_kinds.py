"""Small habits of formats: what stands around a table, a note or a signature is told apart from what is said."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from loaders import registry
from loaders.document import Document

_ODT = "urn:oasis:names:tc:opendocument:xmlns"


def read(tmp_path: Path, name: str, data: str) -> Document:
    (tmp_path / name).write_text(data, encoding="utf-8")
    return registry.read(tmp_path / name)


def lines(document: Document) -> list[str]:
    return [line for page in document.pages for line in page.text.split("\n") if line.strip()]


def test_a_row_of_units_below_the_names_of_a_csv(tmp_path: Path) -> None:
    document = read(tmp_path, "a.csv", "Port;Umsatz;Anteil\n;Mio. €;%\nHull;1.234,5;12,5\nYork;987,25;8,0\n")
    assert lines(document)[1] == "Port: Hull | Umsatz (Mio. €): 1.234,5 | Anteil (%): 12,5"
    rows = pa.ipc.open_stream(document.tables[0].data).read_all().to_pylist()
    assert [row["umsatz_mio"] for row in rows] == [1234.5, 987.25]


@pytest.mark.parametrize(
    ("above", "shown"),
    [
        ("# made by tool\n# of May\nPort,Depth,Rate\n", ["# made by tool", "# of May", "Port | Depth | Rate"]),
        ("# made by tool\n#Port,Depth,Rate\n", ["# made by tool", "#Port | Depth | Rate"]),
        ("#,Depth,Rate\n", ["# | Depth | Rate"]),
    ],
)
def test_comments_above_a_csv(tmp_path: Path, above: str, shown: list[str]) -> None:
    document = read(tmp_path, "a.csv", f"{above}1,-3,2.5\n2,-4,3.5\n")
    assert lines(document)[:-2] == shown
    assert document.tables[0].row_count == 2


def test_a_mail_that_is_signed_in_its_text(tmp_path: Path) -> None:
    signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nThe key is here.\n- -- \nIda\n-----BEGIN PGP SIGNATURE-----\n"
    document = read(tmp_path, "a.eml", f"From: a@x.org\nSubject: Key\n\n{signed}\niQEz\n-----END PGP SIGNATURE-----\n")
    assert lines(document)[2:] == ["The key is here.", "-- ", "Ida"]
    assert document.metadata["left_out"] == "not read: 1 signature"


def test_the_title_of_front_matter_and_the_names_of_headings(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", '---\ntitle: "Harbour rules"\n---\n# Rules {#rules .wide}\n\n## Set {a, b}\n')
    assert document.title == "Harbour rules"
    assert [heading.title for heading in document.pages[0].headings] == ["Rules", "Set {a, b}"]
    assert read(tmp_path, "b.md", "+++\ntitle = 'Toll'\n+++\n# Rules\n").title == "Toll"


def test_no_cell_of_a_markdown_row_is_lost(tmp_path: Path) -> None:
    document = read(tmp_path, "a.md", "| A | B |\n|---|---|\n| `x|y` | 1 |\n| z | 2 | 3 |\n")
    assert lines(document) == ["A | B", "A: x|y | B: 1", "A: z | B: 2 | 3"]


def test_references_to_notes_stand_apart_from_the_word(tmp_path: Path) -> None:
    notes = '<p>The bell<a epub:type="noteref" href="#f">1</a> rang<a role="doc-noteref" href="n#g">[2]</a>'
    document = read(
        tmp_path, "a.html", f'<body>{notes} in <a href="n#h"><sup>3</sup></a>. <q>Now</q> or <q>so <b>on</b></q>.</p>'
    )
    assert lines(document) == ["The bell [1] rang [2] in [3]. “Now” or “so on”."]


def test_a_section_that_is_not_shown(tmp_path: Path) -> None:
    sections = "".join(
        f"<text:section {shown}><text:p>{said}</text:p></text:section>"
        for shown, said in (
            ('text:display="none"', "never"), ('text:display="condition" text:is-hidden="true"', "now"),
            ('text:display="condition"', "Shown."),
        )
    )  # fmt: skip
    with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{_ODT}:office:1.0" xmlns:text="{_ODT}:text:1.0"><office:body>'
            f"<office:text>{sections}</office:text></office:body></office:document-content>",
        )
    document = registry.read(tmp_path / "a.odt")
    assert (lines(document), document.metadata["left_out"]) == (["Shown."], "not read: 2 pieces of hidden text")


def test_a_soft_line_end_before_an_indented_line_of_a_contact(tmp_path: Path) -> None:
    card = "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrg=\n Meyer\nEND:VCARD\n"
    assert lines(read(tmp_path, "a.vcf", card)) == ["Name: Jürg Meyer"]
