"""Subtitles (srt, vtt): cues are joined into sentences, each with the time at which it begins."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loaders import limits, text
from loaders.blocks import PageBuilder
from loaders.document import Document
from loaders.registry import Loader

VERSION = 1

_TIMES = re.compile(
    r"^\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})(?:\s.*)?$"
)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^}]*\}|</?>")
_ENDS_SENTENCE = re.compile(r"""[.!?…。！？؟।]["'”’»)\]♪]*$""")
_NEW_SPEAKER = re.compile(r"^(?:[-–—]\s*\S|>>|\[|♪)|^[A-ZÀ-Þ][\w .'-]{0,30}:\s")
_LEFT_OUT_BLOCKS = ("NOTE", "STYLE", "REGION")

_PAUSE_SECONDS = 3.0
"""After so long a silence a new paragraph begins, though no sentence has ended."""

_PARAGRAPH_CHARS = 400
"""A paragraph without the end of a sentence is cut after this many characters: automatic captions have no full stops."""


@dataclass(frozen=True)
class _Cue:
    """What is shown from `start` to `end`, in seconds. `voice` is who speaks, where the file says so."""

    start: float
    end: float
    voice: str
    lines: tuple[str, ...]


def load(path: Path) -> Document:
    """The subtitles at `path` as one page of sentences; a file without cues is read as plain text. Raises LoadError."""
    cues, left_out = _cues(text.read_text(path))
    if not cues:
        return text.load(path)
    builder = PageBuilder(1, None, limits.TextBudget())
    for start, sentence in _sentences(cues):
        builder.paragraph(f"[{_clock(start)}] {sentence}")
    noted = {"cues": str(len(cues)), "lasts": _clock(max(cue.end for cue in cues))}
    if left_out:
        noted["left_out"] = f"{left_out} block{'s' * (left_out != 1)} of notes or styles"
    return Document("", (builder.page(),), LOADER.name, VERSION, noted)


def _cues(content: str) -> tuple[list[_Cue], int]:
    """The cues in their order, and how many blocks were none."""
    cues: list[_Cue] = []
    left_out = 0
    for block in re.split(r"\n[ \t]*\n+", content):
        lines = block.split("\n")
        place = next((place for place, line in enumerate(lines) if _TIMES.match(line)), None)
        if place is None:
            left_out += block.lstrip().startswith(_LEFT_OUT_BLOCKS)
            continue
        while place is not None:
            # Some files have no blank line between their cues: the next times end this cue, and its number with it.
            later = next((n for n in range(place + 1, len(lines)) if _TIMES.match(lines[n])), None)
            stop = len(lines) if later is None else later - (lines[later - 1].strip().isdigit() and later - 1 > place)
            if cue := _cue(lines[place], lines[place + 1 : stop]):
                cues.append(cue)
            place = later
    return cues, left_out


def _cue(times: str, lines: list[str]) -> _Cue | None:
    match = _TIMES.match(times)
    assert match is not None
    voice = next((found[1].strip() for line in lines if (found := _VOICE.search(line))), "")
    shown = [" ".join(html.unescape(_TAG.sub("", line)).split()) for line in lines]
    spoken = tuple(line for line in shown if line)
    return _Cue(_seconds(*match.groups()[:4]), _seconds(*match.groups()[4:]), voice, spoken) if spoken else None


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _sentences(cues: list[_Cue]) -> Iterator[tuple[float, str]]:
    """What is said, in sentences and with the second it begins at."""
    spoken: list[str] = []
    began = ended = 0.0
    voice, before = "", tuple[str, ...]()
    for cue in cues:
        lines = [line for line in cue.lines if line not in before]  # captions that roll up show every line twice
        before = cue.lines
        if not lines:
            ended = max(ended, cue.end)
            continue
        said = " ".join(spoken)
        apart = cue.start - ended > _PAUSE_SECONDS or cue.voice != voice or _NEW_SPEAKER.match(lines[0])
        if spoken and (apart or _ENDS_SENTENCE.search(said) or len(said) > _PARAGRAPH_CHARS):
            yield began, _attributed(voice, said)
            spoken = []
        if not spoken:
            began, voice = cue.start, cue.voice
        for line in lines:
            if spoken and re.match(r"[-–—]\s*\S", line):
                yield began, _attributed(voice, " ".join(spoken))
                spoken = []
            spoken.append(line)
        ended = cue.end
    if spoken:
        yield began, _attributed(voice, " ".join(spoken))


def _attributed(voice: str, said: str) -> str:
    return f"{voice}: {said}" if voice else said


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


LOADER = Loader(name="subtitles", version=VERSION, suffixes=(".srt", ".vtt"), load=load)
