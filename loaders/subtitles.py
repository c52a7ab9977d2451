"""Subtitles (srt, vtt, ass, sbv, ttml, lrc): cues are joined into sentences, each with the time at which it begins."""

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

VERSION = 3

_TIMES = re.compile(
    r"^\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})(?:\s.*)?$"
)
_LRC_LINE = re.compile(r"^((?:\[\d{1,3}:\d{2}(?:[.:]\d{1,3})?\])+)(.*)$")
_LRC_TIME = re.compile(r"\[(\d{1,3}):(\d{2})(?:[.:](\d{1,3}))?\]")
_CLOCK_TIME = re.compile(r"^(?:(?:(\d+):)?(\d+):)?(\d+)(?:[.,:](\d+))?$")
_OFFSET = re.compile(r"^(\d+(?:\.\d+)?)(h|m|s|ms|f|t)$")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^}]*\}|</?>")
_DRAWN = re.compile(r"\{[^}]*\\p[1-9][^}]*\}.*?(?:\{[^}]*\\p0[^}]*\}|$)")
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
    content = text.read_text(path)
    cues, left_out = _READERS.get(path.suffix.lower(), _cues)(content)
    if not cues:
        return text.load(path)
    builder = PageBuilder(1, None, limits.TextBudget())
    for start, sentence in _sentences(cues):
        builder.paragraph(f"[{_clock(start)}] {sentence}")
    noted = {"cues": str(len(cues)), "lasts": _clock(max(cue.end for cue in cues))}
    if left_out:
        noted["left_out"] = f"not read: {left_out} block{'s' * (left_out != 1)} of notes or styles"
    return Document("", (builder.page(),), LOADER.name, VERSION, noted)


def _of_ass(content: str) -> tuple[list[_Cue], int]:
    """SubStation Alpha: a line a cue, its fields named by a line `Format:` above; comments and drawings are none."""
    names: list[str] = []
    cues: list[_Cue] = []
    left_out = 0
    for line in content.split("\n"):
        kind, _, rest = line.partition(":")
        if kind == "Format":
            names = [name.strip().lower() for name in rest.split(",")]
        elif kind == "Comment":
            left_out += 1
        elif kind == "Dialogue" and "text" in names:
            held = dict(zip(names, rest.split(",", len(names) - 1)))
            said = _DRAWN.sub("", held.get("text", ""))
            if not re.sub(r"\{[^}]*\}", "", said).strip() and said != held.get("text", ""):
                left_out += 1
                continue
            lines = re.split(r"\\[Nn]", re.sub(r"\{[^}]*\}", "", said).replace("\\h", " "))
            spoken = tuple(filter(None, (" ".join(one.split()) for one in lines)))
            start, end = _moment(held.get("start", "")), _moment(held.get("end", ""))
            if spoken and start is not None:
                cues.append(_Cue(start, start if end is None else end, held.get("name", "").strip(), spoken))
    return sorted(cues, key=lambda cue: cue.start), left_out


def _of_sbv(content: str) -> tuple[list[_Cue], int]:
    """YouTube's captions: `0:00:01.000,0:00:03.000` above the lines of a cue."""
    times = re.sub(r"(?m)^(\d+:\d{2}:\d{2}\.\d{1,3}),(\d+:\d{2}:\d{2}\.\d{1,3})[ \t]*$", r"\1 --> \2", content)
    return _cues(times)


def _of_lrc(content: str) -> tuple[list[_Cue], int]:
    """Lyrics: each line after the time, or times, at which it is sung."""
    sung = []
    left_out = 0
    for line in content.split("\n"):
        if match := _LRC_LINE.match(line.strip()):
            said = " ".join(re.sub(r"<[\d:.]+>", "", match[2]).split())
            sung += [(_seconds(None, *time.groups(default="0")), said) for time in _LRC_TIME.finditer(match[1])]
        else:
            left_out += bool(line.strip())
    sung.sort(key=lambda line: line[0])
    ends = [start for start, _ in sung[1:]] + [sung[-1][0]] if sung else []
    return [_Cue(start, end, "", (said,)) for (start, said), end in zip(sung, ends) if said], left_out


def _of_ttml(content: str) -> tuple[list[_Cue], int]:
    """Timed Text (W3C TTML, DFXP): paragraphs with the times at which they begin and end."""
    import lxml.etree

    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, recover=True)
    root = lxml.etree.fromstring(content.encode(), parser)
    cues: list[_Cue] = []
    names = {
        one.get("{http://www.w3.org/XML/1998/namespace}id"): " ".join("".join(one.itertext()).split())
        for one in (root.iter("{*}agent") if root is not None else ())
    }
    for paragraph in root.iter("{*}p") if root is not None else ():
        start, end, lasts = (_moment(paragraph.get(name) or "") for name in ("begin", "end", "dur"))
        if start is None:
            continue
        for one in paragraph.iter("{*}br"):
            one.tail = "\n" + (one.tail or "")
        lines = (" ".join(line.split()) for line in "".join(paragraph.itertext()).split("\n"))
        agent = next((value for key, value in paragraph.attrib.items() if key.endswith("agent")), "")
        spoken = tuple(filter(None, lines))
        if spoken:
            cues.append(_Cue(start, start + (lasts or 0.0) if end is None else end, names.get(agent, ""), spoken))
    return cues, 0


def _moment(text: str) -> float | None:
    """A time in seconds: `1:02:03.5`, `62.5s`; None for what is none. Frames count as twenty-five a second."""
    if offset := _OFFSET.match(text.strip()):
        scale = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "f": 0.04, "t": 1e-7}[offset[2]]
        return float(offset[1]) * scale
    clock = _CLOCK_TIME.match(text.strip())
    if clock is None:
        return None
    hours, minutes, seconds, fraction = clock.groups()
    return _seconds(hours, minutes or "0", seconds, (fraction or "0")[:3])


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


_READERS = {
    ".ass": _of_ass, ".ssa": _of_ass, ".sbv": _of_sbv, ".lrc": _of_lrc, ".ttml": _of_ttml, ".dfxp": _of_ttml,
}  # fmt: skip


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


LOADER = Loader(name="subtitles", version=VERSION, suffixes=(".srt", ".vtt", *_READERS), load=load)
