"""Failures of a model's server: reads the error out of any body, and says it as one sentence with what to do next."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workbench.core.errors import ModelBrokeOff, ModelError, ModelOverflow, ModelUnreachable
from workbench.core.sanitize import one_line
from workbench.models.openai.refusal_kinds import Kind, Overflow, classify, overflow_numbers, written_wait_seconds

_LONGEST_TEXT_CHARS = 300
_LONGEST_READ_CHARS = 4_000
_DEEPEST = 6


class Refused(Exception):
    """The server answered with an error. `status` is 200 for one in the middle of a stream.

    `code` holds its codes and types as words; `page` says that it was a web page, `location` where a redirect leads.
    """

    def __init__(
        self,
        status: int,
        text: str,
        code: str = "",
        param: str = "",
        retry_after_seconds: float | None = None,
        *,
        page: bool = False,
        location: str = "",
        fields: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code
        self.param = param
        self.retry_after_seconds = retry_after_seconds
        self.page = page
        self.location = location
        self.fields = dict(fields or {})

    @cached_property
    def kind(self) -> Kind:
        """What it is about."""
        if self.page and self.status < 400:
            return Kind.ADDRESS
        return classify(self.status, f"{self.code} {self.param}", self.text)

    @property
    def overflow(self) -> bool:
        """Whether it says that the prompt was too long."""
        return self.kind is Kind.OVERFLOW

    @property
    def numbers(self) -> Overflow:
        """Limit and requested count of an overflow: from fields of their own (llama.cpp), else from the words."""
        codes = tuple(int(number) for number in re.findall(r"\b\d{1,9}\b", self.code))
        said = overflow_numbers(self.text, (*codes, self.status))
        return Overflow(
            self.fields.get("n_ctx", said.limit), self.fields.get("n_prompt_tokens", said.requested), said.over
        )


class Lost(Exception):
    """The connection was not made, broke, or fell silent; the text says which, as the end of a sentence.

    `sentence` and `hint` replace what would be said otherwise, where the cause is known better (a proxy, a certificate).
    """

    def __init__(
        self, text: str, *, connecting: bool = False, timed_out: bool = False, sentence: str = "", hint: str = ""
    ) -> None:
        super().__init__(text)
        self.text = text
        self.connecting = connecting
        self.timed_out = timed_out
        self.sentence = sentence
        self.hint = hint


@dataclass(frozen=True)
class Server:
    """What a sentence may name: where the server is looked for, and which model is asked."""

    url: str
    model: str
    has_key: bool = True

    @property
    def shown(self) -> str:
        """The URL without user name, password and query, which may hold keys."""
        return re.sub(r"//[^/@]*@", "//", self.url).partition("?")[0]


# What a body says.

_MESSAGE_KEYS = (
    "message", "msg", "errormessage", "errormsg", "detail", "details", "errordescription", "description", "reason", "title",
    "faultstring", "statusmsg", "statusmessage", "info", "cause", "error",
)  # fmt: skip
_NESTED_KEYS = (
    "error",
    "errors",
    "fault",
    "baseresp",
    "response",
    "detail",
    "details",
    "metadata",
    "raw",
    "innererror",
    "body",
)
_CODE_KEYS = ("code", "type", "errorcode", "errortype", "errcode", "status", "statuscode")
_FINE = {"", "0", "200", "ok", "success", "none", "true"}


def refusal(status: int, text: str, headers: Mapping[str, str]) -> Refused:
    """An error response, whatever its body is: an error object or list, details, plain text, a page, a redirect."""
    wait = _header_seconds(headers)
    if wait is None and status in (408, 425, 429, 500, 502, 503, 529):
        wait = written_wait_seconds(text[:_LONGEST_READ_CHARS])
    location = headers.get("location", "") if 300 <= status < 400 else ""
    try:
        body: Any = json.loads(text)
    except (ValueError, RecursionError):
        page = text.lstrip("\ufeff \t\r\n").startswith("<")
        said = page_title(text) if page else sanitize(text)
        return Refused(status, said, retry_after_seconds=wait, page=page, location=location)
    found = refusal_in(body, status, wait)
    return found or Refused(status, "", retry_after_seconds=wait, location=location)


def refusal_in(body: Any, status: int, retry_after_seconds: float | None = None) -> Refused | None:
    """The error that a JSON value carries, or None when it carries none."""
    if isinstance(body, list) and status == 200:
        body = body[0] if body else None
    if isinstance(body, Mapping) and status == 200 and not _is_error(body):
        return None
    if not isinstance(body, (Mapping, list, str)) or not body:
        return None
    said = "; ".join(dict.fromkeys(_words(body)))
    if not said:
        inner = body.get("error") if isinstance(body, Mapping) else None
        said = json.dumps(inner or body, ensure_ascii=False)
    codes = " ".join(dict.fromkeys(_leaves(body, _CODE_KEYS)))
    param = next(iter(_leaves(body, ("param",))), "")
    fields = {
        key: int(value)
        for key in ("n_ctx", "n_prompt_tokens")
        for value in _leaves(body, (key.replace("_", ""),))
        if value.isdigit()
    }
    return Refused(status, one_line(said, _LONGEST_READ_CHARS), codes, param, retry_after_seconds, fields=fields)


def _is_error(body: Mapping[str, Any]) -> bool:
    """Whether an answer with status 200 is an error: it has one, or a message and a code that is not one of success."""
    lower = {_key(key): value for key, value in body.items()}
    if lower.get("error") or lower.get("errors") or lower.get("success") is False or lower.get("object") == "error":
        return True
    status = lower.get("baseresp")
    if isinstance(status, Mapping) and str(status.get("status_code", 0)).lower() not in _FINE:
        return True
    if lower.get("choices") is not None or isinstance(lower.get("message"), Mapping):
        return False
    code = next((lower[key] for key in ("code", "status", "statuscode", "errorcode") if key in lower), None)
    words = any(isinstance(lower.get(key), (str, list)) and lower[key] for key in _MESSAGE_KEYS)
    return words and (code is None or str(code).lower() not in _FINE)


def _key(key: Any) -> str:
    return re.sub(r"[^a-z]", "", str(key).lower())


def _words(value: Any, depth: int = 0) -> Iterator[str]:
    """The sentences in an error, the most general first; JSON inside of a text is read as well (OpenRouter's metadata.raw)."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        text = value.strip()
        if text[:1] in ("{", "["):
            try:
                yield from _words(json.loads(text), depth + 1)
                return
            except (ValueError, RecursionError):
                pass
        if text:
            yield text
    elif isinstance(value, list):
        for item in value[:5]:
            yield from _words(item, depth + 1)
    elif isinstance(value, Mapping):
        lower = {_key(key): item for key, item in value.items()}
        where = ".".join(str(part) for part in lower["loc"]) if isinstance(lower.get("loc"), list) else ""
        read = ""
        for key in _MESSAGE_KEYS:
            for said in _words(lower.get(key), depth + 1):
                yield f"{where}: {said}" if where else said
                read = key
            if read:
                break
        for nested in _NESTED_KEYS:
            if nested != read and isinstance(lower.get(nested), (Mapping, list, str)):
                yield from _words(lower[nested], depth + 1)
        if depth and not read and not set(lower) & {*_MESSAGE_KEYS, *_NESTED_KEYS, *_CODE_KEYS}:
            # One list of complaints a field, as web frameworks write them.
            for name, complaints in value.items():
                if isinstance(complaints, (list, str)):
                    yield from (f"{name}: {said}" for said in _words(complaints, depth + 1))


def _leaves(value: Any, keys: tuple[str, ...], depth: int = 0) -> Iterator[str]:
    """The values of these keys anywhere in an error."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if _key(key) in keys and isinstance(item, (str, int)) and not isinstance(item, bool):
                yield str(item)[:80]
            elif isinstance(item, (Mapping, list)):
                yield from _leaves(item, keys, depth + 1)
    elif isinstance(value, list):
        for item in value[:5]:
            yield from _leaves(item, keys, depth + 1)


def page_title(text: str) -> str:
    """The title of a web page, else its first words."""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    body = re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", text[:20_000])
    return sanitize(title.group(1) if title and title.group(1).strip() else body)[:120]


def sanitize(text: str) -> str:
    """Foreign text on one line, harmless to a terminal, of bounded length."""
    return one_line(text, _LONGEST_READ_CHARS)


_RESETS = (
    "x-ratelimit-reset-after",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "x-ratelimit-reset",
    "ratelimit-reset",
)


def _header_seconds(headers: Mapping[str, str]) -> float | None:
    """How long a server asks to wait, in the header that it has for that; None where none can be read."""
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if (wait := _seconds(headers.get(name, ""))) is not None:
            return wait / 1000
    if (wait := _seconds(headers.get("retry-after", ""))) is not None:
        return wait
    # Where it is told how much is left of a limit, the one that is used up counts.
    left = {name: headers.get(name.replace("reset", "remaining").removesuffix("-after"), "0") for name in _RESETS}
    waits = (_seconds(headers.get(name, "")) for name in _RESETS if left[name].strip() in ("0", "0.0", ""))
    return max((wait for wait in waits if wait is not None), default=None)


def _seconds(written: str) -> float | None:
    """A number of seconds, a date, a time since 1970, or words such as 6m0s."""
    try:
        number = float(written)
    except ValueError:
        if date := email.utils.parsedate_tz(written):
            return max(0.0, email.utils.mktime_tz(date) - time.time())
        return written_wait_seconds(f"retry after {written}")
    if 1e12 < number < 1e14:
        number /= 1000
    return _bounded(number - time.time() if 1e9 < number < 1e11 else number)


def _bounded(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds == seconds and seconds < 1e9 else None


# What is said about it.


def explained(failure: Refused | Lost, server: Server, *, in_reply: bool = False) -> ModelError:
    """The failure as a sentence for people and what to do next. `in_reply`: part of the reply had already come."""
    if isinstance(failure, Lost):
        return _explained_loss(failure, server, in_reply)
    text = one_line(failure.text, _LONGEST_TEXT_CHARS)
    if failure.overflow:
        numbers = failure.numbers
        sentence = f"The model server at {server.shown} says that the prompt is too long"
        hint = f"Set the window to what the server has (--window {numbers.limit or 'TOKENS'})."
        return ModelOverflow(
            _stop(f"{sentence}: {text}" if text else sentence), hint,
            limit_tokens=numbers.limit, requested_tokens=numbers.requested, over_tokens=numbers.over,
        )  # fmt: skip
    if failure.location:
        sentence = f"{server.shown} sends every request on to {one_line(failure.location, 200)}"
        return ModelError(_stop(sentence), "Set OPENAI_BASE_URL to the address of the API itself.")
    if failure.page and failure.status < 400:
        named = f" (“{text}”)" if text else ""
        sentence = f"There is a web page at {server.shown}{named}, not an API"
        return ModelError(_stop(sentence), _address_hint(server))
    said = f": {text}" if text else ""
    if in_reply or failure.status == 200:
        where = "in the middle of its reply" if in_reply else "instead of a reply"
        sentence = f"The model server at {server.shown} sent an error {where}{said}"
    else:
        sentence = f"The model server at {server.shown} refused the request ({failure.status}){said}"
    return ModelError(_stop(sentence), _hint(failure, server))


def _explained_loss(failure: Lost, server: Server, in_reply: bool) -> ModelError:
    if failure.sentence:
        made = ModelUnreachable if failure.connecting else ModelError
        return made(_stop(failure.sentence), failure.hint)
    if failure.connecting:
        hint = "Start the server, correct OPENAI_BASE_URL, or use the built-in reader (--model reader)."
        return ModelUnreachable(_stop(f"Nothing answers at {server.shown} ({failure.text})"), hint)
    if in_reply:
        sentence = f"The reply of the model server at {server.shown} broke off: it {failure.text}"
        made = ModelError if failure.timed_out else ModelBrokeOff
        return made(_stop(sentence), "What had come is not a whole answer; ask again.")
    hint = "The model may still be loading or be too slow here: look at the server, or raise the request's time limit."
    if not failure.timed_out:
        hint = "Look at the server's own log, then ask again."
    return ModelError(_stop(f"The model server at {server.shown} {failure.text}"), hint)


def _stop(sentence: str) -> str:
    return sentence if sentence.endswith((".", "…", "!", "?")) else f"{sentence}."


def _address_hint(server: Server) -> str:
    ends = "" if re.search(r"/v\d\w*$|/openai/", server.shown) else f", for example {server.shown.rstrip('/')}/v1"
    azure = " Azure also wants ?api-version=… at its end." if ".azure.com" in server.shown else ""
    return f"Check that OPENAI_BASE_URL is the address of an OpenAI-compatible API{ends}.{azure}"


_HINTS: dict[Kind, str] = {
    Kind.MONEY: "The account has no balance or quota left: look at it with the provider, or choose another model.",
    Kind.REGION: "The provider does not serve this country or network: use another provider, or a server of your own "
    "(OPENAI_BASE_URL).",
    Kind.MODERATION: "The provider's filter flagged what was sent: ask in other words, detach the document that it may be "
    "about, or choose another model.",
    Kind.RATE: "Wait and ask again, or look at the limits of your account.",
    Kind.LOADING: "The model is still being loaded: wait and ask again.",
    Kind.ROOM: "Give the reply less room (reserve_tokens).",
    Kind.STREAM: "Choose another model with --model, or have the account verified.",
    Kind.TURNS: "The model's chat template does not take this conversation: choose another template or model.",
    Kind.TOOLS: "The model or its server cannot call functions: choose another model, or start the server with tool calls.",
    Kind.BUSY: "Wait and ask again; the server or the gateway before it is busy.",
    Kind.FAULT: "Look at the server's own log; a different model or chat template may help.",
    Kind.OTHER: "Look at the server's documentation for what it accepts, or choose another model with --model.",
}


def _hint(failure: Refused, server: Server) -> str:
    kind, listed = failure.kind, f"(they are listed at {server.shown.rstrip('/')}/models)"
    if failure.page and failure.status in (401, 403):
        return "Something before the server (a firewall, a sign-in page) keeps this client out: check OPENAI_BASE_URL."
    if re.search(r"http request .{0,20}\bhttps\b", failure.text.lower()):
        return "Begin OPENAI_BASE_URL with https://."
    if kind is Kind.KEY:
        if failure.status == 403:
            return f"Check OPENAI_API_KEY, and that it may use {server.model or 'this model'}."
        return "Check OPENAI_API_KEY." if server.has_key else "It wants a key: set OPENAI_API_KEY."
    if kind is Kind.NOT_CHAT:
        return f"Name a model that can chat with --model {listed}."
    if kind is Kind.MODEL or (kind is Kind.ADDRESS and server.model and server.model.lower() in failure.text.lower()):
        return f"Name one of the models it has with --model {listed}."
    return _address_hint(server) if kind is Kind.ADDRESS else _HINTS.get(kind, _HINTS[Kind.OTHER])
