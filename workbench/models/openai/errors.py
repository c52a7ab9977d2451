"""What a server or the network did wrong goes in, in any of its shapes; one clear sentence with a hint comes out."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import ModelError, ModelOverflow, ModelUnreachable
from workbench.core.sanitize import one_line

_OVERFLOW_CODES = {"context_length_exceeded", "exceed_context_size_error", "context_window_exceeded"}
_OVERFLOW = re.compile(
    r"context_length_exceeded|ContextWindowExceeded|exceeds? the (available |model'?s? )?(maximum )?context"
    r"|maximum context length|context (window|length|size) (is |was )?(exceeded|too)|prompt is too long|prompt too long"
    r"|input (is )?too long|reduce the length of the (messages|prompt|input)|(input )?token count.{0,40}exceeds"
    r"|context the overflows|longer than the (model'?s )?(context|maximum)|too large for model with",
    re.IGNORECASE,
)
_LONGEST_TEXT_CHARS = 300


class Refused(Exception):
    """The server answered with an error. `status` is 200 for one in the middle of a stream."""

    def __init__(
        self, status: int, text: str, code: str = "", param: str = "", retry_after_seconds: float | None = None
    ):
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code
        self.param = param
        self.retry_after_seconds = retry_after_seconds

    @property
    def overflow(self) -> bool:
        """Whether it says that the prompt was too long: by code, or by message where a gateway rewrote the code."""
        return self.code in _OVERFLOW_CODES or self.status == 413 or bool(_OVERFLOW.search(self.text))


class Lost(Exception):
    """The connection was not made, broke, or fell silent; the text says which, as the end of a sentence."""

    def __init__(self, text: str, *, connecting: bool = False, timed_out: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.connecting = connecting
        self.timed_out = timed_out


@dataclass(frozen=True)
class Server:
    """What a sentence may name: where the server is looked for, and which model is asked."""

    url: str
    model: str
    has_key: bool = True

    @property
    def shown(self) -> str:
        """The URL without user name and password."""
        return re.sub(r"//[^/@]*@", "//", self.url)


def refusal(status: int, text: str, headers: Mapping[str, str]) -> Refused:
    """An error response, whatever its body is: an error object, a detail (text or list), plain text, a page."""
    try:
        body: Any = json.loads(text)
    except ValueError:
        title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        body = title.group(1) if title else text
    return refusal_in(body, status, _retry_after_seconds(headers)) or Refused(
        status, "", retry_after_seconds=_retry_after_seconds(headers)
    )


def refusal_in(body: Any, status: int, retry_after_seconds: float | None = None) -> Refused | None:
    """The error that a JSON value carries, or None when it carries none."""
    if isinstance(body, list):
        body = body[0] if body else None
    if isinstance(body, str):
        return Refused(status, sanitize(body), retry_after_seconds=retry_after_seconds)
    if not isinstance(body, Mapping):
        return None
    error = body.get("error") or body.get("detail") or (body if "message" in body else None)
    if not error:
        return None
    fields = error if isinstance(error, Mapping) else {}
    code, param = str(fields.get("code") or fields.get("type") or ""), str(fields.get("param") or "")
    if str(fields.get("type")) in _OVERFLOW_CODES:
        code = str(fields["type"])
    return Refused(status, sanitize(_text_of(error)), code, param, retry_after_seconds)


def _text_of(error: Any) -> str:
    if isinstance(error, Mapping):
        where = ".".join(str(part) for part in error.get("loc") or ())
        text = str(error.get("message") or error.get("msg") or error.get("error") or json.dumps(error))
        return f"{where}: {text}" if where else text
    if isinstance(error, list):
        return "; ".join(_text_of(item) for item in error[:5])
    return str(error)


def sanitize(text: str) -> str:
    """Foreign text on one line, harmless to a terminal, of bounded length."""
    return one_line(text, _LONGEST_TEXT_CHARS)


def _retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        return max(0.0, float(headers["retry-after"]))
    except KeyError:
        return None
    except ValueError:
        date = email.utils.parsedate_tz(headers.get("retry-after", ""))
        return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None


def explained(failure: Refused | Lost, server: Server, *, in_reply: bool = False) -> ModelError:
    """The failure as a sentence for people and what to do next. `in_reply`: part of the reply had already come."""
    if isinstance(failure, Lost):
        return _explained_loss(failure, server, in_reply)
    if failure.overflow:
        sentence = f"The model server at {server.shown} says that the prompt is too long: {failure.text}"
        limit = re.search(r"(?:length|size|limit|window|maximum)\D{0,30}?(\d{3,})", failure.text)
        size = limit.group(1) if limit else "TOKENS"
        return ModelOverflow(_stop(sentence), f"Set the window to what the server has (--window {size}).")
    said = f": {failure.text}" if failure.text else ""
    if in_reply or failure.status == 200:
        where = "in the middle of its reply" if in_reply else "instead of a reply"
        sentence = f"The model server at {server.shown} sent an error {where}{said}"
    else:
        sentence = f"The model server at {server.shown} refused the request ({failure.status}){said}"
    return ModelError(_stop(sentence), _hint(failure, server))


def _explained_loss(failure: Lost, server: Server, in_reply: bool) -> ModelError:
    if failure.connecting:
        hint = "Start the server, correct OPENAI_BASE_URL, or use the built-in reader (--model reader)."
        return ModelUnreachable(_stop(f"Nothing answers at {server.shown} ({failure.text})"), hint)
    if in_reply:
        sentence = f"The reply of the model server at {server.shown} broke off: it {failure.text}"
        return ModelError(_stop(sentence), "What had come is not a whole answer; ask again.")
    hint = "The model may still be loading or be too slow here: look at the server, or raise the request's time limit."
    if not failure.timed_out:
        hint = "Look at the server's own log, then ask again."
    return ModelError(_stop(f"The model server at {server.shown} {failure.text}"), hint)


def _stop(sentence: str) -> str:
    return sentence if sentence.endswith((".", "…", "!", "?")) else f"{sentence}."


def _hint(failure: Refused, server: Server) -> str:
    status, text = failure.status, failure.text.lower()
    if status in (401, 403):
        return "Check OPENAI_API_KEY." if server.has_key else "It wants a key: set OPENAI_API_KEY."
    if status == 404 and ("model" in text or server.model.lower() in text):
        return f"Name one of the models it has with --model (they are listed at {server.shown}/models)."
    if status in (404, 405):
        ends = "" if server.shown.rstrip("/").endswith("/v1") else f", for example {server.shown.rstrip('/')}/v1"
        return f"Check that OPENAI_BASE_URL is the address of an OpenAI-compatible API{ends}."
    if status == 429 or "quota" in failure.code:
        return "Wait and ask again, or look at the limits and the balance of your account."
    if "tool" in text and status < 500:
        return (
            "The model or its server cannot call functions: choose another model, or start the server with tool calls."
        )
    if status >= 500:
        return "Look at the server's own log; a different model or chat template may help."
    return "Look at the server's documentation for what it accepts, or choose another model with --model."
