"""Recognises days and months written in any common form, so that 3 February 2033 and 03.02.2033 are one term."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from workbench.text.stemming import fold_accents

# January to December, then short forms; normalised and folded spelling (no accents). Languages whose month names are the
# same word after folding share an entry.
_NAMES = {
    1: (
        "january jan januar janner janvier janv enero ene gennaio gen janeiro januari ianuarie ocak stycznia "
        "styczen ledna leden sijecnja tammikuuta januara январь января січня ιανουαριου ιανουαριοσ يناير"
    ),
    2: (
        "february feb februar fevrier fevr febrero febbraio fevereiro fev februari subat lutego luty unora "
        "unor veljace helmikuuta februara февраль февраля лютого φεβρουαριου φεβρουαριοσ فبراير"
    ),
    3: (
        "march mar marz maerz mrz mars marzo marco maart mrt mart marca marzec brezna brezen ozujka martie "
        "maaliskuuta март марта березня μαρτιου μαρτιοσ maret مارس"
    ),
    4: (
        "april apr avril avr abril abr aprile nisan kwietnia kwiecien dubna duben travnja aprilie huhtikuuta "
        "aprila апрель апреля квітня απριλιου απριλιοσ ابريل"
    ),
    5: (
        "may mai mayo maggio mag maio mei maj mayis maja kvetna kveten svibnja toukokuuta маи мая травня "
        "μαιου μαιοσ مايو"
    ),
    6: (
        "june jun juni juin junio giugno giu junho haziran czerwca czerwiec cervna cerven lipnja iunie "
        "kesakuuta juna июнь июня червня ιουνιου ιουνιοσ يونيو"
    ),
    7: (
        "july jul juli juillet juil julio luglio lug julho temmuz lipca lipiec cervence cervenec srpnja iulie "
        "heinakuuta jula июль июля липня ιουλιου ιουλιοσ يوليو"
    ),
    8: (
        "august aug aout agosto ago augustus augusti agustos sierpnia sierpien srpna srpen kolovoza elokuuta "
        "augusta август августа серпня αυγουστου αυγουστοσ agustus اغسطس"
    ),
    9: (
        "september sep sept septembre septiembre settembre set setembro eylul wrzesnia wrzesien zari rujna "
        "septembrie syyskuuta septembra сентябрь сентября вересня σεπτεμβριου σεπτεμβριοσ سبتمبر"
    ),
    10: (
        "october oct oktober okt octobre octubre ottobre ott outubro out ekim pazdziernika pazdziernik rijna "
        "rijen octombrie lokakuuta oktobra октябрь октября жовтня οκτωβριου οκτωβριοσ اكتوبر"
    ),
    11: (
        "november nov novembre noviembre novembro kasim listopada listopad noiembrie marraskuuta novembra "
        "ноябрь ноября листопада νοεμβριου νοεμβριοσ نوفمبر"
    ),
    12: (
        "december dec dezember dez decembre diciembre dic dicembre dezembro desember aralik grudnia grudzien "
        "prosince prosinec decembrie joulukuuta decembra декабрь декабря грудня δεκεμβριου δεκεμβριοσ ديسمبر"
    ),
}
_MONTHS = {name: number for number, names in _NAMES.items() for name in names.split()}
_NAME = rf"\p{{L}}{{{min(map(len, _MONTHS))},{max(map(len, _MONTHS))}}}"
"""Any word; whether it is a month is looked up, which is faster than two hundred names in a pattern."""

_YEAR = r"(?P<y>1[0-9]{3}|20[0-9]{2}|21[0-9]{2})"
_DAY = r"(?P<d>0?[1-9]|[12][0-9]|3[01])"
_MONTH = r"(?P<m>0?[1-9]|1[0-2])"
_ORDINAL = r"(?:st|nd|rd|th|er|re|o|a|º|ª)?"
_FORMS = tuple(
    regex.compile(rf"(?<![\p{{L}}\p{{N}}./-]){form}(?![\p{{L}}\p{{N}}]|[/-]\d)")
    for form in (
        rf"{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}",
        rf"{_DAY}\.\s?{_MONTH}\.\s?{_YEAR}",
        rf"(?P<one>0?[1-9]|[12][0-9]|3[01])(?P<sign>[/-])(?P<two>0?[1-9]|[12][0-9]|3[01])(?P=sign){_YEAR}",
        rf"{_DAY}{_ORDINAL}\.?\s?(?:of\s|de\s|den\s)?(?P<n>{_NAME})\.?,?\s(?:de\s|del\s)?{_YEAR}",
        rf"(?P<n>{_NAME})\.?\s{_DAY}{_ORDINAL}\.?,?\s{_YEAR}",
        rf"(?P<n>{_NAME})\.?,?\s(?:de\s|del\s)?{_YEAR}",
        rf"{_YEAR}-(?P<m>0[1-9]|1[0-2])",
        rf"(?P<m>0[1-9]|1[0-2])/{_YEAR}",
    )
)
_HAN = regex.compile(
    rf"{_YEAR}\s?年\s?{_MONTH}\s?月(?:\s?{_DAY}\s?日)?|{_YEAR}\s?년\s?{_MONTH}\s?월(?:\s?{_DAY}\s?일)?"
)
_LIKELY = regex.compile(r"\d{4}")
_LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def dates(folded: str) -> Iterator[str]:
    """The days (2033-02-03) and months (2033-02) that a text names, in ISO form; a day gives its month too.

    `folded` is normalised text without accents. 11/05/2033 may be read either way, so it gives both days.
    """
    if not _LIKELY.search(folded):
        return
    yield from dict.fromkeys(
        date for form in (*_FORMS, _HAN) for match in form.finditer(folded) for date in _iso(match.groupdict())
    )


def written_as(question: str, text: str) -> str:
    """A text in which each day or month that a question names is written as the question writes it.

    Both as they stand in the document. "03.02.2033 A fire alarm sounded" asked with "on 3 February 2033" reads "3 February 2033
    A fire alarm sounded"; a month that is asked for stands for each of its days.
    """
    asked = {date: question[start:end] for start, end, found in places(question) for date in found[:1]}
    if not asked:
        return text
    parts, done = [], 0
    for start, end, found in places(text):
        form = next((asked[date] for date in found if date in asked), None)
        if form is not None and start >= done:
            parts += [text[done:start], form]
            done = end
    return "".join([*parts, text[done:]])


def days(text: str) -> list[tuple[str, str]]:
    """The days that a text names, each as it is written and in ISO form; not one that may be read as two."""
    return [
        (text[start:end], found[0])
        for start, end, found in places(text)
        if sum(len(date) == _DAY_CHARS for date in found) == 1
    ]


def with_iso_days(text: str) -> str:
    """A text in which each day that can be read one way only is written in ISO form."""
    parts, done = [], 0
    for start, end, found in places(text):
        if sum(len(date) == _DAY_CHARS for date in found) == 1:
            parts += [text[done:start], found[0]]
            done = end
    return "".join([*parts, text[done:]])


def is_month(word: str) -> bool:
    """Whether a word names a month, in any of the languages known here."""
    return fold_accents(word.casefold()) in _MONTHS


def months(text: str) -> list[tuple[str, str]]:
    """The months that a text names without a day, each as it is written and in ISO form."""
    return [(text[start:end], found[0]) for start, end, found in places(text) if len(found[0]) < _DAY_CHARS]


_DAY_CHARS = len("2033-02-03")


def places(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """Where a text names days and months, and which, the day before its month; the longest way to read a place counts."""
    folded = fold_accents(text.lower())
    if len(folded) != len(text) or not _LIKELY.search(folded):
        return []
    found = [
        (match.start(), match.end(), tuple(sorted(_iso(match.groupdict()), key=lambda date: -len(date))))
        for form in (*_FORMS, _HAN) for match in form.finditer(folded)
    ]  # fmt: skip
    places: list[tuple[int, int, tuple[str, ...]]] = []
    for start, end, named in sorted(found, key=lambda one: (one[0], -one[1])):
        if named and (not places or start >= places[-1][1]):
            places.append((start, end, named))
    return places


def day_of(folded: str) -> str:
    """The day that a text is, and nothing else, in ISO form; "" where it is none. Day before month where both may be."""
    for form in (*_FORMS[:5], _HAN):
        if match := form.fullmatch(folded):
            return next((date for date in _iso(match.groupdict()) if len(date) == 10), "")
    return ""


def _iso(parts: dict[str, str | None]) -> Iterator[str]:
    year = int(parts["y"] or 0)
    if parts.get("one"):
        one, two = int(parts["one"] or 0), int(parts["two"] or 0)
        pairs = dict.fromkeys((month, day) for day, month in ((one, two), (two, one)) if month <= 12)
    else:
        name = parts.get("n")
        if name and name not in _MONTHS:
            return
        pairs = {(_MONTHS[name] if name else int(parts["m"] or 0), int(parts.get("d") or 0)): None}
    for month, day in pairs:
        if day <= _LONGEST.get(month, 31):
            yield f"{year:04}-{month:02}"
            if day:
                yield f"{year:04}-{month:02}-{day:02}"
