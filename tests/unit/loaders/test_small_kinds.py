"""Small habits of formats: what stands around a table, a note or a signature is told apart from what is said."""

from __future__ import annotations

import zipfile
from pathlib import Path

import lxml.etree
import pyarrow as pa
import pytest

from loaders import registry
from loaders.charts import chart_grid
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


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("x<sup>2</sup> + y<sup>n+1</sup>", "x² + y^(n+1)"), ("E=mc<sup>2</sup>", "E=mc²"), ("<i>r</i><sup>3</sup>", "r³"),
        ("5 km<sup>2</sup> at 3 s<sup>−1</sup>", "5 km² at 3 s⁻¹"), ("(a+b)<sup>2</sup>", "(a+b)²"), ("12<sup>3</sup>", "12^3"),
        ("1011<sub>2</sub> and H<sub>2</sub>O", "1011_2 and H2O"), ("the 1<sup>st</sup>, M<sup>me</sup> Y", "the 1st, Mme Y"),
        ("tides<sup>3</sup> and ports.<sup>4,5</sup> So", "tides [3] and ports. [4,5] So"), ("Ca<sup>2+</sup>", "Ca2+"),
        ("(see there)<sup>7</sup>", "(see there) [7]"), ("12<sup>a</sup> tons, le 2<sup>e</sup>", "12^a tons, le 2e"),
    ],
)  # fmt: skip
def test_raised_text_is_a_power_or_a_note(tmp_path: Path, written: str, shown: str) -> None:
    assert lines(read(tmp_path, "a.html", f"<p>{written}</p>")) == [shown]
    if "<i>" not in written:
        assert lines(read(tmp_path, "a.md", f"{written}\n")) == [shown]


def test_what_is_raised_in_code_stays_as_it_is_written(tmp_path: Path) -> None:
    written = "Write `10<sup>6</sup>` for 10<sup>6</sup>.\n```\nx<sup>2</sup>\n```\nx<sup>2</sup>"
    shown = ["Write `10<sup>6</sup>` for 10^6.", "```", "x<sup>2</sup>", "```", "x²"]
    assert lines(read(tmp_path, "a.md", written)) == shown


def test_cells_between_single_quotation_marks(tmp_path: Path) -> None:
    quoted = read(tmp_path, "a.csv", "'name','note'\n'Ann','likes tea, milk'\n'Bob','it''s fine'\n")
    assert lines(quoted)[1:] == ["name: Ann | note: likes tea, milk", "name: Bob | note: it's fine"]
    apostrophes = read(tmp_path, "b.csv", "name,note\nO'Brien,'tis late\nD'Arcy,'twas 'late\n")
    assert lines(apostrophes)[1:] == ["name: O'Brien | note: 'tis late", "name: D'Arcy | note: 'twas 'late"]


def test_a_first_row_without_a_value_has_no_names(tmp_path: Path) -> None:
    assert lines(read(tmp_path, "a.tsv", "BRCA1\tNA\nTP53\tNA\nEGFR\t7\n")) == ["BRCA1 | NA", "TP53 | NA", "EGFR | 7"]
    assert lines(read(tmp_path, "b.tsv", "EU\tNA\n5\t7\n3\t8\n"))[1:] == ["EU: 5 | NA: 7", "EU: 3 | NA: 8"]


def test_fields_that_a_contact_names_itself(tmp_path: Path) -> None:
    fields = "item1.TEL;TYPE=HOME:1\nitem1.X-ABLabel:Boat\nitem2.X-ABDATE:20200506\nitem2.X-ABLabel:_$!<First met>!$_\n"
    document = read(tmp_path, "a.vcf", f"BEGIN:VCARD\nFN:Ann\n{fields}X-OWN:secret\nX-ABUID:7\nEND:VCARD\n")
    assert lines(document) == ["Name: Ann | Phone (home, Boat): 1 | Date (First met): 2020-05-06"]
    assert document.metadata["left_out"] == "not read: 1 field of some program's own"


def test_quotation_marks_behind_a_backslash_in_a_csv(tmp_path: Path) -> None:
    escaped = read(tmp_path, "a.csv", 'name,note\nAnn,"a \\"b\\", c"\nBob,"x\\""\n')
    assert lines(escaped)[1:] == ['name: Ann | note: a "b", c', 'name: Bob | note: x"']
    folders = read(tmp_path, "b.csv", 'name,dir\nAnn,"C:\\temp\\"\nBob,"D:\\x"\n')
    assert lines(folders)[1:] == ["name: Ann | dir: C:\\temp\\", "name: Bob | dir: D:\\x"]


def test_what_tex_and_org_say_of_titles_and_sections(tmp_path: Path) -> None:
    source = (
        "\\title{On \\textbf{tides}}\n% \\section{Old}\n\\section{High~water}\\label{s} 1\n\\subsection*{At Hull} 2\n"
    )
    document = read(tmp_path, "a.tex", source)
    headings = [(heading.level, heading.title) for heading in document.pages[0].headings]
    assert (document.title, headings) == ("On tides", [(1, "High water"), (2, "At Hull")])
    assert read(tmp_path, "a.org", "#+TITLE: Plan\n* First\n").title == "Plan"


def test_an_entry_of_a_calendar_with_a_formatted_description_only(tmp_path: Path) -> None:
    event = "BEGIN:VEVENT\nSUMMARY:Tea\n%sX-ALT-DESC;FMTTYPE=text/html:<p>Bring <b>cups</b></p>\nEND:VEVENT\n"
    calendar = f"BEGIN:VCALENDAR\n{event % ''}{event % ('DESCRIPTION:Plain' + chr(10))}END:VCALENDAR\n"
    assert lines(read(tmp_path, "a.ics", calendar)) == ["Event: Tea", "Bring cups", "Event: Tea", "Plain"]


def test_who_got_a_blind_copy_of_a_mail(tmp_path: Path) -> None:
    assert "Bcc: c@x.org" in lines(read(tmp_path, "a.eml", "From: a@x.org\nBcc: c@x.org\nSubject: S\n\nText\n"))


def test_series_of_a_chart_with_two_axes_say_what_they_measure() -> None:
    def series(name: str, *values: str) -> str:
        points = "".join(f"<pt idx='{place}'><v>{value}</v></pt>" for place, value in enumerate(values))
        return f"<ser><tx><v>{name}</v></tx><val>{points}</val></ser>"

    def axis(number: int, title: str) -> str:
        return f"<valAx><axId val='{number}'/><title><t>{title}</t></title></valAx>"

    bars = f"<barChart>{series('Hull', '1')}<axId val='1'/><axId val='2'/></barChart>"
    line = f"<lineChart>{series('York', '9')}<axId val='1'/><axId val='3'/></lineChart>"
    root = lxml.etree.fromstring(f"<chart>{bars}{line}{axis(2, 'Ships')}{axis(3, '°C')}</chart>")
    grid = chart_grid(root)
    assert grid is not None
    assert (grid.caption, grid.texts) == ("Chart", [["Category", "Hull (Ships)", "York (°C)"], ["1", "1", "9"]])


def test_parts_of_a_book_outside_of_its_order_are_counted(tmp_path: Path) -> None:
    def item(name: str, more: str = "") -> str:
        return f"<item id='{name}' href='{name}.html' media-type='application/xhtml+xml' {more}/>"

    items = item("a") + item("b") + item("lost") + item("nav", "properties='nav'")
    package = (
        f"<package><manifest>{items}</manifest><spine><itemref idref='a'/><itemref idref='lost'/></spine></package>"
    )
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", "<c><rootfile full-path='p.opf'/></c>")
        book.writestr("p.opf", package)
        for name in ("a", "b", "nav"):
            book.writestr(f"{name}.html", f"<html><body><p>Text {name}</p></body></html>")
    document = registry.read(tmp_path / "a.epub")
    assert lines(document) == ["Text a"]
    assert document.metadata["left_out"] == "not read: 1 part outside of the reading order, 1 damaged part"


def test_raised_text_of_an_open_document(tmp_path: Path) -> None:
    names = f'xmlns:o="{_ODT}:office:1.0" xmlns:t="{_ODT}:text:1.0" xmlns:s="{_ODT}:style:1.0"'
    styles = "".join(
        f'<s:style s:name="{name}"><s:text-properties s:text-position="{position}"/></s:style>'
        for name, position in (("U", "super 58%"), ("H", "33% 58%"), ("D", "-33% 58%"), ("N", "0% 100%"))
    )

    def span(name: str, said: str) -> str:
        return f'<t:span t:style-name="{name}">{said}</t:span>'

    text = f"m{span('U', '2')} 12{span('H', '3')} sea{span('U', '4')} 11{span('D', '2')} A{span('N', '1')}"
    with zipfile.ZipFile(tmp_path / "a.odt", "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        body = f"<o:automatic-styles>{styles}</o:automatic-styles><o:body><o:text><t:p>{text}</t:p></o:text></o:body>"
        package.writestr("content.xml", f"<o:document-content {names}>{body}</o:document-content>")
    assert lines(registry.read(tmp_path / "a.odt")) == ["m² 12^3 sea [4] 11_2 A1"]
