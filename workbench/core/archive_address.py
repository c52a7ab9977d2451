"""Reads the URL of a shared archive, and says what of it may be shown."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qs, unquote, urlsplit

from workbench.core.errors import ConfigError

SCHEMES = ("postgresql", "postgres")


def folder_of(url: str) -> str:
    """The name of the folder in which a home keeps what its agents remember of the shared archive at this URL."""
    address = address_of(url)
    readable = re.sub(r"[^a-z0-9.]+", "-", address.lower()).strip("-.")[:24].strip("-.")
    return f"{readable}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"


def address_of(url: str) -> str:
    """Host, port and database of a URL, as they may be shown. Raises ConfigError, which never tells the URL itself."""
    hint = "Set `archive` to postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ConfigError("`archive` is no URL that can be read.", hint) from None
    if parts.scheme not in SCHEMES:
        raise ConfigError("`archive` does not begin with postgresql://.", hint)
    if any(sign.isspace() or not sign.isprintable() for sign in url.strip()):
        raise ConfigError("`archive` has a character in it that no URL may have.", hint)
    asked = parse_qs(parts.query)
    host = parts.hostname or asked.get("host", ["localhost"])[0]
    name = unquote(parts.path.strip("/")) or asked.get("dbname", [""])[0]
    where = f"{host}:{port}" if port else host
    return f"{where}/{name}" if name and not host.startswith("/") else (f"{where} ({name})" if name else where)
