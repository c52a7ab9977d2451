"""Writes and shows settings, and checks the installation."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from workbench.cli.command import Command, json_flag
from workbench.cli.output import line, say
from workbench.core import settings_file
from workbench.core.errors import UsageError
from workbench.core.settings import READER, Settings, read_settings

if TYPE_CHECKING:
    from workbench.services.session import Session


def _fill_doctor(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--offline", action="store_true", help="do not ask the model's server")
    sub.add_argument(
        "--storage", action="store_true", help="read every block of the database and compare counts, hashes and links"
    )
    json_flag(sub)


def _fill_quickstart(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--backend", metavar="B", default="", help='"reader" for the embedded one, "openai", or the address of a server'
    )
    sub.add_argument("--model", metavar="M", help="a model of that server (default: its first)")
    sub.add_argument("--offline", action="store_true", help="do not ask the model's server")
    json_flag(sub)


def _fill_configure(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "changes", metavar="KEY=VALUE", nargs="*", help="write these settings to the file; KEY= takes one out"
    )
    json_flag(sub)


def doctor(session: Session, chosen: argparse.Namespace) -> int:
    """Check the installation, part by part."""
    return _check(session, session.app.settings, offline=chosen.offline, storage=chosen.storage, as_json=chosen.json)


def _check(session: Session, settings: Settings, *, offline: bool, storage: bool, as_json: bool) -> int:
    from workbench.services import doctor as doctor_service

    bad = 0
    rows: list[dict[str, Any]] = []
    for check in doctor_service.checks(session.app, settings, offline=offline, storage=storage):
        bad += not check.ok
        rows.append({"name": check.name, "ok": check.ok, "detail": check.detail, "remedy": check.remedy})
        if not as_json:
            say(
                f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.detail}{'' if check.ok else ' ' + check.remedy}"
            )
    if as_json:
        line({"event": "doctor", "step": None, "ok": not bad, "checks": rows})
    return 1 if bad else 0


def configure(session: Session, chosen: argparse.Namespace) -> int:
    """Show the settings in force and where each is from; first write those that are given."""
    file = session.settings_file
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
    file = session.settings_file
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
    code = _check(session, read_settings(file), offline=chosen.offline, storage=False, as_json=chosen.json)
    if not chosen.json:
        say("Next: workbench PATH opens the screen on your documents; workbench ask QUESTION --attach PATH asks once.")
        say(f"Settings: workbench configure ({file}).")
    return code


COMMANDS = {
    "doctor": Command("check the installation", _fill_doctor, doctor),
    "quickstart": Command("write first settings, check the installation, say what to do next", _fill_quickstart, quickstart),
    "configure": Command("show the settings in force, or write some to the settings file", _fill_configure, configure),
}  # fmt: skip
