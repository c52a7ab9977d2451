"""PDF files as programs really write them: layers, forms of other kinds, attached files, signs, cut ends, lost letters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pypdfium2
import pytest

from loaders import registry
from loaders.document import Document
from loaders.pdf_scripts import signs, upright

FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


def stream(data: str, more: str = "") -> str:
    return f"<</Length {len(data)}{more}>>\nstream\n{data}\nendstream"


def words(x: float, y: float, text: str) -> str:
    return f"BT /F1 10 Tf {x} {y} Td ({text}) Tj ET\n"


def written(objects: Sequence[str]) -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalog."""
    data, places = b"%PDF-1.7\n", []
    for number, said in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{said}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def sheet(content: str, *more: str, catalog: str = "", page: str = "", resources: str = "") -> bytes:
    """A PDF of one page; `more` are objects from number 6 on."""
    return written([
        f"<</Type/Catalog/Pages 2 0 R{catalog}>>", "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>",
        f"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>{resources}>>{page}>>", stream(content), FONT, *more,
    ])  # fmt: skip


def read(folder: Path, data: bytes) -> Document:
    (folder / "a.pdf").write_bytes(data)
    return registry.read(folder / "a.pdf")


def text(folder: Path, data: bytes) -> str:
    return read(folder, data).pages[0].text


def test_layers_that_are_off_and_text_outside_the_page_are_counted(tmp_path: Path) -> None:
    layers = "/OCProperties<</OCGs[6 0 R 7 0 R]/D<</OFF[6 0 R]>>>>"
    marked = "/OC /M0 BDC\n" + words(60, 650, "Draft only.") + "EMC\n/OC /M1 BDC\n" + words(60, 600, "Plan.") + "EMC\n"
    content = words(60, 700, "Shown.") + marked + words(60, 3000, "Printer's notes.")
    document = read(tmp_path, sheet(
        content, "<</Type/OCG/Name(Draft)>>", "<</Type/OCG/Name(Plan)>>", catalog=layers, resources="/Properties<</M0 6 0 R/M1 7 0 R>>",
    ))  # fmt: skip
    assert document.pages[0].text.split() == ["Shown.", "Plan."]
    assert (
        document.metadata["left_out"] == "not read: 1 piece of text in a hidden layer, 1 line of text outside the page"
    )


def test_a_form_that_only_another_program_shows(tmp_path: Path) -> None:
    data = (
        '<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template xmlns="t"><subform><field name="Born"><caption><value><text>Place of '
        "birth:</text></value></caption></field></subform></template><d:datasets xmlns:d=\"http://www.xfa.org/schema/xfa-data/1.0/\">"
        "<d:data><form><Name>Ida Holm</Name><Born>Hull</Born><Empty/></form></d:data></d:datasets></xdp:xdp>"
    )  # fmt: skip
    shown = text(
        tmp_path, sheet(words(60, 700, "Please wait."), stream(data), catalog="/AcroForm<</Fields[]/XFA 6 0 R>>")
    )
    assert shown == "Please wait.\n\nName: Ida Holm\nPlace of birth: Hull"


def test_fields_that_no_form_lists_and_hidden_ones(tmp_path: Path) -> None:
    field = "<</Type/Annot/Subtype/Widget/FT/Tx/T(who)/V({})/F {}/P 3 0 R/Rect[120 690 200 712]>>"
    rich = "<</Type/Annot/Subtype/FreeText/F 4/Rect[120 640 200 660]/DA(/Helv 10 Tf)/RC(<body><p>Per <b>Lund</b> &amp; Co</p></body>)>>"
    content = words(60, 700, "Name:") + words(60, 645, "Checked:")
    data = sheet(
        content, field.format("Ida Holm", 4), field.format("Secret", 2), rich, page="/Annots[6 0 R 7 0 R 8 0 R]"
    )
    document = read(tmp_path, data)
    assert document.pages[0].text.split("\n") == ["Name: Ida Holm", "Checked: Per Lund & Co"]
    assert document.metadata["left_out"] == "not read: 1 hidden field"


def test_attached_files_are_pages_after_its_own(tmp_path: Path) -> None:
    names = "/Names<</EmbeddedFiles<</Names[(fees.csv) 6 0 R(x.bin) 8 0 R]>>>>"
    document = read(tmp_path, sheet(
        words(60, 700, "Open this in another program."),
        "<</Type/Filespec/F(fees.csv)/UF(fees.csv)/EF<</F 7 0 R>>>>", stream("Port,Toll\nHull,12\nYork,9\n", "/Type/EmbeddedFile"),
        "<</Type/Filespec/F(x.bin)/UF(x.bin)/EF<</F 9 0 R>>>>", stream("\x00\x01\x00\x01", "/Type/EmbeddedFile"), catalog=names,
    ))  # fmt: skip
    assert [(page.label, page.text.split("\n")[-1]) for page in document.pages] == [
        (None, "Open this in another program."), ("fees.csv", "Port: York | Toll: 9"),
    ]  # fmt: skip
    assert [(table.name, table.page) for table in document.tables] == [("fees", 2)]
    assert document.attachments == ("fees.csv", "x.bin")
    assert document.metadata["left_out"].startswith("not read of the attached files: x.bin (")


def test_a_file_whose_end_is_missing(tmp_path: Path) -> None:
    whole = sheet(words(60, 700, "Rescued."))
    assert text(tmp_path, whole[: whole.rindex(b"xref\n0") + 30]) == "Rescued."


def test_fonts_that_do_not_say_which_letters_they_show(tmp_path: Path) -> None:
    fonts = (
        "<</Type/Font/Subtype/Type0/BaseFont/AAAAAA+X/Encoding/Identity-H/DescendantFonts[7 0 R]>>",
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        "/FontDescriptor 8 0 R/DW 600>>",
        "<</Type/FontDescriptor/FontName/AAAAAA+X/Flags 4/FontBBox[0 0 1 1]/ItalicAngle 0/Ascent 1/Descent 0/CapHeight 1/StemV 1>>",
    )
    drawn = "BT /F2 10 Tf 60 700 Td <00270028002900270028002900270028> Tj ET\n"
    data = sheet(drawn + words(60, 650, "Body."), *fonts).replace(b"/F1 5 0 R>>", b"/F1 5 0 R/F2 6 0 R>>")
    assert (
        read(tmp_path, data).metadata["left_out"]
        == "not read: 1 page with fonts that do not say which letters they show"
    )
    assert "left_out" not in read(tmp_path, sheet(words(60, 650, "Body."))).metadata


@pytest.mark.parametrize(
    ("letters", "font", "shown"),
    [
        ("\uf0fe", "ABCDEF+Wingdings-Regular", "☒"), ("\uf078", "Wingdings", "☒"), ("\uf078", "SymbolMT", "ξ"), ("\uf06d", "Unknown", "μ"),
        ("\uf0a8", "Unknown", "☐"), ("\uf0b7", "Unknown", "•"), ("plain", "Wingdings", "plain"),
    ],
)  # fmt: skip
def test_signs_of_fonts_without_letters(letters: str, font: str, shown: str) -> None:
    assert signs(letters, lambda place: font.rpartition("+")[2]) == shown


def test_letters_that_have_no_extent_are_read_all_the_same(tmp_path: Path) -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen import canvas

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    made = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    made.setFont("HeiseiMin-W3", 12)
    for column, said in enumerate(["会議は火曜日に", "東京で開かれる。"]):
        for row, letter in enumerate(said):
            made.drawString(500 - 20 * column, 760 - 14 * row, letter)
    made.save()
    if pypdfium2.PdfDocument(tmp_path / "a.pdf")[0].get_textpage().count_chars():
        pytest.skip("this machine has a font for these letters")
    assert registry.read(tmp_path / "a.pdf").pages[0].text == "会議は火曜日に\n東京で開かれる。"


def test_lines_of_words_are_no_columns() -> None:
    assert upright("会議は\n火曜日", list) is None
    letters = [
        (letter, 100.0 - 20 * (place // 4), 700.0 - 14 * (place % 4)) for place, letter in enumerate("会議は火曜日に東")
    ]
    assert upright("\n".join("会議は火曜日に東"), lambda: letters) == "会議は火\n曜日に東"


def test_a_raised_figure_does_not_make_another_number(tmp_path: Path) -> None:
    def raised(x: float, figure: str) -> str:
        return f"BT /F1 6 Tf {x} 704 Td ({figure}) Tj ET\n"

    content = (
        words(60, 700, "About 10")
        + raised(98.9, "6")
        + words(110, 700, "feet of pipe")
        + words(60, 650, "It cost 106 in 1923.")
    )
    assert text(tmp_path, sheet(content)).split("\n") == ["About 10^6 feet of pipe", "It cost 106 in 1923."]


def test_descriptions_of_the_pictures_of_a_tagged_document(tmp_path: Path) -> None:
    content = (
        "/Figure <</MCID 0>> BDC\nq 100 0 0 100 60 500 cm /I1 Do Q\nEMC\n/P <</MCID 1>> BDC\n"
        + words(60, 700, "Body.")
        + "EMC\n"
    )
    data = sheet(
        content, stream("\xff", "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8"),
        "<</Type/StructTreeRoot/K[8 0 R 9 0 R]/ParentTree 10 0 R>>",
        "<</Type/StructElem/S/Figure/P 7 0 R/Pg 3 0 R/K 0/Alt(Chart of tolls: Hull leads)>>",
        "<</Type/StructElem/S/P/P 7 0 R/Pg 3 0 R/K 1/Alt(Logo)>>", "<</Nums[0[8 0 R 9 0 R]]>>",
        catalog="/MarkInfo<</Marked true>>/StructTreeRoot 7 0 R", page="/StructParents 0", resources="/XObject<</I1 6 0 R>>",
    )  # fmt: skip
    assert text(tmp_path, data) == "Body.\n\n[Picture: Chart of tolls: Hull leads]"
