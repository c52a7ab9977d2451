"""What an answer cites as BibTeX and CSL-JSON: escaped, and nothing that the document does not state."""

from __future__ import annotations

import json

from workbench.api.bibliography import Reference, bibtex, csl_json, keys, people

REFERENCES = (
    Reference(
        "papers/fog.pdf", "On Fog & Mist {draft}_2", ("Ada Holm", "Breck, Hanno"), "2021-03-04", "https://x.test/a_b"
    ),
    Reference("notes.md"),
    Reference("more/notes.md", "Notes", date="2019"),
)


def test_keys_are_plain_and_differ() -> None:
    assert keys(REFERENCES) == ["holm2021", "notesmd", "notes2019"]
    assert keys([Reference("a.md", "Same"), Reference("b.md", "Same")]) == ["same", "same-2"]


def test_bibtex_is_escaped_and_states_no_more_than_the_document() -> None:
    entries = bibtex(REFERENCES).split("\n\n")
    assert "title = {{On Fog \\& Mist \\{draft\\}\\_2}}" in entries[0]
    assert "author = {{Ada Holm} and Breck, Hanno}" in entries[0]
    assert "year = {2021}" in entries[0]
    assert entries[1].strip() == "@misc{notesmd,\n  title = {{notes.md}},\n  note = {notes.md},\n}"


def test_csl_names_and_dates() -> None:
    first, second, third = json.loads(csl_json(REFERENCES))
    assert first["author"] == [{"literal": "Ada Holm"}, {"family": "Breck", "given": "Hanno"}]
    assert first["issued"] == {"date-parts": [[2021, 3, 4]]}
    assert "author" not in second
    assert "issued" not in second
    assert third["issued"] == {"date-parts": [[2019]]}


def test_people_are_parted_as_documents_write_them() -> None:
    assert people("Ada Holm; Hanno Breck") == ("Ada Holm", "Hanno Breck")
    assert people("Ada Holm and Hanno Breck & Norah Pym") == ("Ada Holm", "Hanno Breck", "Norah Pym")
    assert people("Johnson & Johnson") == ("Johnson & Johnson",)
