"""Decides one step of the reader: the name and arguments of its one call."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.models.base import Assessment
from workbench.models.extractive import answer, financial_policy
from workbench.models.extractive.answer import Quotable, note_line, room
from workbench.models.extractive.answer_priors import answers_by_form, names_the_day
from workbench.models.extractive.answer_ranking import Quote, Ranking, rank
from workbench.models.extractive.answer_scorer import AnswerScorer, fitted
from workbench.models.extractive.answerability import answers, hangs_together, names_alone, settled
from workbench.models.extractive.evidence import Evidence, Score, Unit, units
from workbench.models.extractive.evidence_chain import Chain, best_chains, pruned
from workbench.models.extractive.features import Asked, fresh_number, meets
from workbench.models.extractive.financial import figures
from workbench.models.extractive.follow_up import resolved
from workbench.models.extractive.identifier_lookup import next_step
from workbench.models.extractive.measures import counted_words, counts, gives
from workbench.models.extractive.prompt_parser import Note, View
from workbench.models.extractive.query_planner import SEARCHES, following_page, next_query
from workbench.models.extractive.question import Question, analyse, is_nested
from workbench.models.extractive.question_forms import LIST_PAGES, compared, form_of, listed, openings, sides
from workbench.models.extractive.sentences import identifiers, stem, words
from workbench.models.extractive.tables import columns_of
from workbench.text.dates import days
from workbench.text.spelling import corrected

Call = tuple[str, dict[str, Any]]

NOTES_A_STEP = 3

NOTHING_ATTACHED = (
    "Nothing is attached, so there is nothing I could quote. Load documents with /load PATH (or attach a source with "
    "/attach NAME) and ask again."
)
GREETING = (
    "Hello. I am the extractive reader: I quote the attached documents and do not reason. Ask a question about them, "
    "and I will answer with the sentences that say so, and where they stand."
)
_SMALL_TALK = re.compile(
    r"^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|thanks?(?: you)?|thank you|ok(?:ay)?|bye|goodbye|how are you|who are you"
    r"|what are you|what can you do|help)(?:\s+(?:there|again|reader|very much|so much|all))?\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Decision:
    """The one call of a step; `assessment` comes with an answer that was scored."""

    name: str
    arguments: dict[str, Any]
    assessment: Assessment | None = None


def is_small_talk(question: str) -> bool:
    """Whether a question is a greeting or the like, which is answered without documents."""
    return _SMALL_TALK.match(question) is not None


def decide(view: View, score: Score, scorer: AnswerScorer | None = None, *, sub_questions: bool = True) -> Decision:
    """The next call. Without a `scorer` the fitted one that ships is used; without `sub_questions` only the question is searched."""
    scorer = scorer or fitted()
    if not view.question or is_small_talk(view.question):
        return _say(GREETING)
    if not view.sources and not view.passages:
        return _say(NOTHING_ATTACHED)
    if step := next_step(view):
        if step.query:
            return _search(step.query, step.page)
        return _say(answer.end_of_chain(step.record, step.handle))
    asked = whole = resolved(view.question, view.before)
    if not _searched(asked, view) and not view.repeating:
        return _search(asked)
    view, asked = _as_read(view, asked)
    question = analyse(asked)
    if wanted := figures(asked, view.documents == 1):
        figured, remark = financial_policy.next_call(view, question, wanted, score)
        return Decision(*figured, Assessment(None, scorer.version, remark=remark) if remark else None)
    named, bare = _without_its_subject(question, view)
    if bare != asked:
        asked, question = bare, analyse(bare)
        if not _searched(asked, view) and not view.repeating:
            return _search(asked)
    ranking = rank(asked, view, score, scorer, named=named)
    if view.notes and not is_nested(asked) and any(search.handles is None for search in view.searches):
        # Results have left the window: what was noted of them counts as much as what is still in sight. Chains know notes anyhow.
        ranking = _surer(ranking, rank(asked, view, score, scorer, widely=True, named=named))
    form = form_of(asked)
    if form == "count" and _says_how_many(ranking):
        form = ""
    evidence = Evidence(question, units(view.passages, view.notes), score, view.archive_passages)
    if form in ("list", "summary", "count") and (made := _read_through(form, asked, view, ranking, scorer, evidence)):
        return made
    if form == "compare" and (made := _both_sides(asked, ranking, scorer, least=SURE_SIDES)):
        return made
    form = "" if form == "count" else form
    uncounted = not _holds_counted(ranking.quotes(), ranking, evidence)
    if (
        not form
        and not uncounted
        and ranking.confidence >= scorer.thresholds.settled
        and ranking.feature("cover_near") >= SETTLED_COVER
    ):
        return _answer(ranking, scorer)
    nested, english = is_nested(asked), ranking.asked.language.code == "en"
    chains = best_chains(evidence)
    chain = settled(evidence, chains)
    joins = chain is not None and (english or nested) and _joins_more(evidence, chain, ranking)
    enough = len(view.searches) > (1 if ranking.confidence >= LIKELY else FURTHER_SEARCHES)
    done = not (joins or form) and ranking.confidence >= scorer.thresholds.answer and enough
    patience = QUIET_NESTED if nested else QUIET
    over = (
        done
        or view.repeating
        or _looks_again(asked, whole, view)
        or _quiet(view, evidence, chains, ranking) >= patience
    )
    if not over and view.after == "search" and not _stays(view) and (call := _note(view, evidence, chains, ranking)):
        return Decision(*call)
    if over:
        query = None
    elif english or nested:
        query = next_query(evidence, chains, view, SEARCHES if nested else SEARCHES_OF_ONE, sub_questions=sub_questions)
    else:
        query = following_page(asked, view)
    if query is not None and query.handle:
        return Decision("archival_follow", {"passage": query.handle, "page": query.page, "request_heartbeat": True})
    if query is not None:
        return _search(query.text, query.page)
    if form == "compare" and (made := _both_sides(asked, ranking, scorer)):
        return made
    if (
        chain is not None
        and answers(evidence, chain)
        and (joins or ranking.confidence < (SURE if nested else chain_confidence(chain.coverage)))
    ):
        members = [evidence.units[index] for index in pruned(evidence, chain).members[: answer.CITATIONS]]
        confidence = max(ranking.confidence, chain_confidence(chain.coverage))
        several = len({unit.handle for unit in members}) > 1
        if several and chain.coverage >= LEAST_COVERAGE and confidence >= scorer.thresholds.answer:
            return _say(answer.quoted(_with_best(members, ranking)), Assessment(confidence, scorer.version))
    if ranking.confidence < scorer.thresholds.answer:
        ranking = _surer(ranking, rank(asked, view, score, scorer, widely=True, named=named))
    met = chain is not None and answers(evidence, chain)
    likely = GIVEN if ranking.candidates and _gives_measure(ranking) else OPEN
    least = scorer.thresholds.answer if met else max(likely, scorer.thresholds.answer)
    if ranking.asked.measures and not any(gives(ranking.asked.measures, quote.text) for quote in ranking.quotes()):
        least = max(least, MEASURED)
    by_form = bool(ranking.candidates) and answers_by_form(ranking.asked, ranking.candidates[0])
    if uncounted or (english and not by_form and names_alone(evidence, [quote.text for quote in ranking.quotes()])):
        least = max(least, KNOWN_BY_NAME)
    if nested and ranking.confidence < least and _left(asked, view) and not view.repeating:
        return _search(asked)
    return _answer(ranking, scorer, [search.query for search in view.searches], least)


def _as_read(view: View, asked: str) -> tuple[View, str]:
    """The view and the question with the words that stand in no document as the search read them, as if they had been typed so."""
    if not view.read_as:
        return view, asked
    searches = tuple(replace(search, query=corrected(search.query, view.read_as)) for search in view.searches)
    return replace(view, searches=searches), corrected(asked, view.read_as)


def _searched(asked: str, view: View) -> bool:
    """Whether a question's own words were looked for: they are before any others, and the list of searches drops the oldest."""
    return len(view.searches) > _OWN_SEARCHES or any(search.begins(asked) for search in view.searches)


_OWN_SEARCHES = 2
"""A question is searched as it is asked, and without the names that its document bears."""


def _left(asked: str, view: View) -> bool:
    """Whether the question's own results have left the window.

    Before the reader says that it does not know it looks at them once more: a sentence is judged with what stands around it, and
    a note keeps the sentence alone.
    """
    own = [search for search in view.searches if search.page == 0 and search.begins(asked)]
    return bool(own) and all(search.handles is None for search in own)


def _looks_again(asked: str, whole: str, view: View) -> bool:
    """Whether the question's own results were the last to come, and not the first: then nothing more is looked for.

    `whole` is the question as it was searched before the names of its document were taken out.
    """
    own = next((search for search in view.searches if search.page == 0 and search.begins(asked)), None)
    others = [search for search in view.searches if not (search.begins(asked) or search.begins(whole))]
    return own is not None and bool(others) and view.results[-1:] == (own.handles,)


def _surer(ranking: Ranking, other: Ranking) -> Ranking:
    """The ranking with the higher confidence, the first where both are as sure."""
    return max(ranking, other, key=lambda one: one.confidence)


def _without_its_subject(question: Question, view: View) -> tuple[str, str]:
    """The question without the day that the only document is dated in its file name, and without the names it bears as well.

    All of a report is about the company that it is named after: the name finds lists of exhibits, not what is asked. And all of
    it is of its day: that day finds datelines.
    """
    if view.documents != 1:
        return question.text, question.text
    documents = {passage.document for passage in view.passages.values()}
    title = {part.lower() for document in documents for part in _LETTERS.findall(document)}
    dated = {"-".join(parts) for document in documents for parts in _DAY_OF_A_NAME.findall(document)}
    named = question.text
    for written, day in days(question.text):
        if day in dated:
            named = re.sub(rf",?\s*{_AT_A_DAY}?{re.escape(written)}(?:\s+onwards?\b)?", " ", named, flags=re.IGNORECASE)
    bare = named
    for name in [part for whole in question.names for part in (whole, *_JOINS_NAMES.split(whole))]:
        if {part.lower() for part in _LETTERS.findall(name)} <= title:
            bare = re.sub(rf"\b{re.escape(name)}(?:['’]s)?(?!\w)", " ", bare)
    if bare == question.text:
        return question.text, question.text
    return " ".join(named.split()), " ".join(bare.split())


_LETTERS = re.compile(r"[^\W\d_]+")
_DAY_OF_A_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_. ]?(0[1-9]|1[0-2])[-_. ]?([0-2]\d|3[01])(?!\d)")
_AT_A_DAY = r"(?:\b(?:as (?:of|at)|dated|effective|from|on|of|since|vom|seit(?: dem)?|am|zum|per|du|au|depuis le|del?|desde el|el)\s+)"
_JOINS_NAMES = re.compile(r" (?:of|for|at|in|and|de|von) ")


def _read_through(
    form: str, asked: str, view: View, ranking: Ranking, scorer: AnswerScorer, evidence: Evidence
) -> Decision | None:
    """The next page of results for a list or a summary, or its answer; None when nothing that was read belongs to it."""
    own = [search for search in view.searches if search.begins(asked)]
    last = max(own, key=lambda search: search.page, default=None)
    quotes = openings(ranking) if form == "summary" else listed(ranking, exactly=form == "count")
    if form == "count" and (len(quotes) < 2 or not _holds_counted(quotes, ranking, evidence)):
        return None
    if form == "count" and view.swept and ranking.confidence < scorer.thresholds.answer:
        return None  # Lines that name the thing and hardly what is asked of it are no count of it.
    if last is not None and last.page < min(last.last_page, LIST_PAGES - 1) and not view.repeating:
        return _search(last.query, last.page + 1)
    if form != "summary" and not view.swept and "archival_sweep" in view.functions and not view.repeating:
        return Decision("archival_sweep", {"query": asked, "request_heartbeat": True})
    if len(quotes) < 2:
        return None
    passages = len({candidate.handle for candidate in ranking.candidates})
    total = last.total if last is not None else passages
    text = answer.read_through(form, quotes, passages, total, view.swept)
    return _say(text, Assessment(ranking.confidence, scorer.version, form=form))


SAME_THING = 0.62
"""From which likeness on another word names the same things: ships and barge .63, people and persons .83; cinemas and DVD have .59."""


def _holds_counted(quotes: Sequence[Quote], ranking: Ranking, evidence: Evidence) -> bool:
    """Whether lines, or the headings above them, speak of what is counted ("how many CINEMAS does …"), by its word or one like it."""
    things = counted_words(ranking.asked.text)
    if not things:
        return True
    handles = {quote.handle for quote in quotes}
    texts = [quote.text for quote in quotes] + [one.section for one in ranking.candidates if one.handle in handles]
    said = list(dict.fromkeys(word.lower() for text in texts for word in words(text)))
    if {stem(word) for word in things} & {stem(word) for word in said}:
        return True
    return max(evidence.alike(things[-1], said), default=0.0) >= SAME_THING


ROOMY_TOKENS = 8_192
"""In a window of this size two pages of results stay in sight beside each other."""


def _stays(view: View) -> bool:
    """Whether what is in sight will still be when the next results come: then nothing need be written down yet."""
    return view.window_tokens >= ROOMY_TOKENS and len(view.results) < 2 and len(view.searches) + len(view.followed) < 2


SEARCHES_OF_ONE = 4
"""Searches that a question is worth which is worded as one of a single fact."""

QUIET, QUIET_NESTED = 2, 4
"""After so many results in a row that bring nothing better, nothing better is expected: the answer is given, or refused. The second
where the question is worded as one that several passages answer."""


def _quiet(view: View, evidence: Evidence, chains: Sequence[Chain], ranking: Ranking) -> int:
    """How many results in a row, up to the last, brought no part of the best chain and not the likeliest sentence."""
    wanted = {candidate.handle for candidate in ranking.candidates[:1]}
    wanted |= {evidence.units[index].handle for chain in chains[:1] for index in chain.members}
    first: dict[str, int] = {}
    for number, handles in enumerate(view.results):
        for handle in handles:
            first.setdefault(handle, number)
    last = max((first[handle] for handle in wanted if handle in first), default=0)
    return len(view.results) - 1 - last


SURE_SIDES = 0.6
"""How much a sentence about one side must be like the question for a comparison to be answered without a further search."""

SETTLED_COVER = 0.97
"""How much of the question the best sentence, with what stands around it, must say for no further search to be made."""


def _says_how_many(ranking: Ranking) -> bool:
    """Whether one of the likeliest sentences gives the number that is asked for."""
    if not ranking.asked.counted:
        return True
    return any(
        counts(ranking.asked.counted, one.text)
        and (probability >= STATED * ranking.probabilities[0] or ranking.feature("cover_near", at) >= SETTLED_COVER)
        for at, (one, probability) in enumerate(zip(ranking.candidates, ranking.probabilities, strict=True))
    )


STATED = 0.3
"""How likely a sentence must be, measured by the best, for the number in it to be the one that is asked for."""

FURTHER_SEARCHES = 2
"""So many searches after the first are made for an answer that is likely and leaves words of the question open."""

KNOWN_BY_NAME = 0.85
"""The same where the quotes know the names that are asked about and none of the words that say what is asked of them."""

MEASURED = 0.85
"""The same where the measure that is asked for (an amount of money, a length of time) is given by none of the quotes."""

LIKELY = 0.6
"""From this confidence on a sentence is likely to be the answer: one further search is enough."""

OPEN, GIVEN = 0.35, 0.3
"""From this confidence on an answer is given although words that are asked stand nowhere near it; and where it gives the measure
that is asked for."""


def _gives_measure(ranking: Ranking) -> bool:
    """Whether the best sentence gives the measure or the count that is asked for, or is of the day that is asked about."""
    asked, text = ranking.asked, ranking.candidates[0].text
    if asked.dated and names_the_day(asked, ranking.candidates[0]):
        return True
    return gives(asked.measures, text) if asked.measures else bool(asked.counted) and counts(asked.counted, text)


def _both_sides(asked: str, ranking: Ranking, scorer: AnswerScorer, least: float = 0.0) -> Decision | None:
    """The best sentence about each of two things compared; None when one of them is not spoken of."""
    two = sides(asked)
    quotes = compared(ranking, two, least) if two else []
    if len(quotes) < 2:
        return None
    confidence = max(ranking.confidence, min(quote.probability for quote in quotes), chain_confidence(1.0))
    return _say(answer.quoted(quotes), Assessment(confidence, scorer.version, form="compare"))


SURE = 0.8
"""From this confidence on a single sentence stands, whatever chain covers a question that describes one thing by another."""


def _with_best(members: Sequence[Unit], ranking: Ranking) -> list[Quotable]:
    """A chain's quotes, and the likeliest sentence in front where there is room for it and it is likely."""
    likely = ranking.quotes(1) if ranking.confidence >= LIKELY and len(members) < answer.CITATIONS else []
    fresh = [one for one in likely if not any(unit.text in one.text or one.text in unit.text for unit in members)]
    return [*fresh, *members]


_RIGHT_BY_COVERAGE = ((0.6, 0.02), (0.7, 0.06), (0.75, 0.19), (0.85, 0.45), (0.95, 0.57), (1.0, 0.6))
"""(How much of the question a chain covers, which share of such answers held what was asked.)

Counted on 281 chains over HotpotQA (train and dev, 100 each) and MuSiQue (100), half of the questions asked without their passages;
likeness was by words there. A comparison counts as a chain that covers everything.
"""

LEAST_COVERAGE = 0.7
"""From this coverage on a chain is an answer: of 47 that covered less one was right."""


def chain_confidence(coverage: float) -> float:
    """How likely a chain that covers so much of a question holds what was asked."""
    pairs = itertools.pairwise(_RIGHT_BY_COVERAGE)
    for (low, least), (high, most) in pairs:
        if coverage <= high:
            share = (max(coverage, low) - low) / (high - low)
            return round(least + share * (most - least), 4)
    return _RIGHT_BY_COVERAGE[-1][1]


_MORE, _MORE_OF_ONE = 0.1, 0.25
"""By how much of the question a chain must say more than the best single sentence with what stands around it; the second where the
question is worded as one of a single fact: two sentences that share a name then mostly add another fact."""


def _joins_more(evidence: Evidence, chain: Chain, ranking: Ranking) -> bool:
    """Whether a chain covers more of the question than the best sentence alone, or that one holds no answer of the kind asked for."""
    if not ranking.candidates:
        return True
    nested = is_nested(ranking.asked.text)
    if not _of_kind(ranking):
        return True
    if not nested and not hangs_together(evidence, chain):
        return False
    best = ranking.candidates[0].text
    alone = max(
        (
            sum(term.weight * evidence.cover[at].get(term.stem, 0.0) for term in evidence.question.terms)
            for at, unit in enumerate(evidence.units)
            if unit.text == best or unit.text in best
        ),
        default=0.0,
    )
    return chain.coverage - alone / evidence.question.weight >= (_MORE if nested else _MORE_OF_ONE)


def _of_kind(ranking: Ranking) -> bool:
    """Whether the best sentence holds an answer of the kind asked for.

    The code of a thing is no name and no number, and what stands in the question as well is no answer.
    """
    text = ranking.candidates[0].text
    for code in identifiers(text):
        if any(letter.isalpha() for letter in code):
            text = text.replace(code, " ")
    asked = set(words(ranking.asked.text))
    text = re.sub(r"[^\W_]+", lambda word: "" if word.group() in asked else word.group(), text)
    return meets(ranking.asked.kind, text, ranking.asked) > 0.0


def _answer(
    ranking: Ranking, scorer: AnswerScorer, searched: Sequence[str] = (), least: float | None = None
) -> Decision:
    """Answer with the best sentences, show the nearest, or say that the documents do not say, as the confidence allows.

    `least` is the confidence from which on an answer is given.
    """
    limits, confidence = scorer.thresholds, ranking.confidence
    quotes = ranking.quotes()
    timed = not _NAMED_TIME.search(ranking.asked.text) or any(_says_when(quote.text, ranking.asked) for quote in quotes)
    if quotes and timed and confidence >= (limits.answer if least is None else least):
        remark = columns_of(ranking.candidates[0].text, ranking.candidates[0].passage)
        told = confidence if is_nested(ranking.asked.text) else ranking.stated
        return _say(answer.quoted(ranking.complete(quotes), remark), Assessment(told, scorer.version, remark=remark))
    near = [quote for quote in quotes if _is_near(quote, ranking)]
    if near and confidence >= limits.nearest:
        lacks = answer.lacking(ranking)
        return _say(answer.unsure(near, lacks), Assessment(confidence, scorer.version, lacks))
    return _say(
        answer.not_found(list(ranking.asked.surface.values()), searched), Assessment(confidence, scorer.version)
    )


def _is_near(quote: Quote, ranking: Ranking) -> bool:
    """Whether a quote comes near the question: it shares a word with it, or is much like it; an empty field of a form does not."""
    at = next((at for at, one in enumerate(ranking.candidates) if one.text in quote.text), None)
    if at is None or quote.text.rstrip().endswith((":", "：")):
        return False
    shared = ranking.feature("cover_own", at) > 0.0 or ranking.feature("cover_section", at) >= NAMED
    return shared or ranking.feature("like_own", at) >= ALIKE


ALIKE, NAMED = 0.4, 0.5
"""How much a sentence without a word of the question must be like it, or its heading must say of it, to be shown as near."""

_NAMED_TIME = re.compile(
    r"\b(?:what|which|welche[mnrs]?|quel(?:le)?|qué) (?:year|month|date|day|century|jahr|monat|datum|tag|jahrhundert|année|mois|date|jour"
    r"|siècle|año|mes|fecha|día|siglo)\b|哪一?年|哪一?天|哪个月|何年|何月|何日",
    re.IGNORECASE,
)
"""A question that names the measure of time it wants: no sentence without a number or a month answers it, however alike it is."""


def _says_when(text: str, asked: Asked) -> bool:
    if _NAMED_YEAR.search(asked.text) and asked.language.spaced:
        return meets("date", text, asked) >= 1.0
    return bool(_DIGIT.search(text) and fresh_number(text, asked)) or meets("date", text, asked) > 0.0


_NAMED_YEAR = re.compile(r"\b(?:what|which|welche[mnrs]?|quelle|qué) (?:year|jahr|année|año)\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d|[一二三四五六七八九〇零]")
"""A number in words ("thirty-three witnesses") is no day and no year."""


def _search(query: str, page: int = 0) -> Decision:
    return Decision("archival_memory_search", {"query": query, "page": page, "request_heartbeat": True})


def _say(message: str, assessment: Assessment | None = None) -> Decision:
    return Decision("send_message", {"message": message}, assessment)


def _note(view: View, evidence: Evidence, chains: Sequence[Chain], ranking: Ranking) -> Call | None:
    """Write the likeliest sentence and those of the best chains that are not written yet: results do not stay in the window."""
    known = {_key(note) for note in view.notes}
    likeliest = {candidate.key for candidate in ranking.candidates[:1]}
    wanted = [unit for unit in evidence.units if unit.key in likeliest and unit.key not in known]
    for chain in chains[:6]:
        for index in chain.members:
            unit = evidence.units[index]
            if unit.key not in known and unit not in wanted:
                wanted.append(unit)
    lines = [note_line(unit) for unit in wanted[:NOTES_A_STEP]]
    if not lines:
        return None
    limit = room(view)
    while lines and len(view.task) + sum(len(line) + 1 for line in lines) > limit:
        stale = _stale([note for note in view.notes if _key(note) not in likeliest], evidence, chains)
        if stale is not None and len(view.task) - len(stale.line) + len(lines[0]) <= limit:
            return "core_memory_replace", {
                "name": "task",
                "old_content": stale.line,
                "new_content": lines[0],
                "request_heartbeat": True,
            }
        lines.pop()
    if not lines:
        return None
    return "core_memory_append", {"name": "task", "content": "\n".join(lines), "request_heartbeat": True}


def _key(note: Note) -> tuple[str, int, str]:
    """What makes two notes the same, as it does two sentences."""
    return note.document, note.document_page, note.quote


def _stale(notes: Sequence[Note], evidence: Evidence, chains: Sequence[Chain]) -> Note | None:
    """The note that serves least: the one in no good chain, or in the worst."""
    rank: dict[tuple[str, int, str], int] = {}
    for place, chain in enumerate(chains):
        for index in chain.members:
            rank.setdefault(evidence.units[index].key, place)
    scored = [(rank.get(_key(note), len(chains)), note) for note in notes]
    place, note = max(scored, key=lambda pair: (pair[0], pair[1].line), default=(0, None))
    return note if place >= 3 else None
