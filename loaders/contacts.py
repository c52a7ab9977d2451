"""Contacts (vcf): every card as a row of readable fields, notes below it, in all versions of vCard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from loaders import limits, text
from loaders.blocks import PageBuilder
from loaders.content_lines import Component, ContentLine, components, fields
from loaders.document import Document
from loaders.registry import Loader

VERSION = 2

_LABELS = {
    "NICKNAME": "Nickname", "TITLE": "Title", "ROLE": "Role", "TEL": "Phone", "EMAIL": "E-mail", "ADR": "Address",
    "LABEL": "Address", "BDAY": "Birthday", "ANNIVERSARY": "Anniversary", "URL": "Web", "IMPP": "Messenger",
    "CATEGORIES": "Categories", "GENDER": "Gender", "LANG": "Language", "TZ": "Time zone", "GEO": "Position",
    "KIND": "Kind", "MEMBER": "Member", "RELATED": "Related", "X-SKYPE": "Skype", "X-JABBER": "Jabber",
    "X-SOCIALPROFILE": "Profile", "X-PHONETIC-FIRST-NAME": "Phonetic first name", "X-PHONETIC-LAST-NAME": "Phonetic last name",
    "X-ABDATE": "Date", "X-ABRELATEDNAMES": "Related", "X-SPOUSE": "Spouse", "X-ASSISTANT": "Assistant",
    "X-MANAGER": "Manager", "X-ANNIVERSARY": "Anniversary", "X-GENDER": "Gender",
}  # fmt: skip
_USES = {"CELL": "mobile", "HOME": "home", "WORK": "work", "FAX": "fax", "PAGER": "pager", "CAR": "car", "PREF": ""}
_LISTS = frozenset(("ADR", "ORG", "N", "GENDER"))
_UNSHOWN = frozenset(("X-ABLABEL", "X-ABUID", "X-ABADR", "X-ABSHOWAS", "X-ABORDER", "X-IMAGEHASH", "X-IMAGETYPE"))
"""Labels of other fields, and what programs note for themselves."""

_PICTURES = frozenset(("PHOTO", "LOGO", "SOUND", "KEY"))


def load(path: Path) -> Document:
    """The contacts at `path` as one page; a file without cards is read as plain text. Raises LoadError."""
    builder = PageBuilder(1, None, limits.TextBudget())
    outer, bad_lines = components(text.read_text(path))
    cards = [card for card in outer if card.name == "VCARD"]
    for card in cards:
        add_card(card, builder)
    if builder.empty:
        return text.load(path)
    noted = {"contacts": str(len(cards))}
    if left_out := left_out_of(cards, bad_lines):
        noted["left_out"] = f"not read: {left_out}"
    return Document("", (builder.page(),), LOADER.name, VERSION, noted)


def add_card(card: Component, builder: PageBuilder) -> None:
    """Add a card to a page: a row of its fields, each note as a paragraph."""
    builder.paragraph(" | ".join(f"{label}: {value}" for label, value in _fields(card) if value))
    for line in card.lines:
        if line.name == "NOTE":
            builder.paragraph(line.text)


def left_out_of(cards: list[Component], bad_lines: int) -> str:
    """What of cards is not read, in words; "" when all is."""
    pictures = sum(line.name in _PICTURES for card in cards for line in card.lines)
    said = [f"{pictures} picture{'s' * (pictures != 1)}, sounds or keys"] if pictures else []
    others = sum(
        line.name.startswith("X-")
        and line.name not in _LABELS
        and line.name not in _UNSHOWN
        and bool(line.text.strip())
        for card in cards
        for line in card.lines
    )
    if others:
        said.append(f"{others} field{'s' * (others != 1)} of some program's own")
    if bad_lines:
        said.append(f"{bad_lines} line{'s' * (bad_lines != 1)} that cannot be read")
    return ", ".join(said)


def _fields(card: Component) -> Iterator[tuple[str, str]]:
    yield "Name", _name(card)
    if line := card.first("ORG"):
        yield "Organisation", _listed(line)
    labels = {_group(line): line.text.strip("_$!<>") for line in card.lines if line.name == "X-ABLABEL"}
    for line in card.lines:
        if line.name in _LABELS:
            use = ", ".join(dict.fromkeys(filter(None, [*_uses(line), labels.get(_group(line), "")])))
            label = _LABELS[line.name] + (f" ({use})" if use and line.name not in ("GEO", "TZ") else "")
            yield label, _listed(line) if line.name in _LISTS else _value(line)


def _group(line: ContentLine) -> str:
    return line.parameter("GROUP")


def _name(card: Component) -> str:
    """The name as it is shown, else put together from its parts: family; given; further; before; after."""
    if shown := card.text("FN"):
        return shown
    line = card.first("N")
    parts = [*fields(line.value), "", "", "", "", ""] if line else [""] * 5
    return " ".join(part for part in (parts[3], parts[1], parts[2], parts[0], parts[4]) if part) or card.text("ORG")


def _listed(line: ContentLine) -> str:
    return ", ".join(part for part in (" ".join(part.split()) for part in fields(line.value)) if part)


def _value(line: ContentLine) -> str:
    value = " ".join(line.text.split())
    if line.name in ("BDAY", "ANNIVERSARY", "X-ABDATE", "X-ANNIVERSARY") and (
        match := re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})(?:T.*)?", value)
    ):
        return f"{match[1]}-{match[2]}-{match[3]}"
    return re.sub(r"^(?:tel|mailto):", "", value, flags=re.IGNORECASE)


def _uses(line: ContentLine) -> list[str]:
    said = (_USES.get(part.upper(), "") for part in line.parameters.get("TYPE", ()))
    return list(dict.fromkeys(part for part in said if part))


LOADER = Loader(name="contacts", version=VERSION, suffixes=(".vcf", ".vcard"), load=load)
