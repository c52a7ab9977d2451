"""Which models a server offers: its address goes in, the first name it lists comes out, or a name that most servers accept."""

from __future__ import annotations

import json
import urllib.request

from workbench.model.wire_line import on_this_machine

_PATIENCE_SECONDS = 3.0
ANY_MODEL = "default"


def first_model(base_url: str, api_key: str = "") -> str:
    """The first model of GET /models; "default" when the server does not list any. Never raises."""
    try:
        # No proxy stands between this machine and itself, whatever the environment names for everything else.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({} if on_this_machine(base_url) else None))
        request = urllib.request.Request(base_url.rstrip("/") + "/models")
        if api_key:
            request.add_header("Authorization", f"Bearer {api_key}")
        with opener.open(request, timeout=_PATIENCE_SECONDS) as answer:
            listed = json.load(answer)["data"]
        return str(listed[0]["id"])
    except Exception:
        # Servers answer this with 500, with nothing, or not at all; none of it says that they cannot chat.
        return ANY_MODEL
