"""Reads the answer that a model wrote in guided mode, and says whether its quote bears it out.

A model that only has to copy a sentence and name its answer still invents where the documents do not say (Qwen2.5 of 0.5
and 1.5 billion parameters invented a year each). So an answer counts only when its quote stands on the page word for word
and holds every number and content word that the answer adds to the question.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.text.analyzer import content_words
from workbench.text.quotes import fold, negates
from workbench.text.stemming import stem

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"quote": {"type": "string"}, "handle": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["quote", "handle", "answer"],
    "additionalProperties": False,
}
"""The form that is asked for. The quote comes first: a model that has copied the sentence reads its answer off it."""

_HANDLE = re.compile(r"#?([a-z]{1,3}\d{1,3})\b")
_MARKS = re.compile(r"\s*[\[(]\s*#[a-z]{1,3}\d{1,3}\s*[\])]")
_NOTHING = re.compile(
    r"\W*(?:n/?a|none|null|nothing|unknown|unclear|no (?:answer|excerpt|information)\b.*"
    r"|(?:(?:it|this) is )?not (?:found|stated|given|mentioned|known|available|specified|in)\b.*)?\W*",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d+)*")
_PREFIX = 5
_LONGEST_QUOTE_CHARS, _LONGEST_ANSWER_CHARS = 700, 400


@dataclass(frozen=True)
class WrittenAnswer:
    """What a model wrote, each on one line: a quote, the handle of its passage (with its #, "" where it names none), the answer."""

    quote: str
    handle: str
    answer: str

    @property
    def empty(self) -> bool:
        """Whether it says that the excerpts do not answer."""
        return not self.quote or bool(_NOTHING.fullmatch(self.answer))

    @property
    def cited(self) -> str:
        """The quote with its handle, as answers quote."""
        return f'"{self.quote}" [{self.handle}]' if self.handle else f'"{self.quote}"'


def parse(text: str) -> WrittenAnswer | None:
    """The answer in a reply: one JSON object, in a fence or among other words where the server enforces no form; else None."""
    found = _object(text)
    if found is None:
        return None
    lower = {str(key).strip().lower(): value for key, value in found.items()}
    if not {"quote", "answer"} <= lower.keys():
        return None
    quote = _line(lower["quote"]).strip('"“”„« »')
    named = _HANDLE.search(_line(lower.get("handle")))
    answer = _MARKS.sub("", _line(lower["answer"])).strip()
    return WrittenAnswer(quote, f"#{named[1]}" if named else "", answer)


def _object(text: str) -> Mapping[str, Any] | None:
    start = text.find("{")
    if start < 0:
        return None
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text, start)
    except ValueError:
        import json_repair

        value = json_repair.loads(text[start:])
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    return value if isinstance(value, dict) else None


def _line(value: Any) -> str:
    return " ".join(str(value).split()) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def said_words(text: str) -> frozenset[str]:
    """What a text says, word by word: stems, and numbers without their separators."""
    numbers = (re.sub(r"\D", "", number) for number in _NUMBER.findall(text))
    words = (stem(word) for word in content_words(text) if not any(map(str.isdigit, word)))
    return frozenset((*numbers, *words))


def bears_out(written: WrittenAnswer, question: str) -> bool:
    """Whether the quote holds what the answer adds to the question: every number and every content word, in any form.

    An answer that adds nothing ("yes", or the question's own words) is borne out by no quote, and one that denies only by a
    quote that does. Where the question asks for a date, a number, a person or a place and the quote names one, the answer
    must too.
    """
    if len(written.quote) > _LONGEST_QUOTE_CHARS or len(written.answer) > _LONGEST_ANSWER_CHARS:
        return False
    held, new = said_words(written.quote), said_words(written.answer) - said_words(question)
    if not new or (negates(written.answer) and not negates(written.quote)):
        return False
    prefixes = {word[:_PREFIX] for word in held if len(word) >= _PREFIX}
    if not all(word in held or (len(word) >= _PREFIX and word[:_PREFIX] in prefixes) for word in new):
        return False
    return _of_kind(written, question)


def _of_kind(written: WrittenAnswer, question: str) -> bool:
    from workbench.models.extractive.features import Asked, meets

    asked = Asked(question)
    if asked.kind not in ("date", "number", "person", "place") or not meets(asked.kind, written.quote, asked):
        return True
    return meets(asked.kind, written.answer, asked) > 0.0


def is_only_quote(written: WrittenAnswer) -> bool:
    """Whether the answer is its quote again."""
    return fold(written.answer).rstrip(".") in fold(written.quote) and len(written.answer) * 10 > len(written.quote) * 9
