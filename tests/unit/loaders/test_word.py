"""Word documents in their final state: nothing that stands in a wrapper or beside the body is lost, nothing comes twice."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from loaders import registry
from loaders.document import Document, LoadError

SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def p(*inside: str, properties: str = "") -> str:
    runs = "".join(piece if piece.startswith("<") else r(piece) for piece in inside)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{runs}</w:p>"


def r(text: str, properties: str = "") -> str:
    return f'<w:r>{f"<w:rPr>{properties}</w:rPr>" if properties else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'


def tc(text: str, properties: str = "") -> str:
    inside = text if text.startswith("<") else p(text)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside}</w:tc>"


def tr(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(c if c.startswith('<') else tc(c) for c in cells)}</w:tr>"


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def reading(*blocks: str, links: str = "", **parts: str) -> Document:
        """The document of these blocks; `parts` are "footnotes" and the like by the kind of their relation."""
        relations = "".join(
            f'<Relationship Id="{kind}" Type="{RELATION}/{kind.rstrip("0123456789")}" Target="{kind}.xml"/>'
            for kind in parts
        )
        entries = {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": f'<Relationships><Relationship Id="a" Type="{RELATION}/officeDocument" '
            'Target="word/document.xml"/></Relationships>',
            "word/document.xml": f"<w:document {SPACES}><w:body>{''.join(blocks)}</w:body></w:document>",
            "word/_rels/document.xml.rels": f"<Relationships>{relations}{links}</Relationships>",
            **{f"word/{kind}.xml": f"<w:root {SPACES}>{inside}</w:root>" for kind, inside in parts.items()},
        }
        with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
            for name, data in entries.items():
                archive.writestr(name, data)
        return registry.read(tmp_path / "a.docx")

    return reading


def text(document: Document) -> str:
    return document.pages[0].text


Read = Any


def test_tracked_changes_are_read_as_accepted(read: Read) -> None:
    document = read(
        p("Notice: ", "<w:del><w:r><w:delText>three</w:delText></w:r></w:del>", f"<w:ins>{r('six')}</w:ins>", " months"),
        p(f"<w:moveFrom>{r('Gone. ')}</w:moveFrom>", f"<w:moveTo>{r('Come.')}</w:moveTo>"),
        p("Two halves", properties="<w:rPr><w:del/></w:rPr>"), p(" of one."),
        f"<w:ins>{p('A new paragraph.')}</w:ins>",
        f"<w:tbl>{tr('A', 'B')}{tr('1', 'x', properties='<w:del/>')}{tr('2', 'y')}</w:tbl>",
    )  # fmt: skip
    assert (
        text(document) == "Notice: six months\n\nCome.\n\nTwo halves of one.\n\nA new paragraph.\n\nA | B\nA: 2 | B: y"
    )
    assert document.metadata["left_out"] == "not read: 3 pieces of deleted text"


def test_wrappers_hide_nothing(read: Read) -> None:
    def control(inside: str, properties: str = "") -> str:
        return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{inside}</w:sdtContent></w:sdt>"

    document = read(
        p("Customer: ", control(r("Vestby")), " of ", f"<w:smartTag>{r('Oslo')}</w:smartTag>"),
        control(p("A block.") + control(p("An inner block."))),
        p("Ward: ", control(r("Choose one."), "<w:showingPlcHdr/>")),
        f"<w:tbl>{control(tr('Name', 'Age'))}{tr(control(tc('Ada')), '36')}</w:tbl>",
        f"<w:customXml>{p('Custom.')}</w:customXml>", p(f"<w:unknown>{r('Unknown.')}</w:unknown>"),
    )  # fmt: skip
    assert text(document) == (
        "Customer: Vestby of Oslo\n\nA block.\n\nAn inner block.\n\nWard:\n\nName | Age\nName: Ada | Age: 36\n\n"
        "Custom.\n\nUnknown."
    )


def mark(kind: str, inside: str = "") -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}">{inside}</w:fldChar></w:r>'


def code(said: str) -> str:
    return f"<w:r><w:instrText>{said}</w:instrText></w:r>"


def test_fields_show_their_results(read: Read) -> None:
    nested = [mark("begin"), code("IF "), mark("begin"), code("DATE"), mark("separate"), r("hidden"), mark("end"),
              mark("separate"), r("4 May"), mark("end")]  # fmt: skip
    tick = "<w:ffData><w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox></w:ffData>"
    drop = "<w:ffData><w:ddList><w:result w:val='1'/><w:listEntry w:val='A'/><w:listEntry w:val='B'/></w:ddList></w:ffData>"
    document = read(
        p("Day: ", *nested), p('<w:fldSimple w:instr="REF x">' + r("Clause 7") + "</w:fldSimple>"),
        p(mark("begin", tick), mark("end"), " Pets, floor ", mark("begin", drop), mark("end")),
        p("See ", mark("begin"), code(' HYPERLINK "https://a.org/x" '), mark("separate"), r("the list"), mark("end"), "."),
        p("Broken ", mark("begin"), code("XE")), p("is not the rest."),
        p("Mail ", '<w:hyperlink r:id="l1">' + r("the office") + "</w:hyperlink>"),
        links=f'<Relationship Id="l1" Type="{RELATION}/hyperlink" Target="mailto:a@b.org" TargetMode="External"/>',
    )  # fmt: skip
    assert text(document) == (
        "Day: 4 May\n\nClause 7\n\n[x] Pets, floor B\n\nSee the list.\n\nLink “the list”: https://a.org/x\n\nBroken\n\n"
        "is not the rest.\n\nMail the office\n\nLink “the office”: mailto:a@b.org"
    )


def test_notes_and_comments_stand_where_they_belong(read: Read) -> None:
    document = read(
        p("Insured.", '<w:r><w:footnoteReference w:id="7"/></w:r>', " More", '<w:r><w:endnoteReference w:id="3"/></w:r>', "."),
        p('<w:commentRangeStart w:id="0"/>', "Pets", '<w:commentRangeEnd w:id="0"/>', " may stay.",
          '<w:r><w:commentReference w:id="0"/></w:r>'),
        p("End."),
        footnotes=f'<w:footnote w:id="0" w:type="separator">{p("x")}</w:footnote><w:footnote w:id="7">{p("Not floods.")}</w:footnote>',
        endnotes=f'<w:endnote w:id="3">{p("By Ada.")}</w:endnote>',
        comments=f'<w:comment w:id="0" w:author="Kari">{p("No parrots.")}</w:comment>'
                 f'<w:comment w:id="9" w:author="Bo">{p("Lost.")}</w:comment>',
    )  # fmt: skip
    assert text(document) == (
        "Insured. [1] More [i].\n\nFootnote 1: Not floods.\n\nPets may stay.\n\nComment by Kari on “Pets”: No parrots.\n\n"
        "End.\n\nEndnote i: By Ada.\n\nComment by Bo: Lost."
    )


def box(content: str) -> str:
    inside = f"<w:txbxContent>{p(content)}</w:txbxContent>"
    return (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><wps:txbx>{inside}</wps:txbx></wp:anchor>'
        f"</w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{inside}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )


def test_text_boxes_come_once_and_alternatives_are_not_added_up(read: Read) -> None:
    old = f"<w:r><w:pict><v:shape><v:textbox><w:txbxContent>{p('Older box.')}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
    only = (
        f"<w:r><mc:AlternateContent><mc:Choice/><mc:Fallback>{r('Fallback.')}</mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert text(read(p("Beside.", box("Call Pavo.")), p("Then.", old), p(only))) == (
        "Beside.\n\nCall Pavo.\n\nThen.\n\nOlder box.\n\nFallback."
    )


def test_equations_are_readable(read: Read) -> None:
    def m(name: str, inside: str) -> str:
        return f"<m:{name}>{inside}</m:{name}>"

    def run(said: str) -> str:
        return m("r", m("t", said))

    fraction = m("f", m("num", run("a+b")) + m("den", run("2")))
    power = m("sSup", m("e", run("x")) + m("sup", run("n-1")))
    root = m("rad", m("radPr", "") + m("deg", "") + m("e", run("k")))
    total = m("nary", m("naryPr", '<m:chr m:val="∑"/>') + m("sub", run("i=1")) + m("sup", run("n")) + m("e", run("i")))
    bracket = m("d", m("dPr", '<m:begChr m:val="["/><m:endChr m:val="]"/>') + m("e", run("0;1")))
    matrix = m("m", m("mr", m("e", run("1")) + m("e", run("2"))) + m("mr", m("e", run("3")) + m("e", run("4"))))
    shown = {
        fraction: "(a+b)/2",
        power: "x^(n-1)",
        root: "√(k)",
        total: "∑_(i=1)^n i",
        bracket: "[0;1]",
        matrix: "[1, 2; 3, 4]",
    }
    for inside, expected in shown.items():
        assert text(read(p("It is", m("oMath", inside), "."))) == f"It is {expected}."
    assert read(p("It is"), p(m("oMath", ""))).metadata["left_out"] == "not read: 1 equation"


def test_a_raised_number_is_a_power(read: Read) -> None:
    raised = "<w:vertAlign w:val='superscript'/>"
    assert text(read(p("About 10", r("6", raised), " m", r("2", raised)))) == "About 10^6 m²"


def test_a_number_is_raised_by_its_place_too(read: Read) -> None:
    """LibreOffice writes what was raised in a web page so."""
    higher, hardly, lower = (f"<w:position w:val='{half_points}'/>" for half_points in (7, 2, -6))
    assert text(read(p("About 10", r("6", higher), " or 10", r("6", hardly)))) == "About 10^6 or 106"
    assert text(read(p("101", r("2", lower), " holds"))) == "101_2 holds"


def test_merged_cells_and_tables_in_cells(read: Read) -> None:
    inner = f"<w:tbl>{tr('Key', 'Door')}{tr('1', 'Front')}{tr('2', 'Back')}</w:tbl>" + p("")
    document = read(
        "<w:tbl>",
        tr("Ward", "Early", "Late", "Night"),
        tr(tc("North", '<w:vMerge w:val="restart"/>'), "Asta", "Bo", "Carl"),
        tr(tc("<w:p/>", "<w:vMerge/>"), tc("Jens", '<w:gridSpan w:val="2"/>'), tc(p("Lise") + p("Dag"))),
        "</w:tbl>",
        f"<w:tbl>{tr('House', 'Keys')}{tr('Amity', tc(inner))}</w:tbl>",
        f"<w:tbl>{tr(tc(p('Framed.') + inner))}</w:tbl>",
    )
    assert text(document).split("\n") == [
        "Ward | Early | Late | Night",
        "Ward: North | Early: Asta | Late: Bo | Night: Carl",
        "Ward: North | Early: Jens | Late: Jens | Night: Lise Dag",
        "",
        "House | Keys",
        "House: Amity | Keys: Key: 1, Door: Front; Key: 2, Door: Back",
        "",
        "Framed.",
        "",
        "Key | Door",
        "Key: 1 | Door: Front",
        "Key: 2 | Door: Back",
    ]
    assert [table.labels for table in document.tables] == [("Ward", "Early", "Late", "Night"), ("Key", "Door")]


def test_tables_go_over_pages_and_paragraphs_too(read: Read) -> None:
    end = "<w:r><w:lastRenderedPageBreak/></w:r>"
    document = read(
        p("First.", end, "Second page."),
        f"<w:tbl>{tr('Name', 'Age')}{tr('Ada', '36')}{tr(tc(p(end, 'Eve')), '41')}{tr('Ida', '5')}</w:tbl>",
        p("After."),
    )
    assert [page.text for page in document.pages] == [
        "First.",
        "Second page.\n\nName | Age\nName: Ada | Age: 36",
        "Name: Eve | Age: 41\nName: Ida | Age: 5\n\nAfter.",
    ]
    (table,) = document.tables
    rows = pa.ipc.open_stream(table.data).read_all()
    assert (table.page, rows.column("age").to_pylist(), rows.column("_row").to_pylist()) == (
        2,
        [36, 41, 5],
        [4, None, None],
    )
    assert "rows_by_sql_only" not in document.metadata


NUMBERING = """<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/>
</w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="o"/></w:lvl></w:abstractNum>
<w:num w:numId="4"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="5"><w:abstractNumId w:val="2"/></w:num>
<w:num w:numId="6"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="9"/></w:lvlOverride></w:num>"""
STYLES = """<w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style><w:style w:styleId="Klausel"><w:basedOn w:val="H2"/>
<w:pPr><w:numPr><w:numId w:val="6"/></w:numPr></w:pPr></w:style>"""


def test_lists_and_headings_have_their_numbers(read: Read) -> None:
    def item(said: str, number: int, depth: int = 0) -> str:
        return p(said, properties=f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')

    document = read(
        item("one", 4), item("two", 4), item("under", 4, 1), item("under too", 4, 1), item("three", 4), item("dot", 5),
        p("Rent", properties='<w:pStyle w:val="Klausel"/>'), p("Term", properties='<w:outlineLvl w:val="0"/>'),
        p("• typed"), numbering=NUMBERING, styles=STYLES,
    )  # fmt: skip
    assert text(document) == (
        "1. one\n2. two\n  2.a) under\n  2.b) under too\n3. three\n- dot\n\n9. Rent\n\nTerm\n\n- typed"
    )
    assert [(heading.level, heading.title) for heading in document.pages[0].headings] == [(2, "9. Rent"), (1, "Term")]


def test_headers_and_footers_come_once(read: Read) -> None:
    page = mark("begin") + code(" PAGE ") + mark("separate") + r("3") + mark("end")

    def section(*references: str) -> str:
        inside = "".join('<w:{} r:id="{}"/>'.format(*one.split("=")) for one in references)
        return f"<w:sectPr>{inside}</w:sectPr>"

    document = read(
        p("One.", properties=section("headerReference=header1", "footerReference=footer1")), p("Two."),
        section("headerReference=header1", "headerReference=header2"),
        header1=p("Draft of May"), header2=p("Part two"), footer1=p("Page ", page),
    )  # fmt: skip
    assert text(document) == "Page header: Draft of May\n\nOne.\n\nPage footer: Page\n\nPage header: Part two\n\nTwo."


def test_what_is_not_text_is_described_or_counted(read: Read) -> None:
    picture = (
        '<w:r><w:drawing><wp:inline><wp:docPr id="1" name="x" descr="{}"/><a:graphic><pic:pic/></a:graphic></wp:inline>'
        "</w:drawing></w:r>"
    )
    document = read(
        p("See ", picture.format("Map of the harbour"), picture.format("")),
        p("Old ", "<w:r><w:object><o:OLEObject/></w:object></w:r>", "<w:r><w:ruby><w:rt>" + r("x") + "</w:rt><w:rubyBase>"
          + r("京") + "</w:rubyBase></w:ruby></w:r>"),
        p("A", r("hidden", "<w:vanish/>"), r("struck", "<w:strike/>"), r("kept", '<w:strike w:val="0"/>'),
          '<w:r><w:sym w:font="Wingdings" w:char="F0FE"/><w:noBreakHyphen/><w:t>B</w:t><w:tab/><w:t>C</w:t></w:r>'),
    )  # fmt: skip
    assert text(document) == "See [Picture: Map of the harbour]\n\nOld 京\n\nAkept☒-B\tC"
    assert document.metadata["left_out"] == (
        "not read: 2 pictures, 1 embedded object, 1 reading aid (ruby), 1 piece of hidden text, 1 piece of struck-out text"
    )


CHART = """<c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Passengers</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:ser>
<c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>Ferries</c:v></c:pt></c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache>
<c:pt idx="0"><c:v>Spring</c:v></c:pt><c:pt idx="1"><c:v>Summer</c:v></c:pt></c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache>
<c:formatCode>#,##0</c:formatCode><c:pt idx="0"><c:v>1200</c:v></c:pt><c:pt idx="1"><c:v>4875</c:v></c:pt></c:numCache></c:numRef>
</c:val></c:ser></c:plotArea></c:chart>"""


def test_charts_are_tables(read: Read) -> None:
    drawing = (
        '<w:r><w:drawing><wp:inline><a:graphic><a:graphicData><c:chart r:id="chart1"/></a:graphicData></a:graphic></wp:inline>'
        "</w:drawing></w:r>"
    )
    assert text(read(p("Traffic", drawing), chart1=CHART)) == (
        "Traffic\n\nChart: Passengers\nCategory | Ferries\nCategory: Spring | Ferries: 1,200\nCategory: Summer | Ferries: 4,875"
    )


def test_strict_documents_are_read(tmp_path: Path) -> None:
    body = f'<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"><w:body>{p("Strict.")}</w:body></w:document>'
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", body)
    assert text(registry.read(tmp_path / "a.docx")) == "Strict."


def test_a_deep_or_empty_document_ends(read: Read) -> None:
    deep = "<w:sdt><w:sdtContent>" * 3_000 + p("deep") + "</w:sdtContent></w:sdt>" * 3_000
    assert text(read(p("Above."), deep)) == "Above."
    with pytest.raises(LoadError, match="no text"):
        read(p(""))


def test_styles_can_hide_and_strike_out_too(read: Read) -> None:
    styles = (
        "<w:style w:styleId='Hid'><w:rPr><w:vanish/></w:rPr></w:style><w:style w:styleId='Old'><w:rPr><w:strike/></w:rPr></w:style>"
        "<w:style w:styleId='Older'><w:basedOn w:val='Old'/></w:style>"
    )
    document = read(
        p("Fee ", r("900", "<w:rStyle w:val='Older'/>"), r("700", "<w:rStyle w:val='Old'/><w:strike w:val='0'/>")),
        p("Never seen.", properties="<w:pStyle w:val='Hid'/>"), styles=styles,
    )  # fmt: skip
    assert text(document) == "Fee 700"
    assert document.metadata["left_out"] == "not read: 1 piece of struck-out text, 1 piece of hidden text"


def test_deleted_cells_close_up(read: Read) -> None:
    gone = "<w:cellDel/>"
    document = read(
        f"<w:tbl>{tr('Name', tc('Rank', gone), 'Age')}{tr('Ada', tc('Lady', gone), '36')}{tr('Bo', '7')}</w:tbl>"
    )
    assert text(document) == "Name | Age\nName: Ada | Age: 36\nName: Bo | Age: 7"
    assert document.metadata["left_out"] == "not read: 2 pieces of deleted text"


def test_notes_have_the_marks_and_numbers_of_the_document(read: Read) -> None:
    def note(number: int, more: str = "") -> str:
        return f'<w:r><w:footnoteReference w:id="{number}"{more}/>{"<w:t>*</w:t>" if more else ""}</w:r>'

    anew = '<w:footnotePr><w:numFmt w:val="lowerLetter"/><w:numStart w:val="2"/><w:numRestart w:val="eachSect"/></w:footnotePr>'
    document = read(
        p("Fee", note(1, ' w:customMarkFollows="1"'), " and rent", note(2)),
        p("Heat", note(3), properties=f"<w:sectPr>{anew}</w:sectPr>"), p("Tar", note(4)), f"<w:sectPr>{anew}</w:sectPr>",
        footnotes="".join(f'<w:footnote w:id="{n}">{p("* Once." if n == 1 else f"Note {n}.")}</w:footnote>' for n in (1, 2, 3, 4)),
    )  # fmt: skip
    assert text(document).split("\n\n") == [
        "Fee [*] and rent [b]", "Footnote *: Once.", "Footnote b: Note 2.", "Heat [c]", "Footnote c: Note 3.", "Tar [b]",
        "Footnote b: Note 4.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (r"EQ \f(1,2)", "1/2"), (r"EQ \f(a+b;2,5)", "(a+b)/(2,5)"), (r"EQ \r(3,x)", "3√(x)"), (r"EQ x\s\up5(2)", "x^2"),
        (r"EQ \* jc2 \* hps10 \o\ad(\s\up 9(きょう),京)", "京"), (r"EQ \b \bc\[ (\f(1,2))", "(1/2)"),
        ("MACROBUTTON NoMacro [Name here]", "[Name here]"), ("SYMBOL 163", "£"), (r'SYMBOL 97 \f "Symbol" \s 12', "α"),
        ("AUTONUM", "1."), ("XE bells", ""),
    ],
)  # fmt: skip
def test_fields_without_a_result_show_what_their_code_says(read: Read, said: str, shown: str) -> None:
    assert text(read(p("Here ", mark("begin"), code(f" {said} "), mark("end"), "."))) == f"Here {shown}."


def test_lists_count_as_word_does(read: Read) -> None:
    def item(said: str, number: int, depth: int = 0) -> str:
        return p(said, properties=f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')

    def level(depth: int, form: str, shown: str, more: str = "") -> str:
        inside = f'<w:start w:val="1"/>{more}<w:numFmt w:val="{form}"/><w:lvlText w:val="{shown}"/>'
        return f'<w:lvl w:ilvl="{depth}">{inside}</w:lvl>'

    levels = level(0, "decimal", "Article %1") + level(1, "decimal", "§ %2", '<w:lvlRestart w:val="0"/>')
    changed = f'<w:lvlOverride w:ilvl="0">{level(0, "upperRoman", "Part %1")}</w:lvlOverride>'
    numbering = (
        f'<w:abstractNum w:abstractNumId="1">{levels}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
        f'<w:num w:numId="2"><w:abstractNumId w:val="1"/>{changed}</w:num>'
    )
    document = read(
        item("Rent", 1), item("due", 1, 1), item("", 1), item("Heat", 1), item("shared", 1, 1), item("Annex", 2),
        numbering=numbering,
    )  # fmt: skip
    assert text(document) == "Article 1 Rent\n  § 1 due\nArticle 3 Heat\n  § 2 shared\nPart I Annex"


def test_signs_of_fonts_without_letters(read: Read) -> None:
    def in_font(font: str, said: str) -> str:
        return r(said, f"<w:rFonts w:ascii='{font}' w:hAnsi='{font}'/>")

    document = read(
        p(in_font("Wingdings", "\uf0fe"), " Agreed, ", in_font("Wingdings", "\xfe"), in_font("Symbol", "a"), " \uf062")
    )
    assert text(document) == "☒ Agreed, ☒α β"


def test_breaks_part_words_and_large_first_letters_do_not(read: Read) -> None:
    drop = "<w:framePr w:dropCap='drop'/>"
    document = read(
        p("Above", "<w:r><w:br w:type='column'/><w:t>Below</w:t></w:r>"), p("O", properties=drop), p("nce upon.")
    )
    assert text(document) == "Above\nBelow\n\nOnce upon."
