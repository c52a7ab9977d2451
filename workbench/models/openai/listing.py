"""Asks a server which models it offers, and picks the first one that can chat."""

from __future__ import annotations

from typing import Any

from workbench.core.secrets import Secrets
from workbench.models.openai.address import read_address
from workbench.models.openai.discovery import can_chat, entries, fetch

_PATIENCE_SECONDS = 3.0
ANY_MODEL = "default"
"""A name that most servers of one model accept."""


def first_model(base_url: str, api_key: str = "") -> str:
    """The first model of GET /models that can chat; "default" when none is listed within seconds. Never raises."""
    _, listing = fetch(read_address(base_url), "/models", api_key, patience_seconds=_PATIENCE_SECONDS)
    try:
        return Secrets.of_server(base_url, api_key).scrub(choose(listing))
    except IndexError:
        # Servers answer this with 500, with nothing, or not at all; none of it says that they cannot chat.
        return ANY_MODEL


def choose(listing: Any) -> str:
    """The first model of a listing that can chat, by what is said of it or else by its name. Raises IndexError for none."""
    models = list(entries(listing))
    return next((name for name, entry in models if can_chat(name, entry)), models[0][0])
