"""Web pages as a reader sees them: tables with spans, words apart, forms, equations, nothing that is hidden or struck out."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders import registry
from loaders.document import Document
from loaders.web_page import with_plain_tables


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def reading(body: str) -> Document:
        file = tmp_path / "page.html"
        file.write_text(f"<!doctype html><html><body>{body}</body></html>", "utf-8")
        return registry.read(file)

    return reading


def text(document: Document) -> str:
    return document.pages[0].text


SPANS = """<table><caption>Fares<br>2035</caption><thead><tr><th rowspan=2>Route</th><th colspan=2>Adult</th></tr>
<tr><th>single</th><th>return</th></tr></thead><tr><td rowspan=2>Oslo</td><td>31</td><td>55</td></tr>
<tr><td>32</td><td>56</td></tr></table>"""


def test_spans_captions_and_names(read) -> None:  # type: ignore[no-untyped-def]
    document = read(SPANS)
    assert text(document) == (
        "Fares 2035\nRoute | Adult single | Adult return\nRoute: Oslo | Adult single: 31 | Adult return: 55\n"
        "Route: Oslo | Adult single: 32 | Adult return: 56"
    )
    (table,) = document.tables
    assert (table.name, table.labels, table.row_count) == ("Fares 2035", ("Route", "Adult single", "Adult return"), 2)


def test_words_of_different_blocks_stay_apart(read) -> None:  # type: ignore[no-untyped-def]
    page = text(
        read(
            "<h2>Opening<br>hours</h2><table><tr><th>Day</th><th>Dish</th></tr><tr><td>Mon</td><td><ul><li>Soup<li>Trout</ul></td>"
            "</tr><tr><td>Tue</td><td>Lamb<br>Peas<p>Rice</p></td></tr></table>"
        )
    )
    assert page.startswith("Opening hours\n")
    assert "Dish: Soup; Trout\n" in page
    assert "Dish: Lamb Peas Rice" in page


def test_what_is_struck_out_or_hidden_is_counted_and_left_out(read) -> None:  # type: ignore[no-untyped-def]
    document = read(
        "<style>.gone, .tab {display:none} .tab.on {display:block}</style><p>Price: <del>120</del> <s>99</s> 84 crowns</p>"
        "<p hidden>one</p><div style='color:red; DISPLAY : none'>two</div><p class=gone>three</p><p class=tab>panel</p>"
        "<dialog>four</dialog><template>five</template><span style='text-decoration: line-through'>six</span>"
    )
    assert text(document) == "Price: 84 crowns\n\npanel"
    assert document.metadata["left_out"] == (
        "not read: 1 piece of deleted text, 2 pieces of struck-out text, 4 pieces of hidden text"
    )


def test_a_page_that_a_script_uncovers_is_read(read) -> None:  # type: ignore[no-untyped-def]
    assert text(read("<div style='display:none'>All of it</div><script>show()</script>")) == "All of it"


def test_forms_show_what_is_filled_in(read) -> None:  # type: ignore[no-untyped-def]
    page = text(
        read(
            "<p>Tenant: <input value='Ada Byron'></p><p><input type=checkbox checked> Pets <input type=radio> Smoker</p>"
            "<p>Ward: <select><option>North<option selected>South</select></p><p>Note: <textarea>Ring twice</textarea></p>"
            "<input type=hidden value=token><input type=password value=pass><p>Full: <meter value=7 max=10>x</meter></p>"
        )
    )
    assert page == "Tenant: Ada Byron\n\n[x] Pets [ ] Smoker\n\nWard: South\n\nNote: Ring twice\n\nFull: 7 of 10"


def test_equations_are_linear(read) -> None:  # type: ignore[no-untyped-def]
    page = text(
        read(
            "<p>Yield <math><mi>Y</mi><mo>=</mo><mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mn>2</mn></mfrac>"
            "<msup><mi>x</mi><mn>2</mn></msup><msqrt><mi>k</mi></msqrt></math> tons</p>"
        )
    )
    assert page == "Yield Y = (a + 1)/2x^2√(k) tons"


def test_raised_numbers_do_not_run_together_with_others(read) -> None:  # type: ignore[no-untyped-def]
    page = text(
        read(
            "<p>About 10<sup>6</sup> m<sup>2</sup>, they say<sup><a href='#n1'>[1]</a></sup>. So 2 <a href='#n2'><sup>b</sup></a>.</p>"
        )
    )
    assert page == "About 10^6 m², they say [1]. So 2 [b]."


def test_lists_have_their_numbers(read) -> None:  # type: ignore[no-untyped-def]
    assert text(read("<ol start=3><li>three<li>four<ul><li>dot</ul></ol>")) == "3. three\n4. four\n  - dot"


def test_labels_and_values_of_an_information_box(read) -> None:  # type: ignore[no-untyped-def]
    assert (
        text(read("<table><tr><th>Born<td>1815</tr><tr><th>Work:<td>Notes</tr></table>")) == "Born: 1815\nWork: Notes"
    )


def test_a_table_that_lays_out_the_page_is_no_table(read) -> None:  # type: ignore[no-untyped-def]
    document = read(f"<table><tr><td>Menu</td><td>{SPANS}</td></tr></table>")
    assert text(document).startswith("Menu\n\nFares 2035\nRoute |")


def test_tables_for_programs_that_lose_spans() -> None:
    plain = with_plain_tables(f"<html><body>{SPANS}<p hidden>x</p></body></html>")
    assert "span" not in plain
    assert "hidden" not in plain
    assert "<th>Adult return</th>" in plain
    assert plain.count("<td>Oslo</td>") == 2


@pytest.mark.parametrize("stated", ["iso-8859-1", "windows-1252", "utf-16", "utf-8"])
def test_a_page_in_another_encoding_than_it_states(tmp_path: Path, stated: str) -> None:
    (tmp_path / "a.html").write_bytes(f"<html><meta charset={stated}><p>Käse für 5 €".encode())
    assert registry.read(tmp_path / "a.html").pages[0].text == "Käse für 5 €"


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<ol type=i><li>x<li>y</ol>", "i. x\nii. y"), ("<ol reversed><li>x<li>y</ol>", "2. x\n1. y"),
        ("<ol><li value=27 type=a>x</ol>", "aa. x"), ("Note:<textarea>a\nb</textarea>", "Note: a b"),
        ("<select><option selected label='Full name'>F</select>", "Full name"), ("So <math><mi>x</mi></math>.", "So x."),
        ("<table><tr><th>A<th>B<tfoot><tr><td>Sum<td>3<tbody><tr><td>x<td>1<tr><td>y<td>2</table>",
         "A | B\nA: x | B: 1\nA: y | B: 2\nA: Sum | B: 3"),
        ("<x-a><template shadowrootmode=open><p>In the shadow.</template></x-a>", "In the shadow."),
        ("<p>Seen</p><div popover>Not yet</div>", "Seen"), ("<p>So <math alttext='E=mc^2'></math>.", "So E=mc^2."),
        ("<table><tr><th>Who<th>Duties<tr><td>Ada<td><ul><li>Bell<ul><li>at dawn</ul></ul><tr><td>Bo<td>-</table>",
         "Who | Duties\nWho: Ada | Duties: Bell; at dawn\nWho: Bo | Duties: -"),
    ],
)  # fmt: skip
def test_lists_fields_feet_and_newer_elements_as_a_browser_shows_them(tmp_path: Path, html: str, shown: str) -> None:
    (tmp_path / "a.html").write_text(f"<html><body>{html}</body></html>", "utf-8")
    assert registry.read(tmp_path / "a.html").pages[0].text == shown


def test_the_texts_of_a_drawing(tmp_path: Path) -> None:
    texts = "<title>Plan</title><text>North <tspan>quay</tspan></text>"
    (tmp_path / "a.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{texts}</svg>')
    assert registry.read(tmp_path / "a.svg").pages[0].text == "Plan; North quay"


def test_an_information_box_with_titles_and_a_picture_is_fields(read) -> None:  # type: ignore[no-untyped-def]
    box = """<table><tr><th colspan=2>The Bell</th></tr><tr><td colspan=2>A picture of it</td></tr><tr></tr>
    <tr><th>Cast</th><td><ul><li>Ada Holm</li><li>Ole Berg</li></ul></td></tr><tr><th>Language</th><td>Welsh</td></tr>
    <tr><th>Seasons</th><td></td></tr><tr><th>Episodes</th><td>10</td></tr></table>"""
    assert text(read(box)).split("\n") == [
        "The Bell", "A picture of it", "Cast: Ada Holm; Ole Berg", "Language: Welsh", "Seasons", "Episodes: 10",
    ]  # fmt: skip


def test_a_list_that_a_description_indents_stands_under_its_item(read) -> None:  # type: ignore[no-untyped-def]
    body = "<ul><li>Most bells</li></ul><dl><dd><ul><li>13 by Ada</li></ul></dd></dl><dl><dt>Bell</dt><dd>It rings.</dd></dl>"
    assert text(read(body)).startswith("- Most bells\n  - 13 by Ada\n")
    assert "It rings." in text(read(body))
