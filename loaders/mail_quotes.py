"""Tells what the writer of a mail says now from what it quotes or forwards, by the marks that mail programs set.

Quoted lines begin with `> ` in the text of a page, whatever the program marked them with, so that a reader sees at once
that they are older and somebody else's. A forwarded message stands by itself: it is what the writer wants to be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FROM = r"From|Von|De|Da|Fra|Från|Van|Lähettäjä|Od|Odesílatel|Feladó|Kimden|От|Від|发件人|寄件者|差出人|보낸 사람"
_DATE = (
    r"Sent|Date|Gesendet|Datum|Envoyé|Enviado(?: el)?|Fecha|Inviato|Data|Sendt|Dato|Skickat|Verzonden|Lähetetty|Odesláno|"
    r"Wysłano|Gönderildi|Tarih|Отправлено|Дата|Надіслано|发送时间|日期|送信日時|日時|보낸 날짜"
)
_TO = r"To|An|À|A|Para|Til|Till|Aan|Komu|Do|Kime|Кому|收件人|宛先|받는 사람"
_SUBJECT = (
    r"Subject|Betreff|Objet|Asunto|Assunto|Oggetto|Emne|Ämne|Onderwerp|Aihe|Předmět|Temat|Konu|Тема|主题|主旨|件名|제목"
)
_MORE = r"Cc|Bcc|Kopie|Copie|Reply-To|Antwort an|Importance|Wichtigkeit|Attachments|Anlagen"
_OTHERS = f"{_DATE}|{_TO}|{_SUBJECT}|{_MORE}"
_HEADER = re.compile(rf"^[\s*]*(?:{_FROM}|{_OTHERS})[\s*]*[:：][\s*]*\S", re.IGNORECASE)
_FROM_HEADER = re.compile(rf"^[\s*]*(?:{_FROM})[\s*]*[:：][\s*]*\S", re.IGNORECASE)
_OTHER_HEADER = re.compile(rf"(?:^|\s)\*?(?:{_OTHERS})\*?\s*[:：]\*?\s*\S")
_LABEL = re.compile(rf"(?:^|(?<=\s))({_FROM}|{_OTHERS})\s*[:：]\s*", re.IGNORECASE)
_KINDS = {
    kind: re.compile(labels, re.IGNORECASE)
    for kind, labels in (("from", _FROM), ("date", _DATE), ("to", _TO), ("subject", _SUBJECT))
}
_RULE = re.compile(r"^\s*_{8,}\s*$|^\s*-{8,}\s*$")
_MARK = re.compile(r"^\s*[-_—=]{2,}\s*[^\W\d_][\w ,.'’:()-]{3,80}?\s*[-_—=]{2,}\s*$")
_FORWARD_WORDS = re.compile(
    r"forward|weitergeleitet|transféré|transmis|reenviad|inoltrat|videresend|vidarebefordra|doorgestuurd|encaminhad|"
    r"přeposlan|przekazan|пересл|转发|轉寄|転送|전달",
    re.IGNORECASE,
)
_FORWARD_LINE = re.compile(
    r"^\s*(?:Begin forwarded message|Anfang der weitergeleiteten Nachricht|Début du message (?:réexpédié|transféré)|"
    r"Inizio messaggio inoltrato|Inicio del mensaje reenviado)\s*:?\s*$",
    re.IGNORECASE,
)
_FORWARD_SUBJECT = re.compile(r"^\s*(?:fwd?|wg|wtr|tr|rv|i|vs|vb|vl|enc|pd|doorst|转发|轉寄)\s*[:：]", re.IGNORECASE)
_WROTE = re.compile(
    r"(?:\b(?:wrote|writes|said|schrieb|schrieben|a écrit|escribió|ha scritto|skrev|schreef|escreveu|kirjoitti|napsala?|"
    r"napisała?|írta|yazdı|писала?|написала?)\b|写道|寫道|のメール)[^:：]{0,60}[:：]\s*$",
    re.IGNORECASE,
)
"""The verb that introduces a quote; in German and Dutch the name may follow it."""

_QUOTED = re.compile(r"^\s{0,2}(?:>\s?)+")
_HEADER_LINES = 8


@dataclass(frozen=True)
class Forwarded:
    """A message inside a text: its headers as they stand there, "" for one it lacks, and what it says, quotes marked."""

    subject: str
    sender: str
    to: str
    date: str
    text: str


@dataclass(frozen=True)
class Marked:
    """A text of which the quoted lines begin with `> `; a forwarded message at its end stands apart."""

    text: str
    forwarded: Forwarded | None = None


def forwards(subject: str) -> bool:
    """Whether a subject says that its message forwards another one ("FW: …", "WG: …")."""
    return _FORWARD_SUBJECT.match(subject) is not None


def is_forward(text: str) -> bool:
    """Whether a text begins with a mark that says so, and the headers of a forwarded message."""
    lines = [line for line in text.split("\n") if line.strip()]
    block = _header_block(lines, 0) if lines else None
    return block is not None and block[2]


def marked(text: str, subject: str = "") -> Marked:
    """The text of a mail with what it quotes marked, and with what it forwards apart; `subject` is the mail's own."""
    lines = text.split("\n")
    own: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        if _QUOTED.match(line):
            own.append(_normal(line))
        elif headers := _header_block(lines, place):
            first, last, forwarded = headers
            if forwarded or (forwards(subject) and not _below_quotes(own)):
                return Marked(_ended(own), _forwarded(lines[first:last], lines[last:]))
            return Marked(_ended(own) + _quoted(lines[place:]))
        elif length := _introduction(lines, place):
            rest = place + length
            own += [f"> {part.strip()}" for part in lines[place:rest]]
            if not _quotes_follow(lines, rest):
                return Marked(_ended(own) + _quoted(lines[rest:]))
            place = rest
            continue
        else:
            own.append(line)
        place += 1
    return Marked("\n".join(own).strip("\n"))


def _normal(line: str) -> str:
    """A quoted line with its depth as `> > ` before it."""
    match = _QUOTED.match(line)
    assert match is not None
    return ("> " * match[0].count(">") + line[match.end() :]).rstrip()


def _ended(own: Sequence[str]) -> str:
    """What was collected, without the rule or mark that parts it from what follows."""
    lines = list(own)
    while lines and (not lines[-1].strip() or _RULE.match(lines[-1]) or _MARK.match(lines[-1])):
        lines.pop()
    return "\n".join(lines).strip("\n")


def _quoted(lines: Sequence[str]) -> str:
    """Lines as quoted ones, behind a blank line; empty ones once."""
    shown: list[str] = []
    for line in lines:
        if line.strip() and not _RULE.match(line):
            shown.append(_normal(f"> {line}"))
        elif shown and shown[-1] != ">":
            shown.append(">")
    while shown and not shown[-1].strip("> "):
        shown.pop()
    return "\n\n" + "\n".join(shown) if shown else ""


def _forwarded(headers: Sequence[str], body: Sequence[str]) -> Forwarded:
    text = " ".join(line.strip().replace("*", "") for line in headers if line.strip())
    places = [*_LABEL.finditer(text)]
    values: dict[str, str] = {}
    for match, following in zip(places, [*places[1:], None]):
        value = text[match.end() : following.start() if following else len(text)].strip()
        kind = next((kind for kind, labels in _KINDS.items() if labels.fullmatch(match[1])), "")
        values.setdefault(kind, value)
    return Forwarded(
        values.get("subject", ""), values.get("from", ""), values.get("to", ""), values.get("date", ""),
        marked("\n".join(body)).text,
    )  # fmt: skip


def _below_quotes(own: Sequence[str]) -> bool:
    return any(line.startswith("> ") for line in own)


def _header_block(lines: Sequence[str], place: int) -> tuple[int, int, bool] | None:
    """Where the headers of an older message begin and end, and whether a mark says that it is forwarded; None if none do.

    They may follow a mark ("-----Original Message-----", "Begin forwarded message:") or a rule.
    """
    line = lines[place]
    mark = bool(_MARK.match(line) or _FORWARD_LINE.match(line))
    start = place
    if mark or _RULE.match(line):
        start = next((at for at in range(place + 1, min(place + 4, len(lines))) if lines[at].strip()), len(lines))
    if start >= len(lines) or not _FROM_HEADER.match(lines[start]):
        return None
    end, seen = start + 1, len(_OTHER_HEADER.findall(lines[start]))
    while end < min(len(lines), start + _HEADER_LINES) and _is_header(lines, end):
        seen += bool(lines[end].strip())
        end += 1
    if seen < (1 if mark else 2):
        return None
    return start, end, mark and bool(_FORWARD_WORDS.search(line) or _FORWARD_LINE.match(line))


def _is_header(lines: Sequence[str], place: int) -> bool:
    """Whether a line is a header, or an empty one between two (as blocks of HTML are written)."""
    line = lines[place]
    if line.strip():
        return _HEADER.match(line) is not None
    return place + 1 < len(lines) and _HEADER.match(lines[place + 1]) is not None


def _introduction(lines: Sequence[str], place: int) -> int:
    """How many lines the introduction of a quote takes here ("On 3 May, Ada wrote:"), 0 when this is none."""
    for length in (1, 2, 3):
        part = [line.strip() for line in lines[place : place + length]]
        if len(part) < length or not all(part) or any(map(_QUOTED.match, part[1:])):
            return 0
        if _WROTE.search(part[-1]):
            said = " ".join(part)
            dated = re.search(r"\d|@", said) is not None and len(said) <= 300
            return length if dated or (length == 1 and _quotes_follow(lines, place + 1)) else 0
    return 0


def _quotes_follow(lines: Sequence[str], place: int) -> bool:
    following = next((line for line in lines[place:] if line.strip()), "")
    return _QUOTED.match(following) is not None
