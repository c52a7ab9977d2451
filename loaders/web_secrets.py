"""Takes secrets out of web addresses: what is shown and kept of an address is all but its tokens, keys and signatures.

An address with a token in it lets in whoever reads it, and addresses are read everywhere: as names of documents, in citations,
exports and logs. So the token is sent to its server and stands nowhere else (RFC 6750, section 5.3: "don't pass bearer tokens in
page URLs"); of a name and password before the host nothing is shown either.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from itertools import pairwise

HIDDEN = "***"
"""Stands for a secret in an address that is shown or kept."""

_ALWAYS = {
    "accesskey", "apikey", "apitoken", "assertion", "auth", "authorization", "bearer", "credential", "credentials", "csrf", "hmac",
    "jsessionid", "jwt", "otp", "passphrase", "passwd", "password", "phpsessid", "pwd", "secret", "sig", "signature", "token", "xsrf",
}  # fmt: skip
_PAIRS = {
    ("access", "key"),
    ("api", "key"),
    ("private", "key"),
    ("secret", "key"),
    ("subscription", "key"),
    ("session", "id"),
}
_WHEN_RANDOM = {"code", "key", "pass", "session", "sessionid", "sid", "ticket"}
"""Names that ordinary values have too (`key=contents`, `code=DE`): secrets when their values look like nothing else."""
_PAGING = {"page", "next", "previous", "continuation", "cursor", "sync"}
"""`pageToken=…` says which page it is and lets nobody in."""
_KNOWN = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{4,}\.|(?:sk|rk|pk)[-_](?:live|test|proj|ant)?[-_]?[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,}|A[KS]IA[0-9A-Z]{16}|hf_\w{20,}|npm_\w{20,}|wb_[\w-]{30,}"
)
"""Beginnings that issuers give their tokens so that they are found wherever they leak."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PIECE = re.compile(r"(?P<head>(?P<sign>[?&;])(?P<name>[^=&;/?#]*)=)(?P<value>[^&;/?#]*)")
_QUERY_PIECE = re.compile(r"(?P<head>(?P<sign>[?&;])(?P<name>[^=&;#]*)=)(?P<value>[^&;#]*)")
_USER = re.compile(r"^(?P<scheme>[^:/?#]*:)?//[^/?#]*@", re.IGNORECASE)
_RANDOM_CHARS, _RANDOM_TURNS = 16, 3
_SHORTEST_ECHO_CHARS = 4
"""A shorter one is part of ordinary words."""


def shown(url: str) -> str:
    """The address with `***` in place of every secret, and without a name and password before its host."""
    bare = _USER.sub(lambda found: f"{found['scheme'] or ''}//{HIDDEN}@", url)
    path, mark, query = bare.partition("?")
    # Parameters stand in segments of the path too (";jsessionid=…"), where a slash ends them.
    path = _PIECE.sub(_without, path)
    return path + _QUERY_PIECE.sub(_without, mark + query)


def hidden_names(url: str) -> list[str]:
    """The names of the parameters whose values are hidden in an address that was kept; none where it is whole."""
    return [found["name"] for found in _pieces(url) if found["value"] == HIDDEN and _is_secret(found["name"], HIDDEN)]


def secrets_of(url: str) -> list[str]:
    """The values that `shown` hides, as they stand in the address and as they were meant, the longest first; not the shortest."""
    values = {found["value"] for found in _pieces(url) if _is_secret(found["name"], found["value"])} - {"", HIDDEN}
    forms = values | {urllib.parse.unquote_plus(value) for value in values}
    return sorted((form for form in forms if len(form) >= _SHORTEST_ECHO_CHARS), key=len, reverse=True)


def _pieces(url: str) -> Iterator[re.Match[str]]:
    path, mark, query = url.partition("?")
    yield from _PIECE.finditer(path)
    yield from _QUERY_PIECE.finditer(mark + query)


def _without(found: re.Match[str]) -> str:
    return found["head"] + HIDDEN if found["value"] and _is_secret(found["name"], found["value"]) else found[0]


def _is_secret(name: str, value: str) -> bool:
    plain = urllib.parse.unquote_plus(value)
    if _KNOWN.match(plain.removeprefix("Bearer ")):
        return True
    words = [word.lower() for word in _WORDS.findall(urllib.parse.unquote_plus(name))]
    if _PAGING & set(words):
        return False
    whole = "".join(words)
    if _ALWAYS & {*words, whole} or any(pair in _PAIRS for pair in pairwise(words)):
        return True
    # What is kept as *** was a secret when it was kept, whatever its value looked like.
    return bool(_WHEN_RANDOM & {*words, whole}) and (plain == HIDDEN or _looks_random(plain))


def _looks_random(value: str) -> bool:
    """Whether a value is long, in one piece, and mixes letters and digits: `key=a8f5f1…`, not `key=report-2019-of-the-harbour`."""
    signs = [sign for sign in value if sign.isalnum()]
    turns = sum(one.isdigit() != other.isdigit() for one, other in pairwise(signs))
    return len(signs) >= _RANDOM_CHARS and " " not in value and turns >= _RANDOM_TURNS
