"""Signs of fonts that have no letters (Symbol, Wingdings), by their place in the font.

A text in such a font has letters or private characters (U+F0A8) where its reader sees a tick box or a Greek letter.
"""

from __future__ import annotations

_SIGNS: dict[str, dict[int, str]] = {
    "wingdings": {0xA8: "☐", 0x6F: "☐", 0x71: "☐", 0xFE: "☒", 0xFD: "☒", 0x78: "☒", 0xFC: "✓", 0xFB: "✗", 0xE0: "→", 0xDF: "←",
                  0xA7: "▪", 0x6C: "●", 0x6E: "■", 0x4A: "☺", 0x4C: "☹", 0xF0: "⇨", 0xD8: "➢", 0x76: "❖", 0xE1: "↑", 0xE2: "↓",
                  0x28: "☎", 0x2A: "✉", 0xAB: "★", 0x46: "☞", 0x9F: "•", 0xA1: "○", 0x20: " "},
    "wingdings 2": {0x50: "✓", 0x4F: "✗", 0x52: "☑", 0x54: "☒", 0xA3: "☐", 0x20: " "},
    "symbol": dict(zip(
        [*range(0x41, 0x5B), *range(0x61, 0x7B), 0xB3, 0xA3, 0xB9, 0xB1, 0xB4, 0xB8, 0xA5, 0xB0, 0xAE, 0xAC, 0xDE, 0xD7, 0xB7],
        [*"ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖαβχδεφγηιϕκλμνοπθρστυϖωξψζ≥≤≠±×÷∞°→←⇒⋅•"], strict=True,
    )) | {0xE5: "∑", 0xF2: "∫", 0xD6: "√", 0xB6: "∂", 0xBB: "≈", 0xBA: "≡", 0xCE: "∈", 0xA2: "′", 0xB2: "″", 0xBC: "…",
          0xD1: "∇", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪", 0xA0: "€", 0xE2: "®", 0xE3: "©", 0xE4: "™", 0xD2: "®", 0xD3: "©",
          0xD4: "™", 0xAB: "↔", 0xAD: "↑", 0xAF: "↓"} | {code: chr(code) for code in range(0x20, 0x40)},
}  # fmt: skip
_LETTERLESS = ("wingdings", "webdings", "symbol")
_PRIVATE = 0xF000


def has_no_letters(font: str) -> bool:
    """Whether a font draws signs where other fonts have letters."""
    return font.lower().startswith(_LETTERLESS)


def sign(font: str, code: int) -> str:
    """The sign that a font shows for a code, of the font itself or of the private characters that stand for it.

    A bullet for one that is not known; of a font with letters the letter, "" for a private character.
    """
    place = code - _PRIVATE if _PRIVATE <= code < _PRIVATE + 0x100 else code
    known = _SIGNS.get(font.lower(), {}).get(place)
    if known is not None:
        return known
    if has_no_letters(font):
        return "•"
    return chr(code) if 32 <= code < 0xE000 else ""


def in_signs(text: str, font: str) -> str:
    """A text in such a font as its reader sees it; letters that the font cannot draw come from another one and stay."""
    return "".join(
        char
        if char.isspace() or (ord(char) > 0xFF and not _PRIVATE <= ord(char) < _PRIVATE + 0x100)
        else sign(font, ord(char))
        for char in text
    )
