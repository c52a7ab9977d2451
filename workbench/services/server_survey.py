"""Looks for model servers, asks each how it behaves, and yields what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from workbench.core.server_profile import CHAT, ServerProfile
from workbench.core.settings import Settings
from workbench.models.openai import discovery, probe
from workbench.models.openai.client import OPENAI_URL


def survey(
    settings: Settings,
    api_key: str,
    *,
    model: str = "",
    ports: Iterable[int] = tuple(discovery.LOCAL_PORTS),
    quick: bool = False,
    measure: bool | None = None,
    now: str = "",
    tell: Callable[[str], None] = lambda text: None,
) -> Iterator[ServerProfile]:
    """Look at the configured server and at those on this machine's usual ports, and ask a model of each how it behaves.

    Args:
        settings: server, model and window that are wanted.
        api_key: goes to the configured server only.
        model: the model to ask, where a server lists it; else the configured one, else the first that can chat.
        ports: ports of this machine to look at.
        quick: ask for the lists of models only.
        measure: send a prompt that fills the window; None: to servers of this network only, others cost money.
        now: the time, for the record.
        tell: hears what is being done.
    """
    configured = settings.base_url or ("" if settings.uses_reader else OPENAI_URL)
    there = discovery.open_ports(ports)
    urls = [(configured, api_key)] if configured else []
    for port in there:
        url = f"http://127.0.0.1:{port}/v1"
        if not any(_same_place(url, known) for known, _ in urls):
            urls.append((url, ""))
    for url, key in urls:
        tell(f"asking {discovery.shown_url(url)} for its models")
        listing = discovery.ask(url, key)
        profile = ServerProfile(
            listing.name, discovery.shown_url(url), listing.reachable, listing.reason, listing.models, checked=now
        )
        if not listing.reachable or (url != configured and not listing.models):
            # Anything may listen on a port of this machine; what lists no models is no model server.
            if url == configured:
                yield profile
            continue
        wanted = _chosen(listing, model, settings.model if url == configured else "", own=url == configured)
        if quick or not wanted:
            yield replace(profile, model="" if quick else wanted)
            continue
        prober = probe.Prober(
            url, key, wanted, timeout_seconds=min(settings.request_timeout_seconds, 300.0),
            tell=lambda what, name=wanted: tell(f"asking {name} for {what}"),  # type: ignore[misc]
        )  # fmt: skip
        local = discovery.is_near(url)
        made = prober.profile(listing, settings.window_tokens, measure=local if measure is None else measure)
        yield replace(made, checked=now)


def _same_place(one: str, other: str) -> bool:
    def bare(url: str) -> str:
        return discovery.shown_url(url).replace("localhost", "127.0.0.1").replace("[::1]", "127.0.0.1")

    return bare(one) == bare(other)


def _chosen(listing: discovery.Listing, model: str, configured: str, *, own: bool) -> str:
    """The model to ask: the one that is wanted, also from a configured server that does not list it."""
    names = [one.name for one in listing.models]
    if model and (model in names or own):
        return model
    if model:
        return ""
    return configured or next((one.name for one in listing.models if one.kind == CHAT), "")
