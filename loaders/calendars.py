"""Calendars and invitations (ics): every event, task and note as readable fields, with times as people say them.

A time is given as the calendar has it, with its zone; where the zone is known by name, its offset from UTC stands beside.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

from loaders import limits, text
from loaders.blocks import PageBuilder
from loaders.content_lines import Component, ContentLine, components, unescaped
from loaders.document import Document
from loaders.registry import Loader
from loaders.web_page import add_html

VERSION = 1

_ENTRIES = {"VEVENT": "Event", "VTODO": "Task", "VJOURNAL": "Note", "VFREEBUSY": "Free and busy times"}
_METHODS = {
    "REQUEST": "invitation", "CANCEL": "cancellation", "REPLY": "reply to an invitation", "COUNTER": "counter-proposal",
    "PUBLISH": "published calendar", "ADD": "further occurrences", "REFRESH": "request for the latest version",
    "DECLINECOUNTER": "refusal of a counter-proposal",
}  # fmt: skip
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_CODES = {day[:2].upper(): day for day in _DAYS}
_UNITS = {
    "SECONDLY": "second", "MINUTELY": "minute", "HOURLY": "hour", "DAILY": "day", "WEEKLY": "week",
    "MONTHLY": "month", "YEARLY": "year",
}  # fmt: skip
_ANSWERS = {
    "ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative", "NEEDS-ACTION": "no answer yet",
    "DELEGATED": "delegated",
}  # fmt: skip
_TIMES = {
    "DTSTART": "Start", "DTEND": "End", "DUE": "Due", "COMPLETED": "Completed", "RECURRENCE-ID": "Replaces the occurrence of",
}  # fmt: skip
_PLAIN = {
    "LOCATION": "Location", "STATUS": "Status", "CATEGORIES": "Categories", "PRIORITY": "Priority",
    "PERCENT-COMPLETE": "Percent complete", "RESOURCES": "Resources", "CONTACT": "Contact", "URL": "Link", "GEO": "Position",
}  # fmt: skip
_PARAGRAPHS = ("DESCRIPTION", "COMMENT")
_TECHNICAL = frozenset(
    "UID DTSTAMP SEQUENCE CREATED LAST-MODIFIED TRANSP CLASS SUMMARY ORGANIZER ATTENDEE RRULE RDATE EXDATE EXRULE DURATION "
    "REQUEST-STATUS RELATED-TO FREEBUSY ATTACH IMAGE COLOR REFRESH-INTERVAL SOURCE NAME CONFERENCE".split()
)
_KNOWN = _TECHNICAL.union(_TIMES, _PARAGRAPHS)
_DATE = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z?))?$")
_DURATION = re.compile(r"^([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")
_RULE_DAY = re.compile(r"^([+-]?\d{1,2})?([A-Z]{2})$")
_ATTENDEES = 100


def load(path: Path) -> Document:
    """The calendar at `path` as one page; a file without entries is read as plain text. Raises LoadError."""
    content = text.read_text(path)
    builder = PageBuilder(1, None, limits.TextBudget())
    calendars, bad_lines = components(content)
    entries = add_calendar(calendars, builder)
    if not entries:
        return text.load(path)
    title = next((name for calendar in calendars if (name := _name(calendar))), "")
    noted = {"entries": str(entries)}
    if left_out := left_out_of(calendars, bad_lines):
        noted["left_out"] = f"not read: {left_out}"
    return Document(title, (builder.page(),), LOADER.name, VERSION, noted)


def add_calendar(calendars: list[Component], builder: PageBuilder) -> int:
    """Add the entries of calendars to a page, a row of fields each and its description below. How many there are."""
    count = 0
    for calendar in calendars:
        zone = calendar.text("X-WR-TIMEZONE") or next(
            (inner.text("TZID") for inner in calendar.inner if inner.name == "VTIMEZONE"), ""
        )
        method = _METHODS.get(calendar.text("METHOD").upper(), "")
        entries = [calendar] if calendar.name in _ENTRIES else calendar.inner
        for entry in entries:
            if entry.name in _ENTRIES:
                count += 1
                _add_entry(entry, method, zone, builder)
    return count


def left_out_of(calendars: list[Component], bad_lines: int) -> str:
    """What of calendars is not read, in words; "" when all is."""
    attached = sum(
        line.name in ("ATTACH", "IMAGE") and not _is_link(line)
        for calendar in calendars
        for entry in (calendar, *calendar.inner)
        for line in entry.lines
    )
    said = [f"{attached} attachment{'s' * (attached != 1)}"] if attached else []
    if bad_lines:
        said.append(f"{bad_lines} line{'s' * (bad_lines != 1)} that cannot be read")
    return ", ".join(said)


def _name(calendar: Component) -> str:
    return calendar.text("X-WR-CALNAME") or calendar.text("NAME")


def _add_entry(entry: Component, method: str, zone: str, builder: PageBuilder) -> None:
    title = entry.text("SUMMARY") or "(no title)"
    kind = _ENTRIES[entry.name] + (f" ({method})" if method and method != "published calendar" else "")
    parts = [f"{kind}: {title}", *(f"{label}: {value}" for label, value in _fields(entry, zone) if value)]
    builder.paragraph(" | ".join(parts))
    for name in _PARAGRAPHS:
        for line in entry.lines:
            if line.name == name and line.text.strip():
                builder.paragraph(line.text)
    if not entry.text("DESCRIPTION") and (formatted := entry.text("X-ALT-DESC")):
        add_html(formatted, builder)


def _fields(entry: Component, zone: str) -> Iterator[tuple[str, str]]:
    all_day = False
    for line in entry.lines:
        if line.name in _TIMES:
            day_only = _is_day(line)
            all_day |= day_only and line.name == "DTSTART"
            # The end of whole days is the day after the last one.
            value = _shown(line, zone, back_days=int(day_only and line.name == "DTEND"))
            if line.name == "DTEND" and all_day and value == (start := _time(entry, "DTSTART", zone)):
                yield "All day", start
            else:
                yield _TIMES[line.name], value
    if line_ := entry.first("DURATION"):
        yield "Duration", _duration(line_.value)
    if rule := entry.first("RRULE"):
        yield "Repeats", _repeats(rule.value, zone)
    for name, label in (("RDATE", "Also on"), ("EXDATE", "Except on"), ("FREEBUSY", "Times")):
        values = [
            _shown(ContentLine(name, line.parameters, value), zone)
            for line in entry.lines
            if line.name == name
            for value in line.value.split(",")
        ]
        yield label, "; ".join(values)
    for name, label in (("ORGANIZER", "Organizer"), ("ATTENDEE", "Attendees")):
        people = [_person(line) for line in entry.lines if line.name == name]
        more = f" and {len(people) - _ATTENDEES:,} more" if len(people) > _ATTENDEES else ""
        yield label, "; ".join(people[:_ATTENDEES]) + more
    for line in entry.lines:
        if line.name in _PLAIN:
            yield _PLAIN[line.name], " ".join(line.text.split())
        elif line.name == "CONFERENCE" or (line.name == "ATTACH" and _is_link(line)):
            yield "Link", line.text.strip()
        elif line.name not in _KNOWN and not line.name.startswith("X-"):
            yield line.name.capitalize(), " ".join(line.text.split())
    for alarm in entry.inner:
        if alarm.name == "VALARM" and (trigger := alarm.first("TRIGGER")):
            yield "Reminder", _trigger(trigger, zone)


def _time(entry: Component, name: str, zone: str) -> str:
    line = entry.first(name)
    return _shown(line, zone) if line else ""


def _is_day(line: ContentLine) -> bool:
    match = _DATE.match(line.value.strip())
    return match is not None and match[4] is None


def _is_link(line: ContentLine) -> bool:
    return line.parameter("VALUE").upper() != "BINARY" and re.match(r"[a-zA-Z][\w+.-]*:", line.value) is not None


def _shown(line: ContentLine, zone: str, back_days: int = 0) -> str:
    """A day or time as people say it, "14 September 2032, 18:30 (Europe/Oslo, UTC+02:00)"; else the value as it stands."""
    start, slash, end = line.value.strip().partition("/")
    if slash:
        until = (
            _duration(end)
            if end.startswith(("P", "+P"))
            else _shown(ContentLine(line.name, line.parameters, end), zone)
        )
        return f"{_shown(ContentLine(line.name, line.parameters, start), zone)} to {until}"
    match = _DATE.match(start)
    if match is None:
        return " ".join(line.text.split())
    try:
        day = datetime.date(int(match[1]), int(match[2]), int(match[3])) - datetime.timedelta(days=back_days)
        if match[4] is None:
            return _day(day)
        moment = datetime.datetime.combine(
            day, datetime.time(int(match[4]), int(match[5]), min(59, int(match[6] or 0)))
        )
    except (ValueError, OverflowError):
        return " ".join(line.text.split())
    return _moment(moment, line.parameter("TZID"), zone, utc=bool(match[7]))


def _moment(moment: datetime.datetime, own_zone: str, calendar_zone: str, *, utc: bool) -> str:
    if utc:
        local = _in_zone(moment.replace(tzinfo=datetime.UTC), calendar_zone)
        if local is None or calendar_zone.upper() in ("UTC", "ETC/UTC", "GMT"):
            return f"{_said(moment)} UTC"
        return f"{_said(local)} ({_zone(local, calendar_zone)}; {moment:%H:%M} UTC)"
    if not own_zone:
        return _said(moment)
    known = _zone_info(own_zone)
    return f"{_said(moment)} ({_zone(moment.replace(tzinfo=known), own_zone) if known else own_zone})"


def _in_zone(moment: datetime.datetime, name: str) -> datetime.datetime | None:
    known = _zone_info(name)
    try:
        return moment.astimezone(known) if known else None
    except (ValueError, OverflowError):
        return None


def _zone(moment: datetime.datetime, name: str) -> str:
    """The zone's name with its offset at that moment: "Europe/Oslo, UTC+02:00"."""
    offset = f"{moment:%z}"
    return f"{name}, UTC{offset[:3]}:{offset[3:5]}" if offset else name


def _zone_info(name: str) -> zoneinfo.ZoneInfo | None:
    # Some programs write "/citadel.org/20250101_1/Europe/Oslo".
    name = "/".join(name.strip("/").split("/")[-2:]) if name.startswith("/") else name
    if not re.fullmatch(r"[A-Za-z][\w+-]*(?:/[A-Za-z][\w+-]*){0,2}", name):
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _said(moment: datetime.datetime) -> str:
    seconds = f":{moment.second:02}" if moment.second else ""
    return f"{_day(moment.date())}, {moment:%H:%M}{seconds}"


def _day(day: datetime.date) -> str:
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _duration(value: str) -> str:
    match = _DURATION.match(value.strip())
    if match is None:
        return value.strip()
    units = ("week", "day", "hour", "minute", "second")
    parts = [f"{int(n)} {unit}{'s' * (int(n) != 1)}" for n, unit in zip(match.groups()[1:], units) if n and int(n)]
    return " ".join(parts)


def _trigger(line: ContentLine, zone: str) -> str:
    if not _DURATION.match(line.value.strip()):
        return _shown(line, zone)
    length = _duration(line.value)
    return f"{length} {'before' if line.value.startswith('-') else 'after'} the start" if length else "at the start"


def _repeats(value: str, zone: str) -> str:
    """A rule in words: "every 2 weeks on Tuesday and Thursday, 10 times"."""
    rule = dict(part.upper().split("=", 1) for part in value.split(";") if "=" in part)
    unit = _UNITS.get(rule.pop("FREQ", ""), "")
    if not unit:
        return value
    every = rule.pop("INTERVAL", "1")
    said = f"every {unit}" if every == "1" else f"every {every} {unit}s"
    if days := [_rule_day(code) for code in rule.pop("BYDAY", "").split(",") if code]:
        said += f" on {_and(days)}"
    if days := [day for day in rule.pop("BYMONTHDAY", "").split(",") if day]:
        said += f" on day {_and(['last' if day == '-1' else day for day in days])} of the month"
    months = [code for code in rule.pop("BYMONTH", "").split(",") if code.isdigit() and 1 <= int(code) <= 12]
    if months:
        said += f" in {_and([_MONTHS[int(code) - 1] for code in months])}"
    if count := rule.pop("COUNT", ""):
        said += f", {count} times"
    if until := rule.pop("UNTIL", ""):
        said += f", until {_shown(ContentLine('UNTIL', {}, until), zone)}"
    rule.pop("WKST", None)
    return said + "".join(f", {key.lower()} {worth}" for key, worth in rule.items())


def _rule_day(code: str) -> str:
    match = _RULE_DAY.match(code.strip())
    if match is None or match[2] not in _CODES:
        return code
    place = int(match[1] or 0)
    ordinals = {
        0: "",
        1: "the first ",
        2: "the second ",
        3: "the third ",
        4: "the fourth ",
        5: "the fifth ",
        -1: "the last ",
    }
    return ordinals.get(place, f"number {place} ") + _CODES[match[2]]


def _and(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _person(line: ContentLine) -> str:
    address = re.sub(r"^mailto:", "", unescaped(line.value).strip(), flags=re.IGNORECASE)
    name = " ".join(line.parameter("CN").split())
    answer = _ANSWERS.get(line.parameter("PARTSTAT").upper(), "")
    role = "optional" if line.parameter("ROLE").upper() == "OPT-PARTICIPANT" else ""
    aside = ", ".join(part for part in (role, answer) if part)
    return (f"{name} <{address}>" if name and name != address else address) + (f" ({aside})" if aside else "")


LOADER = Loader(name="calendars", version=VERSION, suffixes=(".ics", ".ical", ".ifb", ".vcs"), load=load)
