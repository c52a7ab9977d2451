"""Tells whether a sentence states the figure of a report that a question asks for, and no other one that shares its words.

"Operating income" and "16 % of net sales" together have the words of "net income" and do not speak of it: the name of a figure stands
together, and words such as "adjusted" before it make another figure of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workbench.core.text_cache import text_cache
from workbench.models.extractive.sentences import stem
from workbench.text.financial_terms import MEASURES, measures

_WORD = re.compile(r"[^\W\d_]+")
_ANOTHER = re.compile(
    r"\b(?:adjusted|non-?gaap|core|underlying|pro forma|comparable|organic|other|deferred|unearned|constant currency)\W+$",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\b(?:expect\w*|guidance|outlook|forecast\w*|project(?:s|ed)|target\w*|anticipat\w*|estimat\w*)\b", re.IGNORECASE
)
"""What is hoped for is not what was."""

_PART = re.compile(
    r"\b(?:held (?:by|in|at|for)|of which|attributable to|relat(?:ed|ing) to|associated with|(?:portion|part) of)\b",
    re.IGNORECASE,
)
"""Words that narrow a figure down to a part of it."""

_EVERY = frozenset({"total", "overal", "consolid", "compani", "recent", "annual"})
"""Words before a figure's name that need not be said again."""


def states_figure(question: str, text: str) -> bool:
    """Whether a text names the figure that a question asks for; True where the question asks for no figure of a report."""
    asked = _asked(question)
    if not asked:
        return True
    if _PART.search(text) and not _PART.search(question):
        return False
    words = [(stem(match[0].lower()), match.start()) for match in _WORD.finditer(text)]
    return any(_stands(name, before, words, question, text) for name, before in asked)


def is_its_line(question: str, label: str) -> bool:
    """Whether the label of a row is the figure that a question asks for, and no wider one: "Goodwill and other intangible assets"."""
    words = frozenset(_stems(label)) - _BESIDE
    return any(words == (frozenset(name) | before) - _BESIDE for name, before in _asked(question))


_BESIDE = frozenset("total net and of the in on".split())


def looks_ahead(question: str, text: str) -> bool:
    """Whether a text says what is expected, where the question asks for what was."""
    return _AHEAD.search(text) is not None and not _AHEAD.search(question)


def _stands(
    name: tuple[str, ...], before: frozenset[str], words: list[tuple[str, int]], question: str, text: str
) -> bool:
    for at in range(len(words) - len(name) + 1):
        if tuple(word for word, _ in words[at : at + len(name)]) != name:
            continue
        if not before <= {word for word, _ in words[max(0, at - _AROUND) : at + len(name) + _AROUND]}:
            continue
        other = _ANOTHER.search(text[: words[at][1]])
        if other is None or other[0].strip().lower() in question.lower():
            return True
    return False


_AROUND = 6


@text_cache(256)
def _asked(question: str) -> tuple[tuple[tuple[str, ...], frozenset[str]], ...]:
    """The names of the figures asked for, as stems, each with the words that stand right before it in the question."""
    found = measures(question, of_report=True)
    if found is None:
        return ()
    common = [match[0] for one in MEASURES if one.common for match in one.common.finditer(question)]
    asked = []
    for phrase in dict.fromkeys((*found.phrases, *common)):
        if _NO_FIGURE.search(phrase):
            continue
        at = question.find(phrase)
        before = frozenset(_words_before(question[:at]))
        for name in (phrase, *_other_names(phrase)):
            asked.append((_stems(name), before))
    return tuple(asked)


def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word.lower()) for word in _WORD.findall(text))


def _words_before(text: str) -> Iterator[str]:
    """The stems of the describing words that lead up to the end of a text, the nearest first."""
    for word in reversed(re.findall(r"[^\W\d_]+|[^\w\s]", text)):
        root = stem(word.lower())
        if not word.isalpha() or word.lower() in _ENDS_IT:
            return
        if root not in _EVERY:
            yield root


_NO_FIGURE = re.compile(r"growth|statement|sheet", re.IGNORECASE)
_ENDS_IT = frozenset("the a an of in for is was were are and or what which how much its their our".split())


def _other_names(phrase: str) -> Iterator[str]:
    """Lines of a statement that are the same figure under another name: net earnings for net income."""
    for one in MEASURES:
        if one.pattern.fullmatch(phrase) or (one.common and one.common.fullmatch(phrase)):
            yield from (line for line in one.lines if one.pattern.fullmatch(line))
