"""Questions over linked passages, made by rules from the passages' own text: a set to measure following on that nobody tuned to.

    python -m tests.benchmarks.linked_questions CORPUS.json.gz FOLDER [--questions N] [--seed N]
    workbench eval retrieval --data FOLDER

CORPUS is a list of {"title", "text"} of encyclopaedia openings, such as 2WikiMultihopQA's. What films say of their
directors, songs of their performers and people of their families gives questions in that set's styles, each with the
titles of the passages that hold its facts: two for a chain, an inference or a comparison, four where two chains are compared.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import json
import random
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SHARES = {"compositional": 0.4, "inference": 0.15, "comparison": 0.25, "bridge comparison": 0.2}
"""About the mixture of the published set."""

_NAME = r"((?:[A-Z][\w.'’-]*|de|von|van|of|the|la|I+V?)(?:,? (?:[A-Z][\w.'’-]*|de|von|van|of|the|la|I+V?|\d+(?:st|nd|rd|th)))*)"
_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = rf"(?:\d{{1,2}} {_MONTH},? \d{{3,4}}|{_MONTH} \d{{1,2}}, ?\d{{3,4}})"
_RELATIONS = {
    "father": rf"(?:son|daughter) of (?:[Kk]ing |[Ee]mperor |[Dd]uke |[Aa]ctor |[Dd]irector |[Pp]roducer )?{_NAME}",
    "mother": rf"(?:son|daughter) of [^.;]{{3,60}}? and (?:his (?:first |second |third )?wife,? )?(?:Queen |Lady |Princess )?{_NAME}",
    "spouse": rf"(?:married|wife of|husband of|spouse of|marriage to|married to)(?: [Kk]ing| [Ee]mperor| actor| actress)? {_NAME}",
}


class Passage(NamedTuple):
    title: str
    text: str

    @property
    def called(self) -> str:
        """The title as the published questions write it: every word with one capital."""
        return string.capwords(self.title)

    @property
    def opening(self) -> str:
        return self.text[:400]


class Asked(NamedTuple):
    kind: str
    question: str
    gold: tuple[str, ...]


class Facts:
    """What the passages say of one another."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.passages = list(passages)
        by_name: dict[str, list[Passage]] = collections.defaultdict(list)
        for one in self.passages:
            for name in {one.title, re.sub(r"\s*\([^)]*\)$", "", one.title)}:
                by_name[_plain(name)].append(one)
        self._known = {name: found[0] for name, found in by_name.items() if len(found) == 1}
        self.makers = {one: maker for one in self.passages if (maker := self._maker(one))}
        """A film's director, a song's performer."""
        self.family = {
            relation: {
                one: other for one in self.passages if (other := self._found(pattern, one)) and _is_person(other)
            }
            for relation, pattern in _RELATIONS.items()
        }
        for one, mother in list(self.family["mother"].items()):
            if mother == self.family["father"].get(one) or not re.search(
                r"\b(?:she|her|Queen|Princess)\b", mother.text
            ):
                del self.family["mother"][one]
        for one, father in list(self.family["father"].items()):
            if re.search(r"\b(?:she|Queen|Princess)\b", father.opening):
                del self.family["father"][one]

    def _maker(self, one: Passage) -> Passage | None:
        if re.search(r"\bis an? [^.]{0,60}\b(?:film|movie)\b", one.opening):
            return self._found(rf"directed(?: and (?:\w+ ){{1,2}})? by {_NAME}", one)
        if re.search(r"\bis (?:a|the) [^.]{0,60}\b(?:song|single|album)\b", one.opening):
            return self._found(
                rf"\b(?:song|single|album|recorded|performed)(?: recorded| performed)? by (?:[a-z-]+ )*{_NAME}", one
            )
        return None

    def _found(self, pattern: str, one: Passage) -> Passage | None:
        """The passage that the first match of a pattern names, however far its name goes on."""
        match = re.search(pattern, one.text)
        words = match[1].split() if match else []
        for end in range(len(words), 0, -1):
            other = self._known.get(_plain(" ".join(words[:end])))
            if other is not None and other != one:
                return other
        return None


def questions(facts: Facts, chosen: random.Random) -> dict[str, list[Asked]]:
    """All questions of each kind, shuffled; those of a kind take their forms in turn."""
    makers = {kind: list(pairs) for kind, pairs in {
        "compositional": _compositional(facts), "inference": _inference(facts),
        "comparison": _comparison(facts, chosen), "bridge comparison": _bridges(facts, chosen),
    }.items()}  # fmt: skip
    return {kind: _in_turn(found, chosen) for kind, found in makers.items()}


def _compositional(facts: Facts) -> Iterator[tuple[str, Asked]]:
    for made, maker in facts.makers.items():
        role = _role(made)
        for form, asked in _of_person(f"the {role} {made.called}", maker, facts):
            yield form, Asked("compositional", asked, (made.title, maker.title))
    for relation, pairs in facts.family.items():
        for one, other in pairs.items():
            for form, asked in _of_person(f"{one.called}'s {relation}", other, facts):
                yield relation + form, Asked("compositional", asked, (one.title, other.title))


def _of_person(who: str, person: Passage, facts: Facts) -> Iterator[tuple[str, str]]:
    """Questions that the person's own passage answers."""
    for relation, pairs in facts.family.items():
        if person in pairs:
            yield relation, f"Who is the {'spouse' if relation == 'spouse' else relation} of {who}?"
    if _born(person):
        yield "birthday", f"When is {who}'s birthday?" if "'s" in who else f"What is the date of birth of {who}?"
    if _died(person):
        yield "death", f"When did {who} die?"
    if re.search(r"\b[Bb]orn (?:\d|[A-Z]\w+ \d|[^.]{0,30})?\s?in [A-Z]", person.text):
        yield "birthplace", f"Where was the place of birth of {who}?"
    if _nationality(person):
        yield "country", f"Which country {who} is from?"
    if re.search(r"\b(?:Award|Prize|Medal)\b", person.text):
        yield (
            "award",
            f"Which award did {who} get?" if "'s" in who else f"Which award the {who.removeprefix('the ')} won?",
        )
    if re.search(r"\b(?:studied|educated|graduated|attended)\b", person.text):
        yield "education", f"Where did {who} study?"


def _inference(facts: Facts) -> Iterator[tuple[str, Asked]]:
    names = {
        ("father", "father"): "paternal grandfather", ("father", "mother"): "paternal grandmother",
        ("mother", "father"): "maternal grandfather", ("mother", "mother"): "maternal grandmother",
        ("spouse", "father"): "father-in-law", ("spouse", "mother"): "mother-in-law", ("father", "spouse"): "stepmother",
    }  # fmt: skip
    for (first, second), name in names.items():
        for one, between in facts.family[first].items():
            if facts.family[second].get(between, one) != one:
                words = f"Who is {one.called}'s {name}?" if "in-law" in name else f"Who is the {name} of {one.called}?"
                yield name, Asked("inference", words, (one.title, between.title))


def _comparison(facts: Facts, chosen: random.Random) -> Iterator[tuple[str, Asked]]:
    films = [one for one in facts.passages if re.search(r"\bis an? (?:\w+ )?\d{4} [^.]{0,60}film\b", one.opening)]
    people = [one for one in facts.passages if _is_person(one)]
    forms: list[tuple[Sequence[Passage], str]] = [
        (films, "Which film came out first, {0} or {1}?"), (films, "Which film was released more recently, {0} or {1}?"),
        ([one for one in films if _nationality(one)], "Are {0} and {1} both from the same country?"),
        ([one for one in people if _born(one)], "Who was born first, {0} or {1}?"),
        ([one for one in people if _born(one)], "Who is older, {0} or {1}?"),
        ([one for one in people if _died(one)], "Who died earlier, {0} or {1}?"),
        ([one for one in people if _born(one) and _died(one)], "Who lived longer, {0} or {1}?"),
        ([one for one in people if _nationality(one)], "Were {0} and {1} of the same nationality?"),
    ]  # fmt: skip
    for of, words in forms:
        for one, other in _pairs(of, chosen):
            yield words, Asked("comparison", words.format(one.called, other.called), (one.title, other.title))


def _bridges(facts: Facts, chosen: random.Random) -> Iterator[tuple[str, Asked]]:
    films = {made: maker for made, maker in facts.makers.items() if _role(made) == "director of film"}
    forms = [
        (_nationality, "Do director of film {0} and director of film {1} share the same nationality?"),
        (_nationality, "Are both directors of films {0} and {1} from the same country?"),
        (_nationality, "Do both films, {0} and {1}, have the directors who are from the same country?"),
        (_born, "Which film has the director born first, {0} or {1}?"),
        (_born, "Which film whose director is younger, {0} or {1}?"),
        (_died, "Which film has the director who died earlier, {0} or {1}?"),
        (_died, "Which film has the director died later, {0} or {1}?"),
    ]
    for known, words in forms:
        for one, other in _pairs([made for made, maker in films.items() if known(maker)], chosen):
            gold = (one.title, films[one].title, other.title, films[other].title)
            if len(set(gold)) == len(gold):
                yield words, Asked("bridge comparison", words.format(one.called, other.called), gold)


def _pairs(of: Sequence[Passage], chosen: random.Random) -> Iterator[tuple[Passage, Passage]]:
    order = chosen.sample(of, len(of))
    yield from zip(order[::2], order[1::2], strict=False)


def _in_turn(found: Iterable[tuple[str, Asked]], chosen: random.Random) -> list[Asked]:
    """One of each form, then the next of each: no form is asked more than others while all last."""
    forms: dict[str, list[Asked]] = collections.defaultdict(list)
    for form, asked in found:
        forms[form].append(asked)
    for group in forms.values():
        chosen.shuffle(group)
    longest = max(map(len, forms.values()), default=0)
    return [group[turn] for turn in range(longest) for group in forms.values() if turn < len(group)]


def _role(made: Passage) -> str:
    if re.search(r"\bfilm\b|\bmovie\b", made.opening):
        return "director of film"
    return "performer of song" if re.search(r"\bsong\b|\bsingle\b", made.opening) else "performer of album"


def _is_person(one: Passage) -> bool:
    return bool(
        _born(one) or _died(one) or re.search(r"\b(?:[Hh]e|[Ss]he)\b (?:was|is|had|became)|\bborn\b|\bdied\b", one.text)
    )


def _born(one: Passage) -> bool:
    return bool(
        re.search(rf"\(\s?(?:born |b\. )?[^)]{{0,40}}?{_DATE}|\b[Bb]orn (?:on )?{_DATE}", one.opening)
    ) and _one(one)


def _died(one: Passage) -> bool:
    return bool(re.search(rf"[–-] ?{_DATE}\s?\)|\bdied (?:on )?{_DATE}", one.opening)) and _one(one)


def _one(one: Passage) -> bool:
    return bool(re.search(r"\b(?:is|was) (?:an?|the)\b", one.opening)) and not re.search(
        r"\bfilm\b.{0,40}directed by", one.opening
    )


def _nationality(one: Passage) -> bool:
    return bool(
        re.search(
            r"\b(?:is|was) an? (?:\d{4} )?[A-Z][a-z]+(?:an|ish|ese|ench|man|ian|utch|elsh|reek|wiss|zech|i)\b",
            one.opening,
        )
    )


def _plain(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.casefold()))


def made(passages: Iterable[Passage], count: int, seed: int) -> list[Asked]:
    """So many questions in the shares of `SHARES`, fewer where the passages give fewer; none twice."""
    chosen = random.Random(seed)
    kinds = questions(Facts(passages), chosen)
    return [asked for kind, share in SHARES.items() for asked in dict.fromkeys(kinds[kind][: round(count * share)])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with gzip.open(given.corpus, "rt", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    asked = made([Passage(row["title"], row["text"]) for row in rows], given.questions, given.seed)
    given.folder.mkdir(parents=True, exist_ok=True)
    (given.folder / "corpus.json").write_text(json.dumps(rows), encoding="utf-8")
    lines = [json.dumps({"question": one.question, "gold_titles": one.gold, "type": one.kind}) for one in asked]
    (given.folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    counted = collections.Counter(one.kind for one in asked)
    print(
        f"{len(asked)} questions in {given.folder}: {', '.join(f'{number} {kind}' for kind, number in counted.items())}"
    )


if __name__ == "__main__":
    main()
