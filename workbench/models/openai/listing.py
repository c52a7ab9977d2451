"""Which models a server offers: its address goes in, the first name it lists comes out, or a name that most servers accept."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.request

from workbench.core.secrets import Secrets
from workbench.models.openai.connection import on_this_machine

_PATIENCE_SECONDS = 3.0
_LONGEST_BYTES = 4 << 20
ANY_MODEL = "default"


def first_model(base_url: str, api_key: str = "") -> str:
    """The first model of GET /models; "default" when the server does not list any within seconds. Never raises."""
    found: list[str] = []
    # A server may send for ever, a byte at a time: nobody waits longer for all of it than for its first byte.
    asking = threading.Thread(target=_ask, args=(base_url, api_key, found), name="model-list", daemon=True)
    asking.start()
    asking.join(_PATIENCE_SECONDS)
    return Secrets.of_server(base_url, api_key).scrub(found[0]) if found else ANY_MODEL


def _ask(base_url: str, api_key: str, found: list[str]) -> None:
    # Servers answer this with 500, with nothing, or not at all; none of it says that they cannot chat.
    with contextlib.suppress(Exception):
        # No proxy stands between this machine and itself, whatever the environment names for everything else.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({} if on_this_machine(base_url) else None))
        request = urllib.request.Request(base_url.rstrip("/") + "/models")
        if api_key:
            request.add_header("Authorization", f"Bearer {api_key}")
        with opener.open(request, timeout=_PATIENCE_SECONDS) as answer:
            found.append(str(json.loads(answer.read(_LONGEST_BYTES))["data"][0]["id"]))
