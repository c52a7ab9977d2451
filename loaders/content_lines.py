"""Reads content lines, the common syntax of calendars (RFC 5545) and contacts (RFC 2426, RFC 6350, vCard 2.1).

Our own, because files in use mix the versions (quoted-printable values of 2.1 under a 3.0 header, unfolded long lines),
and libraries for the one or the other refuse the whole file for a single bad line.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from loaders.text import decode

_LINE = re.compile(r"^(?:([\w-]+)\.)?([A-Za-z][\w-]*)((?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(.*)$", re.DOTALL)
_PARAMETER = re.compile(r";([^=;:\"]+)(?:=((?:\"[^\"]*\"|[^;\"])*))?")
_ESCAPED = re.compile(r"\\([\\;,:nN\"])")
_DEPTH = 20


@dataclass(frozen=True)
class ContentLine:
    """One property: its name in capitals, its parameters (names in capitals, values as written), its value, not unescaped.

    The name of a group ("item1.TEL") is the parameter GROUP.
    """

    name: str
    parameters: dict[str, list[str]]
    value: str

    @property
    def text(self) -> str:
        """The value with its escapes resolved."""
        return unescaped(self.value)

    def parameter(self, name: str) -> str:
        """The first value of a parameter, "" without it."""
        return (self.parameters.get(name) or [""])[0]


@dataclass
class Component:
    """What stands between a BEGIN and its END: its lines in order, and the components inside."""

    name: str
    lines: list[ContentLine] = field(default_factory=list)
    inner: list[Component] = field(default_factory=list)

    def first(self, name: str) -> ContentLine | None:
        """The first line of that name."""
        return next((line for line in self.lines if line.name == name), None)

    def text(self, name: str) -> str:
        """The text of the first line of that name, on one line; "" without it."""
        line = self.first(name)
        return " ".join(line.text.split()) if line else ""


def unescaped(value: str) -> str:
    """A value as text: `\\\\n` is a new line, `\\\\,` a comma."""
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def fields(value: str, separator: str = ";") -> list[str]:
    """The parts of a structured value, each with its escapes resolved."""
    return [unescaped(part).strip() for part in re.split(rf"(?<!\\){separator}", value)]


def components(text: str) -> tuple[list[Component], int]:
    """The outermost components of a text, and how many of its lines could not be read. One without its END ends with the text."""
    root = Component("")
    open_ones = [root]
    bad = 0
    for raw in unfolded(text):
        line = _parsed(raw)
        if line is None:
            bad += bool(raw.strip())
        elif line.name == "BEGIN":
            made = Component(line.value.strip().upper())
            open_ones[-1].inner.append(made)
            if len(open_ones) < _DEPTH:
                open_ones.append(made)
        elif line.name == "END":
            names = [component.name for component in open_ones]
            if (name := line.value.strip().upper()) in names[1:]:
                del open_ones[len(names) - 1 - names[::-1].index(name) :]
        else:
            open_ones[-1].lines.append(line)
    return root.inner, bad


def unfolded(text: str) -> Iterator[str]:
    """The lines of a text with those that were folded put together again, also the soft line ends of quoted-printable."""
    held: str | None = None
    for line in text.split("\n"):
        line = line.rstrip("\r")
        if held is not None and held.endswith("=") and _QUOTED_PRINTABLE.search(held.partition(":")[0]):
            held = held[:-1] + line
        elif held is not None and line[:1] in (" ", "\t"):
            held += line[1:]
        else:
            if held is not None:
                yield held
            held = line
    if held is not None:
        yield held


_QUOTED_PRINTABLE = re.compile(r";(?:ENCODING=)?QUOTED-PRINTABLE\b", re.IGNORECASE)


def _parsed(raw: str) -> ContentLine | None:
    match = _LINE.match(raw)
    if match is None:
        return None
    parameters: dict[str, list[str]] = {"GROUP": [match[1]]} if match[1] else {}
    for name, value in _PARAMETER.findall(match[3]):
        # vCard 2.1 names the type alone: TEL;CELL:…
        key, said = (name.strip().upper(), value) if value else ("TYPE", name)
        parameters.setdefault(key, []).extend(
            part.strip().strip('"') for part in re.split(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", said)
        )
    value = match[4]
    if "QUOTED-PRINTABLE" in (part.upper() for key in ("ENCODING", "TYPE") for part in parameters.get(key, ())):
        value = _decoded(value, (parameters.get("CHARSET") or [""])[0])
        value = value.replace("\r\n", "\n").replace("\n", "\\n")
    return ContentLine(match[2].upper(), parameters, value)


def _decoded(value: str, charset: str) -> str:
    data = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return decode(data) if data.strip() else ""
