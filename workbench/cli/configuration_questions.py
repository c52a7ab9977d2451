"""Asks a person which server and model to use; runs where the person is, whoever does the work of the command."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from workbench.core import keys, settings_file
from workbench.core.errors import ConfigError, UsageError
from workbench.core.server_profile import CHAT
from workbench.core.settings import READER, SMALLEST_WINDOW_TOKENS, Settings, read_settings
from workbench.models.openai import discovery
from workbench.models.openai.address import read_address
from workbench.models.openai.client import OPENAI_URL

_MOST_MODELS = 20


def ask(
    chosen: argparse.Namespace,
    settings: Settings | None = None,
    *,
    read: Callable[[str], str] | None = None,
    read_key: Callable[[str], str] = getpass.getpass,
    ports: Sequence[int] = tuple(discovery.LOCAL_PORTS),
) -> None:
    """Ask, where `workbench configure` was given nothing to change on a terminal, or --ask or --key.

    What is answered is put into `chosen.changes`, as if it had been typed. Raises UsageError when there is nobody to ask.
    """
    from workbench.core.paths import locate

    wanted = chosen.ask or chosen.key or (_at_a_terminal() and not (chosen.changes or chosen.json or chosen.show))
    if not wanted:
        return
    read = read or _read
    settings = settings or read_settings(locate().settings_file)
    if chosen.key:
        chosen.changes = [*chosen.changes, *_key_of(settings.base_url, read, read_key)]
        return
    base_url = _server(settings, read, ports)
    changes = [f"base_url={base_url}"]
    if base_url == READER:
        chosen.changes = ["base_url=", f"model={READER}"]
        return
    # What asks the new server for its models: the key that was just typed, or the one that will go with its address.
    wanted_settings = replace(settings, base_url=base_url)
    if not base_url or not discovery.is_near(base_url):
        key = _key_of(base_url, read, read_key, keep=bool(settings.api_key))
        changes += key
        wanted_settings = replace(wanted_settings, **settings_file.changes(key))
    model, context = _model(wanted_settings, read)
    changes += [f"model={model}", f"window_tokens={_window(read, settings, context)}"]
    chosen.changes, chosen.probe = changes, True


def _at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _read(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise UsageError(
            "The questions were not answered to the end.", "Nothing was written; workbench configure KEY=VALUE."
        )
    return line.strip()


def _tell(text: str) -> None:
    from workbench.core.sanitize import sanitize

    print(sanitize(text), file=sys.stderr, flush=True)


def _server(settings: Settings, read: Callable[[str], str], ports: Sequence[int]) -> str:
    """The address of a server, READER, or "" for OpenAI's own."""
    choices: list[tuple[str, str]] = [(READER, "the built-in extractive reader; no model, no network")]
    for port in discovery.open_ports(ports):
        url = f"http://localhost:{port}/v1"
        listing = discovery.ask(url)
        if listing.models:
            choices.append((url, f"{listing.name}, {len(listing.models)} models"))
    choices.append(("", "OpenAI"))
    if settings.base_url and all(settings.base_url != url for url, _ in choices):
        choices.append((settings.base_url, "as it is set now"))
    _tell("Which server answers?")
    for number, (url, what) in enumerate(choices, 1):
        _tell(f"  {number}  {url or OPENAI_URL}: {what}")
    while True:
        said = read("Number, or an address: ")
        if said.isdigit() and 1 <= int(said) <= len(choices):
            return choices[int(said) - 1][0]
        if "." in said or ":" in said or "/" in said:
            return read_address(said).url
        _tell("A number of the list, or an address such as http://localhost:8080/v1.")


def _key_of(
    base_url: str, read: Callable[[str], str], read_key: Callable[[str], str], *, keep: bool = False
) -> list[str]:
    """The change of api_key that a typed key means: it goes into the keyring, or where there is none into the file."""
    name = keys.entry_name(base_url)
    key = read_key(f"Key for {name} (not shown; empty: {'keep the one there is' if keep else 'none'}): ").strip()
    if not key:
        return []
    try:
        keys.keep(base_url, key)
    except ConfigError as error:
        _tell(f"{error.message} {error.hint}")
        if read("Write it into the settings file, which only you can read? [y/N] ").lower() not in ("y", "yes"):
            return []
        return [f"api_key={key}"]
    _tell(f"The key for {name} is in the keyring.")
    return [f"api_key={keys.IN_KEYRING}"]


def _model(settings: Settings, read: Callable[[str], str]) -> tuple[str, int | None]:
    """The name of a model of the server that is set, and the context that the server declares for it."""
    key = ""
    try:
        key = keys.key_of(settings)
    except ConfigError as error:
        _tell(error.one_line())
    listing = discovery.ask(settings.base_url or OPENAI_URL, key)
    if not listing.reachable:
        _tell(f"It is not reachable: {listing.reason}. The model is asked for all the same.")
    offered = [model for model in listing.models if model.kind == CHAT][:_MOST_MODELS]
    for number, model in enumerate(offered, 1):
        context = f", context {model.context_tokens:,}" if model.context_tokens else ""
        _tell(f"  {number}  {model.name}{context}")
    said = read("Model (number or name; empty: the first that the server lists): ")
    chosen = offered[int(said) - 1] if said.isdigit() and 1 <= int(said) <= len(offered) else None
    if chosen is None:
        chosen = next((model for model in listing.models if model.name == said), None)
    return (chosen.name, chosen.context_tokens) if chosen else (said, offered[0].context_tokens if offered else None)


def _window(read: Callable[[str], str], settings: Settings, context: int | None) -> int:
    """The window, in tokens."""
    usual = min(context, 32_768) if context and context >= SMALLEST_WINDOW_TOKENS else settings.window_tokens
    while True:
        said = read(f"Context window in tokens (empty: {usual:,}): ").replace(",", "").replace("_", "")
        if not said:
            return usual
        if said.isdigit() and int(said) >= SMALLEST_WINDOW_TOKENS:
            return int(said)
        _tell(f"A number from {SMALLEST_WINDOW_TOKENS:,} on.")
