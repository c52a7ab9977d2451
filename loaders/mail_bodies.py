"""Which parts of a message are its text: of alternatives the one that says most, whatever its type."""

from __future__ import annotations

import base64
import binascii
import contextlib
import email
import email.policy
import quopri
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from typing import Any

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import clean_text
from loaders.mail_quotes import is_forward
from loaders.text import decode, decoded_as
from loaders.web_page import add_html

CALENDARS = ("text/calendar", "application/ics")

_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r"(?:https?://|mailto:|cid:)\S+")
_FEW_WORDS = 3
_MANY_WORDS = 30
_LEFT_OUT_TEXTS = frozenset(("text/css", "text/javascript", "text/x-amp-html", "text/watch-html", "text/rtf"))
_UUENCODED = re.compile(r"^begin [0-7]{3,4} (\S[^\n]*)\n((?:[ -`]{1,62}\n)+?)(?:`|)\n?end[ \t]*$", re.MULTILINE)
_SIGNED = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:\w[\w-]*: [^\n]*\n)*\n(.*?)"
    r"^-----BEGIN PGP SIGNATURE-----[ \t]*\n.*?^-----END PGP SIGNATURE-----[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_DASHED = re.compile(r"^- ", re.MULTILINE)
_ENRICHED = re.compile(r"<param>.*?</param>|</?[A-Za-z][\w-]*>", re.DOTALL | re.IGNORECASE)
_HOLDER = re.compile("\ue000(\\d+)\ue001")
_LINE_END = "\ue002"
_MARKS = re.compile("[\ue000-\ue002]")
_INDENTED = re.compile(r"border(?:-left)?\s*:\s*(?:none|0)", re.IGNORECASE)
_DEPTH = 10


@dataclass
class Parts:
    """The parts of one message: texts in their order, calendars, messages inside, files, and what is not read."""

    texts: list[str] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)
    files: list[EmailMessage] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def parts_of(message: EmailMessage) -> Parts:
    """The parts of a message, whatever is wrong with it."""
    parts = Parts()
    _walk(message, parts, 0)
    parts.calendars = list(dict.fromkeys(parts.calendars))
    return parts


def filename(part: Message) -> str:
    """The name a part has as a file, "" without one."""
    return " ".join(clean_text(str(_asked(part.get_filename) or "")).split())


def _asked(question: Any) -> Any:
    """The answer of the standard library's parser, None where a malformed header makes it fail."""
    try:
        return question()
    except (ValueError, IndexError, AttributeError, TypeError, LookupError):
        return None


def _walk(part: EmailMessage, parts: Parts, depth: int) -> None:
    kind = part.get_content_type()
    if depth > _DEPTH:
        parts.left_out.append("parts nested too deeply")
    elif kind in ("message/rfc822", "message/news", "message/global"):
        parts.messages += [_opened(part, child) for child in _children(part)[:1]]
    elif kind == "message/delivery-status":
        blocks = ["\n".join(f"{key}: {value}" for key, value in block.items()) for block in _children(part)]
        parts.texts.append("\n\n".join(block for block in blocks if block))
    elif kind == "multipart/alternative":
        _walk_alternatives(_children(part), parts, depth)
    elif part.is_multipart():
        for child in _children(part):
            _walk(child, parts, depth + 1)
    else:
        _take(part, kind, parts)


def _children(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, EmailMessage)] if isinstance(payload, list) else []


def _without_files(text: str, parts: Parts) -> str:
    """A text without the files that older programs write into it (uuencode), which are attached as others are."""

    def file(match: re.Match[str]) -> str:
        lines = []
        for line in match[2].split("\n"):
            with contextlib.suppress(binascii.Error):
                lines.append(binascii.a2b_uu(line))
        part = EmailMessage()
        part.set_content(b"".join(lines), "application", "octet-stream", filename=match[1].strip())
        parts.files.append(part)
        return ""

    return _UUENCODED.sub(file, text)


def _without_signature(text: str, parts: Parts) -> str:
    """A text that is signed in itself (OpenPGP) without what stands around it, as RFC 9580 writes it."""

    def signed(match: re.Match[str]) -> str:
        parts.left_out.append("signature")
        return _DASHED.sub("", match[1])

    return _SIGNED.sub(signed, text) if "-----BEGIN PGP SIGNED MESSAGE-----" in text else text


def _opened(part: EmailMessage, child: EmailMessage) -> EmailMessage:
    """A message inside a part. The standard library does not decode one that was encoded for the way."""
    encoding = str(part.get("Content-Transfer-Encoding") or "").strip().lower()
    if child.keys() or encoding not in ("base64", "quoted-printable"):
        return child
    text = str(child.get_payload()).encode("ascii", "replace")
    try:
        data = base64.b64decode(text + b"===") if encoding == "base64" else quopri.decodestring(text)
    except binascii.Error:
        return child
    return email.message_from_bytes(data, policy=email.policy.default)


def _take(part: EmailMessage, kind: str, parts: Parts) -> None:
    """A part that has no parts: text of the message, an invitation, or a file."""
    attached = bool(filename(part)) or _asked(part.get_content_disposition) == "attachment"
    if kind in CALENDARS:
        parts.calendars.append(content(part))
    elif kind in _LEFT_OUT_TEXTS and not attached:
        parts.left_out.append(f"a part of type {kind}")
    elif attached or not kind.startswith("text/"):
        parts.files.append(part)
    elif kind == "text/html":
        parts.texts.append(html_text(content(part)))
    else:
        text = plain_text(part)
        if kind in ("text/enriched", "text/richtext"):
            text = _ENRICHED.sub("", text).replace("<<", "<")
        text = _without_signature(text, parts)
        parts.texts.append(_without_files(text, parts) if _UUENCODED.search(text) else text)


def _walk_alternatives(children: list[EmailMessage], parts: Parts, depth: int) -> None:
    """The alternative that says most; the others' calendars and files; a second one that says much else besides."""
    options = []
    for child in children:
        option = Parts()
        _walk(child, option, depth + 1)
        options.append(option)
        parts.calendars += option.calendars
        parts.files += option.files
        parts.messages += option.messages
        parts.left_out += option.left_out
    said = ["\n\n".join(text for text in option.texts if text.strip()) for option in options]
    chosen, left_out = best_text(said)
    if chosen:
        parts.texts.append(chosen)
    parts.left_out += left_out


def best_text(alternatives: Sequence[str]) -> tuple[str, list[str]]:
    """Of texts that should say the same the one that says most, the plainest first, and what is left out of others.

    Of two that say different things at length both are given.
    """
    chosen, left_out = "", list[str]()
    for said in alternatives:
        if not chosen or not said.strip():
            chosen = chosen or said
            continue
        new, lost = len(_words(said) - _words(chosen)), len(_words(chosen) - _words(said))
        if new <= max(_FEW_WORDS, len(_words(chosen)) // 10):
            continue  # what is plain is nearer to what was written
        chosen, second, second_says = (said, chosen, lost) if new >= lost else (chosen, said, new)
        if second_says > _MANY_WORDS:
            chosen += "\n\n" + second
        elif second_says > _FEW_WORDS:
            left_out.append(f"an alternative of the text that says less ({len(_WORD.findall(second))} words)")
    return chosen, left_out


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_ADDRESS.sub(" ", text).casefold()))


def content(part: Message) -> str:
    """The text of a part in the encoding it states, else in one that fits."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return str(part.get_payload())
    charset = _asked(part.get_content_charset)
    if charset and charset not in ("us-ascii", "ascii") and (text := decoded_as(data, charset)) is not None:
        return text
    return decode(data) if data.strip() else ""


def plain_text(part: Message) -> str:
    """The text of a plain part; lines that were wrapped for the way (format=flowed) are whole again."""
    text = clean_text(content(part))
    if str(_asked(lambda: part.get_param("format")) or "").lower() != "flowed":
        return text
    closed_up = str(_asked(lambda: part.get_param("delsp")) or "").lower() == "yes"
    lines: list[str] = []
    depths: list[int] = []
    flows = False
    for raw in text.split("\n"):
        depth = len(raw) - len(raw.lstrip(">"))
        line = raw[depth:].removeprefix(" ")
        if flows and depths[-1] == depth and line != "-- ":
            lines[-1] = (lines[-1][:-1] if closed_up else lines[-1]) + line
        else:
            lines.append(line)
            depths.append(depth)
        flows = line.endswith(" ") and line != "-- "
    return "\n".join(f"{'> ' * depth}{line.rstrip()}" for depth, line in zip(depths, lines))


def html_text(html: str, depth: int = 0) -> str:
    """The text of an HTML part as its reader sees it, with what it quotes marked by `> `."""
    quotes: list[str] = []
    if depth < _DEPTH:
        html = _prepared(html, quotes)
    builder = PageBuilder(1, None, limits.TextBudget())
    add_html(html, builder)
    text = re.sub(f" ?{_LINE_END} ?", "\n", builder.page().text)

    def quoted(match: re.Match[str]) -> str:
        inner = html_text(quotes[int(match[1])], depth + 1).strip("\n")
        if is_forward(inner):
            return inner
        return "\n".join(f"> {line}".rstrip() for line in inner.split("\n")) if inner else ""

    return _HOLDER.sub(quoted, text) if quotes else text


def _prepared(html: str, quotes: list[str]) -> str:
    """The HTML with a mark in place of each line end and each outermost quote, whose own HTML is added to `quotes`."""
    # Loaders are imported where files are chosen, too: lxml's 6 MB only where one is read.
    import lxml.etree
    import lxml.html

    try:
        data = _MARKS.sub("", clean_text(html)).encode("utf-8", "replace")
        root = lxml.html.document_fromstring(data, parser=_parser())
    except (lxml.etree.LxmlError, ValueError):
        return html
    for element in list(root.iter("br")):
        # In a row of several cells a line end is a space: the row has to stay one line.
        if not element.xpath("boolean(ancestor::tr[1][count(td|th) > 1])"):
            element.tail = _LINE_END + (element.tail or "")
            element.drop_tag()
    outer = [one for one in root.iter("blockquote") if _is_quote(one) and not any(map(_is_quote, one.iterancestors()))]
    for element in outer:
        copied = str(lxml.html.tostring(element, encoding="unicode", with_tail=False))
        mark = lxml.html.fragment_fromstring(f"<p>\ue000{len(quotes)}\ue001</p>")
        mark.tail = element.tail
        # The element's own tag would be a quote again: only what is inside goes on.
        quotes.append(copied[copied.find(">") + 1 : copied.rfind("<")])
        element.getparent().replace(element, mark)
    return str(lxml.html.tostring(root, encoding="unicode"))


def _is_quote(element: Any) -> bool:
    """Whether an element is a quote: mail programs indent the writer's own text by a blockquote without a border."""
    if element.tag != "blockquote":
        return False
    named = element.get("type") == "cite" or element.get("cite") or "quote" in (element.get("class") or "")
    return bool(named or not _INDENTED.search(element.get("style") or ""))


def _parser() -> Any:
    import lxml.html

    return lxml.html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, huge_tree=False)
