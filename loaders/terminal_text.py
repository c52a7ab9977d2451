"""Reads text that was made for a terminal or a line printer: overstruck letters, and progress lines that were overwritten."""

from __future__ import annotations

import re

_OVERSTRUCK = re.compile(r"[^\n\x08]\x08")
_CHANGING = re.compile(r"[\d\s.,:%|/\\#=>*\-\[\]()█▉▊▋▌▍▎▏░▒▓⠀-⣿]+|\b(?:[kKMGT]i?)?B(?:/s)?\b|\bETA\b")
_SPELLED = re.compile(r"(?:\^\[|\\(?:x1[bB]|033|e|u001[bB])|␛)(?=\[[\d;?]*[A-Za-z])")
"""The escape character as `cat -v`, shells and programs spell it."""

_BARE = re.compile(r"\[(?:\d{1,3})(?:;\d{1,3})*m")
_PASSES = 8
_PROGRESS = re.compile(r"\d\s?%|\d+\s?/\s?\d+|B/s\b|\bETA\b|[=#>.\-]{4}|[█▉▊▋▌▍▎▏░▒▓]")


def without_overstrikes(text: str) -> str:
    """`text` with every backspace carried out: bold (`W\\bW`) and underlined (`_\\bW`) letters stand once.

    Of two different letters the second stays, as on a screen; an underline never replaces a letter.
    """
    if "\x08" not in text:
        return text
    for _ in range(_PASSES):
        # Some programs strike a letter three or four times, or step back over a whole word.
        text, count = re.subn(r"([^\n\x08])\x08_", r"\1", text)
        text, more = _OVERSTRUCK.subn("", text)
        if not count + more:
            break
    return text.replace("\x08", "")


def with_escapes(text: str) -> str:
    """`text` with escape characters that were spelled out ("^[[31m", "\\033[31m") or lost ("[31m") in their places.

    What then is an escape sequence is taken out with the others. Lost ones are believed where colours end too.
    """
    text = _SPELLED.sub("\x1b", text)
    if "[0m" in text.replace("\x1b[", "") and "\x1b[" not in text:
        text = _BARE.sub(lambda match: f"\x1b{match[0]}", text)
    return text


def without_progress(text: str) -> tuple[str, int]:
    """`text` without the states of a progress line that a later one overwrote, and how many those were.

    A carriage return inside a line begins the line anew. The state before it is dropped only when both show a progress
    (a percentage, a bar, a speed) and say the same otherwise; everything else becomes a line of its own.
    """
    if "\r" not in text:
        return text, 0
    text = text.replace("\r\n", "\n")
    if "\r" not in text or "\n" not in text:
        return text, 0  # old Macintosh files end their lines so
    lines, dropped = [], 0
    for line in text.split("\n"):
        if "\r" not in line:
            lines.append(line)
            continue
        states = [state for state in line.split("\r") if state.strip()]
        kept = [state for state, later in zip(states, [*states[1:], ""]) if not _overwrites(later, state)]
        dropped += len(states) - len(kept)
        lines += kept or [""]
    return "\n".join(lines), dropped


def _overwrites(later: str, state: str) -> bool:
    progress = _PROGRESS.search(later) and _PROGRESS.search(state)
    return bool(progress) and _CHANGING.sub("", later) == _CHANGING.sub("", state)
