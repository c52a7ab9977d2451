"""Asks a server which models it offers, and picks the first one that can chat."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from workbench.core.secrets import Secrets
from workbench.models.openai.address import read_address

_PATIENCE_SECONDS = 3.0
_LONGEST_BYTES = 4 << 20
ANY_MODEL = "default"
"""A name that most servers of one model accept."""

_NO_CHAT = re.compile(
    r"embed|\bbge\b|\be5\b|\bgte\b|minilm|rerank|colbert|whisper|\btts\b|speech|transcri|dall-?e|diffusion|\bflux\b|\bsdxl?\b"
    r"|moderation|guard\b|\bclip\b|image|\bvae\b|\basr\b|\bocr\b|upscale|realtime|\bsora\b|\bveo\b"
)
_NO_CHAT_KINDS = re.compile(r"embed|rerank|image|audio|speech|transcri|moderat|vision-only|tts")


def first_model(base_url: str, api_key: str = "") -> str:
    """The first model of GET /models that can chat; "default" when none is listed within seconds. Never raises."""
    found: list[str] = []
    # A server may send for ever, a byte at a time: nobody waits longer for all of it than for its first byte.
    asking = threading.Thread(target=_ask, args=(base_url, api_key, found), name="model-list", daemon=True)
    asking.start()
    asking.join(_PATIENCE_SECONDS)
    return Secrets.of_server(base_url, api_key).scrub(found[0]) if found else ANY_MODEL


def _ask(base_url: str, api_key: str, found: list[str]) -> None:
    # Servers answer this with 500, with nothing, or not at all; none of it says that they cannot chat.
    with contextlib.suppress(Exception):
        address = read_address(base_url)
        # No proxy stands between this machine and itself, whatever the environment names for everything else.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({} if address.local else None))
        query = f"?{urlencode(address.query)}" if address.query else ""
        request = urllib.request.Request(f"{address.url}/models{query}")
        if api_key:
            request.add_header("Authorization", f"Bearer {api_key}")
        with opener.open(request, timeout=_PATIENCE_SECONDS) as answer:
            found.append(choose(json.loads(answer.read(_LONGEST_BYTES))))


def choose(listing: Any) -> str:
    """The first model of a listing that can chat, by what is said of it or else by its name. Raises IndexError for none."""
    models = list(_models(listing))
    return next((name for name, entry in models if can_chat(name, entry)), models[0][0])


def _models(listing: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names and entries, in the shapes of OpenAI, Ollama and of a bare list."""
    if isinstance(listing, Mapping):
        listing = next((listing[key] for key in ("data", "models") if isinstance(listing.get(key), list)), [])
    for entry in listing if isinstance(listing, list) else ():
        if isinstance(entry, str) and entry:
            yield entry, {}
        elif isinstance(entry, Mapping) and (name := entry.get("id") or entry.get("name") or entry.get("model")):
            yield str(name), entry


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
