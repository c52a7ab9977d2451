"""Styles and numbering of a Word document: which paragraphs are headings, and what stands before those of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loaders.list_numbers import counted
from loaders.opc import attribute, is_on, local

_HEADING = re.compile(r"^heading (\d)$", re.IGNORECASE)
_BASED_ON = 20


def child(element: Any, name: str) -> Any:
    """The first child of that local name, None without one or without an element."""
    return None if element is None else next((one for one in element if local(one) == name), None)


def value(element: Any, name: str) -> str | None:
    """The `val` of a child property, None when it is not there."""
    found = child(element, name)
    return None if found is None else attribute(found, "val")


@dataclass(frozen=True)
class _Style:
    name: str
    based_on: str
    outline: int | None
    numbering: tuple[str, int] | None
    hidden: bool | None
    struck: bool | None


@dataclass
class _Level:
    start: int
    form: str
    text: str
    legal: bool
    restart: int | None
    """After which level it begins anew (from 1); 0 for never, None for every one above it."""


@dataclass
class _List:
    """One abstract list: its levels, and how far each has been counted."""

    levels: dict[int, _Level]
    counted: dict[int, int] = field(default_factory=dict)


class Styles:
    """The styles of a document by id, and its lists, which count as paragraphs are read."""

    def __init__(self, styles: Any, numbering: Any) -> None:
        self._styles: dict[str, _Style] = {}
        for one in styles if styles is not None else ():
            if local(one) == "style":
                self._styles[attribute(one, "styleId") or ""] = _style(one)
        self._lists: dict[str, _List] = {}
        self._numbers: dict[str, tuple[str, dict[int, int]]] = {}
        self._changed: dict[str, dict[int, _Level]] = {}
        self._begun: set[str] = set()
        if numbering is not None:
            self._read_lists(numbering)

    def heading_level(self, properties: Any) -> int | None:
        """The level of the heading that a paragraph with these properties is, from 1; None when it is none."""
        if (said := _number(value(properties, "outlineLvl"))) is not None:
            return said + 1 if said < 9 else None
        for place, style in enumerate(self._chain(value(properties, "pStyle"))):
            if style.name.lower() == "title":
                # Those of the author and the date are often based on it.
                return 1 if place == 0 else None
            if match := _HEADING.match(style.name):
                return int(match[1])
            if style.outline is not None:
                return style.outline + 1 if style.outline < 9 else None
        return None

    def label(self, properties: Any) -> tuple[int, str] | None:
        """Depth from 0 and label ("-", "2.1") of a paragraph of a list; None when it is of none. It counts as read."""
        numbering = _numbering(properties)
        chain = list(self._chain(value(properties, "pStyle")))
        if numbering is None or not numbering[0]:
            styled = next((style.numbering for style in chain if style.numbering and style.numbering[0]), None)
            numbering = (styled[0], numbering[1] or styled[1]) if numbering and styled else numbering or styled
        if numbering is None or numbering[0] in ("", "0"):
            return None
        number, depth = numbering
        known = self._numbers.get(number)
        listed = self._lists.get(known[0]) if known else None
        if known is None or listed is None:
            return None
        if number not in self._begun:
            self._begun.add(number)
            for level, start in known[1].items():
                listed.counted[level] = start - 1
        return depth, self._next(listed, depth, {**listed.levels, **self._changed.get(number, {})})

    def unseen(self, run: Any, paragraph_style: str | None) -> str | None:
        """ "hidden" or "struck" for a run that its own properties or its styles let nobody read, else None.

        What the run says itself goes before its style, and that before the paragraph's.
        """
        styles = (value(run, "rStyle"), paragraph_style)
        if run is None and not paragraph_style:
            return None
        for names, kind in ((("vanish",), "hidden"), (("strike", "dstrike"), "struck")):
            on = _said(run, *names)
            for style in styles if on is None else ():
                said = (getattr(one, kind) for one in self._chain(style))
                if (on := next((one for one in said if one is not None), None)) is not None:
                    break
            if on:
                return kind
        return None

    def _next(self, listed: _List, depth: int, levels: Mapping[int, _Level]) -> str:
        level = levels.get(depth)
        if level is None:
            return "-"
        if level.form == "bullet":
            return "-"
        listed.counted[depth] = listed.counted.get(depth, level.start - 1) + 1
        for deeper in [one for one in listed.counted if one > depth]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or depth < restart:
                del listed.counted[deeper]
        if level.form == "none":
            return ""

        def shown(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            other = levels.get(place)
            start = other.start if other else 1
            return counted(listed.counted.get(place, start), "decimal" if level.legal or not other else other.form)

        return " ".join(re.sub(r"%(\d)", shown, level.text).split())

    def _chain(self, name: str | None) -> list[_Style]:
        """A style and those that it is based on."""
        chain: list[_Style] = []
        while name in self._styles and len(chain) < _BASED_ON:
            chain.append(self._styles[name])
            name = chain[-1].based_on
        return chain

    def _read_lists(self, numbering: Any) -> None:
        linked: dict[str, str] = {}
        for one in numbering:
            if local(one) == "abstractNum":
                key = attribute(one, "abstractNumId") or ""
                self._lists[key] = _List(dict(_levels(one)))
                if link := value(one, "numStyleLink"):
                    linked[key] = link
        for one in numbering:
            if local(one) == "num":
                overrides = [level for level in one if local(level) == "lvlOverride"]
                starts = {
                    int(attribute(level, "ilvl") or 0): start
                    for level in overrides
                    if (start := _number(value(level, "startOverride"))) is not None
                }
                number = attribute(one, "numId") or ""
                self._changed[number] = {depth: level for place in overrides for depth, level in _levels(place)}
                starts = {depth: level.start for depth, level in self._changed[number].items()} | starts
                self._numbers[number] = (value(one, "abstractNumId") or "", starts)
        for key, style in linked.items():
            styled = self._styles[style].numbering if style in self._styles else None
            target = self._numbers.get(styled[0]) if styled else None
            if target and target[0] != key and target[0] in self._lists:
                self._lists[key] = self._lists[target[0]]


def _style(element: Any) -> _Style:
    properties = child(element, "pPr")
    return _Style(
        value(element, "name") or "",
        value(element, "basedOn") or "",
        _number(value(properties, "outlineLvl")),
        _numbering(properties),
        _said(child(element, "rPr"), "vanish"),
        _said(child(element, "rPr"), "strike", "dstrike"),
    )


def _said(properties: Any, *names: str) -> bool | None:
    """Whether a property is on, None when it is not there."""
    found = next((one for name in names if (one := child(properties, name)) is not None), None)
    return None if found is None else is_on(found)


def _numbering(properties: Any) -> tuple[str, int] | None:
    found = child(properties, "numPr")
    return None if found is None else (value(found, "numId") or "", _number(value(found, "ilvl")) or 0)


def _levels(abstract: Any) -> list[tuple[int, _Level]]:
    levels = []
    for one in abstract:
        if local(one) == "lvl":
            depth = _number(attribute(one, "ilvl")) or 0
            start = _number(value(one, "start"))
            legal = is_on(child(one, "isLgl"))
            level = _Level(
                1 if start is None else start,
                value(one, "numFmt") or "decimal",
                value(one, "lvlText") or "",
                legal,
                _number(value(one, "lvlRestart")),
            )
            levels.append((depth, level))
    return levels


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and len(text) < 9 else None
