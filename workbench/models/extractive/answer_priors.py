"""Adjusts the likelihood of a sentence by what no fitted weight should outweigh, or none could learn from the sets fitted on.

A denial, another day, a unit of measure, a heading: what they tell holds of any document, whatever it is like, while weights know the
kinds of document they were fitted on. Each is a factor on the likelihood or on its odds, counted where that could be counted.
"""

from __future__ import annotations

import re

from workbench.models.extractive.features import NAMES, Array, Asked, Candidate, adds, holds_answer
from workbench.models.extractive.languages import negated
from workbench.models.extractive.measures import counts, gives
from workbench.models.extractive.periods import lies_in, period_of
from workbench.models.extractive.sentences import is_heading
from workbench.text.acronyms import spells_out
from workbench.text.dates import days
from workbench.text.references import ASKS_FOR_REFERENCES, is_reference, names_references

_DENIED = 0.15
"""What the likelihood of a sentence counts that affirms where the question denies: it would say the opposite."""

_REPEATS = 0.02
"""What it counts when a line says nothing beside the question's own words: a heading, or an entry of a table of contents; or when
it is the label of a field that is empty."""

_INTRODUCES, _SENTENCE_WORDS = 0.7, 8
"""The same for a sentence of so many words that ends with a colon ("The proposal was defeated:"): it says something, while a shorter
line with a colon is a label. Chosen by hand."""

_HEADING_ASKED, _OPENS_ODDS = 0.85, 6.0
"""How much of a question a heading must say for the sentence below it to be its answer, and by how much that raises its odds.

Chosen by hand: the sets fitted on have no headings, so the weights know too little of them.
"""

_OTHER_DAY = 0.3
"""What it counts when it names a day, and the question asks about another one."""

_SAME_DAY_ODDS = 6.0
"""By how much it raises the odds that a sentence is of the day that is asked about. Chosen by hand: hardly a question of the sets
fitted on names a day."""

_OUTSIDE, _UNDATED = 0.05, 0.5
"""The same when the question asks about a period, and the sentence names a time outside it, or none."""


def adjusted(asked: Asked, one: Candidate, row: Array, probability: float) -> float:
    """The likelihood of a candidate, 0 to 1, from the one that the weights give it; `row` are its features."""
    probability = _headed(asked, probability * _worth(asked, one), one, row)
    if asked.dated and not period_of(asked.text) and names_the_day(asked, one):
        probability = raised(probability, _SAME_DAY_ODDS)
    probability = _measured(asked, one, row, probability)
    if answers_by_form(asked, one):
        return raised(max(probability, _LEAST_BY_FORM), _BY_FORM_ODDS)
    return probability


def _worth(asked: Asked, one: Candidate) -> float:
    """What the likelihood of a sentence counts, by what no fitted weight should outweigh."""
    if asked.denies and not negated(one.text, asked.language):
        return _DENIED
    if asked.kind != "yes_no" and not adds(asked, one.text):
        return _REPEATS
    if one.text.rstrip("*_ ").endswith((":", "：")):
        return _INTRODUCES if len(one.text.split()) >= _SENTENCE_WORDS else _REPEATS
    return _of_time(asked, one) * _of_form(asked, one)


def _of_form(asked: Asked, one: Candidate) -> float:
    """What the likelihood of a line counts by what it is: titles name a subject, references other texts; neither says much."""
    if not ASKS_FOR_REFERENCES.search(asked.text) and (is_reference(one.text) or names_references(one.section)):
        return _REFERRED
    return _TITLE if asked.kind != "person" and is_heading(one.text) else 1.0


_TITLE, _REFERRED = 0.4, 0.1


def _of_time(asked: Asked, one: Candidate) -> float:
    """What the likelihood of a sentence counts by the time that it names, where the question is about one."""
    if period := period_of(asked.text):
        inside = lies_in(period, one.text)
        inside = lies_in(period, f"{one.section} {one.before}") if inside is None else inside
        return 1.0 if inside else _UNDATED if inside is None else _OUTSIDE
    if not asked.dated:
        return 1.0
    named = days(f"{one.section} {one.text}")
    return _OTHER_DAY if named and not names_the_day(asked, one) else 1.0


def names_the_day(asked: Asked, one: Candidate) -> bool:
    """Whether a sentence, or the entry that it stands in, is of a day that is asked about."""
    wanted = {day for _, day in days(asked.text)}
    return any(day in wanted for _, day in days(f"{one.section} {one.text}"))


def _headed(asked: Asked, probability: float, one: Candidate, row: Array) -> float:
    """The probability of a sentence, more when it opens the section whose heading is what the question asks."""
    if not one.opens_section or row[NAMES.index("cover_section")] < _HEADING_ASKED:
        return probability
    known = asked.kind in ("date", "number", "person", "place") and holds_answer(asked, one.text)
    return raised(probability, _OPENS_ODDS * (2.0 if known else 1.0))


def raised(probability: float, odds: float) -> float:
    """A probability whose odds are so many times as high."""
    return odds * probability / (odds * probability + 1.0 - probability)


def _measured(asked: Asked, one: Candidate, row: Array, probability: float) -> float:
    """The probability of a sentence, more when it gives the measure or the count that is asked for, less when it does not."""
    if asked.measures:
        given = gives(asked.measures, one.text)
        whole = given and row[NAMES.index("cover_near")] >= _WHOLE and not one.text.rstrip().endswith(("?", "？"))
        return raised(probability, (_GIVES_MEASURE if given else _LACKS_MEASURE) * (_WHOLE_ODDS if whole else 1.0))
    if asked.counted and asked.kind == "number":
        return raised(probability, _COUNTS if counts(asked.counted, one.text) else _COUNTS_NOT)
    return probability


_GIVES_MEASURE, _LACKS_MEASURE, _COUNTS, _COUNTS_NOT = 2.5, 0.35, 4.0, 0.6
"""By how much it raises or lowers the odds of a sentence with a number.

Counted over the sentences of the gold paragraphs, right against wrong ones: 2.0 to 3.2 and .17 to .38 for measures, 4.4 to 8.3 and
.41 to .70 for counts, in nq-open and in XQuAD en, de, es and zh; the weights know numbers, not their units. Taken a little milder.
"""


_WHOLE, _WHOLE_ODDS = 0.95, 3.0
"""The same for a line that, with its title and heading, says everything that is asked and gives the measure. Chosen by hand: in a
price list or an imprint such a line is too short to be like any sentence of the sets fitted on."""


def answers_by_form(asked: Asked, one: Candidate) -> bool:
    """Whether a line answers by what it is, in none of the question's words: a byline where the author is asked for, an acronym beside
    the words it stands for."""
    byline = one.document_page == 1 and _ASKS_AUTHOR.search(asked.text) is not None and _is_byline(one.text)
    return byline or spells_out(asked.text, one.text)


def _is_byline(text: str) -> bool:
    """Whether a line is made of names: most of its words are capitals, and there are at least two."""
    words = [word for word in re.findall(r"[^\W\d_][\w'’.-]*", text) if word.lower() not in _OF_A_BYLINE]
    named = sum(word[0].isupper() and not word.isupper() for word in words)
    return 2 <= len(words) <= _BYLINE_WORDS and named >= 0.8 * len(words)


_ASKS_AUTHOR = re.compile(
    r"\bauthors?\b|\bwho (?:wrote|compiled|edited|kept)\b|\bwritten by\b|\bverfasser\w*|\bautor(?:en|in|es|as?)?\b|\bauteurs?\b|作者|著者",
    re.IGNORECASE,
)
_OF_A_BYLINE = frozenset("by and von und par et por y kept written compiled edited".split())
_BYLINE_WORDS, _BY_FORM_ODDS, _LEAST_BY_FORM = 40, 12.0, 0.05
"""A title page names its author in a line that says nothing else; the sets fitted on have no title pages, and hardly an acronym."""
