"""Text of DrawingML (slides, drawings of workbooks and Word): paragraphs of a text body, descriptions of pictures, diagrams."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loaders import left_out
from loaders.equations import linear, raised
from loaders.left_out import LeftOut
from loaders.list_numbers import counted
from loaders.opc import local, unescaped

_FALLBACK = "Fallback"


_NUMBERS = {"alphaLc": "lowerLetter", "alphaUc": "upperLetter", "romanLc": "lowerRoman", "romanUc": "upperRoman",
            "circleNum": "decimalEnclosedCircle", "ea1Jpn": "japaneseCounting", "ea1Chs": "chineseCounting",
            "ea1Cht": "taiwaneseCounting"}  # fmt: skip
_KIND = re.compile(r"(\w+?)(ParenBoth|ParenR|Period|Plain|DbPlain|WdBlackPlain|WdWhitePlain|Minus|KorPeriod)?$")


@dataclass(frozen=True)
class Numbering:
    """How the paragraphs of a list are numbered: from which number on, and in which of the kinds of DrawingML."""

    kind: str
    start: int

    def label(self, number: int) -> str:
        """What stands before the paragraph of a number."""
        match = _KIND.match(self.kind)
        form, end = (match[1], match[2] or "") if match else ("arabic", "Period")
        shown = counted(number, _NUMBERS.get(form, "decimal"))
        before, after = {"ParenBoth": ("(", ")"), "ParenR": ("", ")"), "Period": ("", ".")}.get(end, ("", ""))
        return f"{before}{shown}{after}"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of a text body. `bullet` is "" for none, "-" for a mark or a number; None: not said."""

    text: str
    level: int
    bullet: str | None
    numbered: Numbering | None = None


def paragraphs(body: Any, omitted: LeftOut) -> Iterator[Paragraph]:
    """The paragraphs of an `a:txBody` that have text."""
    for paragraph in body:
        if local(paragraph) != "p":
            continue
        text = run_text(paragraph, omitted).strip()
        if not text:
            continue
        properties = next((one for one in paragraph if local(one) == "pPr"), None)
        level, bullet, numbered = 0, None, None
        if properties is not None:
            level = int(properties.get("lvl") or 0) if (properties.get("lvl") or "0").isdigit() else 0
            for one in properties:
                name = local(one)
                if name in ("buNone", "buChar", "buBlip", "buAutoNum"):
                    bullet = "" if name == "buNone" else "-"
                if name == "buAutoNum":
                    start = one.get("startAt") or "1"
                    numbered = Numbering(one.get("type") or "arabicPeriod", int(start) if start.isdigit() else 1)
        yield Paragraph(text, level, bullet, numbered)


def run_text(element: Any, omitted: LeftOut) -> str:
    """The text of the runs below an element, equations in linear form, struck-out text left out."""
    parts: list[str] = []
    for one in element:
        name = local(one)
        if name == "r":
            text = unescaped("".join(child.text or "" for child in one if local(child) == "t"))
            if _struck(one):
                omitted.add(left_out.STRUCK, bool(text.strip()))
            else:
                parts.append(raised("".join(parts[-2:]), text) if _raised(one) else text)
        elif name == "br":
            parts.append("\n")
        elif name == "fld":
            if (one.get("type") or "") != "slidenum":
                parts.append("".join(child.text or "" for child in one if local(child) == "t"))
        elif name in ("oMath", "oMathPara"):
            equation = linear(one)
            omitted.add(left_out.EQUATION, not equation)
            parts.append(f" {equation} ")
        elif name in ("m", "AlternateContent", "Choice"):
            parts.append(run_text(one, omitted))
    return "".join(parts)


def _raised(run: Any) -> bool:
    properties = next((one for one in run if local(one) == "rPr"), None)
    return properties is not None and (properties.get("baseline") or "0").lstrip("0")[:1].isdigit()


def _struck(run: Any) -> bool:
    properties = next((one for one in run if local(one) == "rPr"), None)
    return properties is not None and properties.get("strike") in ("sngStrike", "dblStrike")


def description(element: Any) -> str:
    """What the author wrote of a picture or drawing for those who cannot see it."""
    for one in element.iter():
        if local(one) in ("cNvPr", "docPr"):
            return " ".join((one.get("descr") or "").split())
    return ""


def decorative(element: Any) -> bool:
    """Whether the author says that a picture is there for looks."""
    return any(local(one) == "decorative" and one.get("val") in ("1", "true") for one in element.iter())


def chosen(element: Any) -> Iterator[Any]:
    """The elements below `element`, of alternatives the first that has any and never a second one."""
    for child in element:
        if local(child) != "AlternateContent":
            yield child
            continue
        options = [one for one in child if local(one) == "Choice"] + [one for one in child if local(one) == _FALLBACK]
        filled = next((one for one in options if len(one)), None)
        if filled is not None:
            yield from chosen(filled)


def diagram_lines(data: Any) -> list[str]:
    """The texts of a diagram (SmartArt), one a node, in the order in which they are stored."""
    lines = []
    for point in data.iter() if data is not None else ():
        if local(point) == "pt" and point.get("type", "node") in ("node", "asst", "doc"):
            text = " ".join("".join(one.text or "" if local(one) == "t" else " " for one in point.iter()).split())
            lines += [text] if text else []
    return lines
