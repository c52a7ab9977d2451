"""Reads the one value that a typed question asks for out of a quote: a number with its unit, a date, or yes or no.

A cell of a table is worth having only when it is right, so a value is given where a quote leaves one reading; where it leaves two, or a
condition hangs on it, nothing is given and the quote is shown.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.agent.answers.asked_figure import is_its_line, looks_ahead, states_figure
from workbench.models.extractive.languages import FUNCTION_WORDS, QUESTION_WORDS
from workbench.models.extractive.measures import counted, measure_of
from workbench.models.extractive.names import names
from workbench.models.extractive.sentences import rarity, stem
from workbench.models.extractive.tables import YEAR
from workbench.text.stemming import fold_accents
from workbench.text.values import DATE, NUMBER, SAME, Value, plain_digits, relation, values

TEXT, NUMBERS, DATES, YES_NO = "text", "number", "date", "yes/no"
KINDS = (TEXT, NUMBERS, DATES, YES_NO)

_WORD = re.compile(r"[^\W\d_]+")
_CLAUSE = re.compile(
    r"[;|\n]|,? (?:and|but|while|whereas|or) (?=[^,;]*\b(?:is|are|was|were|ends?|expires?|runs?|shall|may|will|costs?|has|have|on|until)\b)"
    r"|,\s|(?<=[a-z\d)])\.\s| - | – "
)
_DENIES = re.compile(r"\b(?:not|no|never|neither|nor|none|nobody|nothing|cannot)\b|n['’]t\b", re.IGNORECASE)
_FORBIDS = re.compile(
    r"\b(?:prohibit\w*|forbid\w*|forbade|ban(?:s|ned)?|disallow\w*|refus\w*|exclud\w*|prevent\w*|den(?:y|ies|ied)|unavailable|unlawful|illegal)\b",
    re.IGNORECASE,
)
_GRANTS = re.compile(
    r"\b(?:yes|allow\w*|permit\w*|may|can|welcome|includ\w*|entitled|available|provided)\b", re.IGNORECASE
)
_ASKS_LEAVE = re.compile(r"\b(?:allow\w*|permit\w*|may|can|welcome|entitled|prohibit\w*|forbid\w*)\b", re.IGNORECASE)
_LEAVES_OPEN = re.compile(
    r"\b(?:whether|indicate|check ?mark|if any|yes or no)\b|[?☐☒☑]|\byes\b.{0,9}\bno\b", re.IGNORECASE
)
"""A form that asks has not answered."""

_CONDITION = re.compile(
    r"\b(?:unless|except|only|subject to|provided that|if|on condition|depending|case by case)\b"
    r"|\bwith(?: the)? (?:prior |written |express |landlord['’]s |lessor['’]s )*(?:consent|permission|approval)\b"
    r"|\bwithout (?!any (?:further|other)|further|additional|asking|having)(?:[\w'’]+ ){0,4}(?:consent|permission|approval|agreement)\b",
    re.IGNORECASE,
)
_ASKS_DATE = re.compile(
    r"^\W*(?:when|since when|until when)\b|\b(?:what|which|on what|on which) (?:date|day|year|month)\b|\bdate\b",
    re.IGNORECASE,
)
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|far|high|large|big|often)\b"
    r"|\b(?:number|amount|total|percentage|revenue|price|cost|rent|fee)\b",
    re.IGNORECASE,
)
_ASKS_YES_NO = re.compile(
    r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|may|must|shall|should|will|would)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Typed:
    """A typed value: `shown` as the quote writes it, `value` normalised (plain digits, an ISO date, yes or no), `unit` of a number."""

    shown: str
    value: str
    unit: str = ""


def kind_of(question: str) -> str:
    """The kind of value that a question asks for; text where it asks for none of the others."""
    if _ASKS_YES_NO.search(question):
        return YES_NO
    if _ASKS_DATE.search(question):
        return DATES
    if measure_of(question) or _ASKS_NUMBER.search(question):
        return NUMBERS
    return TEXT


def read_value(kind: str, question: str, quote: str) -> Typed | None:
    """The value of this kind that a quote gives to the question; None where it gives none, or more than one reading."""
    if kind == YES_NO:
        return _yes_no(question, quote)
    fitting = _fitting(kind, question, quote)
    if not fitting:
        return None
    keys = {(item.key, item.unit) for item in fitting}
    if len(keys) >= _LISTED:
        return None
    chosen = fitting[0] if len(keys) == 1 else _nearest(question, quote, fitting)
    return _typed(chosen, quote) if chosen is not None else None


def asked_mention(question: str) -> str:
    """What a question asks about whether a document mentions it ("Is the Grebe mentioned?"); "" where it asks something else."""
    match = _IS_MENTIONED.match(question) or _MENTIONS.match(question)
    if match is None:
        return ""
    thing = _LEADING_ARTICLE.sub("", match["thing"].strip(" '\"“”‘’«»"))
    # "Is the auditor named?" asks for a name: that the word stands there is no answer.
    return thing if not match["said"].lower().startswith("name") or any(map(str.isupper, thing)) else ""


_IS_MENTIONED = re.compile(
    r"^\W*(?:is|are|was|were) (?P<thing>[^?]+?) (?:ever |also |anywhere )?(?P<said>mentioned|named|referred to)"
    r"(?: (?:here|anywhere|at all|(?:in|by|on) (?:it|(?:the|this|that) [^\W\d_]+)))?\W*$",
    re.IGNORECASE,
)
_MENTIONS = re.compile(
    r"^\W*(?:does|do|did) (?:it|they|(?:the|this|that|these) [^\W\d_]+) "
    r"(?:ever |also )?(?P<said>mention|name|refer to) (?P<thing>[^?]+?)\W*$",
    re.IGNORECASE,
)
_LEADING_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)


def names_thing(thing: str, text: str) -> bool:
    """Whether a text has the words of a thing one after the other, in whatever form ("the Grebes")."""
    wanted, own = _roots(thing), _roots(text)
    return bool(wanted) and any(own[at : at + len(wanted)] == wanted for at in range(len(own) - len(wanted) + 1))


def _roots(text: str) -> list[str]:
    return [stem(fold_accents(word.lower())) for word in _WORD_OR_NUMBER.findall(text)]


_WORD_OR_NUMBER = re.compile(r"[^\W_]+")


def asks_any_date(question: str) -> bool:
    """Whether a question asks for the date of a document without saying of what ("What date is given?")."""
    return kind_of(question) == DATES and _terms(question) <= _stems_of(_OF_GIVING)


_OF_GIVING = "give given gives state stated states mention mentioned name named say says contain document text letter page file report note"


def stated_dates(text: str) -> list[tuple[Value, Typed | None]]:
    """The dates of a text, each normalised where it leaves one reading."""
    return [(item, _typed(item, text)) for item in values(text) if item.kind == DATE]


def asked_year(question: str) -> str:
    """The year that a question for a figure names; "" where it names none, or several."""
    named = set(YEAR.findall(question))
    return named.pop() if len(named) == 1 else ""


def read_column(question: str, row: str, columns: str) -> Typed | None:
    """The figure of the year asked for in a row of a table; `columns` says its years and unit, as `columns_of` writes them.

    None where the row has not one figure for each column, or the year heads no column or several.
    """
    years = YEAR.findall(columns.partition("(")[0])
    figures = [item for item in values(row) if item.kind == NUMBER]
    if len(figures) > len(years):
        figures = [item for item in figures if item.unit != "%"]  # the change from year to year
    year = asked_year(question)
    if len(years) != len(figures) or years.count(year) != 1 or not is_its_line(question, row[: figures[0].start]):
        return None
    figure, unit = figures[years.index(year)], columns.partition("(")[2].rstrip(".)")
    scale = 1.0 if "except" in unit and "." in figure.text else _scale_of(unit)
    money = next((item.unit for item in figures if item.unit in _MONEY), "")
    scaled = f" ({unit.partition(',')[0].lower()})" if scale > 1 else ""
    return Typed(f"{figure.text.strip()}{scaled}", plain_digits(figure.amount * scale), money)


def _scale_of(unit: str) -> float:
    match = re.search(r"\bin (thousand|million|billion)", unit, re.IGNORECASE)
    return {"thousand": 1e3, "million": 1e6, "billion": 1e9}[match[1].lower()] if match else 1.0


_LISTED = 3
"""So many values of a kind are a list or the row of a table, and none of them is the one."""


def all_values(kind: str, question: str, quote: str) -> frozenset[str]:
    """Every value of a quote that could be meant, normalised: more than one where `read_value` can name none."""
    return frozenset(item.key for item in _fitting(kind, question, quote)) if kind in (NUMBERS, DATES) else frozenset()


def disagrees(kind: str, one: Typed, other: Typed) -> bool:
    """Whether two values of a kind are two answers."""
    units = {stem(item.unit.lower()) for item in (one, other) if item.unit}
    if kind == NUMBERS and len(units) < 2 and _rounded_alike(one.value, other.value):
        return False  # "$17.61 billion" in the text, 17,606 in a table in millions
    return one.value != other.value or (kind == NUMBERS and len(units) > 1)


def _rounded_alike(one: str, other: str) -> bool:
    """Whether one number is the other, rounded to three digits or more."""
    short, long = sorted((one, other), key=lambda text: len(text.strip("0").replace(".", "")))
    digits = len(short.strip("0").replace(".", ""))
    return digits >= _ROUNDED_DIGITS and float(f"%.{digits}g" % float(long)) == float(short)


_ROUNDED_DIGITS = 3


def _typed(value: Value, quote: str) -> Typed | None:
    if value.kind == DATE:
        if "|" in value.key or not re.fullmatch(r"\d{4}-(?:\d\d|\?\?)-(?:\d\d|\?\?)", value.key):
            return None
        return Typed(value.text, value.key.replace("-??", ""))
    shown, unit = value.text.strip(), value.unit
    for match in itertools.islice(_WORD.finditer(quote[value.end : value.end + 60]), 3):
        if unit and stem(match[0].lower()) == unit:
            shown, unit = f"{shown}{quote[value.end : value.end + match.end()]}", match[0]
            break
    return Typed(" ".join(shown.split()), value.key, unit)


_MONEY = frozenset("$£€¥₹") | {"chf", "cad", "aud", "cent", "cps", "penc"}


@functools.cache
def _stems_of(words: str) -> frozenset[str]:
    """The stems of some words, made when they are first asked for: the stemmer is not there before."""
    return frozenset(stem(word) for word in words.split())


_TIME = "second minute hour day night week month year decade"


def _fitting(kind: str, question: str, quote: str) -> list[Value]:
    """The values of a quote that can be meant: of the kind and measure asked for, and not given in the question itself."""
    given = values(question)
    found = [item for item in values(quote) if item.kind == (DATE if kind == DATES else NUMBER)]
    found = [item for item in found if not any(relation(item, other) == SAME for other in given)]
    if looks_ahead(question, quote):
        return []
    if kind == DATES:
        if not _says_which_end(question, quote):
            return []
        found = [item for item in found if not _other_end(question, quote[: item.start])]
        found = _not_of_another(quote, [item for item in found if not _FISCAL.search(quote[: item.start])])
        exact = [item for item in found if item.key.count("?") <= 1]
        if exact or _ASKS_DAY.search(question):
            return exact
        return [item for item in found if "?" not in item.key[:4]]
    if not states_figure(question, quote):
        return []
    return _of_now(question, quote, _of_measure(question, quote, _not_of_range(quote, found)))


def _not_of_range(quote: str, found: list[Value]) -> list[Value]:
    """Without the two ends of a range ("20 to 30 stores"): neither is the number. "From 20 to 30" may be a change and is left."""
    ends = {
        end
        for pair in itertools.pairwise(found)
        if _RANGE.fullmatch(quote[pair[0].end : pair[1].start]) and not _FROM.search(quote[: pair[0].start])
        for end in pair
    }
    return [item for item in found if item not in ends and not _TIED.search(quote[: item.start])]


_RANGE = re.compile(r"\s*(?:to|through|bis|[-–—])\s*[$€£]?\s*", re.IGNORECASE)
_TIED = re.compile(r"\d[-–—]$")
"""Before a number that is written as one word with the one before it ("40-50 people")."""

_FROM = re.compile(r"\bfrom\s*[$€£]?\s*$", re.IGNORECASE)


def _not_of_another(quote: str, found: list[Value]) -> list[Value]:
    """Without the days of other papers that a sentence names, one alone or several in a row."""
    kept: list[Value] = []
    left: Value | None = None
    for item in found:
        if _DATES_ANOTHER.search(quote[: item.start]) or (left is not None and _listed_with(quote, left, item)):
            left = item
        else:
            kept.append(item)
    return kept


_FISCAL = re.compile(r"\b(?:fiscal|fy|financial year|season|model year) ?$", re.IGNORECASE)
"""A fiscal year is named by a year and begins on another day."""

_ASKS_DAY = re.compile(r"\b(?:what|which) (?:exact )?(?:date|day)\b", re.IGNORECASE)
_DATES_ANOTHER = re.compile(
    r"\b(?:report|(?-i:Form [\dA-Z][\w-]*)|statement|filing|prospectus|letter|edition|version)s?\b[^.;]{0,40}"
    r"\b(?:for|dated|filed|of)\b[^.;]{0,40}$",
    re.IGNORECASE,
)
"""Words before a day that say of which other paper it is the day: "our annual report for the year ended 30 June 2022"."""


def _of_measure(question: str, quote: str, found: list[Value]) -> list[Value]:
    """Those numbers that measure what is asked for: money for a rent, days for a period, persons for how many employees."""
    measures, noun = measure_of(question), counted(question)
    if not measures and not noun and _MONEY_NAMED.search(question) and not _RATIO.search(question):
        measures = ("money",)
    if "money" in measures:
        bare = [item for item in found if not item.unit and item.text[-1:].isdigit()]
        found = [item for item in found if item.unit in _MONEY] or bare
    elif "share" in measures:
        found = [item for item in found if item.unit == "%"]
    elif "time" in measures:
        return [item for item in found if item.unit in _stems_of(_TIME)]
    elif noun:
        found = [item for item in found if _counts(noun, quote, item)]
    elif not measures:
        found = [item for item in found if item.unit not in _stems_of(_TIME) or item.unit in _terms(question)]
    if "share" not in measures and not _OF_SHARES.search(question):
        found = [item for item in found if item.unit != "%"]  # how much something grew is not how much it is
    return [item for item in found if item.unit not in ("ordinal", "time")]


def _of_now(question: str, quote: str, found: list[Value]) -> list[Value]:
    """Without the numbers that a sentence gives for comparison, or as a change, where it states others or the level is asked for."""
    if not _ASKS_CHANGE.search(question):
        found = [item for item in found if not _CHANGED_BY.search(quote[: item.start])]
    return [item for item in found if not _COMPARED_WITH.search(quote[: item.start])] or found


_ASKS_CHANGE = re.compile(
    r"\b(?:increas|decreas|chang|grow|grew|ris|rose|fall|fell|declin|drop|differ)\w*", re.IGNORECASE
)
_CHANGED_BY = re.compile(
    r"\b(?:reduc|increas|decreas|rais|cut|lower)\w*\b[^.;]{0,60}\bby(?: the)?(?: approximately| about| some| nearly| almost)? ?$"
    r"|\b(?:increas\w+|decreas\w+|rose|risen|grew|fell|declin\w+|dropped|up|down|higher|lower)"
    r"(?: by| of)?(?: approximately| about| some| nearly| almost)? ?$",
    re.IGNORECASE,
)
_COMPARED_WITH = re.compile(
    r"\b(?:compared (?:to|with)|versus|vs\.?|as against|than|up from|down from|from) ?$", re.IGNORECASE
)
_MONEY_NAMED = re.compile(
    r"\b(?:rents?|prices?|costs?|fees?|fines?|fares?|salar(?:y|ies)|wages?|revenues?|sales|incomes?|profits?|earnings|eps|dividends?"
    r"|expenses?|deposits?|debts?|budgets?|assets|liabilities|payments?|turnover|loss(?:es)?|premiums?|tax(?:es)?)\b",
    re.IGNORECASE,
)
_RATIO = re.compile(r"\b(?:rates?|margins?|ratios?|percent\w*|growth|yields?|shares? of)\b", re.IGNORECASE)


def _counts(noun: str, quote: str, item: Value) -> bool:
    """Whether a number counts a thing: its word stands right behind it, or closely before it ("number of employees: 29,945")."""
    last = fold_accents(noun.split()[-1].lower())
    wanted = stem(last)
    behind = _WORD.findall(quote[item.end :])[:_BEHIND]
    behind = [word for word in behind if item.key == "1" or _as_many(word, last, wanted)]
    if _alike(wanted, frozenset(_roots(" ".join(behind)))) >= _KIN:
        return True
    before = _WORD.findall(quote[: item.start])[-_BEFORE:]
    if _alike(wanted, frozenset(_roots(" ".join(before)))) < _SAME_ROOT:
        return False
    if item.unit and item.unit not in ("ordinal", "time", "%"):
        return item.unit in _stems_of("people person")
    return _LEADS_TO_COUNT.search(quote[: item.start]) is not None


def _as_many(word: str, plural: str, root: str) -> bool:
    """Whether a word can be what several are: "two employee groups" are no employees."""
    lowered = fold_accents(word.lower())
    return lowered == plural or stem(lowered) != root


_LEADS_TO_COUNT = re.compile(
    r"(?::|\b(?:is|was|are|were|of|totall?ed|numbered|reached|at))[^.;:\d]{0,20}$", re.IGNORECASE
)
"""What stands between a thing and its number; in a table of contents there is nothing."""

_BEHIND, _BEFORE, _KIN, _SAME_ROOT = 3, 6, 0.9, 0.6


_OF_SHARES = re.compile(
    r"\b(?:rates?|margins?|interest|yields?|discounts?|ratios?|growth|grew|increas\w+|decreas\w+|chang\w+|ris(?:e|en)|rose|fell|fall\w*"
    r"|tax\w*|commission|penalty|satz|zins\w*|quote|taux|tasa)\b",
    re.IGNORECASE,
)
"""What is given in per cent though the question does not say so."""

_OF_MEASURES = "period duration amount length term"
"""Words that ask for a measure and need not stand beside it: "six months' notice" is a notice period."""


_BEGINS = re.compile(r"\b(?:begin\w*|start\w*|commenc\w*|effective|from|since)\b", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:ends?|ended|ending|expir\w*|terminat\w*|until|till)\b", re.IGNORECASE)
_LED_TO_END = re.compile(
    r"\b(?:until|till|through|to|ends?|ending|expir\w+|terminates?)\W+(?:on |the |date:? )*$", re.IGNORECASE
)
_LED_TO_BEGIN = re.compile(
    r"\b(?:from|since|begins?|starts?|commenc\w+|effective)\W+(?:on |the |date:? )*$", re.IGNORECASE
)


def _says_which_end(question: str, quote: str) -> bool:
    """Whether a quote speaks of a beginning where one is asked for, or of an end."""
    begins = _asks_beginning(question)
    return begins is None or (_BEGINS if begins else _ENDS).search(quote) is not None


def _other_end(question: str, before: str) -> bool:
    """Whether what stands before a day says that it is the other end of a period than the one asked for."""
    begins = _asks_beginning(question)
    return begins is not None and (_LED_TO_END if begins else _LED_TO_BEGIN).search(before) is not None


def _asks_beginning(question: str) -> bool | None:
    """Whether a question asks for a beginning (True) or an end (False); None where it asks for neither, or both."""
    begins, ends = _BEGINS.search(question) is not None, _ENDS.search(question) is not None
    return begins if begins != ends else None


def _asked_terms(question: str) -> frozenset[str]:
    """What a question is about, without the words that only ask; these too where there is nothing else."""
    return frozenset(term for term in _terms(question) if term not in _stems_of(_OF_MEASURES)) or _terms(question)


def _terms(text: str) -> frozenset[str]:
    return frozenset(
        stem(fold_accents(word))
        for word in _WORD.findall(text)
        if word.lower() not in FUNCTION_WORDS and word.lower() not in QUESTION_WORDS
    )


def _nearest(question: str, quote: str, fitting: Sequence[Value]) -> Value | None:
    """The value whose clause says most of what is asked; None where two do."""
    asked = _terms(question)
    ranked = []
    for item in fitting:
        start, end = _clause(quote, item)
        own = _terms(quote[start:end])
        ranked.append((sum(_alike(term, own) for term in asked), -abs(item.start - start), item))
    best = max(ranked, key=lambda one: one[0])
    rivals = [
        item for share, _, item in ranked if share == best[0] and (item.key, item.unit) != (best[2].key, best[2].unit)
    ]
    if best[0] <= 0 or rivals or any(_listed_with(quote, best[2], item) for _, _, item in ranked):
        return None
    return best[2]


def _listed_with(quote: str, one: Value, other: Value) -> bool:
    """Whether two values stand side by side, joined by no more than "and": what is said of one is said of both."""
    first, second = sorted((one, other), key=lambda item: item.start)
    return first.key != second.key and _JOINED.fullmatch(quote[first.end : second.start]) is not None


_JOINED = re.compile(r"\s*(?:,|and|or|&|,\s*and|,\s*or|/)\s*", re.IGNORECASE)


_SAME_TERM = (
    "begin start commenc effect",
    "end expir terminat",
    "rent rental",
    "month",
    "year annual",
    "sign execut",
    "pai pay payabl due",
    "employe staff",
)
_GROUPS = {word: number for number, words in enumerate(_SAME_TERM) for word in words.split()}


def _alike(term: str, words: frozenset[str]) -> float:
    if term in words:
        return 1.0
    group = _GROUPS.get(term)
    if group is not None and any(_GROUPS.get(word) == group for word in words):
        return 0.9
    same_root = any(len(term) >= 5 and word[:5] == term[:5] and abs(len(word) - len(term)) <= 3 for word in words)
    return _SAME_ROOT if same_root else 0.0


def _clause(quote: str, value: Value) -> tuple[int, int]:
    start = max((match.end() for match in _CLAUSE.finditer(quote) if match.end() <= value.start), default=0)
    end = min((match.start() for match in _CLAUSE.finditer(quote) if match.start() >= value.end), default=len(quote))
    return start, end


_ASKS_NAME = re.compile(
    r"^\W*(?:who|whom|whose|by whom)\b|\bnames? of (?:the )?|\bwhich (?:company|firm|person|bank|auditor)\b",
    re.IGNORECASE,
)
_WHICH = re.compile(r"^\W*(?:which|what) (?:company|firm|person|bank)\b", re.IGNORECASE)
_ASKS_COMPANY = re.compile(r"\b(?:company|firm|bank|auditor|supplier|insurer)\b", re.IGNORECASE)
_NAME_TOKEN = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*|[;:.,()]")
_APART = frozenset("and or ; .".split())


def asks_for_name(question: str) -> bool:
    """Whether the answer is the name of a person or a company."""
    return _ASKS_NAME.search(question) is not None


def read_name(question: str, quote: str) -> Typed | None:
    """The name that stands nearest to what is asked for ("the tenant"); None where there is none, or two are as near."""
    asked = _terms(question)
    company = _ASKS_COMPANY.search(question) is not None
    found = [name for name in names(quote) if not _terms(name) & asked and (company or any(map(str.islower, name)))]
    own, wanted = _terms(quote), _terms(_WHICH.sub(" ", question)) or asked
    if sum(_alike(term, own) >= _SAME_ROOT for term in wanted) < len(wanted) - len(wanted) // 4:
        return None
    found = [name for name in found if _can_act(name, quote) and not _explains_another(name, quote, asked)]
    found = [name for name in found if not any(name != other and name in other for other in found) and not values(name)]
    tokens = list(_NAME_TOKEN.finditer(quote))
    roles = [at for at, token in enumerate(tokens) if stem(fold_accents(token[0])) in asked]
    if not roles or not found:
        return None
    ranked = []
    for name in found:
        start = quote.find(name)
        if quote[:start].rstrip()[-1:].isdigit():
            continue  # the street of an address
        inside = [at for at, token in enumerate(tokens) if start <= token.start() < start + len(name)]
        if inside:
            owner = _APART_STEPS if _OF.search(quote[:start]) and roles[0] < inside[0] else 0.0
            ranked.append((min(_steps(tokens, role, inside) for role in roles) + owner, name))
    ranked.sort()
    if not ranked or ranked[0][0] > _FAR or (len(ranked) > 1 and ranked[1][0] == ranked[0][0]):
        return None
    return Typed(ranked[0][1], ranked[0][1])


def _can_act(name: str, quote: str) -> bool:
    """Whether a name can be a person's or a company's: no law, form, office or address, and no other's owner.

    Names of persons take no article, and are not made of the commonest words alone.
    """
    at = quote.find(name)
    if _ARTICLE.search(quote[:at]) or _OWNS.match(quote[at + len(name) :]):
        return False
    words = [word for word in _WORD.findall(name) if word.lower() not in FUNCTION_WORDS]
    if not words or all(word.lower() in _OFFICES for word in words):
        return False
    tells = [rarity(word) for word in words]
    if len(words) == 1 and not quote[:at].strip() and tells[0] < 1.0:
        return False  # a capital only because it opens the sentence
    return tells[-1] >= _COMMON_LAST and max(tells) >= _COMMON


def _explains_another(name: str, quote: str, asked: frozenset[str]) -> bool:
    """Whether a name stands in brackets that do not say what is asked for: it tells more of the name before ("Board (Ireland)")."""
    at = quote.find(name)
    opened = quote.rfind("(", 0, at)
    if opened < 0 or ")" in quote[opened:at]:
        return False
    closed = quote.find(")", at)
    inside = quote[opened + 1 : closed if closed >= 0 else len(quote)]
    return not any(_alike(term, _terms(inside)) >= _SAME_ROOT for term in asked)


_OFFICES = frozenset(
    "senior junior vice deputy chief executive president chair chairman chairwoman director directors officer officers secretary treasurer "
    "controller manager managing general partner counsel board supervisory committee member members head".split()
)
_ARTICLE = re.compile(r"\b(?:the|an?|our|its|their|his|her|this|that|such) $", re.IGNORECASE)
_OWNS = re.compile(r"['’]s?(?!\w)")
_COMMON_LAST, _COMMON = 0.4, 0.62

_OF = re.compile(r"\b(?:of|for|at) $", re.IGNORECASE)
"""The auditor of Acme is not Acme."""

_FAR, _APART_STEPS = 8.0, 4.0
"""So many words apart a name is no longer the one that is asked for."""


def _steps(tokens: Sequence[re.Match[str]], role: int, inside: Sequence[int]) -> float:
    """How far a name is from a word: telling words count whole, a new clause much."""
    low, high = (role, inside[0]) if role < inside[0] else (inside[-1], role)
    steps = 0.0
    for token in tokens[low + 1 : high]:
        word = token[0].lower()
        steps += _APART_STEPS if word in _APART else 0.1 if word in FUNCTION_WORDS or not word.isalnum() else 1.0
    return steps


def says_action(question: str, text: str) -> bool:
    """Whether a text says what the question for a day says happened: a day of the report is not the day when it was signed."""
    asked = [word for word in _WORD.findall(question) if word.lower() not in FUNCTION_WORDS | QUESTION_WORDS]
    return not asked or _alike(stem(fold_accents(asked[-1].lower())), _terms(text)) > 0


def covers(question: str, text: str, around: str) -> float:
    """How much of what is asked a text says, 0 to 1; what stands around it counts half."""
    asked, own, near = _asked_terms(question), _terms(text), _terms(around)
    if not asked:
        return 0.0
    return sum(max(_alike(term, own), 0.5 * _alike(term, near)) for term in asked) / len(asked)


def _yes_no(question: str, quote: str) -> Typed | None:
    """Yes or no, where every sentence of the quote that speaks of the subject says the same, and says it of what is asked."""
    subject = _terms(question)
    leave = _ASKS_LEAVE.search(question) is not None
    if leave:
        subject = frozenset(term for term in subject if not _ASKS_LEAVE.search(term)) or subject
    parts = [
        part for part in re.split(r"(?<=[.;!?])\s+|\n", quote) if _says_all(subject, part, 1.0 if not leave else 0.5)
    ]
    if not leave and _ASKS_STATE.search(question):
        parts = [part for part in parts if _says_of_it(question, part)]
    said = {_polarity(part, leave=leave) for part in parts}
    if len(said) != 1 or None in said:
        return None
    positive = said == {True}
    if _FORBIDS.search(question):
        positive = not positive
    return Typed(quote, "yes" if positive else "no")


_ASKS_STATE = re.compile(r"^\W*(?:is|are|was|were)\b", re.IGNORECASE)


def _says_of_it(question: str, part: str) -> bool:
    """Whether a sentence says something of what is asked about: "the audited accounts", a heading and a definition only mention it."""
    asked = [word for word in _WORD.findall(question) if word.lower() not in FUNCTION_WORDS]
    wanted = stem(asked[-1].lower()) if asked else ""
    words = [word.lower() for word in _WORD.findall(part)]
    for at, word in enumerate(words):
        if word not in _COPULAS:
            continue
        for behind in words[at + 1 : at + 1 + _PREDICATE]:
            if stem(behind) == wanted:
                return True
            if behind in _POINTS_AWAY:
                break
    return False


_PREDICATE = 6
_COPULAS = frozenset("is are was were be been being".split())
_POINTS_AWAY = frozenset("the its our from of by in".split())


def _says_all(subject: frozenset[str], part: str, share: float) -> bool:
    own = _terms(part)
    return bool(subject) and sum(_alike(term, own) >= 0.6 for term in subject) >= share * len(subject)


def _polarity(part: str, *, leave: bool) -> bool | None:
    """Whether a sentence affirms; None where a condition hangs on it, it only asks, or it does not say.

    A question for `leave` ("Are pets allowed?") is affirmed only by a word that grants it.
    """
    if _CONDITION.search(part) or _LEAVES_OPEN.search(part):
        return None
    against = len(_DENIES.findall(part)) + len(_FORBIDS.findall(part))
    if against:
        return against % 2 == 0
    return True if not leave or _GRANTS.search(part) else None
