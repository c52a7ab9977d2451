"""Equations of Word, slides and web pages (OMML and MathML) in a linear form that can be read and searched.

The form is that of Murray Sargent's UnicodeMath, as Word shows it in its linear view: (a + b)/c, x^2, x_i, √(x), ∑_(i=1)^n.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

_DEPTH = 60
_ACCENTS = {
    "̂": "\u0302", "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303", "¯": "\u0305", "‾": "\u0305", "→": "\u20d7",
    "⃗": "\u20d7", "˙": "\u0307", ".": "\u0307", "¨": "\u0308",
}  # fmt: skip
_TOKEN, _LAST_LETTERS = re.compile(r"\S+\Z"), re.compile(r"[^\W\d_]+\Z")
_FIGURES = re.compile(r"[+\-−]?\d{1,3}")
_POWER = re.compile(r"[+\-−]?(?:\d*[nkxyT]|\d+)(?:[+\-−/]\d+)?")
_MARK_OF_A_NOTE = re.compile(r"[abcfgi-lp-qt-z*†‡§¶]")
"""A raised letter at a figure, as in tables: 12 with the note a is not 12a. The others end ordinals (2e, 1o) or are units."""

_NOTES = re.compile(r"\d{1,3}(?:\s?[,;–-]\s?\d{1,3})*")
_FORMULA = re.compile("[=+*×·^/√\u0391-\u03c9]|\\d[^\\W\\d_]{1,3}\\Z")
"""A sign of calculation or a Greek letter; a number with letters right behind it, as in 4ac."""

_UNITS = frozenset("mm cm dm km nm µm μm ft in yd mi ha kg sec min hr yr mol inch inches foot feet mile miles".split())
_SUPERSCRIPTS = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_BLANKS = str.maketrans(
    {"\u2009": " ", "\u200a": " ", "\u2003": " ", "\u2061": "", "\u2062": "", "\u2063": "", "\u2064": "", "\u200b": ""}
)


def linear(element: Any) -> str:
    """The equation of an `m:oMath`, `m:oMathPara` or MathML `math` element on one line, "" when it has none."""
    convert = _mathml if "MathML" in str(element.tag) or _name(element) == "math" else _omml
    return " ".join(convert(element, 0).translate(_BLANKS).split())


def raised(before: str, text: str) -> str:
    """A raised text as it stands after `before` on a line where nothing is raised: 10^6, m², x^(n+1), a word and its note [3].

    What is neither a power nor a note (1st, M. le Dr) is left as it is.
    """
    said = text.strip()
    after = _TOKEN.search(before)
    token = after[0] if after else ""
    if not said or not token:
        return text
    if token[-1].isdigit():
        if said.lstrip("+-−").isdigit() or _MARK_OF_A_NOTE.fullmatch(said):
            return f"^{said}"
        return f"^{_grouped(said)}" if _POWER.fullmatch(said) else text
    if _takes_powers(token):
        if _FIGURES.fullmatch(said):
            return said.translate(_SUPERSCRIPTS)
        if _POWER.fullmatch(said):
            return f"^{_grouped(said)}"
    return f" [{said}]" if _NOTES.fullmatch(said) else text


def lowered(before: str, text: str) -> str:
    """A lowered text as it stands after `before`: 1011 with a lowered 2 is not 10112; H2O is left as it is."""
    said = text.strip()
    return f"_{said}" if said.isdigit() and before[-1:].isdigit() else text


def _takes_powers(token: str) -> bool:
    """Whether what a raised text stands at is a sign, a unit or a formula, and not a word with the number of a note."""
    letters = _LAST_LETTERS.search(token)
    if letters is None:
        return token[-1] in ")]}" and _FORMULA.search(token) is not None
    return len(letters[0]) == 1 or letters[0] in _UNITS or _FORMULA.search(token) is not None


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _grouped(text: str) -> str:
    """An operand in brackets, unless it is one number, one word or in brackets already."""
    text = text.strip()
    whole = text.replace(".", "").replace(",", "").replace("'", "")
    if len(text) <= 1 or whole.isalnum() or (text[0] == "(" and text[-1] == ")" and _closes_last(text)):
        return text
    return f"({text})"


def _closes_last(text: str) -> bool:
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def _fraction(over: str, under: str) -> str:
    return f"{_grouped(over)}/{_grouped(under)}"


def _scripts(base: str, below: str, above: str) -> str:
    return (
        _grouped(base)
        + (f"_{_grouped(below)}" if below.strip() else "")
        + (f"^{_grouped(above)}" if above.strip() else "")
    )


def _root(degree: str, inside: str) -> str:
    degree = degree.strip()
    sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree)
    return f"{sign}({inside.strip()})" if sign else f"root_{_grouped(degree)}({inside.strip()})"


def _accented(base: str, mark: str) -> str:
    base, combining = base.strip(), _ACCENTS.get(mark.strip())
    if combining and len(base) == 1:
        return base + combining
    return f"{mark}{_grouped(base)}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "[" + "; ".join(", ".join(cell.strip() for cell in row) for row in rows) + "]"


# OMML (ECMA-376 part 1, 22.1)


def _omml(element: Any, depth: int) -> str:
    name = _name(element)
    if depth > _DEPTH:
        return "".join(element.itertext())
    if name == "t" or (name == "r" and len(element) == 0):
        return element.text or ""
    if name.endswith("pr") or name in ("del", "movefrom", "deltext", "instrtext"):
        return ""
    if name in ("br", "tab"):
        return " "
    if build := _OMML.get(name):
        return build(element, depth + 1)
    parts = [_omml(child, depth + 1) for child in element if isinstance(child.tag, str)]
    return ("; " if name == "omathpara" else "").join(parts)


def _part(element: Any, name: str, depth: int) -> str:
    child = next((one for one in element if _name(one) == name), None)
    return "" if child is None else _omml(child, depth)


def _property(element: Any, name: str, usual: str) -> str:
    """A property of an OMML object: `usual` when it is not set, "" when it is set to nothing."""
    for one in element:
        if _name(one).endswith("pr"):
            for setting in one:
                if _name(setting) == name:
                    return next((value for key, value in setting.attrib.items() if key.rpartition("}")[2] == "val"), "")
    return usual


def _omml_fraction(element: Any, depth: int) -> str:
    over, under = _part(element, "num", depth), _part(element, "den", depth)
    # Without a bar it is a pair: a binomial, mostly inside brackets.
    return f"{over} ¦ {under}" if _property(element, "type", "bar") == "noBar" else _fraction(over, under)


def _omml_nary(element: Any, depth: int) -> str:
    sign = _property(element, "chr", "∫")
    limits = _scripts(sign, _part(element, "sub", depth), _part(element, "sup", depth))
    return f"{limits} {_part(element, 'e', depth)}"


def _omml_delimited(element: Any, depth: int) -> str:
    begin, end = _property(element, "begchr", "("), _property(element, "endchr", ")")
    inside = [_omml(one, depth) for one in element if _name(one) == "e"]
    return begin + _property(element, "sepchr", "|").join(inside) + end


def _omml_matrix(element: Any, depth: int) -> str:
    return _table([[_omml(cell, depth) for cell in row if _name(cell) == "e"] for row in element if _name(row) == "mr"])


def _omml_lines(element: Any, depth: int) -> str:
    return "; ".join(_omml(one, depth) for one in element if _name(one) == "e")


_OMML: dict[str, Callable[[Any, int], str]] = {
    "f": _omml_fraction,
    "ssup": lambda e, d: _scripts(_part(e, "e", d), "", _part(e, "sup", d)),
    "ssub": lambda e, d: _scripts(_part(e, "e", d), _part(e, "sub", d), ""),
    "ssubsup": lambda e, d: _scripts(_part(e, "e", d), _part(e, "sub", d), _part(e, "sup", d)),
    "spre": lambda e, d: _scripts("", _part(e, "sub", d), _part(e, "sup", d)) + _part(e, "e", d),
    "rad": lambda e, d: _root(_part(e, "deg", d), _part(e, "e", d)),
    "nary": _omml_nary,
    "d": _omml_delimited,
    "m": _omml_matrix,
    "eqarr": _omml_lines,
    "func": lambda e, d: f"{_part(e, 'fname', d)} {_grouped(_part(e, 'e', d))}",
    "limlow": lambda e, d: _scripts(_part(e, "e", d), _part(e, "lim", d), ""),
    "limupp": lambda e, d: _scripts(_part(e, "e", d), "", _part(e, "lim", d)),
    "acc": lambda e, d: _accented(_part(e, "e", d), _property(e, "chr", "\u0302")),
    "bar": lambda e, d: _accented(_part(e, "e", d), "¯"),
    "phant": lambda e, d: "" if _property(e, "show", "1") in ("0", "off", "false") else _part(e, "e", d),
}


# MathML (W3C MathML Core)


def _mathml(element: Any, depth: int) -> str:
    name = _name(element)
    if depth > _DEPTH:
        return "".join(element.itertext())
    if name in ("annotation", "annotation-xml", "none", "mprescripts", "mphantom"):
        return ""
    children = [one for one in element if isinstance(one.tag, str)]
    if name in ("mi", "mn", "mtext", "ms") or (name == "mo" and not children):
        text = "".join(element.itertext()).strip()
        spaced = name == "mo" and text in "=+−-<>≤≥≈≠·×÷±→⇒∈"
        return f" {text} " if spaced and text else text + (" " if text == "," else "")
    if name == "mspace":
        return " "
    parts = [_mathml(one, depth + 1) for one in children if _name(one) not in ("annotation", "annotation-xml")]
    if name == "mtable":
        rows = [row for row in children if _name(row) in ("mtr", "mlabeledtr")]
        return _table([[_mathml(cell, depth + 1) for cell in row if _name(cell) == "mtd"] for row in rows])
    if name == "mfenced":
        inside = ", ".join(part.strip() for part in parts)
        return f"{element.get('open', '(')}{inside}{element.get('close', ')')}"
    if name == "msqrt":
        return _root("", "".join(parts))
    build = _MATHML.get(name)
    if build is not None and len(parts) >= 2:
        return build(*([*parts, ""])[:3])
    return "".join(parts)


_MATHML: dict[str, Callable[[str, str, str], str]] = {
    "mfrac": lambda over, under, _: _fraction(over, under),
    "msup": lambda base, above, _: _scripts(base, "", above),
    "msub": lambda base, below, _: _scripts(base, below, ""),
    "msubsup": lambda base, below, above: _scripts(base, below, above),
    "munder": lambda base, below, _: _scripts(base, below, ""),
    "mover": lambda base, above, _: _accented(base, above) if above.strip() in _ACCENTS else _scripts(base, "", above),
    "munderover": lambda base, below, above: _scripts(base, below, above),
    "mroot": lambda inside, degree, _: _root(degree, inside),
}
