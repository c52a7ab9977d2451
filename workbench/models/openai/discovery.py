"""Finds model servers and says what they list: their models, of which kind, and the context they declare for each.

Servers tell their context in a dozen places, or not at all; what is declared is what a request may hold only where the
server was started with it, so it is measured as well (see probe).
"""

from __future__ import annotations

import concurrent.futures
import json
import re
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from workbench.core.secrets import Secrets
from workbench.core.server_profile import CHAT, EMBEDDING, OTHER, ServedModel
from workbench.models.openai.address import Address, proxy_for, read_address
from workbench.models.openai.errors import Server

Result = TypeVar("Result")

LOCAL_PORTS: Mapping[int, str] = {
    11434: "Ollama", 1234: "LM Studio", 8080: "llama.cpp", 8000: "vLLM", 1337: "Jan", 4891: "GPT4All",
    5000: "text-generation-webui", 5001: "KoboldCpp", 30000: "SGLang", 4000: "LiteLLM", 10000: "Msty",
}  # fmt: skip
"""Ports of this machine that servers of models have by default."""

_CONNECT_SECONDS = 0.4
_PATIENCE_SECONDS = 4.0
_WHOLE_SECONDS = 6.0
_LONGEST_BYTES = 4 << 20
_PLAUSIBLE_CONTEXT = range(128, 100_000_001)

_NO_CHAT = re.compile(
    r"embed|\bbge\b|\be5\b|\bgte\b|minilm|rerank|colbert|whisper|\btts\b|speech|transcri|dall-?e|diffusion|\bflux\b|\bsdxl?\b"
    r"|moderation|guard\b|\bclip\b|image|\bvae\b|\basr\b|\bocr\b|upscale|realtime|\bsora\b|\bveo\b"
)
_NO_CHAT_KINDS = re.compile(r"embed|rerank|image|audio|speech|transcri|moderat|vision-only|tts")
_EMBEDS = re.compile(r"embed|\bbge\b|\be5\b|\bgte\b|minilm|\bnomic\b")

_CONTEXT_KEYS = (
    "loaded_context_length", "n_ctx", "max_model_len", "context_length", "context_window", "max_context_length",
    "max_context_window", "max_input_tokens", "inputTokenLimit", "max_total_tokens", "max_seq_len", "n_ctx_train",
)  # fmt: skip
"""Where listings state a context, what was loaded before what the model could have."""


@dataclass(frozen=True)
class Listing:
    """What a server says when it is asked for its models. `reason` is why it could not be asked, as the end of a sentence."""

    name: str
    reachable: bool
    reason: str = ""
    models: tuple[ServedModel, ...] = ()
    complaint: str = ""
    """Why the list could not be had from a server that is there."""


def open_ports(ports: Iterable[int]) -> list[int]:
    """Which of these ports of this machine somebody listens on."""
    wanted = list(ports)
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(wanted))) as pool:
        return [port for port, there in zip(wanted, pool.map(_listens, wanted), strict=True) if there]


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), _CONNECT_SECONDS):
            return True
    except OSError:
        return False


def ask(base_url: str, api_key: str = "") -> Listing:
    """Ask a server for its models and their contexts. Takes a few seconds at most and never raises."""
    address, secrets = read_address(base_url), Secrets.of_server(base_url, api_key)
    usual = LOCAL_PORTS.get(address.port or 0, "") if address.local else ""
    status, body = fetch(address, "/models", api_key)
    if status == 0:
        return Listing(usual or "server", False, secrets.scrub(str(body)))
    models = listed(body)
    root = replace(address, url=re.sub(r"/v\d\w*$", "", address.url))
    said = _product(body)
    if address.local or said:
        said, models = _own_words(root, api_key, said, models)
    models = [replace(model, name=secrets.scrub(model.name)) for model in models]
    complaint = ""
    if not models:
        complaint = f"it answers {status} to a request for its models" if status >= 400 else "it lists none"
    return Listing(said or usual or "server", True, "", tuple(models), complaint)


def fetch(
    address: Address,
    path: str,
    api_key: str = "",
    sent: Mapping[str, Any] | None = None,
    patience_seconds: float | None = None,
) -> tuple[int, Any]:
    """Status and JSON body of a request; status 0 and the reason where nobody answers in time. Never raises."""
    patience = _WHOLE_SECONDS if patience_seconds is None else patience_seconds
    answer = _within(patience, lambda: _fetched(address, path, api_key, sent))
    return answer or (0, "its answer does not come to an end")


def absence(base_url: str) -> str:
    """Why nobody answers at an address, as the end of a sentence; "" where somebody does. Takes seconds and never raises.

    The request costs nothing and holds no secret: GET /models without key, password or query. Any answer will do, a refusal as
    well; and who is silent or has an unknown certificate is there: several servers answer one request at a time.
    """
    address = Address(shown_url(base_url))
    proxy = proxy_for(address)
    if proxy is not None and not proxy.url.startswith(("http://", "https://")):
        return ""
    reason = _within(_WHOLE_SECONDS, lambda: _absence(address))
    return "the connection was not made in time" if reason is None else reason


def _within(seconds: float, work: Callable[[], Result]) -> Result | None:
    """What `work` returns, None where it takes longer.

    A server may send for ever, a byte at a time, and no time that a socket waits ends that.
    """
    results: list[Result] = []
    working = threading.Thread(target=lambda: results.append(work()), name="model-list", daemon=True)
    working.start()
    working.join(seconds)
    return results[0] if results else None


def _absence(address: Address) -> str:
    try:
        with _opener(address, _StaysHere).open(f"{address.url}/models", timeout=_PATIENCE_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        with error:  # a redirect too: who sends on is there
            gateway = error.code in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
            return f"the gateway before it answers {error.code}" if gateway else ""
    except TimeoutError:
        return ""  # connected and silent: it is busy
    except urllib.error.URLError as error:
        return "" if isinstance(error.reason, ssl.SSLError) else _reason(error)
    except OSError as error:
        return _reason(error)
    except ValueError:
        return "that is no address of a server"
    except Exception as error:
        return f"it does not speak HTTP ({type(error).__name__})"


class _StaysHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: who only asks whether somebody is there need not ask anybody else."""

    def redirect_request(self, *given: Any) -> None:
        return None


class _KeyStaysHere(urllib.request.HTTPRedirectHandler):
    """Follows redirects; the key goes along only to the same server, or to the same host over TLS. urllib would take it anywhere."""

    def redirect_request(self, req: urllib.request.Request, *rest: Any) -> urllib.request.Request | None:
        moved = super().redirect_request(req, *rest)
        if moved is not None:
            here, there = urlsplit(req.full_url), urlsplit(moved.full_url)
            same = here[:2] == there[:2] or (here.hostname == there.hostname and there.scheme == "https")
            for name in () if same else _KEY_HEADERS:
                moved.remove_header(name)
        return moved


def _opener(
    address: Address, redirects: type[urllib.request.HTTPRedirectHandler] = _KeyStaysHere
) -> urllib.request.OpenerDirector:
    # No proxy stands between this machine and itself, whatever the environment names for everything else.
    return urllib.request.build_opener(urllib.request.ProxyHandler({} if address.local else None), redirects)


_KEY_HEADERS = ("Authorization", "Api-key")
"""As urllib writes them."""


def _reason(error: Exception) -> str:
    """What a failed connection says, as the end of a sentence."""
    reason = getattr(error, "reason", error)
    words = (getattr(reason, "strerror", None) or str(reason) or type(reason).__name__).rstrip(".")
    return words[:1].lower() + words[1:]


def _fetched(address: Address, path: str, api_key: str, sent: Mapping[str, Any] | None) -> tuple[int, Any]:
    query = f"?{urlencode(address.query)}" if address.query else ""
    data = json.dumps(sent).encode() if sent is not None else None
    try:
        request = urllib.request.Request(f"{address.url}{path}{query}", data=data)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if api_key:
            request.add_header("Authorization", f"Bearer {api_key}")
        if address.wants_api_key_header:
            request.add_header("api-key", api_key)
        with _opener(address).open(request, timeout=_PATIENCE_SECONDS) as answer:
            return int(answer.status), _json(answer.read(_LONGEST_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _json(error.read(_LONGEST_BYTES))
    except (OSError, ValueError) as error:
        return 0, _reason(error)
    except Exception as error:
        return 0, f"it does not speak HTTP ({type(error).__name__})"


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def listed(listing: Any) -> list[ServedModel]:
    """The models of a listing, in its order."""
    return [ServedModel(name, _kind(name, entry), _context_of(entry)) for name, entry in entries(listing)]


def entries(listing: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names and entries, in the shapes of OpenAI, Ollama and of a bare list."""
    if isinstance(listing, Mapping):
        listing = next((listing[key] for key in ("data", "models") if isinstance(listing.get(key), list)), [])
    for entry in listing if isinstance(listing, list) else ():
        if isinstance(entry, str) and entry:
            yield entry, {}
        elif isinstance(entry, Mapping) and (name := entry.get("id") or entry.get("name") or entry.get("model")):
            yield str(name), entry


def _kind(name: str, entry: Mapping[str, Any]) -> str:
    if can_chat(name, entry):
        return CHAT
    said = " ".join(str(value) for value in (name, entry.get("type"), entry.get("task"), entry.get("capabilities")))
    return EMBEDDING if _EMBEDS.search(said.lower()) else OTHER


def can_chat(name: str, entry: Mapping[str, Any]) -> bool:
    """Whether a listed model writes text: servers say so under several names, and many say nothing."""
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, Mapping) and "completion_chat" in capabilities:
        return bool(capabilities["completion_chat"])
    if (
        isinstance(capabilities, list)
        and capabilities
        and not any("complet" in str(one) or "chat" in str(one) for one in capabilities)
    ):
        return not any(_NO_CHAT_KINDS.search(str(one).lower()) for one in capabilities)
    kinds = " ".join(
        str(entry.get(key) or "") for key in ("type", "task", "pipeline_tag", "model_type", "mode")
    ).lower()
    if _NO_CHAT_KINDS.search(kinds):
        return False
    return _NO_CHAT.search(re.sub(r"[_/:.]", "-", name.lower())) is None


def _context_of(entry: Mapping[str, Any]) -> int | None:
    """The context that an entry states, wherever it does."""
    places = [entry, *(value for value in entry.values() if isinstance(value, Mapping))]
    return next((number for key in _CONTEXT_KEYS for place in places if (number := _number(place.get(key)))), None)


def _number(value: Any) -> int | None:
    try:
        number = int(value) if not isinstance(value, bool) else 0
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number in _PLAUSIBLE_CONTEXT else None


def _product(listing: Any) -> str:
    """The name of a server's program, where its list of models gives it away."""
    owners = {str(entry.get("owned_by", "")).lower() for _, entry in entries(listing)}
    for sign, product in (("llamacpp", "llama.cpp"), ("vllm", "vLLM"), ("sglang", "SGLang"), ("library", "Ollama"),
                          ("organization_owner", "LM Studio")):  # fmt: skip
        if any(sign == owner for owner in owners):
            return product
    return ""


def _own_words(root: Address, api_key: str, name: str, models: Sequence[ServedModel]) -> tuple[str, list[ServedModel]]:
    """What servers of one's own say in their own APIs beside the compatible one: the context they were started with."""
    status, props = fetch(root, "/props", api_key)
    if status == 200 and isinstance(props, Mapping):
        settings = props.get("default_generation_settings")
        context = _number(settings.get("n_ctx")) if isinstance(settings, Mapping) else None
        context = context or _number(props.get("n_ctx"))
        if context:
            return "llama.cpp", [replace(model, context_tokens=context) for model in models]
    status, lm_studio = fetch(root, "/api/v0/models", api_key)
    if status == 200 and (own := listed(lm_studio)):
        return "LM Studio", own
    status, version = fetch(root, "/api/version", api_key)
    if status == 200 and isinstance(version, Mapping) and "version" in version:
        return "Ollama", _of_ollama(root, api_key, models)
    return name, list(models)


def _of_ollama(root: Address, api_key: str, models: Sequence[ServedModel]) -> list[ServedModel]:
    """The models of Ollama: the context of those that are loaded; the others get what `num_ctx` says, which is not told."""
    if not models:
        models = listed(fetch(root, "/api/tags", api_key)[1])
    loaded = {model.name: model.context_tokens for model in listed(fetch(root, "/api/ps", api_key)[1])}
    return [replace(model, context_tokens=loaded.get(model.name)) for model in models]


def shown_url(base_url: str) -> str:
    """The address as sentences and files name it: without user name, password and query."""
    return Server(read_address(base_url).url, "").shown


def is_near(base_url: str) -> bool:
    """Whether a server is on this machine or in a private network, where a question costs no money."""
    return read_address(base_url).near
