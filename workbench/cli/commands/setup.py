"""First steps and settings: what a person wants comes in, the settings file is written, and what is in force goes out."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from workbench.cli.commands import measures
from workbench.cli.output import line, say
from workbench.core import settings_file
from workbench.core.errors import UsageError
from workbench.core.settings import READER, Settings, read_settings
from workbench.services.session import Session


def configure(session: Session, chosen: argparse.Namespace) -> int:
    """Show the settings in force and where each is from; first write those that are given."""
    file = session.app.paths.settings_file
    if chosen.changes:
        settings_file.write(file, settings_file.changes(chosen.changes))
    rows = _rows(read_settings(file), settings_file.origins(file))
    if chosen.json:
        line({"event": "settings", "step": None, "file": str(file), "settings": rows})
        return 0
    say(f"# {file}{'' if file.is_file() else ' (not written yet)'}; `workbench configure KEY=VALUE` changes it")
    for row in rows:
        from_where = "" if row["from"] == "default" else f"  # {row['from']}"
        # What is printed is a settings file, so a key that is not shown must not be one.
        hidden = "# " if row["key"] == "api_key" and row["value"] else ""
        say(f"{hidden}{row['key']} = {settings_file.toml(row['value'])}{from_where}")
    return 0


def _rows(settings: Settings, origins: dict[str, str]) -> list[dict[str, Any]]:
    rows = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.name == "api_key" and value:
            value = "set, not shown"
        rows.append({"key": field.name, "value": value, "from": origins.get(field.name, "default")})
    return rows


def quickstart(session: Session, chosen: argparse.Namespace) -> int:
    """Write the first settings, check every part, and say what to do next."""
    file = session.app.paths.settings_file
    backend, wanted = chosen.backend, {"model": chosen.model}
    if backend == READER:
        wanted = {"model": READER, "base_url": None}
    elif backend == "openai":
        wanted = {"model": chosen.model or "gpt-4o-mini", "base_url": None}
    elif backend and not backend.startswith(("http://", "https://")):
        raise UsageError(
            f"{backend!r} is no backend.", "It is reader, openai, or the address of a server: http://…/v1."
        )
    elif backend:
        wanted = {"model": chosen.model, "base_url": backend}
    given = {key: value for key, value in wanted.items() if backend or value}
    if given:
        settings_file.write(file, given)
    session.app.settings = read_settings(file)
    code = measures.doctor(session, argparse.Namespace(offline=chosen.offline, json=chosen.json))
    if not chosen.json:
        say("Next: workbench PATH opens the screen on your documents; workbench ask QUESTION --attach PATH asks once.")
        say(f"Settings: workbench configure ({file}).")
    return code
