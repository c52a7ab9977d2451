"""Writes what an answer cites as a bibliography: BibTeX, and the JSON of the Citation Style Language.

Title, author and date are those that a document states itself; what it does not state is left out, never guessed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.core.sanitize import sanitize

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_PEOPLE = re.compile(r"\s*[;\n]\s*")
_JOINED = re.compile(r"\s*(?:\band\b|&)\s*")


@dataclass(frozen=True)
class Reference:
    """A document that is cited: its path, and what it states of itself; "" where it states nothing. `date` is ISO 8601 or a year."""

    document: str
    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    url: str = ""

    @property
    def called(self) -> str:
        """The title, or the path where there is none."""
        return self.title or self.document


def people(text: str) -> tuple[str, ...]:
    """The names of authors as a document states them, parted by semicolons, lines, and "and" or "&" between whole names."""
    return tuple(name for part in _PEOPLE.split(text) for joined in _each(part) if (name := " ".join(joined.split())))


def _each(text: str) -> list[str]:
    """The names that "and" joins; a company such as "Johnson & Johnson" is one name."""
    parts = [part for part in _JOINED.split(text) if part]
    return parts if all(len(part.split()) > 1 for part in parts) else [text]


def keys(references: Sequence[Reference]) -> list[str]:
    """A citation key for each: last name of the first author, or the title, and the year; a number parts equal ones."""
    made: list[str] = []
    for item in references:
        name = _last_name(item.authors[0]) if item.authors else item.called
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        base = key = (re.sub(r"[^a-z0-9]", "", plain)[:24] or "document") + item.date[:4]
        number = 1
        while key in made:
            number += 1
            key = f"{base}-{number}"
        made.append(key)
    return made


def _last_name(name: str) -> str:
    """Of "Lovelace, Ada" or "Ada Lovelace"."""
    words = name.replace(",", " ").split()
    return words[0 if "," in name else -1] if words else ""


def bibtex(references: Sequence[Reference]) -> str:
    """The references as BibTeX entries of the type misc, which takes any document."""
    entries = []
    for key, item in zip(keys(references), references, strict=True):
        fields = [("title", f"{{{_escaped(item.called)}}}")]
        if item.authors:
            # A name without a comma is in braces, so that BibTeX does not guess which word is the last name.
            names = (_escaped(name) if "," in name else f"{{{_escaped(name)}}}" for name in item.authors)
            fields.append(("author", " and ".join(names)))
        if item.date:
            fields.append(("year", item.date[:4]))
        if len(item.date) > len("2021"):
            fields.append(("date", item.date))
        if item.url:
            fields.append(("url", _escaped(item.url)))
        fields.append(("note", _escaped(item.document)))
        entries.append(f"@misc{{{key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in fields) + "}\n")
    return "\n".join(entries)


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in " ".join(sanitize(text).split()))


def csl_json(references: Sequence[Reference]) -> str:
    """The references as CSL-JSON items (citeproc-js, schema 1.0)."""
    items = []
    for key, item in zip(keys(references), references, strict=True):
        entry: dict[str, object] = {
            "id": key,
            "type": "document",
            "title": sanitize(item.called),
            "note": sanitize(item.document),
        }
        if item.authors:
            entry["author"] = [_name(name) for name in item.authors]
        if item.date:
            entry["issued"] = {"date-parts": [[int(part) for part in item.date.split("-")]]}
        if item.url:
            entry["URL"] = sanitize(item.url)
        items.append(entry)
    return json.dumps(items, ensure_ascii=False, indent=1) + "\n"


def _name(name: str) -> dict[str, str]:
    family, comma, given = sanitize(name).partition(",")
    return {"family": family.strip(), "given": given.strip()} if comma else {"literal": family.strip()}
