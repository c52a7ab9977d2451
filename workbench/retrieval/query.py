"""Parses a search line: words to match by meaning, phrases that must occur, and words that must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import regex

from workbench.core.errors import EmbedderError
from workbench.embedding.minilm import known_words
from workbench.text.analyzer import QUANTITY, compact, index_terms, is_quantity, normalise
from workbench.text.spelling import corrections

if TYPE_CHECKING:
    from workbench.retrieval.index.snapshot import Words


@dataclass(frozen=True)
class Restriction:
    """`documents` are ids, `pages` a first and a last page of documents, from 1 and both included; None leaves all.

    `words` is the restriction as it stands in the call for the next page: two searches with the same words are the same.
    """

    documents: frozenset[int] | None = None
    pages: tuple[int, int] | None = None
    words: str = ""


NO_RESTRICTION = Restriction()


_QUOTED = regex.compile(r'"([^"]+)"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|「([^」]+)」|『([^』]+)』')
_EXCLUDED = regex.compile(r"(?<!\S)-(\p{L}[\p{L}\p{M}\p{N}]*)(?!\S)")
_EXCLUDED_QUOTE = regex.compile(r'(?<!\S)-(?:"([^"]+)"|“([^”]+)”|«([^»]+)»|「([^」]+)」)')
_EXCLUDED_IDENTIFIER = regex.compile(r"(?<!\S)-(?=\S*\p{L})(\S+)(?!\S)")
_UUID = r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}"
_CLAUSE = r"§{1,2}\s?\d+(?:\.\d+)*(?:\([a-z0-9]{1,4}\))*"
_DIGITS = r"\+?\d[\d\s,()/.-]{3,}\d|\d{5,}"
_PART = r"(?=[^\s]*\d)(?:[\p{L}\p{N}]+[-_/.:#@])+[\p{L}\p{N}]+"
_ADDRESS = r"[^\s@]+@[^\s@]+\.\p{L}{2,}|https?://\S+"
_MIXED = r"(?=\S*\d)(?=\S*\p{L})[\p{L}\p{N}]{4,}"
_IDENTIFIER = regex.compile(rf"(?:{_UUID}|{_CLAUSE}|{_DIGITS}|{_PART}|{_MIXED}|{_ADDRESS})", regex.IGNORECASE)
_QUESTION_END = ("?", "？", "؟")
_SENTENCE_WORDS = 8
_TELLING = regex.compile(r"[\p{L}\p{N}]|[\p{S}--\p{ASCII}]", regex.V1)


@dataclass(frozen=True)
class Query:
    """`words` are searched by meaning; `phrases` must match and `excluded` words must not; `boosted` phrases and
    identifiers put the passages that contain them first, and exclude none. `compact` is an identifier apart from its
    separators, for when it stands nowhere as it was typed."""

    words: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    boosted: tuple[str, ...] = ()
    compact: str = ""

    @property
    def exact(self) -> bool:
        """Whether nothing but exact text matches can answer it."""
        return not self.words and bool(self.phrases)

    def is_otherwise_written_in(self, text: str) -> bool:
        """Whether the identifier stands in a text, whatever its separators: AX4410B for AX-4410/B."""
        return bool(self.compact) and self.compact in index_terms(text)


def parse_query(line: str) -> Query:
    """Read a search line. An identifier alone, or quoted phrases alone, make an exact query.

    Inside a sentence (a question, or eight words and more beside the quotes) quotation marks are the writer's own, as
    in a title: such phrases lift a passage and exclude none.
    """
    line = " ".join(line.split())
    if is_identifier(line):
        return Query("", phrases=(line,), compact=compact(line))
    line, unwanted = _without_excluded(line)
    phrases = tuple(phrase for groups in _QUOTED.findall(line) if (phrase := "".join(groups).strip()))
    rest = _QUOTED.sub(" ", line)
    excluded = (*unwanted, *_EXCLUDED.findall(rest))
    words = " ".join(_EXCLUDED.sub(" ", rest).split())
    if not words.strip(" .,;:!?") and not phrases:
        return Query(line, (), excluded)
    if phrases and words and _is_sentence(words):
        return Query(" ".join(_EXCLUDED.sub(" ", line).split()), (), excluded, phrases + _identifiers(words))
    if not _TELLING.search(words):
        words = ""
    return Query(words, phrases, excluded, _identifiers(words) + _quantities(words))


def misspelt(line: str, archive: Words) -> dict[str, str]:
    """The words of a search line that stand nowhere in an archive, each with the word it has that this one is a slip of.

    What is quoted, an identifier or what is excluded is taken as it is typed, and so is the whole line with it.
    """
    asked = parse_query(line)
    if not asked.words or asked.phrases or asked.excluded or _QUOTED.search(line):
        return {}
    return corrections(asked.words, archive.frequencies, _is_word)


def _is_word(word: str) -> bool:
    """Whether a word is a common one; without the model that knows them every word may be, and none is read as another."""
    try:
        return word in known_words()
    except EmbedderError:
        return True


def _without_excluded(line: str) -> tuple[str, tuple[str, ...]]:
    """The line without what it excludes by -"phrase" or -identifier, and that."""
    excluded = [phrase for groups in _EXCLUDED_QUOTE.findall(line) if (phrase := "".join(groups).strip())]
    rest = _EXCLUDED_QUOTE.sub(" ", line)
    # Quoted text is taken as it is: what looks excluded inside it is not.
    quoted = [match.span() for match in _QUOTED.finditer(rest)]

    def drop(match: regex.Match[str]) -> str:
        if not is_identifier(match[1]) or any(start < match.start() < end for start, end in quoted):
            return str(match[0])
        excluded.append(match[1])
        return " "

    return " ".join(_EXCLUDED_IDENTIFIER.sub(drop, rest).split()), tuple(excluded)


def _identifiers(words: str) -> tuple[str, ...]:
    return tuple(word for part in words.split() if is_identifier(word := part.strip(".,;:!?()[]\"'")))


def _quantities(words: str) -> tuple[str, ...]:
    return tuple(match[0] for match in QUANTITY.finditer(normalise(words)))


def is_identifier(text: str) -> bool:
    """Whether a text is one identifier: a UUID, a part number (HX-204/7), a clause (§4.2), a long run of digits;

    a number with its unit (50mg) is none."""
    return len(text) >= 3 and bool(_IDENTIFIER.fullmatch(text)) and not is_quantity(normalise(text))


def _is_sentence(words: str) -> bool:
    return words.rstrip().endswith(_QUESTION_END) or len(words.split()) >= _SENTENCE_WORDS
