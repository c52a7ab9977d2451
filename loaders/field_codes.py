"""Fields of Word that keep no result: what they show stands in their code (EQ, SYMBOL, MACROBUTTON) or is counted.

The codes are those of ECMA-376 part 1, 17.16.5; EQ, which drew equations and reading aids before Word had either, is
documented by Microsoft only.
"""

from __future__ import annotations

import re
from collections import Counter

from loaders.symbol_fonts import sign

_NAME = re.compile(r"\s*(\w+)\s*")
_DEPTH = 20
_BUTTON = re.compile(r"\s*\S+\s+(.*)", re.DOTALL)
_FONT = re.compile(r'\\f\s+"?([^"\\]+)"?', re.IGNORECASE)
_OPTION = re.compile(r"\s*\\(?:[lrb]c\\.|[a-z]{2,3}\s?\d*)\s*", re.IGNORECASE)
_FORMULA = re.compile(r"\\([a-z])", re.IGNORECASE)
_SWITCH = re.compile(r"\\\*\s*\w+\s*")


class FieldCodes:
    """Shows fields without a result; those that number paragraphs count as the document is read."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def shown(self, code: str) -> str:
        """What a field with this code shows when the file keeps no result of it, "" for those that show nothing."""
        match = _NAME.match(code)
        if match is None:
            return ""
        name, rest = match[1].upper(), code[match.end() :]
        if name == "EQ":
            return " ".join(_equation(_SWITCH.sub("", rest), 0).split())
        if name in ("MACROBUTTON", "GOTOBUTTON"):
            button = _BUTTON.match(rest)
            return " ".join(button[1].split()) if button else ""
        if name == "SYMBOL":
            return _symbol(rest)
        if name in ("AUTONUM", "AUTONUMLGL", "AUTONUMOUT"):
            self._counts[name] += 1
            return f"{self._counts[name]}."
        if name == "LISTNUM":
            self._counts[name] += 1
            return f"{self._counts[name]})"
        return ""


def _symbol(rest: str) -> str:
    said = rest.split(maxsplit=1)
    number = said[0].strip('"') if said else ""
    try:
        code = int(number, 16) if number.lower().startswith("0x") else int(number)
    except ValueError:
        return number[:1]
    font = _FONT.search(rest)
    if font is None or "\\u" in rest.lower():
        return bytes([code]).decode("cp1252", "replace") if code < 256 and "\\u" not in rest.lower() else _letter(code)
    return sign(font[1].strip(), code)


def _letter(code: int) -> str:
    return chr(code) if 32 <= code < 0xD800 or 0xE000 <= code < 0x110000 else ""


def _equation(text: str, depth: int) -> str:
    """The text of an EQ field on one line: fractions with a bar, roots with their sign, reading aids left out."""
    if depth > _DEPTH:
        return text
    shown, place = "", 0
    while place < len(text):
        match = _FORMULA.match(text, place)
        if match is None or not text[match.end() : match.end() + 1] or text[match.end()].isalnum():
            shown += text[place + 1 : place + 2] if text[place] == "\\" else text[place]
            place += 2 if text[place] == "\\" else 1
            continue
        kind, place = match[1].lower(), match.end()
        raised = ""
        while option := _OPTION.match(text, place):
            raised = raised or option[0].strip(" \\")[:2].lower()
            place = option.end()
        while place < len(text) and text[place] == " ":
            place += 1
        if text[place : place + 1] != "(":
            continue
        end = _closing(text, place)
        parts = [_equation(part, depth + 1) for part in _arguments(text[place + 1 : end])]
        shown += _put(kind, raised, parts)
        place = end + 1
    return shown


def _closing(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        if text[place] in "()" and text[place - 1] != "\\":
            depth += 1 if text[place] == "(" else -1
            if depth == 0:
                return place
    return len(text)


def _arguments(text: str) -> list[str]:
    """The arguments of an EQ function: parted by commas, or by semicolons where the comma is the decimal sign."""
    separator = ";" if ";" in text else ","
    parts, depth = [""], 0
    for place, char in enumerate(text):
        escaped = place > 0 and text[place - 1] == "\\"
        depth += (char == "(" and not escaped) - (char == ")" and not escaped)
        if char == separator and depth == 0 and not escaped:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _put(kind: str, raised: str, parts: list[str]) -> str:
    if kind == "f" and len(parts) == 2:
        return "/".join(part if part.isalnum() else f"({part})" for part in parts)
    if kind == "r":
        return f"√({parts[-1]})" if len(parts) < 2 or not parts[0] else f"{parts[0]}√({parts[-1]})"
    if kind == "s" and raised in ("up", "do"):
        sign_of = "^" if raised == "up" else "_"
        return "".join(f"{sign_of}{part}" for part in parts if part)
    if kind == "o":
        # Signs over each other: a reading aid above a word is raised, and the word stands last.
        plain = [part for part in parts if part and part[0] not in "^_"]
        return plain[-1] if len(plain) < len(parts) and plain else "".join(plain)
    if kind == "b":
        return f"({parts[0]})" if parts else ""
    if kind == "i":
        low, high, body = [*parts, "", "", ""][:3]
        return f"∫_({low})^({high}) {body}" if low or high else f"∫ {body}"
    if kind == "d":
        return " "
    return ", ".join(part for part in parts if part)
