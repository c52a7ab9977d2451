"""Splits passages into sentences, stems, names and identifiers, without a language model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from workbench.core.text_cache import text_cache
from workbench.models.extractive.languages import FUNCTION_WORDS, SAME_WORD
from workbench.text.analyzer import normalise
from workbench.text.dates import dates, days, is_month
from workbench.text.stemming import fold_accents, snowball

SENTENCE_CHARS = 420
"""A longer run of text is cut at a clause end: a quote should be read at a glance and fit a note."""

_WORD = re.compile(r"[^\W_]+(?:['’.\-/][^\W_]+)*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr st sr jr prof rev hon capt lt col gen sgt no nos vol fig pp vs etc ca cf op ed inc ltd co corp dept est approx".split()
)
_END = re.compile(r"([.!?…]+|[。！？]+)([\"'”’)\]」』）》]*)(\s+|(?<=[。！？])|(?<=[。！？][」』）》”’])|$)")
_LEADER_DOTS = 4
"""So many dots in a row lead the eye to a price or a page number; they end no sentence."""
_ROW = re.compile(r"^\s*(?:[-*•+]\s|\||#{1,6}\s|\d{1,3}[.)]\s|(?:[ivxlc]{1,7}|[a-z])[.)]\s|(?:\[[ x]\]|[☐☒☑✓])\s)")
_IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:[-_./:#][A-Za-z0-9]+)*")
_YEARLIKE = re.compile(r"^[A-Za-z]{0,3}[-']?(?:1[0-9]|20)\d\d(?:[-/]\d{1,4})*s?$")
_MEASURE = re.compile(r"^\d[\d.,:/-]*(?:st|nd|rd|th|s|[a-z]{1,3})?$", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """The sentences of `text` in order, each verbatim but for its line breaks, which become single spaces."""
    return [sentence for block in blocks(text) for sentence in block]


def blocks(text: str) -> list[list[str]]:
    """The sentences of `text`, those of a paragraph, list item, row or heading together."""
    return [[piece for sentence in _split(block) for piece in _cut(sentence)] for block in _blocks(text)]


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs, and headings and the rows of lists, tables and records one by one: a row says something by itself."""
    full = max((len(line) for line in text.splitlines()), default=0)
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        rows = len(lines) > 1 and _are_rows(lines)
        held: list[str] = []
        for at, line in enumerate(lines):
            record = _is_record(line)
            if held and (
                record or _ROW.match(line) or opens_entry(line) or _quote_depth(line) != _quote_depth(held[-1])
            ):
                yield " ".join(held)
                held = []
            held.append(line)
            following = lines[at + 1] if at + 1 < len(lines) else ""
            if rows or record or line.startswith(("#", "|")) or _stops_short(line, following, full):
                yield " ".join(held)
                held = []
        if held:
            yield " ".join(held)


def _is_record(line: str) -> bool:
    """Whether a line is a record as tables of data are written: "name: Curlew | class: single | berth: B1"."""
    cells = line.split(" | ")
    return len(cells) > 1 and sum(": " in cell for cell in cells) >= len(cells) - 1


def opens_entry(line: str) -> str:
    """The date that opens a line, as in a log or a diary, as it is written; "" where none does.

    A passage may hold its paragraphs on lines of their own, with nothing between them.
    """
    bare = line.lstrip("*_# ")
    if not (bare[:1].isdigit() or bare[:1].isupper()) or not _YEAR_NEAR.search(bare[:_ENTRY_CHARS]):
        bold = _BOLD_ENTRY.match(line)
        return bold.group(1) if bold and any(map(str.isdigit, bold.group(1))) else ""
    return next((written for written, _ in days(bare[:_ENTRY_CHARS]) if bare.startswith(written)), "")


_ENTRY_CHARS = 40
_YEAR_NEAR = re.compile(r"\d{4}")
_BOLD_ENTRY = re.compile(r"^[*_]{2}([^*_]{3,40}?)[.,:]?[*_]{2}")


def _quote_depth(line: str) -> int:
    """How deep a line of a mail is quoted: "> > said" is 2."""
    return line[: len(line) - len(line.lstrip("> "))].count(">")


def _are_rows(lines: list[str]) -> bool:
    """Whether lines are records and not wrapped prose: most start anew and do not end in the middle of a sentence."""
    starts = sum(not line[0].islower() for line in lines[1:])
    open_ends = sum(line[-1] in ",;-–" or line.split()[-1].lower() in FUNCTION_WORDS for line in lines[:-1])
    inner_stops = sum(bool(re.search(r"[a-z]{2}\.\s+[A-Z]", line)) for line in lines)
    return starts >= 0.75 * (len(lines) - 1) and open_ends <= 0.2 * len(lines) and inner_stops <= 0.2 * len(lines)


def _stops_short(line: str, following: str, full_chars: int) -> bool:
    """Whether a line ends where wrapped prose would have gone on: a heading, or the row of a table."""
    if not following or following[0].islower() or len(line) > 0.8 * full_chars:
        return False
    return line[-1] not in ",;-–(" and line.split()[-1].lower() not in FUNCTION_WORDS


CJK_HEADING_CHARS = 12
"""A line of Chinese or Japanese that is longer says something."""


def is_heading(sentence: str) -> bool:
    """Whether a line only names what follows: short, without an end mark and a figure, most of it capitalised."""
    bare = sentence.strip("*_# ")
    if _is_labelled(bare):
        return False
    if _CJK.search(bare):
        return (
            len(bare) <= CJK_HEADING_CHARS and bare[-1] not in "。！？；，：、" and not any(c.isdigit() for c in bare)
        )
    parts = bare.split()
    if not parts or bare[-1] in ".!?;,\"'”" or any(c.isdigit() for c in bare) or len(parts) > 9:
        return len(parts) < 2
    telling = [part for part in parts if part.lower() not in FUNCTION_WORDS and part[0].isalpha()]
    return len(parts) < 3 or sum(part[0].isupper() for part in telling) >= 0.7 * len(telling)


def _is_labelled(line: str) -> bool:
    """Whether a line says what it names: "Name of the tenant: Ida Holm". The words of a title before a colon are capitals."""
    label, colon, value = line.partition(": ")
    words_of_label = [word for word in label.split() if word.lower() not in FUNCTION_WORDS]
    return bool(colon and value.strip()) and (
        len(words_of_label) == 1 or not all(word[0].isupper() for word in words_of_label)
    )


def _split(block: str) -> Iterator[str]:
    """Cut a paragraph at sentence ends, not after abbreviations, initials or before a lower-case word."""
    if block.startswith("|"):
        yield block
        return
    start = 0
    for match in _END.finditer(block):
        end = match.end(2)
        rest = block[match.end() :]
        last = re.search(r"([^\W_]+)$", block[start : match.start()])
        word = last.group(1) if last else ""
        single = match.group(1) == "."
        if single and (word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper())) and rest:
            continue
        if rest and (rest[0].islower() or rest[0] in ".…·"):
            continue
        if single and rest and _LABEL.fullmatch(block, start, match.start()):
            continue
        if len(match.group(1)) >= _LEADER_DOTS and rest:
            continue
        if single and rest and word.isdigit() and len(word) <= 2 and _is_ordinal(block[start : match.start()], rest):
            continue
        if piece := block[start:end].strip():
            yield piece
        start = match.end()
    if piece := block[start:].strip():
        yield piece


def _is_ordinal(before: str, after: str) -> bool:
    """Whether a number with a stop is an ordinal: "zum 30. September", "der 2. Weltkrieg", not "It cost 30. The keeper paid"."""
    return is_month(after.split(maxsplit=1)[0].strip(".,;:)")) or bool(_BEFORE_ORDINAL.search(before))


_LABEL = re.compile(r"\s*(?:[ivxlc]{1,7}|[a-z])")
"""The Roman number or letter of a list item is no sentence."""

_BEFORE_ORDINAL = re.compile(
    r"\b(?:am|an dem|zum|zur|vom|beim|der|die|das|den|dem|des|im|jede[nrs]?|unser\w*|dieses?|diese[rn]|seine[mnrs]?|ihre[mnrs]?) \d{1,2}$",
    re.IGNORECASE,
)
"""The German words before an ordinal: what follows it is a noun, and has a capital too."""


def _cut(sentence: str) -> Iterator[str]:
    while len(sentence) > SENTENCE_CHARS:
        head = sentence[: SENTENCE_CHARS - 60]
        at = max(head.rfind("; "), head.rfind(": "), head.rfind(" | "))
        if at < SENTENCE_CHARS // 3:
            at = max(head.rfind(", "), at)
        if at < SENTENCE_CHARS // 3:
            at = head.rfind(" ")
        at = at if at > 0 else len(head) - 1
        yield sentence[: at + 1].strip()
        sentence = sentence[at + 1 :].strip()
    if sentence:
        yield sentence


def words(text: str) -> list[str]:
    """The words of `text`; a run of Chinese or Japanese counts as its pairs of characters."""
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group()
        if _CJK.search(word) and len(word) > 2:
            found.extend(word[at : at + 2] for at in range(len(word) - 1))
        else:
            found.append(re.sub(r"['’]s$", "", word))
    return found


@text_cache(65_536)
def stem(word: str) -> str:
    """The stem by which two forms of a word are the same."""
    lowered = word.lower().replace("’", "'")
    lowered = SAME_WORD.get(lowered, lowered)
    if not lowered.isalpha():
        return lowered
    return snowball("english", lowered)


@text_cache(16_384)
def stems(text: str) -> frozenset[str]:
    """The stems of the content words of `text`; hyphenated words also by their parts, dates also in ISO form."""
    found: set[str] = set()
    for word in words(text):
        parts = [word, *re.split(r"[-/]", word)] if "-" in word or "/" in word else [word]
        found.update(stem(part) for part in parts if part and part.lower() not in FUNCTION_WORDS)
    found.update(dates(fold_accents(normalise(text))))
    return frozenset(found)


@text_cache(65_536)
def rarity(word: str) -> float:
    """How much a word tells, 0.1 to 1: from its rank in the tokenizer's vocabulary, which is ordered by frequency."""
    from workbench.core.tokens import encoding

    if word.isdigit():
        return 0.9 if len(word) >= 3 else 0.5
    codes = encoding("o200k_base").encode_ordinary(" " + word.lower())
    if len(codes) > 1:
        return 1.0
    return min(1.0, max(0.1, math.log(max(codes[0], 1) / 400) / math.log(200_000 / 400)))


def is_identifier(token: str) -> bool:
    """Whether a token names one thing by a code (a UUID, a part number), not a year, a date or a measure."""
    if len(token) < 4 or not any(c.isdigit() for c in token):
        return False
    if token.isdigit():
        return len(token) >= 6
    if _YEARLIKE.match(token) or _MEASURE.match(token):
        return False
    letters, digits = sum(c.isalpha() for c in token), sum(c.isdigit() for c in token)
    return letters >= 1 and digits >= 2 and (len(token) >= 6 or "-" in token)


def identifiers(text: str) -> list[str]:
    """The identifiers of `text` in order, each once."""
    return list(dict.fromkeys(token for token in _IDENTIFIER.findall(text) if is_identifier(token)))
