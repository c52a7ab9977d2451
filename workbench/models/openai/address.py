"""Reads the address of a model server as people paste it, and says which proxy and certificates lie on the way to it."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from workbench.models.openai.errors import Lost

_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal"}
_CALLS = re.compile(r"(?:/+(?:chat/completions|completions|responses|embeddings|chat)|(?<=/v1)/+models)?/*$")
_WRAPPING = " \t\r\n\"'`“”‘’<>«»\u00a0\u200b\ufeff"
_OTHER_SIGNS = str.maketrans("：／．\\", ":/./")
_BEFORE = re.compile(r"\A(?:(?:export|set|curl|POST)\s+)*(?:[A-Za-z_]\w*\s*[=:]\s*)?[\"'(<]*(?=https?:)", re.IGNORECASE)
"""A shell's or a settings file's words before an address."""
_SCHEME = re.compile(r"\A(https?)(?::/{0,3}|//)(?=[\w\[])", re.IGNORECASE)
_SOCKS = "A SOCKS proxy needs the package socksio, and an address that begins with socks5://."


@dataclass(frozen=True)
class Address:
    """Where a server is: `url` is the base URL, `query` what every request adds to it (Azure's api-version)."""

    url: str
    query: tuple[tuple[str, str], ...] = ()
    ends_in_slash: bool = False
    """Whether the server wants a slash behind each call, and sends on whoever leaves it out."""

    @property
    def host(self) -> str:
        """The host in lower case; "" for an address that cannot be read."""
        with contextlib.suppress(ValueError):
            return (urlsplit(self.url).hostname or "").lower()
        return ""

    @property
    def port(self) -> int | None:
        """The port, where the address names one that there can be."""
        with contextlib.suppress(ValueError):
            return urlsplit(self.url).port
        return None

    @property
    def local(self) -> bool:
        """Whether it is on this machine: no proxy is asked then."""
        return self.host in _LOCAL_HOSTS

    @property
    def near(self) -> bool:
        """Whether it is on this machine or in a private network, where a question costs no money."""
        return _in_private_network(self.host) or self.host.endswith(".local")

    @property
    def wants_api_key_header(self) -> bool:
        """Whether it is Azure, which takes a key in a header of its own."""
        return self.host.endswith((".azure.com", ".azure-api.net"))

    def redirected(self, location: str) -> Address | None:
        """The address that a redirect means, when it leads to the same call on the same host; else None."""
        target = urlsplit(
            location if "//" in location else urlsplit(self.url)._replace(path=location, query="").geturl()
        )
        if (target.hostname or "").lower() != self.host or not target.path.rstrip("/").endswith("/chat/completions"):
            return None
        if target.scheme not in ("http", "https") or (urlsplit(self.url).scheme, target.scheme) == ("https", "http"):
            return None
        url = _CALLS.sub("", target._replace(query="", fragment="").geturl())
        moved = Address(url, self.query, target.path.endswith("/"))
        return moved if moved != self else None


def read_address(text: str) -> Address:
    """The address in a setting: without blanks, quotation marks and a call's own path; a scheme is added where none is.

    What stands before it where it was copied from, as in `OPENAI_BASE_URL=…`, and marks of a sentence behind it are left out.
    """
    text = text if "@" in text else text.translate(_OTHER_SIGNS)  # a password is left as it is
    text = "".join(_BEFORE.sub("", text.strip(_WRAPPING)).split()).strip(_WRAPPING)
    text = _SCHEME.sub(r"\1://", text if "?" in text else text.rstrip(".,;:!)"))
    if text and "://" not in text:
        host = re.split(r"[:/]", text)[0].lower()
        near = _in_private_network(host) or host.endswith(".local")
        text = f"{'http' if near else 'https'}://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        return Address(text)
    path = _CALLS.sub("", re.sub(r"/{2,}", "/", parts.path))
    return Address(
        parts._replace(path=path, query="", fragment="").geturl().rstrip("/"),
        tuple(parse_qsl(parts.query, keep_blank_values=True)),
    )


def _in_private_network(host: str) -> bool:
    """Whether a host is this machine or in a private network: by its number, or as a name without a domain."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host in _LOCAL_HOSTS or "." not in host


@dataclass(frozen=True)
class Proxy:
    """A proxy of the environment, and the variable that names it."""

    url: str
    variable: str

    @property
    def shown(self) -> str:
        """Its URL without user name and password."""
        return re.sub(r"//[^/@]*@", "//", self.url)


def proxy_for(address: Address, environ: Mapping[str, str] | None = None) -> Proxy | None:
    """The proxy between here and a server, or None. This machine is never asked through one."""
    environ = os.environ if environ is None else environ
    if address.local or not address.host:
        return None
    scheme = urlsplit(address.url).scheme
    proxies = urllib.request.getproxies()
    if urllib.request.proxy_bypass(address.host):
        return None
    for key in (scheme, "all"):
        if url := proxies.get(key):
            named = [name for name in environ if name.lower() == f"{key}_proxy" and environ[name]]
            return Proxy(url, named[0] if named else "the system's settings")
    return None


def check_proxy(proxy: Proxy) -> None:
    """Raise Lost, with a sentence that names the variable, for a proxy that cannot be used."""
    scheme = urlsplit(proxy.url if "//" in proxy.url else f"//{proxy.url}").scheme.lower()
    if scheme in ("http", "https", ""):
        return
    if scheme in ("socks5", "socks5h"):
        try:
            import socksio  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
        except ImportError:
            pass
        else:
            return
    sentence = f"{proxy.variable} names a proxy that cannot be used: {proxy.shown}"
    hint = f"Unset {proxy.variable}, or set it to an http:// proxy." + (
        f" {_SOCKS}" if scheme.startswith("socks") else ""
    )
    raise Lost("has a proxy that cannot be used", connecting=True, sentence=sentence, hint=hint)


def certificates() -> ssl.SSLContext:
    """The certificates that are trusted. Raises Lost, naming the variable whose file cannot be read."""
    import httpx2

    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if (name := os.environ.get(variable)) and not Path(name).exists():
            raise _bad_certificates(variable, name, "it is not there")
    try:
        return httpx2.create_ssl_context()
    except (OSError, ValueError) as error:
        variable = next((one for one in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(one)), "")
        if not variable:
            raise
        raise _bad_certificates(variable, os.environ[variable], str(getattr(error, "reason", "") or error)) from None


def _bad_certificates(variable: str, name: str, why: str) -> Lost:
    sentence = f"The certificates that {variable} names cannot be read: {name[:200]} ({why[:120]})"
    hint = f"Set {variable} to a file in PEM format, or unset it to have the system's certificates."
    return Lost("could not be asked", connecting=True, sentence=sentence, hint=hint)


def unreachable(reason: str, address: Address, shown: str, proxy: Proxy | None) -> Lost:
    """Why no connection could be made, from the words of the library that tried."""
    if "SSL" in reason.upper() or "CERTIFICATE" in reason.upper():
        return _untrusted(reason, shown)
    if proxy is not None:
        sentence = f"The proxy {proxy.shown} that {proxy.variable} names does not answer ({reason})"
        hint = f"Unset {proxy.variable}, correct it, or add {address.host} to NO_PROXY."
        return Lost(reason, connecting=True, sentence=sentence, hint=hint)
    return Lost(reason, connecting=True)


def refused_by_proxy(reason: str, address: Address, proxy: Proxy) -> Lost:
    """The proxy answered, and let nothing through."""
    sentence = f"The proxy {proxy.shown} that {proxy.variable} names does not let the request through ({reason})"
    wants = "Put user name and password into its address" if "407" in reason else f"Add {address.host} to NO_PROXY"
    return Lost(reason, connecting=True, sentence=sentence, hint=f"{wants}, or unset {proxy.variable}.")


def _untrusted(reason: str, shown: str) -> Lost:
    words = reason.lower()
    if "wrong_version" in words or "record layer" in words or "unknown protocol" in words or "packet length" in words:
        plain = shown.replace("https://", "http://", 1)
        return Lost(
            reason, connecting=True, sentence=f"The server at {shown} does not speak TLS",
            hint=f"Begin OPENAI_BASE_URL with http:// ({plain}).",
        )  # fmt: skip
    why = re.sub(r"^.*?certificate verify failed:\s*|\s*\(_ssl\.c:\d+\).*$", "", reason, flags=re.IGNORECASE)
    trust = "Name its certificate, or that of the authority which signed it (a PEM file), in SSL_CERT_FILE."
    if os.environ.get("SSL_CERT_FILE"):
        trust = f"SSL_CERT_FILE is set to {os.environ['SSL_CERT_FILE'][:200]}: add the server's certificate to that file, or unset it."
    if "expired" in words:
        trust = "Renew the server's certificate, or correct this machine's clock."
    elif "hostname" in words or "ip address mismatch" in words or "not valid for" in words:
        trust = "Write OPENAI_BASE_URL with the name that the certificate is made out to."
    return Lost(reason, connecting=True, sentence=f"The certificate of {shown} is not trusted ({why})", hint=trust)
