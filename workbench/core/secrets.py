"""Checks API keys where they enter, and takes configured secrets out of every text that comes back from outside.

Servers and gateways echo what they were sent: the whole Authorization header, the key cut in its middle (sk-abc…xyz), or
encoded in a URL or in JSON. What a model's server says ends up in errors, in the journal and in exports, so it is scrubbed
where it leaves the model client, before anything can keep it.
"""

from __future__ import annotations

import base64
import html
import os
import re
import string
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from workbench.core.errors import ConfigError

SCRUBBED = "[API key]"
"""What stands in the place of a secret. Without quotes or backslashes, so that it may stand inside JSON."""

KEY_VARIABLES = ("OPENAI_API_KEY", "WORKBENCH_API_KEY", "WORKBENCH_EMBEDDING_API_KEY")
ADDRESS_VARIABLES = ("OPENAI_BASE_URL", "WORKBENCH_BASE_URL")

_PLACEHOLDERS = {
    "", "-", "default", "dummy", "empty", "fake", "key", "lm-studio", "local", "no-key", "none", "not-needed", "null",
    "ollama", "placeholder", "sk-no-key-required", "sk-xxx", "test", "token", "unused", "vllm", "your-api-key",
}  # fmt: skip
"""What people write where a local server wants no key: these are no secrets, and words of ordinary answers."""

_PASSWORD = re.compile(r"(://[^:/@\s]*):[^/\s]*@")
_KEY_PARAMETER = re.compile(
    r"([?&](?:[a-z]+[-_])*(?:api[-_]?key|key|token|auth|secret|password|sig|signature)=)([^&#\s]+)", re.IGNORECASE
)
"""Gateways take their key in the address too (`?key=…`, `?subscription-key=…`)."""
_SHORTEST_SECRET_CHARS = 6
_SHORTEST_RUN_CHARS, _LONGEST_RUN_CHARS = 8, 16
_SHORTEST_MASKED_CHARS = 4
_SHORTEST_BEGINNING_CHARS = 12
"""So much of the beginning of a secret is taken for it where a text was cut."""
_MASK = re.compile(r"(?:…|\.{2,}|\*{2,}|x{3,}|•{2,}|_{3,}|\[?(?:redacted|masked|hidden)\]?)+")
_MASK_BEGUN = re.compile(r"[…\.\*x•_\[\]a-z]{0,64}\Z")
_ESCAPE = re.compile(
    r"\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|%([0-9a-f]{2})|&#x([0-9a-f]{1,6});|&#([0-9]{1,7});|&([a-z]{2,6});|\\(/)"
)
_ESCAPE_BEGUN = re.compile(r"(?:\\(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|%[0-9a-f]?|&(?:#x?[0-9a-f]{0,7}|[a-z]{0,6}))\Z")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def checked_key(text: str, setting: str) -> str:
    """The key as a request's header can carry it: without the white space and quotes around it that files leave.

    Raises ConfigError, which names `setting` and never the key, when a line end or another character that no header may
    hold is inside.
    """
    key = text.strip().strip("\ufeff\u200b").strip()
    if len(key) > 1 and key[0] == key[-1] and key[0] in "\"'":
        key = key[1:-1].strip()
    wrong = next((sign for sign in key if not " " <= sign <= "~"), "")
    if not wrong:
        return key
    what = "a line end" if wrong in "\r\n\u2028\u2029\x85" else f"the character U+{ord(wrong):04X}"
    raise ConfigError(
        f"{setting} has {what} in its middle, which no request can carry.", "Set it again, as one line without it."
    )


def environment_without_keys() -> dict[str, str]:
    """This process's environment as other programs may have it: without the keys, under whatever name they are there."""
    secret = {os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)}
    withheld = {*KEY_VARIABLES, *ADDRESS_VARIABLES}
    return {name: value for name, value in os.environ.items() if name not in withheld and value not in secret}


def without_password(address: str) -> str:
    """An address as it may be shown and kept: without the password that may stand before its host, and keys among its parameters."""
    return _KEY_PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1@", address))


class Secrets:
    """The secrets of one model server, and how they may look in what it sends."""

    def __init__(self, *secrets: str) -> None:
        """Empty texts and the placeholders that local servers take for a key are no secrets."""
        self._forms: dict[str, int] = {}
        """By form, in lower case, how many characters of it in a row give it away."""
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET_CHARS and secret.lower() not in _PLACEHOLDERS:
                for form in _forms(secret):
                    self._forms[form] = min(
                        len(form), max(_SHORTEST_RUN_CHARS, min(_LONGEST_RUN_CHARS, len(secret) // 2))
                    )
        self._runs: dict[int, set[str]] = {}
        for form, chars in self._forms.items():
            grams = {form[start : start + chars] for start in range(len(form) - chars + 1)}
            self._runs.setdefault(chars, set()).update(grams)

    @classmethod
    def of_server(cls, base_url: str, api_key: str) -> Secrets:
        """The key, the password that an address may hold, and keys among its parameters."""
        try:
            password = urlsplit(base_url).password or ""
        except ValueError:
            password = ""
        parameters = [value for _, value in _KEY_PARAMETER.findall(base_url)]
        return cls(api_key, password, unquote(password), *parameters, *map(unquote, parameters))

    def __bool__(self) -> bool:
        return bool(self._forms)

    def scrub(self, text: str) -> str:
        """`text` with every secret, long part of one, and masked one replaced."""
        return _replaced(text, self._spans(text)) if self._forms and text else text

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets stand, in order, overlapping ones joined."""
        low, starts, ends = _plain(text)
        spans = [
            (start, start + chars)
            for chars, grams in self._runs.items()
            for start in range(len(low) - chars + 1)
            if low[start : start + chars] in grams
        ]
        for form in self._forms:
            for start, begun in _beginnings(low, form):
                if begun - start >= _SHORTEST_BEGINNING_CHARS:
                    spans.append((start, begun))
                if mask := _MASK.match(low, begun):
                    end = mask.end()
                    rest = next((n for n in range(len(form), 0, -1) if low.startswith(form[-n:], end)), 0)
                    spans.append((start, end + rest))
        joined: list[tuple[int, int]] = []
        for start, end in sorted((starts[start], ends[end - 1]) for start, end in spans):
            if joined and start < joined[-1][1]:
                joined[-1] = joined[-1][0], max(end, joined[-1][1])
            else:
                joined.append((start, end))
        return joined

    def _open(self, text: str) -> int:
        """From where on the end of `text` may belong to a secret that the next piece goes on with."""
        # Half an escape may become any sign, so what stands before it is looked at without it.
        half = _ESCAPE_BEGUN.search(text.translate(_LOWER))
        low, starts, _ = _plain(text[: half.start()] if half else text)
        chars = 0
        while chars < len(low) and any(low[len(low) - chars - 1 :] in form for form in self._forms):
            chars += 1
        start = len(low) - chars
        for form in self._forms:
            for begin, begun in _beginnings(low, form):
                if _MASK_BEGUN.match(low, begun) or _ends_masked(low, begun, form):
                    start = min(start, begin)
        if start < len(low):
            return starts[start]
        return half.start() if half else len(text)


class Scrubber:
    """Scrubs a text that comes in pieces: what may be the beginning of a secret is held back until it is known."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown after this piece; may be empty."""
        text = self._held + piece
        spans = self._secrets._spans(text)
        until = self._secrets._open(text)
        until = min([until, *(start for start, end in spans if end > until)])
        self._held = text[until:]
        return _replaced(text[:until], [span for span in spans if span[1] <= until])

    def finish(self) -> str:
        """What was held back, once nothing more comes."""
        text, self._held = self._held, ""
        return self._secrets.scrub(text)


def _forms(secret: str) -> set[str]:
    """How a secret may be written, in lower case and without escapes: as it is, in base64 and in hexadecimal."""
    raw = secret.encode()
    forms = {secret, _plain(secret)[0], raw.hex()}
    for shift in range(3):
        # What stands before it shifts base64 by up to two bytes; the signs at both ends hold bits of the neighbours.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * shift + raw).decode().rstrip("=")
            last = len(whole) - (1 if (shift + len(raw)) % 3 else 0)
            forms.add(whole[-(-shift * 8 // 6) : last])
    return {form.translate(_LOWER) for form in forms if len(form) >= _SHORTEST_SECRET_CHARS}


def _plain(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """`text` in lower case without the escapes of JSON, URLs and HTML; where each of its signs begins and ends in `text`."""
    low = text.translate(_LOWER)
    if not any(sign in low for sign in "\\%&"):
        return low, range(len(low) + 1), range(1, len(low) + 1)
    signs: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    while at < len(low):
        escape = _ESCAPE.match(low, at)
        sign = _meant(escape) if escape else ""
        end = escape.end() if escape and sign else at + 1
        signs.append((sign or low[at]).translate(_LOWER))
        starts.append(at)
        ends.append(end)
        at = end
    return "".join(signs), starts, ends


def _meant(escape: re.Match[str]) -> str:
    """The one sign that an escape stands for; empty where it is none."""
    *hexadecimal, decimal, name, bare = escape.groups()
    number = next((int(digits, 16) for digits in hexadecimal if digits), None) or (int(decimal) if decimal else 0)
    if number:
        return chr(number) if number < 0x110000 else ""
    if name:
        sign = html.unescape(f"&{name};")
        return sign if len(sign) == 1 else ""
    return bare or ""


def _ends_masked(text: str, begun: int, form: str) -> bool:
    """Whether the text ends with a mask at `begun` and signs that the end of `form` begins with."""
    mask = _MASK.match(text, begun)
    if mask is None:
        return False
    rest = text[mask.end() :]
    return len(rest) <= len(form) and any(form.startswith(rest, at) for at in range(len(form) - len(rest) + 1))


def _beginnings(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Where `form` begins in `text` and where the text no longer goes on as it does."""
    start = text.find(form[:_SHORTEST_MASKED_CHARS])
    while start >= 0:
        end = start + _SHORTEST_MASKED_CHARS
        while end < len(text) and end - start < len(form) and text[end] == form[end - start]:
            end += 1
        yield start, end
        start = text.find(form[:_SHORTEST_MASKED_CHARS], start + 1)


def _replaced(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + SCRUBBED + text[end:]
    return text
