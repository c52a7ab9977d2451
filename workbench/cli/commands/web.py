"""Shows the screen in a browser on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from workbench.cli.command import Command
from workbench.cli.output import line, progress, say
from workbench.core.errors import UsageError


def _fill_web(sub: argparse.ArgumentParser) -> None:
    from workbench.cli.commands.screen import fill_open

    sub.add_argument("--port", metavar="N", type=int, default=0, help="port on 127.0.0.1 (default: any that is free)")
    fill_open(sub)


def web(chosen: argparse.Namespace) -> int:
    """Serve the screen until ctrl+c. Raises UsageError where textual-serve is not installed or the port is taken."""
    if find_spec("textual_serve") is None:
        raise UsageError("The screen in a browser needs textual-serve.", "Install memgpt-workbench[web].")
    from workbench.tui.web import LocalServer

    if not 0 <= chosen.port <= 65_535:
        raise UsageError(f"There is no port {chosen.port}.", "It is a number up to 65535; 0 takes any that is free.")
    try:
        server = LocalServer([sys.executable, "-m", "workbench", "open", *_without_port(sys.argv[2:])], chosen.port)
    except OSError as error:
        raise UsageError(f"Port {chosen.port} cannot be used: {error.strerror}.", "Leave out --port.") from None
    if chosen.json:
        line({"event": "web", "step": None, "address": server.address})
    else:
        say(server.address)
        progress(
            "Open this address in a browser on this machine; whoever has it may use the workbench. ctrl+c ends it."
        )
    server.run()
    return 0


def _without_port(words: Sequence[str]) -> list[str]:
    """What `open` is called with: everything but what is for the server."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or word.startswith("--port=") or word == "--json":
            skip = False
        elif word == "--port":
            skip = True
        else:
            kept.append(word)
    return kept


COMMANDS = {"web": Command("the screen in a browser on this machine", _fill_web, run_alone=web)}
