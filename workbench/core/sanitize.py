"""Makes text from documents, models and file names harmless to a terminal.

Escape sequences and control characters are removed, and the invisible signs that turn the direction of text (with which
a line can read other than it is) are made visible. Markup is not this module's business: displays must not parse any.
"""

from __future__ import annotations

import json
import re

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, modes
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, PM: titles, links
    r"|\x1b[ -/]*[0-~]?"  # everything else that starts with escape
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufff9-\ufffb]|[\U000e0000-\U000e007f]")
_TURNERS = re.compile("[\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\U0001d173-\U0001d17a]")
_UNSAFE = re.compile(f"{_CONTROLS.pattern}|{_TURNERS.pattern}|[\u2028\u2029]|[\ud800-\udfff]")
_LONGEST_NAME_CHARS = 200
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def sanitize(text: str, *, tab_cells: int = 4) -> str:
    """`text` without escapes and controls; line breaks stay, tabs become spaces, direction marks become ⟨U+202E⟩."""
    if text.isascii() and text.isprintable():
        return text
    text = _BREAKS.sub("\n", text)
    text = _ESCAPES.sub("", text)
    text = text.expandtabs(tab_cells)
    text = _CONTROLS.sub("", text)
    text = _TURNERS.sub(lambda match: f"⟨U+{ord(match.group()):04X}⟩", text)
    return paired(text)


def paired(text: str) -> str:
    """`text` as valid Unicode: halves of surrogate pairs joined; one that is alone shows as U+FFFD, as nothing can write it."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def readable(text: str) -> str:
    """What the system gave, as valid Unicode: bytes that are not UTF-8 (in names of files, in arguments) show as U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not text.isascii() else text


def json_text(value: object) -> str:
    """JSON of a value on one line, with everything that a terminal could take for more than text as \\u escapes."""
    return _UNSAFE.sub(_escaped, json.dumps(value, ensure_ascii=False))


def harmless(line: str) -> str:
    """A line that another process printed: JSON keeps its meaning, with what is not harmless escaped; other text is cleaned."""
    if line.startswith(("{", "[")):
        try:
            json.loads(line)
        except ValueError:
            return sanitize(line)
        return _UNSAFE.sub(_escaped, line)
    return sanitize(line)


def _escaped(match: re.Match[str]) -> str:
    """A character as JSON writes it in ASCII; json.dumps leaves DEL as it is."""
    return "\\u007f" if match.group() == "\x7f" else json.dumps(match.group())[1:-1]


def unbroken(text: str) -> str:
    """`text` cleaned, with spaces for its line breaks and all other spacing kept: for a line that holds names of others."""
    return sanitize(text).replace("\n", " ")


def as_name(text: str) -> str:
    """A name made of what somebody else called something: one line of printable characters, "" when nothing is left."""
    return one_line("".join(sign if _fits_a_name(sign) else " " for sign in sanitize(text)), _LONGEST_NAME_CHARS)


def is_name(text: str) -> bool:
    """Whether `text` can be a name as it is: it says something, and stands on one line of printable characters."""
    return bool(text.strip()) and len(text) <= _LONGEST_NAME_CHARS and all(map(_fits_a_name, text.strip()))


def as_file_stem(text: str, otherwise: str) -> str:
    """A plain name of a file, without its ending, made of any text: letters, digits and -_. alone; `otherwise` when nothing is left."""
    return "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in text).strip("-.") or otherwise


def _fits_a_name(sign: str) -> bool:
    return sign.isprintable() or sign in "\u200c\u200d"  # Persian and Indian words are written with these joiners


def one_line(text: str, limit_chars: int = 2_000) -> str:
    """`text` cleaned and put on one line, runs of white space closed up, cut at `limit_chars` with an ellipsis."""
    text = " ".join(sanitize(text[: limit_chars * 4]).split())
    return text if len(text) <= limit_chars else text[: limit_chars - 1] + "…"
